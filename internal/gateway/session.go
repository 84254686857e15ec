package gateway

import (
	"sync"
	"sync/atomic"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

const (
	// A session's queue: more than a burst, less than a client that has stopped
	// reading may cost.
	maxQueued      = 512
	maxQueuedBytes = 1 << 20

	// batchBytes is how much is written at once.
	batchBytes = 32 << 10

	writeWithin = 10 * time.Second // one batch
	hurryWithin = time.Second      // what is under way when the session ends
	byeWithin   = 3 * time.Second  // all that is left when the server stops
)

// session is one live connection. The reader's fields are its own; the rest
// says who guards it. There may be a hundred thousand, so what only some need is
// behind a pointer.
type session struct {
	gw   *Gateway
	sock socket
	id   chat.ClientID

	// Set by hello, before the hub knows the session, and never changed.
	actor chat.Actor

	issued  atomic.Int64 // of the token, Unix ms
	expires atomic.Int64 // of the token, Unix ms
	taken   atomic.Int64 // when the token came, as now has it
	seen    atomic.Int64 // the last frame from the client, as now has it
	busy    atomic.Bool  // a frame is being carried out: silence is not the client's

	// The reader's.
	greeted  bool      // beside busy, where it takes no more room
	requests allowance // frames
	patience allowance // frames refused for being too many

	mu      sync.Mutex
	queue   []packet // guarded by mu
	queued  int      // bytes in queue; guarded by mu
	writing bool     // somebody empties queue; guarded by mu
	held    bool     // events wait for the welcome; guarded by mu
	closed  bool     // nothing more is queued; guarded by mu

	// Guarded by hub.mu.
	joined bool   // the hub has it
	live   bool   // welcomed
	watch  *watch // whom it watches; nil for nobody

	// Guarded by wheel.mu.
	due  int64 // the turn that looks after it next
	beat int64 // its next heartbeat, as now has it; 0 before hello
}

// enqueue hands a packet to the client, after what is queued already. It never
// waits: the writer is a goroutine of its own that ends with the queue.
func (s *session) enqueue(p packet) {
	if s.push(p) {
		go s.writer()
	}
}

// reply is enqueue for the reader, which may write itself: its client waits for
// this very answer.
func (s *session) reply(p packet) {
	if s.push(p) {
		s.writer()
	}
}

// push queues p and reports whether the caller has become the writer.
func (s *session) push(p packet) bool {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	if len(s.queue) >= maxQueued || s.queued+len(p.payload) > maxQueuedBytes {
		s.mu.Unlock()
		s.tooSlow()
		return false
	}
	s.add(p)
	start := s.start()
	s.mu.Unlock()
	return start
}

// add appends to the queue; the caller holds mu.
func (s *session) add(p packet) {
	s.queue = append(s.queue, p)
	s.queued += len(p.payload)
}

// start reports whether the caller is to run writer; the caller holds mu. The
// gateway waits for writers, and as a session's own count is given back under
// mu too, that wait cannot be over yet.
func (s *session) start() bool {
	if s.writing || s.held {
		return false
	}
	s.writing = true
	s.gw.running.Add(1)
	return true
}

// writer writes what is queued until nothing is.
func (s *session) writer() {
	defer s.gw.running.Done()
	buf := s.gw.buffers.get()
	defer s.gw.buffers.put(buf)
	for {
		more, last := s.fill(buf)
		if last {
			s.sock.finish()
		}
		if !more {
			return
		}
		if err := s.sock.send(*buf, writeWithin); err != nil {
			s.abandon()
			return
		}
		s.gw.stats.bytesOut.Add(float64(len(*buf)))
	}
}

// fill moves the next batch from the queue to buf, in one write rather than one
// for each packet. When there is nothing it ends the writer's turn, the last of them if the
// session has ended.
func (s *session) fill(buf *[]byte) (more, last bool) {
	*buf = (*buf)[:0]
	s.mu.Lock()
	defer s.mu.Unlock()
	n := 0
	for n < len(s.queue) && (n == 0 || len(*buf)+len(s.queue[n].payload) < batchBytes) {
		*buf = s.sock.frame(*buf, s.queue[n])
		s.queued -= len(s.queue[n].payload)
		n++
	}
	if n == len(s.queue) {
		s.queue = nil // an idle session keeps nothing
	} else {
		s.queue = s.queue[n:]
	}
	if n > 0 {
		return true, false
	}
	s.writing = false
	return false, s.closed
}

// abandon ends a session whose connection is broken.
func (s *session) abandon() {
	s.mu.Lock()
	s.closed, s.writing, s.queue = true, false, nil
	s.mu.Unlock()
	s.gw.forget(s)
	s.sock.abort()
}

// giveUp ends a session that has been closed and whose client has not taken its
// goodbye yet.
func (s *session) giveUp() {
	s.mu.Lock()
	untold := s.writing
	s.mu.Unlock()
	if untold {
		s.abandon()
	}
}

// close says goodbye, after what is queued already, and ends the session. Only
// the first goodbye is said.
func (s *session) close(b wire.Bye) {
	p, err := text(&wire.ServerFrame{Bye: &b})
	if err != nil {
		s.abandon()
		return
	}
	if s.end(false, p, closing(statusOf(&b), b.Code)) {
		s.gw.stats.byes.WithLabelValues(b.Code).Inc()
	}
}

// hasEnded reports whether nothing is carried out or queued any more.
func (s *session) hasEnded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// tooSlow ends a session whose client reads more slowly than things happen. What
// waits for it is dropped: it will ask for all of it when it is back.
func (s *session) tooSlow() {
	b := wire.Bye{Code: byeSlowConsumer, Message: "you were told more than you read, come back and catch up"}
	p, err := text(&wire.ServerFrame{Bye: &b})
	if err == nil && s.end(true, p, closing(statusOf(&b), b.Code)) {
		s.gw.stats.byes.WithLabelValues(b.Code).Inc()
		s.sock.hurry(hurryWithin)
	}
}

// leave ends a session whose client has closed, or is gone.
func (s *session) leave() {
	s.end(false, closing(1000, ""))
}

// end makes last the last that is written, and reports whether it did: a session
// ends once.
func (s *session) end(drop bool, last ...packet) bool {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return false
	}
	if drop {
		s.queue, s.queued = nil, 0
	}
	for _, p := range last {
		s.add(p)
	}
	s.closed, s.held = true, false
	start := s.start()
	s.mu.Unlock()

	s.gw.forget(s)
	if start {
		go s.writer()
	}
	return true
}

// gone is the reader's last act. It forgets the session again, in case that it
// ended while it was about to join.
func (s *session) gone() {
	s.leave()
	s.gw.forget(s)
	s.gw.end(s)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.gw.running.Done()
}

// hold keeps events back until release.
func (s *session) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = true
}

// release puts first before all that was held back and lets it go.
func (s *session) release(first packet) {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	s.queue = append([]packet{first}, s.queue...)
	s.queued += len(first.payload)
	s.held = false
	start := s.start()
	s.mu.Unlock()
	if start {
		s.writer()
	}
}

// pong answers a ping of WebSocket's own, if it is not one of too many.
func (s *session) pong(payload []byte) {
	now := s.gw.now()
	s.touch(now)
	if _, ok := s.requests.take(s.gw.frames, s.gw.frames.period, now); ok {
		s.reply(pongTo(payload))
	}
}

func (s *session) touch(now time.Time) { s.seen.Store(now.UnixMilli()) }

// fresh reports whether the client was heard of lately. While one of its frames
// is being carried out it cannot be.
func (s *session) fresh(now time.Time) bool {
	return s.busy.Load() || now.UnixMilli()-s.seen.Load() <= s.gw.silence.Milliseconds()
}
