package chat

import "time"

// Identity is who a verified token says somebody is.
type Identity struct {
	Actor  Actor
	Name   string // of the participant, as the token has it; may be empty
	Avatar string // of the participant; may be empty

	// IssuedAt is when the shop vouched for the actor, which revocation compares
	// with. A token that does not say is taken to be as old as it can be.
	IssuedAt time.Time

	// ExpiresAt ends what the token allows; a live session with it.
	ExpiresAt time.Time
}
