package config

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

// Keys returns the keys that the marketplace signs with. Without any, and
// without a JWKS URL, the data directory's own secret is meant.
func (c *Config) Keys() ([]auth.Key, error) {
	var keys []auth.Key
	var errs []error
	for _, s := range c.TokenSecret {
		id, secret := SplitKey(s)
		key, err := auth.SecretKey(id, []byte(secret))
		if err != nil {
			if len(c.TokenSecret) > 1 {
				err = fmt.Errorf("%w; a blank in a secret begins another one", err)
			}
			errs = append(errs, fmt.Errorf("--token-secret: %w", err))
			continue
		}
		keys = append(keys, key)
	}
	for _, s := range c.TokenPublicKeys {
		id, path := SplitKey(s)
		data, err := os.ReadFile(path) //nolint:gosec // the operator's own path
		if err != nil {
			errs = append(errs, fmt.Errorf("--token-public-keys: %w", err))
			continue
		}
		key, err := auth.PublicKey(id, data)
		if err != nil {
			errs = append(errs, fmt.Errorf("--token-public-keys: %s: %w", path, err))
			continue
		}
		keys = append(keys, key)
	}
	return keys, errors.Join(errs...)
}

// HasKeys reports whether the marketplace's keys are configured.
func (c *Config) HasKeys() bool {
	return len(c.TokenSecret) > 0 || len(c.TokenPublicKeys) > 0 || c.JWKSURL != ""
}

// SplitKey splits KID:VALUE. Without a kid, or with what cannot be one in front
// of the colon, all of it is the value; a colon at the beginning says so too.
func SplitKey(s string) (id, value string) {
	id, value, ok := strings.Cut(s, ":")
	if !ok {
		return "", s
	}
	if id == "" {
		return "", value
	}
	// A kid has the form of the shop's other ids.
	if _, err := chat.ParseAgentID(id); err != nil {
		return "", s
	}
	return id, value
}
