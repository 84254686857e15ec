package sqlstore

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// Import implements legacy.Store.
func (s *Store) Import(ctx context.Context, messages []legacy.Message) ([]legacy.Outcome, error) {
	if len(messages) == 0 {
		return nil, nil
	}
	o := &importOp{messages: slices.Clone(messages)} // the caller may be gone before the batch is
	for i := range messages {
		m := &messages[i]
		if m.Num < 1 || m.Num >= legacy.FirstOwn {
			return nil, chat.Codef(chat.Invalid, "invalid_num", "the number of an imported message is 1 to %d, not %d", legacy.FirstOwn-1, m.Num)
		}
		if m.Buyer.Side() != chat.BuyerSide || m.Merchant.Side() != chat.MerchantSide {
			return nil, chat.Codef(chat.Invalid, "invalid_uid", "message %d is of %q and %q", m.Num, m.Buyer, m.Merchant)
		}
	}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return nil, fmt.Errorf("import: %w", err)
	}
	return done, nil
}

// importOp stores messages of another chat's, of many conversations.
type importOp struct {
	messages []legacy.Message
	result   []legacy.Outcome
}

// numbered is a new message that has a number already.
type numbered struct {
	num     legacy.Num
	message *message
}

// said tells apart the rows of two tables that have the same number.
type said struct {
	buyer, merchant chat.UID
	sender          chat.Side
	at              int64 // milliseconds
}

func saidBy(m *legacy.Message) said { return said{m.Buyer, m.Merchant, m.Sender, millis(m.SentAt)} }

func (o *importOp) begin(b *batch) error {
	for i := range o.messages {
		b.needBetween(pair{o.messages[i].Buyer, o.messages[i].Merchant})
	}
	return nil
}

// look asks which numbers are known, how much of each conversation was imported, and
// for the files.
func (o *importOp) look(b *batch) error {
	nums := make([]legacy.Num, len(o.messages))
	counted := make(map[int64]*conversation)
	for i := range o.messages {
		m := &o.messages[i]
		nums[i] = m.Num
		if c := b.between[pair{m.Buyer, m.Merchant}]; c != nil {
			counted[c.num] = c
		}
		for _, bl := range m.Blocks {
			if bl.Image != nil {
				b.needFile(bl.Image.File)
			}
		}
	}
	if b.nums == nil {
		b.nums = make(map[legacy.Num]said, len(nums))
	}
	list, err := json.Marshal(nums)
	if err != nil {
		return err
	}
	err = b.tx.query(func(r row) error {
		b.nums[legacy.Num(r.int(0))] = said{chat.UID(r.text(1)), chat.UID(r.text(2)), chat.Side(r.int(3)), r.int(4)} //nolint:gosec // 0 or 1
		return nil
	}, selectKnownNumbers, string(list))
	if err != nil || len(counted) == 0 {
		return err
	}
	ids := make([]int64, 0, len(counted))
	for num := range counted {
		ids = append(ids, num)
	}
	if list, err = json.Marshal(ids); err != nil {
		return err
	}
	return b.tx.query(func(r row) error {
		counted[r.int(0)].imported = r.int(1)
		return nil
	}, countImported, string(list), int64(legacy.FirstOwn))
}

func (o *importOp) apply(b *batch) error {
	for i := range o.messages { // before anything is changed
		if err := filesOf(b, &o.messages[i]); err != nil {
			return err
		}
	}
	o.result = make([]legacy.Outcome, len(o.messages))
	for i := range o.messages {
		var err error
		if o.result[i], err = importOne(b, &o.messages[i]); err != nil {
			return err
		}
	}
	return nil
}

func (o *importOp) finish(*batch) error { return nil }

func (o *importOp) settle(*batch) {}

// filesOf refuses pictures that are not the sender's, or somewhere else already.
func filesOf(b *batch, m *legacy.Message) error {
	if _, known := b.nums[m.Num]; known {
		return nil
	}
	sender := [2]chat.UID{m.Buyer, m.Merchant}[m.Sender]
	for _, bl := range m.Blocks {
		if bl.Image == nil {
			continue
		}
		if f := b.files[bl.Image.File]; f == nil || f.Uploader != sender || f.Conversation != "" {
			return chat.Codef(chat.Denied, "file_not_yours", "a picture of message %d is not its sender's, or in another message", m.Num)
		}
	}
	return nil
}

// importOne stores one message at the end of its conversation.
func importOne(b *batch, m *legacy.Message) (legacy.Outcome, error) {
	if there, ok := b.nums[m.Num]; ok && there != saidBy(m) {
		return legacy.Taken, nil
	} else if ok {
		return legacy.Known, nil
	}
	between := pair{m.Buyer, m.Merchant}
	c := b.between[between]
	outcome := legacy.Stored
	blocks := m.Blocks
	native := c != nil && int64(c.LastSeq) > c.imported
	if native && whole(m.SentAt).Before(c.LastAt) {
		if !m.Late {
			return legacy.Refused, nil
		}
		outcome = legacy.StoredLate
		blocks = append([]chat.Block{{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: chat.NoticeLate}}}, blocks...)
	}
	encoded, err := json.Marshal(blocks)
	if err != nil {
		return outcome, fmt.Errorf("encode blocks of message %d: %w", m.Num, err)
	}
	if c == nil {
		c = &conversation{Conversation: chat.Conversation{
			ID: chat.NewConversationID(), UIDs: [2]chat.UID{m.Buyer, m.Merchant}, CreatedAt: whole(m.SentAt),
		}}
		b.byID[c.ID], b.between[between] = c, c
	}
	before := c.Conversation
	// Nobody can have chosen that nonce: what comes in as a draft cannot stand in its
	// way.
	add := appendOp{blocks: encoded, a: chat.Append{
		Product: m.Product, Sender: c.UIDs[m.Sender], Nonce: chat.Nonce(fmt.Sprintf("hp-%d-%s", m.Num, strings.ToLower(rand.Text()[:8]))),
		Hash: fmt.Appendf(nil, "hp-%d", m.Num), Blocks: blocks, SentAt: m.SentAt, RecipientOnline: m.RecipientOnline,
	}}
	add.store(b, c, nonceOf{c, m.Sender, add.a.Nonce})
	if c.LastAt.Before(before.LastAt) {
		c.LastAt = before.LastAt // the old chat's clock went back, or the message is late
	}
	if outcome == legacy.StoredLate { // what was said since has the last word
		for side := range c.Sides {
			c.Sides[side].Waiting = before.Sides[side].Waiting
		}
	}
	c.imported++
	b.nums[m.Num] = saidBy(m)
	b.numbered = append(b.numbered, numbered{m.Num, b.inserts[len(b.inserts)-1]})
	c.markImported(m, &before, native)
	return outcome, nil
}

// markImported moves the watermarks as far as the message says. Where messages were
// said here, none moves over what may be unread.
func (c *conversation) markImported(m *legacy.Message, before *chat.Conversation, native bool) {
	move := func(side chat.Side, read, delivered bool) {
		was, is := &before.Sides[side], &c.Sides[side]
		if read && (!native || was.Read == before.LastSeq) {
			is.Read = c.LastSeq
			c.seen[side] = c.Sides[side.Other()].Total
		}
		if (read || delivered) && (!native || was.Delivered == before.LastSeq) {
			is.Delivered = c.LastSeq
		}
	}
	move(m.Sender, true, true) // who answers has read
	move(m.Sender.Other(), m.Read, m.Delivered)
	c.count()
}
