package gatewayworker

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who has to prove itself has ten seconds for all of it. Of anybody else a packet that has
// begun has thirty, and who may be here may stay for as long as it likes.
func TestPeer_silence(t *testing.T) {
	ask := (&packet{command: cmdIsOnline}).append(nil)
	for name, c := range map[string]struct {
		secret string
		says   []byte
		ends   time.Duration // 0: never
	}{
		"a stranger":              {"s3cret", nil, strangerWithin},
		"a stranger's half":       {"s3cret", ask[:10], strangerWithin},
		"nothing, without secret": {"", nil, 0},
		"a packet":                {"", ask, 0},
		"half a packet":           {"", ask[:10], packetWithin},
		"a packet and a half":     {"", append(bytes.Clone(ask), ask[:3]...), packetWithin},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := bareGate(t)
				g.secret = newSecret(c.secret)
				endsAfter(t, g.talk, c.says, c.ends)
			})
		})
	}
}

// Who asks and does not read is not waited for by anybody but itself, and is let go.
func TestPeer_readsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := bareGate(t)
		c := g.Connect(newFakePage(), netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		here, there := net.Pipe()
		var running sync.WaitGroup
		began := time.Now()
		ended := make(chan struct{})
		go func() {
			g.talk(t.Context(), visitOf(there, &running))
			close(ended)
		}()
		go func() {
			large := fmt.Sprintf(`a:1:{i:0;s:60000:"%060000d";}`, 0)
			set := text(cmdSetSession, c.number, large, "")
			_, _ = here.Write(set.append(nil))
			ask := (&packet{command: cmdGetSessionByClientID, connection: c.number}).append(nil)
			for {
				if _, err := here.Write(ask); err != nil {
					return
				}
			}
		}()
		<-ended
		if after := time.Since(began); after != writeWithin {
			t.Errorf("it ended after %v, want %v", after, writeWithin)
		}
		_ = here.Close()
		running.Wait()
	})
}

// One connection too many is closed, and there is room again when another has ended.
func TestDoor_full(t *testing.T) {
	d := &door{most: 1, open: make(map[net.Conn]struct{})}
	first, _ := net.Pipe()
	second, _ := net.Pipe()
	if !enters(d, first) || enters(d, second) {
		t.Error("there is room for one, and one alone")
	}
	d.leave(first)
	if !enters(d, second) {
		t.Error("there is no room after the first has left")
	}
	d.closeAll()
	if enters(d, first) {
		t.Error("somebody gets in after the end")
	}
}

func enters(d *door, conn net.Conn) bool {
	_, ok := d.enter(conn)
	return ok
}

// Who has yet to say the secret has a part of the places. In a crowd the one that came
// first goes, and those that have said it stay.
func TestDoor_strangers(t *testing.T) {
	d := &door{most: 4, secret: true, open: make(map[net.Conn]struct{})}
	var conns []net.Conn
	for range 7 {
		conn, _ := net.Pipe()
		conns = append(conns, conn)
	}
	for i, c := range []struct {
		gone  int // which one is, -1 for nobody
		known bool
	}{{-1, true}, {-1, false}, {-1, false}, {1, true}, {-1, false}, {2, false}} {
		gone, ok := d.enter(conns[i])
		if want := map[bool]net.Conn{true: nil, false: conns[max(c.gone, 0)]}[c.gone < 0]; !ok || gone != want {
			t.Fatalf("number %d gets in: %t, and another is gone: %t", i, ok, gone != nil)
		}
		if c.known {
			d.know(conns[i])
		}
	}
	d.know(conns[4])
	d.know(conns[5])
	if gone, ok := d.enter(conns[6]); ok || gone != nil {
		t.Error("all places are taken by those that are known, and one more gets in")
	}
}

// Strangers who take every place they get keep PHP out of neither door.
func TestDoor_crowdOfStrangers(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	ask := (&packet{command: cmdIsOnline, connection: 1}).append(hello.append(nil))
	asked := []byte(`{"event":"worker_connect","secret_key":"s3cret"}` + "\n")
	for name, c := range map[string]struct {
		handle func(context.Context, *visit)
		says   []byte
		answer string
	}{
		"inner":    {w.gate.talk, ask, "\x00\x00\x00\x04i:1;"},
		"register": {w.gate.register.talk, asked, lineOf("127.0.0.1:13900") + "\n"},
	} {
		addr := w.serve(&door{name: name, most: 64, secret: true, handle: c.handle})
		worker := dial(t, addr) // one that stays
		worker.write(c.says)
		worker.expectBytes(c.answer)
		for range 100 {
			dial(t, addr) // and says nothing
		}
		for range 20 {
			php := dial(t, addr)
			php.write(c.says)
			php.expectBytes(c.answer)
		}
		worker.write(c.says)
		worker.expectBytes(c.answer)
	}
	if !strings.Contains(w.logs.String(), "have yet to say the secret") {
		t.Errorf("the log does not say so: %s", w.logs)
	}
}

// Who has said the secret is no stranger any more, though its turn has not come yet.
func TestDoor_knownBeforeItsTurn(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	_, page := w.open()
	d := &door{name: "inner", most: 64, secret: true, ordered: true, handle: w.gate.talk}
	addr := w.serve(d)
	first := d.line.join("127.0.0.1", silent{})
	first.said = true // and is still at it
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	push := text(cmdSendToOne, 1, "", "a")
	for range 10 {
		p := dial(t, addr)
		p.write(push.append(hello.append(nil)))
		_ = p.conn.Close()
	}
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(wait); ; {
		d.mu.Lock()
		inside, strangers := len(d.open), len(d.strangers)
		d.mu.Unlock()
		if inside == 10 && strangers == 0 {
			break
		}
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%d are inside, and %d of them count as strangers", inside, strangers)
		}
	}
	first.end()
	page.take(t, 10)
}

// serve opens one more door of the gate's.
func (w *world) serve(d *door) (addr string) {
	w.t.Helper()
	l, err := (&net.ListenConfig{}).Listen(w.t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	d.listener = l
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.gate.serve(ctx, d) }()
	w.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Errorf("serve = %v", err)
		}
	})
	return l.Addr().String()
}

// expectBytes reads what is to come next.
func (p *php) expectBytes(want string) {
	p.t.Helper()
	got := make([]byte, len(want))
	if n, err := io.ReadFull(p.in, got); err != nil || string(got) != want {
		p.t.Fatalf("came %q, %v, want %q", got[:n], err, want)
	}
}
