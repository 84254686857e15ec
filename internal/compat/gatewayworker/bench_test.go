package gatewayworker

import (
	"io"
	"net"
	"os"
	"runtime"
	"testing"
	"time"
)

// Calls of PHP's end, and so does what was made for them.
func TestShortConnections_leaveNothing(t *testing.T) {
	w := newWorld(t, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	call(t, w.inner, &packet{command: cmdIsOnline, connection: 1}) // what is made once is made now
	askRegister(t, w.register)
	goroutines, files := runtime.NumGoroutine(), openFiles(t)
	for i := range 2000 {
		switch i % 4 {
		case 0:
			call(t, w.inner, &packet{command: cmdIsOnline, connection: 1})
		case 1:
			askRegister(t, w.register)
		case 2: // says nothing it may
			conn := connect(t, w.inner)
			_, _ = conn.Write([]byte("GET / HTTP/1.0\r\n\r\n")) // it may be closed already
			_ = conn.Close()
		case 3: // a worker that leaves at once
			conn := connect(t, w.inner)
			m := text(cmdWorkerConnect, 0, "", `{"worker_key":"BW:0","secret_key":"s3cret"}`)
			if _, err := conn.Write(m.append(nil)); err != nil {
				t.Fatal(err)
			}
			_ = conn.Close()
		}
	}
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.After(wait); runtime.NumGoroutine() > goroutines || openFiles(t) > files || w.gate.workers.count() > 0; {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("there were %d goroutines and %d files, now %d and %d, and %d workers",
				goroutines, files, runtime.NumGoroutine(), openFiles(t), w.gate.workers.count())
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

func connect(t testing.TB, addr string) net.Conn {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	return conn
}

// call is one of PHP's: a connection, the secret and a packet in one write, the answer.
func call(t testing.TB, addr string, m *packet) {
	t.Helper()
	conn := connect(t, addr)
	defer func() { _ = conn.Close() }()
	hello := text(cmdGatewayClientConnect, 0, "", secretJSON)
	if _, err := conn.Write(m.append(hello.append(nil))); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadFull(conn, make([]byte, 8)); err != nil {
		t.Fatal(err)
	}
}

func askRegister(t testing.TB, addr string) {
	t.Helper()
	conn := connect(t, addr)
	defer func() { _ = conn.Close() }()
	if _, err := conn.Write([]byte(`{"event":"worker_connect","secret_key":"s3cret"}` + "\n")); err != nil {
		t.Fatal(err)
	}
	if _, err := conn.Read(make([]byte, 1024)); err != nil {
		t.Fatal(err)
	}
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
		call(b, w.inner, m)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}

// And before it, where it has not asked the Register within the second.
func BenchmarkRegisterAndShortConnection(b *testing.B) {
	w := newWorld(b, func(o *Options) { o.Secret = "s3cret" })
	w.open()
	m := &packet{command: cmdIsOnline, connection: 1}
	for b.Loop() {
		askRegister(b, w.register)
		call(b, w.inner, m)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "calls/s")
}
