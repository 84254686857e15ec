package sqlstore

import (
	"context"
	"fmt"

	"haggle/internal/chat"
)

// SetBlocked implements chat.Store.
func (s *Store) SetBlocked(ctx context.Context, id chat.ConversationID, side chat.Side, blocked bool) (chat.Conversation, error) {
	o := &blockOp{id: id, side: side, blocked: blocked}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return chat.Conversation{}, fmt.Errorf("set blocked: %w", err)
	}
	return done, nil
}

type blockOp struct {
	id      chat.ConversationID
	side    chat.Side
	blocked bool
	result  chat.Conversation
}

func (o *blockOp) begin(b *batch) error {
	b.need(o.id)
	return nil
}

func (o *blockOp) look(*batch) error { return nil }

func (o *blockOp) apply(b *batch) error {
	c := b.byID[o.id]
	if c == nil || o.side < 0 || o.side > 1 {
		return errNoConversation()
	}
	if c.Sides[o.side].Blocked != o.blocked {
		c.Sides[o.side].Blocked = o.blocked
		b.change(c, chat.BuyerSide, chat.MerchantSide)
	}
	o.result = c.Conversation
	return nil
}

func (o *blockOp) finish(*batch) error { return nil }

func (o *blockOp) settle(b *batch) { b.settle(&o.result) }
