package gatewayworker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
)

// wait is how long something may take that has to come.
const wait = 30 * time.Second

// fakePage is a page's socket.
type fakePage struct {
	full bool

	mu     sync.Mutex
	got    []string // guarded by mu
	change chan struct{}
}

func newFakePage() *fakePage { return &fakePage{change: make(chan struct{}, 1)} }

func (f *fakePage) note(s string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.got = append(f.got, s)
	select {
	case f.change <- struct{}{}:
	default:
	}
}

func (f *fakePage) Push(p Push) bool {
	if f.full {
		return false
	}
	if p.Raw {
		f.note("raw:" + string(p.Data))
	} else {
		f.note(string(p.Data))
	}
	return true
}

func (f *fakePage) Kick()    { f.note("<kicked>") }
func (f *fakePage) Destroy() { f.note("<destroyed>") }

// take returns all that has come, once it is n things or more.
func (f *fakePage) take(t testing.TB, n int) []string {
	t.Helper()
	for deadline := time.After(wait); ; {
		f.mu.Lock()
		if len(f.got) >= n {
			got := f.got
			f.got = nil
			f.mu.Unlock()
			return got
		}
		f.mu.Unlock()
		select {
		case <-f.change:
		case <-deadline:
			t.Fatalf("only %q came, want %d things", f.got, n)
		}
	}
}

// world is a Gate that runs.
type world struct {
	t        testing.TB
	gate     *Gate
	register string
	inner    string
	logs     *lockedBuffer

	mu     sync.Mutex
	native []string // guarded by mu
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func newWorld(t testing.TB, change func(*Options)) *world {
	t.Helper()
	w := &world{t: t, logs: &lockedBuffer{}}
	listen := func() net.Listener {
		l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	opts := Options{
		Register: listen(), Inner: listen(), PagesPort: 18382, NativeBytes: 16 << 10,
		// As in the recordings, whatever port it is on.
		Address: netip.MustParseAddrPort("127.0.0.1:13900"),
		Native: func(uid chat.UID, payload []byte) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.native = append(w.native, string(uid)+" "+string(payload))
		},
		Log: slog.New(slog.NewTextHandler(w.logs, nil)),
	}
	w.register, w.inner = opts.Register.Addr().String(), opts.Inner.Addr().String()
	if change != nil {
		change(&opts)
	}
	var err error
	if w.gate, err = New(opts); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- w.gate.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run = %v", err)
		}
		if strings.Contains(w.logs.String(), "panic") {
			t.Errorf("something panicked: %s", w.logs)
		}
	})
	return w
}

// open opens a page's socket.
func (w *world) open() (*Conn, *fakePage) {
	f := newFakePage()
	r := httptest.NewRequest(http.MethodGet, "/?token=x&a%5B%5D=1&a%5B%5D=2", nil)
	r.Host = "shop.example:8282"
	r.Header.Set("Cookie", `PHPSESSID=abc%20d; seen={"p":["李"]}; off=50%`) // pages set some as they please
	return w.gate.Connect(f, netip.MustParseAddrPort("127.0.0.1:36638"), r), f
}

func (w *world) natives() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	got := w.native
	w.native = nil
	return got
}

// php is a connection of PHP's.
type php struct {
	t    testing.TB
	conn net.Conn
	in   *bufio.Reader
}

func dial(t testing.TB, addr string) *php {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(wait)); err != nil {
		t.Fatal(err)
	}
	return &php{t, conn, bufio.NewReader(conn)}
}

func (w *world) php() *php { return dial(w.t, w.inner) }

func (p *php) write(data []byte) {
	p.t.Helper()
	if _, err := p.conn.Write(data); err != nil {
		p.t.Fatal(err)
	}
}

// say sends a packet.
func (p *php) say(m packet) {
	p.t.Helper()
	p.write(m.append(nil))
}

// reply returns what the next answer is.
func (p *php) reply() string {
	p.t.Helper()
	var head [4]byte
	if _, err := io.ReadFull(p.in, head[:]); err != nil {
		p.t.Fatalf("no answer: %v", err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[:]))
	if _, err := io.ReadFull(p.in, body); err != nil {
		p.t.Fatalf("half an answer: %v", err)
	}
	return string(body)
}

// ask sends a question and returns the answer.
func (p *php) ask(m packet) string {
	p.t.Helper()
	p.say(m)
	return p.reply()
}

// settle returns once all that was said so far is carried out.
func (p *php) settle() { p.t.Helper(); p.ask(packet{command: cmdIsOnline}) }

// closed waits until the other end has closed, and returns what it said before.
func (p *php) closed() string {
	p.t.Helper()
	rest, err := io.ReadAll(p.in)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		p.t.Fatalf("the connection is not closed")
	}
	return string(rest)
}

// event is the next packet that a worker is told.
func (p *php) event() packet {
	p.t.Helper()
	m, err := readPacket(p.in, maxPacket)
	if err != nil {
		p.t.Fatalf("no event: %v", err)
	}
	return m
}

func text(command byte, number uint32, ext, body string) packet {
	return packet{command: command, connection: number, flag: flagScalar, ext: []byte(ext), body: []byte(body)}
}

// bareGate is a Gate that nobody can connect to.
func bareGate(t testing.TB) *Gate {
	t.Helper()
	g, err := New(Options{Address: netip.MustParseAddrPort("127.0.0.1:13900"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// loggingGate is a bareGate, and what it says in the log.
func loggingGate(t testing.TB) (*Gate, *lockedBuffer) {
	t.Helper()
	logs := &lockedBuffer{}
	g := bareGate(t)
	g.complain = newComplaints(slog.New(slog.NewTextHandler(logs, nil)))
	return g, logs
}

// counted is what a counter or a gauge is at.
func counted(t testing.TB, c prometheus.Collector) (n float64) {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(c)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			n += m.GetCounter().GetValue() + m.GetGauge().GetValue()
		}
	}
	return n
}

// visitOf is a connection that nobody waits for.
func visitOf(conn net.Conn, running *sync.WaitGroup) *visit {
	return &visit{conn: conn, flow: newInflow(conn), running: running, known: func() {}}
}

// endsAfter wants a connection that says something, and then nothing, to be let go after a
// while; 0: not within an hour. It runs in a bubble of synctest.
func endsAfter(t *testing.T, talk func(context.Context, *visit), says []byte, want time.Duration) {
	t.Helper()
	here, there := net.Pipe()
	var running sync.WaitGroup
	ended := make(chan time.Duration, 1)
	began := time.Now()
	go func() {
		talk(t.Context(), visitOf(there, &running))
		ended <- time.Since(began)
	}()
	go func() { _, _ = io.Copy(io.Discard, here) }()
	_, _ = here.Write(says)
	select {
	case after := <-ended:
		if after != want {
			t.Errorf("it ended after %v, want %v", after, want)
		}
	case <-time.After(time.Hour):
		if want != 0 {
			t.Errorf("it is still there, want an end after %v", want)
		}
		_ = here.Close()
		<-ended
	}
	_ = here.Close()
	running.Wait()
}
