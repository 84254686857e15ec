package auth

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/MicahParks/jwkset"
	"github.com/MicahParks/keyfunc/v3"
	"golang.org/x/time/rate"

	"haggle/internal/chat"
)

const (
	jwksTimeout = 5 * time.Second // of one fetch
	jwksRefresh = 5 * time.Minute
	jwksUnknown = 10 * time.Second // at most one fetch in this time for a kid nobody knows
)

// keySet is the marketplace's keys as its JWKS URL lists them. The library only
// logs when the URL does not answer, so the last failure is kept here for
// Health.
type keySet struct {
	url     string
	keys    jwkset.Storage
	lastErr atomic.Pointer[error]
}

// openKeySet fetches the keys and again from time to time until ctx ends. That
// the URL does not answer now is no error: it may later.
func openKeySet(ctx context.Context, url string, client *http.Client, log *slog.Logger) (*keySet, error) {
	s := &keySet{url: url}
	onError := func(ctx context.Context, err error) {
		s.lastErr.Store(&err)
		log.WarnContext(ctx, "fetch the marketplace's keys", "url", url, "err", err)
	}
	fn, err := keyfunc.NewDefaultOverrideCtx(ctx, []string{url}, keyfunc.Override{
		Client:                  client,
		HTTPTimeout:             jwksTimeout,
		RefreshInterval:         jwksRefresh,
		RefreshErrorHandlerFunc: func(string) func(context.Context, error) { return onError },
		// A made-up kid must not let anybody wait, nor the URL be asked without end.
		RateLimitWaitMax:  jwksTimeout,
		RefreshUnknownKID: rate.NewLimiter(rate.Every(jwksUnknown), 1),
	})
	if err != nil {
		return nil, fmt.Errorf("JWKS URL %s: %w", url, err)
	}
	s.keys = fn.Storage()
	return s, nil
}

// find returns the keys that a token with this kid may be signed with. A kid
// that is not there may be new, so the library asks the URL again.
func (s *keySet) find(ctx context.Context, kid string) ([]Key, error) {
	var found []jwkset.JWK
	if jwk, err := s.keys.KeyRead(ctx, kid); err == nil {
		found = append(found, jwk)
	} else {
		all, allErr := s.keys.KeyReadAll(ctx)
		if allErr != nil || len(all) == 0 {
			unavailable := chat.Codef(chat.Unavailable, "keys_unavailable", "the shop's keys cannot be fetched, try again in a moment")
			unavailable.Err = errors.Join(err, allErr)
			return nil, unavailable
		}
		if kid == "" {
			found = all
		}
	}
	var keys []Key
	for _, jwk := range found {
		// Secrets have no business at a public URL, and algOf knows none.
		if alg, err := algOf(jwk.Key()); err == nil {
			keys = append(keys, Key{ID: kid, alg: alg, key: jwk.Key()})
		}
	}
	return keys, nil
}

// health reports why no token can be verified.
func (s *keySet) health(ctx context.Context) error {
	all, err := s.keys.KeyReadAll(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("JWKS URL %s: %w", s.url, err)
	case len(all) > 0:
		return nil
	}
	if last := s.lastErr.Load(); last != nil {
		return fmt.Errorf("no keys from JWKS URL %s, so nobody can sign in: %w", s.url, *last)
	}
	return fmt.Errorf("JWKS URL %s lists no keys, so nobody can sign in", s.url)
}
