package chat_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// slowStore carries out what it is asked for after a while, also for those who have left
// by then, as a store does whose writes share a commit.
type slowStore struct {
	*testkit.MemStore

	takes time.Duration
}

// slowly has do done after a while, and tells those who leave earlier that nobody knows.
func slowly[T any](ctx context.Context, s *slowStore, do func(ctx context.Context) (T, error)) (result T, err error) {
	done := make(chan struct{})
	var late T
	var lateErr error
	go func() {
		defer close(done)
		<-time.After(s.takes)
		late, lateErr = do(context.WithoutCancel(ctx))
	}()
	select {
	case <-done:
		return late, lateErr
	case <-ctx.Done():
		return result, chat.Codef(chat.Unavailable, "outcome_unknown", "nobody knows: %w", ctx.Err())
	}
}

func (s *slowStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	return slowly(ctx, s, func(ctx context.Context) (chat.Appended, error) { return s.MemStore.Append(ctx, a) })
}

func (s *slowStore) Advance(ctx context.Context, marks []chat.Mark) ([]chat.Advanced, error) {
	return slowly(ctx, s, func(ctx context.Context) ([]chat.Advanced, error) { return s.MemStore.Advance(ctx, marks) })
}

func (s *slowStore) Recall(ctx context.Context, r chat.RecallRequest) (chat.Recalled, error) {
	return slowly(ctx, s, func(ctx context.Context) (chat.Recalled, error) { return s.MemStore.Recall(ctx, r) })
}

func (s *slowStore) SetBlocked(ctx context.Context, id chat.ConversationID, side chat.Side, blocked bool) (chat.Conversation, error) {
	return slowly(ctx, s, func(ctx context.Context) (chat.Conversation, error) {
		return s.MemStore.SetBlocked(ctx, id, side, blocked)
	})
}

func (s *slowStore) SetFlag(ctx context.Context, id chat.ConversationID, side chat.Side, flag chat.Flag, on bool) (chat.Conversation, error) {
	return slowly(ctx, s, func(ctx context.Context) (chat.Conversation, error) {
		return s.MemStore.SetFlag(ctx, id, side, flag, on)
	})
}

func (s *slowStore) Revoke(ctx context.Context, uid chat.UID, at time.Time) error {
	_, err := slowly(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.MemStore.Revoke(ctx, uid, at) })
	return err
}

// Whoever asked for something and left before it was stored was told that nobody knows
// what became of it. It was stored, and those it was meant for were not told: they found
// out with their next heartbeat.
func TestStoredAfterTheSenderLeft(t *testing.T) {
	for name, c := range map[string]struct {
		ask  func(ctx context.Context, w *world, id chat.ConversationID) error
		told func(ev *chat.Event) bool
	}{
		"a message": {
			func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.Send(ctx, buyer, chat.Draft{Conversation: id, Nonce: "n", Blocks: text("anybody")}, "")
				return err
			},
			func(ev *chat.Event) bool { return ev.Message != nil && ev.Message.Seq == 2 },
		},
		"what was read": {
			func(ctx context.Context, w *world, id chat.ConversationID) error { return w.Read(ctx, seller, id, 1) },
			func(ev *chat.Event) bool { return ev.Read != nil && ev.Read.Seq == 1 },
		},
		"a recall": {
			func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.Recall(ctx, buyer, id, 1, "")
				return err
			},
			func(ev *chat.Event) bool { return ev.Recall != nil && ev.Recall.Seq == 1 },
		},
		"a block": {
			func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.SetBlocked(ctx, seller, id, true)
				return err
			},
			func(ev *chat.Event) bool { return ev.Conversation != nil },
		},
		"a pin": {
			func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.SetFlag(ctx, seller, id, chat.PinnedFlag, true)
				return err
			},
			func(ev *chat.Event) bool { return ev.Conversation != nil },
		},
		"the end of all sessions": {
			func(ctx context.Context, w *world, _ chat.ConversationID) error {
				return w.Backend().Revoke(ctx, buyer.UID)
			},
			func(ev *chat.Event) bool { return ev.Revoked != nil },
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.begin(t)
				w.Service = chat.NewService(&slowStore{w.store, time.Minute}, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
				ctx, leave := context.WithTimeout(t.Context(), 15*time.Second)
				defer leave()
				began := time.Now()
				wantCode(t, c.ask(ctx, w, id), "outcome_unknown")
				if waited := time.Since(began); waited != 15*time.Second {
					t.Errorf("whoever has left is held for %v", waited)
				}
				if early := w.bus.take(); len(early) != 0 {
					t.Errorf("before it is stored they are told %+v", early)
				}
				<-time.After(time.Minute)
				synctest.Wait()
				if events := w.bus.take(); len(events) != 1 || !c.told(&events[0].Event) {
					t.Errorf("they are told %+v", events)
				}
			})
		})
	}
}

// What breaks does so for whoever asked, who has somebody to catch it, and not beside.
func TestCarry_panics(t *testing.T) {
	w := newWorld(t)
	w.flaky.BeforeAppend = func(context.Context) error { panic("page 4 is torn") }
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	defer func() {
		if recover() == nil {
			t.Error("whoever asked notices nothing")
		}
	}()
	_, _ = w.Send(ctx, buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
}

// The service ends when all that was asked for is stored.
func TestRun_waitsForWhatIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		w.Service = chat.NewService(&slowStore{w.store, time.Minute}, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.Run(ctx) }()
		asked, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		wantCode(t, w.Read(asked, seller, id, 1), "outcome_unknown")
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if events := w.bus.take(); len(events) != 1 || events[0].Read == nil {
			t.Errorf("at its end they have been told %+v", events)
		}
	})
}
