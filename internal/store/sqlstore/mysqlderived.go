package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
)

const (
	// derivedVersion is the migration that sets what mysqlDerived does.
	derivedVersion = 2

	// derivedPage is how many conversations are kept from others at once meanwhile.
	derivedPage = 200

	// derivedTries is how often a page is begun, which waits for a lock each time: longer in
	// all than a server lets a node hang in a transaction.
	derivedTries = 30
)

const selectUnderived = `
SELECT MAX(num)
FROM (
  SELECT num
  FROM conversations
  WHERE num > ?
  ORDER BY num
  LIMIT ?
) page`

// A row that is right is left alone.
const updateUnderived = `
UPDATE conversations
SET unindexed_at = IF(indexed_seq < last_seq, last_at, NULL),
  buyer_waiting_at = IF(buyer_waiting, last_at, NULL), buyer_pinned_at = IF(buyer_pinned, last_at, NULL),
  merchant_waiting_at = IF(merchant_waiting, last_at, NULL), merchant_pinned_at = IF(merchant_pinned, last_at, NULL)
WHERE num > ? AND num <= ? AND (
  NOT (unindexed_at <=> IF(indexed_seq < last_seq, last_at, NULL))
  OR NOT (buyer_waiting_at <=> IF(buyer_waiting, last_at, NULL)) OR NOT (buyer_pinned_at <=> IF(buyer_pinned, last_at, NULL))
  OR NOT (merchant_waiting_at <=> IF(merchant_waiting, last_at, NULL)) OR NOT (merchant_pinned_at <=> IF(merchant_pinned, last_at, NULL)))`

// deriveMoved sets the times that lists and the search go by in conversations that came
// from another database without them: until something happened in one, nobody found it as
// waiting or pinned, nor what was said in it. Nodes of before may be at work beside it, so
// it goes a page at a time, each in a transaction of its own, and can be done again.
func deriveMoved(ctx context.Context, db *sql.DB) error {
	for after := int64(0); ; {
		var last sql.NullInt64
		if err := db.QueryRowContext(ctx, selectUnderived, after, derivedPage).Scan(&last); err != nil {
			return fmt.Errorf("read conversations: %w", err)
		}
		if !last.Valid {
			return nil
		}
		if err := derivePage(ctx, db, after, last.Int64); err != nil {
			return fmt.Errorf("derive times of conversations up to %d: %w", last.Int64, err)
		}
		after = last.Int64
	}
}

// derivePage waits for rows that others hold, a short time each: meanwhile those before
// them are kept from others.
func derivePage(ctx context.Context, db *sql.DB, after, last int64) (err error) {
	for range derivedTries {
		if _, err = db.ExecContext(ctx, updateUnderived, after, last); !mysqlUndone(err) {
			return err
		}
	}
	return err
}
