package sqlstore

import (
	"context"
	"fmt"

	"haggle/internal/chat"
)

// SetFlag implements chat.Store.
func (s *Store) SetFlag(ctx context.Context, id chat.ConversationID, side chat.Side, flag chat.Flag, on bool) (chat.Conversation, error) {
	if new(chat.SideState).Flag(flag) == nil {
		return chat.Conversation{}, chat.Errorf(chat.Invalid, "no such flag: %q", flag)
	}
	o := &flagOp{id: id, side: side, flag: flag, on: on}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return chat.Conversation{}, fmt.Errorf("set flag: %w", err)
	}
	return done, nil
}

type flagOp struct {
	id     chat.ConversationID
	side   chat.Side
	flag   chat.Flag
	on     bool
	result chat.Conversation
}

func (o *flagOp) begin(b *batch) error {
	b.need(o.id)
	return nil
}

func (o *flagOp) look(*batch) error { return nil }

func (o *flagOp) apply(b *batch) error {
	c := b.byID[o.id]
	if c == nil || o.side < 0 || o.side > 1 {
		return errNoConversation()
	}
	if flag := c.Sides[o.side].Flag(o.flag); *flag != o.on {
		*flag = o.on
		b.change(c, o.side)
	}
	o.result = c.Conversation
	return nil
}

func (o *flagOp) finish(*batch) error { return nil }

func (o *flagOp) settle(b *batch) { b.settle(&o.result) }
