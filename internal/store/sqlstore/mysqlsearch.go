package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// mysqlSearch finds words in a table of its own, with a row for each word of a message,
// once for either side. The engines' full-text indexes depend on settings of the server
// (the shortest word, words that are left out), which nobody can change who is not its
// owner.
type mysqlSearch struct{}

// One node at a time makes messages searchable.
const mysqlIndexing = `
SELECT name
FROM turns
WHERE name = 'indexing'
FOR UPDATE SKIP LOCKED`

const mysqlSaid = `
SELECT STRAIGHT_JOIN k.num,` + messageColumns + `
FROM JSON_TABLE(?, '$[*]' COLUMNS (num BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = k.num AND m.seq = k.seq`

const mysqlNextPlace = `
SELECT MAX(id) + 1
FROM search_rows
WHERE id >= ? AND id < ?`

const mysqlInsertWords = `
INSERT INTO search_words (owner, word, place, nth)
SELECT k.owner, k.word, k.place, k.nth
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  owner BIGINT PATH '$[0]', word VARCHAR(260) CHARACTER SET utf8mb4 PATH '$[1]', place BIGINT PATH '$[2]', nth INT PATH '$[3]')) k`

// While this lasts nobody recalls a message of these.
const mysqlHold = `
SELECT STRAIGHT_JOIN c.num
FROM ` + numbers + `
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = k.value
FOR UPDATE`

const mysqlRecalled = `
SELECT STRAIGHT_JOIN k.place
FROM JSON_TABLE(?, '$[*]' COLUMNS (place BIGINT PATH '$[0]', num BIGINT PATH '$[1]', seq BIGINT PATH '$[2]')) k
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = k.num AND m.seq = k.seq
WHERE m.recalled_at <> 0`

const mysqlInsertPlaces = `
INSERT INTO search_rows (id, conversation, seq)
SELECT k.place, k.num, k.seq
FROM JSON_TABLE(?, '$[*]' COLUMNS (place BIGINT PATH '$[0]', num BIGINT PATH '$[1]', seq BIGINT PATH '$[2]')) k`

const mysqlIndexed = `
UPDATE JSON_TABLE(?, '$[*]' COLUMNS (num BIGINT PATH '$[0]', seq BIGINT PATH '$[1]')) k
STRAIGHT_JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = k.num
SET c.indexed_seq = k.seq, c.unindexed_at = IF(k.seq < c.last_seq, c.last_at, NULL)`

const mysqlPlaced = `
SELECT r.id, c.buyer, c.merchant, m.blocks
FROM search_rows r
JOIN conversations c ON c.num = r.conversation
JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE r.conversation = ? AND r.seq = ?`

const mysqlDropSaid = `
DELETE w
FROM JSON_TABLE(?, '$[*]' COLUMNS (
  owner BIGINT PATH '$[0]', word VARCHAR(260) CHARACTER SET utf8mb4 PATH '$[1]', place BIGINT PATH '$[2]', nth INT PATH '$[3]')) k
STRAIGHT_JOIN search_words w FORCE INDEX (PRIMARY) ON w.owner = k.owner AND w.word = k.word AND w.place = k.place AND w.nth = k.nth`

const mysqlDropPlace = `
DELETE FROM search_rows
WHERE id = ?`

// index has a transaction of its own, beside those of the writer: nobody's message waits
// for it, but for the moment in which it tells the conversations.
func (mysqlSearch) index(ctx context.Context, s *Store, limit int) (done int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.dialect.timeout)
	defer cancel()
	defer func() {
		if err == nil {
			return
		}
		if mysqlUndone(err) {
			done, err = 0, nil // somebody writes there: it is for the next time
		} else if state := s.dialect.failure(err); state != nil {
			err = state
		}
	}()
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	x := mysqlIndex{indexing{ctx, t, s.dialect.words}}
	if done, err = x.run(limit); err != nil {
		return 0, errors.Join(err, t.Rollback())
	}
	return done, t.Commit()
}

// mysqlIndex is a transaction of index's.
type mysqlIndex struct{ indexing }

// exec carries out a statement for a list of rows.
func (x *mysqlIndex) exec(query string, rows [][]any) error {
	if len(rows) == 0 {
		return nil
	}
	list, err := jsonRows(rows)
	if err != nil {
		return err
	}
	_, err = x.tx.ExecContext(x.ctx, query, list)
	return err
}

func (x *mysqlIndex) run(limit int) (int, error) {
	mine := false
	err := x.query(func(row) error { mine = true; return nil }, mysqlIndexing)
	if err != nil || !mine {
		return 0, err
	}
	todo := map[int64]*unindexed{}
	var nums []int64
	var keys []seqKey
	err = x.query(func(r row) error {
		u := decodeUnindexed(r)
		todo[u.num] = &u
		if len(keys) < limit {
			nums = append(nums, u.num)
		}
		for seq := u.seq + 1; seq <= u.last && len(keys) < limit; seq++ { // there are no gaps
			keys = append(keys, seqKey{u.num, seq})
			u.seq = seq
		}
		return nil
	}, selectUnindexed, int64(limit))
	if err != nil || len(keys) == 0 {
		return 0, err
	}
	list, err := jsonRows(seqRows(keys))
	if err != nil {
		return 0, err
	}
	var entries []entry
	err = x.query(func(r row) error {
		u := todo[r.int(0)]
		m, err := decodeMessage(r[1:], u.id, u.uids)
		if err != nil {
			return err
		}
		e := u.entry
		e.seq, e.sentAt, e.words = int64(m.Seq), millis(m.SentAt), terms.Cut(saidIn(m.Blocks))
		if len(e.words) > 0 {
			entries = append(entries, e)
		}
		return nil
	}, mysqlSaid, list)
	if err != nil {
		return 0, err
	}
	return len(keys), x.store(nums, todo, entries)
}

// store writes what was found: the words, which nobody finds yet, then, while nobody can
// recall any of it, where they were said.
func (x *mysqlIndex) store(nums []int64, todo map[int64]*unindexed, entries []entry) error {
	places, err := x.place(entries)
	if err != nil {
		return err
	}
	var words, placed, to [][]any
	for i := range entries {
		words = append(words, wordRows(&entries[i], places[i])...)
		placed = append(placed, []any{places[i], entries[i].num, entries[i].seq})
	}
	for _, num := range nums {
		to = append(to, []any{num, todo[num].seq})
	}
	for part := range slices.Chunk(words, mysqlWordsAtOnce) {
		if err := x.exec(mysqlInsertWords, part); err != nil {
			return err
		}
	}
	list, err := jsonRows(nums)
	if err != nil {
		return err
	}
	if err := x.query(func(row) error { return nil }, mysqlHold, list); err != nil {
		return err
	}
	if placed, err = x.stillThere(entries, placed); err != nil {
		return err
	}
	if err := x.exec(mysqlInsertPlaces, placed); err != nil {
		return err
	}
	return x.exec(mysqlIndexed, to)
}

// mysqlWordsAtOnce is how many words are stored in one statement.
const mysqlWordsAtOnce = 5000

// place returns where each entry is to be found: those of one millisecond one after the
// other.
func (x *mysqlIndex) place(entries []entry) ([]int64, error) {
	next := map[int64]int64{} // by sentAt
	places := make([]int64, len(entries))
	for i := range entries {
		at := entries[i].sentAt
		from := at * placesPerMilli
		if _, asked := next[at]; !asked {
			err := x.query(func(r row) error {
				next[at] = max(from, r.int(0))
				return nil
			}, mysqlNextPlace, from, from+placesPerMilli)
			if err != nil {
				return nil, err
			}
		}
		places[i] = next[at]
		next[at]++
	}
	return places, nil
}

// wordRows are the rows of a message in search_words.
func wordRows(e *entry, place int64) [][]any {
	rows := make([][]any, 0, 2*len(e.words))
	for _, uid := range e.uids {
		for nth, word := range e.words {
			rows = append(rows, []any{ownerNumber(uid), word, place, nth})
		}
	}
	return rows
}

// stillThere leaves out what was recalled since it was read.
func (x *mysqlIndex) stillThere(entries []entry, placed [][]any) ([][]any, error) {
	list, err := jsonRows(placed)
	if err != nil {
		return nil, err
	}
	recalled := map[int64]bool{}
	err = x.query(func(r row) error { recalled[r.int(0)] = true; return nil }, mysqlRecalled, list)
	if err != nil || len(recalled) == 0 {
		return placed, err
	}
	var kept, gone [][]any
	for i := range entries {
		place := placed[i][0].(int64) //nolint:errcheck // store has put it there
		if recalled[place] {
			gone = append(gone, wordRows(&entries[i], place)...)
		} else {
			kept = append(kept, placed[i])
		}
	}
	return kept, x.exec(mysqlDropSaid, gone)
}

// drop implements fullText, as long as the message is there to be read.
func (mysqlSearch) drop(t tx, num, seq int64) error {
	var place int64
	var words [][]any
	err := t.query(func(r row) error {
		e := entry{uids: [2]chat.UID{chat.UID(r.text(1)), chat.UID(r.text(2))}}
		var blocks []chat.Block
		if err := json.Unmarshal(r.bytes(3), &blocks); err != nil {
			return err
		}
		place, e.words = r.int(0), terms.Cut(saidIn(blocks))
		words = wordRows(&e, place)
		return nil
	}, mysqlPlaced, num, seq)
	if err != nil || len(words) == 0 {
		return err
	}
	list, err := jsonRows(words)
	if err != nil {
		return err
	}
	if _, err := t.exec(mysqlDropSaid, list); err != nil {
		return err
	}
	_, err = t.exec(mysqlDropPlace, place)
	return err
}

// ownerNumber is a short name for uid. That two have the same is next to impossible; then
// neither sees what is the other's, as the conversations are asked too.
func ownerNumber(uid chat.UID) int64 {
	sum := sha256.Sum256([]byte(uid))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any number will do
}

// mysqlQuery is a search that is being put together.
type mysqlQuery struct {
	text strings.Builder
	args []any
}

func (q *mysqlQuery) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

// places adds a query for where a phrase is. It begins with the last word, of which there
// may be many, and looks for each of the others where it has to be: all of the key is
// known then.
func (q *mysqlQuery) places(owner int64, p terms.Phrase, before int64) {
	last := len(p.Terms) - 1
	q.add("SELECT DISTINCT STRAIGHT_JOIN w.place FROM search_words w FORCE INDEX (PRIMARY)")
	for i := range last {
		name := "w" + strconv.Itoa(i)
		q.add(" JOIN search_words "+name+" FORCE INDEX (PRIMARY) ON "+name+".owner = ? AND "+name+".word = ? AND "+
			name+".place = w.place AND "+name+".nth = w.nth - ?", owner, p.Terms[i], int64(last-i))
	}
	q.add("\n  WHERE w.owner = ?", owner)
	if p.Prefix {
		q.add(" AND w.word >= ? AND w.word < CONCAT(?, X'FF')", p.Terms[last], p.Terms[last]) // no letter has that byte
	} else {
		q.add(" AND w.word = ?", p.Terms[last])
	}
	q.add(" AND w.place < ?", before)
}

// search implements fullText. Of one phrase that does not end with the beginning of a
// word it reads a page; otherwise all that has the words, and sorts it.
func (mysqlSearch) search(m *chat.MessageQuery, words terms.Query) (string, []any) {
	owner, before := ownerNumber(m.UID), int64(m.Before)
	var q mysqlQuery
	q.add("SELECT STRAIGHT_JOIN r.id," + conversationColumns + "," + messageColumns + "\nFROM (\n  ")
	if len(words) == 1 && m.Conversation == "" {
		q.places(owner, words[0], before)
	} else {
		q.add("SELECT STRAIGHT_JOIN s0.place FROM ")
		for i, p := range words {
			if i > 0 {
				q.add(" JOIN ")
			}
			q.add("(")
			q.places(owner, p, before)
			q.add(") s" + strconv.Itoa(i))
			if i > 0 {
				q.add(" ON s" + strconv.Itoa(i) + ".place = s0.place")
			}
		}
		if m.Conversation != "" {
			q.add("\n  JOIN search_rows o FORCE INDEX (PRIMARY) ON o.id = s0.place AND o.conversation = (SELECT num FROM conversations WHERE id = ?)",
				string(m.Conversation))
		}
	}
	q.add("\n  ORDER BY place DESC LIMIT ?\n) hits", int64(m.Limit))
	q.add(`
JOIN search_rows r FORCE INDEX (PRIMARY) ON r.id = hits.place
JOIN conversations c FORCE INDEX (PRIMARY) ON c.num = r.conversation
JOIN messages m FORCE INDEX (PRIMARY) ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.mine = ?
ORDER BY r.id DESC`, string(m.UID))
	return q.text.String(), q.args
}
