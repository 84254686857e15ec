package testkit

import (
	"context"
	"math/rand/v2"
	"sync"
	"time"

	"haggle/internal/chat"
)

// LossyBus is a bus that loses, repeats and reorders what is published, as the
// port allows it to.
type LossyBus struct {
	chat.Bus

	mu   sync.Mutex
	rng  *rand.Rand     // guarded by mu
	late []func() error // held back to come after something else; guarded by mu
}

// NewLossyBus wraps bus. The same seed loses the same.
func NewLossyBus(bus chat.Bus, seed uint64) *LossyBus {
	return &LossyBus{Bus: bus, rng: rand.New(rand.NewPCG(seed, seed))} //nolint:gosec // a test has to be repeatable
}

// Publish implements chat.Bus.
func (b *LossyBus) Publish(ctx context.Context, topics []chat.Topic, ev chat.Event) error {
	publish := func() error { return b.Bus.Publish(ctx, topics, ev) }
	b.mu.Lock()
	dice := b.rng.IntN(10)
	late := b.late
	b.late = nil
	if dice == 1 {
		b.late = append(b.late, publish)
	}
	b.mu.Unlock()
	switch dice {
	case 0, 1: // lost, or late
	case 2:
		late = append([]func() error{publish, publish}, late...)
	default:
		late = append([]func() error{publish}, late...)
	}
	for _, p := range late {
		if err := p(); err != nil {
			return err
		}
	}
	return nil
}

// DeadBus is a bus that is down.
type DeadBus struct{ Err error }

// Attach implements chat.Bus.
func (b DeadBus) Attach(chat.Receiver) {}

// Publish implements chat.Bus.
func (b DeadBus) Publish(context.Context, []chat.Topic, chat.Event) error { return b.Err }

// Subscribe implements chat.Bus.
func (b DeadBus) Subscribe(chat.Topic) error { return b.Err }

// Unsubscribe implements chat.Bus.
func (b DeadBus) Unsubscribe(chat.Topic) error { return b.Err }

// Presence implements chat.Bus.
func (b DeadBus) Presence(context.Context, []chat.UID) map[chat.UID]chat.Presence { return nil }

// Cached implements chat.Bus.
func (b DeadBus) Cached(chat.UID) chat.Presence { return chat.PresenceUnknown }

// FlakyStore is a store some of whose calls fail, or take their time. What is nil
// works as ever.
type FlakyStore struct {
	chat.Store

	BeforeAppend    func(context.Context) error
	AfterAppend     func() error         // the message is stored, and nobody learns of it
	LateAppend      func() time.Duration // when the message is stored; if not at once, who asks has left by then
	BeforePositions func(context.Context) error
	BeforeChanged   func()
}

// Append implements chat.Store.
func (s *FlakyStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	if s.BeforeAppend != nil {
		if err := s.BeforeAppend(ctx); err != nil {
			return chat.Appended{}, err
		}
	}
	if s.LateAppend != nil {
		if late := s.LateAppend(); late > 0 {
			return chat.Appended{}, &chat.UnsettledError[chat.Appended]{
				Cause: chat.Codef(chat.Unavailable, "outcome_unknown", "nobody knows"),
				Settled: func() (chat.Appended, error) {
					<-time.After(late)
					return s.Store.Append(context.WithoutCancel(ctx), a)
				},
			}
		}
	}
	done, err := s.Store.Append(ctx, a)
	if err == nil && s.AfterAppend != nil {
		if err := s.AfterAppend(); err != nil {
			return chat.Appended{}, err
		}
	}
	return done, err
}

// Positions implements chat.Store.
func (s *FlakyStore) Positions(ctx context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	if s.BeforePositions != nil {
		if err := s.BeforePositions(ctx); err != nil {
			return "", nil, err
		}
	}
	return s.Store.Positions(ctx, uids)
}

// ChangedSince implements chat.Store.
func (s *FlakyStore) ChangedSince(ctx context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	if s.BeforeChanged != nil {
		s.BeforeChanged()
	}
	return s.Store.ChangedSince(ctx, uid, after, limit)
}

// NoLimits is a chat.Limiter that allows everything.
type NoLimits struct{}

// Allow implements chat.Limiter.
func (NoLimits) Allow(chat.Action, string) (retryAfter time.Duration, ok bool) { return 0, true }
