package hplog

import (
	"encoding/json"
	"fmt"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
	"haggle/internal/compat/richtext"
)

// Reason says what is not as it should be about a row.
type Reason string

// The reasons. The first four are refusals: nobody could be shown such a row.
const (
	NoBuyer      Reason = "no_buyer"       // user_id is 0
	NoMerchant   Reason = "no_merchant"    // merchant_id is not V_… or E_…
	NoSender     Reason = "no_sender"      // sender is neither 1 nor 2
	BadID        Reason = "bad_id"         // id is 0 or beyond what the server's own numbers begin with
	IDTaken      Reason = "id_taken"       // another message, of another table, came in with that id
	OlderThanNew Reason = "older_than_new" // older than a message that was said in Haggle; see --append
	AddedLater   Reason = "added_later"    // the same, with --append: kept at the end, with a notice
	NoTime       Reason = "no_time"        // send_time is 0: the time of the row before is taken
	Mended       Reason = "mended"         // UTF-8 that had been encoded twice
	BadBytes     Reason = "bad_bytes"      // some bytes were no text
	CardBroken   Reason = "card_broken"    // type 2 without the JSON of a product
	ListBroken   Reason = "list_broken"    // type 3 without a JSON array of paths
	UnknownType  Reason = "unknown_type"   // kept as the text it holds
	ImageMissing Reason = "image_missing"  // there is no such file
	ImageBroken  Reason = "image_broken"   // the file is no picture that can be shown
	Empty        Reason = "empty"          // nothing was said
)

// Issue is something about a row that the report lists.
type Issue struct {
	ID     int64  `json:"id"`
	Reason Reason `json:"reason"`
	Detail string `json:"detail,omitzero"`
}

// piece is a part of a message before its pictures are there: a block, or the path of
// a picture.
type piece struct {
	block   chat.Block
	picture string
}

// converted is a row on its way to the store.
type converted struct {
	message legacy.Message
	pieces  []piece
	issues  []Issue
	refused bool
}

func (c *converted) note(id int64, reason Reason, detail string) {
	c.issues = append(c.issues, Issue{id, reason, detail})
}

func (c *converted) notice(code chat.NoticeCode, detail string) {
	c.pieces = append(c.pieces, piece{block: chat.Block{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: code, Detail: detail}}})
}

func (c *converted) text(text string) {
	if text != "" {
		c.pieces = append(c.pieces, piece{block: chat.Block{Type: chat.TextBlock, Text: text}})
	}
}

// converter makes messages of rows. It knows the time of each conversation's last
// row, for those without one.
type converter struct {
	markRead bool
	late     bool
	times    map[[2]chat.UID]time.Time
}

func newConverter(markRead, late bool) *converter {
	return &converter{markRead: markRead, late: late, times: make(map[[2]chat.UID]time.Time)}
}

// convert returns what a row becomes.
func (v *converter) convert(r *Row) converted {
	var c converted
	refuse := func(reason Reason, detail string) converted {
		c.note(r.ID, reason, detail)
		c.refused = true
		return c
	}
	if r.ID < 1 || r.ID >= int64(legacy.FirstOwn) {
		return refuse(BadID, strconv.FormatInt(r.ID, 10))
	}
	merchant, err := chat.ParseUID(string(r.Merchant))
	switch {
	case r.User < 1:
		return refuse(NoBuyer, strconv.FormatInt(r.User, 10))
	case err != nil || merchant.Side() != chat.MerchantSide:
		name, _, _ := decode(r.Merchant)
		return refuse(NoMerchant, name)
	case r.Sender != senderBuyer && r.Sender != senderMerchant:
		return refuse(NoSender, strconv.FormatInt(r.Sender, 10))
	}
	m := &c.message
	m.Num, m.Buyer, m.Merchant = legacy.Num(r.ID), chat.UID(chat.PrefixBuyer+strconv.FormatInt(r.User, 10)), merchant
	m.Sender = chat.BuyerSide
	if r.Sender == senderMerchant {
		m.Sender = chat.MerchantSide
	}
	m.RecipientOnline = new(r.Online != 0)
	m.Read = r.Read != 0 || v.markRead
	m.Delivered = m.Read || r.Online != 0
	m.Late = v.late
	v.time(&c, r)
	v.blocks(&c, r)
	return c
}

// time sets when the message was sent. The column is a signed 32 bits in some tables:
// after January 2038 it is negative.
func (v *converter) time(c *converted, r *Row) {
	between := [2]chat.UID{c.message.Buyer, c.message.Merchant}
	at := time.Unix(r.Time, 0).UTC()
	if r.Time <= 0 || r.Time > math.MaxUint32 {
		at = v.times[between]
		if at.IsZero() {
			at = time.Unix(1, 0).UTC() // the zero time is none
		}
		c.note(r.ID, NoTime, strconv.FormatInt(r.Time, 10))
	}
	v.times[between] = at
	c.message.SentAt = at
}

func (v *converter) blocks(c *converted, r *Row) {
	text, mended, broken := decode(r.Message)
	if mended {
		c.note(r.ID, Mended, "")
	}
	switch {
	case r.Type == typeLink:
		v.link(c, r, text)
	case r.Type == typeImages:
		v.images(c, r, text)
	case r.Type == typeText && c.message.Sender == chat.MerchantSide:
		for _, p := range richtext.Split(text, isUpload) {
			if p.Picture != "" {
				c.pieces = append(c.pieces, piece{picture: p.Picture})
			} else {
				c.text(p.Text)
			}
		}
	case r.Type == typeText:
		c.text(text)
	default:
		c.note(r.ID, UnknownType, strconv.FormatInt(r.Type, 10))
		c.notice(chat.NoticeUnknownType, strconv.FormatInt(r.Type, 10))
		c.text(text)
	}
	if broken {
		c.note(r.ID, BadBytes, "")
		c.notice(chat.NoticeBadBytes, "")
	}
	if len(c.pieces) == 0 {
		c.note(r.ID, Empty, "")
		c.pieces = []piece{{block: chat.Block{Type: chat.TextBlock, Text: text}}}
	}
}

// isUpload takes every picture of a merchant's row for one of the shop's own: nothing
// else was ever put there by the old chat.
func isUpload(string) bool { return true }

// images reads a JSON array of paths.
func (v *converter) images(c *converted, r *Row, text string) {
	var paths []string
	if err := json.Unmarshal([]byte(text), &paths); err != nil || len(paths) == 0 {
		c.note(r.ID, ListBroken, "")
		c.notice(chat.NoticeListBroken, "")
		c.text(text)
		return
	}
	for _, p := range paths {
		if p == "" { // as the old chat wrote of one that it could not save
			c.note(r.ID, ImageMissing, "")
			c.notice(chat.NoticeImageMissing, "")
			continue
		}
		c.pieces = append(c.pieces, piece{picture: p})
	}
}

// link reads the JSON of a row of the shop's table of products.
func (v *converter) link(c *converted, r *Row, text string) {
	card, ok := cardOf(text, c.message.Merchant)
	if !ok {
		c.note(r.ID, CardBroken, "")
		c.notice(chat.NoticeCardBroken, "")
		c.text(text)
		return
	}
	c.pieces = append(c.pieces, piece{block: chat.Block{Type: chat.ProductBlock, Product: card}})
	c.message.Product = card.ID
}

// cardOf makes a card of a product row as shops name its columns.
func cardOf(text string, merchant chat.UID) (*chat.ProductCard, bool) {
	var row map[string]any
	dec := json.NewDecoder(strings.NewReader(text))
	dec.UseNumber()
	if err := dec.Decode(&row); err != nil {
		return nil, false
	}
	id, err := chat.ParseProductID(first(row, "product_id", "id", "pid", "goods_id"))
	title := chat.CleanName(first(row, "product_name", "product_title", "name", "title", "goods_name"), chat.DefaultLimits().TitleRunes)
	if err != nil || title == "" {
		return nil, false
	}
	card := &chat.ProductCard{
		ID: id, Title: title, Currency: "CNY", Kind: chat.Physical, Amount: cents(first(row, "product_price", "price", "shop_price")),
		Image: address(first(row, "product_image", "product_img", "image", "img", "pic", "thumb")), URL: address(first(row, "product_url", "url")),
	}
	if strings.HasPrefix(string(merchant), chat.PrefixVirtual) {
		card.Kind = chat.Virtual
	}
	return card, true
}

// first returns the first of the columns that has a text or a number; of a list, or
// JSON of one, its first member.
func first(row map[string]any, names ...string) string {
	for _, name := range names {
		v := row[name]
		if s, ok := v.(string); ok && strings.HasPrefix(s, "[") {
			var list []any
			if json.Unmarshal([]byte(s), &list) == nil {
				v = list
			}
		}
		if list, ok := v.([]any); ok && len(list) > 0 {
			v = list[0]
		}
		switch v := v.(type) {
		case string:
			if v != "" {
				return v
			}
		case json.Number:
			return v.String()
		}
	}
	return ""
}

func cents(price string) int64 {
	f, err := strconv.ParseFloat(price, 64)
	if err != nil || f < 0 || f > 1e12 {
		return 0
	}
	return int64(math.Round(f * 100))
}

// address returns an address that may be drawn: http, https or a path of the shop;
// "" for any other.
func address(s string) string {
	s = strings.TrimPrefix(strings.TrimSpace(s), ".")
	u, err := url.Parse(s)
	switch {
	case err != nil || len(s) > chat.DefaultLimits().URLBytes || strings.ContainsAny(s, " \t\r\n\\\"<>"):
		return ""
	case (u.Scheme == "http" || u.Scheme == "https") && u.Host != "":
		return s
	case u.Scheme == "" && u.Host == "" && strings.HasPrefix(s, "/") && !strings.HasPrefix(s, "//"):
		return s
	case u.Scheme == "" && u.Host == "" && s != "" && !strings.HasPrefix(s, "/"):
		return "/" + s
	}
	return ""
}

// String returns the issue as a line.
func (i Issue) String() string {
	if i.Detail == "" {
		return fmt.Sprintf("row %d: %s", i.ID, i.Reason)
	}
	return fmt.Sprintf("row %d: %s (%s)", i.ID, i.Reason, i.Detail)
}
