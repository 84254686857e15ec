package chat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"reflect"
	"strings"
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
	loses bool // what comes of it: nobody learns it
}

// slow returns a service of the world's whose store takes a while for what it keeps. What
// it warns of is in w.warned.
func (w *world) slow(takes time.Duration) *chat.Service {
	log := slog.New(slog.NewTextHandler(&w.warned, &slog.HandlerOptions{Level: slog.LevelWarn}))
	return chat.NewService(&slowStore{MemStore: w.store, takes: takes}, w.bus, w.limit, chat.DefaultLimits(), log)
}

// slowly has do done after a while. Those who leave earlier may learn later what came of it.
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
		if s.loses {
			return result, chat.Codef(chat.Unavailable, "outcome_unknown", "the connection is lost")
		}
		return late, lateErr
	case <-ctx.Done():
		return result, &chat.UnsettledError[T]{
			Cause:   chat.Codef(chat.Unavailable, "outcome_unknown", "nobody knows: %w", ctx.Err()),
			Settled: func() (T, error) { <-done; return late, lateErr },
		}
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

func (s *slowStore) PutShopSettings(ctx context.Context, merchant chat.UID, set chat.ShopSettings) (chat.ShopSettings, error) {
	return slowly(ctx, s, func(ctx context.Context) (chat.ShopSettings, error) {
		return s.MemStore.PutShopSettings(ctx, merchant, set)
	})
}

func (s *slowStore) Revoke(ctx context.Context, uid chat.UID, at time.Time) error {
	_, err := slowly(ctx, s, func(ctx context.Context) (struct{}, error) { return struct{}{}, s.MemStore.Revoke(ctx, uid, at) })
	return err
}

// asked is something that others are told of.
type asked struct {
	ask  func(ctx context.Context, w *world, id chat.ConversationID) error
	told func(ev *chat.Event) bool

	// suspected says that they are told so also where nobody knows whether it is stored.
	suspected bool
}

func allAsked() map[string]asked {
	return map[string]asked{
		"a message": {
			ask: func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.Send(ctx, buyer, chat.Draft{Conversation: id, Nonce: "n", Blocks: text("anybody")}, "")
				return err
			},
			told: func(ev *chat.Event) bool { return ev.Message != nil && ev.Message.Seq == 2 },
		},
		"what was read": {
			ask:  func(ctx context.Context, w *world, id chat.ConversationID) error { return w.Read(ctx, seller, id, 1) },
			told: func(ev *chat.Event) bool { return ev.Read != nil && ev.Read.Seq == 1 },
		},
		"a recall": {
			ask: func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.Recall(ctx, buyer, id, 1, "")
				return err
			},
			told: func(ev *chat.Event) bool { return ev.Recall != nil && ev.Recall.Seq == 1 },
		},
		"a block": {
			ask: func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.SetBlocked(ctx, seller, id, true)
				return err
			},
			told: func(ev *chat.Event) bool { return ev.Conversation != nil },
		},
		"a pin": {
			ask: func(ctx context.Context, w *world, id chat.ConversationID) error {
				_, err := w.SetFlag(ctx, seller, id, chat.PinnedFlag, true)
				return err
			},
			told: func(ev *chat.Event) bool { return ev.Conversation != nil },
		},
		"the end of all sessions": {
			ask: func(ctx context.Context, w *world, _ chat.ConversationID) error {
				return w.Backend().Revoke(ctx, buyer.UID)
			},
			told:      func(ev *chat.Event) bool { return ev.Revoked != nil },
			suspected: true,
		},
	}
}

// Whoever asked for something and left before it was stored was told that nobody knows
// what became of it. It was stored, and those it was meant for were not told: they found
// out with their next heartbeat.
func TestStoredAfterTheSenderLeft(t *testing.T) {
	for name, c := range allAsked() {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.begin(t)
				w.Service = w.slow(time.Minute)
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
				if warned := w.warned.String(); warned != "" {
					t.Errorf("nothing has failed, and yet it warns: %s", warned)
				}
			})
		})
	}
}

// A store that has lost its connection does not know what it has stored. Those who may be
// concerned look for themselves; a session that may have been ended is.
func TestStoreDoesNotKnow(t *testing.T) {
	for name, c := range allAsked() {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			id := w.begin(t)
			w.Service = chat.NewService(&slowStore{MemStore: w.store, loses: true}, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
			wantCode(t, c.ask(t.Context(), w, id), "outcome_unknown")
			events := w.bus.take()
			if len(events) != 1 || len(events[0].Topics) == 0 {
				t.Fatalf("they are told %+v, want that something may have changed", events)
			}
			if ev := &events[0].Event; c.suspected && !c.told(ev) || !c.suspected && !reflect.ValueOf(*ev).IsZero() {
				t.Errorf("they are told %+v", ev)
			}
		})
	}
}

// slowReads takes long to say who somebody is.
type slowReads struct {
	*testkit.MemStore

	takes time.Duration
	err   error
}

func (s *slowReads) Participants(ctx context.Context, uids []chat.UID) (map[chat.UID]chat.Participant, error) {
	<-time.After(s.takes) // a store has deadlines of its own
	if s.err != nil {
		return nil, s.err
	}
	return s.MemStore.Participants(ctx, uids)
}

func (w *world) over(store chat.Store) *chat.Service {
	return chat.NewService(store, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
}

// What is to be read before others are told holds nobody who asked beyond their time, and a
// message that is stored is acknowledged.
func TestTell_slowReads(t *testing.T) {
	for name, c := range map[string]struct {
		ask  func(ctx context.Context, w *world, id chat.ConversationID) error
		code string // of the error, "" for none
	}{
		"a message about another product": {func(ctx context.Context, w *world, _ chat.ConversationID) error {
			_, err := w.Send(ctx, buyer, chat.Draft{Product: "1002", Nonce: "n", Blocks: text("and this?")}, "")
			return err
		}, ""},
		"a block": {func(ctx context.Context, w *world, id chat.ConversationID) error {
			_, err := w.SetBlocked(ctx, seller, id, true)
			return err
		}, "outcome_unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				id := w.begin(t)
				w.Service = w.over(&slowReads{MemStore: w.store, takes: time.Minute})
				ctx, leave := context.WithTimeout(t.Context(), 15*time.Second)
				defer leave()
				began := time.Now()
				err := c.ask(ctx, w, id)
				if waited := time.Since(began); waited > 15*time.Second {
					t.Errorf("held for %v", waited)
				}
				if (err == nil) != (c.code == "") || err != nil && chat.AsError(err).Code != c.code {
					t.Errorf("answered %v, want %q", err, c.code)
				}
				<-time.After(10 * time.Minute)
				synctest.Wait()
				if events := w.bus.take(); len(events) == 0 || events[0].Conversation == nil {
					t.Errorf("they are told %+v", events)
				}
			})
		})
	}
}

// What is stored is told of also where it cannot be read what there is to tell.
func TestTell_readsFail(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	w.Service = w.over(&slowReads{MemStore: w.store, err: errors.New("page 4 is torn")})
	if _, err := w.SetBlocked(t.Context(), seller, id, true); err == nil {
		t.Error("the block says how it is now")
	}
	events := w.bus.take()
	if len(events) != 1 || len(events[0].Topics) != 2 || !reflect.ValueOf(events[0].Event).IsZero() {
		t.Errorf("they are told %+v, want both that something has changed", events)
	}
}

// A buyer who left before the first message was stored is greeted all the same.
func TestGreeting_ofWhoLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		w.Service = w.slow(20 * time.Second)
		ctx, leave := context.WithTimeout(t.Context(), 15*time.Second)
		defer leave()
		_, err := w.Send(ctx, buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
		wantCode(t, err, "outcome_unknown")
		<-time.After(time.Minute)
		synctest.Wait()
		events := w.bus.take()
		if n := len(events); n != 3 || events[n-1].Message == nil || events[n-1].Message.Auto != chat.Greeting {
			t.Errorf("they are told %+v", events)
		}
	})
}

// Settings that were stored after whoever changed them left hold at once all the same.
func TestPutShopSettings_afterTheAgentLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // a Saturday
		w := newWorld(t)
		w.Service = w.slow(20 * time.Second)
		if closed, err := w.ClosedNow(t.Context(), seller.UID); err != nil || closed != nil {
			t.Fatalf("%v, %v before it has hours", closed, err)
		}
		ctx, leave := context.WithTimeout(t.Context(), 15*time.Second)
		defer leave()
		_, err := w.PutShopSettings(ctx, seller, chat.ShopSettings{
			Away: chat.AutoText{On: true, Text: "we sleep"}, Hours: chat.Hours{TimeZone: "UTC"},
		})
		wantCode(t, err, "outcome_unknown")
		<-time.After(6 * time.Second)
		if closed, err := w.ClosedNow(t.Context(), seller.UID); err != nil || closed == nil {
			t.Errorf("%v, %v: goes by the settings before", closed, err)
		}
	})
}

// A greeting that took longer than the buyer waits for it comes when it is stored.
func TestGreeting_storedAfterTheSenderLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		w.Service = w.slow(10 * time.Second)
		began := time.Now()
		w.say(t, buyer, "hello")
		if waited := time.Since(began); waited != 15*time.Second {
			t.Errorf("the buyer waits for %v", waited)
		}
		w.bus.take()
		<-time.After(time.Minute)
		if events := w.bus.take(); len(events) != 1 || events[0].Message == nil || events[0].Message.Auto != chat.Greeting {
			t.Errorf("they are told %+v", events)
		}
	})
}

// What breaks does so for whoever asked, who has somebody to catch it, and not beside.
func TestCarry_panics(t *testing.T) {
	w := newWorld(t)
	w.flaky.BeforeAppend = func(context.Context) error { panic("page 4 is torn") }
	defer func() {
		if recover() == nil {
			t.Error("whoever asked notices nothing")
		}
	}()
	_, _ = w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
}

// lateStore has those who append leave at once, and the outcome come later.
type lateStore struct {
	*testkit.MemStore

	settled func() (chat.Appended, error)
}

func (s *lateStore) Append(context.Context, chat.Append) (chat.Appended, error) {
	return chat.Appended{}, &chat.UnsettledError[chat.Appended]{
		Cause:   chat.Codef(chat.Unavailable, "outcome_unknown", "nobody knows"),
		Settled: s.settled,
	}
}

// What fails after its asker left is in the log, as nobody else is told; that it was
// refused to them is not, as nothing is wrong.
func TestCarry_failsUnheard(t *testing.T) {
	for name, c := range map[string]struct {
		fail   func() error
		logged bool
	}{
		"it breaks":     {func() error { return errors.New("page 4 is torn") }, true},
		"it panics":     {func() error { panic("page 4 is torn") }, true},
		"it is down":    {func() error { return chat.Errorf(chat.Unavailable, "page 4 is torn") }, true},
		"it is blocked": {func() error { return chat.Errorf(chat.Denied, "blocked") }, false},
		"nonce is used": {func() error { return chat.Errorf(chat.Conflict, "another one") }, false},
		"it works":      {func() error { return nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				var log bytes.Buffer
				store := &lateStore{w.store, func() (chat.Appended, error) {
					<-time.After(time.Minute)
					return chat.Appended{}, c.fail()
				}}
				w.Service = chat.NewService(store, w.bus, w.limit, chat.DefaultLimits(), slog.New(slog.NewTextHandler(&log, nil)))
				_, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
				wantCode(t, err, "outcome_unknown")
				<-time.After(time.Minute)
				synctest.Wait()
				if got := log.String(); c.logged != strings.Contains(got, "page 4 is torn") || !c.logged && got != "" {
					t.Errorf("the log: %q", got)
				}
			})
		})
	}
}

// The service ends when all that was asked for is stored.
func TestRun_waitsForWhatIsCarriedOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		w.Service = w.slow(time.Minute)
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

// What is asked for when the service has ended, as by a request that outlasts the server's
// patience, is not left to a goroutine that nobody waits for.
func TestRun_leavesNothingBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		w.Service = w.slow(time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		stop()
		if err := w.Run(ctx); err != nil {
			t.Fatal(err)
		}
		asked, leave := context.WithTimeout(t.Context(), time.Second)
		defer leave()
		if err := w.Read(asked, seller, id, 1); err != nil {
			t.Error(err)
		}
		if events := w.bus.take(); len(events) != 1 || events[0].Read == nil {
			t.Errorf("when it is answered they have been told %+v", events)
		}
	})
}
