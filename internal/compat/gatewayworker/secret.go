package gatewayworker

import (
	"crypto/sha256"
	"crypto/subtle"
)

// secret is what PHP proves itself with; the empty one lets everybody in.
type secret struct {
	set bool
	sum [sha256.Size]byte
}

func newSecret(s string) secret { return secret{set: s != "", sum: sha256.Sum256([]byte(s))} }

// is takes as long for every s of one length.
func (k *secret) is(s string) bool {
	sum := sha256.Sum256([]byte(s))
	return !k.set || subtle.ConstantTimeCompare(k.sum[:], sum[:]) == 1
}
