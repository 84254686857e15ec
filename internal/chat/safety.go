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
	uids, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return ConversationView{}, err
	}
	return carry(ctx, s, &change[Conversation, ConversationView]{
		ask: func(ctx context.Context) (Conversation, error) {
			conv, err := s.store.SetBlocked(ctx, id, side, blocked)
			if err != nil {
				return Conversation{}, fmt.Errorf("block: %w", err)
			}
			return conv, nil
		},
		tell: func(ctx context.Context, conv Conversation) (ConversationView, error) {
			return s.changed(ctx, actor, conv, BuyerSide, MerchantSide)
		},
		touched: func() []UID { return uids[:] },
	})
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

// Complaint is a report as the shop reads it: with who takes part, and with the
// message it is about as that is now.
type Complaint struct {
	Report

	UIDs    [2]UID   // indexed by Side
	Message *Message // nil when it is about all of the conversation
}

// Reports returns a page of the complaints with a number after the given one,
// oldest first.
func (b Backend) Reports(ctx context.Context, after ReportNum, limit int) ([]Complaint, error) {
	reports, err := b.s.store.Reports(ctx, after, b.s.pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	page := make([]Complaint, len(reports))
	for i, r := range reports {
		conv, err := b.s.store.Conversation(ctx, r.Conversation)
		if err != nil {
			return nil, fmt.Errorf("conversation of report %d: %w", r.Num, err)
		}
		page[i] = Complaint{Report: r, UIDs: conv.UIDs}
		if r.Seq == 0 {
			continue
		}
		found, err := b.s.store.MessagesAfter(ctx, r.Conversation, r.Seq-1, 1)
		if err != nil {
			return nil, fmt.Errorf("message of report %d: %w", r.Num, err)
		}
		if len(found) == 1 && found[0].Seq == r.Seq {
			page[i].Message = &found[0]
		}
	}
	return page, nil
}
