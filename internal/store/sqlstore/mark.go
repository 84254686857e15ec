package sqlstore

import (
	"context"
	"fmt"
	"slices"

	"haggle/internal/chat"
)

// Advance implements chat.Store.
func (s *Store) Advance(ctx context.Context, marks []chat.Mark) ([]chat.Advanced, error) {
	if len(marks) == 0 {
		return nil, nil
	}
	o := &advanceOp{marks: slices.Clone(marks)} // the caller may be gone before the batch is
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return nil, fmt.Errorf("advance: %w", err)
	}
	return done, nil
}

// advanceOp moves watermarks. Marks of one side of one conversation are merged
// over the whole batch: for each watermark the first that goes farthest counts,
// the others are as if they had come after it. All of them are measured against
// the conversation as the batch found it: nobody can have seen what it adds.
type advanceOp struct {
	marks  []chat.Mark
	result []chat.Advanced
}

// bestMarks are the marks that count for one side of a conversation.
type bestMarks struct{ delivered, read *chat.Mark }

func (o *advanceOp) begin(b *batch) error {
	for i := range o.marks {
		b.need(o.marks[i].Conversation)
	}
	return nil
}

func (o *advanceOp) look(b *batch) error {
	for i := range o.marks {
		m := &o.marks[i]
		c := b.byID[m.Conversation]
		if c == nil || m.Side < 0 || m.Side > 1 {
			continue
		}
		m.Delivered = max(m.Delivered, m.Read)
		if m.Delivered > c.loaded.LastSeq {
			continue
		}
		best, state := &c.best[m.Side], c.loaded.Sides[m.Side]
		if m.Delivered > state.Delivered && (best.delivered == nil || m.Delivered > best.delivered.Delivered) {
			best.delivered = m
		}
		if m.Read > state.Read && (best.read == nil || m.Read > best.read.Read) {
			best.read = m
			if m.Read < c.loaded.LastSeq {
				b.needMessage(seqKey{c.num, int64(m.Read)})
			}
		}
	}
	return nil
}

func (o *advanceOp) apply(b *batch) error {
	o.result = nil
	for i := range o.marks {
		m := &o.marks[i]
		c := b.byID[m.Conversation]
		if c == nil || m.Side < 0 || m.Side > 1 {
			continue
		}
		a, err := o.move(b, c, m)
		if err != nil {
			return err
		}
		if a.Delivered || a.Read {
			a.Conversation = c.Conversation
			o.result = append(o.result, a)
		}
	}
	return nil
}

// move applies m as far as it counts.
func (o *advanceOp) move(b *batch, c *conversation, m *chat.Mark) (chat.Advanced, error) {
	a := chat.Advanced{Side: m.Side}
	best, state := c.best[m.Side], &c.Sides[m.Side]
	if best.read == m {
		seen, err := b.seen(c, m)
		if err != nil {
			return a, err
		}
		a.Read = true
		state.Read, state.Marked = m.Read, false
		c.seen[m.Side] = seen
		c.count()
	}
	if (best.read == m || best.delivered == m) && m.Delivered > state.Delivered {
		a.Delivered = true
		state.Delivered = m.Delivered
	}
	switch {
	case a.Read:
		b.change(c, chat.BuyerSide, chat.MerchantSide)
	case a.Delivered:
		b.change(c, m.Side.Other())
	}
	return a, nil
}

// seen returns how many of the other side's messages there are up to m.Read. As
// seq has no gaps, one message's ordinal tells it of both sides.
func (b *batch) seen(c *conversation, m *chat.Mark) (int64, error) {
	if m.Read == c.loaded.LastSeq {
		return c.loaded.Sides[m.Side.Other()].Total, nil
	}
	at := b.located[seqKey{c.num, int64(m.Read)}]
	switch {
	case at == nil:
		return 0, fmt.Errorf("message %d of %s is missing", m.Read, c.ID)
	case at.side == m.Side:
		return int64(m.Read) - at.ordinal, nil
	}
	return at.ordinal, nil
}

func (o *advanceOp) finish(*batch) error { return nil }

func (o *advanceOp) settle(b *batch) {
	for i := range o.result {
		b.settle(&o.result[i].Conversation)
	}
}
