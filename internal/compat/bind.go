package compat

import (
	"context"
	"fmt"
	"sync"
	"time"

	"haggle/internal/chat"
)

// Bind makes a socket the one of the person whose page has posted its client_id:
// messages go there from now on, those first that the person has not acknowledged.
// A socket belongs to whom the cookie of its upgrade names, and to nobody else: a
// foreign one is Denied with code "not_your_socket", an unknown one NotFound with
// "no_such_socket". Binding again changes nothing.
func (s *Server) Bind(ctx context.Context, id *chat.Identity, token string, client chat.ClientID) error {
	sock := s.find(client)
	switch {
	case sock == nil:
		return chat.Codef(chat.NotFound, "no_such_socket", "there is no connection of that client_id")
	case ownerOf(sock.owner.Actor) != ownerOf(id.Actor):
		return chat.Codef(chat.Denied, "not_your_socket", "this connection is not yours, or came without the cookie %s", CookieName)
	}
	came, err := s.bind(sock)
	if err != nil {
		return err
	}
	sock.prolong(id)
	sock.begin(s.shown.take(token, s.now()))
	if came {
		s.announcePresence(ctx, id.Actor.UID, true)
	}
	return nil
}

// foreign reports whether client names a socket of somebody else's. One that is not
// here is nobody's.
func (s *Server) foreign(actor chat.Actor, client chat.ClientID) bool {
	sock := s.find(client)
	return sock != nil && sock.owner.Actor.UID != "" && ownerOf(sock.owner.Actor) != ownerOf(actor)
}

// live reports whether client names a socket that is bound to the actor.
func (s *Server) live(actor chat.Actor, client chat.ClientID) bool {
	sock := s.find(client)
	if sock == nil || ownerOf(sock.owner.Actor) != ownerOf(actor) {
		return false
	}
	sock.mu.Lock()
	defer sock.mu.Unlock()
	return sock.bound && !sock.gone
}

func (s *Server) find(client chat.ClientID) *socket {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.sockets[client]
}

// bind registers the socket with its uid, and reports whether that was offline.
// Events come from now on; the writer looks at them after what is undelivered.
func (s *Server) bind(sock *socket) (came bool, err error) {
	uid := sock.owner.Actor.UID
	s.mu.Lock()
	defer s.mu.Unlock()
	sock.mu.Lock()
	already := sock.bound
	gone := sock.gone
	sock.bound = !gone
	sock.mu.Unlock()
	if already || gone {
		return false, nil
	}
	if s.bound[uid] == nil {
		if err := s.bus.Subscribe(chat.Topic{Kind: chat.EventsOf, UID: uid}); err != nil {
			return false, fmt.Errorf("bind: %w", err)
		}
		s.bound[uid] = make(map[*socket]struct{})
		_, lately := s.left[uid]
		delete(s.left, uid)
		came = !lately
	}
	s.bound[uid][sock] = struct{}{}
	return came, nil
}

// prolong keeps the socket for as long as the newest token is good.
func (s *socket) prolong(id *chat.Identity) {
	s.expires.Store(max(s.expires.Load(), id.ExpiresAt.UnixMilli()))
	s.seen.Store(s.srv.now().UnixMilli())
}

// begin has the writer look up what is undelivered, the first time it is called.
// What the page's history has shown already is not told again.
func (s *socket) begin(shown map[chat.ConversationID]chat.Seq) {
	s.mu.Lock()
	first := s.bound && !s.begun
	if first {
		s.begun, s.list = true, true
		for id, seq := range shown {
			s.newsOf(id).shown = seq
		}
	}
	s.mu.Unlock()
	if first {
		s.wake()
	}
}

// Deliver implements chat.Receiver.
func (s *Server) Deliver(topic chat.Topic, ev chat.Event) {
	if topic.Kind != chat.EventsOf {
		return // nobody watches from here
	}
	s.mu.RLock()
	defer s.mu.RUnlock()
	for sock := range s.bound[topic.UID] {
		if ev.Revoked == nil {
			sock.learn(&ev)
		} else if sock.owner.IssuedAt.Before(ev.Revoked.At) {
			sock.close(closePolicy, "token_revoked")
		}
	}
}

// Online implements chat.Receiver.
func (s *Server) Online(uid chat.UID) bool {
	now := s.now()
	s.mu.RLock()
	defer s.mu.RUnlock()
	if at, ok := s.left[uid]; ok && now.Sub(at) < offlineAfter {
		return true
	}
	for sock := range s.bound[uid] {
		if now.Sub(time.UnixMilli(sock.seen.Load())) <= s.opts.Ping*3/2 {
			return true
		}
	}
	return false
}

// Resync implements chat.Receiver: every socket looks for what it may have missed.
func (s *Server) Resync() {
	s.mu.RLock()
	defer s.mu.RUnlock()
	for _, mine := range s.bound {
		for sock := range mine {
			sock.lookAgain()
		}
	}
}

func (s *socket) lookAgain() {
	s.mu.Lock()
	s.list = s.begun
	s.mu.Unlock()
	s.wake()
}

func (s *Server) announcePresence(ctx context.Context, uid chat.UID, online bool) {
	err := s.bus.Publish(context.WithoutCancel(ctx), []chat.Topic{{Kind: chat.PresenceOf, UID: uid}}, chat.Event{
		Presence: &chat.PresenceEvent{UID: uid, Online: online},
	})
	if err != nil {
		s.log.WarnContext(ctx, "announce presence", "uid", uid, "err", err)
	}
}

const (
	// shownFor is how long a page may take from its history to its binding.
	shownFor = time.Minute

	// maxShown bounds those pages. One more is told again what it shows.
	maxShown = 10_000
)

// shown remembers up to where the histories of pages that are about to bind go. A
// page shows its history and then binds; what came before is in the history, and
// what comes after is pushed, each once. The two requests have nothing in common but
// the token.
type shown struct {
	mu    sync.Mutex
	pages map[string]shownPage // by token; guarded by mu
}

type shownPage struct {
	at    time.Time
	until map[chat.ConversationID]chat.Seq
}

func newShown() *shown { return &shown{pages: make(map[string]shownPage)} }

// put notes that a page shows a conversation up to seq.
func (s *shown) put(token string, id chat.ConversationID, seq chat.Seq, now time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= maxShown {
		s.sweep(now)
	}
	p, known := s.pages[token]
	if !known || now.Sub(p.at) > shownFor {
		if len(s.pages) >= maxShown {
			return
		}
		p.until = make(map[chat.ConversationID]chat.Seq)
	}
	p.at = now
	p.until[id] = seq
	s.pages[token] = p
}

// take returns what the page of that token shows, once.
func (s *shown) take(token string, now time.Time) map[chat.ConversationID]chat.Seq {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[token]
	delete(s.pages, token)
	if !ok || now.Sub(p.at) > shownFor {
		return nil
	}
	return p.until
}

// sweep drops the pages that never bound; the caller holds mu.
func (s *shown) sweep(now time.Time) {
	for token, p := range s.pages {
		if now.Sub(p.at) > shownFor {
			delete(s.pages, token)
		}
	}
}
