package sqlstore

import (
	"context"
	"encoding/hex"
	"fmt"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// sqliteSearch finds words with FTS5. Each is there once for either side, behind the
// name of who may find it: so a search, also one for a single letter, reads words of
// conversations of its own, not those of all that begin so. That makes the index 2.4
// times as big, 323 bytes a message instead of 134; BenchmarkSearchAmongShops, the page of a shop among
// 300, takes 0.5 ms for the words that begin with a letter and 13 where who may find a
// message is but another word of it.
type sqliteSearch struct{}

// placesPerMilli is how many messages of one millisecond have a place of their own.
const placesPerMilli = 1 << 20

const sqliteNextPlace = `
SELECT COALESCE(MAX(id) + 1, 0)
FROM search_rows
WHERE id >= ? AND id < ?`

const sqliteInsertPlace = `
INSERT INTO search_rows (id, conversation, seq)
VALUES (?, ?, ?)`

const sqliteInsertWords = `
INSERT INTO search (rowid, conversation, words)
VALUES (?, ?, ?)`

const sqliteDropSaid = `
DELETE FROM search
WHERE rowid IN (SELECT id FROM search_rows WHERE conversation = ? AND seq = ?)`

const sqliteDropPlace = `
DELETE FROM search_rows
WHERE conversation = ? AND seq = ?`

const sqliteSearchMessages = `
SELECT search.rowid,` + conversationColumns + `,` + messageColumns + `
FROM search
CROSS JOIN search_rows r ON r.id = search.rowid
CROSS JOIN conversations c ON c.num = r.conversation
CROSS JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE search MATCH ? AND search.rowid < ? AND c.mine = ?
ORDER BY search.rowid DESC
LIMIT ?`

// index is a write like any other: there is one writer.
func (i sqliteSearch) index(ctx context.Context, s *Store, limit int) (int, error) {
	var done int
	err := s.write(ctx, "", func(t tx) (err error) {
		done, err = indexMessages(t, i, limit)
		return err
	})
	if err != nil {
		return 0, err // when ctx has ended, done may still be written to
	}
	return done, nil
}

func indexMessages(t tx, index sqliteSearch, limit int) (done int, err error) {
	var todo []unindexed
	err = t.query(func(r row) error {
		todo = append(todo, decodeUnindexed(r))
		return nil
	}, selectUnindexed, int64(limit))
	if err != nil {
		return 0, err
	}
	for _, u := range todo {
		if done == limit {
			break
		}
		n, err := u.index(t, index, limit-done)
		if err != nil {
			return 0, fmt.Errorf("messages of %s: %w", u.id, err)
		}
		done += n
	}
	return done, nil
}

// index adds up to limit of the conversation's messages.
func (u *unindexed) index(t tx, index sqliteSearch, limit int) (int, error) {
	var found []entry
	n := 0
	err := t.query(func(r row) error {
		m, err := decodeMessage(r, u.id, u.uids)
		if err != nil {
			return err
		}
		n++
		u.seq = int64(m.Seq)
		e := u.entry
		e.sentAt, e.words = millis(m.SentAt), terms.Cut(saidIn(m.Blocks))
		if len(e.words) > 0 {
			found = append(found, e)
		}
		return nil
	}, selectSaid, u.num, u.seq, int64(limit))
	if err != nil {
		return 0, err
	}
	if n == 0 { // there should be some; that there are none is not asked again and again
		u.seq = u.last
	}
	for _, e := range found {
		if err := index.add(t, e); err != nil {
			return 0, err
		}
	}
	_, err = t.exec(updateIndexed, u.seq, u.num)
	return n, err
}

func (sqliteSearch) add(t tx, e entry) error {
	from := e.sentAt * placesPerMilli
	place := from
	err := t.query(func(r row) error {
		place = max(from, r.int(0))
		return nil
	}, sqliteNextPlace, from, from+placesPerMilli)
	if err != nil {
		return err
	}
	if _, err := t.exec(sqliteInsertPlace, place, e.num, e.seq); err != nil {
		return err
	}
	words := append(wordsOf(e.uids[0], e.words), wordsOf(e.uids[1], e.words)...)
	_, err = t.exec(sqliteInsertWords, place, idWord(e.id), strings.Join(words, " "))
	return err
}

func (sqliteSearch) drop(t tx, num, seq int64) error {
	if _, err := t.exec(sqliteDropSaid, num, seq); err != nil {
		return err
	}
	_, err := t.exec(sqliteDropPlace, num, seq)
	return err
}

func (sqliteSearch) search(q *chat.MessageQuery, words terms.Query) (string, []any) {
	var match []string
	if q.Conversation != "" {
		match = append(match, `conversation : "`+idWord(q.Conversation)+`"`)
	}
	for _, p := range words {
		phrase := `words : "` + strings.Join(wordsOf(q.UID, p.Terms), " ") + `"`
		if p.Prefix {
			phrase += " *"
		}
		match = append(match, phrase)
	}
	return sqliteSearchMessages, []any{strings.Join(match, " AND "), int64(q.Before), string(q.UID), int64(q.Limit)}
}

// wordsOf returns what was cut as words that only uid looks for. No id goes on with the
// dot, so no word of V_1 begins as one of V_10 does; the index takes it for a letter, as
// all that is not ASCII.
func wordsOf(uid chat.UID, cut []string) []string {
	owner := idWord(uid) + "·"
	words := make([]string, len(cut))
	for i, term := range cut {
		words[i] = owner + term
	}
	return words
}

// idWord is an id as a word: the index knows no letter case and no punctuation.
func idWord[T ~string](id T) string { return hex.EncodeToString([]byte(id)) }
