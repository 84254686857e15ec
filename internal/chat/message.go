package chat

import "time"

// BlockType says what a block holds.
type BlockType string

// The block types. Clients draw one they do not know as "not supported".
const (
	TextBlock    BlockType = "text"
	ImageBlock   BlockType = "image"
	ProductBlock BlockType = "product"
	NoticeBlock  BlockType = "notice" // the server's own words; nobody can send one
)

// Block is a piece of a stored message. Exactly the field that Type names is set.
// The JSON form is what the store keeps and what clients get.
type Block struct {
	Type    BlockType    `json:"type"`
	Text    string       `json:"text,omitzero"`
	Image   *Image       `json:"image,omitzero"`
	Product *ProductCard `json:"product,omitzero"`
	Notice  *Notice      `json:"notice,omitzero"`
}

// Notice says something about the blocks beside it. Clients have the words.
type Notice struct {
	Code   NoticeCode `json:"code"`
	Detail string     `json:"detail,omitzero"` // what it is about, as it was found: a path, a number
}

// NoticeCode says what a notice means. It is snake_case; clients draw one that
// they do not know in general words.
type NoticeCode string

// The notices, all of them on messages that came from another chat.
const (
	NoticeLate         NoticeCode = "added_later"   // older than what stands before it
	NoticeImageMissing NoticeCode = "image_missing" // Detail: its path
	NoticeImageBroken  NoticeCode = "image_broken"  // Detail: its path
	NoticeCardBroken   NoticeCode = "card_broken"   // the text is what was found instead of a product
	NoticeListBroken   NoticeCode = "list_broken"   // the text is what was found instead of pictures
	NoticeUnknownType  NoticeCode = "unknown_type"  // Detail: the number
	NoticeBadBytes     NoticeCode = "bad_bytes"     // some characters could not be read
)

// Image is a picture in a message. Where to fetch it is asked for with the file.
type Image struct {
	File    FileID `json:"file"`
	Width   int    `json:"width"`  // pixels, as drawn
	Height  int    `json:"height"` // pixels, as drawn
	Preview string `json:"preview,omitzero"`
}

// ProductCard is a product as it was when somebody sent it.
type ProductCard struct {
	ID       ProductID   `json:"id"`
	Title    string      `json:"title"`
	Amount   int64       `json:"amount"` // minor units
	Currency string      `json:"currency"`
	Image    string      `json:"image,omitzero"`
	URL      string      `json:"url,omitzero"`
	Kind     ProductKind `json:"kind"`
}

// Card returns the card of p.
func (p Product) Card() *ProductCard {
	return &ProductCard{
		ID: p.ID, Title: p.Title, Amount: p.Price.Amount, Currency: p.Price.Currency,
		Image: p.Image, URL: p.URL, Kind: p.Kind,
	}
}

// DraftBlock is a block as a sender asks for it: files and products by name, the
// server knows the rest. Exactly the field that Type names is set.
type DraftBlock struct {
	Type    BlockType
	Text    string
	File    FileID
	Product ProductID
}

// Message is one entry of a conversation: accepted, numbered and stored.
type Message struct {
	Conversation ConversationID
	Seq          Seq
	Rev          Rev // of the conversation, raised by this message
	Sender       UID
	Agent        AgentID // who of the merchant's staff wrote it; may be empty
	AgentName    string
	Nonce        Nonce
	Blocks       []Block // empty once recalled
	SentAt       time.Time

	// Ordinal counts the messages of the sender's side: 1 for its first. As Seq
	// has no gaps, Seq − Ordinal messages of the other side came before it.
	Ordinal int64

	// RecipientOnline says whether the other side was seen online at sending;
	// nil when nobody could say at once.
	RecipientOnline *bool

	Auto Auto // the server wrote it by itself

	RecalledAt time.Time // zero: it stands
}

// Recalled reports whether the sender took m back.
func (m Message) Recalled() bool { return !m.RecalledAt.IsZero() }

// Recall is the mutation that turned a message into a tombstone.
type Recall struct {
	Conversation ConversationID
	Seq          Seq // of the message
	Rev          Rev // of the conversation, raised by the recall
	By           UID
	At           time.Time
}
