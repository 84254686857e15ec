package chat

import "time"

// Identity is what a verified token says of its bearer.
type Identity struct {
	Actor     Actor
	Name      string // of the participant; "" when the token does not say
	Avatar    string
	IssuedAt  time.Time
	ExpiresAt time.Time
}
