package sqlstore

import (
	"context"
	"crypto/sha256"
	"encoding/base32"
	"errors"
	"strconv"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// postgresSearch finds words in an index of lexemes. Each begins with a mark of whose
// it is, the buyer's and the merchant's apart, so that a search reads what one owner
// has, also one for the beginning of a word. No dictionary of the server's is asked:
// package terms has cut the words.
type postgresSearch struct{}

// One node at a time makes messages searchable.
const postgresIndexing = `
SELECT pg_try_advisory_xact_lock(hashtextextended('haggle indexing', 0))`

// What a crash takes back here is made again.
const postgresRelaxed = `
SET LOCAL synchronous_commit = off`

const postgresSaid = `
SELECT k.num,` + messageColumns + `
FROM unnest($1::bigint[], $2::bigint[]) WITH ORDINALITY k(num, seq, i)
CROSS JOIN LATERAL (
  SELECT *
  FROM messages s
  WHERE s.conversation = k.num AND s.seq > k.seq
  ORDER BY s.seq
  LIMIT $3
) m
ORDER BY k.i, m.seq
LIMIT $3`

// While this lasts nobody recalls a message of these.
const postgresHold = `
SELECT num
FROM conversations
WHERE num = ANY ($1::bigint[])
ORDER BY num
FOR NO KEY UPDATE`

// Messages of one millisecond have places one after the other. What was recalled since
// it was read stays out.
const postgresInsertSaid = `
INSERT INTO search_rows (id, conversation, seq, words)
SELECT k.at * 1048576
  + COALESCE((SELECT MAX(s.id) + 1 - k.at * 1048576 FROM search_rows s WHERE s.id >= k.at * 1048576 AND s.id < (k.at + 1) * 1048576), 0)
  + row_number() OVER (PARTITION BY k.at ORDER BY k.num, k.seq) - 1,
  k.num, k.seq, k.words::tsvector
FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::text[]) k(num, seq, at, words)
JOIN messages m ON m.conversation = k.num AND m.seq = k.seq AND m.recalled_at = 0
ON CONFLICT (conversation, seq) DO NOTHING`

const postgresIndexed = `
UPDATE conversations c
SET indexed_seq = k.seq
FROM unnest($1::bigint[], $2::bigint[]) k(num, seq)
WHERE c.num = k.num`

const postgresDropSaid = `
DELETE FROM search_rows
WHERE conversation = ? AND seq = ?`

const postgresSearchMessages = `
SELECT r.id,` + conversationColumns + `,` + messageColumns + `
FROM search_hits(?::text::tsquery, ?, ?) r
JOIN conversations c ON c.num = r.conversation
JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.mine = ?
ORDER BY r.id DESC`

// One conversation's own are fewer than what its sides have with the words.
const postgresSearchConversation = `
WITH hits AS MATERIALIZED (
  SELECT s.id, s.conversation, s.seq
  FROM search_rows s
  WHERE ts_match_vq(s.words, ?::text::tsquery) AND s.id + 0 < ? AND s.conversation = (SELECT num FROM conversations WHERE id = ?)
  ORDER BY s.id + 0 DESC
  LIMIT ?
)
SELECT r.id,` + conversationColumns + `,` + messageColumns + `
FROM hits r
JOIN conversations c ON c.num = r.conversation
JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.mine = ?
ORDER BY r.id DESC`

// index has a transaction of its own, beside those of the writer: nobody's message
// waits for it, but for the moment in which the rows are written.
func (postgresSearch) index(ctx context.Context, s *Store, limit int) (done int, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.dialect.timeout)
	defer cancel()
	defer func() {
		if state := s.dialect.failure(err); err != nil && state != nil {
			err = state
		}
	}()
	t, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return 0, err
	}
	x := postgresIndex{indexing{ctx, t, s.dialect.words}}
	if done, err = x.run(limit); err != nil {
		return 0, errors.Join(err, t.Rollback())
	}
	return done, t.Commit()
}

// postgresIndex is a transaction of index's.
type postgresIndex struct{ indexing }

func (x *postgresIndex) run(limit int) (int, error) {
	mine := false
	err := x.query(func(r row) error {
		mine, _ = r[0].(bool)
		return nil
	}, postgresIndexing)
	if err != nil || !mine {
		return 0, err
	}
	todo := map[int64]*unindexed{}
	var nums, from []int64
	err = x.query(func(r row) error {
		u := decodeUnindexed(r)
		todo[u.num] = &u
		nums, from = append(nums, u.num), append(from, u.seq)
		return nil
	}, selectUnindexed, int64(limit))
	if err != nil || len(todo) == 0 {
		return 0, err
	}
	var entries []entry
	done := 0
	err = x.query(func(r row) error {
		u := todo[r.int(0)]
		m, err := decodeMessage(r[1:], u.id, u.uids)
		if err != nil {
			return err
		}
		done++
		u.looked, u.seq = true, int64(m.Seq)
		e := u.entry
		e.sentAt, e.words = millis(m.SentAt), terms.Cut(saidIn(m.Blocks))
		if len(e.words) > 0 {
			entries = append(entries, e)
		}
		return nil
	}, postgresSaid, nums, from, int64(limit))
	if err != nil {
		return 0, err
	}
	return done, x.store(nums, todo, entries, done == limit)
}

// store writes what was found. Where more is to be looked at, conversations of which
// nothing was seen are left for then.
func (x *postgresIndex) store(nums []int64, todo map[int64]*unindexed, entries []entry, more bool) error {
	var held, to []int64
	for _, num := range nums {
		u := todo[num]
		if !u.looked && more {
			continue
		}
		if !u.looked { // there should be some; that there are none is not asked again and again
			u.seq = u.last
		}
		held, to = append(held, num), append(to, u.seq)
	}
	c := columns{rows: len(entries)}
	c.ints(func(i int) int64 { return entries[i].num })
	c.ints(func(i int) int64 { return entries[i].seq })
	c.ints(func(i int) int64 { return entries[i].sentAt })
	c.texts(func(i int) string { return lexemes(&entries[i]) })
	if err := x.query(func(row) error { return nil }, postgresHold, held); err != nil {
		return err
	}
	for _, st := range []struct {
		query string
		args  []any
	}{{postgresRelaxed, nil}, {postgresInsertSaid, c.args}, {postgresIndexed, []any{held, to}}} {
		if _, err := x.tx.ExecContext(x.ctx, st.query, st.args...); err != nil {
			return err
		}
	}
	return nil
}

// maxPosition is the last one that a tsvector tells apart.
const maxPosition = 1<<14 - 1

// lexemes writes an entry as a tsvector. Of one word it keeps 256 positions.
func lexemes(e *entry) string {
	at := make(map[string][]int, len(e.words))
	var words []string
	for i, w := range e.words {
		if len(at[w]) == 0 {
			words = append(words, w)
		}
		at[w] = append(at[w], min(i+1, maxPosition))
	}
	var b strings.Builder
	for _, uid := range e.uids {
		mark := ownerMark(uid)
		for _, w := range words {
			b.WriteString(quoteLexeme(mark + w))
			for i, p := range at[w] {
				b.WriteByte(":,"[min(i, 1)])
				b.WriteString(strconv.Itoa(p))
			}
			b.WriteByte(' ')
		}
	}
	return b.String()
}

func quoteLexeme(w string) string {
	return "'" + strings.ReplaceAll(strings.ReplaceAll(w, `\`, `\\`), `'`, `''`) + "'"
}

// ownerMark is a short name for uid. That two have the same is next to impossible; then
// neither sees what is the other's, as the conversations are asked too, and may miss
// something of their own.
func ownerMark(uid chat.UID) string {
	sum := sha256.Sum256([]byte(uid))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:])[:12])
}

func (postgresSearch) drop(t tx, num, seq int64) error {
	_, err := t.exec(postgresDropSaid, num, seq)
	return err
}

func (postgresSearch) search(q *chat.MessageQuery, words terms.Query) (string, []any) {
	mark := ownerMark(q.UID)
	var phrases []string
	for _, p := range words {
		list := make([]string, len(p.Terms))
		for i, w := range p.Terms {
			list[i] = quoteLexeme(mark + w)
		}
		if p.Prefix {
			list[len(list)-1] += ":*"
		}
		phrases = append(phrases, "("+strings.Join(list, " <-> ")+")")
	}
	match := strings.Join(phrases, " & ")
	if q.Conversation != "" {
		return postgresSearchConversation, []any{match, int64(q.Before), string(q.Conversation), int64(q.Limit), string(q.UID)}
	}
	return postgresSearchMessages, []any{match, int64(q.Before), int64(q.Limit), string(q.UID)}
}
