package chat_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// toIndex is a store with so many messages to index, that takes some time for a step.
type toIndex struct {
	chat.Store

	takes time.Duration

	mu    sync.Mutex
	todo  int   // guarded by mu
	fails error // guarded by mu
}

func (s *toIndex) set(todo int, fails error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.todo, s.fails = todo, fails
}

func (s *toIndex) left() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.todo
}

func (s *toIndex) IndexMessages(_ context.Context, limit int) (int, error) {
	<-time.After(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.fails != nil {
		return 0, s.fails
	}
	n := min(s.todo, limit)
	s.todo -= n
	return n, nil
}

// What is said can be searched for within a second; a lot of it, as when a shop moves in,
// is not waited for step by step, but leaves the store to the others most of the time; a
// store that fails is tried again.
func TestIndex(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		store := &toIndex{Store: w.store, takes: 10 * time.Millisecond, todo: 3}
		w.Service = chat.NewService(store, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error)
		go func() { done <- w.Index(ctx) }()
		within := func(what string, d time.Duration) {
			t.Helper()
			<-time.After(d)
			synctest.Wait()
			if left := store.left(); left != 0 {
				t.Errorf("%s: %d are left", what, left)
			}
		}
		within("at the start", 20*time.Millisecond)
		store.set(1, nil)
		within("one more", time.Second)

		store.set(2000, nil)
		<-time.After(time.Second)
		synctest.Wait()
		if left := store.left(); left == 0 || left > 1500 {
			t.Errorf("after a second %d of 2000 are left", left)
		}
		within("many", 4*time.Second)

		store.set(1, errors.New("disk full"))
		<-time.After(time.Minute)
		store.set(1, nil)
		within("after a failure", 15*time.Second)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}

func TestSearchMessages_stranger(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	found, err := w.SearchMessages(t.Context(), seller, chat.MessageQuery{UID: rival.UID, Conversation: id, Text: "hi"})
	if err != nil || len(found) != 1 || found[0].Conversation.Participants[chat.BuyerSide].UID != buyer.UID {
		t.Errorf("the seller finds %+v, %v", found, err)
	}
	found, err = w.SearchMessages(t.Context(), rival, chat.MessageQuery{UID: seller.UID, Text: "hi"})
	if err != nil || len(found) != 0 {
		t.Errorf("a rival finds %+v, %v", found, err)
	}
	_, err = w.SearchMessages(t.Context(), rival, chat.MessageQuery{Conversation: id, Text: "hi"})
	wantCode(t, err, "not_found")
}
