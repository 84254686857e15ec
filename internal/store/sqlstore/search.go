package sqlstore

import (
	"context"
	"fmt"
	"math"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// fullText is how an engine finds words.
type fullText interface {
	// add makes a message searchable.
	add(t tx, e entry) error

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
	done := 0
	err = s.write(ctx, func(t tx) (err error) {
		done, err = indexMessages(t, s.dialect.search, limit)
		return err
	})
	if err != nil {
		return 0, fmt.Errorf("index messages: %w", err)
	}
	return done, nil
}

// unindexed is a conversation with messages that cannot be found yet.
type unindexed struct {
	entry
	last int64
}

func indexMessages(t tx, index fullText, limit int) (done int, err error) {
	var todo []unindexed
	err = t.query(func(r row) error {
		todo = append(todo, unindexed{entry{
			num: r.int(0), id: chat.ConversationID(r.text(1)),
			uids: [2]chat.UID{chat.UID(r.text(2)), chat.UID(r.text(3))}, seq: r.int(4),
		}, r.int(5)})
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
func (u *unindexed) index(t tx, index fullText, limit int) (int, error) {
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
