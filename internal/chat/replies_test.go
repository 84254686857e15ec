package chat_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// asks has so many buyers ask, and each be answered after a time; 0: not at all.
func (w *world) asks(t *testing.T, waits ...time.Duration) {
	t.Helper()
	for _, wait := range waits {
		w.askers++
		who := chat.Actor{UID: chat.UID(fmt.Sprintf("U_asker-%d", w.askers))}
		done, err := w.Send(t.Context(), who, chat.Draft{Product: "1001", Nonce: "ask", Blocks: text("is it there?")}, "")
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			continue
		}
		<-time.After(wait)
		d := chat.Draft{Conversation: done.Conversation.ID, Nonce: "answer", Blocks: text("yes")}
		if _, err := w.Send(t.Context(), seller, d, ""); err != nil {
			t.Fatal(err)
		}
		thanks := chat.Draft{Conversation: done.Conversation.ID, Nonce: "thanks", Blocks: text("thank you")}
		if _, err := w.Send(t.Context(), who, thanks, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// replies returns what is said of how soon the seller replies once it is found out.
func (w *world) replies(t *testing.T) time.Duration {
	t.Helper()
	w.RepliesWithin(t.Context(), seller.UID)
	synctest.Wait()
	return w.RepliesWithin(t.Context(), seller.UID)
}

// What a buyer is told of how soon a shop replies is what it does.
func TestRepliesWithin(t *testing.T) {
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	for _, c := range []struct {
		name  string
		waits []time.Duration
		later time.Duration // before it is asked for
		want  time.Duration
	}{
		{"nothing was ever asked", nil, 0, 0},
		{"too little to tell", []time.Duration{minute, minute, minute, minute}, 0, 0},
		{"at once, nearly always", []time.Duration{minute, 2 * minute, minute, 4 * minute, 3 * hour}, 0, 5 * minute},
		{"at once as often as not", []time.Duration{minute, minute, minute, 20 * minute, 50 * minute}, 0, hour},
		{"by the next day", []time.Duration{2 * hour, 5 * hour, 20 * hour, minute, 3 * hour}, 0, day},
		{"after days", []time.Duration{2 * day, 3 * day, 2 * day, minute, 2 * day}, 0, 0},
		{"two of six are never answered", []time.Duration{minute, minute, minute, minute, 0, 0}, 2 * day, 0},
		{"two of six have only just asked", []time.Duration{minute, minute, minute, minute, minute, 0, 0}, 0, 5 * minute},
		{"what was long ago says nothing", []time.Duration{minute, minute, minute, minute, minute}, 100 * day, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.asks(t, c.waits...)
				<-time.After(c.later)
				if got := w.replies(t); got != c.want {
					t.Errorf("got %v, want %v", got, c.want)
				}
			})
		})
	}
}

// A greeting is no answer, however fast it comes.
func TestRepliesWithin_automatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		w.asks(t, 3*time.Hour, 3*time.Hour, 3*time.Hour, 3*time.Hour, 3*time.Hour)
		if got := w.replies(t); got != 24*time.Hour {
			t.Errorf("got %v", got)
		}
	})
}

// What was found out is gone by for a while, and not for ever.
func TestRepliesWithin_kept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		want := func(want time.Duration) {
			t.Helper()
			if got := w.replies(t); got != want {
				t.Errorf("got %v, want %v", got, want)
			}
		}
		want(0)
		w.asks(t, time.Second, time.Second, time.Second, time.Second, time.Second)
		want(0)
		<-time.After(10 * time.Minute)
		want(5 * time.Minute)
	})
}

// listStore has something happen before a list of conversations is read.
type listStore struct {
	chat.Store

	before func(ctx context.Context) error
}

func (s *listStore) Conversations(ctx context.Context, q chat.ConversationQuery) ([]chat.Conversation, error) {
	if err := s.before(ctx); err != nil {
		return nil, err
	}
	return s.Store.Conversations(ctx, q)
}

// lists has before happen whenever it is found out how soon a shop replies.
func (w *world) lists(before func(ctx context.Context) error) {
	w.Service = chat.NewService(&listStore{w.store, before}, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
}

// Nobody is kept from opening a chat by what is only said in passing, whatever becomes of
// the store that it is asked of; and what was known is still said.
func TestBegin_repliesWithin(t *testing.T) {
	for name, broken := range map[string]func(ctx context.Context) error{
		"it works":             func(context.Context) error { return nil },
		"it fails":             func(context.Context) error { return errors.New("page 4 is torn") },
		"it panics":            func(context.Context) error { panic("page 4 is torn") },
		"it hangs":             func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
		"it hangs for an hour": func(context.Context) error { <-time.After(time.Hour); return errors.New("too late") },
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				tries, breaks := 0, false
				w.lists(func(ctx context.Context) error {
					tries++
					if breaks {
						return broken(ctx)
					}
					return nil
				})
				w.asks(t, time.Second, time.Second, time.Second, time.Second, time.Second)
				want := func(want time.Duration) {
					t.Helper()
					began := time.Now()
					b, err := w.Begin(t.Context(), buyer, "1001")
					if waited := time.Since(began); err != nil || waited != 0 || b.RepliesWithin != want {
						t.Errorf("after %v: %v, %v, want %v at once", waited, b.RepliesWithin, err, want)
					}
					synctest.Wait()
				}
				want(0) // the first to ask
				want(5 * time.Minute)
				breaks = true
				<-time.After(10 * time.Minute)
				want(5 * time.Minute)
				want(5 * time.Minute)
				if tries != 2 {
					t.Errorf("%d tries, want one now and one before", tries)
				}
				<-time.After(10 * time.Minute)
				want(5 * time.Minute)
				if tries != 3 {
					t.Errorf("%d tries, want one more by now", tries)
				}
				<-time.After(2 * time.Hour) // until nothing hangs any more
			})
		})
	}
}

// Whoever asks while the shop is closed is told when it opens, and nothing is found out
// for them.
func TestBegin_repliesWithinWhileClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a Saturday
		w := newWorld(t)
		tries := 0
		w.lists(func(context.Context) error { tries++; return nil })
		w.asks(t, time.Second, time.Second, time.Second, time.Second, time.Second)
		w.set(t, false, true)
		for range 2 {
			if b, err := w.Begin(t.Context(), buyer, "1001"); err != nil || b.Closed == nil || b.RepliesWithin != 0 {
				t.Errorf("got %+v, %v", b, err)
			}
			synctest.Wait()
		}
		if tries != 0 {
			t.Errorf("it was found out %d times", tries)
		}
	})
}

// However many shops are asked about, few are looked at at a time: those who open their
// pages need the store, too.
func TestRepliesWithin_fewAtATime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var now, most, tries atomic.Int32
		w.lists(func(context.Context) error {
			tries.Add(1)
			most.Store(max(most.Load(), now.Add(1)))
			defer now.Add(-1)
			<-time.After(time.Second)
			return nil
		})
		const shops = 10
		for round := range shops / 2 {
			for n := range shops {
				w.RepliesWithin(t.Context(), chat.UID(fmt.Sprintf("V_shop-%d", n)))
				synctest.Wait()
			}
			if most.Load() != 2 || tries.Load() != int32(2*round+2) {
				t.Errorf("round %d: %d at a time, %d in all", round, most.Load(), tries.Load())
			}
			<-time.After(time.Second)
			synctest.Wait()
		}
	})
}

// What is found out beside ends before the service does.
func TestRun_waitsForWhatIsFoundOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ended := false
		w.lists(func(context.Context) error {
			<-time.After(time.Second)
			ended = true
			return nil
		})
		w.RepliesWithin(t.Context(), seller.UID)
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := w.Run(ctx); err != nil || !ended {
			t.Errorf("the service ends with %v; what it began has ended: %t", err, ended)
		}
	})
}
