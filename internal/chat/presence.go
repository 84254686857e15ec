package chat

import (
	"context"
	"fmt"
	"slices"
)

// Typing tells the other side that the actor is writing. It is not kept.
func (s *Service) Typing(ctx context.Context, actor Actor, id ConversationID) error {
	uids, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return err
	}
	if err := s.Allow(ActionTyping, actor); err != nil {
		return err
	}
	conv, err := s.store.Conversation(ctx, id)
	if err != nil {
		return fmt.Errorf("typing: %w", err)
	}
	if conv.Sides[BuyerSide].Blocked || conv.Sides[MerchantSide].Blocked {
		return nil // whoever does not want to hear from somebody does not want to know of this either
	}
	s.publish(ctx, []Topic{{EventsOf, uids[side.Other()]}}, Event{Typing: &TypingEvent{
		Conversation: id, UID: actor.UID, Agent: actor.Agent, AgentName: actor.AgentName,
	}})
	return nil
}

// Watchable returns those of uids whose presence is the actor's business: any
// merchant's for a buyer, as it is written on the product's page, and for a
// merchant that of the buyers it has a conversation with.
func (s *Service) Watchable(ctx context.Context, actor Actor, uids []UID) ([]UID, error) {
	if actor.Side() == BuyerSide {
		return slices.DeleteFunc(slices.Clone(uids), func(uid UID) bool {
			return uid.Side() != MerchantSide
		}), nil
	}
	known, err := s.store.Acquainted(ctx, actor.UID, uids)
	if err != nil {
		return nil, fmt.Errorf("whom one may watch: %w", err)
	}
	return known, nil
}

// Presence says who of uids is there. Who asks has been told by Watchable of
// whom it may.
func (s *Service) Presence(ctx context.Context, uids []UID) (map[UID]Presence, error) {
	if len(uids) > s.limits.Watched {
		return nil, Codef(TooLarge, "too_many_uids", "at most %d uids at a time", s.limits.Watched)
	}
	return s.bus.Presence(ctx, uniq(uids)), nil
}
