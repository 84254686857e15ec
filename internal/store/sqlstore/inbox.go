package sqlstore

import (
	"math"

	"haggle/internal/chat"
)

// inbox is how an engine puts the lists of somebody's conversations. Its pieces are
// written for one side, see ofSide. Their arguments are: $1 who asks; $2, $3 and $4 what
// the page begins after, whether it has unread messages, its last_at and its id; $5 a
// product; $6 what a name is like; $7 how many.
type inbox struct {
	// Lists of conversations in one state, and of all, those with unread messages first.
	unread, read, waiting, pinned, unreadFirst stretch

	ofProduct, ofNamed string // what narrows any of these

	// apart says that each of two lists in a union is cut by itself.
	apart bool
}

// stretch is a list that is one stretch of one index, or a few that follow each other.
type stretch struct {
	of, end string // what narrows it comes in between
}

func (st stretch) only(these string) string { return st.of + these + st.end }

const selectUnreadFirst = `
SELECT` + conversationColumns + `,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1 AND (c.mine_has_unread, c.last_at, c.id) < ($2, $3, $4)`

const selectNewestOf = `
SELECT` + conversationColumns + `,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = $1 AND (c.last_at, c.id) < ($3, $4)`

const (
	ofRead   = ` AND c.mine_has_unread = 0`
	ofUnread = ` AND c.mine_has_unread = 1`

	// With these words a partial index holds nothing else.
	ofWaiting = ` AND c.mine_waiting = 1`
	ofPinned  = ` AND c.mine_pinned = 1`

	ofProduct = ` AND EXISTS (SELECT 1 FROM conversation_products p WHERE p.conversation = c.num AND p.product = $5)`

	ofNamed = ` AND EXISTS (SELECT 1 FROM participants p WHERE p.uid = c.theirs AND p.name_fold LIKE $6 ESCAPE '!')`

	unreadFirst = `
ORDER BY c.mine_has_unread DESC, c.last_at DESC, c.id DESC
LIMIT $7`

	// Over a union, columns go by their place: last_at and id.
	newestFirst = `
ORDER BY 9 DESC, 2 DESC
LIMIT $7`
)

// commonInbox is that of an engine with partial indexes.
func commonInbox() inbox {
	return inbox{
		unread: stretch{selectNewestOf + ofUnread, newestFirst}, read: stretch{selectNewestOf + ofRead, newestFirst},
		waiting: stretch{selectNewestOf + ofWaiting, newestFirst}, pinned: stretch{selectNewestOf + ofPinned, newestFirst},
		unreadFirst: stretch{selectUnreadFirst, unreadFirst}, ofProduct: ofProduct, ofNamed: ofNamed,
	}
}

// page returns the query for q, for either side, and its arguments.
func (in *inbox) page(q *chat.ConversationQuery) (string, []any) {
	hasUnread, lastAt, id := int64(2), int64(math.MaxInt64), "" // after which everything comes
	if q.After != nil {
		hasUnread, lastAt, id = bit(q.After.Unread), millis(q.After.LastAt), string(q.After.ID)
	}
	only, like := "", ""
	if q.Product != "" {
		only += in.ofProduct
	}
	if q.Search != "" {
		only += in.ofNamed
		like = "%" + escapeLike(foldName(q.Search)) + "%"
	}
	args := []any{string(q.UID), hasUnread, lastAt, id, string(q.Product), like, int64(q.Limit)}
	switch {
	case q.Filter == chat.UnreadConversations:
		return in.unread.only(only), args
	case q.Filter == chat.WaitingConversations:
		return in.waiting.only(only), args
	case q.Filter == chat.PinnedConversations:
		return in.pinned.only(only), args
	case q.Order == chat.UnreadFirst:
		return in.unreadFirst.only(only), args
	case in.apart:
		return "(" + in.unread.only(only) + ")\nUNION ALL (" + in.read.only(only) + ")" + newestFirst, args
	}
	return in.unread.of + only + "\nUNION ALL" + in.read.of + only + newestFirst, args
}
