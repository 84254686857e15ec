package gatewayworker

import (
	"crypto/sha256"
	"crypto/subtle"
	"encoding/json"
)

// secret is what PHP proves itself with; the empty one lets everybody in.
type secret struct {
	set bool
	sum [sha256.Size]byte
}

func newSecret(s string) secret { return secret{set: s != "", sum: sha256.Sum256([]byte(s))} }

// is takes as long for every s of one length.
func (k *secret) is(s word) bool {
	sum := sha256.Sum256([]byte(s))
	return !k.set || subtle.ConstantTimeCompare(k.sum[:], sum[:]) == 1
}

// word is a text in JSON. A number is one in its own digits: so PHP writes a secret that a
// shop's settings have without quotes.
type word string

// UnmarshalJSON implements json.Unmarshaler.
func (w *word) UnmarshalJSON(data []byte) error {
	if c := data[0]; c == '-' || '0' <= c && c <= '9' {
		*w = word(data)
		return nil
	}
	return json.Unmarshal(data, (*string)(w))
}
