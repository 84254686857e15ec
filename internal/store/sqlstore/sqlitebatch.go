package sqlstore

import (
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

// sqliteBatch is the statements of a batch for SQLite. One writer holds the whole
// database, so there are no rows to lock. What is read comes by one statement,
// whose keys are a JSON array, and so do positions, whose statement returns rows.
// Wide rows are written by a prepared statement each, which needs no trip to a
// server here: BenchmarkAppend/senders=200/marks, processor time per message, is
// 50 µs like this, 65 with messages inserted from one JSON array, 71 with
// conversations updated from one, and 63 with a statement per position.
type sqliteBatch struct{ tx tx }

// CROSS JOIN keeps the keys in the outer loop.
const sqliteConversationsByID = `
SELECT` + conversationColumns + `
FROM json_each(?) k
CROSS JOIN conversations c ON c.id = k.value`

const sqliteConversationsBetween = `
SELECT` + conversationColumns + `
FROM json_each(?) k
CROSS JOIN conversations c ON c.buyer = k.value ->> 0 AND c.merchant = k.value ->> 1`

const sqliteMessagesByNonce = `
SELECT k.key,` + messageColumns + `
FROM json_each(?) k
CROSS JOIN messages m ON m.conversation = k.value ->> 0 AND m.side = k.value ->> 1 AND m.nonce = k.value ->> 2`

const sqliteMessagesBySeq = `
SELECT m.conversation, m.seq, m.side, m.ordinal, m.sent_at, m.recalled_at, r.rev
FROM json_each(?) k
CROSS JOIN messages m ON m.conversation = k.value ->> 0 AND m.seq = k.value ->> 1
LEFT JOIN recalls r ON r.conversation = m.conversation AND r.seq = m.seq`

// WHERE true tells the parser that ON is not the join's.
const sqliteRaise = `
INSERT INTO participants (uid, pos)
SELECT k.value ->> 0, k.value ->> 1
FROM json_each(?) k
WHERE true
ON CONFLICT (uid) DO UPDATE
SET pos = pos + excluded.pos
RETURNING uid, pos`

const sqliteBegin = `
INSERT INTO conversations (
  id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked, buyer_waiting,
  buyer_pinned, buyer_muted, buyer_marked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked, merchant_waiting,
  merchant_pinned, merchant_muted, merchant_marked)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
RETURNING num`

const sqliteUpdate = `
UPDATE conversations
SET product = ?, last_seq = ?, rev = ?, last_at = ?,
  buyer_total = ?, buyer_delivered = ?, buyer_read = ?, buyer_seen = ?,
  buyer_unread = ?, buyer_has_unread = ?, buyer_pos = ?, buyer_blocked = ?, buyer_waiting = ?,
  buyer_pinned = ?, buyer_muted = ?, buyer_marked = ?,
  merchant_total = ?, merchant_delivered = ?, merchant_read = ?, merchant_seen = ?,
  merchant_unread = ?, merchant_has_unread = ?, merchant_pos = ?, merchant_blocked = ?, merchant_waiting = ?,
  merchant_pinned = ?, merchant_muted = ?, merchant_marked = ?
WHERE num = ?`

const sqliteInsert = `
INSERT INTO messages (
  conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recipient_online, recalled_at, auto)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, ?)`

const sqliteInsertWithImages = `
INSERT INTO messages_with_images (conversation, seq)
SELECT k.value ->> 0, k.value ->> 1
FROM json_each(?) k`

const sqliteRemind = `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
SELECT k.value ->> 0, k.value ->> 1, k.value ->> 2, '', k.value ->> 3, '', 0, 0, 0, 0
FROM json_each(?) k
WHERE true
ON CONFLICT (conversation, side) DO NOTHING`

const sqliteAsked = `
INSERT INTO conversation_products (conversation, product, first_at, last_at)
SELECT k.value ->> 0, k.value ->> 1, k.value ->> 2, k.value ->> 2
FROM json_each(?) k
WHERE true
ON CONFLICT (conversation, product) DO UPDATE
SET last_at = excluded.last_at`

func (s sqliteBatch) conversations(ids []string, pairs [][2]string, each func(row) error) error {
	if len(ids) > 0 {
		if err := s.tx.query(each, sqliteConversationsByID, jsonList(ids)); err != nil {
			return err
		}
	}
	if len(pairs) == 0 {
		return nil
	}
	keys, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	return s.tx.query(each, sqliteConversationsBetween, string(keys))
}

func (s sqliteBatch) files(ids []string, each func(row) error) error {
	return s.tx.query(each, selectFiles, jsonList(ids))
}

func (s sqliteBatch) messagesByNonce(keys []nonceKey, each func(row) error) error {
	list := make([][3]any, len(keys))
	for i, k := range keys {
		list[i] = [3]any{k.num, k.side, k.nonce}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.tx.query(each, sqliteMessagesByNonce, string(b))
}

func (s sqliteBatch) messagesBySeq(keys []seqKey, each func(row) error) error {
	list := make([][2]int64, len(keys))
	for i, k := range keys {
		list[i] = [2]int64{k.num, k.seq}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.tx.query(each, sqliteMessagesBySeq, string(b))
}

func (s sqliteBatch) raise(by []raised, each func(row) error) error {
	list := make([][2]any, len(by))
	for i, r := range by {
		list[i] = [2]any{r.uid, r.by}
	}
	b, err := json.Marshal(list)
	if err != nil {
		return err
	}
	return s.tx.query(each, sqliteRaise, string(b))
}

func (s sqliteBatch) begin(cs []*conversation) error {
	for _, c := range cs {
		args := []any{
			string(c.ID), string(c.UIDs[0]), string(c.UIDs[1]), string(c.Product),
			int64(c.LastSeq), int64(c.Rev), millis(c.CreatedAt), millis(c.LastAt),
		}
		err := s.tx.query(func(r row) error {
			c.num = r.int(0)
			return nil
		}, sqliteBegin, c.appendSides(args)...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (s sqliteBatch) update(cs []*conversation) error {
	args := make([]any, 0, 32)
	for _, c := range cs {
		args = append(args[:0], string(c.Product), int64(c.LastSeq), int64(c.Rev), millis(c.LastAt))
		n, err := s.tx.exec(sqliteUpdate, append(c.appendSides(args), c.num)...)
		if err != nil {
			return err
		}
		if n != 1 {
			return fmt.Errorf("conversation %s is gone", c.ID)
		}
	}
	return nil
}

// appendSides adds the columns of both sides in the order of the table.
func (c *conversation) appendSides(args []any) []any {
	for side, s := range c.Sides {
		args = append(args, s.Total, int64(s.Delivered), int64(s.Read), c.seen[side],
			s.Unread, bit(s.HasUnread()), int64(s.Pos), bit(s.Blocked), bit(s.Waiting),
			bit(s.Pinned), bit(s.Muted), bit(s.Marked))
	}
	return args
}

func (s sqliteBatch) insert(ms []*message) error {
	for _, m := range ms {
		var online any
		if m.RecipientOnline != nil {
			online = bit(*m.RecipientOnline)
		}
		_, err := s.tx.exec(sqliteInsert, m.conversation.num, int64(m.Seq), int64(m.Rev), int64(m.side), m.Ordinal,
			string(m.Agent), m.AgentName, string(m.Nonce), m.hash, string(m.blocks), millis(m.SentAt), online, string(m.Auto))
		if err != nil {
			return err
		}
	}
	return nil
}

func (s sqliteBatch) insertWithImages(ms []*message) error {
	rows := make([][2]int64, len(ms))
	for i, m := range ms {
		rows[i] = [2]int64{m.conversation.num, int64(m.Seq)}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = s.tx.exec(sqliteInsertWithImages, string(list))
	return err
}

func (s sqliteBatch) number(ns []numbered) error {
	for _, n := range ns {
		if _, err := s.tx.exec(insertNumber, int64(n.num), n.message.conversation.num, int64(n.message.Seq)); err != nil {
			return err
		}
	}
	return nil
}

func (s sqliteBatch) attach(fs []*chat.File) error {
	for _, f := range fs {
		if _, err := s.tx.exec(attachFile, string(f.Conversation), string(f.ID)); err != nil {
			return err
		}
	}
	return nil
}

func (s sqliteBatch) remind(rs []newReminder) error {
	rows := make([][4]int64, len(rs))
	for i, r := range rs {
		rows[i] = [4]int64{r.conversation.num, int64(r.side), r.dueAt, r.told}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = s.tx.exec(sqliteRemind, string(list))
	return err
}

func (s sqliteBatch) asked(as []asked) error {
	rows := make([][3]any, len(as))
	for i, a := range as {
		rows[i] = [3]any{a.conversation.num, string(a.product), millis(a.at)}
	}
	list, err := json.Marshal(rows)
	if err != nil {
		return err
	}
	_, err = s.tx.exec(sqliteAsked, string(list))
	return err
}
