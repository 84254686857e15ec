package plain

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/currency"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"haggle/internal/chat"
)

// pageSize is how many messages, or conversations, a page shows.
const pageSize = 50

// view is what a page draws.
type view struct {
	*words

	Title string
	Asked string // ?lang, as it was asked for
	Brand string // what the shop is called; "" unless it said so
	Logo  string
	Style []string // stylesheets

	List   []listed // of conversations
	More   string   // where the list goes on; "" nowhere
	Thread *thread
	Only   *only
}

// only is a page that says one thing.
type only struct {
	Text  string
	Guest bool // one may go on as a guest
	Next  target
	Back  bool
	Kept  string // what was written and not sent
}

// Fields are what a form has to carry to come back here.
func (o *only) Fields() map[string]string {
	return map[string]string{"product": o.Next.Product, "c": o.Next.Conversation, "lang": o.Next.Lang}
}

// listed is a conversation in the list.
type listed struct {
	Seller, Product, Preview string
	Unread                   int64
	At                       time.Time
	Link                     string
}

// thread is a conversation, or the beginning of one.
type thread struct {
	Seller  string
	Named   bool // Seller is its name, and not what it is
	Product *card
	Days    []day
	Guest   bool

	Older, Newest, Check, Full string // links; "" for none

	Away   string // when the shop answers again, or how soon it usually does; "" nobody can tell
	Sent   bool   // the page comes after a send
	Closed string // why nobody can write here; "" one can
	Error  string
	// PictureError is whether Error is about the picture.
	PictureError bool
	Form         form
	PictureHint  string
}

// day is what was said on one day.
type day struct {
	At      time.Time
	Entries []entry
}

// entry is a message.
type entry struct {
	Seq    int64
	Own    bool
	From   string
	At     time.Time
	State  string // of one's own newest message; of the shop's, that it was sent by itself
	New    bool   // the first that is new
	Gone   bool   // taken back
	Pieces []piece
}

// piece is a block of a message. One of the fields is set.
type piece struct {
	Lines   string
	Image   *picture
	Product *card
	Notice  string
	Detail  string
	Unknown bool
}

type picture struct {
	URL           string
	Width, Height int
}

// card is a product, as it is or as it was sent.
type card struct {
	Title, Price, Image, URL string
	Gone, SoldOut            bool
}

// money writes a price for readers of a language.
func money(amount int64, code, lang string) string {
	unit, err := currency.ParseISO(code)
	if err != nil {
		return ""
	}
	scale, _ := currency.Standard.Rounding(unit)
	value := float64(amount)
	for range scale {
		value /= 10
	}
	tag := language.English
	if lang != "en" {
		tag = language.SimplifiedChinese
	}
	price := message.NewPrinter(tag).Sprint(currency.NarrowSymbol(unit.Amount(value)))
	if parts := strings.Fields(price); len(parts) == 2 && len([]rune(parts[0])) == 1 {
		return parts[0] + parts[1]
	}
	return price
}

// safeURL returns address if a page may link to it or draw it.
func safeURL(address string) string {
	if u, err := url.Parse(address); err != nil || u.Scheme != "https" && u.Scheme != "http" && (u.Scheme != "" || !strings.HasPrefix(address, "/")) {
		return ""
	}
	return address
}

func (w *words) cardOf(title string, amount int64, code, image, address string) *card {
	return &card{Title: title, Price: money(amount, code, w.Lang), Image: safeURL(image), URL: safeURL(address)}
}

func (w *words) product(p *chat.Product) *card {
	c := w.cardOf(p.Title, p.Price.Amount, p.Price.Currency, p.Image, p.URL)
	c.Gone, c.SoldOut = p.Deleted, p.Stock != nil && *p.Stock == 0
	return c
}

// name is how somebody is shown.
func name(p *chat.Participant, fallback string) string {
	if p.Name != "" {
		return p.Name
	}
	return fallback
}

// days groups messages by the day on which they were sent, where the server is.
func (p *Pages) days(w *words, conv *chat.ConversationView, messages []chat.Message, readBefore chat.Seq) []day {
	var days []day
	isNew := readBefore > 0
	lastOwn := -1
	for i := range messages {
		if messages[i].Sender == conv.UIDs[chat.BuyerSide] {
			lastOwn = i
		}
	}
	for i := range messages {
		m := &messages[i]
		e := p.entry(w, conv, m)
		if isNew && !e.Own && m.Seq > readBefore {
			e.New, isNew = true, false
		}
		if i == lastOwn && !e.Gone {
			e.State = state(w, &conv.Sides[chat.MerchantSide], m.Seq)
		}
		if n := len(days); n == 0 || !sameDay(days[n-1].At, e.At) {
			days = append(days, day{At: e.At})
		}
		last := &days[len(days)-1]
		last.Entries = append(last.Entries, e)
	}
	return days
}

func sameDay(a, b time.Time) bool { return a.Format(time.DateOnly) == b.Format(time.DateOnly) }

// state says how far a message of the buyer's has come.
func state(w *words, merchant *chat.SideState, seq chat.Seq) string {
	switch {
	case merchant.Read >= seq:
		return w.Read
	case merchant.Delivered >= seq:
		return w.Delivered
	}
	return w.Sent
}

func (p *Pages) entry(w *words, conv *chat.ConversationView, m *chat.Message) entry {
	e := entry{Seq: int64(m.Seq), At: m.SentAt.In(p.Zone), Own: m.Sender == conv.UIDs[chat.BuyerSide], Gone: m.Recalled(), From: w.You}
	if !e.Own {
		e.From = name(&conv.Participants[chat.MerchantSide], w.Seller)
		if m.AgentName != "" {
			e.From += " · " + m.AgentName
		}
		if m.Auto != chat.ByHand {
			e.State = w.Automatic
		}
	}
	for i := range m.Blocks {
		e.Pieces = append(e.Pieces, p.piece(w, &m.Blocks[i]))
	}
	return e
}

func (p *Pages) piece(w *words, b *chat.Block) piece {
	switch {
	case b.Type == chat.TextBlock:
		return piece{Lines: b.Text}
	case b.Type == chat.ImageBlock && b.Image != nil:
		address, _, _ := p.FileURL(b.Image.File)
		return piece{Image: &picture{address, b.Image.Width, b.Image.Height}}
	case b.Type == chat.ProductBlock && b.Product != nil:
		c := b.Product
		return piece{Product: w.cardOf(c.Title, c.Amount, c.Currency, c.Image, c.URL)}
	case b.Type == chat.NoticeBlock && b.Notice != nil:
		return piece{Notice: w.Says(b.Notice.Code), Detail: chat.CleanName(b.Notice.Detail, detailRunes)}
	}
	return piece{Unknown: true}
}

const detailRunes = 200

// list draws the conversations.
func (p *Pages) list(ctx context.Context, w *words, actor chat.Actor, t target) (_ []listed, older string, err error) {
	found, err := p.Service.Conversations(ctx, actor, chat.ConversationQuery{Order: chat.NewestFirst, After: t.Older, Limit: pageSize})
	if err != nil {
		return nil, "", err
	}
	if len(found) == pageSize {
		last := &found[pageSize-1]
		older = link(target{Lang: t.Lang, Older: &chat.ConversationCursor{LastAt: last.LastAt, ID: last.ID}})
	}
	list := make([]listed, len(found))
	for i := range found {
		c := &found[i]
		list[i] = listed{
			Seller: name(&c.Participants[chat.MerchantSide], w.Seller), Unread: c.Sides[chat.BuyerSide].Unread,
			At: c.LastAt.In(p.Zone), Link: linkToEnd(target{Conversation: string(c.ID), Lang: t.Lang}),
		}
		if c.Product != nil {
			list[i].Product = c.Product.Title
		}
		if c.Last != nil {
			list[i].Preview = w.preview(c.Last)
		}
	}
	return list, older, nil
}

const previewRunes = 80

// preview is a message in one line, also one without a text.
func (w *words) preview(m *chat.Message) string {
	if line := m.Preview(previewRunes); line != "" {
		return line
	}
	image := func(b chat.Block) bool { return b.Type == chat.ImageBlock }
	notice := func(b chat.Block) bool { return b.Type == chat.NoticeBlock }
	switch {
	case m.Recalled():
		return w.Recalled
	case slices.ContainsFunc(m.Blocks, image):
		return w.Picture
	case slices.ContainsFunc(m.Blocks, notice):
		return w.Notice
	}
	return w.Unsupported
}

// away says when a shop that is closed opens again.
func (p *Pages) away(w *words, c *chat.Closed) string {
	switch {
	case c == nil:
		return ""
	case c.Until.IsZero():
		return w.Away
	}
	return fmt.Sprintf(w.AwayUntil, c.Until.In(p.Zone).Format("2006-01-02 15:04"))
}

// target is what an address asks for.
type target struct {
	Product, Conversation, Lang string
	Before                      chat.Seq
	Older                       *chat.ConversationCursor // in the list
}

// link returns the address of a target.
func link(t target) string {
	q := url.Values{}
	switch {
	case t.Conversation != "":
		q.Set("c", t.Conversation)
	case t.Product != "":
		q.Set("product", t.Product)
	}
	if t.Before > 0 {
		q.Set("before", seqText(t.Before))
	}
	if t.Older != nil {
		q.Set("older", strconv.FormatInt(t.Older.LastAt.UnixMilli(), 10)+"."+string(t.Older.ID))
	}
	if t.Lang != "" {
		q.Set("lang", t.Lang)
	}
	if len(q) == 0 {
		return Path
	}
	return Path + "?" + q.Encode()
}

// linkToEnd returns where what is newest is, and one can write.
func linkToEnd(t target) string {
	if t.Conversation == "" && t.Product == "" {
		return link(t) // the list begins with what is newest
	}
	return link(t) + "#end"
}
