package compat

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/compat/richtext"
)

// bound answers BindUserClientId, which used to answer nothing: now a page can know.
type bound struct {
	Status   int    `json:"status"`
	ClientID string `json:"client_id"`
}

// bind makes the socket named by client_id the page's own.
func (e *Endpoints) bind(ctx context.Context, q *request) (any, error) {
	if !isClientID(q.client) {
		return nil, refuse(statusClient, errClientID())
	}
	if err := e.srv.svc.Meet(ctx, q.id); err != nil {
		e.srv.log.WarnContext(ctx, "keep how somebody is shown", "uid", q.id.Actor.UID, "err", err)
	}
	if err := e.srv.Bind(ctx, &q.id, q.form.Get("shown"), q.client); err != nil {
		return nil, refuse(statusClient, err)
	}
	return bound{Status: statusDone, ClientID: string(q.client)}, nil
}

// isClientID reports whether s has the form of a client_id: 20 hexadecimal digits.
func isClientID(s chat.ClientID) bool {
	return len(s) == 20 && strings.Trim(string(s), "0123456789abcdef") == ""
}

func errClientID() error {
	return chat.Codef(chat.Invalid, "invalid_client_id", "client_id is the 20 characters of the handshake")
}

// sendToMerchant stores what a buyer says to the seller of a product, checked in the
// old chat's order.
func (e *Endpoints) sendToMerchant(ctx context.Context, q *request) (any, error) {
	link := q.form.Get("sendType") == "link"
	switch actor := q.id.Actor; {
	case !link && q.form.Get("sendType") != "message":
		return nil, refuse(statusClient, chat.Codef(chat.Invalid, "invalid_send_type", "sendType is message or link"))
	case !isClientID(q.client) || e.srv.foreign(actor, q.client):
		return nil, refuse(statusClient, errClientID())
	case actor.Side() != chat.BuyerSide:
		return nil, refuse(statusClient, chat.Codef(chat.Denied, "not_a_buyer", "only a buyer speaks to the seller of a product"))
	}
	to, pid := chat.UID(q.form.Get("toMid")), chat.ProductID(q.form.Get("pid"))
	if to == "" || !isNumber(string(pid)) {
		return nil, refuse(statusWrong, chat.Codef(chat.Invalid, "invalid_product", "toMid is the merchant and pid a product's number"))
	}
	nonce, err := nonceOf(q)
	if err != nil {
		return nil, err
	}
	d := chat.Draft{Product: pid, Merchant: to, Nonce: nonce}
	if link {
		d.Blocks = []chat.DraftBlock{{Type: chat.ProductBlock, Product: pid}}
	} else {
		d.Blocks = []chat.DraftBlock{{Type: chat.TextBlock, Text: q.form.Get("message")}}
	}
	sent, err := e.srv.svc.Send(ctx, q.id.Actor, d, q.client)
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	answer := e.sent(&sent)
	answer.HTML = new("")
	if link {
		html, err := e.srv.draw.draw("card", cardOf(sent.Message.Blocks[0].Product))
		if err != nil {
			return nil, err
		}
		answer.HTML = &html
	}
	return answer, nil
}

// sent is the answer to whoever has sent a message.
func (e *Endpoints) sent(a *chat.Appended) done {
	m := &a.Message
	return done{
		Status: statusDone, TimeStamp: m.SentAt.Unix(), TimeStr: e.srv.clock(m.SentAt),
		Conversation: string(m.Conversation), Seq: int64(m.Seq),
	}
}

// isNumber reports whether s is a positive integer, as the old products' ids are.
func isNumber(s string) bool {
	n, err := strconv.ParseInt(s, 10, 64)
	return err == nil && n > 0
}

// nonceOf returns the post's nonce. Without one it is a message of its own each time,
// as it always was.
func nonceOf(q *request) (chat.Nonce, error) {
	s := q.form.Get("nonce")
	if s == "" {
		return chat.Nonce(rand.Text()), nil
	}
	nonce, err := chat.ParseNonce(s)
	if err != nil {
		return "", refuse(statusFailed, err)
	}
	return nonce, nil
}

// sendToUser stores a merchant's answer. The merchant is who the token says; myCode is
// only checked against it.
func (e *Endpoints) sendToUser(ctx context.Context, q *request) (any, error) {
	actor := q.id.Actor
	switch {
	case !isClientID(q.client) || !e.srv.live(ctx, actor, q.client):
		return nil, refuse(statusWrong, errClientID())
	case actor.Side() != chat.MerchantSide:
		return nil, refuse(statusClient, chat.Codef(chat.Denied, "not_a_merchant", "only a merchant answers a buyer"))
	case !e.srv.codes.IsMine(actor.UID, q.form.Get("myCode")):
		return nil, refuse(statusClient, errCode())
	}
	buyer, err := e.srv.codes.OpenBuyer(actor.UID, q.form.Get("toUserCode"))
	if err != nil {
		return nil, refuse(statusClient, err)
	}
	conv, err := e.srv.svc.ConversationWith(ctx, actor, buyer)
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	nonce, err := nonceOf(q)
	if err != nil {
		return nil, err
	}
	blocks, err := e.blocksOf(ctx, actor, nonce, q.form.Get("message"))
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	sent, err := e.srv.svc.Send(ctx, actor, chat.Draft{Conversation: conv.ID, Nonce: nonce, Blocks: blocks}, q.client)
	if err != nil {
		return nil, refuse(statusFailed, err)
	}
	return e.sent(&sent), nil
}

// inline is how the src of a picture begins that the editor holds itself.
const inline = "data:image/"

// blocksOf makes blocks of what a merchant's editor holds, in order, its pictures
// through the same line as everybody's.
func (e *Endpoints) blocksOf(ctx context.Context, actor chat.Actor, nonce chat.Nonce, content string) ([]chat.DraftBlock, error) {
	pieces := richtext.Split(content, func(src string) bool {
		return len(src) >= len(inline) && strings.EqualFold(src[:len(inline)], inline)
	})
	limits := e.srv.svc.Limits()
	pictures := 0
	for _, p := range pieces {
		if p.Picture != "" {
			pictures++
		}
	}
	if pictures > limits.Images || len(pieces) > limits.Blocks {
		return nil, chat.Codef(chat.TooLarge, "too_many_images", "a message has at most %d images", limits.Images)
	}
	blocks := make([]chat.DraftBlock, len(pieces))
	for i, p := range pieces {
		if p.Picture == "" {
			blocks[i] = chat.DraftBlock{Type: chat.TextBlock, Text: p.Text}
			continue
		}
		data, err := decodeInline(p.Picture)
		if err != nil {
			return nil, err
		}
		f, err := e.uploader.Upload(ctx, actor, uploadKey(nonce, i), data)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		blocks[i] = chat.DraftBlock{Type: chat.ImageBlock, File: f.ID}
	}
	return blocks, nil
}

// decodeInline returns the bytes of a data: URL. What type it claims is of no
// interest: the line looks itself. A form that was not encoded has turned + into
// blanks.
func decodeInline(src string) ([]byte, error) {
	_, text, ok := strings.Cut(src, ";base64,")
	if !ok {
		return nil, chat.Codef(chat.Invalid, "broken_image", "a picture is not base64")
	}
	data, err := base64.StdEncoding.DecodeString(strings.ReplaceAll(text, " ", "+"))
	if err != nil {
		return nil, chat.Codef(chat.Invalid, "broken_image", "a picture is not base64")
	}
	return data, nil
}

// uploadKey returns the key of a message's i-th picture: the same post again is the
// same upload.
func uploadKey(nonce chat.Nonce, i int) chat.Nonce {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d", nonce, i))
	return chat.Nonce(hex.EncodeToString(sum[:16]))
}

// talkWith returns how to address the merchant: the conversation there is, or the
// product that one begins with. The old page does not say which product it is about
// when it uploads; its own address does.
func (e *Endpoints) talkWith(ctx context.Context, q *request, to chat.UID) (d chat.Draft, err error) {
	if pid := pidOf(q); pid != "" {
		p, err := e.srv.svc.Product(ctx, pid)
		if err != nil {
			return d, err
		}
		if p.Merchant != to {
			return d, chat.Codef(chat.Denied, "wrong_merchant", "this product is sold by another merchant")
		}
		d.Product = pid
	}
	conv, err := e.srv.svc.ConversationWith(ctx, q.id.Actor, to)
	switch {
	case err == nil:
		d.Conversation = conv.ID
	case chat.KindOf(err) != chat.NotFound || d.Product == "":
		return d, err
	}
	return d, nil
}

// pidOf returns the product of a post, or of the page that it comes from.
func pidOf(q *request) chat.ProductID {
	if pid := q.form.Get("pid"); pid != "" {
		return chat.ProductID(pid)
	}
	u, err := url.Parse(q.Referer())
	if err != nil {
		return ""
	}
	pid := u.Query().Get("pid")
	if _, params, ok := parseRoute(u); ok && pid == "" {
		pid = params.Get("pid")
	}
	if !isNumber(pid) {
		return ""
	}
	return chat.ProductID(pid)
}
