package chat

import (
	"context"
	"fmt"
)

// SetFlag sets a flag of the actor's side of a conversation, or takes it away. The
// actor's other devices are told, and so are its colleagues'; the other side is not.
func (s *Service) SetFlag(ctx context.Context, actor Actor, id ConversationID, flag Flag, on bool) (ConversationView, error) {
	_, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return ConversationView{}, err
	}
	if flag == PinnedFlag && on {
		if err := s.roomToPin(ctx, actor.UID, id); err != nil {
			return ConversationView{}, err
		}
	}
	return carry(ctx, s, func(ctx context.Context) (Conversation, error) {
		set, err := s.store.SetFlag(ctx, id, side, flag, on)
		if err != nil {
			return Conversation{}, fmt.Errorf("set %s: %w", flag, err)
		}
		return set, nil
	}, func(ctx context.Context, set Conversation) (ConversationView, error) {
		view, err := s.Conversation(ctx, actor, id)
		if err != nil {
			return ConversationView{}, err
		}
		set.Last = view.Last
		s.announceConversation(ctx, set, side)
		return view, nil
	})
}

// roomToPin refuses one more pinned conversation than a list can keep at hand.
func (s *Service) roomToPin(ctx context.Context, uid UID, id ConversationID) error {
	pinned, err := s.store.Conversations(ctx, ConversationQuery{UID: uid, Filter: PinnedConversations, Limit: s.limits.Pinned})
	if err != nil {
		return fmt.Errorf("pinned by %s: %w", uid, err)
	}
	for i := range pinned {
		if pinned[i].ID == id {
			return nil
		}
	}
	if len(pinned) >= s.limits.Pinned {
		return Codef(TooLarge, "too_many_pinned", "at most %d conversations can be pinned", s.limits.Pinned)
	}
	return nil
}
