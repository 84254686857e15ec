package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// fullText is how an engine finds words.
type fullText interface {
	// index makes up to limit more messages searchable and returns how many it has
	// looked at. Of several who do so at a time, all but one may do nothing.
	index(ctx context.Context, s *Store, limit int) (int, error)

	// drop makes it be found no more; one that was not added is no error.
	drop(t tx, num, seq int64) error

	// search returns the query for a page, for either side, and its arguments. A row
	// is the place, a conversation and a message.
	search(q *chat.MessageQuery, words terms.Query) (string, []any)
}

// entry is a message to be found.
type entry struct {
	num    int64
	seq    int64
	id     chat.ConversationID
	uids   [2]chat.UID
	sentAt int64
	words  []string
}

// The latest first: of much to do, that is what somebody looks for.
const selectUnindexed = `
SELECT c.num, c.id, c.buyer, c.merchant, c.indexed_seq, c.last_seq
FROM conversations c
WHERE c.indexed_seq < c.last_seq
ORDER BY c.last_at DESC
LIMIT ?`

const selectSaid = `
SELECT` + messageColumns + `
FROM messages m
WHERE m.conversation = ? AND m.seq > ?
ORDER BY m.seq
LIMIT ?`

const updateIndexed = `
UPDATE conversations
SET indexed_seq = ?
WHERE num = ?`

// IndexMessages implements chat.Store.
func (s *Store) IndexMessages(ctx context.Context, limit int) (int, error) {
	some := false
	err := s.query(ctx, func(row) error { some = true; return nil }, selectUnindexed, int64(1))
	if err != nil || !some || limit <= 0 {
		return 0, err
	}
	done, err := s.dialect.search.index(ctx, s, limit)
	if err != nil {
		return 0, fmt.Errorf("index messages: %w", err)
	}
	return done, nil
}

// unindexed is a conversation with messages that cannot be found yet.
type unindexed struct {
	entry
	last   int64
	looked bool // at a message of it
}

// decodeUnindexed decodes a row of selectUnindexed.
func decodeUnindexed(r row) unindexed {
	return unindexed{
		entry: entry{
			num: r.int(0), id: chat.ConversationID(r.text(1)),
			uids: [2]chat.UID{chat.UID(r.text(2)), chat.UID(r.text(3))}, seq: r.int(4),
		},
		last: r.int(5),
	}
}

// saidIn returns the text of blocks.
func saidIn(blocks []chat.Block) string {
	var said []string
	for i := range blocks {
		if blocks[i].Type == chat.TextBlock {
			said = append(said, blocks[i].Text)
		}
	}
	return strings.Join(said, "\n")
}

// SearchMessages implements chat.Store.
func (s *Store) SearchMessages(ctx context.Context, q chat.MessageQuery) ([]chat.FoundMessage, error) {
	words := terms.Parse(q.Text)
	side := q.UID.Side()
	if len(words) == 0 || side == chat.NoSide || q.Limit <= 0 {
		return nil, nil
	}
	if q.Before == 0 {
		q.Before = math.MaxInt64
	}
	query, args := s.dialect.search.search(&q, words)
	var list []chat.FoundMessage
	err := s.query(ctx, func(r row) error {
		f := chat.FoundMessage{Place: chat.SearchPlace(r.int(0)), Conversation: decodeConversation(r[1:])}
		var err error
		f.Message, err = decodeMessage(r[1+conversationCols:], f.Conversation.ID, f.Conversation.UIDs)
		list = append(list, f)
		return err
	}, ofSide(query, side), args...)
	if err != nil {
		return nil, fmt.Errorf("search messages: %w", err)
	}
	return list, nil
}

// indexing is a transaction of index's, where it goes beside the writer's.
type indexing struct {
	ctx   context.Context //nolint:containedctx // it is as short-lived as its argument would be
	tx    *sql.Tx
	words *words
}

func (x *indexing) query(each func(row) error, query string, args ...any) (err error) {
	put := x.words.of(query)
	rows, err := x.tx.QueryContext(x.ctx, put.sql, put.pick(args)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return eachRow(rows, each)
}
