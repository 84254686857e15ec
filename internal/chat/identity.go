package chat

import (
	"context"
	"fmt"
	"time"
)

// Identity is what a verified token says of its bearer.
type Identity struct {
	Actor     Actor
	Name      string // of the participant; "" when the token does not say
	Avatar    string
	IssuedAt  time.Time
	ExpiresAt time.Time
	Login     LoginID // the sign-in it goes back to; "" for a token of the marketplace's own
}

// Meet keeps what a token of the marketplace says of how its bearer is shown.
// What the token leaves out stays as it is; so does the avatar if the token's
// cannot be shown, which is no reason to forget the name.
func (s *Service) Meet(ctx context.Context, id Identity) error {
	if id.Name == "" && id.Avatar == "" {
		return nil
	}
	known, err := s.store.Participants(ctx, []UID{id.Actor.UID})
	if err != nil {
		return fmt.Errorf("meet %s: %w", id.Actor.UID, err)
	}
	p := known[id.Actor.UID]
	p.UID = id.Actor.UID
	if id.Name != "" {
		p.Name = id.Name
	}
	if id.Avatar != "" && checkURLs(&s.limits, id.Avatar) == nil {
		p.Avatar = id.Avatar
	}
	return s.Introduce(ctx, p)
}
