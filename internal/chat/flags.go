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
	return carry(ctx, s, &change[Conversation, ConversationView]{
		ask: func(ctx context.Context) (Conversation, error) {
			set, err := s.store.SetFlag(ctx, id, side, flag, on)
			if err != nil {
				return Conversation{}, fmt.Errorf("set %s: %w", flag, err)
			}
			return set, nil
		},
		tell: func(ctx context.Context, set Conversation) (ConversationView, error) {
			return s.changed(ctx, actor, set, side)
		},
		touched: func() []UID { return []UID{actor.UID} },
	})
}

// changed returns a conversation that has changed as the actor sees it, and announces it to
// sides, be it after ctx has ended.
func (s *Service) changed(ctx context.Context, actor Actor, conv Conversation, sides ...Side) (ConversationView, error) {
	return inTime(ctx, s, func(ctx context.Context) (ConversationView, error) {
		view, err := s.Conversation(ctx, actor, conv.ID)
		if err != nil {
			s.publish(ctx, eventsOf(conv.UIDs, sides), Event{})
			return ConversationView{}, err
		}
		conv.Last = view.Last
		s.announceConversation(ctx, conv, sides...)
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
