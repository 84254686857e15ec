package compat

import (
	"bytes"
	"embed"
	"fmt"
	"html"
	"html/template"
	"strings"

	"haggle/internal/chat"
)

// The kinds of content, as c_type and hp_chat_log.send_message_type have them.
const (
	kindText   = 1 // also of text and pictures mixed, as HTML
	kindLink   = 2
	kindImages = 3
)

//go:embed page
var pageFiles embed.FS

// drawer turns blocks into what the old pages append. They append it as HTML,
// whatever it is, so all of it is escaped.
type drawer struct {
	pages   *template.Template
	picture func(file chat.FileID) string // its absolute URL
}

func newDrawer(picture func(chat.FileID) string) (*drawer, error) {
	pages, err := template.ParseFS(pageFiles, "page/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages of the old chat: %w", err)
	}
	return &drawer{pages: pages, picture: picture}, nil
}

// product is a product towards the old pages: of the row in the shop's table, what
// both sides may see. Its strings are escaped.
type product struct {
	ID    string `json:"product_id"`
	Title string `json:"product_name"`
	Image string `json:"product_image"`
	URL   string `json:"product_url"`
}

func productOf(p *chat.ProductCard) product {
	return product{
		ID: html.EscapeString(string(p.ID)), Title: html.EscapeString(p.Title),
		Image: html.EscapeString(p.Image), URL: html.EscapeString(p.URL),
	}
}

// content returns what a frame carries: of text a string, of a product an object,
// of pictures an array of URLs, of anything mixed a string of HTML.
func (d *drawer) content(blocks []chat.Block) (content any, kind int, err error) {
	var texts, urls []string
	for i := range blocks {
		switch b := &blocks[i]; b.Type {
		case chat.TextBlock:
			texts = append(texts, html.EscapeString(b.Text))
		case chat.ImageBlock:
			urls = append(urls, d.picture(b.Image.File))
		case chat.ProductBlock:
			if len(blocks) == 1 {
				return productOf(b.Product), kindLink, nil
			}
		case chat.NoticeBlock:
		}
	}
	switch len(blocks) {
	case len(texts):
		return strings.Join(texts, "\n"), kindText, nil
	case len(urls):
		return urls, kindImages, nil
	}
	mixed, err := d.draw("mixed", d.parts(blocks))
	return mixed, kindText, err
}

// part is a block as the templates draw it. One field is set.
type part struct {
	Text   string
	Image  string
	Card   *card
	Notice string
}

type card struct {
	chat.ProductCard

	Price string
}

func (d *drawer) parts(blocks []chat.Block) []part {
	parts := make([]part, 0, len(blocks))
	for i := range blocks {
		switch b := &blocks[i]; b.Type {
		case chat.TextBlock:
			parts = append(parts, part{Text: b.Text})
		case chat.ImageBlock:
			parts = append(parts, part{Image: d.picture(b.Image.File)})
		case chat.ProductBlock:
			parts = append(parts, part{Card: cardOf(b.Product)})
		case chat.NoticeBlock:
			parts = append(parts, part{Notice: noticeText(b.Notice)})
		}
	}
	return parts
}

func cardOf(p *chat.ProductCard) *card { return &card{*p, priceText(p.Amount, p.Currency)} }

// priceText writes a price of a currency with two decimals, as those of the old
// shops have; none for 0, which is what a row of the old table says that has no price.
func priceText(amount int64, currency string) string {
	if amount == 0 {
		return ""
	}
	if currency == "CNY" {
		currency = "¥"
	} else {
		currency += " "
	}
	return fmt.Sprintf("%s%d.%02d", currency, amount/100, amount%100)
}

// noticeText words a notice in the language of the old pages.
func noticeText(n *chat.Notice) string {
	words := "这条消息不完整"
	switch n.Code {
	case chat.NoticeLate:
		words = "补录的历史消息"
	case chat.NoticeImageMissing:
		words = "图片已丢失"
	case chat.NoticeImageBroken:
		words = "图片已损坏"
	case chat.NoticeCardBroken:
		words = "商品信息无法读取"
	case chat.NoticeListBroken:
		words = "图片列表无法读取"
	case chat.NoticeUnknownType:
		words = "未知类型的消息"
	case chat.NoticeBadBytes:
		words = "部分文字无法读取"
	}
	if n.Detail != "" {
		words += "：" + n.Detail
	}
	return "[" + words + "]"
}

// draw executes one of the templates.
func (d *drawer) draw(name string, data any) (string, error) {
	var b bytes.Buffer
	if err := d.pages.ExecuteTemplate(&b, name, data); err != nil {
		return "", fmt.Errorf("draw %s: %w", name, err)
	}
	return strings.TrimSpace(b.String()), nil
}
