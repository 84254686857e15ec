package gateway

import (
	"maps"
	"slices"
	"sync"
	"time"

	"haggle/internal/chat"
)

// hub knows the sessions of this node, by whose they are and by whom they watch.
type hub struct {
	grace time.Duration // how long somebody who left still counts as here

	mu       sync.RWMutex
	peers    map[chat.UID]*peer                 // guarded by mu
	watchers map[chat.UID]map[*session]struct{} // guarded by mu
	told     map[chat.UID]chat.Presence         // what they were told last, or one of them; guarded by mu
	departed []departure                        // in order of time; guarded by mu
}

// peer is a participant with sessions here, or one that has just left.
type peer struct {
	sessions []*session
	online   bool      // watchers were told so
	leftAt   time.Time // when the last session left; zero: one is here
}

// watch is what a session watches.
type watch struct {
	uids   []chat.UID        // sorted
	news   map[chat.UID]bool // presence that changed while the watch is answered
	asking bool              // it is being answered
}

type departure struct {
	uid chat.UID
	at  time.Time
}

func newHub(grace time.Duration) *hub {
	return &hub{
		grace: grace, peers: make(map[chat.UID]*peer), watchers: make(map[chat.UID]map[*session]struct{}),
		told: make(map[chat.UID]chat.Presence),
	}
}

// join registers s. When its actor has more than limit sessions then, it returns
// the one that was heard of least lately.
func (h *hub) join(s *session, limit int) (stalest *session) {
	h.mu.Lock()
	defer h.mu.Unlock()
	p := h.peers[s.actor.UID]
	if p == nil {
		p = new(peer)
		h.peers[s.actor.UID] = p
	}
	mine := 0
	for _, other := range p.sessions {
		if other.actor.Agent != s.actor.Agent {
			continue
		}
		mine++
		if stalest == nil || other.seen.Load() < stalest.seen.Load() {
			stalest = other
		}
	}
	p.sessions = append(p.sessions, s)
	s.joined = true
	if mine < limit {
		return nil
	}
	return stalest
}

// arrive makes a session that was welcomed count, and reports whether its uid
// was offline until now. A session that has ended meanwhile does not count.
func (h *hub) arrive(s *session) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !s.joined {
		return false
	}
	p := h.peers[s.actor.UID]
	s.live = true
	p.leftAt = time.Time{}
	before := p.online
	p.online = true
	return !before
}

// leave forgets s and what it watches, and reports whether the node needs its events no
// more on account of it. It does while somebody who left still counts as here: other
// nodes ask where the events go. Of a session that has not joined it does not look at the
// actor, which is still being set.
func (h *hub) leave(s *session, now time.Time) (drop bool, unwatched []chat.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if s.watch != nil {
		unwatched, s.watch = s.watch.uids, nil
	}
	for _, uid := range unwatched {
		h.dropWatcher(uid, s)
	}
	if !s.joined {
		return false, unwatched
	}
	p := h.peers[s.actor.UID]
	i := slices.Index(p.sessions, s)
	p.sessions = slices.Delete(p.sessions, i, i+1)
	s.joined, s.live = false, false
	switch {
	case slices.ContainsFunc(p.sessions, func(s *session) bool { return s.live }):
	case p.online && p.leftAt.IsZero():
		p.leftAt = now
		h.departed = append(h.departed, departure{s.actor.UID, now})
		return false, unwatched
	case !p.online && len(p.sessions) == 0:
		delete(h.peers, s.actor.UID)
	}
	return true, unwatched
}

func (h *hub) dropWatcher(uid chat.UID, s *session) {
	set := h.watchers[uid]
	delete(set, s)
	if len(set) == 0 {
		delete(h.watchers, uid)
		delete(h.told, uid)
	}
}

// left returns who has been gone for longer than the grace, and no longer counts
// them as here. For each of dropped, some of whom are back, the node needs the events
// that leave did not drop no more.
func (h *hub) left(now time.Time) (gone, dropped []chat.UID) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for ; n < len(h.departed) && now.Sub(h.departed[n].at) >= h.grace; n++ {
		d := h.departed[n]
		dropped = append(dropped, d.uid)
		p := h.peers[d.uid]
		if p == nil || !p.leftAt.Equal(d.at) {
			continue // back, or left again since
		}
		p.online = false
		if len(p.sessions) == 0 {
			delete(h.peers, d.uid)
		}
		gone = append(gone, d.uid)
	}
	h.departed = slices.Delete(h.departed, 0, n)
	return gone, dropped
}

// online reports whether uid has a fresh session here, or had one a moment ago.
func (h *hub) online(uid chat.UID, now time.Time) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	p := h.peers[uid]
	if p == nil {
		return false
	}
	if !p.leftAt.IsZero() {
		return now.Sub(p.leftAt) < h.grace
	}
	return slices.ContainsFunc(p.sessions, func(s *session) bool { return s.live && s.fresh(now) })
}

// sessionsOf appends the sessions of uid to list.
func (h *hub) sessionsOf(uid chat.UID, list []*session) []*session {
	h.mu.RLock()
	defer h.mu.RUnlock()
	if p := h.peers[uid]; p != nil {
		list = append(list, p.sessions...)
	}
	return list
}

// all returns every session.
func (h *hub) all() []*session {
	h.mu.RLock()
	defer h.mu.RUnlock()
	var list []*session
	for _, p := range h.peers {
		list = append(list, p.sessions...)
	}
	return list
}

// watch makes uids all that s watches, and returns what that adds and ends.
// Changes are kept back from then on until newsFor has fetched them all.
func (h *hub) watch(s *session, uids []chat.UID) (added, ended []chat.UID, ok bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if !s.live {
		return nil, nil, false
	}
	var before []chat.UID
	if s.watch != nil {
		before = s.watch.uids
	}
	for _, uid := range before {
		if _, still := slices.BinarySearch(uids, uid); !still {
			ended = append(ended, uid)
			h.dropWatcher(uid, s)
		}
	}
	for _, uid := range uids {
		if _, already := slices.BinarySearch(before, uid); already {
			continue
		}
		added = append(added, uid)
		if h.watchers[uid] == nil {
			h.watchers[uid] = make(map[*session]struct{})
		}
		h.watchers[uid][s] = struct{}{}
	}
	s.watch = &watch{uids: uids, asking: true}
	return added, ended, true
}

// newsFor returns the changes that were kept back since watch, or since the last
// call. When there are none, changes reach the session by themselves again.
func (h *hub) newsFor(s *session) map[chat.UID]bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	w := s.watch
	if w == nil {
		return nil // it has ended
	}
	news := w.news
	w.news = nil
	w.asking = len(news) > 0
	return news
}

// watching appends the sessions that watch uid and can be told now; for
// the others it is kept back.
func (h *hub) watching(uid chat.UID, online bool, list []*session) []*session {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.watchers[uid]) > 0 {
		h.told[uid] = presenceOf(online)
	}
	for s := range h.watchers[uid] {
		if !s.watch.asking {
			list = append(list, s)
			continue
		}
		if s.watch.news == nil {
			s.watch.news = make(map[chat.UID]bool)
		}
		s.watch.news[uid] = online
	}
	return list
}

// stale returns those of whom the watchers were told otherwise. Of the others it notes
// what they are told now.
func (h *hub) stale(found map[chat.UID]chat.Presence) []chat.UID {
	h.mu.Lock()
	defer h.mu.Unlock()
	var changed []chat.UID
	for uid, p := range found {
		if p == chat.PresenceUnknown || len(h.watchers[uid]) == 0 {
			continue
		}
		if told, ok := h.told[uid]; ok && told != p {
			changed = append(changed, uid)
			continue
		}
		h.told[uid] = p
	}
	return changed
}

// unsure notes that somebody who watches is told of those who may or may not be there:
// once that is known it is news.
func (h *hub) unsure(found map[chat.UID]chat.Presence) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for uid, p := range found {
		if p == chat.PresenceUnknown && len(h.watchers[uid]) > 0 {
			h.told[uid] = p
		}
	}
}

// watched returns whom sessions watch.
func (h *hub) watched() []chat.UID {
	h.mu.RLock()
	defer h.mu.RUnlock()
	return slices.Collect(maps.Keys(h.watchers))
}

func presenceOf(online bool) chat.Presence {
	if online {
		return chat.Online
	}
	return chat.Offline
}
