package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// The list of seqs is one of texts, as all lists are.
const selectNumbers = `
SELECT n.seq, n.num
FROM conversations c
JOIN json_each(?) k
JOIN legacy_numbers n ON n.conversation = c.num AND n.seq = CAST(k.value AS INTEGER)
WHERE c.id = ?`

const insertNumbers = `
INSERT INTO legacy_numbers (num, conversation, seq)
SELECT (SELECT coalesce(max(num), ?) FROM legacy_numbers WHERE num >= ?) + row_number() OVER (ORDER BY m.seq), m.conversation, m.seq
FROM conversations c
JOIN json_each(?) k
JOIN messages m ON m.conversation = c.num AND m.seq = CAST(k.value AS INTEGER)
LEFT JOIN legacy_numbers n ON n.conversation = m.conversation AND n.seq = m.seq
WHERE c.id = ? AND n.num IS NULL`

// Numbers implements legacy.Store. Known numbers cost no write.
func (s *Store) Numbers(ctx context.Context, id chat.ConversationID, seqs []chat.Seq) (map[chat.Seq]legacy.Num, error) {
	found := make(map[chat.Seq]legacy.Num, len(seqs))
	keep := func(r row) error {
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
	err = s.write(ctx, func(t tx) error {
		if _, err := t.exec(insertNumbers, int64(legacy.FirstOwn-1), int64(legacy.FirstOwn), string(list), string(id)); err != nil {
			return err
		}
		return t.query(keep, selectNumbers, string(list), string(id))
	})
	if err != nil {
		return nil, fmt.Errorf("numbers: %w", err)
	}
	return found, nil
}
