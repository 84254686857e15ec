package chat

import (
	"context"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// SetBlocked says whether the actor's side wants to hear from the other. The
// other side's messages are refused from then on, with a code that says why.
func (s *Service) SetBlocked(ctx context.Context, actor Actor, id ConversationID, blocked bool) (ConversationView, error) {
	_, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return ConversationView{}, err
	}
	conv, err := s.store.SetBlocked(ctx, id, side, blocked)
	if err != nil {
		return ConversationView{}, fmt.Errorf("block: %w", err)
	}
	s.announceConversation(ctx, conv)
	return s.Conversation(ctx, actor, id)
}

// Report keeps a complaint about a conversation, or one message of it, for the
// shop to read.
func (s *Service) Report(ctx context.Context, actor Actor, id ConversationID, seq Seq, reason string) error {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return err
	}
	switch {
	case strings.TrimSpace(reason) == "":
		return Codef(Invalid, "no_reason", "say what is wrong")
	case utf8.RuneCountInString(reason) > s.limits.ReportRunes:
		return Codef(TooLarge, "text_too_long", "the reason is longer than %d characters", s.limits.ReportRunes)
	}
	if err := checkText(reason); err != nil {
		return err
	}
	if err := s.Allow(ActionReport, actor); err != nil {
		return err
	}
	return s.store.AddReport(ctx, Report{
		Conversation: id, By: actor.UID, Agent: actor.Agent, Seq: seq, Reason: reason,
		At: s.now().UTC().Truncate(time.Millisecond),
	})
}
