package rest

import (
	"encoding/base64"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// cursor is what a page's cursor holds. To clients it is opaque.
type cursor struct {
	Order  chat.Order `json:"o"`
	Unread bool       `json:"u,omitzero"`
	LastAt int64      `json:"t"`
	ID     string     `json:"i"`
}

const maxCursor = 256

// encodeCursor returns the cursor of the page after row.
func encodeCursor(order chat.Order, row *chat.ConversationView, side chat.Side) (string, error) {
	data, err := wire.Encode(cursor{
		Order: order, Unread: row.Sides[side].HasUnread(), LastAt: row.LastAt.UnixMilli(), ID: string(row.ID),
	})
	if err != nil {
		return "", err
	}
	return base64.RawURLEncoding.EncodeToString(data), nil
}

// decodeCursor reads what encodeCursor made for the same order; "" is nil.
func decodeCursor(s string, order chat.Order) (*chat.ConversationCursor, error) {
	if s == "" {
		return nil, nil
	}
	bad := chat.Codef(chat.Invalid, "invalid_cursor", "this cursor is not one of this list's")
	data, err := base64.RawURLEncoding.Strict().DecodeString(s)
	if err != nil || len(s) > maxCursor {
		return nil, bad
	}
	var c cursor
	if err := wire.Decode(data, &c); err != nil || c.Order != order || c.LastAt < 0 || c.ID == "" {
		return nil, bad
	}
	return &chat.ConversationCursor{Unread: c.Unread, LastAt: time.UnixMilli(c.LastAt).UTC(), ID: chat.ConversationID(c.ID)}, nil
}
