package wire

import "haggle/internal/chat"

// Block is a piece of a message.
type Block = chat.Block

// Message is a stored message.
type Message struct {
	Conversation    string  `json:"conversation"`
	Seq             int64   `json:"seq"`
	Rev             int64   `json:"rev"`
	Sender          string  `json:"sender"`
	Agent           string  `json:"agent,omitzero"`
	AgentName       string  `json:"agent_name,omitzero"`
	Nonce           string  `json:"nonce"`
	Blocks          []Block `json:"blocks"` // empty once recalled
	SentAt          int64   `json:"sent_at"`
	RecipientOnline *bool   `json:"recipient_online,omitzero"`
	Auto            string  `json:"auto,omitzero" enum:"greeting,away"` // the server wrote it by itself
	RecalledAt      int64   `json:"recalled_at,omitzero"`
}

// Recall is the mutation that turned a message into a tombstone.
type Recall struct {
	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
	Rev          int64  `json:"rev"`
	By           string `json:"by"`
	At           int64  `json:"at"`
}

// Participant is a buyer or a merchant.
type Participant struct {
	UID    string `json:"uid"`
	Name   string `json:"name,omitzero"`
	Avatar string `json:"avatar,omitzero"`
}

// Product is something for sale.
type Product struct {
	ID       string `json:"id"`
	Merchant string `json:"merchant"`
	Title    string `json:"title"`
	Amount   int64  `json:"amount"` // minor units
	Currency string `json:"currency"`
	Image    string `json:"image,omitzero"`
	URL      string `json:"url,omitzero"`
	Kind     string `json:"kind"             enum:"virtual,physical"`
	Stock    *int64 `json:"stock,omitzero"`
	Deleted  bool   `json:"deleted,omitzero"`
}

// Conversation is a conversation as one of its two sides sees it.
type Conversation struct {
	ID         string       `json:"id"`
	Rev        int64        `json:"rev"`
	Pos        int64        `json:"pos"` // of this participant at the last change
	Buyer      Participant  `json:"buyer"`
	Merchant   Participant  `json:"merchant"`
	Product    *Product     `json:"product,omitzero"` // last talked about
	LastSeq    int64        `json:"last_seq"`
	Last       *Message     `json:"last,omitzero"`
	Unread     int64        `json:"unread"`           // of this participant
	Waiting    bool         `json:"waiting,omitzero"` // the other side has the last word, automatic ones aside
	Pinned     bool         `json:"pinned,omitzero"`  // of this participant, and so the next two
	Muted      bool         `json:"muted,omitzero"`
	Marked     bool         `json:"marked,omitzero"` // counts as unread until it reads or writes on
	BuyerAt    SideProgress `json:"buyer_at"`
	MerchantAt SideProgress `json:"merchant_at"`
	CreatedAt  int64        `json:"created_at"`
	LastAt     int64        `json:"last_at"`
}

// SideProgress says how far one side of a conversation has come.
type SideProgress struct {
	Delivered int64 `json:"delivered"`
	Read      int64 `json:"read"`
	Blocked   bool  `json:"blocked,omitzero"` // it does not want to hear from the other
}

// ConversationPage is a page of a list of conversations.
type ConversationPage struct {
	Conversations []Conversation `json:"conversations"`
	Cursor        string         `json:"cursor,omitzero"` // of the next page; absent on the last
}

// Phrases are what a seller says often, each list in the order to show it in.
type Phrases struct {
	Mine []Phrase `json:"mine"`
	Shop []Phrase `json:"shop"`
}

// Phrase is a text to say again. {buyer} and {product} in it stand for names.
type Phrase struct {
	ID    string `json:"id"`
	Title string `json:"title,omitzero"`
	Text  string `json:"text"`
	Place int64  `json:"place"`
}

// AskedPage is what a conversation was about, latest first.
type AskedPage struct {
	Products []Asked `json:"products"`
}

// Asked is a product that a conversation was about.
type Asked struct {
	Product Product `json:"product"`
	FirstAt int64   `json:"first_at"` // when the conversation first came to be about it
	LastAt  int64   `json:"last_at"`  // when it last did
}

// ProductPage is a page of a merchant's products.
type ProductPage struct {
	Products []Product `json:"products"`
	Cursor   string    `json:"cursor,omitzero"` // of the next page; absent on the last
}

// MessagePage is a page of a conversation's messages, in order of seq.
type MessagePage struct {
	Messages []Message `json:"messages"`
	More     bool      `json:"more,omitzero"` // there are others beyond the far end
}

// FoundMessages is a page of the messages that were searched for, the latest first.
type FoundMessages struct {
	Found  []FoundMessage `json:"found"`
	Cursor string         `json:"cursor,omitzero"` // of the next page; absent on the last
}

// FoundMessage is a message that was searched for.
type FoundMessage struct {
	Message      Message      `json:"message"`
	Conversation Conversation `json:"conversation"`
}

// RecallPage is a page of a conversation's recalls, in order of rev.
type RecallPage struct {
	Recalls []Recall `json:"recalls"`
	More    bool     `json:"more,omitzero"`
}

// Me is who the token says one is.
type Me struct {
	Participant         Participant `json:"participant"`
	Side                string      `json:"side"                 enum:"buyer,merchant"`
	Agent               string      `json:"agent,omitzero"`
	AgentName           string      `json:"agent_name,omitzero"`
	Guest               bool        `json:"guest,omitzero"`
	Position            Position    `json:"position"`
	UnreadConversations int64       `json:"unread_conversations"`
	Unread              int64       `json:"unread"`
	Limits              Limits      `json:"limits"`
	WeChat              *WeChat     `json:"wechat,omitzero"` // absent without an official account
}

// WeChat is what a page inside WeChat has to know.
type WeChat struct {
	JS string `json:"js"` // where the JS-SDK is
}

// JSConfig is what such a page hands to wx.config.
type JSConfig struct {
	AppID     string `json:"app_id"`
	Timestamp int64  `json:"timestamp"` // Unix seconds
	NonceStr  string `json:"nonce_str"`
	Signature string `json:"signature"`
}

// Limits are the bounds that a client checks before it asks.
type Limits struct {
	Text         int   `json:"text"` // characters of a message
	Blocks       int   `json:"blocks"`
	Images       int   `json:"images"`
	UploadBytes  int64 `json:"upload_bytes"`
	UploadPixels int64 `json:"upload_pixels"`
	RecallMS     int64 `json:"recall_ms"`
}

// Begin is what a page needs to begin, or go on with, the conversation about a
// product. Opening a page creates nothing: without a message there is no
// conversation.
type Begin struct {
	Product      Product       `json:"product"`
	Merchant     Participant   `json:"merchant"`
	Presence     string        `json:"presence"              enum:"online,offline,unknown"`
	Conversation *Conversation `json:"conversation,omitzero"` // absent until the first message
	Closed       *Closed       `json:"closed,omitzero"`       // the shop does not answer just now

	RepliesWithinMS int64 `json:"replies_within_ms,omitzero"` // it usually does within this time; absent: nobody can tell
}

// Closed tells of a shop that does not answer just now.
type Closed struct {
	Until int64 `json:"until,omitzero"` // when it opens; absent: not within a week
}

// ShopSettings is what a merchant's staff have set for all of the shop.
type ShopSettings struct {
	Version  int64    `json:"version" minimum:"0"` // of the settings that this is in place of; 0 at first
	Greeting AutoText `json:"greeting"`
	Away     AutoText `json:"away"`
	Hours    Hours    `json:"hours"`
}

// AutoText is a text that is sent by itself.
type AutoText struct {
	On   bool   `json:"on"`
	Text string `json:"text"`
}

// Hours are a week's openings by the clock of a place.
type Hours struct {
	TimeZone string    `json:"time_zone"` // of the IANA database
	Openings []Opening `json:"openings"`
}

// Opening is a stretch of a weekday, in minutes after midnight.
type Opening struct {
	Day  int `json:"day"  minimum:"0" maximum:"6"` // 0 is Sunday
	From int `json:"from" minimum:"0" maximum:"1440"`
	To   int `json:"to"   minimum:"0" maximum:"1440"`
}

// File is an uploaded picture.
type File struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Bytes   int64  `json:"bytes"`
	Width   int    `json:"width"`
	Height  int    `json:"height"`
	Preview string `json:"preview,omitzero"` // ThumbHash, base64
}

// FileURL says where a file can be fetched, and until when.
type FileURL struct {
	URL       string `json:"url"`
	Thumb     string `json:"thumb"`
	ExpiresAt int64  `json:"expires_at"`
}

// FileURLs answers a request for the URLs of files, by file id. Files that the
// actor may not see, or that do not exist, are absent.
type FileURLs struct {
	Files map[string]FileURL `json:"files"`
}
