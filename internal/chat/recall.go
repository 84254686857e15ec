package chat

import (
	"context"
	"fmt"
	"time"
)

// Recall takes a message of the actor's side back, within Limits.RecallWithin of
// its sending: its content goes for good, a tombstone stays. Asking again
// returns the first recall.
func (s *Service) Recall(ctx context.Context, actor Actor, id ConversationID, seq Seq, origin ClientID) (Recalled, error) {
	uids, _, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return Recalled{}, err
	}
	now := s.now().UTC().Truncate(time.Millisecond)
	return carry(ctx, s, &change[Recalled, Recalled]{
		ask: func(ctx context.Context) (Recalled, error) {
			done, err := s.store.Recall(ctx, RecallRequest{
				Conversation: id, Seq: seq, By: actor.UID, At: now, NotBefore: now.Add(-s.limits.RecallWithin),
			})
			if err != nil {
				return Recalled{}, fmt.Errorf("recall: %w", err)
			}
			return done, nil
		},
		tell: func(ctx context.Context, done Recalled) (Recalled, error) {
			if done.Fresh {
				conv := &done.Conversation
				s.announce(ctx, conv.UIDs, Event{Origin: origin, Pos: conv.Positions(), Recall: &done.Recall})
			}
			return done, nil
		},
		touched: func() []UID { return uids[:] },
	})
}
