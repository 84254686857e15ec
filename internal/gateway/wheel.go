package gateway

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

const (
	turn  = time.Second // how often the wheel moves on
	slots = 64          // a session is looked after within as many turns

	// positionsAtOnce is how many positions are read in one query.
	positionsAtOnce = 500

	positionsWithin = 5 * time.Second
)

// wheel says which sessions are looked after when: one timer for all of them.
type wheel struct {
	mu    sync.Mutex
	now   int64             // turns so far; guarded by mu
	slots [slots][]*session // by the turn they are due, modulo slots; guarded by mu
}

// at has s looked after in d from now, and not before. The caller holds mu.
func (w *wheel) at(s *session, d time.Duration) {
	turns := min(max(int64((d+turn-1)/turn), 1), slots-1)
	s.due = w.now + turns
	w.slots[s.due%slots] = append(w.slots[s.due%slots], s)
}

// put has s looked after in d.
func (w *wheel) put(s *session, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at(s, d)
}

// beatAt has s get its next heartbeat in d.
func (w *wheel) beatAt(s *session, now time.Time, d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	s.beat = now.Add(d).UnixMilli()
	w.at(s, d)
}

// next moves the wheel on and returns who is due.
func (w *wheel) next() []*session {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now++
	slot := &w.slots[w.now%slots]
	due := (*slot)[:0]
	for _, s := range *slot {
		if s.due == w.now { // else it was put elsewhere since
			due = append(due, s)
		}
	}
	*slot = nil
	return due
}

// Run looks after the sessions until ctx ends: heartbeats, silence, the ends of
// tokens, and who has left. Sessions begin once it runs. Call it once.
func (g *Gateway) Run(ctx context.Context) error {
	g.ctx = ctx
	close(g.ready)
	ticker := time.NewTicker(turn)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			g.turn(ctx)
		}
	}
}

// turn does what is due.
func (g *Gateway) turn(ctx context.Context) {
	now := g.now()
	if g.resync.Swap(false) {
		g.spreadHeartbeats(now)
		g.around.again()
	}
	var beats []*session
	for _, s := range g.wheel.next() {
		if g.lookAfter(s, now) {
			beats = append(beats, s)
		}
	}
	for len(beats) > 0 {
		n := min(len(beats), positionsAtOnce)
		g.sendHeartbeats(ctx, beats[:n])
		beats = beats[n:]
	}
	g.announceLeft(ctx, now)
	if g.opts.Nodes {
		g.lookAround(ctx, now)
	}
}

// lookAfter ends a session whose time is over and says when to look again. It
// reports whether its heartbeat is due.
func (g *Gateway) lookAfter(s *session, now time.Time) bool {
	g.wheel.mu.Lock()
	beat := s.beat
	g.wheel.mu.Unlock()
	left := time.UnixMilli(s.expires.Load()).Sub(g.wall())
	switch {
	case s.hasEnded():
		return false
	case beat == 0:
		s.close(wire.Bye{Code: byeHelloTimeout, Message: "there was no hello in time"})
		return false
	case left <= 0:
		s.close(wire.Bye{Code: byeTokenExpired, Message: "the token has expired, come back with a fresh one"})
		return false
	case !s.fresh(now):
		s.close(wire.Bye{Code: byeHeartbeatLost, Message: "nothing was heard of you"})
		return false
	}
	isDue := beat <= now.UnixMilli()
	if isDue {
		beat = now.Add(g.opts.Heartbeat).UnixMilli()
	}
	silent := time.UnixMilli(s.seen.Load()).Add(g.silence + time.Millisecond)
	g.wheel.mu.Lock()
	defer g.wheel.mu.Unlock()
	s.beat = beat
	g.wheel.at(s, min(time.UnixMilli(beat).Sub(now), left, silent.Sub(now)))
	return isDue
}

// sendHeartbeats tells sessions where their participants stand. When the store
// cannot say, the heartbeat goes out without: the connection lives all the same.
func (g *Gateway) sendHeartbeats(ctx context.Context, sessions []*session) {
	uids := make([]chat.UID, len(sessions))
	for i, s := range sessions {
		uids[i] = s.actor.UID
	}
	ctx, cancel := context.WithTimeout(ctx, positionsWithin)
	defer cancel()
	epoch, positions, err := g.svc.Positions(ctx, uids)
	if err != nil {
		g.log.WarnContext(ctx, "positions for heartbeats", "sessions", len(sessions), "err", err)
	}
	if g.opts.Nodes {
		g.revokeAll(ctx, sessions, uids)
	}
	for _, s := range sessions {
		f := wire.ServerFrame{Heartbeat: new(wire.Heartbeat)}
		if err == nil {
			f.Heartbeat.Position = &wire.Position{Epoch: string(epoch), Pos: int64(positions[s.actor.UID])}
		}
		g.send(s, &f)
	}
}

// send encodes f for one session.
func (g *Gateway) send(s *session, f *wire.ServerFrame) {
	p, err := text(f)
	if err != nil {
		g.log.ErrorContext(g.ctx, "encode frame", "err", err)
		return
	}
	g.stats.out(f)
	s.enqueue(p)
}

// spreadHeartbeats has every session get a heartbeat soon, but not all at once.
func (g *Gateway) spreadHeartbeats(now time.Time) {
	sessions := g.hub.all()
	spread := turn + time.Duration(len(sessions))*time.Second/5000
	g.wheel.mu.Lock()
	defer g.wheel.mu.Unlock()
	for _, s := range sessions {
		if s.beat == 0 {
			continue // it reads its position at hello
		}
		d := rand.N(spread) //nolint:gosec // it spreads load and keeps no secret
		s.beat = now.Add(d).UnixMilli()
		g.wheel.at(s, d)
	}
}

// announceLeft tells those who watch who has left and did not come back.
func (g *Gateway) announceLeft(ctx context.Context, now time.Time) {
	gone, dropped := g.hub.left(now)
	g.interest.drop(chat.EventsOf, dropped) // before others are asked: it is not here any more
	if len(gone) == 0 {
		return
	}
	elsewhere := g.bus.Presence(ctx, gone)
	for _, uid := range gone {
		if elsewhere[uid] != chat.Online {
			g.announcePresence(ctx, uid, false)
		}
	}
}
