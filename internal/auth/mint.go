package auth

import (
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"haggle/internal/chat"
)

// GuestLife is how long a guest's browser is known.
const GuestLife = 30 * 24 * time.Hour

// AccessToken returns a token for the page's script, which lives for ttl and not
// beyond what it comes from.
func (v *Verifier) AccessToken(id chat.Identity, ttl time.Duration) (token string, expires time.Time, err error) {
	if end := v.now().UTC().Add(ttl).Truncate(time.Millisecond); end.Before(id.ExpiresAt) {
		id.ExpiresAt = end
	}
	token, err = v.sign(&id, useAccess)
	return token, id.ExpiresAt, err
}

// CookieToken returns the value of the cookie that remembers id until it ends. It
// is a sign-in of its own, with an ID by which it can be ended sooner.
func (v *Verifier) CookieToken(id chat.Identity) (string, error) {
	id.Login = chat.LoginID(strings.ToLower(rand.Text()))
	return v.sign(&id, useCookie)
}

// NewGuest makes somebody up who may come in without being signed in.
func (v *Verifier) NewGuest() (chat.Identity, error) {
	if !v.guests {
		return chat.Identity{}, chat.Codef(chat.Denied, "guests_disabled", "sign in to chat")
	}
	now := v.now().UTC().Truncate(time.Millisecond)
	return chat.Identity{
		Actor:    chat.Actor{UID: chat.NewGuest()},
		IssuedAt: now, ExpiresAt: now.Add(GuestLife),
	}, nil
}

func (v *Verifier) sign(id *chat.Identity, as use) (string, error) {
	c := claimsOf(id)
	c.Use = as
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, c)
	t.Header["kid"] = ownKeyID
	s, err := t.SignedString(v.own.key)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}

// ShopClaims is what a marketplace says in its token.
type ShopClaims struct {
	UID       chat.UID
	Name      string
	Avatar    string
	Agent     chat.AgentID // staff only
	AgentName string
	IssuedAt  time.Time // needed: revocations go by it
	ExpiresAt time.Time // at most MaxTokenLife after IssuedAt
	KeyID     string    // kid; "" for none
}

// SignShopToken signs a token as the marketplace would, with HS256: for trying
// things out, and for the demo, which is a marketplace.
func SignShopToken(secret []byte, c ShopClaims) (string, error) {
	if _, err := SecretKey(c.KeyID, secret); err != nil {
		return "", err
	}
	t := jwt.NewWithClaims(jwt.SigningMethodHS256, &claims{
		Subject: string(c.UID), Audience: jwt.ClaimStrings{audience},
		IssuedAt: &numericDate{c.IssuedAt.Truncate(time.Second)}, ExpiresAt: &numericDate{c.ExpiresAt.Truncate(time.Second)},
		Name: c.Name, Avatar: c.Avatar, Agent: string(c.Agent), AgentName: c.AgentName,
	})
	if c.KeyID != "" {
		t.Header["kid"] = c.KeyID
	}
	s, err := t.SignedString(secret)
	if err != nil {
		return "", fmt.Errorf("sign token: %w", err)
	}
	return s, nil
}
