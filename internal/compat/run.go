package compat

import (
	"context"
	"math/rand/v2"
	"time"

	"haggle/internal/chat"
)

const (
	// firstPing is how soon after it was bound a page is pinged where other nodes publish,
	// too.
	firstPing = 2 * time.Second

	round = time.Second // how often the sockets are looked after

	// positionsAtOnce is how many positions are read in one query.
	positionsAtOnce = 500

	positionsWithin = 5 * time.Second
)

// Run looks after the sockets until ctx ends: pings, silence, the ends of tokens,
// what got lost, and who has left. Sockets begin once it runs. Call it once.
func (s *Server) Run(ctx context.Context) error {
	s.ctx = ctx
	close(s.ready)
	ticker := time.NewTicker(round)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			s.lookAfterAll(ctx)
		}
	}
}

// lookAfterAll is one round.
func (s *Server) lookAfterAll(ctx context.Context) {
	now := s.now()
	s.mu.RLock()
	all := s.all()
	s.mu.RUnlock()
	var due []*socket
	for _, sock := range all {
		if sock.lookAfter(now) {
			due = append(due, sock)
		}
	}
	for len(due) > 0 {
		n := min(len(due), positionsAtOnce)
		s.compare(ctx, due[:n])
		due = due[n:]
	}
	s.announceLeft(ctx, now)
}

// lookAfter ends a socket whose time is over, and pings it when that is due. It
// reports whether the page is one that gets messages and was pinged: then it may
// lack some.
func (s *socket) lookAfter(now time.Time) bool {
	if ends := s.expires.Load(); ends > 0 && s.srv.wall().UnixMilli() >= ends {
		s.close(closePolicy, "token_expired")
		return false
	}
	s.mu.Lock()
	due := !now.Before(s.pingAt)
	lost := false
	if due {
		lost = s.quiet >= quietRounds
		s.quiet++
		s.pingAt = now.Add(s.srv.opts.Ping)
	}
	begun := s.begun
	s.mu.Unlock()
	if lost {
		s.close(closeGoingAway, "no_pong")
		return false
	}
	if due {
		s.enqueue(outgoing{ping: true})
	}
	return due && begun
}

// nextPing has the first ping come within d, not all of them at once.
func (s *socket) nextPing(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pingAt = s.srv.now().Add(rand.N(d)) //nolint:gosec // it spreads load and keeps no secret
}

// compare has those sockets look again whose person's position is not the one that
// events have told of: some were lost.
func (s *Server) compare(ctx context.Context, sockets []*socket) {
	uids := make([]chat.UID, len(sockets))
	for i, sock := range sockets {
		uids[i] = sock.owner.Actor.UID
	}
	ctx, cancel := context.WithTimeout(ctx, positionsWithin)
	defer cancel()
	epoch, positions, err := s.svc.Positions(ctx, uids)
	if err != nil {
		s.log.WarnContext(ctx, "positions of old pages", "sockets", len(sockets), "err", err)
		return
	}
	if s.opts.Nodes {
		s.revokeAll(ctx, sockets, uids)
	}
	for _, sock := range sockets {
		sock.mu.Lock()
		behind := sock.since.Epoch != "" && (sock.since.Epoch != epoch || sock.since.Pos < positions[sock.owner.Actor.UID])
		sock.mu.Unlock()
		if behind {
			sock.lookAgain()
		}
	}
}

// revokeAll ends the sockets whose tokens count no more: the event that said so may have
// been lost on its way from another node.
func (s *Server) revokeAll(ctx context.Context, sockets []*socket, uids []chat.UID) {
	revoked, err := s.svc.Revocations(ctx, uids)
	if err != nil {
		s.log.WarnContext(ctx, "revocations of old pages", "sockets", len(sockets), "err", err)
		return
	}
	for _, sock := range sockets {
		if at, ok := revoked[sock.owner.Actor.UID]; ok {
			sock.revoke(at)
		}
	}
}

// announceLeft tells those who watch who has left and did not come back.
func (s *Server) announceLeft(ctx context.Context, now time.Time) {
	var gone []chat.UID
	s.mu.Lock()
	for uid, at := range s.left {
		if now.Sub(at) >= offlineAfter {
			delete(s.left, uid)
			gone = append(gone, uid)
			// Not before: other nodes ask where the events go who is here. Events that
			// nobody wants do no harm.
			_ = s.bus.Unsubscribe(chat.Topic{Kind: chat.EventsOf, UID: uid})
		}
	}
	s.mu.Unlock()
	if len(gone) == 0 {
		return
	}
	elsewhere := s.bus.Presence(ctx, gone)
	for _, uid := range gone {
		if elsewhere[uid] != chat.Online {
			s.announcePresence(ctx, uid, false)
		}
	}
}
