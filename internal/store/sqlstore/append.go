package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

// Append implements chat.Store.
func (s *Store) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	blocks, err := json.Marshal(a.Blocks)
	if err != nil {
		return chat.Appended{}, fmt.Errorf("append: encode blocks: %w", err)
	}
	o := &appendOp{a: a, blocks: blocks}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return chat.Appended{}, fmt.Errorf("append: %w", err)
	}
	return done, nil
}

type appendOp struct {
	a      chat.Append
	blocks []byte
	result chat.Appended
}

func (o *appendOp) begin(b *batch) error {
	if st := o.a.Start; st != nil {
		b.needBetween(pair{st.Buyer, st.Other})
	} else {
		b.need(o.a.Conversation)
	}
	return nil
}

// find returns the conversation, nil when there is none (yet).
func (o *appendOp) find(b *batch) *conversation {
	if st := o.a.Start; st != nil {
		return b.between[pair{st.Buyer, st.Other}]
	}
	return b.byID[o.a.Conversation]
}

func (o *appendOp) look(b *batch) error {
	if c := o.find(b); c != nil {
		b.needNonce(nonceOf{c, c.SideOf(o.a.Sender), o.a.Nonce})
	}
	for _, bl := range o.a.Blocks {
		if bl.Image != nil {
			b.needFile(bl.Image.File)
		}
	}
	return nil
}

func (o *appendOp) apply(b *batch) error {
	o.result = chat.Appended{}
	c := o.find(b)
	if c == nil && o.a.Start == nil {
		return errNoConversation()
	}
	if c == nil {
		c = &conversation{Conversation: chat.Conversation{
			ID: o.a.Start.ID, UIDs: [2]chat.UID{o.a.Start.Buyer, o.a.Start.Other}, CreatedAt: whole(o.a.SentAt),
		}}
		o.result.Begun = true
	}
	side := c.SideOf(o.a.Sender)
	if side == chat.NoSide {
		return errNoConversation()
	}
	key := nonceOf{c, side, o.a.Nonce}
	if m := b.nonces[key]; m != nil {
		return o.repeat(c, m)
	}
	if err := o.allowed(b, c, side); err != nil {
		return err
	}
	if o.result.Begun {
		b.byID[c.ID] = c
		b.between[pair{o.a.Start.Buyer, o.a.Start.Other}] = c
	}
	o.store(b, c, key)
	return nil
}

// repeat answers with the first result.
func (o *appendOp) repeat(c *conversation, m *message) error {
	if !bytes.Equal(m.hash, o.a.Hash) {
		return chat.Codef(chat.Conflict, "nonce_reused", "this nonce already stands for another message")
	}
	o.result.Message = m.Message
	o.result.Conversation = c.Conversation
	return nil
}

func (o *appendOp) allowed(b *batch, c *conversation, side chat.Side) error {
	if c.Sides[side.Other()].Blocked {
		return chat.Codef(chat.Denied, "blocked", "the other side does not want messages from you")
	}
	if c.Sides[side].Blocked {
		return chat.Codef(chat.Denied, "blocked_by_you", "you have blocked the other side")
	}
	for _, bl := range o.a.Blocks {
		if bl.Image == nil {
			continue
		}
		f := b.files[bl.Image.File]
		if f == nil || f.Uploader != o.a.Sender || f.Conversation != "" {
			return chat.Codef(chat.Denied, "file_not_yours", "this picture cannot be sent here")
		}
	}
	return nil
}

// store numbers the message and moves the conversation on.
func (o *appendOp) store(b *batch, c *conversation, key nonceOf) {
	b.change(c, chat.BuyerSide, chat.MerchantSide)
	c.LastSeq++
	c.LastAt = whole(o.a.SentAt)
	c.Sides[key.side].Total++
	if o.a.Product != "" && o.a.Product != c.Product {
		c.Product = o.a.Product
		o.result.About = true
		b.asked = append(b.asked, asked{c, c.Product, c.LastAt})
	}
	if o.a.Auto == chat.ByHand {
		c.Spoken(key.side)
	}
	c.count()

	m := &message{
		Message: chat.Message{
			Conversation: c.ID, Seq: c.LastSeq, Rev: c.Rev,
			Sender: o.a.Sender, Agent: o.a.Agent, AgentName: o.a.AgentName,
			Nonce: o.a.Nonce, Blocks: o.a.Blocks, SentAt: c.LastAt,
			Ordinal: c.Sides[key.side].Total, RecipientOnline: o.a.RecipientOnline, Auto: o.a.Auto,
		},
		conversation: c, side: key.side, hash: o.a.Hash, blocks: o.blocks,
	}
	b.inserts = append(b.inserts, m)
	b.remindOf(c, key.side.Other(), m, o.a.RemindAt)
	if b.nonces == nil {
		b.nonces = make(map[nonceOf]*message)
	}
	b.nonces[key] = m
	for _, bl := range o.a.Blocks {
		if bl.Image == nil {
			continue
		}
		if n := len(b.withImages); n == 0 || b.withImages[n-1] != m {
			b.withImages = append(b.withImages, m)
		}
		if f := b.files[bl.Image.File]; f.Conversation == "" {
			f.Conversation = c.ID
			b.attached = append(b.attached, f)
		}
	}
	o.result.Fresh = true
	o.result.Message = m.Message
	o.result.Conversation = c.Conversation
}

func (o *appendOp) finish(*batch) error { return nil }

func (o *appendOp) settle(b *batch) { b.settle(&o.result.Conversation) }

func errNoConversation() error { return chat.Errorf(chat.NotFound, "no such conversation") }
