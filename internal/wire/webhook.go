package wire

import (
	"net/url"
	"time"

	"haggle/internal/chat"
)

// The types of what the shop is told by webhook.
const (
	WebhookUnread = "message.unread"
	WebhookPing   = "ping"
)

// previewRunes is what fits into a push notice or the subject of a mail.
const previewRunes = 120

// Webhook is what the shop is told: an envelope, and what Type stands for.
type Webhook struct {
	ID        string         `json:"id"` // the same however often it is sent
	Type      string         `json:"type"`
	CreatedAt int64          `json:"created_at"`
	Data      *WebhookThread `json:"data,omitzero"` // absent from a ping
}

// WebhookThread says that one side of a conversation has not read what the other
// wrote.
type WebhookThread struct {
	Conversation string         `json:"conversation"`
	Recipient    string         `json:"recipient"` // who has not read: "buyer" or "merchant"
	Buyer        Participant    `json:"buyer"`
	Merchant     Participant    `json:"merchant"`
	Product      *Product       `json:"product,omitzero"` // last talked about
	Unread       int64          `json:"unread"`           // messages, now
	Since        int64          `json:"since"`            // when the first of the new ones was sent
	Message      WebhookMessage `json:"message"`          // the newest
	Path         string         `json:"path"`             // of the conversation, for its recipient; good as next of a sign-in
}

// WebhookMessage is the gist of a message: what a push notice or a mail shows.
type WebhookMessage struct {
	Seq       int64  `json:"seq"`
	Sender    string `json:"sender"`
	Agent     string `json:"agent,omitzero"`
	AgentName string `json:"agent_name,omitzero"`
	Preview   string `json:"preview"` // of the text, one line; "" for pictures alone
	Images    int    `json:"images,omitzero"`
	SentAt    int64  `json:"sent_at"`
}

// FromReminder translates a reminder and what there is to say of it; v.Last is
// there.
func FromReminder(r *chat.Reminder, v *chat.ConversationView) Webhook {
	thread := &WebhookThread{
		Conversation: string(v.ID), Recipient: SideName(r.Side),
		Buyer:    FromParticipant(&v.Participants[chat.BuyerSide]),
		Merchant: FromParticipant(&v.Participants[chat.MerchantSide]),
		Unread:   v.Sides[r.Side].Unread, Since: millis(r.Since),
		Message: fromGist(v.Last), Path: "/chat?c=" + url.QueryEscape(string(v.ID)),
	}
	if r.Side == chat.MerchantSide {
		thread.Path = "/console?c=" + url.QueryEscape(string(v.ID))
	}
	if v.Product != nil {
		p := FromProduct(v.Product)
		thread.Product = &p
	}
	return Webhook{ID: string(r.ID), Type: WebhookUnread, CreatedAt: millis(r.MadeAt), Data: thread}
}

func fromGist(m *chat.Message) WebhookMessage {
	out := WebhookMessage{
		Seq: int64(m.Seq), Sender: string(m.Sender), Agent: string(m.Agent), AgentName: m.AgentName,
		Preview: m.Preview(previewRunes), SentAt: millis(m.SentAt),
	}
	for _, b := range m.Blocks {
		if b.Image != nil {
			out.Images++
		}
	}
	return out
}

// Ping returns a webhook that says nothing but that it arrives.
func Ping(id string, at time.Time) Webhook {
	return Webhook{ID: id, Type: WebhookPing, CreatedAt: millis(at)}
}
