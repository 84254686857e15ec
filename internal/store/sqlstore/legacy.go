package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

var _ legacy.Store = (*Store)(nil)

// The list of seqs is one of texts, as all lists are.
const selectNumbers = `
SELECT n.seq, n.num
FROM conversations c
JOIN json_each(?) k
JOIN legacy_numbers n ON n.conversation = c.num AND n.seq = CAST(k.value AS INTEGER)
WHERE c.id = ?`

// insertNumbers gives numbers to all of a conversation up to a seq that have none, so
// that within a conversation they rise as the seqs do.
const insertNumbers = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT (SELECT coalesce(max(num), ?) FROM legacy_numbers WHERE num >= ?) + row_number() OVER (ORDER BY m.seq), m.conversation, m.seq
FROM conversations c
JOIN messages m ON m.conversation = c.num AND m.seq <= ? AND m.seq > coalesce((
  SELECT o.seq
  FROM legacy_numbers o
  WHERE o.conversation = c.num AND o.num >= ?
  ORDER BY o.seq DESC
  LIMIT 1), 0)
LEFT JOIN legacy_numbers n ON n.conversation = m.conversation AND n.seq = m.seq
WHERE c.id = ? AND n.num IS NULL`

// numberRest gives numbers to those of the next messages that have none. The
// conversation is that of the inside.
const numberRest = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT (SELECT coalesce(max(num), ?) FROM legacy_numbers WHERE num >= ?) + row_number() OVER (ORDER BY m.conversation, m.seq), m.conversation, m.seq
FROM (
  SELECT conversation, seq
  FROM messages
  WHERE (conversation, seq) > (?, ?) AND (conversation, seq) <= (?, ?)
) m
LEFT JOIN legacy_numbers n ON n.conversation = m.conversation AND n.seq = m.seq
WHERE n.num IS NULL`

// selectStep returns where the next messages end, which are so many at the most.
const selectStep = `
SELECT conversation, seq
FROM (
  SELECT conversation, seq
  FROM messages
  WHERE (conversation, seq) > (?, ?)
  ORDER BY conversation, seq
  LIMIT ?
) step
ORDER BY conversation DESC, seq DESC
LIMIT 1`

const selectNumbered = `
SELECT n.num, c.id, c.buyer, c.merchant, c.buyer_read, c.merchant_read,` + messageColumns + `
FROM legacy_numbers n
JOIN conversations c ON c.num = n.conversation
JOIN messages m ON m.conversation = n.conversation AND m.seq = n.seq
WHERE n.num > ?
ORDER BY n.num
LIMIT ?`

const insertNumber = `
INSERT INTO legacy_numbers (num, conversation, seq)
VALUES (?, ?, ?)`

const selectKnownNumbers = `
SELECT n.num, c.buyer, c.merchant, m.side, m.sent_at
FROM json_each(?) k
JOIN legacy_numbers n ON n.num = CAST(k.value AS INTEGER)
JOIN conversations c ON c.num = n.conversation
JOIN messages m ON m.conversation = n.conversation AND m.seq = n.seq`

const countImported = `
SELECT n.conversation, count(*)
FROM json_each(?) k
JOIN legacy_numbers n ON n.conversation = CAST(k.value AS INTEGER)
WHERE n.num < ?
GROUP BY n.conversation`

// numberedAtOnce is how many messages get their numbers in one step of an export.
const numberedAtOnce = 5000

// Numbers implements legacy.Store. Known numbers cost no write.
func (s *Store) Numbers(ctx context.Context, id chat.ConversationID, seqs []chat.Seq) (map[chat.Seq]legacy.Num, error) {
	found := make(map[chat.Seq]legacy.Num, len(seqs))
	keep := func(r row) error { //nolint:unparam // as every reader of rows
		found[chat.Seq(r.int(0))] = legacy.Num(r.int(1))
		return nil
	}
	list, err := json.Marshal(seqs)
	if err != nil {
		return nil, fmt.Errorf("numbers: %w", err)
	}
	if err := s.query(ctx, keep, selectNumbers, string(list), string(id)); err != nil {
		return nil, fmt.Errorf("numbers: %w", err)
	}
	if len(found) == len(seqs) {
		return found, nil
	}
	const first = int64(legacy.FirstOwn)
	err = s.write(ctx, numberingMessages, func(t tx) error {
		if err := s.dialect.serialize(t, numberingMessages); err != nil {
			return err
		}
		if _, err := t.exec(insertNumbers, first-1, first, int64(slices.Max(seqs)), first, string(id)); err != nil {
			return err
		}
		return t.query(keep, selectNumbers, string(list), string(id))
	})
	if err != nil {
		return nil, fmt.Errorf("numbers: %w", err)
	}
	return found, nil
}

// Export implements legacy.Store.
func (s *Store) Export(ctx context.Context, after legacy.Num, limit int) ([]legacy.Numbered, error) {
	if after == 0 {
		if err := s.numberAll(ctx); err != nil {
			return nil, fmt.Errorf("export: %w", err)
		}
	}
	var page []legacy.Numbered
	err := s.query(ctx, func(r row) error {
		uids := [2]chat.UID{chat.UID(r.text(2)), chat.UID(r.text(3))}
		m, err := decodeMessage(r[6:], chat.ConversationID(r.text(1)), uids)
		if err != nil {
			return err
		}
		read := [2]int64{r.int(4), r.int(5)}
		page = append(page, legacy.Numbered{
			Num: legacy.Num(r.int(0)), Buyer: uids[chat.BuyerSide], Merchant: uids[chat.MerchantSide], Message: m,
			Read: int64(m.Seq) <= read[m.Sender.Side().Other()],
		})
		return nil
	}, selectNumbered, int64(after), int64(max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("export: %w", err)
	}
	return page, nil
}

// numberAll gives a number to every message that has none, in steps that let others
// write in between.
func (s *Store) numberAll(ctx context.Context) error {
	var at, end [2]int64
	for {
		more := false
		err := s.query(ctx, func(r row) error {
			more = true
			end = [2]int64{r.int(0), r.int(1)}
			return nil
		}, selectStep, at[0], at[1], int64(numberedAtOnce))
		if err != nil || !more {
			return err
		}
		err = s.write(ctx, numberingMessages, func(t tx) error {
			if err := s.dialect.serialize(t, numberingMessages); err != nil {
				return err
			}
			_, err := t.exec(numberRest, int64(legacy.FirstOwn-1), int64(legacy.FirstOwn), at[0], at[1], end[0], end[1])
			return err
		})
		if err != nil {
			return err
		}
		at = end
	}
}
