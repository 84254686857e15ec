package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

const recallMessage = `
UPDATE messages
SET blocks = '[]', recalled_at = ?
WHERE conversation = ? AND seq = ?`

const deleteWithImages = `
DELETE FROM messages_with_images
WHERE conversation = ? AND seq = ?`

const insertRecall = `
INSERT INTO recalls (conversation, rev, seq)
VALUES (?, ?, ?)`

const selectBlocks = `
SELECT blocks
FROM messages
WHERE conversation = ? AND seq = ?`

// Recall implements chat.Store.
func (s *Store) Recall(ctx context.Context, r chat.RecallRequest) (chat.Recalled, error) {
	o := &recallOp{r: r}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return chat.Recalled{}, fmt.Errorf("recall: %w", err)
	}
	return done, nil
}

type recallOp struct {
	r      chat.RecallRequest
	num    int64
	result chat.Recalled
}

func (o *recallOp) begin(b *batch) error {
	b.need(o.r.Conversation)
	return nil
}

func (o *recallOp) look(b *batch) error {
	if c := b.byID[o.r.Conversation]; c != nil && c.SideOf(o.r.By) != chat.NoSide {
		b.needMessage(seqKey{c.num, int64(o.r.Seq)})
	}
	return nil
}

func (o *recallOp) apply(b *batch) error {
	o.result = chat.Recalled{}
	c := b.byID[o.r.Conversation]
	if c == nil {
		return errNoConversation()
	}
	side := c.SideOf(o.r.By)
	if side == chat.NoSide {
		return errNoConversation()
	}
	m := b.located[seqKey{c.num, int64(o.r.Seq)}]
	switch {
	case m == nil:
		return errNoMessage()
	case m.side != side:
		return chat.Codef(chat.Denied, "not_your_message", "only its sender can recall a message")
	case m.recalledAt == 0 && m.sentAt < o.r.NotBefore.UnixMilli():
		return chat.Codef(chat.Denied, "recall_too_late", "it is too late to recall this message")
	}
	if m.recalledAt == 0 {
		b.change(c, chat.BuyerSide, chat.MerchantSide)
		m.recalledAt, m.recallRev = o.r.At.UnixMilli(), c.Rev
		o.num = c.num
		b.recalls = append(b.recalls, o)
		o.result.Fresh = true
	}
	o.result.Recall = chat.Recall{
		Conversation: c.ID, Seq: o.r.Seq, Rev: m.recallRev, By: o.r.By, At: fromMillis(m.recalledAt),
	}
	o.result.Conversation = c.Conversation
	return nil
}

func (o *recallOp) save(t tx) error {
	r := o.result.Recall
	if err := o.discardFiles(t); err != nil {
		return fmt.Errorf("discard files: %w", err)
	}
	if _, err := t.exec(recallMessage, millis(r.At), o.num, int64(r.Seq)); err != nil {
		return fmt.Errorf("recall message: %w", err)
	}
	if _, err := t.exec(insertRecall, o.num, int64(r.Rev), int64(r.Seq)); err != nil {
		return fmt.Errorf("insert recall: %w", err)
	}
	return nil
}

// discardFiles removes what is known of the files the message carries, so that
// nobody gets at them any more, and notes down that their bytes are to follow.
func (o *recallOp) discardFiles(t tx) error {
	var blocks []chat.Block
	err := t.query(func(r row) error {
		return json.Unmarshal(r.bytes(0), &blocks)
	}, selectBlocks, o.num, int64(o.r.Seq))
	if err != nil {
		return err
	}
	for _, bl := range blocks {
		if bl.Image == nil {
			continue
		}
		if _, err := t.exec(insertRecalledFile, string(bl.Image.File)); err != nil {
			return err
		}
		if _, err := t.exec(deleteFile, string(bl.Image.File)); err != nil {
			return err
		}
	}
	_, err = t.exec(deleteWithImages, o.num, int64(o.r.Seq))
	return err
}

func (o *recallOp) finish(*batch) error { return nil }

func (o *recallOp) settle(b *batch) { b.settle(&o.result.Conversation) }

func errNoMessage() error { return chat.Errorf(chat.NotFound, "no such message") }
