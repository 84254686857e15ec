package chat

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Draft is a message that somebody wants to send.
type Draft struct {
	Conversation ConversationID // "" begins, or finds, the one with the seller of Product
	Product      ProductID      // what it is about; "" leaves that as it is
	Merchant     UID            // if set, must be the product's merchant
	Nonce        Nonce
	Blocks       []DraftBlock
}

// Validate reports the first rule that d breaks.
func (d *Draft) Validate(l *Limits) error {
	if _, err := ParseNonce(string(d.Nonce)); err != nil {
		return err
	}
	if d.Conversation == "" && d.Product == "" {
		return Codef(Invalid, "no_conversation", "name a conversation or a product")
	}
	if d.Product != "" {
		if _, err := ParseProductID(string(d.Product)); err != nil {
			return err
		}
	}
	return d.validateBlocks(l)
}

func (d *Draft) validateBlocks(l *Limits) error {
	if len(d.Blocks) > l.Blocks {
		return Codef(TooLarge, "too_many_blocks", "a message has at most %d blocks", l.Blocks)
	}
	var runes, images int
	empty := true
	for _, b := range d.Blocks {
		if err := b.validate(); err != nil {
			return err
		}
		runes += utf8.RuneCountInString(b.Text)
		if b.Type == ImageBlock {
			images++
		}
		if b.Type != TextBlock || strings.TrimSpace(b.Text) != "" {
			empty = false
		}
	}
	switch {
	case empty:
		return Codef(Invalid, "empty_message", "the message is empty")
	case runes > l.TextRunes:
		return Codef(TooLarge, "text_too_long", "the text is longer than %d characters", l.TextRunes)
	case images > l.Images:
		return Codef(TooLarge, "too_many_images", "a message has at most %d images", l.Images)
	}
	return nil
}

// validate checks that exactly the field that b.Type names is set.
func (b DraftBlock) validate() error {
	want := DraftBlock{Type: b.Type}
	switch b.Type {
	case TextBlock:
		want.Text = b.Text
	case ImageBlock:
		want.File = b.File
	case ProductBlock:
		want.Product = b.Product
	case NoticeBlock:
		fallthrough
	default:
		return Codef(Invalid, "unknown_block", "a block is of type text, image or product")
	}
	if b != want || want == (DraftBlock{Type: b.Type}) {
		return Codef(Invalid, "invalid_block", "a block of type %s has the field of that name and no other", b.Type)
	}
	return checkText(b.Text)
}

// hash tells one request from another. The conversation is not part of it: the
// nonce is looked up inside one, and a first message may be repeated once its
// conversation has a name.
func (d *Draft) hash() ([]byte, error) {
	data, err := json.Marshal(struct {
		Product ProductID
		Blocks  []DraftBlock
	}{d.Product, d.Blocks})
	if err != nil {
		return nil, fmt.Errorf("hash draft: %w", err)
	}
	sum := sha256.Sum256(data)
	return slices.Clone(sum[:16]), nil
}
