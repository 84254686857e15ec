package gatewayworker

import (
	"bytes"
	"encoding/json"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"
)

// line returns the next line.
func (p *php) line() string {
	p.t.Helper()
	s, err := p.in.ReadString('\n')
	if err != nil {
		p.t.Fatalf("no line: %v", err)
	}
	return strings.TrimSuffix(s, "\n")
}

const worker = `{"event":"worker_connect","secret_key":""}` + "\n"

func lineOf(addresses ...string) string {
	list, _ := json.Marshal(addresses) //nolint:errchkjson // strings
	return `{"event":"broadcast_addresses","addresses":` + string(list) + `}`
}

func TestRegister(t *testing.T) {
	w := newWorld(t, nil)
	own := "127.0.0.1:13900"
	asks := dial(t, w.register)
	asks.write([]byte(worker))
	if got := asks.line(); got != lineOf(own) {
		t.Errorf("got %s", got)
	}
	gateway := dial(t, w.register)
	gateway.write([]byte(`{"event":"gateway_connect", "address":"127.0.0.1:2901", "secret_key":""}` + "\r\n"))
	if got := asks.line(); got != lineOf(own, "127.0.0.1:2901") {
		t.Errorf("after a gateway has come: %s", got)
	}
	twice := dial(t, w.register)
	twice.write([]byte(`{"event":"gateway_connect", "address":"127.0.0.1:2901", "secret_key":""}` + "\n"))
	if got := asks.line(); got != lineOf(own, "127.0.0.1:2901") {
		t.Errorf("one address twice: %s", got)
	}
	asks.write([]byte(`{"event":"ping"}` + "\n" + worker))
	if got := asks.line(); got != lineOf(own, "127.0.0.1:2901") {
		t.Errorf("asked again: %s", got)
	}
	_ = twice.conn.Close()
	asks.line()
	_ = gateway.conn.Close()
	if got := asks.line(); got != lineOf(own) {
		t.Errorf("after the gateways have gone: %s", got)
	}
	w.gate.register.setNodes([]string{"10.0.0.9:2900", own})
	if got := asks.line(); got != lineOf("10.0.0.9:2900", own) {
		t.Errorf("with another node: %s", got)
	}
}

func TestRegister_refuses(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	for line, said := range map[string]string{
		`nonsense`:          "Bad request for Register service. Request info(IP:127.0.0.1, Request Buffer:nonsense)",
		`{}`:                "Bad request for Register service.",
		`[]`:                "Bad request for Register service.",
		"":                  "Bad request for Register service.",
		"GET / HTTP":        "Bad request for Register service.",
		`{"event":"dance"}`: "", `{"event":5}`: "", `{"event":"worker_connect"}`: "",
		`{"event":"worker_connect","secret_key":"s3cre"}`:                      "",
		`{"event":"gateway_connect","address":"127.0.0.1:1"}`:                  "",
		`{"event":"gateway_connect","address":"","secret_key":"s3cret"}`:       "",
		`{"event":"gateway_connect","secret_key":"s3cret"}`:                    "",
		`{"event":"ping","secret_key":"` + strings.Repeat("x", maxLine) + `"}`: "",
	} {
		p := dial(t, w.register)
		p.write([]byte(line + "\n"))
		if got := p.closed(); !strings.HasPrefix(got, said) || said == "" && got != "" {
			t.Errorf("%.60s is answered %q", line, got)
		}
	}
	p := dial(t, w.register)
	p.write([]byte(`{"event":"worker_connect","secret_key":"s3cret"}` + "\n"))
	p.line()
	if want := "a line has more than 65536 bytes"; !strings.Contains(w.logs.String(), want) {
		t.Errorf("the log does not say that %s: %s", want, w.logs)
	}
}

// A gateway whose address is too long to keep is closed without a word, and the log says why.
func TestRegister_longAddress(t *testing.T) {
	w := newWorld(t, nil)
	p := dial(t, w.register)
	p.write([]byte(`{"event":"gateway_connect","address":"` + strings.Repeat("x", maxName+1) + `"}` + "\n"))
	if got := p.closed(); got != "" {
		t.Errorf("it is answered %q", got)
	}
	if want := "an address has 257 bytes, and the most are 256"; !strings.Contains(w.logs.String(), want) {
		t.Errorf("the log does not say that %s: %s", want, w.logs)
	}
}

// Lines are answered in their order, however the stream is cut.
func TestRegister_splitAnywhere(t *testing.T) {
	w := newWorld(t, nil)
	lines := []string{worker, `{"event":"ping"}` + "\r\n", `{"event":"ping"}` + "\n"}
	rapid.Check(t, func(rt *rapid.T) {
		p := dial(t, w.register)
		defer func() { _ = p.conn.Close() }()
		said := rapid.SliceOfN(rapid.SampledFrom(lines), 1, 9).Draw(rt, "lines")
		for stream := []byte(strings.Join(said, "") + worker); len(stream) > 0; {
			n := rapid.IntRange(1, len(stream)).Draw(rt, "cut")
			p.write(stream[:n])
			stream = stream[n:]
		}
		for _, line := range append(said, worker) {
			if line != worker {
				continue
			}
			if got, want := p.line(), lineOf("127.0.0.1:13900"); got != want {
				rt.Fatalf("got %s, want %s", got, want)
			}
		}
	})
}

// Who says nothing for ten seconds is let go, and who has said something is not, if it
// says soon who it is.
func TestRegister_silence(t *testing.T) {
	for name, c := range map[string]struct {
		says string
		ends time.Duration // 0: never
	}{
		"nothing":         {"", lineWithin},
		"half a line":     {`{"event":`, lineWithin},
		"a ping":          {`{"event":"ping"}` + "\n", roleWithin},
		"it is a worker":  {worker, 0},
		"it is a gateway": {`{"event":"gateway_connect","address":"10.0.0.1:1"}` + "\n", 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				endsAfter(t, bareGate(t).register.talk, []byte(c.says), c.ends)
			})
		})
	}
}

// A line of any kind is answered or ends its connection, and nothing fails.
func FuzzRegister(f *testing.F) {
	f.Add([]byte(worker))
	f.Add([]byte(`{"event":"gateway_connect","address":"127.0.0.1:2900","secret_key":""}`))
	f.Add([]byte(`{"event":["ping"]}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		g := bareGate(t)
		here, there := net.Pipe()
		var running sync.WaitGroup
		running.Go(func() {
			g.register.talk(t.Context(), visitOf(there, &running))
			_ = there.Close()
		})
		running.Go(func() { _, _ = new(bytes.Buffer).ReadFrom(here) })
		_, _ = here.Write(append(line, '\n')) // it may be closed on the way
		_ = here.Close()
		running.Wait()
		if n := len(g.register.gates) + len(g.register.told); n != 0 {
			t.Fatalf("%d connections are remembered that have ended", n)
		}
	})
}
