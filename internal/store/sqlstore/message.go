package sqlstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"

	"haggle/internal/chat"
)

// messageColumns are what decodeMessage reads, in its order.
const messageColumns = `
m.seq, m.rev, m.side, m.ordinal, m.agent, m.agent_name, m.nonce, m.hash, m.blocks, m.sent_at, m.recipient_online, m.recalled_at, m.auto`

// colHash is the one column that decodeMessage leaves to others.
const colHash = 7

const selectMessagesAfter = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num
WHERE c.id = ? AND m.seq > ?
ORDER BY m.seq
LIMIT ?`

const selectMessagesBefore = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num
WHERE c.id = ? AND m.seq < ?
ORDER BY m.seq DESC
LIMIT ?`

const selectMessagesWithImages = `
SELECT c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages_with_images i ON i.conversation = c.num
JOIN messages m ON m.conversation = i.conversation AND m.seq = i.seq
WHERE c.id = ? AND i.seq < ?
ORDER BY i.seq DESC
LIMIT ?`

const selectMessageByNonce = `
SELECT c.id, c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num
WHERE c.id = ? AND m.side = CASE ? WHEN c.buyer THEN 0 WHEN c.merchant THEN 1 ELSE -1 END AND m.nonce = ?`

const selectMessageOfBuyer = `
SELECT c.id, c.buyer, c.merchant,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num
WHERE c.buyer = ? AND m.side = 0 AND m.nonce = ?
ORDER BY c.buyer_pos
LIMIT 1`

const selectRecallsAfter = `
SELECT c.buyer, c.merchant, m.side, r.seq, r.rev, m.recalled_at
FROM conversations c
JOIN recalls r ON r.conversation = c.num
JOIN messages m ON m.conversation = r.conversation AND m.seq = r.seq
WHERE c.id = ? AND r.rev > ?
ORDER BY r.rev
LIMIT ?`

func decodeMessage(r row, id chat.ConversationID, uids [2]chat.UID) (chat.Message, error) {
	m := chat.Message{
		Conversation: id,
		Seq:          chat.Seq(r.int(0)), Rev: chat.Rev(r.int(1)),
		Sender: uids[r.int(2)&1], Ordinal: r.int(3),
		Agent: chat.AgentID(r.text(4)), AgentName: r.text(5),
		Nonce: chat.Nonce(r.text(6)), SentAt: r.time(9), RecalledAt: r.time(11), Auto: chat.Auto(r.text(12)),
	}
	if r[10] != nil {
		online := r.bool(10)
		m.RecipientOnline = &online
	}
	if err := json.Unmarshal(r.bytes(8), &m.Blocks); err != nil {
		return chat.Message{}, fmt.Errorf("blocks of message %d of %s: %w", m.Seq, id, err)
	}
	return m, nil
}

// MessagesAfter implements chat.Store.
func (s *Store) MessagesAfter(ctx context.Context, id chat.ConversationID, after chat.Seq, limit int) ([]chat.Message, error) {
	return s.messages(ctx, id, selectMessagesAfter, string(id), int64(after), int64(max(limit, 0)))
}

// MessagesBefore implements chat.Store.
func (s *Store) MessagesBefore(ctx context.Context, id chat.ConversationID, before chat.Seq, limit int) ([]chat.Message, error) {
	return s.messagesBefore(ctx, id, selectMessagesBefore, before, limit)
}

// MessagesWithImages implements chat.Store.
func (s *Store) MessagesWithImages(ctx context.Context, id chat.ConversationID, before chat.Seq, limit int) ([]chat.Message, error) {
	return s.messagesBefore(ctx, id, selectMessagesWithImages, before, limit)
}

func (s *Store) messagesBefore(ctx context.Context, id chat.ConversationID, query string, before chat.Seq, limit int) ([]chat.Message, error) {
	if before == 0 {
		before = math.MaxInt64
	}
	ms, err := s.messages(ctx, id, query, string(id), int64(before), int64(max(limit, 0)))
	slices.Reverse(ms)
	return ms, err
}

// messages runs a query for messages of the conversation named id.
func (s *Store) messages(ctx context.Context, id chat.ConversationID, query string, args ...any) ([]chat.Message, error) {
	var ms []chat.Message
	err := s.query(ctx, func(r row) error {
		m, err := decodeMessage(r[2:], id, [2]chat.UID{chat.UID(r.text(0)), chat.UID(r.text(1))})
		ms = append(ms, m)
		return err
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("messages: %w", err)
	}
	if len(ms) == 0 { // of a conversation, or is there none?
		if _, err := s.Conversation(ctx, id); err != nil {
			return nil, err
		}
	}
	return ms, nil
}

// MessageByNonce implements chat.Store.
func (s *Store) MessageByNonce(ctx context.Context, id chat.ConversationID, sender chat.UID, nonce chat.Nonce) (m chat.Message, hash []byte, err error) {
	query, args := selectMessageByNonce, []any{string(id), string(sender), string(nonce)}
	if id == "" {
		query, args = selectMessageOfBuyer, args[1:]
	}
	err = s.query(ctx, func(r row) error {
		uids := [2]chat.UID{chat.UID(r.text(1)), chat.UID(r.text(2))}
		hash = bytes.Clone(r.bytes(3 + colHash))
		m, err = decodeMessage(r[3:], chat.ConversationID(r.text(0)), uids)
		return err
	}, query, args...)
	switch {
	case err != nil:
		return chat.Message{}, nil, fmt.Errorf("message by nonce: %w", err)
	case m.Seq == 0:
		return chat.Message{}, nil, errNoMessage()
	}
	return m, hash, nil
}

// RecallsAfter implements chat.Store.
func (s *Store) RecallsAfter(ctx context.Context, id chat.ConversationID, after chat.Rev, limit int) ([]chat.Recall, error) {
	var rs []chat.Recall
	err := s.query(ctx, func(r row) error {
		rs = append(rs, chat.Recall{
			Conversation: id, By: chat.UID(r.text(int(r.int(2) & 1))),
			Seq: chat.Seq(r.int(3)), Rev: chat.Rev(r.int(4)), At: r.time(5),
		})
		return nil
	}, selectRecallsAfter, string(id), int64(after), int64(max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("recalls: %w", err)
	}
	if len(rs) == 0 {
		if _, err := s.Conversation(ctx, id); err != nil {
			return nil, err
		}
	}
	return rs, nil
}
