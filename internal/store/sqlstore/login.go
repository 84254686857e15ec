package sqlstore

import (
	"context"
	"fmt"
	"time"

	"haggle/internal/chat"
)

const insertEndedLogin = `
INSERT INTO ended_logins (id, expires_at)
VALUES (?, ?)
ON CONFLICT (id) DO NOTHING`

const deleteEndedLogins = `
DELETE FROM ended_logins
WHERE expires_at <= ?`

const selectEndedLogin = `
SELECT id
FROM ended_logins
WHERE id = ?`

// EndLogin implements chat.Store. It sweeps up those past their end as it goes.
func (s *Store) EndLogin(ctx context.Context, l chat.EndedLogin, now time.Time) error {
	err := s.write(ctx, "", func(t tx) error {
		if _, err := t.exec(deleteEndedLogins, millis(now)); err != nil {
			return err
		}
		_, err := t.exec(insertEndedLogin, string(l.ID), millis(l.ExpiresAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("end login: %w", err)
	}
	return nil
}

// LoginEnded implements chat.Store.
func (s *Store) LoginEnded(ctx context.Context, id chat.LoginID) (ended bool, err error) {
	err = s.query(ctx, func(row) error { ended = true; return nil }, selectEndedLogin, string(id))
	if err != nil {
		return false, fmt.Errorf("ended login: %w", err)
	}
	return ended, nil
}
