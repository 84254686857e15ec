package compat

import (
	"context"
	"fmt"
	"maps"
	"net"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"
	"golang.org/x/time/rate"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker"
)

const (
	// maxFrames bounds what waits beside messages: answers to handshakes, pings and
	// refusals. A page with more of them reads nothing.
	maxFrames = 64

	writeWithin = 10 * time.Second // one frame
	hurryWithin = time.Second      // what is under way when the socket is closed
)

// The close codes (RFC 6455, section 7.4.1).
const (
	closeNormal    = 1000
	closeGoingAway = 1001
	closePolicy    = 1008
	closeRetry     = 1013
)

// socket is the connection of one old page. Nobody but its writer writes to it; the
// writer is a goroutine that runs while there is something to write.
type socket struct {
	srv       *Server
	conn      *gws.Conn
	id        chat.ClientID
	address   string
	owner     chat.Identity // by the cookie of the upgrade; zero: anonymous
	allowance *rate.Limiter // of frames that the page may send
	release   func()        // other nodes ask for it no more

	// ctx is that of what the writer asks for. It ends when the socket is being closed, or
	// gone.
	ctx   context.Context //nolint:containedctx // see above
	end   context.CancelFunc
	taken int64 // when it came, as the server's now has it, ms

	php *gatewayworker.Conn // the socket as the shop's PHP sees it; nil if it does not

	expires atomic.Int64 // of the token, Unix ms; 0 without one
	seen    atomic.Int64 // the last pong, as the server's now has it, ms

	mu      sync.Mutex
	bound   bool                          // messages may go here; guarded by mu
	begun   bool                          // and do, from now on; guarded by mu
	pingAt  time.Time                     // guarded by mu
	queue   []outgoing                    // guarded by mu
	list    bool                          // what is undelivered is to be looked up; guarded by mu
	news    map[chat.ConversationID]*news // guarded by mu
	since   chat.Position                 // of the participant, as far as the page has been told of it; guarded by mu
	ahead   map[chat.Pos]struct{}         // positions after a gap that starts at since; guarded by mu
	closing *goodbye                      // guarded by mu
	gone    bool                          // guarded by mu
	turn    turn                          // guarded by mu
	writing bool                          // guarded by mu
	quiet   int                           // rounds without a pong; guarded by mu
	pings   int                           // sent; guarded by mu
	pongs   int                           // received; guarded by mu
	unsure  bool                          // of what a pong from now on answers; guarded by mu
	waiting []answer                      // for pongs, in order; guarded by mu
	pushes  []gatewayworker.Push          // guarded by mu
	pushed  int                           // bytes of pushes; guarded by mu
	kicked  bool                          // it ends after them; guarded by mu

	// The writer's.
	writer  func() // write, made once
	looked  bool   // what it asked for last was the list
	threads map[chat.ConversationID]*thread
	told    map[chat.ConversationID]chat.Seq // since the last ping
}

// outgoing is a frame, or a ping, which knows only when it is written what it asks
// for.
type outgoing struct {
	op   gws.Opcode
	data []byte
	ping bool
}

// answer is what the pong number n says: the page has all up to here.
type answer struct {
	n    int
	told map[chat.ConversationID]chat.Seq
}

type goodbye struct {
	code   uint16
	reason string
}

// enqueue hands a frame to the page. One that does not read is closed.
func (s *socket) enqueue(o outgoing) {
	s.mu.Lock()
	full := len(s.queue) >= maxFrames
	if !full {
		s.queue = append(s.queue, o)
	}
	s.mu.Unlock()
	if full {
		s.close(closePolicy, "slow_consumer")
		return
	}
	s.wake()
}

func (s *socket) send(v any) {
	data, err := encode(v)
	if err != nil {
		s.srv.log.ErrorContext(s.srv.ctx, "encode frame", "err", err)
		return
	}
	s.enqueue(outgoing{op: gws.OpcodeText, data: data})
}

// close ends the socket after what is being written. Only the first goodbye is said.
func (s *socket) close(code uint16, reason string) {
	s.mu.Lock()
	first := s.closing == nil && !s.gone
	if first {
		s.closing = &goodbye{code, reason}
		s.end()
	}
	s.mu.Unlock()
	if !first {
		return
	}
	s.srv.stats.closed.WithLabelValues(reason).Inc()
	_ = s.conn.NetConn().SetWriteDeadline(s.srv.now().Add(hurryWithin)) // one that is gone needs no hurry
	s.wake()
}

// abort ends the socket without a word.
func (s *socket) abort() { _ = s.conn.NetConn().Close() } // its reader sees to the rest

// wake starts the writer unless it runs. Its reader counts until the socket is gone,
// so that the server cannot have ceased to wait yet. What the writer does is the
// server's work and no caller's.
func (s *socket) wake() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.writing || s.gone {
		return
	}
	s.startWriter()
}

// startWriter has the writer run; the caller holds mu.
func (s *socket) startWriter() {
	s.writing = true
	s.srv.running.Add(1)
	go s.writer()
}

// write does what there is to do until there is nothing.
func (s *socket) write() {
	defer s.srv.running.Done()
	defer func() {
		if v := recover(); v != nil {
			s.srv.log.ErrorContext(s.srv.ctx, "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			s.abort()
		}
	}()
	for {
		do := s.next()
		if do == nil {
			return
		}
		if err := do(); err != nil {
			s.abort()
			return
		}
	}
}

// next returns what the writer does next, nil if there is nothing: then its turn is
// over.
func (s *socket) next() func() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.gone:
	case s.closing != nil:
		bye := *s.closing
		return func() error {
			_ = s.conn.WriteClose(bye.code, []byte(bye.reason)) // said or not, it is over
			return net.ErrClosed
		}
	case s.turn == hasTurn && s.asks():
		return s.nextQuestion() // others wait for the turn
	case len(s.queue) > 0:
		o := s.queue[0]
		s.queue = s.queue[1:]
		if o.ping {
			s.notePing()
			o = outgoing{op: gws.OpcodeText, data: s.srv.ping}
		}
		return func() error { return s.writeFrame(o.op, o.data) }
	case s.asks():
		return s.nextQuestion()
	case len(s.pushes) > 0:
		return s.nextPush()
	case s.kicked:
		s.closing = &goodbye{closeNormal, "closed_by_shop"}
		s.end()
		return func() error { return nil }
	case len(s.told) > 0 && s.pongs == s.pings:
		// So that it is known soon what has arrived. While a page has yet to answer
		// one, another would tell nothing more.
		s.queue = append(s.queue, outgoing{ping: true})
		return func() error { return nil }
	}
	s.writing = false
	return nil
}

// nextQuestion returns what the writer asks the store; the caller holds mu. However often
// the list is to be looked up, what was found is told in between.
func (s *socket) nextQuestion() func() error {
	if s.list && (!s.looked || len(s.news) == 0) {
		s.list = false
		return s.lookUp
	}
	for id, n := range s.news {
		delete(s.news, id)
		return func() error { return s.tell(id, n) }
	}
	return nil
}

// notePing remembers what the page will have acknowledged by answering the ping
// that is about to be written. The caller holds mu.
func (s *socket) notePing() {
	s.pings++
	if len(s.told) == 0 {
		return
	}
	if !s.unsure { // else it is told again over the next socket
		s.waiting = append(s.waiting, answer{s.pings, s.told})
	}
	s.told = make(map[chat.ConversationID]chat.Seq)
}

func (s *socket) writeFrame(op gws.Opcode, data []byte) error {
	if err := s.conn.NetConn().SetWriteDeadline(s.srv.now().Add(writeWithin)); err != nil {
		return err
	}
	return s.conn.WriteMessage(op, data)
}

// pong takes the page's answer to a ping. What it was told before that ping it has.
func (s *socket) pong(ctx context.Context) {
	s.seen.Store(s.srv.now().UnixMilli())
	arrived := make(map[chat.ConversationID]chat.Seq)
	s.mu.Lock()
	s.quiet = 0
	s.pongs = min(s.pongs+1, s.pings)
	for len(s.waiting) > 0 && s.waiting[0].n <= s.pongs {
		maps.Copy(arrived, s.waiting[0].told) // later ones go further
		s.waiting = s.waiting[1:]
	}
	s.mu.Unlock()
	s.wake() // there may be more to ask for
	for id, seq := range arrived {
		if err := s.srv.svc.Delivered(ctx, s.owner.Actor, id, seq); err != nil {
			s.srv.log.WarnContext(ctx, "note what an old page has", "conversation", id, "err", err)
		}
	}
}
