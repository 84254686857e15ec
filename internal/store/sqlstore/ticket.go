package sqlstore

import (
	"context"
	"fmt"
	"time"

	"haggle/internal/chat"
)

const selectTicket = `
SELECT value, expires_at
FROM tickets
WHERE name = ? AND value <> ''`

const putTicket = `
INSERT INTO tickets (name, value, expires_at, leased_until)
VALUES (?, ?, ?, 0)
ON CONFLICT (name) DO UPDATE
SET value = excluded.value, expires_at = excluded.expires_at, leased_until = 0`

const leaseTicket = `
INSERT INTO tickets (name, value, expires_at, leased_until)
VALUES (?, '', 0, ?)
ON CONFLICT (name) DO UPDATE
SET leased_until = excluded.leased_until
WHERE tickets.leased_until <= ?`

// Ticket returns what PutTicket kept under name last, NotFound for nothing.
func (s *Store) Ticket(ctx context.Context, name string) (value string, expires time.Time, err error) {
	err = s.query(ctx, func(r row) error {
		value, expires = r.text(0), r.time(1)
		return nil
	}, selectTicket, name)
	switch {
	case err != nil:
		return "", time.Time{}, fmt.Errorf("ticket %s: %w", name, err)
	case value == "":
		return "", time.Time{}, chat.Errorf(chat.NotFound, "there is no ticket %s", name)
	}
	return value, expires, nil
}

// PutTicket keeps a ticket in place of the one before, and ends the lease on it. An
// empty value is none.
func (s *Store) PutTicket(ctx context.Context, name, value string, expires time.Time) error {
	err := s.write(ctx, "ticket "+name, func(t tx) error {
		_, err := t.exec(putTicket, name, value, millis(expires))
		return err
	})
	if err != nil {
		return fmt.Errorf("put ticket %s: %w", name, err)
	}
	return nil
}

// LeaseTicket lets one of all who ask fetch another ticket, until PutTicket or the time
// given, and reports whether it is the caller.
func (s *Store) LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error) {
	var n int64
	err := s.write(ctx, "ticket "+name, func(t tx) (err error) {
		n, err = t.exec(leaseTicket, name, millis(until), millis(now))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("lease ticket %s: %w", name, err)
	}
	return n > 0, nil // an engine may count a row that it changes twice
}
