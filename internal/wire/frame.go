package wire

import "github.com/go-json-experiment/json/jsontext"

// Subprotocol names the protocol in Sec-WebSocket-Protocol.
const Subprotocol = "haggle.v1"

// ClientFrame is one message from a client. Exactly one of the pointers is set.
type ClientFrame struct {
	// ID is chosen by the client, greater than 0 where it wants an answer, which
	// repeats it.
	ID int64 `json:"id,omitzero"`

	Hello     *Hello     `json:"hello,omitzero"`
	Token     *Token     `json:"token,omitzero"`
	Send      *Send      `json:"send,omitzero"`
	Delivered *Mark      `json:"delivered,omitzero"`
	Read      *Mark      `json:"read,omitzero"`
	Recall    *RecallReq `json:"recall,omitzero"`
	Typing    *Typing    `json:"typing,omitzero"`
	Viewing   *Viewing   `json:"viewing,omitzero"`
	Watch     *Watch     `json:"watch,omitzero"`
	Heartbeat *Heartbeat `json:"heartbeat,omitzero"`
}

// Hello is the first frame of a connection.
type Hello struct {
	Token    string    `json:"token"`
	Position *Position `json:"position,omitzero"` // up to where this client has seen its changes; absent: it knows nothing
	Client   string    `json:"client,omitzero"`   // name and version of the program, for the log
}

// Position is a participant's position in its own changes.
type Position struct {
	Epoch string `json:"epoch"`
	Pos   int64  `json:"pos"`
}

// Token renews the session's token.
type Token struct {
	Token string `json:"token"`
}

// Send asks to store a message, in a conversation or to the seller of a product.
type Send struct {
	Conversation string       `json:"conversation,omitzero"`
	Product      string       `json:"product,omitzero"`  // without conversation: begins it; with: what it is about from now on
	Merchant     string       `json:"merchant,omitzero"` // if given, must be the product's merchant
	Nonce        string       `json:"nonce"`
	Blocks       []DraftBlock `json:"blocks"`
}

// DraftBlock is a block as a sender asks for it.
type DraftBlock struct {
	Type    string `json:"type"              enum:"text,image,product"`
	Text    string `json:"text,omitzero"`
	File    string `json:"file,omitzero"`
	Product string `json:"product,omitzero"`
}

// Mark says up to which message a device has everything, or its user has read.
type Mark struct {
	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
}

// RecallReq asks to take a message back.
type RecallReq struct {
	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
}

// Typing says that its sender is writing. It holds for 5 seconds.
type Typing struct {
	Conversation string `json:"conversation"`
}

// Viewing says that its sender, an agent, has a conversation before it. It holds for 30
// seconds, or until the agent says so of another one.
type Viewing struct {
	Conversation string `json:"conversation"`
}

// Watch names all the uids whose presence the session wants to know from now on.
type Watch struct {
	UIDs []string `json:"uids"`
}

// ServerFrame is one message to a client. Exactly one of the pointers is set.
type ServerFrame struct {
	ID int64 `json:"id,omitzero"` // of the client's frame that this answers

	Welcome      *Welcome           `json:"welcome,omitzero"`
	Ack          *Ack               `json:"ack,omitzero"`
	Message      *MessageEvent      `json:"message,omitzero"`
	Delivered    *WatermarkEvent    `json:"delivered,omitzero"`
	Read         *WatermarkEvent    `json:"read,omitzero"`
	Recall       *RecallEvent       `json:"recall,omitzero"`
	Conversation *ConversationEvent `json:"conversation,omitzero"`
	Typing       *TypingEvent       `json:"typing,omitzero"`
	Colleague    *ColleagueEvent    `json:"colleague,omitzero"`
	Presence     *PresenceEvent     `json:"presence,omitzero"`
	Push         *PushEvent         `json:"push,omitzero"`
	Heartbeat    *Heartbeat         `json:"heartbeat,omitzero"`
	Error        *Error             `json:"error,omitzero"`
	Bye          *Bye               `json:"bye,omitzero"`
}

// Welcome answers Hello.
type Welcome struct {
	ClientID    string   `json:"client_id"`
	UID         string   `json:"uid"`
	Agent       string   `json:"agent,omitzero"`
	Position    Position `json:"position"` // of the participant, now
	HeartbeatMS int64    `json:"heartbeat_ms"`
	ServerTime  int64    `json:"server_time"`

	// Changes are the conversations changed since the position in Hello, if there
	// was one and its epoch still holds.
	Changes *Changes `json:"changes,omitzero"`

	// Reset tells a client that everything it keeps is void: another epoch, or it
	// is ahead of the server. It reloads.
	Reset bool `json:"reset,omitzero"`
}

// Changes is a page of a participant's conversations, by the position of their
// last change.
type Changes struct {
	Conversations []Conversation `json:"conversations"`
	Position      Position       `json:"position"` // the page is complete up to here
	More          bool           `json:"more,omitzero"`
}

// Heartbeat is sent by both sides; only the server's has a position.
type Heartbeat struct {
	Position *Position `json:"position,omitzero"`
}

// Ack answers a frame that was carried out. For a send it means: stored and
// synced to disk. Fields that do not apply are absent.
type Ack struct {
	Conversation string `json:"conversation,omitzero"`
	Seq          int64  `json:"seq,omitzero"`
	Rev          int64  `json:"rev,omitzero"`
	Pos          int64  `json:"pos,omitzero"` // of the actor, after the change
	SentAt       int64  `json:"sent_at,omitzero"`
	Begun        bool   `json:"begun,omitzero"` // the conversation is new

	// Blocks are the message's blocks as stored, where they say more than the
	// request did (images, products).
	Blocks []Block `json:"blocks,omitzero"`
}

// MessageEvent is a new message.
type MessageEvent struct {
	Pos     int64   `json:"pos"`
	Message Message `json:"message"`
}

// WatermarkEvent is a delivered or read watermark that moved.
type WatermarkEvent struct {
	Pos          int64  `json:"pos,omitzero"`
	Conversation string `json:"conversation"`
	Rev          int64  `json:"rev"`
	Side         string `json:"side" enum:"buyer,merchant"` // whose watermark
	Seq          int64  `json:"seq"`
	Unread       int64  `json:"unread"` // of that side
}

// RecallEvent is a message taken back.
type RecallEvent struct {
	Pos    int64  `json:"pos"`
	Recall Recall `json:"recall"`
}

// ConversationEvent is another change of a conversation. It is complete.
type ConversationEvent struct {
	Pos          int64        `json:"pos"`
	Conversation Conversation `json:"conversation"`
}

// TypingEvent says that somebody is writing, for the next 5 seconds.
type TypingEvent struct {
	Conversation string `json:"conversation"`
	UID          string `json:"uid"`
	AgentName    string `json:"agent_name,omitzero"`
}

// ColleagueEvent says to a merchant's staff that one of them has a conversation before it,
// for the next 30 seconds, or with Typing writes in it, for the next 5.
type ColleagueEvent struct {
	Conversation string `json:"conversation"`
	Agent        string `json:"agent"`
	AgentName    string `json:"agent_name,omitzero"`
	Typing       bool   `json:"typing,omitzero"`
}

// PresenceEvent says who is there: "online", "offline" or "unknown" by uid.
type PresenceEvent struct {
	UIDs map[string]string `json:"uids"`
}

// PushEvent is something of the shop's own.
type PushEvent struct {
	Payload jsontext.Value `json:"payload"`
}

// Error says why a frame was not carried out, in a form a program can act on.
type Error struct {
	Code         string `json:"code"`
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitzero"`
	RequestID    string `json:"request_id,omitzero"` // to find it in the server's log
}

// Bye is the last frame before the server closes the socket.
type Bye struct {
	Code         string `json:"code"` // see docs/protocol.md
	Message      string `json:"message"`
	RetryAfterMS int64  `json:"retry_after_ms,omitzero"` // come back after this long, not sooner
	Final        bool   `json:"final,omitzero"`          // do not come back by yourself: sign in again first
}

// Stream is the first event of a session that has no WebSocket: with it the
// client says what follows its hello.
type Stream struct {
	ClientID string `json:"client_id"`
	Key      string `json:"key"` // nobody else has it
}
