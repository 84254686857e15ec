package gatewayworker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"haggle/internal/chat"
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
	if want := "an unknown command is passed over"; !strings.Contains(w.logs.String(), want) {
		t.Errorf("the log does not say that %s: %s", want, w.logs)
	}
}

// Answers come in the order of the questions, however the stream is cut: with a secret before
// each packet, as PHP says it, and without; and so with a packet that is larger than what room
// is made for at once.
func TestSplitAnywhere(t *testing.T) {
	for name, secret := range map[string]string{"without a secret": "", "with one": "s3cret"} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, func(o *Options) { o.Secret = secret })
			_, page := w.open()
			rapid.Check(t, func(rt *rapid.T) {
				p := w.php()
				defer func() { _ = p.conn.Close() }()
				said := drawPackets(rt, secret != "")
				for _, piece := range said.pieces(rt) {
					p.write(piece)
				}
				for _, answer := range said.answers {
					if got := p.reply(); got != answer {
						rt.Fatalf("got %s, want %s", got, answer)
					}
				}
				p.settle()
				if got := page.take(t, 0); !slices.Equal(got, said.pushed) {
					rt.Fatalf("pushed %.200q, want %.200q", got, said.pushed)
				}
			})
		})
	}
}

// said is what PHP says about socket number 1, and what comes of it.
type said struct {
	packets [][]byte
	answers []string
	pushed  []string
}

func drawPackets(rt *rapid.T, secret bool) (s said) {
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	few := rapid.IntRange(1, 20).Draw(rt, "packets")
	large := rapid.IntRange(0, few).Draw(rt, "the large one")
	for i := range few {
		var m packet
		switch {
		case i == large:
			m = text(cmdSendToOne, 1, "", counting(rapid.IntRange(chunk-2*headerBytes, 4*chunk).Draw(rt, "size")))
		case rapid.Bool().Draw(rt, "push"):
			m = text(cmdSendToOne, 1, rapid.StringN(0, 9, 30).Draw(rt, "ext"), rapid.StringN(0, 50, 200).Draw(rt, "body"))
		default:
			m = text(cmdIsOnline, rapid.Uint32Range(1, 2).Draw(rt, "connection"), "", "")
			s.answers = append(s.answers, map[uint32]string{1: "i:1;", 2: "i:0;"}[m.connection])
		}
		if m.command == cmdSendToOne {
			s.pushed = append(s.pushed, string(m.body))
		}
		if secret {
			s.packets = append(s.packets, hello.append(nil))
		}
		s.packets = append(s.packets, m.append(nil))
	}
	return s
}

// counting is a text of so many bytes in which each part is another.
func counting(size int) string {
	b := make([]byte, 0, size+10)
	for len(b) < size {
		b = fmt.Appendf(b, "%d ", len(b))
	}
	return string(b[:size])
}

// pieces returns the packets in their order, cut anywhere, and most often near where one
// begins.
func (s *said) pieces(rt *rapid.T) (pieces [][]byte) {
	var stream []byte
	cuts := []int{0}
	for _, p := range s.packets {
		at := rapid.OneOf(rapid.IntRange(0, min(len(p), headerBytes+4)), rapid.IntRange(0, len(p)))
		for _, cut := range rapid.SliceOfN(at, 0, 3).Draw(rt, "cuts") {
			cuts = append(cuts, len(stream)+cut)
		}
		stream = append(stream, p...)
	}
	slices.Sort(cuts)
	for i, from := range cuts {
		if i+1 < len(cuts) {
			pieces = append(pieces, stream[from:cuts[i+1]])
		} else {
			pieces = append(pieces, stream[from:])
		}
	}
	return pieces
}

// What is written is read as it was, by who takes so many bytes; and what is read is
// written as it was.
func FuzzPacket(f *testing.F) {
	f.Add(fromHex(f, "0000001f0c0000000000000000000000000000000101000000000003555f37"), uint32(1), byte(3))
	f.Add(fromHex(f, "0000003e037f000001364c7f0000018f1e000000010147ce000000007b2274797065223a2268616e647368616b65222c22726f6c65223a2275736572227d"), uint32(0x7f000001), byte(0))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff}, uint32(0), byte(255))
	f.Add([]byte(counting(3*chunk)), uint32(0x01020304), byte(200))
	f.Fuzz(func(t *testing.T, data []byte, number uint32, split byte) {
		n := min(int(split), len(data))
		m := packet{
			command: split, localIP: number, localPort: uint16(number >> 8), clientIP: ^number, clientPort: uint16(number >> 16),
			connection: number + 1, flag: byte(number), gatewayPort: uint16(^number), ext: data[:n], body: data[n:],
		}
		written := m.append(nil)
		got, err := readPacket(bufio.NewReader(bytes.NewReader(written)), len(written))
		if err != nil || !bytes.Equal(got.append(nil), written) || !bytes.Equal(got.ext, m.ext) || !bytes.Equal(got.body, m.body) {
			t.Fatalf("%x was written, and %x read, %v", written, got.append(nil), err)
		}
		if _, err := readPacket(bufio.NewReader(bytes.NewReader(written)), len(written)-1); !errors.Is(err, errSize) && !errors.Is(err, errPacket) {
			t.Fatalf("one byte more than is taken is read: %v", err)
		}
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

// No packet, whatever is in it, makes the gate fail: not for the next one either, which is
// answered. The word of a worker's or of PHP's is answered or ends the connection; and of who
// has not said the secret, any other ends it.
func FuzzCommand(f *testing.F) {
	f.Add(true, byte(cmdSelect), byte(flagScalar), []byte(`{"fields":["uid"],"where":{"connection_id":{"1":1}}}`), []byte(""))
	f.Add(true, byte(cmdSendToGroup), byte(flagScalar), []byte(`{"group":["g1"],"exclude":null}`), []byte("gm"))
	f.Add(true, byte(cmdSendToUID), byte(flagScalar), []byte(`["U_7",null,5]`), []byte(`{"type":"order"}`))
	f.Add(true, byte(cmdSendToAll), byte(0), []byte(`{"connections":{"1":1}}`), []byte(`a:1:{i:0;d:0.5;}`))
	f.Add(true, byte(cmdUpdateSession), byte(flagScalar), []byte(`a:1:{s:1:"n";i:4;}`), []byte(""))
	f.Add(true, byte(cmdGetSessionByClientID), byte(flagScalar), []byte(""), []byte(""))
	f.Add(true, byte(cmdKick), byte(0), []byte(""), []byte("N;"))
	f.Add(false, byte(cmdIsOnline), byte(flagScalar), []byte(""), []byte(""))
	f.Add(false, byte(cmdWorkerConnect), byte(flagScalar), []byte(""), []byte(`{"worker_key":"BW:0","secret_key":"s3cret"}`))
	f.Add(true, byte(cmdWorkerConnect), byte(flagScalar), []byte(""), []byte(`{"worker_key":5,"secret_key":"s3cret"}`))
	f.Add(false, byte(cmdGatewayClientConnect), byte(flagScalar), []byte(""), []byte(`{"secret_key":["s3cret"]}`))
	f.Fuzz(func(t *testing.T, known bool, command, flag byte, ext, body []byte) {
		g := bareGate(t)
		g.secret = newSecret("s3cret")
		g.opts.Native, g.opts.NativeBytes = func(chat.UID, []byte) {}, 16<<10
		c := g.Connect(newFakePage(), netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		var stream []byte
		if known {
			hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
			stream = hello.append(stream)
		}
		m := packet{command: command, connection: c.number, flag: flag, ext: ext, body: body}
		last := text(cmdBatchGetClientCount, 0, `["the last"]`, "")
		answered := strings.HasSuffix(answersTo(t.Context(), g, last.append(m.append(stream))), `a:1:{s:8:"the last";i:0;}`)
		if word := command == cmdWorkerConnect || command == cmdGatewayClientConnect; !word && answered != known {
			t.Fatalf("the secret is said: %t, and after command %d the next is answered: %t", known, command, answered)
		}
		if n := g.workers.count() + len(g.peers.from); n != 0 {
			t.Fatalf("%d connections are remembered that have ended", n)
		}
	})
}

// callOf is a connection over which PHP says all that it has to say and half closes, and
// reads what it is answered.
type callOf struct {
	net.Conn // none: what is not below is not called

	says    *bytes.Reader
	answers bytes.Buffer // the outbox's until it has ended
}

func (c *callOf) Read(b []byte) (int, error)       { return c.says.Read(b) }
func (c *callOf) Write(b []byte) (int, error)      { return c.answers.Write(b) }
func (c *callOf) Close() error                     { return nil }
func (c *callOf) SetReadDeadline(time.Time) error  { return nil }
func (c *callOf) SetWriteDeadline(time.Time) error { return nil }
func (c *callOf) RemoteAddr() net.Addr             { return &net.TCPAddr{IP: net.IPv4(10, 0, 0, 9), Port: 1} }

// answersTo is what a gate answers over one connection.
func answersTo(ctx context.Context, g *Gate, stream []byte) string {
	conn := &callOf{says: bytes.NewReader(stream)}
	var running sync.WaitGroup
	g.talk(ctx, visitOf(conn, &running))
	running.Wait()
	return conn.answers.String()
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
