package auth

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"strings"
)

// SecretName names a secret of the installation, which all its nodes share.
type SecretName string

// The secrets.
const (
	SecretTokens SecretName = "tokens"  // signs the server's own tokens
	SecretFiles  SecretName = "files"   // signs the URLs of files
	SecretAPIKey SecretName = "api_key" // lets the shop's backend in
	SecretCompat SecretName = "compat"  // encrypts the codes of the PHP chat's pages
	SecretHook   SecretName = "webhook" // signs what the shop is told
	SecretForms  SecretName = "forms"   // signs the forms of the pages without a script
)

// SecretStore is the part of chat.Store that secrets need.
type SecretStore interface {
	Secret(ctx context.Context, name string, fresh []byte) ([]byte, error)
}

// Secret returns the secret of that name: the configured one, else what the
// store has, which the first node to ask creates. The API key and the webhook's are
// text, so that an operator can read them out; the others are 32 random bytes.
func Secret(ctx context.Context, store SecretStore, name SecretName, configured []byte) ([]byte, error) {
	if len(configured) > 0 {
		return configured, nil
	}
	fresh := make([]byte, minSecret)
	if _, err := rand.Read(fresh); err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	switch name { //nolint:exhaustive // the others are bytes
	case SecretAPIKey:
		fresh = []byte("hk_" + strings.ToLower(rand.Text()))
	case SecretHook:
		fresh = []byte("hw_" + strings.ToLower(rand.Text()+rand.Text()))
	}
	secret, err := store.Secret(ctx, string(name), fresh)
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return secret, nil
}

// minAPIKey is the length of the shortest API key: what 128 random bits take in
// base32.
const minAPIKey = 26

// APIKeys are the keys that the shop's backend may show; several, so that they
// can be changed without a gap. The zero value lets nobody in.
type APIKeys struct{ hashes [][sha256.Size]byte }

// NewAPIKeys returns the set of keys.
func NewAPIKeys(keys ...string) (APIKeys, error) {
	var set APIKeys
	for _, k := range keys {
		if len(k) < minAPIKey {
			return APIKeys{}, fmt.Errorf("an API key has %d characters, it needs at least %d", len(k), minAPIKey)
		}
		set.hashes = append(set.hashes, sha256.Sum256([]byte(k)))
	}
	return set, nil
}

// Allow reports whether key is one of the set, in a time that says nothing about
// any of them.
func (s APIKeys) Allow(key string) bool {
	sum := sha256.Sum256([]byte(key))
	found := 0
	for i := range s.hashes {
		found |= subtle.ConstantTimeCompare(sum[:], s.hashes[i][:])
	}
	return found == 1
}
