package gateway

import (
	"context"
	"time"

	"haggle/internal/chat"
)

const (
	// firstBeat is how soon after its welcome a session looks into the store where
	// other nodes publish, too.
	firstBeat = 2 * time.Second

	// aroundEvery is how often whoever is watched here is asked for again: a node that
	// dies says goodbye for nobody. With a turn and the answer it is less than 30 s.
	aroundEvery = 28 * time.Second

	// aroundAtOnce is for how many in one turn.
	aroundAtOnce = 200
)

// around is how far the gateway has come in asking for those who are watched.
type around struct {
	left  []chat.UID // still to be asked for
	began time.Time
}

// again begins anew, with the next turn.
func (a *around) again() { *a = around{} }

// lookAround asks for the next of those who are watched, and tells their watchers what
// they were not told.
func (g *Gateway) lookAround(ctx context.Context, now time.Time) {
	a := &g.around
	if len(a.left) == 0 {
		if now.Sub(a.began) < aroundEvery {
			return
		}
		a.left, a.began = g.hub.watched(), now
	}
	n := min(len(a.left), aroundAtOnce)
	if n == 0 {
		return
	}
	found := g.bus.Presence(ctx, a.left[:n])
	a.left = a.left[n:]
	g.correct(found)
}

// correct tells those who watch, and were told otherwise, how things are.
func (g *Gateway) correct(found map[chat.UID]chat.Presence) {
	for _, uid := range g.hub.stale(found) {
		g.deliverPresence(uid, &chat.PresenceEvent{UID: uid, Online: found[uid] == chat.Online})
	}
}

// beatSoon has the sessions of uid get a heartbeat with the next turn, and so look into
// the store. One that has not been welcomed yet looks there by itself.
func (g *Gateway) beatSoon(uid chat.UID) {
	sessions := g.hub.sessionsOf(uid, nil)
	now := g.now().UnixMilli()
	g.wheel.mu.Lock()
	defer g.wheel.mu.Unlock()
	for _, s := range sessions {
		if s.beat != 0 {
			s.beat = now
			g.wheel.at(s, 0)
		}
	}
}

// revokeAll ends the sessions whose tokens count no more: the event that said so may
// have been lost on its way from another node. When the store cannot say, the next
// heartbeat asks again.
func (g *Gateway) revokeAll(ctx context.Context, sessions []*session, uids []chat.UID) {
	revoked, err := g.svc.Revocations(ctx, uids)
	if err != nil {
		g.log.WarnContext(ctx, "revocations for heartbeats", "sessions", len(sessions), "err", err)
		return
	}
	for _, s := range sessions {
		if at, ok := revoked[s.actor.UID]; ok {
			s.revoke(at)
		}
	}
}
