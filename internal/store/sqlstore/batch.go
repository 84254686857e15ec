package sqlstore

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// op is something to write. The batch calls its methods in this order, each for
// all members before the next, so that everything the members need is read by a
// fixed number of statements and everything they change is written by a fixed
// number, but for recalls, which take a few each. A batch that failed is tried again
// with its members alone: an op keeps nothing but its result, and that from the last
// try.
type op interface {
	// begin asks for conversations.
	begin(b *batch) error

	// look asks for messages and files, with the conversations at hand.
	look(b *batch) error

	// apply changes the conversations in memory. It refuses with a chat.Error
	// before it has changed anything.
	apply(b *batch) error

	// finish writes what needs nothing of the batch but its transaction. It comes
	// last, so that rows are locked in one order: those of the batch, then others. It
	// refuses with a chat.Error before it has written anything.
	finish(b *batch) error

	// settle makes the result final once the positions are known.
	settle(b *batch)
}

// conversation is a conversation of the batch, as of the op being applied.
type conversation struct {
	chat.Conversation
	num  int64
	seen [2]int64 // of each side: the other's messages up to its read watermark

	imported int64 // messages that were said in another chat; set where something is imported

	loaded       chat.Conversation // as of the beginning of the batch
	participants [2]*participant
	best         [2]bestMarks
	changed      bool
	reminded     [2]bool // of each side: the batch has a reminder for it
}

// participant counts by how much a position is raised. Until the batch knows the
// position itself, a Pos is written as minus the count at that moment.
type participant struct {
	uid  chat.UID
	by   chat.Pos
	base chat.Pos
}

// batch is the memory of one transaction.
type batch struct {
	dialect *Dialect
	stmts   statements
	tx      tx

	byID    map[chat.ConversationID]*conversation
	between map[pair]*conversation
	ids     []string
	pairs   [][2]string

	nonces     map[nonceOf]*message
	nonceKeys  []nonceKey
	nonceConvs []*conversation

	located map[seqKey]*located
	seqKeys []seqKey

	files   map[chat.FileID]*chat.File
	fileIDs []string

	participants map[chat.UID]*participant

	inserts    []*message
	withImages []*message // of inserts
	recalls    []*recallOp
	attached   []*chat.File

	reminders []newReminder

	asked []asked

	nums     map[legacy.Num]said // that are there, of those asked for
	numbered []numbered
}

type pair struct{ buyer, merchant chat.UID }

type nonceOf struct {
	conversation *conversation
	side         chat.Side
	nonce        chat.Nonce
}

// message is a stored message, or one about to be.
type message struct {
	chat.Message
	conversation *conversation
	side         chat.Side
	hash         []byte
	blocks       []byte // encoded
}

// located is what marks and recalls know of a message.
type located struct {
	side       chat.Side
	ordinal    int64
	sentAt     int64
	recalledAt int64
	recallRev  chat.Rev
}

// runBatch takes the requests through the open transaction and sets each one's
// err. Its own error is one that nobody expected.
func runBatch(t tx, d *Dialect, requests []*request) error {
	b := &batch{
		dialect:      d,
		stmts:        d.batch(t),
		tx:           t,
		byID:         make(map[chat.ConversationID]*conversation, len(requests)),
		participants: make(map[chat.UID]*participant, 2*len(requests)),
	}
	for _, r := range requests {
		r.err = nil
	}
	steps := []struct {
		ask  func(op) error // of each member
		then func() error   // for all
	}{
		{func(o op) error { return o.begin(b) }, b.loadConversations},
		{func(o op) error { return o.look(b) }, b.loadMessages},
		{func(o op) error { return o.apply(b) }, b.save},
		{func(o op) error { return o.finish(b) }, func() error { return nil }},
	}
	for _, step := range steps {
		for _, r := range requests {
			if r.err != nil {
				continue
			}
			err := step.ask(r.op)
			if _, refused := errors.AsType[*chat.Error](err); err != nil && !refused {
				return err
			}
			r.err = err
		}
		if err := step.then(); err != nil {
			return err
		}
	}
	for _, r := range requests {
		if r.err == nil {
			r.op.settle(b)
		}
	}
	return nil
}

// need asks for the conversation named id.
func (b *batch) need(id chat.ConversationID) {
	if _, ok := b.byID[id]; !ok {
		b.byID[id] = nil
		b.ids = append(b.ids, string(id))
	}
}

// needBetween asks for the conversation of two participants.
func (b *batch) needBetween(p pair) {
	if b.between == nil {
		b.between = make(map[pair]*conversation)
	}
	if _, ok := b.between[p]; !ok {
		b.between[p] = nil
		b.pairs = append(b.pairs, [2]string{string(p.buyer), string(p.merchant)})
	}
}

func (b *batch) loadConversations() error {
	keep := func(r row) error {
		c := &conversation{Conversation: decodeConversation(r), num: r.int(colNum)}
		c.seen = [2]int64{r.int(colBuyerSeen), r.int(colMerchantSeen)}
		c.loaded = c.Conversation
		if known := b.byID[c.ID]; known != nil {
			c = known // asked for by id and by its participants
		}
		b.byID[c.ID] = c
		p := pair{c.UIDs[chat.BuyerSide], c.UIDs[chat.MerchantSide]}
		if _, asked := b.between[p]; asked {
			b.between[p] = c
		}
		return nil
	}
	if len(b.ids) == 0 && len(b.pairs) == 0 {
		return nil
	}
	slices.Sort(b.ids)
	if err := b.stmts.conversations(b.ids, b.pairs, keep); err != nil {
		return fmt.Errorf("load conversations: %w", err)
	}
	return nil
}

// needNonce asks whether the message is there already.
func (b *batch) needNonce(k nonceOf) {
	if b.nonces == nil {
		b.nonces = make(map[nonceOf]*message)
	}
	if _, ok := b.nonces[k]; ok {
		return
	}
	b.nonces[k] = nil
	b.nonceKeys = append(b.nonceKeys, nonceKey{k.conversation.num, int64(k.side), string(k.nonce)})
	b.nonceConvs = append(b.nonceConvs, k.conversation)
}

// needMessage asks for what is to know of a message.
func (b *batch) needMessage(k seqKey) {
	if b.located == nil {
		b.located = make(map[seqKey]*located)
	}
	if _, ok := b.located[k]; !ok {
		b.located[k] = nil
		b.seqKeys = append(b.seqKeys, k)
	}
}

// needFile asks for a file.
func (b *batch) needFile(id chat.FileID) {
	if b.files == nil {
		b.files = make(map[chat.FileID]*chat.File)
	}
	if _, ok := b.files[id]; !ok {
		b.files[id] = nil
		b.fileIDs = append(b.fileIDs, string(id))
	}
}

func (b *batch) loadMessages() error {
	if len(b.nonceKeys) > 0 {
		if err := b.stmts.messagesByNonce(b.nonceKeys, b.keepRepeat); err != nil {
			return fmt.Errorf("look for repeats: %w", err)
		}
	}
	if len(b.seqKeys) > 0 {
		err := b.stmts.messagesBySeq(b.seqKeys, func(r row) error {
			b.located[seqKey{r.int(0), r.int(1)}] = &located{
				side: chat.Side(r.int(2)), ordinal: r.int(3), //nolint:gosec // 0 or 1
				sentAt: r.int(4), recalledAt: r.int(5), recallRev: chat.Rev(r.int(6)),
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("look up messages: %w", err)
		}
	}
	if len(b.fileIDs) > 0 {
		slices.Sort(b.fileIDs)
		err := b.stmts.files(b.fileIDs, func(r row) error {
			f := decodeFile(r)
			b.files[f.ID] = &f
			return nil
		})
		if err != nil {
			return fmt.Errorf("look up files: %w", err)
		}
	}
	return nil
}

func (b *batch) keepRepeat(r row) error {
	c := b.nonceConvs[r.int(0)]
	m, err := decodeMessage(r[1:], c.ID, c.UIDs)
	if err != nil {
		return err
	}
	stored := &message{Message: m, conversation: c, side: c.SideOf(m.Sender), hash: r.bytes(1 + colHash)}
	b.nonces[nonceOf{c, stored.side, m.Nonce}] = stored
	return nil
}

// change raises the conversation's rev and the positions of the given sides.
func (b *batch) change(c *conversation, sides ...chat.Side) {
	c.changed = true
	c.Rev++
	for _, side := range sides {
		p := c.participants[side]
		if p == nil {
			p = b.participant(c.UIDs[side])
			c.participants[side] = p
		}
		p.by++
		c.Sides[side].Pos = -p.by
	}
}

func (b *batch) participant(uid chat.UID) *participant {
	p := b.participants[uid]
	if p == nil {
		p = &participant{uid: uid}
		b.participants[uid] = p
	}
	return p
}

// count derives what is unread from totals and marks.
func (c *conversation) count() {
	for side := range c.Sides {
		c.Sides[side].Unread = c.Sides[1-side].Total - c.seen[side]
	}
}

// settle puts the real positions into a copy of one of the conversations.
func (b *batch) settle(c *chat.Conversation) {
	for side := range c.Sides {
		if pos := c.Sides[side].Pos; pos < 0 {
			c.Sides[side].Pos = b.participants[c.UIDs[side]].base - pos
		}
	}
}

// save writes what the ops have changed.
func (b *batch) save() error {
	if err := b.raise(); err != nil {
		return fmt.Errorf("raise positions: %w", err)
	}
	if err := b.saveConversations(); err != nil {
		return err
	}
	if err := b.saveMessages(); err != nil {
		return err
	}
	for _, r := range b.recalls {
		// While it is still there to be read.
		if err := b.dialect.search.drop(b.tx, r.num, int64(r.result.Recall.Seq)); err != nil {
			return fmt.Errorf("forget what was said: %w", err)
		}
		if err := r.save(b.tx); err != nil {
			return err
		}
	}
	if len(b.numbered) > 0 {
		if err := b.stmts.number(b.numbered); err != nil {
			return fmt.Errorf("number messages: %w", err)
		}
	}
	if len(b.attached) > 0 {
		if err := b.stmts.attach(b.attached); err != nil {
			return fmt.Errorf("attach files: %w", err)
		}
	}
	if len(b.asked) > 0 {
		if err := b.stmts.asked(b.asked); err != nil {
			return fmt.Errorf("store products asked about: %w", err)
		}
	}
	return b.saveReminders()
}

func (b *batch) saveMessages() error {
	if len(b.inserts) > 0 {
		if err := b.stmts.insert(b.inserts); err != nil {
			return fmt.Errorf("insert messages: %w", err)
		}
	}
	if len(b.withImages) > 0 {
		if err := b.stmts.insertWithImages(b.withImages); err != nil {
			return fmt.Errorf("note messages with images: %w", err)
		}
	}
	return nil
}

// raise adds to the participants' positions, each once however many of its
// conversations changed: under load the row of a merchant is what everybody
// wants, so it is locked late and for one statement.
func (b *batch) raise() error {
	if len(b.participants) == 0 {
		return nil
	}
	by := make([]raised, 0, len(b.participants))
	for _, p := range b.participants {
		by = append(by, raised{string(p.uid), int64(p.by)})
	}
	slices.SortFunc(by, func(x, y raised) int { return cmp.Compare(x.uid, y.uid) })
	return b.stmts.raise(by, func(r row) error {
		p := b.participants[chat.UID(r.text(0))]
		p.base = chat.Pos(r.int(1)) - p.by
		return nil
	})
}

func (b *batch) saveConversations() error {
	var begun, changed []*conversation
	for _, c := range b.byID {
		if c == nil || !c.changed {
			continue
		}
		b.settle(&c.Conversation)
		if c.num == 0 {
			begun = append(begun, c)
			continue
		}
		changed = append(changed, c)
	}
	if len(begun) > 0 {
		slices.SortFunc(begun, func(x, y *conversation) int { return cmp.Compare(x.ID, y.ID) })
		if err := b.stmts.begin(begun); err != nil {
			return fmt.Errorf("begin conversations: %w", err)
		}
	}
	if len(changed) == 0 {
		return nil
	}
	slices.SortFunc(changed, func(x, y *conversation) int { return cmp.Compare(x.num, y.num) })
	if err := b.stmts.update(changed); err != nil {
		return fmt.Errorf("update conversations: %w", err)
	}
	return nil
}

// writeOp is a small write that needs nothing of the batch but its transaction.
type writeOp struct {
	what string // what it writes to, where others may want the same
	fn   func(t tx) error
}

func (o *writeOp) begin(*batch) error    { return nil }
func (o *writeOp) look(*batch) error     { return nil }
func (o *writeOp) apply(*batch) error    { return nil }
func (o *writeOp) finish(b *batch) error { return o.fn(b.tx) }
func (o *writeOp) settle(*batch)         {}
