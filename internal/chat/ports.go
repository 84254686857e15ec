package chat

import (
	"context"
	"io"
	"time"
)

// Store keeps everything that must not be lost. Every method is one atomic
// step: when it returns nil the effect is synced to disk; when it returns an
// error the effect is whole or absent, and which of the two may be unknown, so
// that every method can be repeated. Missing rows are NotFound. No caller's
// context ends a write that others share: where ctx ends first, what announces others
// returns an UnsettledError. Package storetest holds the test that every implementation passes.
type Store interface {
	ConversationStore
	DirectoryStore
	FileStore
	AccessStore
	LoginStore
	PhraseStore
	SettingsStore
	SearchStore

	// Ping reports whether the store can be read, and whether it takes writes: it
	// took the last one, or takes one now.
	Ping(ctx context.Context) error
}

// UnsettledError is the error of whoever stops waiting for a write that goes on without them.
type UnsettledError[T any] struct {
	Cause error // Unavailable with code "outcome_unknown"

	// Settled waits for the write's end, which is certain to come, and returns what the
	// method would have.
	Settled func() (T, error)
}

func (e *UnsettledError[T]) Error() string { return e.Cause.Error() }

func (e *UnsettledError[T]) Unwrap() error { return e.Cause }

// ConversationStore keeps conversations and their messages.
type ConversationStore interface {
	// Append stores a message under the next Seq, beginning its conversation
	// when a.Start says so and there is none. A repeat (same conversation,
	// sender and nonce) returns the first result with Fresh false, whatever else
	// has changed since; the same nonce with another Hash is a Conflict with
	// code "nonce_reused". The other side having blocked the sender is Denied
	// with code "blocked", the sender having blocked it with "blocked_by_you". A
	// file that is not the sender's own or already in another conversation is
	// Denied with code "file_not_yours"; a file of this conversation may be
	// attached again only by the same message.
	Append(ctx context.Context, a Append) (Appended, error)

	// Advance moves watermarks forward, as one step each. A mark that would move
	// one back changes nothing and is left out of the result. A mark beyond the
	// last message, or of an unknown conversation, is left out too: it is stale
	// or made up, and the others must not suffer. Read moves delivered along.
	Advance(ctx context.Context, marks []Mark) ([]Advanced, error)

	// Recall turns the message into a tombstone: its blocks go, Rev is raised. The
	// files it carried are there no more, for nobody; see RecalledFiles.
	// Only a message of by's that was sent at or after notBefore: an older one
	// is Denied with code "recall_too_late", somebody else's with
	// "not_your_message". A message already recalled returns its Recall again
	// with Fresh false.
	Recall(ctx context.Context, r RecallRequest) (Recalled, error)

	// SetBlocked says whether side wants to hear from the other.
	SetBlocked(ctx context.Context, id ConversationID, side Side, blocked bool) (Conversation, error)

	// SetFlag sets one of side's flags, or takes it away. A marked conversation counts
	// as unread until the side reads on, or writes; its read watermark stays where it is.
	// Only side's Pos is raised: the other is not told.
	SetFlag(ctx context.Context, id ConversationID, side Side, flag Flag, on bool) (Conversation, error)

	// Conversation returns the conversation named id.
	Conversation(ctx context.Context, id ConversationID) (Conversation, error)

	// ConversationBetween returns the conversation of a buyer and a merchant.
	ConversationBetween(ctx context.Context, buyer, merchant UID) (Conversation, error)

	// Conversations returns a page of uid's conversations, Last filled in.
	Conversations(ctx context.Context, q ConversationQuery) ([]Conversation, error)

	// ProductsAsked returns what the conversation was about, newest LastAt first, up
	// to limit.
	ProductsAsked(ctx context.Context, id ConversationID, limit int) ([]AskedAbout, error)

	// ChangedSince returns uid's conversations whose Pos (on uid's side) is
	// greater than after, ordered by it, Last filled in. No two have the same.
	ChangedSince(ctx context.Context, uid UID, after Pos, limit int) ([]Conversation, error)

	// MessagesAfter returns up to limit messages with Seq > after, in order.
	MessagesAfter(ctx context.Context, id ConversationID, after Seq, limit int) ([]Message, error)

	// MessagesBefore returns the last limit messages with Seq < before, in
	// order; before 0 means from the end.
	MessagesBefore(ctx context.Context, id ConversationID, before Seq, limit int) ([]Message, error)

	// MessagesWithImages returns the last limit messages with Seq < before that carry
	// an image, in order; before 0 means from the end.
	MessagesWithImages(ctx context.Context, id ConversationID, before Seq, limit int) ([]Message, error)

	// MessageByNonce returns the message that sender stored under nonce and the
	// Hash of its request. With id "" it looks in all conversations of a buyer: a
	// first message is repeated without knowing the conversation it began.
	MessageByNonce(ctx context.Context, id ConversationID, sender UID, nonce Nonce) (m Message, hash []byte, err error)

	// RecallsAfter returns up to limit recalls with Rev > after, in order.
	RecallsAfter(ctx context.Context, id ConversationID, after Rev, limit int) ([]Recall, error)

	// Acquainted returns those of others with whom uid has a conversation.
	Acquainted(ctx context.Context, uid UID, others []UID) ([]UID, error)

	// Unread returns how many of uid's conversations count as unread, and how many
	// messages are unread in them. Muted ones are left out.
	Unread(ctx context.Context, uid UID) (conversations, messages int64, err error)

	// Positions returns the position of each uid; one without changes is at 0.
	Positions(ctx context.Context, uids []UID) (Epoch, map[UID]Pos, error)

	// AddReport keeps a complaint about a conversation for the shop to read. It
	// gives it a Num of its own. A report about a message that is not there is
	// NotFound.
	AddReport(ctx context.Context, r Report) error

	// Reports returns up to limit reports with Num > after, in order.
	Reports(ctx context.Context, after ReportNum, limit int) ([]Report, error)

	// NewEpoch makes everything that clients know of positions void: they drop it
	// and load anew. It is for a store that was set back to an earlier state, and
	// no node may be serving from it.
	NewEpoch(ctx context.Context) (Epoch, error)
}

// Append asks to store one message.
type Append struct {
	Conversation ConversationID // "" when Start is set
	Start        *Start
	Product      ProductID // the conversation is about this from now on; "" leaves it

	Sender          UID
	Agent           AgentID
	AgentName       string
	Nonce           Nonce
	Hash            []byte // of the request, to tell a repeat from a mistake
	Blocks          []Block
	SentAt          time.Time
	RecipientOnline *bool
	Auto            Auto // the server's own doing; ByHand for what somebody sends

	// RemindAt is when the shop is told unless the other side has read by then; zero:
	// never. See ReminderStore.
	RemindAt time.Time
}

// Start says which conversation to begin unless it is there already.
type Start struct {
	ID    ConversationID // of the new one
	Buyer UID
	Other UID // the merchant
}

// Appended is the outcome of Append.
type Appended struct {
	Message      Message
	Conversation Conversation // as of this message's commit; Last is nil
	Fresh        bool         // stored by this call
	Begun        bool         // the conversation was begun by this call
	About        bool         // it is about another product since this call
}

// Mark asks to move one side's watermarks. Zero leaves a watermark.
type Mark struct {
	Conversation ConversationID
	Side         Side
	Delivered    Seq
	Read         Seq
}

// Advanced is a watermark that moved. A delivered mark raises the Rev and the
// other side's Pos, whose ticks it changes; a read mark raises both sides' Pos.
type Advanced struct {
	Conversation Conversation // after the change; Last is nil
	Side         Side
	Delivered    bool // it moved
	Read         bool // it moved
}

// RecallRequest asks to take a message back.
type RecallRequest struct {
	Conversation ConversationID
	Seq          Seq
	By           UID
	At           time.Time
	NotBefore    time.Time
}

// Recalled is the outcome of Recall.
type Recalled struct {
	Recall       Recall
	Conversation Conversation // Last is nil
	Fresh        bool
}

// Order is how a list of conversations is sorted.
type Order string

// The orders. Both end with the oldest last message.
const (
	NewestFirst Order = "newest"
	UnreadFirst Order = "unread"
)

// Filter is which of a list's conversations are wanted.
type Filter string

// The filters.
const (
	AllConversations     Filter = "all"
	UnreadConversations  Filter = "unread"
	WaitingConversations Filter = "waiting" // the other side has the last word
	PinnedConversations  Filter = "pinned"
)

// ConversationQuery asks for a page of a participant's conversations.
type ConversationQuery struct {
	UID     UID
	Order   Order               // counts only with AllConversations; the others are newest first
	Filter  Filter              // "" is AllConversations
	Product ProductID           // only conversations that were ever about it; "" all
	Search  string              // part of the other side's name, letter case aside; "" all
	After   *ConversationCursor // the last row of the page before; nil: from the start
	Limit   int
}

// ConversationCursor is the place of a row in a list.
type ConversationCursor struct {
	Unread bool // the row counted as unread; matters only with UnreadFirst
	LastAt time.Time
	ID     ConversationID
}

// ReportNum counts reports in the order in which they came: a later one has a
// greater number.
type ReportNum int64

// Report is a complaint by one side of a conversation.
type Report struct {
	Num          ReportNum // given by the store
	Conversation ConversationID
	By           UID
	Agent        AgentID
	Seq          Seq // the message it is about; 0: all of it
	Reason       string
	At           time.Time
}

// DirectoryStore keeps what the shop told of its people and its goods.
type DirectoryStore interface {
	// PutParticipant sets uid's name and avatar.
	PutParticipant(ctx context.Context, uid UID, name, avatar string) error

	// Participants returns those of uids that are known.
	Participants(ctx context.Context, uids []UID) (map[UID]Participant, error)

	// DeleteParticipant forgets uid's name and avatar. Its messages stay.
	DeleteParticipant(ctx context.Context, uid UID) error

	// PutProduct stores p in place of what its ID named before.
	PutProduct(ctx context.Context, p Product) error

	// Product returns the product, also one marked as deleted.
	Product(ctx context.Context, id ProductID) (Product, error)

	// Products returns those of ids that are known.
	Products(ctx context.Context, ids []ProductID) (map[ProductID]Product, error)

	// ProductsOf returns a page of what a merchant has for sale, by title, letter
	// case aside, then by ID.
	ProductsOf(ctx context.Context, q ProductQuery) ([]Product, error)

	// DeleteProduct marks the product as no longer for sale.
	DeleteProduct(ctx context.Context, id ProductID) error
}

// ProductQuery asks for a page of a merchant's products.
type ProductQuery struct {
	Merchant UID
	Search   string    // part of the title, letter case aside; "" all
	After    ProductID // the last of the page before; "": from the start
	Limit    int
}

// SettingsStore keeps what shops have set.
type SettingsStore interface {
	// ShopSettings returns a merchant's settings, those of Version 0 if it never set
	// any.
	ShopSettings(ctx context.Context, merchant UID) (ShopSettings, error)

	// PutShopSettings keeps set in place of the settings with its Version and returns
	// it with the next. If they have another Version by now, it is a Conflict with code
	// "settings_changed".
	PutShopSettings(ctx context.Context, merchant UID, set ShopSettings) (ShopSettings, error)
}

// PhraseStore keeps what sellers say often.
type PhraseStore interface {
	// Phrases returns the phrases of an owner by Place, then by ID.
	Phrases(ctx context.Context, owner PhraseOwner) ([]Phrase, error)

	// PutPhrase keeps p in place of what its owner had under its ID. An owner that
	// has most others already is refused: TooLarge with code "too_many_phrases".
	PutPhrase(ctx context.Context, p Phrase, most int) error

	// DeletePhrase forgets a phrase; one that is not there is no error.
	DeletePhrase(ctx context.Context, owner PhraseOwner, id PhraseID) error
}

// SearchStore finds messages by what they say. What is said is found once it is
// indexed, soon after; what is recalled is found no more at once.
type SearchStore interface {
	// IndexMessages indexes up to limit messages that are not yet, those of the
	// conversations with the latest messages first, and returns how many it did.
	IndexMessages(ctx context.Context, limit int) (int, error)

	// SearchMessages returns a page of the messages in uid's conversations that hold
	// q.Text, the latest first. Package terms says what a text holds.
	SearchMessages(ctx context.Context, q MessageQuery) ([]FoundMessage, error)
}

// MessageQuery asks for messages by what they say.
type MessageQuery struct {
	UID          UID
	Conversation ConversationID // only in this one; "" in all
	Text         string
	Before       SearchPlace // the last of the page before; 0: from the latest
	Limit        int
}

// SearchPlace is where a message stands among all that can be found: a later one has
// a greater place.
type SearchPlace int64

// FoundMessage is a message that was searched for.
type FoundMessage struct {
	Message      Message
	Conversation Conversation // Last is nil
	Place        SearchPlace
}

// File is an uploaded picture: what the store knows of it.
type File struct {
	ID           FileID
	Uploader     UID
	Agent        AgentID
	Key          Nonce  // of the upload, chosen by the uploader's device
	Hash         []byte // of the bytes as they were sent
	Type         string // "image/jpeg", "image/png" or "image/gif"
	Bytes        int64
	Width        int
	Height       int
	Preview      string         // ThumbHash, base64
	Conversation ConversationID // "" until a message carries it
	CreatedAt    time.Time
}

// FileStore keeps what is known of uploaded files; their bytes are in Blobs.
type FileStore interface {
	// AddFile stores f, or returns the file that f.Uploader stored under f.Key
	// with fresh false. The same key with another Hash is a Conflict with code
	// "nonce_reused".
	AddFile(ctx context.Context, f File) (stored File, fresh bool, err error)

	// FileByKey returns the file that uploader stored under key.
	FileByKey(ctx context.Context, uploader UID, key Nonce) (File, error)

	// Files returns those of ids that exist.
	Files(ctx context.Context, ids []FileID) (map[FileID]File, error)

	// UnattachedFiles returns up to limit files without a conversation that were
	// created before t, oldest first.
	UnattachedFiles(ctx context.Context, t time.Time, limit int) ([]File, error)

	// DeleteUnattachedFile removes a file unless a message carries it by now, and
	// says whether it did.
	DeleteUnattachedFile(ctx context.Context, id FileID) (bool, error)

	// RecalledFiles returns up to limit files that a recalled message carried and
	// whose bytes nobody has yet said to be gone. Nothing else is known of them.
	RecalledFiles(ctx context.Context, limit int) ([]FileID, error)

	// ForgetRecalledFile says that the file's bytes are gone.
	ForgetRecalledFile(ctx context.Context, id FileID) error
}

// AccessStore keeps what decides who gets in.
type AccessStore interface {
	// Secret returns the secret named name. The first caller's fresh becomes it,
	// for all nodes and for ever.
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)

	// PutLoginCode keeps a one-time code, by its hash, until expires.
	PutLoginCode(ctx context.Context, c LoginCode) error

	// TakeLoginCode returns the code and makes sure that nobody gets it again. An
	// unknown, taken or expired one is NotFound.
	TakeLoginCode(ctx context.Context, hash []byte, now time.Time) (LoginCode, error)

	// Revoke ends all tokens of uid that were issued before t.
	Revoke(ctx context.Context, uid UID, t time.Time) error
}

// LoginCode is worth one login. Only a hash of it is kept.
type LoginCode struct {
	Hash      []byte
	Actor     Actor
	ExpiresAt time.Time
}

// Blobs keeps the bytes of files under keys like "ab/abcdef/image".
type Blobs interface {
	// Put stores data under key, synced, replacing what was there.
	Put(ctx context.Context, key string, data []byte) error

	// Open returns the blob and its size. The caller closes it. A missing one is
	// NotFound.
	Open(ctx context.Context, key string) (io.ReadSeekCloser, error)

	// Delete removes the blob; one that is not there is no error.
	Delete(ctx context.Context, key string) error
}

// Limiter counts what actors do.
type Limiter interface {
	// Allow takes one from the allowance of key for action. When there is none
	// left it takes nothing and says how long until there is.
	Allow(action Action, key string) (retryAfter time.Duration, ok bool)
}

// Topic is what a node subscribes to: a participant's events, or the news of
// whether a participant is online.
type Topic struct {
	Kind TopicKind
	UID  UID
}

// TopicKind tells topics about the same uid apart.
type TopicKind uint8

// The kinds of topics.
const (
	EventsOf   TopicKind = iota // what uid's own sessions are told
	PresenceOf                  // what those who watch uid are told
)

// Presence says whether somebody is there.
type Presence uint8

// The presences.
const (
	PresenceUnknown Presence = iota // nobody could say in time
	Offline
	Online
)

// Bus carries events between sessions, on this node and on others. It may lose,
// repeat or reorder them: receivers compare Seq, Rev and Pos and ask Store.
type Bus interface {
	// Attach names the one receiver of this node. It is called once, before
	// anything else.
	Attach(r Receiver)

	// Publish hands ev to every node that subscribes to one of topics, this one
	// included, once per topic. It does not block.
	Publish(ctx context.Context, topics []Topic, ev Event) error

	// Subscribe starts delivery of topic to this node. Calls are counted by the
	// caller: a node subscribes at its first interest and leaves at its last.
	Subscribe(topic Topic) error

	// Unsubscribe ends what Subscribe started.
	Unsubscribe(topic Topic) error

	// Presence asks all nodes, within a short deadline of its own.
	Presence(ctx context.Context, uids []UID) map[UID]Presence

	// Cached returns what this node knows of uid without asking.
	Cached(uid UID) Presence
}

// Receiver is a node's end of the bus.
type Receiver interface {
	// Deliver takes an event of a topic this node subscribes to. It must not
	// block.
	Deliver(topic Topic, ev Event)

	// Online reports whether this node holds a session of uid that answered a
	// heartbeat lately.
	Online(uid UID) bool

	// Resync makes every session compare its position with the store: events may
	// have been lost.
	Resync()
}

// Event is what sessions are told. Exactly one of the pointers is set, or none: then
// something has changed that is not said, and sessions look into the store.
type Event struct {
	// Origin is the session whose own request caused the event and that learns of
	// it by the answer; it is not told again. "" for none.
	Origin ClientID

	// Pos is each side's Pos after the change, indexed by Side; 0 for a side whose
	// position it did not move, and for what is not kept (typing, colleague, presence,
	// push).
	Pos [2]Pos

	Message      *Message
	Delivered    *WatermarkEvent
	Read         *WatermarkEvent
	Recall       *Recall
	Conversation *ConversationView // it is new, or something else about it changed
	Typing       *TypingEvent
	Colleague    *ColleagueEvent
	Presence     *PresenceEvent
	Push         *PushEvent
	Revoked      *RevokedEvent
}

// WatermarkEvent says how far a side has come.
type WatermarkEvent struct {
	Conversation ConversationID
	Rev          Rev
	Side         Side
	Seq          Seq
	Unread       int64 // of that side, after the change
}

// TypingEvent says that somebody is writing, for the next few seconds.
type TypingEvent struct {
	Conversation ConversationID
	UID          UID
	Agent        AgentID
	AgentName    string
}

// ColleagueEvent says to a merchant's staff that one of them has a conversation before it
// for about the next half a minute, or writes in it for the next few seconds.
type ColleagueEvent struct {
	Conversation ConversationID
	Agent        AgentID
	AgentName    string
	Typing       bool
}

// PresenceEvent says that somebody came or went.
type PresenceEvent struct {
	UID    UID
	Online bool
}

// PushEvent carries something of the shop's own to a participant's sessions.
type PushEvent struct {
	Payload []byte // one JSON value
}

// RevokedEvent ends the sessions whose token was issued before At.
type RevokedEvent struct {
	At time.Time
}
