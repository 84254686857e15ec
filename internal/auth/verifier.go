package auth

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"haggle/internal/chat"
)

// leeway is how far ahead of ours the marketplace's clock may be.
const leeway = 30 * time.Second

// maxTokenBytes bounds a token before anything is made of it.
const maxTokenBytes = 8 << 10

// Revocations says what no longer counts; *chat.Service does.
type Revocations interface {
	// RevokedAt says since when a participant's tokens count.
	RevokedAt(ctx context.Context, uid chat.UID) (time.Time, error)

	// LoginEnded says whether somebody has signed out of that sign-in.
	LoginEnded(ctx context.Context, id chat.LoginID) (bool, error)
}

// Config is what a Verifier is made from.
type Config struct {
	Keys       []Key        // the marketplace's; two live ones by kid while it changes them
	JWKSURL    string       // lists more of them; "" for none
	HTTPClient *http.Client // asks JWKSURL; nil: one with a deadline
	Own        []byte       // the secret of the server's own tokens, see Secret
	Guests     bool         // guests may come in
}

// Verifier tells who a token is about, and makes the server's own tokens. Its
// methods may be called concurrently.
type Verifier struct {
	keys    []Key
	set     *keySet // nil without a JWKS URL
	own     Key
	guests  bool
	revoked Revocations
	log     *slog.Logger
	now     func() time.Time
}

// NewVerifier returns a Verifier. Keys of a JWKS URL are fetched again until ctx
// ends.
func NewVerifier(ctx context.Context, cfg Config, revoked Revocations, log *slog.Logger) (*Verifier, error) {
	own, err := SecretKey("", cfg.Own)
	if err != nil {
		return nil, fmt.Errorf("own tokens: %w", err)
	}
	own.ID = ownKeyID
	v := &Verifier{keys: cfg.Keys, own: own, guests: cfg.Guests, revoked: revoked, log: log, now: time.Now}
	if cfg.JWKSURL != "" {
		client := cfg.HTTPClient
		if client == nil {
			client = &http.Client{Timeout: jwksTimeout}
		}
		if v.set, err = openKeySet(ctx, cfg.JWKSURL, client, log); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// Health reports why tokens cannot be verified now; nil if they can. A server
// without any key of the marketplace is healthy: guests and codes still work.
func (v *Verifier) Health(ctx context.Context) error {
	if v.set == nil || len(v.keys) > 0 {
		return nil
	}
	return v.set.health(ctx)
}

// Verify tells who a token is about: the marketplace's, or an access token of
// the server's own. A cookie is none of the two. The error is Unauthenticated
// with code "token_expired", "token_revoked" or "token_invalid"; anything else
// means that nobody can tell now.
func (v *Verifier) Verify(ctx context.Context, token string) (chat.Identity, error) {
	return v.verify(ctx, token, func(c *claims, own bool) error {
		if own && c.Use != useAccess {
			return refusef("not an access token")
		}
		return nil
	})
}

// VerifyShop tells who a token of the marketplace is about. The server's own are
// refused: a session cannot prolong itself.
func (v *Verifier) VerifyShop(ctx context.Context, token string) (chat.Identity, error) {
	return v.verify(ctx, token, func(_ *claims, own bool) error {
		if own {
			return refusef("not a token of the marketplace")
		}
		return nil
	})
}

// VerifyCookie tells who the cookie of one side is about.
func (v *Verifier) VerifyCookie(ctx context.Context, token string, side chat.Side) (chat.Identity, error) {
	return v.verify(ctx, token, func(c *claims, own bool) error {
		if !own || c.Use != useCookie || chat.UID(c.Subject).Side() != side {
			return refusef("not a cookie of this side")
		}
		return nil
	})
}

func (v *Verifier) verify(ctx context.Context, token string, allowed func(c *claims, own bool) error) (chat.Identity, error) {
	if len(token) > maxTokenBytes {
		return chat.Identity{}, refusef("longer than %d bytes", maxTokenBytes)
	}
	c, own, err := v.parse(ctx, token)
	if err != nil {
		return chat.Identity{}, err
	}
	if err := allowed(c, own); err != nil {
		return chat.Identity{}, err
	}
	id, err := c.identity(own)
	if err != nil {
		return chat.Identity{}, err
	}
	if id.Actor.UID.IsGuest() && (!own || !v.guests) {
		return chat.Identity{}, refusef("guests are the server's own")
	}
	return id, v.checkRevoked(ctx, &id)
}

// parse checks the signature and then the times and the audience.
func (v *Verifier) parse(ctx context.Context, token string) (c *claims, own bool, err error) {
	c = &claims{}
	parser := jwt.NewParser(
		jwt.WithValidMethods([]string{algHS256, algRS256, algES256, algEdDSA}),
		jwt.WithStrictDecoding(), jwt.WithoutClaimsValidation(), // see checkClaims
	)
	_, err = parser.ParseWithClaims(token, c, func(t *jwt.Token) (any, error) {
		var keys []Key
		var findErr error
		keys, own, findErr = v.find(ctx, t)
		return usable(keys, t.Method.Alg()), findErr
	})
	if err != nil {
		if known, ok := errors.AsType[*chat.Error](err); ok {
			return nil, own, known
		}
		return nil, own, refusef("%w", err)
	}
	return c, own, v.checkClaims(c, own)
}

// checkClaims is done here because the library has one leeway for all times: the
// marketplace's clock may be ahead of ours, and no token lives longer for it.
func (v *Verifier) checkClaims(c *claims, own bool) error {
	now := v.now()
	switch {
	case !slices.Contains(c.Audience, audience):
		return refusef("aud is not %s", audience)
	case own && c.Issuer != issuer:
		return refusef("not issued by this server")
	case c.ExpiresAt == nil:
		return refusef("exp is missing")
	case !now.Before(c.ExpiresAt.Time):
		return chat.Codef(chat.Unauthenticated, "token_expired", "you have been signed out, please sign in again")
	case c.IssuedAt == nil:
		// Whoever integrates a shop meets this one, on the first try.
		e := refusef("iat is missing")
		e.Msg = "this token does not say when it was issued: the shop has to put iat in"
		return e
	case c.NotBefore != nil && c.NotBefore.After(now.Add(leeway)):
		return refusef("nbf is in the future")
	case c.IssuedAt.After(now.Add(leeway)):
		return refusef("iat is in the future")
	case own:
		return nil
	case c.ExpiresAt.Sub(c.IssuedAt.Time) > MaxTokenLife:
		return refusef("it lives longer than %v", MaxTokenLife)
	}
	return nil
}

// find returns the keys that a token may be signed with, by its kid.
func (v *Verifier) find(ctx context.Context, t *jwt.Token) (keys []Key, own bool, err error) {
	kid := ""
	if raw, ok := t.Header["kid"]; ok {
		if kid, ok = raw.(string); !ok {
			return nil, false, refusef("kid is not a string")
		}
	}
	if kid == ownKeyID {
		return []Key{v.own}, true, nil
	}
	for _, k := range v.keys {
		if k.ID == kid {
			keys = append(keys, k)
		}
	}
	if len(keys) == 0 && v.set != nil {
		keys, err = v.set.find(ctx, kid)
	}
	return keys, false, err
}

// usable keeps the keys that are good for alg: a public key never serves as a
// secret. An empty set makes the parser refuse.
func usable(keys []Key, alg string) jwt.VerificationKeySet {
	var set jwt.VerificationKeySet
	for _, k := range keys {
		if k.alg == alg {
			set.Keys = append(set.Keys, k.key)
		}
	}
	return set
}

// checkRevoked refuses what was issued before the participant's tokens were
// revoked, and what goes back to a sign-in that was ended. Most marketplaces give iat in whole seconds, cut off: a token of the
// very second of the revocation is refused, as it may have been issued before.
func (v *Verifier) checkRevoked(ctx context.Context, id *chat.Identity) error {
	at, err := v.revoked.RevokedAt(ctx, id.Actor.UID)
	if err != nil {
		return fmt.Errorf("verify token: %w", err)
	}
	if id.IssuedAt.Before(at) {
		return errRevoked()
	}
	if id.Login == "" {
		return nil
	}
	ended, err := v.revoked.LoginEnded(ctx, id.Login)
	if err != nil {
		return fmt.Errorf("verify token: %w", err)
	}
	if ended {
		return errRevoked()
	}
	return nil
}

func errRevoked() *chat.Error {
	return chat.Codef(chat.Unauthenticated, "token_revoked", "you have been signed out, please sign in again")
}

// refusef words why a token is not accepted. The reason is for the log: whoever
// sent the token learns only that it is not good.
func refusef(format string, args ...any) *chat.Error {
	return &chat.Error{
		Kind: chat.Unauthenticated, Code: "token_invalid", Msg: "this token is not valid, please sign in again",
		Err: fmt.Errorf(format, args...),
	}
}

// KeyIDs returns the kids of the marketplace's keys, "(none)" for one without,
// for a line in the log: it shows what was taken for a kid. Those of a JWKS URL are not
// among them.
func (v *Verifier) KeyIDs() []string {
	ids := make([]string, 0, len(v.keys))
	for _, k := range v.keys {
		ids = append(ids, cmp.Or(k.ID, "(none)"))
	}
	slices.Sort(ids)
	return ids
}
