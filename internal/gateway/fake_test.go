package gateway

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// inTime runs a test in which time is not real, over each transport.
func inTime(t *testing.T, test func(t *testing.T, via transport)) {
	t.Helper()
	for _, via := range []transport{{name: "WebSocket"}, {name: "SSE", streams: true}} {
		t.Run(via.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { test(t, via) })
		})
	}
}

// fake is a client without a network, for tests in which time is not real.
type fake struct {
	t  *testing.T
	in chan string // into its WebSocket

	// Of one without.
	door   http.Handler
	cancel context.CancelFunc // ends the request that the stream answers
	stream wire.Stream        // guarded by mu
	batch  int

	mu       sync.Mutex
	stuck    bool          // it reads nothing; guarded by mu
	out      bytes.Buffer  // guarded by mu
	deadline time.Time     // of what is written; guarded by mu
	moved    chan struct{} // closed when deadline changes; guarded by mu
	over     chan struct{} // closed when the connection is
	once     sync.Once
}

func (f *fake) frame(buf []byte, p packet) []byte { return p.appendTo(buf) }

func (f *fake) send(data []byte, within time.Duration) error {
	_ = f.SetWriteDeadline(time.Now().Add(within))
	_, err := f.Write(data)
	return err
}

func (f *fake) hurry(d time.Duration) { _ = f.SetWriteDeadline(time.Now().Add(d)) }
func (f *fake) finish()               { f.once.Do(func() { close(f.over) }) }
func (f *fake) abort()                { f.hurry(0); f.finish() }

// Write waits as long as nothing is read, until the deadline.
func (f *fake) Write(data []byte) (int, error) {
	for {
		f.mu.Lock()
		stuck, deadline, moved := f.stuck, f.deadline, f.moved
		if !stuck {
			defer f.mu.Unlock()
			return f.out.Write(data)
		}
		f.mu.Unlock()
		left := time.Until(deadline)
		if left <= 0 {
			return 0, os.ErrDeadlineExceeded
		}
		select {
		case <-time.After(left):
		case <-moved:
		}
	}
}

func (f *fake) SetWriteDeadline(at time.Time) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.deadline = at
	close(f.moved)
	f.moved = make(chan struct{})
	return nil
}

// answer is what a request is answered through.
type answer struct {
	*httptest.ResponseRecorder

	body io.Writer
	*fake
}

func (a answer) Write(data []byte) (int, error)  { return a.body.Write(data) }
func (a answer) FlushError() error               { return nil }
func (a answer) SetReadDeadline(time.Time) error { return nil }
func (a answer) SetWriteDeadline(at time.Time) error {
	if a.body == a.fake {
		return a.fake.SetWriteDeadline(at)
	}
	return nil
}

// connect opens a session with a reader of its own. Without a WebSocket the
// session begins with the first that is said.
func (n *node) connect(t *testing.T) *fake {
	t.Helper()
	f := &fake{t: t, in: make(chan string), moved: make(chan struct{}), over: make(chan struct{})}
	if n.via.streams {
		f.door = n.handler()
		return f
	}
	s, ok := n.begin(f)
	if !ok {
		t.Fatal("the gateway takes no session")
	}
	go func() {
		defer s.gone()
		for {
			select {
			case data := <-f.in:
				s.receive(true, []byte(data))
			case <-f.over:
				return
			}
		}
	}()
	return f
}

func (f *fake) say(format string, args ...any) {
	f.t.Helper()
	frame := fmt.Sprintf(format, args...)
	switch {
	case f.isOver():
		f.t.Fatal("the connection is over")
	case f.door == nil:
		f.in <- frame
	case f.cancel == nil:
		f.open(frame)
	default:
		f.post(frame)
	}
	synctest.Wait()
}

// open opens the stream.
func (f *fake) open(hello string) {
	ctx, cancel := context.WithCancel(f.t.Context())
	f.cancel = cancel
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/v1/sse", strings.NewReader(hello))
	go func() {
		defer f.finish()
		f.door.ServeHTTP(answer{httptest.NewRecorder(), f, f}, r)
	}()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	events := bufio.NewReader(&f.out)
	name, data, err := testkit.ReadEvent(events)
	if err == nil {
		err = json.Unmarshal(data, &f.stream)
	}
	if name != "session" || err != nil {
		f.t.Fatalf("the first event is %q: %s, %v", name, data, err)
	}
	rest, _ := io.ReadAll(events)
	f.out.Write(rest)
}

// post sends a batch of one frame. It may take until the frame is carried out.
func (f *fake) post(frame string) {
	f.batch++
	r := httptest.NewRequestWithContext(f.t.Context(), http.MethodPost, "/v1/sse/"+f.stream.ClientID+"/"+strconv.Itoa(f.batch), strings.NewReader(frame))
	r.Header.Set("Authorization", "Bearer "+f.stream.Key)
	rec := httptest.NewRecorder()
	go func() {
		f.door.ServeHTTP(answer{rec, rec, f}, r)
		if rec.Code != http.StatusNoContent && rec.Code != http.StatusNotFound { // that it has ended the stream tells
			f.t.Errorf("%s: status %d, %s", frame, rec.Code, rec.Body)
		}
	}()
}

// leave closes the connection, as a tab does that is closed.
func (f *fake) leave() {
	if f.cancel != nil {
		f.cancel()
		return
	}
	f.finish()
}

// heard returns the frames since the last call.
func (f *fake) heard() []wire.ServerFrame {
	f.t.Helper()
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	var list []wire.ServerFrame
	for events := bufio.NewReader(&f.out); ; {
		data, err := f.next(events)
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			f.t.Fatal(err)
		}
		var frame wire.ServerFrame
		if err := json.Unmarshal(data, &frame); err != nil {
			f.t.Fatalf("%s: %v", data, err)
		}
		list = append(list, frame)
	}
}

// next reads a frame of the server's.
func (f *fake) next(r *bufio.Reader) ([]byte, error) {
	if f.door != nil {
		_, data, err := testkit.ReadEvent(r)
		return data, err
	}
	op, data, err := testkit.ReadFrame(r)
	if err == nil && op == testkit.OpClose {
		err = io.EOF // nothing follows
	}
	return data, err
}
