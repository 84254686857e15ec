package compat

import (
	"context"
	"crypto/rand"
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
//
// What the history of that name shows is not told again, see shown.
func (s *Server) Bind(ctx context.Context, id *chat.Identity, history string, client chat.ClientID) error {
	sock := s.find(client)
	switch {
	case sock == nil:
		return s.bindElsewhere(ctx, id, history, client)
	case ownerOf(sock.owner.Actor) != ownerOf(id.Actor):
		return chat.Codef(chat.Denied, "not_your_socket", "this connection is not yours, or came without the cookie %s", CookieName)
	}
	came, err := s.bind(sock)
	if err != nil {
		return err
	}
	if err := s.stillValid(ctx, sock, id); err != nil {
		return err
	}
	sock.prolong(id)
	sock.begin(s.shown.take(history, ownerOf(id.Actor), s.now()))
	if came {
		s.announcePresence(ctx, id.Actor.UID, true)
	}
	return nil
}

// stillValid looks for a revocation that the socket was not told of, as it was not
// bound when it came.
func (s *Server) stillValid(ctx context.Context, sock *socket, id *chat.Identity) error {
	at, err := s.svc.RevokedAt(ctx, id.Actor.UID)
	if err == nil && !at.IsZero() && (sock.isBefore(at) || id.IssuedAt.Before(at)) {
		err = chat.Codef(chat.Unauthenticated, "token_revoked", "all sessions were ended")
	}
	if err != nil {
		sock.close(closePolicy, "token_revoked")
	}
	return err
}

// foreign reports whether client names a socket of somebody else's. One that is not
// here is nobody's.
func (s *Server) foreign(actor chat.Actor, client chat.ClientID) bool {
	sock := s.find(client)
	return sock != nil && sock.owner.Actor.UID != "" && ownerOf(sock.owner.Actor) != ownerOf(actor)
}

// live reports whether client names a socket that is bound to the actor, here or at
// another node.
func (s *Server) live(ctx context.Context, actor chat.Actor, client chat.ClientID) bool {
	if s.find(client) != nil {
		return s.liveHere(actor, client)
	}
	a, found, err := s.elsewhere(ctx, client, &relayed{Identity: chat.Identity{Actor: actor}})
	return err == nil && found && a.Live
}

func (s *Server) liveHere(actor chat.Actor, client chat.ClientID) bool {
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
	named := false
	defer func() { // without s.mu: what PHP asks for may take its time
		if named && sock.php != nil {
			sock.php.Bind(uid) // as PHP did on BindUserClientId
		}
	}()
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
		_, lately := s.left[uid] // then the node has not let go of it yet
		if !lately {
			if err := s.bus.Subscribe(chat.Topic{Kind: chat.EventsOf, UID: uid}); err != nil {
				return false, fmt.Errorf("bind: %w", err)
			}
		}
		s.bound[uid] = make(map[*socket]struct{})
		delete(s.left, uid)
		came = !lately
	}
	s.bound[uid][sock] = struct{}{}
	named = true
	if s.opts.Nodes { // other nodes may have learnt a moment too late that it is here
		sock.nextPing(min(s.opts.Ping, firstPing))
	}
	return came, nil
}

// prolong keeps the socket for as long as the newest token is good.
func (s *socket) prolong(id *chat.Identity) {
	s.expires.Store(max(s.expires.Load(), id.ExpiresAt.UnixMilli()))
	s.seen.Store(s.srv.now().UnixMilli())
}

// begin has the writer look up what is undelivered, the first time it is called.
// What the page's history has shown already is not told again.
func (s *socket) begin(shown shownPage, ok bool) {
	s.mu.Lock()
	first := s.bound && !s.begun
	if first {
		s.begun, s.list = true, true
		if ok {
			s.newsOf(shown.conversation).shown = shown
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
		switch {
		case ev.Revoked != nil:
			sock.revoke(ev.Revoked.At)
		case ev.Typing != nil, ev.Colleague != nil, ev.Push != nil: // the old pages show none of it
		case ev == (chat.Event{Origin: ev.Origin, Pos: ev.Pos}): // something that is not said
			sock.lookAgain()
		default:
			sock.learn(&ev)
		}
	}
}

// revoke ends the socket if it is from before at.
func (s *socket) revoke(at time.Time) {
	if s.isBefore(at) {
		s.close(closePolicy, "token_revoked")
	}
}

// isBefore reports whether the socket's token was issued before at, or the socket was here
// then: what its token says of its own time may be from before the clock was set back.
func (s *socket) isBefore(at time.Time) bool {
	since := s.srv.wall().UnixMilli() - (s.srv.now().UnixMilli() - s.taken)
	return min(s.owner.IssuedAt.UnixMilli(), since) < at.UnixMilli()
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

// shown remembers what the histories of pages show that are about to bind. A history
// carries a name of its own, which its page repeats when it binds, once: what the
// history shows is not pushed then. A page that does not is told all that nobody has
// acknowledged.
type shown struct {
	mu    sync.Mutex
	pages map[string]shownPage // by name; guarded by mu
}

type shownPage struct {
	at           time.Time
	owner        owner
	conversation chat.ConversationID
	first, last  chat.Seq
}

func newShown() *shown { return &shown{pages: make(map[string]shownPage)} }

// put returns the name of what a page shows; "" if there are too many.
func (s *shown) put(p shownPage) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.pages) >= maxShown {
		s.sweep(p.at)
	}
	if len(s.pages) >= maxShown {
		return ""
	}
	name := rand.Text()
	s.pages[name] = p
	return name
}

// take returns what the page of that name shows, once, to whom it was shown.
func (s *shown) take(name string, who owner, now time.Time) (shownPage, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[name]
	if !ok || p.owner != who {
		return shownPage{}, false
	}
	delete(s.pages, name)
	return p, now.Sub(p.at) <= shownFor
}

// sweep drops the pages that never bound; the caller holds mu.
func (s *shown) sweep(now time.Time) {
	for name, p := range s.pages {
		if now.Sub(p.at) > shownFor {
			delete(s.pages, name)
		}
	}
}
