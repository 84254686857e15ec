package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// streamType is the media type of server-sent events.
const streamType = "text/event-stream"

// streamSocket is the connection of a client that cannot have a WebSocket: what
// it is told comes down the answer to one request, as server-sent events, and
// what it says comes up in others (post.go). docs/adr/0006 says why.
//
// The goroutine of the request that the stream answers stands in for a reader:
// it waits, and ends the session.
type streamSocket struct {
	w   http.ResponseWriter
	out *http.ResponseController

	session *session
	key     string

	mu   sync.Mutex // held for what does not wait
	left bool       // the request is answered, and not to be touched; guarded by mu

	over    chan struct{} // closed by finish and abort
	ending  sync.Once     // closes over
	aborted atomic.Bool
	writing chan struct{} // whoever is in it may use w, for the last time the request's own goroutine

	// Whoever is in it carries out the client's frames, for the last time nobody
	// does; last is the number of the batch that came before, and is theirs.
	turn chan struct{}
	last int64

	posts atomic.Int32 // requests with frames of the client's
}

var _ socket = (*streamSocket)(nil)

// frame makes an event of a frame, which is a single line of JSON. WebSocket's
// own frames have no place here: the stream ends after what came before them.
func (c *streamSocket) frame(buf []byte, p packet) []byte {
	if p.op != opText {
		return buf
	}
	buf = append(buf, "data: "...)
	buf = append(buf, p.payload...)
	return append(buf, "\n\n"...)
}

// send leaves no deadline behind: HTTP/2 ends a stream whose deadline passes,
// also when nothing is being written.
func (c *streamSocket) send(data []byte, within time.Duration) error {
	select {
	case c.writing <- struct{}{}:
	case <-c.over:
		return net.ErrClosed
	}
	defer func() { <-c.writing }()
	return c.write(data, within)
}

// write is send for who is in writing.
func (c *streamSocket) write(data []byte, within time.Duration) error {
	if len(data) == 0 {
		return nil
	}
	if err := c.out.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return fmt.Errorf("set deadline: %w", err)
	}
	if c.aborted.Load() { // and the deadline that says so may just have been moved
		return net.ErrClosed
	}
	if _, err := c.w.Write(data); err != nil {
		return err
	}
	if err := c.out.Flush(); err != nil {
		return err
	}
	if err := c.out.SetWriteDeadline(time.Time{}); err != nil {
		return fmt.Errorf("lift deadline: %w", err)
	}
	if c.aborted.Load() { // here too
		return net.ErrClosed
	}
	return nil
}

func (c *streamSocket) hurry(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.left {
		_ = c.out.SetWriteDeadline(time.Now().Add(d)) // a connection that is gone needs no hurry
	}
}

func (c *streamSocket) finish() { c.ending.Do(func() { close(c.over) }) }

func (c *streamSocket) abort() {
	c.aborted.Store(true)
	c.hurry(0)
	c.finish()
}

// wait returns when the session is over, the client gone or told everything, and
// nobody uses the request or carries out a frame any more.
func (c *streamSocket) wait(ctx context.Context) {
	select {
	case <-c.over:
	case <-ctx.Done():
		c.session.leave() // whose writer ends it, soon: there is nobody to write to
		<-c.over
	}
	c.turn <- struct{}{}
	c.writing <- struct{}{}
	if c.aborted.Load() {
		c.hurry(0) // what net/http would still write, it must not wait for
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.left = true
}

// streams are the sessions whose frames come in requests of their own.
type streams struct {
	mu   sync.Mutex
	byID map[chat.ClientID]*streamSocket // guarded by mu
}

func (s *streams) add(c *streamSocket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byID[c.session.id] = c
}

func (s *streams) remove(c *streamSocket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.byID, c.session.id)
}

// find returns the session's socket, nil unless key is its own.
func (s *streams) find(id chat.ClientID, key string) *streamSocket {
	s.mu.Lock()
	c := s.byID[id]
	s.mu.Unlock()
	if c == nil || !sameKey(c.key, key) {
		return nil
	}
	return c
}

// openStream answers a hello with a session, as a stream of events that lasts as
// long as the session does. What is wrong with the hello is said down the stream,
// as on a WebSocket.
func (g *Gateway) openStream(w http.ResponseWriter, r *http.Request) {
	if !g.admits(w, r) {
		return
	}
	hello, err := g.readBody(w, r, g.limits.FrameBytes)
	if err != nil {
		g.refuseBody(w, r, err)
		return
	}
	sock := &streamSocket{
		w: w, out: http.NewResponseController(w), key: strings.ToLower(rand.Text()),
		over: make(chan struct{}), writing: make(chan struct{}, 1), turn: make(chan struct{}, 1),
	}
	sock.writing <- struct{}{} // nothing comes before the head, a goodbye neither
	s, ok := g.begin(sock)
	if !ok {
		g.refuseRestart(w, r)
		return
	}
	sock.session = s
	g.streams.add(sock)
	release := g.holdStream(s.id)
	g.stats.streams.Inc()
	defer func() {
		release()
		g.streams.remove(sock)
		g.stats.streams.Dec()
		s.gone()
	}()
	sock.turn <- struct{}{} // its first frame is on its way
	err = sock.begin(r.ProtoMajor)
	<-sock.writing
	if err != nil {
		s.abandon()
	} else {
		s.receive(true, hello) //nolint:contextcheck // its work ends with the gateway's
	}
	<-sock.turn
	sock.wait(r.Context())
}

// begin sends the head of the answer and, as the first event, what the client
// needs to say something. The caller is in writing.
func (c *streamSocket) begin(major int) error {
	h := c.w.Header()
	h.Set("Content-Type", streamType)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store, no-transform")
	h.Set("X-Accel-Buffering", "no") // nginx would keep it to itself
	if major == 1 {
		// The stream's end is the connection's: nobody inherits its deadlines.
		h.Set("Connection", "close")
	}
	event, err := wire.Encode(&wire.Stream{ClientID: string(c.session.id), Key: c.key})
	if err != nil {
		return err
	}
	return c.write(fmt.Appendf(nil, "event: session\ndata: %s\n\n", event), writeWithin)
}

// admits refuses whom upgrade would refuse too, and reports whether it did not.
func (g *Gateway) admits(w http.ResponseWriter, r *http.Request) bool {
	select {
	case <-g.ready:
	case <-r.Context().Done():
		return false
	}
	if origin := r.Header.Get("Origin"); origin != "" && !g.opts.AllowOrigin(origin) {
		g.refuse(w, r, http.StatusForbidden, "origin_not_allowed", "pages of this origin may not open a connection here")
		return false
	}
	if g.closing() {
		g.refuseRestart(w, r)
		return false
	}
	if err := g.svc.AllowKey(chat.ActionConnect, g.opts.Address(r)); err != nil {
		e := chat.AsError(err)
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())+1))
		g.refuse(w, r, http.StatusTooManyRequests, e.Code, e.Msg)
		return false
	}
	return true
}

func (g *Gateway) refuseRestart(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Retry-After", "5")
	g.refuse(w, r, http.StatusServiceUnavailable, byeShutdown, "the server restarts")
}

// readBody reads what a client says. How long that may take is bounded here, and
// afterwards no longer: what answers it may take for ever.
func (g *Gateway) readBody(w http.ResponseWriter, r *http.Request, limit int) ([]byte, error) {
	within := http.NewResponseController(w)
	if err := within.SetReadDeadline(time.Now().Add(g.opts.HelloWithin)); err != nil {
		return nil, err
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, int64(limit)))
	return body, errors.Join(err, within.SetReadDeadline(time.Time{}), within.SetWriteDeadline(time.Time{}))
}

// refuseBody answers a request whose body could not be read, and returns the
// status.
func (g *Gateway) refuseBody(w http.ResponseWriter, r *http.Request, err error) (status int) {
	switch _, tooLarge := errors.AsType[*http.MaxBytesError](err); {
	case tooLarge:
		status = http.StatusRequestEntityTooLarge
		g.refuse(w, r, status, byeFrameTooLarge, "that is more than the server takes at once")
	case errors.Is(err, os.ErrDeadlineExceeded):
		status = http.StatusRequestTimeout
		g.refuse(w, r, status, "timeout", "the request did not come in time")
	default:
		status = http.StatusBadRequest
		g.refuse(w, r, status, "body_broken", "the request did not come whole")
	}
	return status
}
