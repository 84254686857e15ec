package chat

import "context"

// Typing tells the other side that the actor is writing. It is not kept.
func (s *Service) Typing(ctx context.Context, actor Actor, id ConversationID) error {
	uids, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return err
	}
	if err := s.Allow(ActionTyping, actor); err != nil {
		return err
	}
	s.publish(ctx, []Topic{{EventsOf, uids[side.Other()]}}, Event{Typing: &TypingEvent{
		Conversation: id, UID: actor.UID, Agent: actor.Agent, AgentName: actor.AgentName,
	}})
	return nil
}

// Presence says who of uids is there. Whether a participant is online is no
// secret from anybody who is signed in.
func (s *Service) Presence(ctx context.Context, uids []UID) (map[UID]Presence, error) {
	if len(uids) > s.limits.Watched {
		return nil, Codef(TooLarge, "too_many_uids", "at most %d uids at a time", s.limits.Watched)
	}
	return s.bus.Presence(ctx, uniq(uids)), nil
}
