package chat

import (
	"context"
	"fmt"
	"time"
)

// LoginID names one sign-in of one browser: its cookie, and the tokens that its
// pages get for it.
type LoginID string

// EndedLogin is a sign-in that its person has ended.
type EndedLogin struct {
	ID        LoginID
	ExpiresAt time.Time // when it would have ended by itself
}

// LoginStore keeps which sign-ins were ended.
type LoginStore interface {
	// EndLogin remembers l until it would have ended by itself. Those that have by
	// now may be forgotten.
	EndLogin(ctx context.Context, l EndedLogin, now time.Time) error

	// LoginEnded reports whether EndLogin was called for id.
	LoginEnded(ctx context.Context, id LoginID) (bool, error)
}

// EndLogin ends the sign-in that id goes back to: nothing that came of it counts
// from now on. A session that is live already stays until its token ends.
func (s *Service) EndLogin(ctx context.Context, id Identity) error {
	if id.Login == "" {
		return nil
	}
	if err := s.store.EndLogin(ctx, EndedLogin{ID: id.Login, ExpiresAt: id.ExpiresAt}, s.now()); err != nil {
		return fmt.Errorf("sign out: %w", err)
	}
	return nil
}

// LoginEnded reports whether the person has signed out of that sign-in.
func (s *Service) LoginEnded(ctx context.Context, id LoginID) (bool, error) {
	return s.store.LoginEnded(ctx, id)
}
