package sqlstore

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"haggle/internal/chat"
)

// conversationColumns are what decodeConversation reads, in its order.
const conversationColumns = `
c.num, c.id, c.buyer, c.merchant, c.product, c.last_seq, c.rev, c.created_at, c.last_at,
c.buyer_total, c.buyer_delivered, c.buyer_read, c.buyer_seen, c.buyer_unread, c.buyer_pos, c.buyer_blocked, c.buyer_waiting,
c.buyer_pinned, c.buyer_muted, c.buyer_marked,
c.merchant_total, c.merchant_delivered, c.merchant_read, c.merchant_seen, c.merchant_unread, c.merchant_pos, c.merchant_blocked, c.merchant_waiting,
c.merchant_pinned, c.merchant_muted, c.merchant_marked`

// Columns that are read by themselves, and where the columns of a side start.
const (
	colNum           = 0
	colBuyer         = 9
	colBuyerSeen     = colBuyer + 3
	colMerchant      = colBuyer + 11
	colMerchantSeen  = colMerchant + 3
	conversationCols = colMerchant + 11
)

const selectConversation = `
SELECT` + conversationColumns + `
FROM conversations c
WHERE c.id = ?`

const selectConversationBetween = `
SELECT` + conversationColumns + `
FROM conversations c
WHERE c.buyer = ? AND c.merchant = ?`

const selectAcquainted = `
SELECT c.theirs
FROM conversations c
WHERE c.mine = ? AND c.theirs IN (SELECT value FROM json_each(?))`

// Lists are written for one side: "mine" and "theirs" stand for the columns of
// the participant who asks and of the other. Each is one stretch of one index.
const selectChangedSince = `
SELECT` + conversationColumns + `,` + messageColumns + `
FROM conversations c
JOIN messages m ON m.conversation = c.num AND m.seq = c.last_seq
WHERE c.mine = ? AND c.mine_pos > ?
ORDER BY c.mine_pos
LIMIT ?`

const selectUnread = `
SELECT COUNT(*), CAST(COALESCE(SUM(c.mine_unread), 0) AS BIGINT)
FROM conversations c
WHERE c.mine = ? AND c.mine_has_unread = 1 AND c.mine_muted = 0`

const selectPositions = `
SELECT uid, pos
FROM participants
WHERE uid IN (SELECT value FROM json_each(?))`

// The epoch, among the positions as one of nobody's.
const selectEpochAndPositions = `
SELECT '' AS uid, 0 AS pos, value
FROM settings
WHERE name = 'epoch'
UNION ALL
SELECT uid, pos, NULL
FROM participants
WHERE uid IN (SELECT value FROM json_each(?))`

func decodeConversation(r row) chat.Conversation {
	return chat.Conversation{
		ID:        chat.ConversationID(r.text(1)),
		UIDs:      [2]chat.UID{chat.UID(r.text(2)), chat.UID(r.text(3))},
		Product:   chat.ProductID(r.text(4)),
		LastSeq:   chat.Seq(r.int(5)),
		Rev:       chat.Rev(r.int(6)),
		CreatedAt: r.time(7),
		LastAt:    r.time(8),
		Sides:     [2]chat.SideState{decodeSide(r[colBuyer:]), decodeSide(r[colMerchant:])},
	}
}

func decodeSide(r row) chat.SideState {
	return chat.SideState{
		Total: r.int(0), Delivered: chat.Seq(r.int(1)), Read: chat.Seq(r.int(2)),
		Unread: r.int(4), Pos: chat.Pos(r.int(5)), Blocked: r.bool(6), Waiting: r.bool(7),
		Pinned: r.bool(8), Muted: r.bool(9), Marked: r.bool(10),
	}
}

// Conversation implements chat.Store.
func (s *Store) Conversation(ctx context.Context, id chat.ConversationID) (chat.Conversation, error) {
	return s.conversation(ctx, selectConversation, string(id))
}

// Acquainted implements chat.Store.
func (s *Store) Acquainted(ctx context.Context, uid chat.UID, others []chat.UID) ([]chat.UID, error) {
	var known []chat.UID
	err := s.query(ctx, func(r row) error {
		known = append(known, chat.UID(r.text(0)))
		return nil
	}, ofSide(selectAcquainted, uid.Side()), string(uid), jsonList(others))
	if err != nil {
		return nil, fmt.Errorf("acquainted: %w", err)
	}
	slices.Sort(known)
	return known, nil
}

// ConversationBetween implements chat.Store.
func (s *Store) ConversationBetween(ctx context.Context, buyer, merchant chat.UID) (chat.Conversation, error) {
	return s.conversation(ctx, selectConversationBetween, string(buyer), string(merchant))
}

func (s *Store) conversation(ctx context.Context, query string, args ...any) (chat.Conversation, error) {
	var c chat.Conversation
	found := false
	err := s.query(ctx, func(r row) error {
		c, found = decodeConversation(r), true
		return nil
	}, query, args...)
	if err != nil {
		return chat.Conversation{}, fmt.Errorf("conversation: %w", err)
	}
	if !found {
		return chat.Conversation{}, errNoConversation()
	}
	return c, nil
}

// ChangedSince implements chat.Store.
func (s *Store) ChangedSince(ctx context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	side := uid.Side()
	if side == chat.NoSide || limit <= 0 {
		return nil, nil
	}
	return s.conversations(ctx, ofSide(selectChangedSince, side), string(uid), int64(after), int64(limit))
}

// Conversations implements chat.Store.
func (s *Store) Conversations(ctx context.Context, q chat.ConversationQuery) ([]chat.Conversation, error) {
	side := q.UID.Side()
	if side == chat.NoSide || q.Limit <= 0 {
		return nil, nil
	}
	query, args := s.dialect.inbox.page(&q)
	return s.conversations(ctx, ofSide(query, side), args...)
}

// ofSide writes out a list for one side. Both results are as constant as query.
func ofSide(query string, side chat.Side) string {
	mine, theirs := "buyer", "merchant"
	if side == chat.MerchantSide {
		mine, theirs = theirs, mine
	}
	return strings.NewReplacer("c.mine", "c."+mine, "c.theirs", "c."+theirs, "s_mine_", "s_"+mine+"_").Replace(query)
}

// escapeLike makes LIKE take s literally, with ! as the escape character.
func escapeLike(s string) string {
	return strings.NewReplacer("!", "!!", "%", "!%", "_", "!_").Replace(s)
}

func (s *Store) conversations(ctx context.Context, query string, args ...any) ([]chat.Conversation, error) {
	var cs []chat.Conversation
	err := s.query(ctx, func(r row) error {
		c := decodeConversation(r)
		last, err := decodeMessage(r[conversationCols:], c.ID, c.UIDs)
		if err != nil {
			return err
		}
		c.Last = &last
		cs = append(cs, c)
		return nil
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("conversations: %w", err)
	}
	return cs, nil
}

// Unread implements chat.Store.
func (s *Store) Unread(ctx context.Context, uid chat.UID) (conversations, messages int64, err error) {
	side := uid.Side()
	if side == chat.NoSide {
		return 0, 0, nil
	}
	err = s.query(ctx, func(r row) error {
		conversations, messages = r.int(0), r.int(1)
		return nil
	}, ofSide(selectUnread, side), string(uid))
	if err != nil {
		return 0, 0, fmt.Errorf("unread: %w", err)
	}
	return conversations, messages, nil
}

// Positions implements chat.Store.
func (s *Store) Positions(ctx context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	pos := make(map[chat.UID]chat.Pos, len(uids))
	for _, uid := range uids {
		pos[uid] = 0
	}
	epoch, query := *s.epoch.Load(), selectPositions
	if s.dialect.shared {
		query = selectEpochAndPositions // another process may have begun a new one
	}
	err := s.query(ctx, func(r row) error {
		if uid := chat.UID(r.text(0)); uid != "" {
			pos[uid] = chat.Pos(r.int(1))
		} else {
			epoch = chat.Epoch(r.text(2))
		}
		return nil
	}, query, jsonList(uids))
	if err != nil {
		return "", nil, fmt.Errorf("positions: %w", err)
	}
	return epoch, pos, nil
}
