package sqlstore

import (
	"context"
	"fmt"
	"time"

	"haggle/internal/chat"
)

const selectAsked = `
SELECT p.product, p.first_at, p.last_at
FROM conversations c
JOIN conversation_products p ON p.conversation = c.num
WHERE c.id = ?
ORDER BY p.last_at DESC, p.product
LIMIT ?`

// asked is what a conversation has come to be about.
type asked struct {
	conversation *conversation
	product      chat.ProductID
	at           time.Time
}

// ProductsAsked implements chat.Store.
func (s *Store) ProductsAsked(ctx context.Context, id chat.ConversationID, limit int) ([]chat.AskedAbout, error) {
	var list []chat.AskedAbout
	err := s.query(ctx, func(r row) error {
		list = append(list, chat.AskedAbout{Product: chat.ProductID(r.text(0)), FirstAt: r.time(1), LastAt: r.time(2)})
		return nil
	}, selectAsked, string(id), int64(max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("products asked about: %w", err)
	}
	return list, nil
}
