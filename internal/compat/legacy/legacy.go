// Package legacy says what the PHP chat's door asks of a store beyond chat.Store:
// numbers for messages, as the old chat's pages and table have them, and a way
// in for messages that were said before there was a Haggle. The domain knows
// nothing of either. Package storetest holds the test that every implementation
// passes.
package legacy

import (
	"context"
	"time"

	"haggle/internal/chat"
)

// Num is a message's number towards the old chat: hp_chat_log.id, and `primary`
// in its pages. It is never 0.
type Num int64

// FirstOwn is the first Num that a store gives to a message by itself. Those
// below belong to rows of the old table, which may go on growing while both chats
// run. All of them fit into the table's INT UNSIGNED.
const FirstOwn Num = 2_000_000_001

// Store is what a store keeps for the old chat's sake.
type Store interface {
	// Numbers returns the Num of each message of the conversation named by seqs.
	// One that has none yet gets the next, for ever and for all nodes, and those before
	// it in the conversation get theirs first: among a conversation's own messages the
	// numbers rise as the seqs do. A seq of no message is left out.
	Numbers(ctx context.Context, id chat.ConversationID, seqs []chat.Seq) (map[chat.Seq]Num, error)

	// Import stores the messages, in the order given, each at the end of its
	// conversation, which it begins if need be. All of them are stored as one
	// step; what the outcome says of one that was not stored stands whatever
	// becomes of the others. A Num that is there already is never stored again; if it
	// is another message's, by who said it to whom and when, it is Taken.
	//
	// Nothing is put before what was said here: see Message.Late.
	Import(ctx context.Context, messages []Message) ([]Outcome, error)

	// Export returns up to limit messages with a Num greater than after, in its
	// order. With after 0 every message that has none gets one first, in the order
	// of conversations and seqs: what is stored later may be left out.
	Export(ctx context.Context, after Num, limit int) ([]Numbered, error)
}

// Message is a message of the old chat's on its way in.
type Message struct {
	Num      Num // 1 up to, not including, FirstOwn
	Buyer    chat.UID
	Merchant chat.UID
	Sender   chat.Side
	Blocks   []chat.Block
	Product  chat.ProductID // the conversation is about this from now on; "" leaves it
	SentAt   time.Time

	RecipientOnline *bool

	// Read says that the receiver had read it, and with it all before it. The
	// sender had read all before it in any case: it answered.
	Read bool

	// Delivered says that a device of the receiver's had it. What was not is
	// pushed to the old pages when they come back.
	Delivered bool

	// Late allows the message to be stored where it stands after messages that
	// were said here and are younger: with a notice of chat.NoticeLate before its
	// blocks, as seq is never rewritten. Such a message moves no watermark over
	// what is unread. Without Late it is refused.
	Late bool
}

// Outcome says what became of a Message.
type Outcome uint8

// The outcomes.
const (
	Stored     Outcome = iota
	StoredLate         // behind messages that are younger, with a notice
	Known              // it is there already
	Taken              // its Num is another message's, as it comes from another table
	Refused            // older than a message that was said here
)

// Numbered is a message with its number.
type Numbered struct {
	Num      Num
	Buyer    chat.UID
	Merchant chat.UID
	Read     bool // by the other side
	Message  chat.Message
}
