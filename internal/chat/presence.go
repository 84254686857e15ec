package chat

import (
	"context"
	"fmt"
	"slices"
)

// Typing tells the other side, and an agent's colleagues, that the actor is writing. It
// is not kept. origin is the session that says so, "" for none.
func (s *Service) Typing(ctx context.Context, actor Actor, id ConversationID, origin ClientID) error {
	if err := s.Allow(ActionTyping, actor); err != nil {
		return err
	}
	uids, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
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
	s.tellColleagues(ctx, actor, id, origin, true)
	return nil
}

// Viewing tells an agent's colleagues that it has the conversation before it, so that no
// two of them answer the same buyer. It is not kept, and the buyer is told nothing.
// Who has no colleagues may say so, too: nobody hears it. origin is the session that says
// so, "" for none.
func (s *Service) Viewing(ctx context.Context, actor Actor, id ConversationID, origin ClientID) error {
	if err := s.Allow(ActionTyping, actor); err != nil {
		return err
	}
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return err
	}
	s.tellColleagues(ctx, actor, id, origin, false)
	return nil
}

// tellColleagues tells the sessions of the actor's own side, the actor's other ones among
// them.
func (s *Service) tellColleagues(ctx context.Context, actor Actor, id ConversationID, origin ClientID, typing bool) {
	if actor.Agent == "" {
		return
	}
	s.publish(ctx, []Topic{{EventsOf, actor.UID}}, Event{Origin: origin, Colleague: &ColleagueEvent{
		Conversation: id, Agent: actor.Agent, AgentName: actor.AgentName, Typing: typing,
	}})
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
