package gatewayworker

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const secretJSON = `{"secret_key":"s3cret"}`

func TestSecret(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	_, page := w.open()
	push := text(cmdSendToOne, 1, "", "a")
	for name, first := range map[string]packet{
		"none":           push,
		"a ping":         text(cmdPing, 0, "", ""),
		"a question":     text(cmdIsOnline, 1, "", ""),
		"an empty one":   text(cmdGatewayClientConnect, 0, "", `{"secret_key":""}`),
		"another":        text(cmdGatewayClientConnect, 0, "", `{"secret_key":"s3cre"}`),
		"no JSON":        text(cmdGatewayClientConnect, 0, "", `s3cret`),
		"a list":         text(cmdGatewayClientConnect, 0, "", `{"secret_key":["s3cret"]}`),
		"a worker's":     text(cmdWorkerConnect, 0, "", `{"worker_key":"BW:0","secret_key":"x"}`),
		"a large packet": text(cmdGatewayClientConnect, 0, "", secretJSON+strings.Repeat(" ", maxStranger)),
	} {
		p := w.php()
		p.say(first)
		if got := p.closed(); got != "" {
			t.Errorf("%s: the answer is %q", name, got)
		}
	}
	p := w.php()
	p.say(text(cmdGatewayClientConnect, 0, "", secretJSON))
	p.say(push)
	p.settle()
	if got := page.take(t, 0); !slices.Equal(got, []string{"a"}) {
		t.Errorf("got %q, want a alone", got)
	}
	if strings.Contains(w.logs.String(), "s3cret") {
		t.Error("the secret is in the log")
	}
}

// A shop's settings may have its secret without quotes: PHP says a number then.
func TestSecret_number(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "20260101" })
	w.open()
	p := w.php()
	p.say(text(cmdGatewayClientConnect, 0, "", `{"secret_key":20260101}`))
	if got := p.ask(text(cmdIsOnline, 1, "", "")); got != "i:1;" {
		t.Errorf("isOnline is answered %s", got)
	}
	asks := dial(t, w.register)
	asks.write([]byte(`{"event":"worker_connect","secret_key":20260101}` + "\n"))
	if got := asks.line(); got != lineOf("127.0.0.1:13900") {
		t.Errorf("the Register says %s", got)
	}
	for _, another := range []string{"20260102", "20260101.0", "-20260101", "true", "null", "[20260101]"} {
		p := w.php()
		p.say(text(cmdGatewayClientConnect, 0, "", `{"secret_key":`+another+`}`))
		if got := p.closed(); got != "" {
			t.Errorf("%s is answered %q", another, got)
		}
	}
}

// PHP writes and closes at once.
func TestWriteAndClose(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	for range 100 {
		p := w.php()
		p.say(text(cmdSendToOne, 1, "", "a"))
		_ = p.conn.Close()
	}
	if got := page.take(t, 100); len(got) != 100 {
		t.Errorf("%d of 100 arrived", len(got))
	}
}

// PHP half closes, and reads what it has asked before.
func TestHalfClosed(t *testing.T) {
	w := newWorld(t, nil)
	w.open()
	p := w.php()
	ask := text(cmdIsOnline, 1, "", "")
	p.write(ask.append(ask.append(nil)))
	tcp, ok := p.conn.(*net.TCPConn)
	if !ok {
		t.Fatal("no TCP")
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	if got, want := p.closed(), "\x00\x00\x00\x04i:1;\x00\x00\x00\x04i:1;"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestPacketTooLarge(t *testing.T) {
	w := newWorld(t, nil)
	p := w.php()
	p.write(binary.BigEndian.AppendUint32(nil, maxPacket+1))
	p.closed()
	if !strings.Contains(w.logs.String(), "10485761 bytes, and the most are 10485760") {
		t.Errorf("the log does not say so: %s", w.logs)
	}
	for _, bad := range [][]byte{
		{0, 0, 0, 27},
		{0xff, 0xff, 0xff, 0xff},
		append((&packet{command: cmdIsOnline}).append(nil)[:24], 0, 0, 0, 1), // data beyond its end
	} {
		p := w.php()
		p.write(bad)
		p.closed()
	}
}

// A packet as large as one may be goes through, beside others.
func TestPacketLarge(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	body := strings.Repeat("x", maxPacket-headerBytes)
	p := w.php()
	p.say(text(cmdSendToOne, 1, "", body))
	p.settle()
	if got := page.take(t, 1); len(got) != 1 || got[0] != body {
		t.Errorf("%d things came", len(got))
	}
}

func TestUnknownCommand(t *testing.T) {
	w := newWorld(t, nil)
	p := w.php()
	for command := range 256 {
		if !slices.Contains([]int{
			5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 20, 21, 22, 23, 24, 25, 26, 27, 28, 200, 201, 202, 203, 204,
		}, command) {
			p.say(text(byte(command), 1, "x", "y"))
		}
	}
	if got := p.ask(text(cmdIsOnline, 1, "", "")); got != "i:0;" {
		t.Errorf("after them isOnline is answered %s", got)
	}
}

// Answers come in the order of the questions, however the stream is cut.
func TestSplitAnywhere(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	rapid.Check(t, func(rt *rapid.T) {
		p := w.php()
		defer func() { _ = p.conn.Close() }()
		var stream []byte
		var want, pushed []string
		for range rapid.IntRange(1, 20).Draw(rt, "packets") {
			if rapid.Bool().Draw(rt, "push") {
				body := rapid.StringN(0, 50, 200).Draw(rt, "body")
				m := text(cmdSendToOne, 1, rapid.StringN(0, 9, 30).Draw(rt, "ext"), body)
				stream, pushed = m.append(stream), append(pushed, body)
				continue
			}
			m := text(cmdIsOnline, rapid.Uint32Range(1, 2).Draw(rt, "connection"), "", "")
			stream = m.append(stream)
			want = append(want, map[uint32]string{1: "i:1;", 2: "i:0;"}[m.connection])
		}
		for len(stream) > 0 {
			n := rapid.IntRange(1, len(stream)).Draw(rt, "cut")
			p.write(stream[:n])
			stream = stream[n:]
		}
		for _, answer := range want {
			if got := p.reply(); got != answer {
				rt.Fatalf("got %s, want %s", got, answer)
			}
		}
		p.settle()
		if got := page.take(t, 0); !slices.Equal(got, pushed) {
			rt.Fatalf("pushed %q, want %q", got, pushed)
		}
	})
}

// What is read is written as it was.
func FuzzPacket(f *testing.F) {
	f.Add(fromHex(f, "0000001f0c0000000000000000000000000000000101000000000003555f37"))
	f.Add(fromHex(f, "0000003e037f000001364c7f0000018f1e000000010147ce000000007b2274797065223a2268616e647368616b65222c22726f6c65223a2275736572227d"))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff})
	f.Fuzz(func(t *testing.T, data []byte) {
		r := bufio.NewReader(bytes.NewReader(data))
		var again []byte
		for {
			m, err := readPacket(r, 1<<16)
			if err != nil {
				break
			}
			again = m.append(again)
		}
		if !bytes.HasPrefix(data, again) {
			t.Fatalf("%x was read, and %x written", data, again)
		}
	})
}

// No packet, whatever is in it, makes the gate fail: not for the next one either.
func FuzzCommand(f *testing.F) {
	f.Add(byte(cmdSelect), byte(flagScalar), []byte(`{"fields":["uid"],"where":{"connection_id":{"1":1}}}`), []byte(""))
	f.Add(byte(cmdSendToGroup), byte(flagScalar), []byte(`{"group":["g1"],"exclude":null}`), []byte("gm"))
	f.Add(byte(cmdSendToAll), byte(0), []byte(`{"connections":{"1":1}}`), []byte(`a:1:{i:0;d:0.5;}`))
	f.Add(byte(cmdUpdateSession), byte(flagScalar), []byte(`a:1:{s:1:"n";i:4;}`), []byte(""))
	f.Add(byte(cmdWorkerConnect), byte(flagScalar), []byte(""), []byte(`{"worker_key":"BW:0"}`))
	w := newWorld(f, nil)
	_, page := w.open()
	f.Fuzz(func(t *testing.T, command, flag byte, ext, body []byte) {
		m := packet{command: command, connection: 1, flag: flag, ext: ext, body: body}
		if g := w.gate; !g.push(&m) && !g.change(&m) {
			g.answer(&m)
		}
		page.take(t, 0)
	})
}

// The name of a worker is kept for as long as it is here, and not all of the word that it
// was cut from.
func TestPeer_longName(t *testing.T) {
	g := bareGate(t)
	before := heapNow()
	var workers []*peer
	for range 10 {
		p := &peer{gate: g, visit: visitOf(nil, nil), proven: true}
		m := text(cmdWorkerConnect, 0, "", `{"worker_key":"`+strings.Repeat("x", 1<<20)+`"}`)
		if err := p.check(&m); err != nil {
			t.Fatal(err)
		}
		workers = append(workers, p)
	}
	if held := heapNow() - before; held > 1<<20 {
		t.Errorf("%d names of %d bytes hold %d bytes", len(workers), len(workers[0].name), held)
	}
	runtime.KeepAlive(workers)
}
