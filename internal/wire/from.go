package wire

import (
	"net/http"
	"time"

	"haggle/internal/chat"
)

// SideName is "buyer" or "merchant".
func SideName(s chat.Side) string {
	if s == chat.BuyerSide {
		return "buyer"
	}
	return "merchant"
}

// PresenceName is "online", "offline" or "unknown".
func PresenceName(p chat.Presence) string {
	switch p {
	case chat.Online:
		return "online"
	case chat.Offline:
		return "offline"
	case chat.PresenceUnknown:
	}
	return "unknown"
}

// FromMessage translates a message.
func FromMessage(m *chat.Message) Message {
	out := Message{
		Conversation: string(m.Conversation), Seq: int64(m.Seq), Rev: int64(m.Rev),
		Sender: string(m.Sender), Agent: string(m.Agent), AgentName: m.AgentName,
		Nonce: string(m.Nonce), Blocks: m.Blocks, SentAt: millis(m.SentAt),
		RecipientOnline: m.RecipientOnline, Auto: string(m.Auto), RecalledAt: millis(m.RecalledAt),
	}
	if out.Blocks == nil {
		out.Blocks = []Block{}
	}
	return out
}

// FromMessages translates a page of messages.
func FromMessages(ms []chat.Message) []Message {
	out := make([]Message, len(ms))
	for i := range ms {
		out[i] = FromMessage(&ms[i])
	}
	return out
}

// FromRecall translates a recall.
func FromRecall(r *chat.Recall) Recall {
	return Recall{
		Conversation: string(r.Conversation), Seq: int64(r.Seq), Rev: int64(r.Rev),
		By: string(r.By), At: millis(r.At),
	}
}

// FromParticipant translates a participant.
func FromParticipant(p *chat.Participant) Participant {
	return Participant{UID: string(p.UID), Name: p.Name, Avatar: p.Avatar}
}

// FromProduct translates a product.
func FromProduct(p *chat.Product) Product {
	return Product{
		ID: string(p.ID), Merchant: string(p.Merchant), Title: p.Title,
		Amount: p.Price.Amount, Currency: p.Price.Currency, Image: p.Image, URL: p.URL,
		Kind: string(p.Kind), Stock: p.Stock, Deleted: p.Deleted,
	}
}

// FromProducts translates a page of products.
func FromProducts(ps []chat.Product) []Product {
	out := make([]Product, len(ps))
	for i := range ps {
		out[i] = FromProduct(&ps[i])
	}
	return out
}

// FromAsked translates what a conversation was about.
func FromAsked(views []chat.AskedAboutView) AskedPage {
	page := AskedPage{Products: make([]Asked, len(views))}
	for i := range views {
		v := &views[i]
		page.Products[i] = Asked{Product: FromProduct(&v.Product), FirstAt: millis(v.FirstAt), LastAt: millis(v.LastAt)}
	}
	return page
}

// FromConversation translates a conversation for the side that will read it.
func FromConversation(v *chat.ConversationView, reader chat.Side) Conversation {
	out := Conversation{
		ID: string(v.ID), Rev: int64(v.Rev), Pos: int64(v.Sides[reader].Pos),
		Buyer:    FromParticipant(&v.Participants[chat.BuyerSide]),
		Merchant: FromParticipant(&v.Participants[chat.MerchantSide]),
		LastSeq:  int64(v.LastSeq), Unread: v.Sides[reader].Unread, Waiting: v.Sides[reader].Waiting,
		Pinned: v.Sides[reader].Pinned, Muted: v.Sides[reader].Muted, Marked: v.Sides[reader].Marked,
		BuyerAt:    fromSide(&v.Sides[chat.BuyerSide]),
		MerchantAt: fromSide(&v.Sides[chat.MerchantSide]),
		CreatedAt:  millis(v.CreatedAt), LastAt: millis(v.LastAt),
	}
	if v.Product != nil {
		p := FromProduct(v.Product)
		out.Product = &p
	}
	if v.Last != nil {
		m := FromMessage(v.Last)
		out.Last = &m
	}
	return out
}

// FromConversations translates a page of conversations.
func FromConversations(views []chat.ConversationView, reader chat.Side) []Conversation {
	out := make([]Conversation, len(views))
	for i := range views {
		out[i] = FromConversation(&views[i], reader)
	}
	return out
}

// FromFound returns what was searched for.
func FromFound(list []chat.FoundMessageView, reader chat.Side) []FoundMessage {
	out := make([]FoundMessage, len(list))
	for i := range list {
		out[i] = FoundMessage{Message: FromMessage(&list[i].Message), Conversation: FromConversation(&list[i].Conversation, reader)}
	}
	return out
}

func fromSide(s *chat.SideState) SideProgress {
	return SideProgress{Delivered: int64(s.Delivered), Read: int64(s.Read), Blocked: s.Blocked}
}

// FromPosition translates a position.
func FromPosition(p chat.Position) Position {
	return Position{Epoch: string(p.Epoch), Pos: int64(p.Pos)}
}

// FromFile translates a file.
func FromFile(f *chat.File) File {
	return File{
		ID: string(f.ID), Type: f.Type, Bytes: f.Bytes,
		Width: f.Width, Height: f.Height, Preview: f.Preview,
	}
}

// FromChanges translates a page of changes.
func FromChanges(c *chat.Changes, reader chat.Side) *Changes {
	return &Changes{
		Conversations: FromConversations(c.Conversations, reader),
		Position:      FromPosition(c.Position), More: c.More,
	}
}

// FromError translates err; what the domain did not word for users shows
// nothing of itself. requestID may be empty.
func FromError(err error, requestID string) Error {
	e := chat.AsError(err)
	out := Error{Code: e.Code, Message: e.Msg, RequestID: requestID}
	if e.Kind == chat.Internal {
		out.Message = "something went wrong on the server"
	}
	if e.RetryAfter > 0 {
		out.RetryAfterMS = max(1, e.RetryAfter.Milliseconds())
	}
	return out
}

// StatusOf maps kinds to the status of an HTTP answer; nothing else does.
func StatusOf(kind chat.Kind) int {
	switch kind {
	case chat.Internal:
		return http.StatusInternalServerError
	case chat.Invalid:
		return http.StatusBadRequest
	case chat.Unauthenticated:
		return http.StatusUnauthorized
	case chat.Denied:
		return http.StatusForbidden
	case chat.NotFound:
		return http.StatusNotFound
	case chat.Conflict:
		return http.StatusConflict
	case chat.TooLarge:
		return http.StatusRequestEntityTooLarge
	case chat.RateLimited:
		return http.StatusTooManyRequests
	case chat.Unavailable:
		return http.StatusServiceUnavailable
	}
	return http.StatusInternalServerError
}

// ToDraft translates what a client wants to send.
func ToDraft(s *Send) chat.Draft {
	d := chat.Draft{
		Conversation: chat.ConversationID(s.Conversation), Product: chat.ProductID(s.Product),
		Merchant: chat.UID(s.Merchant), Nonce: chat.Nonce(s.Nonce),
		Blocks: make([]chat.DraftBlock, len(s.Blocks)),
	}
	for i, b := range s.Blocks {
		d.Blocks[i] = chat.DraftBlock{
			Type: chat.BlockType(b.Type), Text: b.Text,
			File: chat.FileID(b.File), Product: chat.ProductID(b.Product),
		}
	}
	return d
}

// FromAppended translates the outcome of a send for its sender.
func FromAppended(a *chat.Appended, side chat.Side) Ack {
	ack := Ack{
		Conversation: string(a.Message.Conversation), Seq: int64(a.Message.Seq), Rev: int64(a.Message.Rev),
		Pos: int64(a.Conversation.Sides[side].Pos), SentAt: millis(a.Message.SentAt), Begun: a.Begun,
	}
	for i := range a.Message.Blocks {
		if a.Message.Blocks[i].Type != chat.TextBlock {
			ack.Blocks = a.Message.Blocks
			break
		}
	}
	return ack
}

// FromClosed translates how a shop is closed.
func FromClosed(c *chat.Closed) *Closed { return &Closed{Until: millis(c.Until)} }

// FromShopSettings translates settings.
func FromShopSettings(s *chat.ShopSettings) ShopSettings {
	out := ShopSettings{
		Version: s.Version, Greeting: AutoText(s.Greeting), Away: AutoText(s.Away),
		Hours: Hours{TimeZone: s.Hours.TimeZone, Openings: make([]Opening, len(s.Hours.Openings))},
	}
	for i, o := range s.Hours.Openings {
		out.Hours.Openings[i] = Opening{Day: int(o.Day), From: o.From, To: o.To}
	}
	return out
}

// ToShopSettings translates settings back.
func (s *ShopSettings) ToShopSettings() chat.ShopSettings {
	out := chat.ShopSettings{
		Version: s.Version, Greeting: chat.AutoText(s.Greeting), Away: chat.AutoText(s.Away),
		Hours: chat.Hours{TimeZone: s.Hours.TimeZone, Openings: make([]chat.Opening, len(s.Hours.Openings))},
	}
	for i, o := range s.Hours.Openings {
		out.Hours.Openings[i] = chat.Opening{Day: time.Weekday(o.Day), From: o.From, To: o.To}
	}
	return out
}

// FromPhrases translates phrases.
func FromPhrases(ps []chat.Phrase) []Phrase {
	out := make([]Phrase, len(ps))
	for i, p := range ps {
		out[i] = Phrase{ID: string(p.ID), Title: p.Title, Text: p.Text, Place: p.Place}
	}
	return out
}

// millis is t in Unix milliseconds, 0 for the zero time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
