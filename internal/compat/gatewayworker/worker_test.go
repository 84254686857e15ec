package gatewayworker

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker/phpvalue"
)

func (w *world) hire(name string) *php {
	w.t.Helper()
	p := w.php()
	p.say(text(cmdWorkerConnect, 0, "", `{"worker_key":"`+name+`","secret_key":""}`))
	p.settle()
	return p
}

// expect reads an event of a socket.
func (p *php) expect(command byte, number uint32) packet {
	p.t.Helper()
	m := p.event()
	if m.command != command || m.connection != number {
		p.t.Fatalf("came %d of socket %d, want %d of %d", m.command, m.connection, command, number)
	}
	return m
}

func TestWorker(t *testing.T) {
	w := newWorld(t, nil)
	worker := w.hire("BW:0")
	c, page := w.open()
	worker.expect(cmdOnConnect, 1)
	hello := worker.expect(cmdOnWebSocketConnect, 1)
	v, err := phpvalue.Read(hello.body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := phpvalue.JSON(v)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"get":{"token":"x","a":["1","2"]}`, `"cookie":{"PHPSESSID":"abc d","seen":"{\"p\":[\"李\"]}","off":"50%"}`, `"REQUEST_METHOD":"GET"`,
		`"QUERY_STRING":"token=x&a%5B%5D=1&a%5B%5D=2"`, `"SERVER_NAME":"shop.example"`, `"REMOTE_ADDR":"127.0.0.1"`,
		`"REMOTE_PORT":36638`, `"SERVER_PORT":18382`, `"CONTENT_TYPE":null`, `"HTTP_HOST":"shop.example:8282"`,
		`"HTTP_COOKIE":"PHPSESSID=abc%20d; seen={\"p\":[\"李\"]}; off=50%"`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the worker is not told %s, but %s", want, got)
		}
	}
	worker.say(text(cmdSetSession, 1, `a:1:{s:1:"a";i:1;}`, ""))
	worker.say(text(cmdSendToOne, 1, "", "welcome"))
	worker.settle()
	if got := page.take(t, 1)[0]; got != "welcome" {
		t.Errorf("the page got %q", got)
	}
	if !c.Message([]byte("hi")) {
		t.Error("there is a worker, and Message says that there is none")
	}
	if m := worker.expect(cmdOnMessage, 1); string(m.body) != "hi" || string(m.ext) != `a:1:{s:1:"a";i:1;}` {
		t.Errorf("the worker is told %q with the session %q", m.body, m.ext)
	}
	c.Close()
	if m := worker.expect(cmdOnClose, 1); string(m.ext) != `a:1:{s:1:"a";i:1;}` {
		t.Errorf("at the end the session is %q", m.ext)
	}
}

// question is what PHP asks, and what it has to be answered.
type question struct {
	m    packet
	want string
}

func (p *php) expectAnswers(list []question) {
	p.t.Helper()
	for _, q := range list {
		if got := p.ask(q.m); got != q.want {
			p.t.Errorf("command %d is answered %s, want %s", q.m.command, got, q.want)
		}
	}
}

// A socket that PHP ends is gone with that: for the next question, and for the worker, who is
// told so once. Its page may take a while to go, and is told and says nothing more.
func TestEnd_atOnce(t *testing.T) {
	for name, end := range map[string]packet{
		"destroyed":             text(cmdDestroy, 1, "", ""),
		"kicked":                text(cmdKick, 1, "", "bye"),
		"kicked without a word": {command: cmdKick, connection: 1, body: []byte("N;")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, nil)
			worker := w.hire("BW:0")
			c, page := w.open()
			worker.expect(cmdOnConnect, 1)
			worker.expect(cmdOnWebSocketConnect, 1)
			p := w.php()
			p.say(text(cmdBindUID, 1, "U_7", ""))
			p.say(text(cmdJoinGroup, 1, "g1", ""))
			p.say(text(cmdSetSession, 1, `a:1:{s:1:"n";i:3;}`, ""))
			p.say(end)
			p.say(text(cmdSendToUID, 0, `["U_7"]`, "late"))
			p.expectAnswers([]question{
				{text(cmdIsOnline, 1, "", ""), "i:0;"},
				{text(cmdGetClientIDByUID, 0, "U_7", ""), "a:0:{}"},
				{text(cmdGetClientCountByGroup, 0, "g1", ""), "i:0;"},
				{text(cmdGetClientCountByGroup, 0, "", ""), "i:0;"},
				{text(cmdGetSessionByClientID, 1, "", ""), "N;"},
				{text(cmdSelect, 0, `{"fields":["uid"],"where":[]}`, ""), "a:0:{}"},
			})
			if got := page.take(t, 0); slices.Contains(got, "late") || len(got) == 0 {
				t.Errorf("the page got %q", got)
			}
			if m := worker.expect(cmdOnClose, 1); string(m.ext) != `a:1:{s:1:"n";i:3;}` {
				t.Errorf("at the end the session is %q", m.ext)
			}
			if c.Message([]byte("late")) {
				t.Error("a worker is told what the page says after its end")
			}
			c.Close() // the page goes
			w.open()
			worker.expect(cmdOnConnect, 2) // nothing came between
			if n := w.gate.workers.all()[0].sockets; n != 1 {
				t.Errorf("the worker has %d sockets, want 1", n)
			}
		})
	}
}

// However often a socket is ended at once, and whatever its page says meanwhile, a worker
// hears of its end once, and of nothing after that.
func TestEnd_fromAllSides(t *testing.T) {
	w := newWorld(t, nil)
	worker := w.hire("BW:0")
	for number := uint32(1); number <= 200; number++ {
		destroy, kick := text(cmdDestroy, number, "", ""), text(cmdKick, number, "", "bye")
		var sides sync.WaitGroup
		sides.Go(func() { w.gate.push(&destroy) })
		c, _ := w.open()
		sides.Go(func() { w.gate.push(&kick) })
		sides.Go(func() {
			c.Message([]byte("a"))
			c.Message([]byte("b"))
			c.Close()
		})
		sides.Wait()
		worker.expect(cmdOnConnect, number)
		worker.expect(cmdOnWebSocketConnect, number)
		for m := worker.event(); m.command != cmdOnClose; m = worker.event() {
			if m.command != cmdOnMessage || m.connection != number {
				t.Fatalf("came %d of socket %d, want what %d says", m.command, m.connection, number)
			}
		}
	}
	if n := w.gate.workers.all()[0].sockets; n != 0 {
		t.Errorf("the worker has %d sockets that have ended", n)
	}
}

// A socket stays with its worker; a new one goes to the worker with the fewest.
func TestWorker_routing(t *testing.T) {
	w := newWorld(t, nil)
	first := w.hire("BW:0")
	c1, _ := w.open()
	second := w.hire("BW:1")
	c2, _ := w.open()
	c3, _ := w.open() // one each: the first by its name
	for _, want := range []struct {
		worker *php
		number uint32
	}{{first, 1}, {second, 2}, {first, 3}} {
		want.worker.expect(cmdOnConnect, want.number)
		want.worker.expect(cmdOnWebSocketConnect, want.number)
	}
	c1.Close()
	c3.Close()
	first.expect(cmdOnClose, 1)
	first.expect(cmdOnClose, 3)
	w.open()
	first.expect(cmdOnConnect, 4)

	// The second dies: what it had goes to the other.
	_ = second.conn.Close()
	for w.gate.workers.count() > 1 {
		first.settleAside()
	}
	c2.Message([]byte("a"))
	first.expect(cmdOnWebSocketConnect, 4)
	first.expect(cmdOnMessage, 2)
}

// settleAside is settle for a connection on which events wait to be read.
func (p *php) settleAside() {
	p.t.Helper()
	other := dial(p.t, p.conn.RemoteAddr().String())
	other.settle()
	_ = other.conn.Close()
}

// A worker that comes again under its name takes the place of the old one.
func TestWorker_again(t *testing.T) {
	w := newWorld(t, nil)
	old := w.hire("BW:0")
	c, _ := w.open()
	again := w.hire("BW:0")
	old.closed()
	c.Message([]byte("a"))
	again.expect(cmdOnMessage, 1)
	if n := w.gate.workers.count(); n != 1 {
		t.Errorf("there are %d workers", n)
	}
}

// A worker whose place another has taken, and which then says another name, took the other's
// place away with it: who had come last was told nothing.
func TestWorker_anotherNameAfterItsSuccessor(t *testing.T) {
	g := bareGate(t)
	first, second := new(peer), new(peer)
	g.workers.add(first, "BW:0")
	if before := g.workers.add(second, "BW:0"); before != first {
		t.Error("the second does not take the first one's place")
	}
	g.workers.add(first, "BW:1")
	wantWorkers(t, g, 2)
	if g.workers.byKey["BW:0"] != second {
		t.Error("the second is no worker any more")
	}
	g.workers.add(first, "BW:2") // nobody has come under its name since
	wantWorkers(t, g, 2)
}

// Without a worker sockets live, and events are nobody's.
func TestWorker_none(t *testing.T) {
	w := newWorld(t, nil)
	c, page := w.open()
	if c.Message([]byte("a")) {
		t.Error("Message says that there is a worker")
	}
	c.Close()
	if got := page.take(t, 0); got != nil {
		t.Errorf("the page got %q", got)
	}
}

// A worker that does not read loses events, and nobody waits for it.
func TestWorker_deaf(t *testing.T) {
	w := newWorld(t, nil)
	w.hire("BW:0")
	c, _ := w.open()
	body := []byte(strings.Repeat("x", 1<<20))
	for range 64 {
		c.Message(body)
	}
	if !strings.Contains(w.logs.String(), "a BusinessWorker does not read") {
		t.Errorf("the log does not say so: %s", w.logs)
	}
}

func wantWorkers(t *testing.T, g *Gate, want int) {
	t.Helper()
	if n, told := g.workers.count(), counted(t, g.stats.workers); n != want || told != float64(n) {
		t.Errorf("there are %d workers and %v are counted, want %d", n, told, want)
	}
}

// Nothing could be written any more to a worker whose reader was still at what had come
// before: what pages said was lost for as long as that took, and counted as queued.
func TestWorker_overBeforeItsReader(t *testing.T) {
	for name, want := range map[string]struct {
		another bool
		queued  float64
		workers int
	}{
		"there is another": {true, 1, 1},
		"there is none":    {false, 0, 0},
	} {
		t.Run(name, func(t *testing.T) {
			held, release := make(chan struct{}), make(chan struct{})
			w := newWorld(t, func(o *Options) {
				o.Native = func(chat.UID, []byte) { close(held); <-release }
			})
			t.Cleanup(func() { close(release) }) // before the gate ends
			first := w.hire("BW:0")
			c, _ := w.open()
			var second *php
			if want.another {
				second = w.hire("BW:1")
			}
			first.say(text(cmdSendToUID, 0, `["U_7"]`, `{}`))
			<-held
			c.worker.out.close()
			before := counted(t, w.gate.stats.events.WithLabelValues(queued))
			if got := c.Message([]byte("hi")); got != want.another {
				t.Errorf("Message says that there is a worker: %t, want %t", got, want.another)
			}
			if n := counted(t, w.gate.stats.events.WithLabelValues(queued)) - before; n != want.queued {
				t.Errorf("%v events count as queued, want %v", n, want.queued)
			}
			wantWorkers(t, w.gate, want.workers)
			if want.another {
				if m := second.expect(cmdOnMessage, 1); string(m.body) != "hi" {
					t.Errorf("the other is told %q", m.body)
				}
			}
		})
	}
}

// A worker of another machine is written to every 25 seconds, so that nothing between forgets
// its connection; one of this machine needs none.
func TestWorker_pinged(t *testing.T) {
	for address, want := range map[string][]time.Duration{
		"10.0.0.9:2900":   {25 * time.Second, 50 * time.Second, 75 * time.Second},
		"127.0.0.1:13900": nil,
	} {
		synctest.Test(t, func(t *testing.T) {
			if got := pingsFrom(t, address, 99*time.Second); !slices.Equal(got, want) {
				t.Errorf("at %s a worker was pinged after %v, want %v", address, got, want)
			}
		})
	}
}

// pingsFrom is when a worker of a gate at address is pinged within some time. It runs in a
// bubble of synctest.
func pingsFrom(t *testing.T, address string, within time.Duration) (after []time.Duration) {
	t.Helper()
	g := bareGate(t)
	g.opts.Address = netip.MustParseAddrPort(address)
	worker, there := net.Pipe()
	var running sync.WaitGroup
	g.hire(t.Context(), &peer{ip: "10.0.0.7", out: newOutbox(there, &running)}, "BW:0")
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	running.Go(func() {
		if err := g.pingWorkers(ctx); err != nil {
			t.Errorf("pingWorkers = %v", err)
		}
	})
	began := time.Now()
	if err := worker.SetReadDeadline(began.Add(within)); err != nil {
		t.Fatal(err)
	}
	ping := fromHex(t, "0000001cc9000000000000000000000000000000000100000000 0000")
	for got := make([]byte, headerBytes); ; {
		if _, err := io.ReadFull(worker, got); err != nil {
			running.Wait()
			return after
		}
		if after = append(after, time.Since(began)); !bytes.Equal(got, ping) {
			t.Errorf("the worker is told %x, want %x", got, ping)
		}
	}
}
