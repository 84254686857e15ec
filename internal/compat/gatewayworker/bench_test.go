package gatewayworker

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// Calls of PHP's end, however many are made at once, and so does what was made for them. What
// is written and closed at once, without a word to wait for, arrives all the same.
func TestShortConnections_leaveNothing(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	_, page := w.open()
	const callers, calls = 4, 500
	must(t, visits(t.Context(), w, calls)) // what is made once is made now
	page.take(t, calls/5)
	before := w.atRest(nil)
	var all errgroup.Group
	for range callers {
		all.Go(func() error { return visits(t.Context(), w, calls) })
	}
	must(t, all.Wait())
	page.take(t, callers*calls/5)
	if now := w.atRest(before); now.more(before) {
		t.Errorf("in use were %+v, now %+v", before, now)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// visits makes so many calls of all kinds, one after the other.
func visits(ctx context.Context, w *world, calls int) error {
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	push := text(cmdSendToOne, 1, "", "a")
	worker := text(cmdWorkerConnect, 0, "", `{"worker_key":"BW:0","secret_key":"s3cret"}`)
	for i := range calls {
		var err error
		switch i % 5 {
		case 0:
			err = call(ctx, w.inner, &packet{command: cmdIsOnline, connection: 1})
		case 1:
			err = askRegister(ctx, w.register)
		case 2: // says nothing it may
			err = leaveWord(ctx, w.inner, []byte("GET / HTTP/1.0\r\n\r\n"))
		case 3:
			err = leaveWord(ctx, w.inner, worker.append(nil))
		case 4:
			err = leaveWord(ctx, w.inner, push.append(hello.append(nil)))
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// inUse is what calls that have ended are to leave nothing of.
type inUse struct {
	goroutines, files int
	heap              int64
}

// heapSlack is for what the runtime keeps of its own: less than what the readers of 200
// connections take.
const heapSlack = 512 << 10

// more reports whether there is more of anything than before.
func (u *inUse) more(before *inUse) bool {
	return u.goroutines > before.goroutines || u.files > before.files || u.heap > before.heap+heapSlack
}

// atRest returns what is in use once no connection is at either door, and no more than
// before, if that is to come: the last that a connection does is to count itself out.
func (w *world) atRest(before *inUse) *inUse {
	w.t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(wait); ; {
		now := &inUse{runtime.NumGoroutine(), openFiles(w.t), heapNow()}
		if counted(w.t, w.gate.stats.connections) == 0 && (before == nil || !now.more(before)) {
			return now
		}
		select {
		case <-tick.C:
		case <-deadline:
			return now
		}
	}
}

// openFiles is 0 where nobody says.
func openFiles(t testing.TB) int {
	t.Helper()
	list, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0
	}
	return len(list)
}

func connect(ctx context.Context, addr string) (net.Conn, error) {
	return (&net.Dialer{}).DialContext(ctx, "tcp", addr)
}

// call is one of PHP's: a connection, the secret and a packet in one write, the answer.
func call(ctx context.Context, addr string, m *packet) error {
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	return ask(ctx, addr, m.append(hello.append(nil)), make([]byte, 8))
}

func askRegister(ctx context.Context, addr string) error {
	return ask(ctx, addr, []byte(`{"event":"worker_connect","secret_key":"s3cret"}`+"\n"), make([]byte, len(lineOf("127.0.0.1:13900"))+1))
}

// ask is a connection over which something is said and answered.
func ask(ctx context.Context, addr string, says, answer []byte) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write(says); err != nil {
		return err
	}
	_, err = io.ReadFull(conn, answer)
	return err
}

// leaveWord is one over which something is said that has no answer, and that is closed at
// once.
func leaveWord(ctx context.Context, addr string, says []byte) error {
	conn, err := connect(ctx, addr)
	if err != nil {
		return err
	}
	_, err = conn.Write(says)
	return errors.Join(err, conn.Close())
}

// What one connection pushes.
func BenchmarkSendToUID(b *testing.B) {
	w := newWorld(b, nil)
	c, page := w.open()
	c.Bind("U_7")
	p := w.php()
	m := text(cmdSendToUID, 0, `["U_7"]`, `{"type":"order","id":12345,"text":"Your order is on its way"}`)
	data := m.append(nil)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		p.write(data)
		if i%1000 == 999 {
			p.settle()
			page.take(b, 1000)
		}
	}
	p.settle()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pushes/s")
}

// What php-fpm does for each call: connect, ask, close.
func BenchmarkShortConnection(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	m := &packet{command: cmdIsOnline, connection: 1}
	b.ReportAllocs()
	for b.Loop() {
		must(b, call(b.Context(), w.inner, m))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// And before it, where it has not asked the Register within the second.
func BenchmarkRegisterAndShortConnection(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	m := &packet{command: cmdIsOnline, connection: 1}
	for b.Loop() {
		must(b, askRegister(b.Context(), w.register))
		must(b, call(b.Context(), w.inner, m))
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// All kinds of calls from four callers, at what rate they go and what they leave.
func BenchmarkLeavings(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Secret = "s3cret" })
	_, page := w.open()
	must(b, visits(b.Context(), w, 100)) // what is made once is made now
	page.take(b, 20)
	before := w.atRest(nil)
	const callers, calls = 4, 250
	for b.Loop() {
		var all errgroup.Group
		for range callers {
			all.Go(func() error { return visits(b.Context(), w, calls) })
		}
		must(b, all.Wait())
		page.take(b, callers*calls/5)
	}
	b.ReportMetric(float64(b.N)*callers*calls/b.Elapsed().Seconds(), "calls/s")
	now := w.atRest(before)
	b.ReportMetric(float64(now.goroutines-before.goroutines), "goroutines-left")
	b.ReportMetric(float64(now.files-before.files), "files-left")
	b.ReportMetric(float64(now.heap-before.heap), "heap-B-left")
}
