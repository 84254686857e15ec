package sqlstore

import (
	"encoding/hex"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// sqliteSearch finds words with FTS5. Who may find a message is a word of it, too: so
// a search reads what its own conversations hold, not what all do.
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
INSERT INTO search (rowid, owner, words)
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
	owner := strings.Join([]string{ownerWord(e.uids[0]), ownerWord(e.uids[1]), ownerWord(e.id)}, " ")
	_, err = t.exec(sqliteInsertWords, place, owner, strings.Join(e.words, " "))
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
	owner := ownerWord(q.UID)
	if q.Conversation != "" {
		owner = ownerWord(q.Conversation)
	}
	var match strings.Builder
	match.WriteString(`owner : "` + owner + `"`)
	for _, p := range words {
		match.WriteString(` AND words : "` + strings.Join(p.Terms, " ") + `"`)
		if p.Prefix {
			match.WriteString(" *")
		}
	}
	return sqliteSearchMessages, []any{match.String(), int64(q.Before), string(q.UID), int64(q.Limit)}
}

// ownerWord is an id as a word: the index knows no letter case and no punctuation.
func ownerWord[T ~string](id T) string { return hex.EncodeToString([]byte(id)) }
