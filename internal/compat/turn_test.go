package compat

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// slowStore answers one question after the other.
type slowStore struct {
	chat.Store

	answers chan struct{} // whoever is in it is answered
	took    time.Duration
}

func (s *slowStore) answer(ctx context.Context) error {
	select {
	case s.answers <- struct{}{}:
		defer func() { <-s.answers }()
	case <-ctx.Done():
		return ctx.Err()
	}
	<-time.After(s.took)
	return nil
}

func (s *slowStore) Positions(ctx context.Context, _ []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	return "epoch", nil, s.answer(ctx)
}

func (s *slowStore) Conversations(ctx context.Context, _ chat.ConversationQuery) ([]chat.Conversation, error) {
	return nil, s.answer(ctx)
}

func (s *slowStore) Participants(ctx context.Context, _ []chat.UID) (map[chat.UID]chat.Participant, error) {
	return nil, s.answer(ctx)
}

func (s *slowStore) Products(ctx context.Context, _ []chat.ProductID) (map[chat.ProductID]chat.Product, error) {
	return nil, s.answer(ctx)
}

func newSlow(took time.Duration) *Server {
	store := &slowStore{answers: make(chan struct{}, 1), took: took}
	log := slog.New(slog.DiscardHandler)
	return &Server{
		svc: chat.NewService(store, localbus.New(), testkit.NoLimits{}, chat.DefaultLimits(), log), log: log,
		asking: make(chan struct{}, askingAtOnce),
	}
}

func newSocket(s *Server) *socket {
	return &socket{srv: s, owner: chat.Identity{Actor: chat.Actor{UID: "U_7"}}, ending: make(chan struct{})}
}

// However many come at once, none is sent away because of those before it: what a store
// can do in its time, it is asked for in that time.
func TestTurn_eachPageHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const pages = 1000
		s := newSlow(100 * time.Millisecond)
		s.ctx = t.Context()
		var all sync.WaitGroup
		var known atomic.Int32
		for range pages {
			all.Go(func() {
				page := newSocket(s)
				err := page.lookUp()
				if err == nil && page.since.Epoch == "epoch" {
					known.Add(1)
				}
			})
		}
		all.Wait()
		if n := known.Load(); n != pages {
			t.Errorf("%d of %d pages know what is new", n, pages)
		}
	})
}

// A page that is closed waits no more, and takes nobody's turn.
func TestTurn_whoGoesWaitsNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSlow(time.Second)
		s.ctx = t.Context()
		for range askingAtOnce {
			s.asking <- struct{}{}
		}
		page := newSocket(s)
		gone := false
		go func() {
			_, ok := page.takeTurn()
			gone = !ok
		}()
		synctest.Wait()
		close(page.ending)
		synctest.Wait()
		if !gone {
			t.Error("it still waits")
		}
		<-s.asking
		next := newSocket(s)
		done, ok := next.takeTurn()
		if !ok {
			t.Fatal("who came after it has no turn")
		}
		done()
	})
}
