package gatewayworker

import (
	"context"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// tcpFlow is what comes over a connection, and its other end.
func tcpFlow(t *testing.T) (f *inflow, other net.Conn) {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	other = dial(t, l.Addr().String()).conn
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if f = newInflow(conn); f.look == nil {
		t.Skip("nobody can see here what has come")
	}
	return f, other
}

func (f *inflow) take(t *testing.T, n int) {
	t.Helper()
	if _, err := io.ReadFull(f, make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

func write(t *testing.T, conn net.Conn, n int) {
	t.Helper()
	if _, err := conn.Write(make([]byte, n)); err != nil {
		t.Fatal(err)
	}
}

func (m *mark) over() bool {
	select {
	case <-m.come:
		return true
	default:
		return false
	}
}

// becomes waits for a reader to get somewhere.
func becomes(t *testing.T, what string, is func() bool) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(wait); !is(); {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatal(what)
		}
	}
}

// What has come and nobody has read keeps a connection's turn. Once its reader waits for
// more there is nothing to wait for.
func TestInflow_quiet(t *testing.T) {
	f, other := tcpFlow(t)
	write(t, other, 5)
	if f.quiet() {
		t.Error("what nobody has read counts as looked at")
	}
	if m := f.mark(true); m == nil || m.upTo != 5 {
		t.Errorf("what nobody has read is marked %+v", m)
	}
	var reader sync.WaitGroup
	defer reader.Wait()
	defer func() { _ = other.Close() }()
	reader.Go(func() { _, _ = io.Copy(io.Discard, f) })
	becomes(t, "its reader waits for more, and it does not count as quiet", f.quiet)
	if !f.trickles() {
		t.Error("half a packet has come, and nothing counts as begun")
	}
	f.carried(0)
	if f.trickles() {
		t.Error("all is carried out, and something counts as begun")
	}
}

// Who has come waits for what had come by then, and not for what comes later.
func TestInflow_laterIsNotWaitedFor(t *testing.T) {
	f, other := tcpFlow(t)
	write(t, other, 10)
	f.take(t, 4)
	list := marks([]*inflow{f})
	if len(list) != 1 || list[0].upTo != 10 {
		t.Fatalf("marked %+v, want one up to 10", list)
	}
	write(t, other, 10)
	f.take(t, 8)
	if f.carried(3); list[0].over() {
		t.Error("9 of 10 bytes are carried out, and nobody waits for the last")
	}
	if f.carried(2); !list[0].over() {
		t.Error("what had come is carried out, and more is waited for")
	}
	if list = marks([]*inflow{f}); len(list) != 1 || list[0].upTo != 20 {
		t.Errorf("then marked %+v, want one up to 20", list)
	}
}

// When what is waited for is carried out just as the waiter gives up, it is not in vain,
// and the next one waits.
func TestInflow_givesUpTooLate(t *testing.T) {
	f := flowOf(0)
	m := f.mark(false)
	f.carried(0)
	if !m.giveUp() {
		t.Error("it is carried out, and somebody waits in vain")
	}
	f.read = 20
	if f.mark(false) == nil {
		t.Error("the next one overtakes what has come since")
	}
}

// Who gives up keeps nobody else waiting, until what was waited for is carried out.
func TestInflow_givesUp(t *testing.T) {
	f := flowOf(0)
	first, second := f.mark(false), f.mark(false)
	if first.giveUp() {
		t.Error("nothing is carried out, and it counts as that")
	}
	if !second.over() {
		t.Error("the second still waits")
	}
	if second.await(t.Context()) {
		t.Error("the second is told that it is carried out")
	}
	f.read = 20
	if f.mark(false) != nil {
		t.Error("another waits for it")
	}
	if f.carried(10); f.mark(false) == nil {
		t.Error("it goes on, and nobody waits for what is more")
	}
}

// Nothing is in vain that is carried out, or that nobody can say any more.
func TestInflow_reached(t *testing.T) {
	for name, reach := range map[string]func(*inflow){
		"carried out": func(f *inflow) { f.carried(0) },
		"ended":       (*inflow).end,
	} {
		f := flowOf(0)
		m := f.mark(false)
		if reach(f); !m.await(t.Context()) {
			t.Errorf("%s: it counts as given up", name)
		}
	}
}

// flowOf is one over which 10 bytes were read, and so many of them carried out; the kernel
// has nothing.
func flowOf(done uint64) *inflow {
	return &inflow{look: func() int { return 0 }, fd: -1, read: 10, done: done}
}

// followed has a call follow connections, and returns how long it takes, in a bubble of
// synctest.
func followed(ctx context.Context, t *testing.T, flows ...*inflow) time.Duration {
	t.Helper()
	began := time.Now()
	follower(bareGate(t), flows...).follow(ctx)
	return time.Since(began)
}

// follower is a peer that has come after connections of its address.
func follower(g *Gate, flows ...*inflow) *peer {
	for i, f := range flows {
		g.peers.add(&peer{visit: &visit{order: uint64(i), flow: f}, ip: "10.0.0.1"})
	}
	return &peer{visit: &visit{order: uint64(len(flows))}, gate: g, ip: "10.0.0.1"}
}

// However many connections there are, a call waits for all of them together no longer
// than for one.
func TestFollow_bound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := func() *inflow { return flowOf(0) } // its reader is at it
		if took := followed(t.Context(), t, busy(), busy(), busy()); took != followWithin {
			t.Errorf("a call waits %v for three, want %v", took, followWithin)
		}
		stuck := func() *inflow { f := flowOf(0); f.idle = true; return f }
		if took := followed(t.Context(), t, stuck(), stuck(), stuck()); took != sayWithin {
			t.Errorf("a call waits %v for three halves of packets, want %v", took, sayWithin)
		}
	})
}

// That one connection is given up is no reason not to wait for the next.
func TestFollow_onePastAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		stuck, busy := flowOf(0), flowOf(0)
		stuck.idle = true
		late := sayWithin + 50*time.Millisecond
		time.AfterFunc(late, func() { busy.carried(0) })
		if took := followed(t.Context(), t, stuck, busy); took != late {
			t.Errorf("a call waits %v, and what the second has said is carried out after %v", took, late)
		}
	})
}

// A call that has waited in vain says so, and so does one that another has made wait no
// longer. One that has not says nothing.
func TestFollow_inVainIsSaid(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, logs := loggingGate(t)
		stuck, another, ended, soon := flowOf(0), flowOf(0), flowOf(0), flowOf(0)
		time.AfterFunc(time.Millisecond, func() { soon.carried(0) })
		time.AfterFunc(time.Millisecond, ended.end)
		first, second := follower(g, stuck, another, ended, soon), follower(g)
		second.order = first.order + 1
		var calls sync.WaitGroup
		calls.Go(func() { first.follow(t.Context()) })
		calls.Go(func() { second.follow(t.Context()) })
		calls.Wait()
		if n := counted(t, g.stats.passedBy.WithLabelValues(keptFlow)); n != 2 {
			t.Errorf("%v waits in vain are counted, want one for each call", n)
		}
		if n := strings.Count(logs.String(), "order may be lost"); n != 1 || !strings.Contains(logs.String(), "address=10.0.0.1 waited_for=kept") {
			t.Errorf("the log says so %d times, want once: %s", n, logs)
		}
	})
}

// A gate that stops loses no order: it warned of that when a call was waiting.
func TestFollow_untilTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g, logs := loggingGate(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(sayWithin/2, cancel)
		if follower(g, flowOf(0)).follow(ctx); ctx.Err() == nil {
			t.Error("the call has not waited")
		}
		if n := counted(t, g.stats.passedBy.WithLabelValues(keptFlow)); n != 0 || logs.String() != "" {
			t.Errorf("%v waits in vain are counted, and the log says %q", n, logs)
		}
	})
}

// Of thousands of connections that say nothing the kernel is not asked one by one.
func TestFollow_thousands(t *testing.T) {
	asked := 0
	var flows []*inflow
	for range 4000 {
		f := flowOf(10)
		f.look = func() int { asked++; return 0 }
		flows = append(flows, f)
	}
	followed(t.Context(), t, flows...)
	if asked > 0 {
		t.Errorf("the kernel is asked %d times", asked)
	}
	f, other := tcpFlow(t)
	write(t, other, 5)
	if list := marks(append(flows, f)); len(list) != 1 || list[0].flow != f {
		t.Errorf("%d are waited for, want the one that has said something", len(list))
	}
}

// A worker that has said its last word and not taken its own is told nothing more: another
// is.
func TestWorker_halfClosed(t *testing.T) {
	w := newWorld(t, nil)
	deaf := w.hire("BW:0")
	for i := range 3 {
		w.open()
		deaf.expect(cmdOnConnect, uint32(i+1))
		deaf.expect(cmdOnWebSocketConnect, uint32(i+1))
	}
	other := w.hire("BW:1")
	c := w.gate.table.find(1).worker
	becomes(t, "it is still being written to", func() bool {
		c.out.mu.Lock()
		defer c.out.mu.Unlock()
		idle := !c.out.writing
		c.out.writing = true // for as long as the test has it
		return idle
	})
	defer func() {
		c.out.mu.Lock()
		c.out.writing = false
		c.out.room.Broadcast()
		c.out.mu.Unlock()
	}()
	tcp, ok := deaf.conn.(*net.TCPConn)
	if !ok {
		t.Fatal("no TCP")
	}
	if err := tcp.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	becomes(t, "it counts as a worker for as long as something is to be written to it", func() bool { return w.gate.workers.count() == 1 })
	w.gate.table.find(2).Message([]byte("hi"))
	if m := other.expect(cmdOnMessage, 2); string(m.body) != "hi" {
		t.Errorf("the other is told %q", m.body)
	}
	if strings.Contains(w.logs.String(), "does not read") {
		t.Error("something was dropped")
	}
}
