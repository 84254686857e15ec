package sqlstore

import "haggle/internal/chat"

// postgresBatch is the statements of a batch for PostgreSQL, where others write to the
// same rows: all that are locked are locked in one order. Lists are arrays, a column
// each.
type postgresBatch struct{ tx tx }

// Both ways to name a conversation are in one statement, so that they are one order.
const postgresConversations = `
SELECT` + conversationColumns + `
FROM conversations c
WHERE c.num = ANY (ARRAY(
  SELECT i.num FROM conversations i WHERE i.id = ANY ($1::text[])
  UNION
  SELECT b.num
  FROM unnest($2::text[], $3::text[]) k(buyer, merchant)
  JOIN conversations b ON b.buyer = k.buyer AND b.merchant = k.merchant))
ORDER BY c.num
FOR UPDATE`

const postgresFiles = `
SELECT` + fileColumns + `
FROM files
WHERE id = ANY ($1::text[])
ORDER BY id
FOR UPDATE`

const postgresMessagesByNonce = `
SELECT k.i - 1,` + messageColumns + `
FROM unnest($1::bigint[], $2::bigint[], $3::text[]) WITH ORDINALITY k(num, side, nonce, i)
JOIN messages m ON m.conversation = k.num AND m.side = k.side AND m.nonce = k.nonce`

const postgresMessagesBySeq = `
SELECT m.conversation, m.seq, m.side, m.ordinal, m.sent_at, m.recalled_at, r.rev
FROM unnest($1::bigint[], $2::bigint[]) k(num, seq)
JOIN messages m ON m.conversation = k.num AND m.seq = k.seq
LEFT JOIN recalls r ON r.conversation = m.conversation AND r.seq = m.seq`

// The rows come, and are locked, in the order of the arrays.
const postgresRaise = `
INSERT INTO participants (uid, pos)
SELECT *
FROM unnest($1::text[], $2::bigint[])
ON CONFLICT (uid) DO UPDATE
SET pos = participants.pos + excluded.pos
RETURNING uid, pos`

const postgresBegin = `
INSERT INTO conversations (
  id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  buyer_waiting, buyer_pinned, buyer_muted, buyer_marked, merchant_total, merchant_delivered, merchant_read, merchant_seen,
  merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked, merchant_waiting, merchant_pinned, merchant_muted, merchant_marked)
SELECT *
FROM unnest(
  $1::text[], $2::text[], $3::text[], $4::text[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
  $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
  $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[], $30::bigint[], $31::bigint[], $32::bigint[])
RETURNING id, num`

const postgresUpdate = `
UPDATE conversations c
SET product = k.product, last_seq = k.last_seq, rev = k.rev, last_at = k.last_at,
  buyer_total = k.buyer_total, buyer_delivered = k.buyer_delivered, buyer_read = k.buyer_read, buyer_seen = k.buyer_seen,
  buyer_unread = k.buyer_unread, buyer_has_unread = k.buyer_has_unread, buyer_pos = k.buyer_pos, buyer_blocked = k.buyer_blocked,
  buyer_waiting = k.buyer_waiting, buyer_pinned = k.buyer_pinned, buyer_muted = k.buyer_muted, buyer_marked = k.buyer_marked,
  merchant_total = k.merchant_total, merchant_delivered = k.merchant_delivered, merchant_read = k.merchant_read, merchant_seen = k.merchant_seen,
  merchant_unread = k.merchant_unread, merchant_has_unread = k.merchant_has_unread, merchant_pos = k.merchant_pos, merchant_blocked = k.merchant_blocked,
  merchant_waiting = k.merchant_waiting, merchant_pinned = k.merchant_pinned, merchant_muted = k.merchant_muted, merchant_marked = k.merchant_marked
FROM unnest(
  $1::bigint[], $2::text[], $3::bigint[], $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[],
  $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[], $14::bigint[], $15::bigint[], $16::bigint[],
  $17::bigint[], $18::bigint[], $19::bigint[], $20::bigint[], $21::bigint[], $22::bigint[], $23::bigint[], $24::bigint[],
  $25::bigint[], $26::bigint[], $27::bigint[], $28::bigint[], $29::bigint[]
) k(
  num, product, last_seq, rev, last_at, buyer_total, buyer_delivered, buyer_read,
  buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked, buyer_waiting, buyer_pinned, buyer_muted,
  buyer_marked, merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos,
  merchant_blocked, merchant_waiting, merchant_pinned, merchant_muted, merchant_marked)
WHERE c.num = k.num`

const postgresInsert = `
INSERT INTO messages (
  conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recipient_online, recalled_at, auto)
SELECT k.conversation, k.seq, k.rev, k.side, k.ordinal, k.agent, k.agent_name, k.nonce, k.hash, k.blocks, k.sent_at,
  NULLIF(k.online, -1), 0, k.auto
FROM unnest(
  $1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bigint[], $6::text[], $7::text[], $8::text[], $9::bytea[], $10::text[],
  $11::bigint[], $12::bigint[], $13::text[]
) k(conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, online, auto)`

const postgresInsertWithImages = `
INSERT INTO messages_with_images (conversation, seq)
SELECT *
FROM unnest($1::bigint[], $2::bigint[])`

const postgresNumber = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT *
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[])`

const postgresAttach = `
UPDATE files f
SET conversation = k.conversation
FROM unnest($1::text[], $2::text[]) k(id, conversation)
WHERE f.id = k.id`

const postgresRemind = `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
SELECT k.conversation, k.side, k.due_at, '', k.told, '', 0, 0, 0, 0
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bigint[]) k(conversation, side, due_at, told)
ON CONFLICT (conversation, side) DO NOTHING`

// A statement may not meet a row twice, so of those for the same it takes the first
// and the last time.
const postgresAsked = `
INSERT INTO conversation_products (conversation, product, first_at, last_at)
SELECT k.conversation, k.product, (array_agg(k.at ORDER BY k.i))[1], (array_agg(k.at ORDER BY k.i DESC))[1]
FROM unnest($1::bigint[], $2::text[], $3::bigint[]) WITH ORDINALITY k(conversation, product, at, i)
GROUP BY k.conversation, k.product
ON CONFLICT (conversation, product) DO UPDATE
SET last_at = excluded.last_at`

// later queues what writes rows and returns none.
func (s postgresBatch) later(query string, want int64, args ...any) error {
	if w, ok := s.tx.(interface {
		later(query string, want int64, args ...any)
	}); ok {
		w.later(query, want, args...)
		return nil
	}
	_, err := s.tx.exec(query, args...) // around the connection is something of a test's
	return err
}

func (s postgresBatch) conversations(ids []string, pairs [][2]string, each func(row) error) error {
	buyers, merchants := make([]string, len(pairs)), make([]string, len(pairs))
	for i, p := range pairs {
		buyers[i], merchants[i] = p[0], p[1]
	}
	return s.tx.query(each, postgresConversations, list(ids), buyers, merchants)
}

// list is ids, never nil: that would be NULL.
func list(ids []string) []string {
	if ids == nil {
		return []string{}
	}
	return ids
}

func (s postgresBatch) files(ids []string, each func(row) error) error {
	return s.tx.query(each, postgresFiles, list(ids))
}

func (s postgresBatch) messagesByNonce(keys []nonceKey, each func(row) error) error {
	nums, sides, nonces := make([]int64, len(keys)), make([]int64, len(keys)), make([]string, len(keys))
	for i, k := range keys {
		nums[i], sides[i], nonces[i] = k.num, k.side, k.nonce
	}
	return s.tx.query(each, postgresMessagesByNonce, nums, sides, nonces)
}

func (s postgresBatch) messagesBySeq(keys []seqKey, each func(row) error) error {
	nums, seqs := make([]int64, len(keys)), make([]int64, len(keys))
	for i, k := range keys {
		nums[i], seqs[i] = k.num, k.seq
	}
	return s.tx.query(each, postgresMessagesBySeq, nums, seqs)
}

func (s postgresBatch) raise(by []raised, each func(row) error) error {
	uids, more := make([]string, len(by)), make([]int64, len(by))
	for i, r := range by {
		uids[i], more[i] = r.uid, r.by
	}
	return s.tx.query(each, postgresRaise, uids, more)
}

// columns are the arrays of a statement.
type columns struct {
	rows int
	args []any
}

func (c *columns) ints(of func(i int) int64) {
	list := make([]int64, c.rows)
	for i := range list {
		list[i] = of(i)
	}
	c.args = append(c.args, list)
}

func (c *columns) texts(of func(i int) string) {
	list := make([]string, c.rows)
	for i := range list {
		list[i] = of(i)
	}
	c.args = append(c.args, list)
}

// sides adds the columns of both sides in the order of the table.
func (c *columns) sides(cs []*conversation) {
	for side := range 2 {
		of := func(column func(s *chat.SideState) int64) {
			c.ints(func(i int) int64 { return column(&cs[i].Sides[side]) })
		}
		of(func(s *chat.SideState) int64 { return s.Total })
		of(func(s *chat.SideState) int64 { return int64(s.Delivered) })
		of(func(s *chat.SideState) int64 { return int64(s.Read) })
		c.ints(func(i int) int64 { return cs[i].seen[side] })
		of(func(s *chat.SideState) int64 { return s.Unread })
		of(func(s *chat.SideState) int64 { return bit(s.HasUnread()) })
		of(func(s *chat.SideState) int64 { return int64(s.Pos) })
		of(func(s *chat.SideState) int64 { return bit(s.Blocked) })
		of(func(s *chat.SideState) int64 { return bit(s.Waiting) })
		of(func(s *chat.SideState) int64 { return bit(s.Pinned) })
		of(func(s *chat.SideState) int64 { return bit(s.Muted) })
		of(func(s *chat.SideState) int64 { return bit(s.Marked) })
	}
}

func (s postgresBatch) begin(cs []*conversation) error {
	c := columns{rows: len(cs)}
	c.texts(func(i int) string { return string(cs[i].ID) })
	c.texts(func(i int) string { return string(cs[i].UIDs[0]) })
	c.texts(func(i int) string { return string(cs[i].UIDs[1]) })
	c.texts(func(i int) string { return string(cs[i].Product) })
	c.ints(func(i int) int64 { return int64(cs[i].LastSeq) })
	c.ints(func(i int) int64 { return int64(cs[i].Rev) })
	c.ints(func(i int) int64 { return millis(cs[i].CreatedAt) })
	c.ints(func(i int) int64 { return millis(cs[i].LastAt) })
	c.sides(cs)
	begun := make(map[chat.ConversationID]*conversation, len(cs))
	for _, c := range cs {
		begun[c.ID] = c
	}
	return s.tx.query(func(r row) error {
		begun[chat.ConversationID(r.text(0))].num = r.int(1)
		return nil
	}, postgresBegin, c.args...)
}

func (s postgresBatch) update(cs []*conversation) error {
	c := columns{rows: len(cs)}
	c.ints(func(i int) int64 { return cs[i].num })
	c.texts(func(i int) string { return string(cs[i].Product) })
	c.ints(func(i int) int64 { return int64(cs[i].LastSeq) })
	c.ints(func(i int) int64 { return int64(cs[i].Rev) })
	c.ints(func(i int) int64 { return millis(cs[i].LastAt) })
	c.sides(cs)
	return s.later(postgresUpdate, int64(len(cs)), c.args...)
}

func (s postgresBatch) insert(ms []*message) error {
	c := columns{rows: len(ms)}
	c.ints(func(i int) int64 { return ms[i].conversation.num })
	c.ints(func(i int) int64 { return int64(ms[i].Seq) })
	c.ints(func(i int) int64 { return int64(ms[i].Rev) })
	c.ints(func(i int) int64 { return int64(ms[i].side) })
	c.ints(func(i int) int64 { return ms[i].Ordinal })
	c.texts(func(i int) string { return string(ms[i].Agent) })
	c.texts(func(i int) string { return ms[i].AgentName })
	c.texts(func(i int) string { return string(ms[i].Nonce) })
	hashes := make([][]byte, len(ms))
	for i, m := range ms {
		if hashes[i] = m.hash; m.hash == nil {
			hashes[i] = []byte{} // no bytes, not NULL
		}
	}
	c.args = append(c.args, hashes)
	c.texts(func(i int) string { return string(ms[i].blocks) })
	c.ints(func(i int) int64 { return millis(ms[i].SentAt) })
	c.ints(func(i int) int64 {
		if ms[i].RecipientOnline == nil {
			return -1
		}
		return bit(*ms[i].RecipientOnline)
	})
	c.texts(func(i int) string { return string(ms[i].Auto) })
	return s.later(postgresInsert, int64(len(ms)), c.args...)
}

func (s postgresBatch) insertWithImages(ms []*message) error {
	c := columns{rows: len(ms)}
	c.ints(func(i int) int64 { return ms[i].conversation.num })
	c.ints(func(i int) int64 { return int64(ms[i].Seq) })
	return s.later(postgresInsertWithImages, int64(len(ms)), c.args...)
}

func (s postgresBatch) number(ns []numbered) error {
	c := columns{rows: len(ns)}
	c.ints(func(i int) int64 { return int64(ns[i].num) })
	c.ints(func(i int) int64 { return ns[i].message.conversation.num })
	c.ints(func(i int) int64 { return int64(ns[i].message.Seq) })
	return s.later(postgresNumber, int64(len(ns)), c.args...)
}

func (s postgresBatch) attach(fs []*chat.File) error {
	c := columns{rows: len(fs)}
	c.texts(func(i int) string { return string(fs[i].ID) })
	c.texts(func(i int) string { return string(fs[i].Conversation) })
	return s.later(postgresAttach, int64(len(fs)), c.args...)
}

func (s postgresBatch) remind(rs []newReminder) error {
	c := columns{rows: len(rs)}
	c.ints(func(i int) int64 { return rs[i].conversation.num })
	c.ints(func(i int) int64 { return int64(rs[i].side) })
	c.ints(func(i int) int64 { return rs[i].dueAt })
	c.ints(func(i int) int64 { return rs[i].told })
	return s.later(postgresRemind, -1, c.args...)
}

func (s postgresBatch) asked(as []asked) error {
	c := columns{rows: len(as)}
	c.ints(func(i int) int64 { return as[i].conversation.num })
	c.texts(func(i int) string { return string(as[i].product) })
	c.ints(func(i int) int64 { return millis(as[i].at) })
	return s.later(postgresAsked, -1, c.args...)
}
