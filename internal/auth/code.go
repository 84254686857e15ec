package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"strings"
	"time"

	"haggle/internal/chat"
)

// CodeStore is the part of chat.Store that login codes need.
type CodeStore interface {
	PutLoginCode(ctx context.Context, c chat.LoginCode) error
	TakeLoginCode(ctx context.Context, hash []byte, now time.Time) (chat.LoginCode, error)
}

// Codes hands out one-time login codes and takes them back. What is kept of one
// is a hash; as the code is 130 random bits, a plain one will do.
type Codes struct {
	v     *Verifier
	store CodeStore
	ttl   time.Duration
}

// NewCodes returns Codes that are good for ttl.
func NewCodes(v *Verifier, store CodeStore, ttl time.Duration) *Codes {
	return &Codes{v: v, store: store, ttl: ttl}
}

// Create returns a code that lets actor in once.
func (c *Codes) Create(ctx context.Context, actor chat.Actor) (code string, expires time.Time, err error) {
	if actor.UID.IsGuest() {
		return "", time.Time{}, chat.Codef(chat.Invalid, "invalid_uid", "uids that start with U_g- are handed out by the server alone")
	}
	code = strings.ToLower(rand.Text())
	expires = c.v.now().UTC().Add(c.ttl).Truncate(time.Millisecond)
	err = c.store.PutLoginCode(ctx, chat.LoginCode{Hash: codeHash(code), Actor: actor, ExpiresAt: expires})
	if err != nil {
		return "", time.Time{}, fmt.Errorf("create login code: %w", err)
	}
	return code, expires, nil
}

// Redeem returns who a code lets in, for as long as a token of the marketplace
// could live, and makes sure that it does so no second time. A code that is used
// up, expired or made up is Unauthenticated with code "code_invalid".
func (c *Codes) Redeem(ctx context.Context, code string) (chat.Identity, error) {
	taken, err := c.store.TakeLoginCode(ctx, codeHash(code), c.v.now())
	if err != nil && chat.KindOf(err) == chat.NotFound {
		return chat.Identity{}, chat.Codef(chat.Unauthenticated, "code_invalid", "this link has been used or is too old, open the chat from the shop again")
	}
	if err != nil {
		return chat.Identity{}, fmt.Errorf("redeem login code: %w", err)
	}
	// The shop vouched when the code was made: a revocation since then counts.
	issued := taken.ExpiresAt.Add(-c.ttl)
	id := chat.Identity{Actor: taken.Actor, IssuedAt: issued, ExpiresAt: issued.Add(MaxTokenLife)}
	return id, c.v.checkRevoked(ctx, &id)
}

func codeHash(code string) []byte {
	sum := sha256.Sum256([]byte(code))
	return sum[:]
}
