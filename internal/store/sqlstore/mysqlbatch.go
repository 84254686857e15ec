package sqlstore

import (
	"encoding/hex"
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

// mysqlBatch is the statements of a batch for MySQL and MariaDB, where others write to
// the same rows: all that are locked are locked in one order. A list is one JSON array,
// of which JSON_TABLE makes rows, in its order: the text of a statement is the same for
// any number of them, and prepared once.
type mysqlBatch struct{ tx tx }

// Both ways to name a conversation are in one list, so that they are one order: rows are
// locked as they are read. The LIMIT makes the server sort what it would not sort for a
// derived table otherwise.
const mysqlConversations = `
SELECT STRAIGHT_JOIN` + conversationColumns + `
FROM (
  SELECT u.num
  FROM (
    SELECT STRAIGHT_JOIN i.num
    FROM ` + texts + `
    JOIN conversations i FORCE INDEX (conversations_id) ON i.id = k.value
    UNION
    SELECT STRAIGHT_JOIN b.num
    FROM JSON_TABLE(?, '$[*]' COLUMNS (
      buyer VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[0]', merchant VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[1]')) p
    JOIN conversations b FORCE INDEX (conversations_between) ON b.buyer = p.buyer AND b.merchant = p.merchant
  ) u
  ORDER BY u.num
  LIMIT 1000000
) o
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = o.num
FOR UPDATE`

const mysqlFiles = mysqlFilesOf + `
FOR UPDATE`

const mysqlMessagesByNonce = `
SELECT STRAIGHT_JOIN k.i - 1,` + messageColumns + `
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  i FOR ORDINALITY, num BIGINT PATH '$[0]', side BIGINT PATH '$[1]', nonce VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[2]')) k
JOIN messages m FORCE INDEX (messages_nonce) ON m.nonce = k.nonce AND m.conversation = k.num AND m.side = k.side`

const mysqlMessagesBySeq = `
SELECT STRAIGHT_JOIN m.conversation, m.seq, m.side, m.ordinal, m.sent_at, m.recalled_at, r.rev
FROM JSON_TABLE(?, '$[*]' COLUMNS (num BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = k.num AND m.seq = k.seq
LEFT JOIN recalls r FORCE INDEX (recalls_seq) ON r.conversation = m.conversation AND r.seq = m.seq`

// The rows are locked in the order of the list.
const mysqlRaise = `
INSERT INTO participants (uid, pos)
SELECT k.uid, k.more
FROM JSON_TABLE(?, '$[*]' COLUMNS (uid VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[0]', more BIGINT PATH '$[1]')) k
ON DUPLICATE KEY UPDATE pos = pos + VALUES(pos)`

const mysqlRaised = `
SELECT STRAIGHT_JOIN p.uid, p.pos
FROM JSON_TABLE(?, '$[*]' COLUMNS (value VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[0]')) k
JOIN participants p FORCE INDEX (PRIMARY) ON p.uid = k.value`

// mysqlStates are the columns that conversations change in, as the list has them.
const mysqlStates = `
  num BIGINT PATH '$[0]', product VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[1]',
  last_seq BIGINT PATH '$[2]', rev BIGINT PATH '$[3]', last_at BIGINT PATH '$[4]',
  buyer_total BIGINT PATH '$[5]', buyer_delivered BIGINT PATH '$[6]', buyer_read BIGINT PATH '$[7]', buyer_seen BIGINT PATH '$[8]',
  buyer_unread BIGINT PATH '$[9]', buyer_has_unread BIGINT PATH '$[10]', buyer_pos BIGINT PATH '$[11]', buyer_blocked BIGINT PATH '$[12]',
  buyer_waiting BIGINT PATH '$[13]', buyer_pinned BIGINT PATH '$[14]', buyer_muted BIGINT PATH '$[15]', buyer_marked BIGINT PATH '$[16]',
  merchant_total BIGINT PATH '$[17]', merchant_delivered BIGINT PATH '$[18]', merchant_read BIGINT PATH '$[19]', merchant_seen BIGINT PATH '$[20]',
  merchant_unread BIGINT PATH '$[21]', merchant_has_unread BIGINT PATH '$[22]', merchant_pos BIGINT PATH '$[23]', merchant_blocked BIGINT PATH '$[24]',
  merchant_waiting BIGINT PATH '$[25]', merchant_pinned BIGINT PATH '$[26]', merchant_muted BIGINT PATH '$[27]', merchant_marked BIGINT PATH '$[28]'`

const mysqlBegin = `
INSERT INTO conversations (
  id, buyer, merchant, created_at, product, last_seq, rev, last_at, unindexed_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  buyer_waiting, buyer_pinned, buyer_muted, buyer_marked, buyer_waiting_at, buyer_pinned_at,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked,
  merchant_waiting, merchant_pinned, merchant_muted, merchant_marked, merchant_waiting_at, merchant_pinned_at)
SELECT k.id, k.buyer, k.merchant, k.created_at, k.product, k.last_seq, k.rev, k.last_at, k.last_at,
  k.buyer_total, k.buyer_delivered, k.buyer_read, k.buyer_seen, k.buyer_unread, k.buyer_has_unread, k.buyer_pos, k.buyer_blocked,
  k.buyer_waiting, k.buyer_pinned, k.buyer_muted, k.buyer_marked, IF(k.buyer_waiting, k.last_at, NULL), IF(k.buyer_pinned, k.last_at, NULL),
  k.merchant_total, k.merchant_delivered, k.merchant_read, k.merchant_seen, k.merchant_unread, k.merchant_has_unread, k.merchant_pos, k.merchant_blocked,
  k.merchant_waiting, k.merchant_pinned, k.merchant_muted, k.merchant_marked, IF(k.merchant_waiting, k.last_at, NULL), IF(k.merchant_pinned, k.last_at, NULL)
FROM JSON_TABLE(?, '$[*]' COLUMNS (` + mysqlStates + `,
  id VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[29]', buyer VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[30]',
  merchant VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[31]', created_at BIGINT PATH '$[32]')) k`

const mysqlBegun = `
SELECT STRAIGHT_JOIN c.id, c.num
FROM ` + texts + `
JOIN conversations c FORCE INDEX (conversations_id) ON c.id = k.value`

const mysqlUpdate = `
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (` + mysqlStates + `)) k
STRAIGHT_JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = k.num
SET c.product = k.product, c.last_seq = k.last_seq, c.rev = k.rev, c.last_at = k.last_at,
  c.unindexed_at = IF(c.indexed_seq < k.last_seq, k.last_at, NULL),
  c.buyer_total = k.buyer_total, c.buyer_delivered = k.buyer_delivered, c.buyer_read = k.buyer_read, c.buyer_seen = k.buyer_seen,
  c.buyer_unread = k.buyer_unread, c.buyer_has_unread = k.buyer_has_unread, c.buyer_pos = k.buyer_pos, c.buyer_blocked = k.buyer_blocked,
  c.buyer_waiting = k.buyer_waiting, c.buyer_pinned = k.buyer_pinned, c.buyer_muted = k.buyer_muted, c.buyer_marked = k.buyer_marked,
  c.buyer_waiting_at = IF(k.buyer_waiting, k.last_at, NULL), c.buyer_pinned_at = IF(k.buyer_pinned, k.last_at, NULL),
  c.merchant_total = k.merchant_total, c.merchant_delivered = k.merchant_delivered, c.merchant_read = k.merchant_read, c.merchant_seen = k.merchant_seen,
  c.merchant_unread = k.merchant_unread, c.merchant_has_unread = k.merchant_has_unread, c.merchant_pos = k.merchant_pos, c.merchant_blocked = k.merchant_blocked,
  c.merchant_waiting = k.merchant_waiting, c.merchant_pinned = k.merchant_pinned, c.merchant_muted = k.merchant_muted, c.merchant_marked = k.merchant_marked,
  c.merchant_waiting_at = IF(k.merchant_waiting, k.last_at, NULL), c.merchant_pinned_at = IF(k.merchant_pinned, k.last_at, NULL)`

const mysqlInsert = `
INSERT INTO messages (
  conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recipient_online, recalled_at, auto)
SELECT k.conversation, k.seq, k.rev, k.side, k.ordinal, k.agent, k.agent_name, k.nonce, UNHEX(k.hash), k.blocks, k.sent_at, k.online, 0, k.auto
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  conversation BIGINT PATH '$[0]', seq BIGINT PATH '$[1]', rev BIGINT PATH '$[2]', side BIGINT PATH '$[3]', ordinal BIGINT PATH '$[4]',
  agent VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[5]', agent_name TEXT CHARACTER SET utf8mb4 PATH '$[6]',
  nonce VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[7]', hash VARCHAR(512) CHARACTER SET utf8mb4 PATH '$[8]',
  blocks MEDIUMTEXT CHARACTER SET utf8mb4 PATH '$[9]', sent_at BIGINT PATH '$[10]', online BIGINT PATH '$[11]',
  auto VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[12]')) k`

const mysqlInsertWithImages = `
INSERT INTO messages_with_images (conversation, seq)
SELECT k.conversation, k.seq
FROM JSON_TABLE(?, '$[*]' COLUMNS (conversation BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k`

const mysqlNumber = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT k.num, k.conversation, k.seq
FROM JSON_TABLE(?, '$[*]' COLUMNS (num BIGINT PATH '$[0]', conversation BIGINT PATH '$[1]', seq BIGINT PATH '$[2]')) k`

const mysqlAttach = `
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (
  id VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[0]', conversation VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[1]')) k
STRAIGHT_JOIN files f FORCE INDEX (PRIMARY) ON f.id = k.id
SET f.conversation = k.conversation`

const mysqlRemind = `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
SELECT k.conversation, k.side, k.due_at, '', k.told, '', 0, 0, 0, 0
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  conversation BIGINT PATH '$[0]', side BIGINT PATH '$[1]', due_at BIGINT PATH '$[2]', told BIGINT PATH '$[3]')) k
ON DUPLICATE KEY UPDATE told = outbox.told`

const mysqlAsked = `
INSERT INTO conversation_products (conversation, product, first_at, last_at)
SELECT k.conversation, k.product, k.at, k.at
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  conversation BIGINT PATH '$[0]', product VARCHAR(256) CHARACTER SET utf8mb4 PATH '$[1]', at BIGINT PATH '$[2]')) k
ON DUPLICATE KEY UPDATE last_at = VALUES(last_at)`

// mysqlInsertBytes is after how much text a statement that inserts messages ends: the
// server takes no more than its max_allowed_packet at once, see leastPacket.
const mysqlInsertBytes = 1 << 20

// jsonRows is a list of rows as one argument.
func jsonRows[T any](rows []T) (string, error) {
	list, err := json.Marshal(rows)
	return string(list), err
}

// write carries out a statement for a list of rows.
func (s mysqlBatch) write(query string, rows [][]any) error {
	list, err := jsonRows(rows)
	if err != nil {
		return err
	}
	_, err = s.tx.exec(query, list)
	return err
}

func (s mysqlBatch) conversations(ids []string, pairs [][2]string, each func(row) error) error {
	if pairs == nil {
		pairs = [][2]string{}
	}
	keys, err := jsonRows(pairs)
	if err != nil {
		return err
	}
	return s.tx.query(each, mysqlConversations, jsonList(ids), keys)
}

func (s mysqlBatch) files(ids []string, each func(row) error) error {
	return s.tx.query(each, mysqlFiles, jsonList(ids))
}

func (s mysqlBatch) messagesByNonce(keys []nonceKey, each func(row) error) error {
	rows := make([][3]any, len(keys))
	for i, k := range keys {
		rows[i] = [3]any{k.num, k.side, k.nonce}
	}
	list, err := jsonRows(rows)
	if err != nil {
		return err
	}
	return s.tx.query(each, mysqlMessagesByNonce, list)
}

func (s mysqlBatch) messagesBySeq(keys []seqKey, each func(row) error) error {
	list, err := jsonRows(seqRows(keys))
	if err != nil {
		return err
	}
	return s.tx.query(each, mysqlMessagesBySeq, list)
}

func seqRows(keys []seqKey) [][2]int64 {
	rows := make([][2]int64, len(keys))
	for i, k := range keys {
		rows[i] = [2]int64{k.num, k.seq}
	}
	return rows
}

func (s mysqlBatch) raise(by []raised, each func(row) error) error {
	rows := make([][2]any, len(by))
	for i, r := range by {
		rows[i] = [2]any{r.uid, r.by}
	}
	list, err := jsonRows(rows)
	if err != nil {
		return err
	}
	if _, err := s.tx.exec(mysqlRaise, list); err != nil {
		return err
	}
	return s.tx.query(each, mysqlRaised, list)
}

// state is the columns of mysqlStates.
func (c *conversation) state() []any {
	state := make([]any, 0, 33)
	state = append(state, c.num, string(c.Product), int64(c.LastSeq), int64(c.Rev), millis(c.LastAt))
	return c.appendSides(state)
}

func (s mysqlBatch) begin(cs []*conversation) error {
	rows := make([][]any, len(cs))
	ids := make([]chat.ConversationID, len(cs))
	begun := make(map[chat.ConversationID]*conversation, len(cs))
	for i, c := range cs {
		rows[i] = append(c.state(), string(c.ID), string(c.UIDs[0]), string(c.UIDs[1]), millis(c.CreatedAt))
		ids[i], begun[c.ID] = c.ID, c
	}
	if err := s.write(mysqlBegin, rows); err != nil {
		return err
	}
	return s.tx.query(func(r row) error {
		begun[chat.ConversationID(r.text(0))].num = r.int(1)
		return nil
	}, mysqlBegun, jsonList(ids))
}

func (s mysqlBatch) update(cs []*conversation) error {
	rows := make([][]any, len(cs))
	for i, c := range cs {
		rows[i] = c.state()
	}
	list, err := jsonRows(rows)
	if err != nil {
		return err
	}
	n, err := s.tx.exec(mysqlUpdate, list)
	if err == nil && n != int64(len(cs)) { // each of them has another rev
		return fmt.Errorf("%d conversations changed, not %d", n, len(cs))
	}
	return err
}

func (s mysqlBatch) insert(ms []*message) error {
	var rows [][]any
	size := 0
	for i, m := range ms {
		var online any
		if m.RecipientOnline != nil {
			online = bit(*m.RecipientOnline)
		}
		rows = append(rows, []any{
			m.conversation.num, int64(m.Seq), int64(m.Rev), int64(m.side), m.Ordinal, string(m.Agent), m.AgentName, string(m.Nonce),
			hex.EncodeToString(m.hash), string(m.blocks), millis(m.SentAt), online, string(m.Auto),
		})
		if size += len(m.blocks); size < mysqlInsertBytes && i < len(ms)-1 {
			continue
		}
		if err := s.write(mysqlInsert, rows); err != nil {
			return err
		}
		rows, size = rows[:0], 0
	}
	return nil
}

func (s mysqlBatch) insertWithImages(ms []*message) error {
	rows := make([][]any, len(ms))
	for i, m := range ms {
		rows[i] = []any{m.conversation.num, int64(m.Seq)}
	}
	return s.write(mysqlInsertWithImages, rows)
}

func (s mysqlBatch) number(ns []numbered) error {
	rows := make([][]any, len(ns))
	for i, n := range ns {
		rows[i] = []any{int64(n.num), n.message.conversation.num, int64(n.message.Seq)}
	}
	return s.write(mysqlNumber, rows)
}

func (s mysqlBatch) attach(fs []*chat.File) error {
	rows := make([][]any, len(fs))
	for i, f := range fs {
		rows[i] = []any{string(f.ID), string(f.Conversation)}
	}
	return s.write(mysqlAttach, rows)
}

func (s mysqlBatch) remind(rs []newReminder) error {
	rows := make([][]any, len(rs))
	for i, r := range rs {
		rows[i] = []any{r.conversation.num, int64(r.side), r.dueAt, r.told}
	}
	return s.write(mysqlRemind, rows)
}

func (s mysqlBatch) asked(as []asked) error {
	rows := make([][]any, len(as))
	for i, a := range as {
		rows[i] = []any{a.conversation.num, string(a.product), millis(a.at)}
	}
	return s.write(mysqlAsked, rows)
}
