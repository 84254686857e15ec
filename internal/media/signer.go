package media

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/url"
	"strconv"
	"time"

	"haggle/internal/chat"
)

// Variant names one of the blobs of a file.
type Variant string

// The variants.
const (
	Full  Variant = "image" // the picture
	Thumb Variant = "thumb" // at most 640 pixels a side; still, also of an animation
)

// variants returns all variants of a file.
func variants() []Variant { return []Variant{Full, Thumb} }

// blobKey returns the key of a file's blob. Files are spread over directories by the
// beginning of their ID, which is random.
func blobKey(file chat.FileID, v Variant) string {
	return string(file[:min(shardLen, len(file))]) + "/" + string(file) + "/" + string(v)
}

// BlobKeys returns the keys of all of a file's blobs.
func BlobKeys(file chat.FileID) []string {
	keys := make([]string, 0, len(variants()))
	for _, v := range variants() {
		keys = append(keys, blobKey(file, v))
	}
	return keys
}

const shardLen = 2

// URLPath is where the Handler belongs; the paths of all file URLs begin with it.
const URLPath = "/files/"

// minSecret is how long the secret must be, in bytes.
const minSecret = 32

// Signer makes and checks the URLs of files. Whoever holds one can fetch the file
// until it expires, so it is given to the members of the file's conversation only,
// or to its uploader.
type Signer struct {
	secret []byte
	ttl    time.Duration
}

// NewSigner returns a Signer whose URLs are good for at least ttl. All nodes must
// have the same secret of 32 bytes or more.
func NewSigner(secret []byte, ttl time.Duration) (*Signer, error) {
	if len(secret) < minSecret {
		return nil, fmt.Errorf("the secret of file URLs has %d bytes, %d are needed", len(secret), minSecret)
	}
	return &Signer{secret: secret, ttl: ttl}, nil
}

// URL returns the path and query under which the Handler serves the file's
// variant, and when that ends. The end is on the hour: for an hour everybody gets
// the same URL, so that browsers find the picture in their cache.
func (s *Signer) URL(file chat.FileID, v Variant) (ref string, expires time.Time) {
	expires = time.Now().Add(s.ttl + time.Hour - 1).Truncate(time.Hour)
	e := strconv.FormatInt(expires.Unix(), 10)
	path := URLPath + url.PathEscape(string(file)) + "/" + string(v)
	return path + "?e=" + e + "&s=" + s.sign(string(file), string(v), e), expires
}

// sign returns the signature. What is signed comes with its own lengths implied:
// neither a variant nor a number holds a line feed.
func (s *Signer) sign(file, variant, expires string) string {
	mac := hmac.New(sha256.New, s.secret)
	mac.Write([]byte("file\n" + variant + "\n" + expires + "\n" + file))
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil))
}

// verify returns when a URL expires, in the past too, and whether it is one that
// URL made.
func (s *Signer) verify(file, variant, expires, signature string) (time.Time, bool) {
	// The text of the signature is compared, not its bytes: each has one form only.
	if !hmac.Equal([]byte(signature), []byte(s.sign(file, variant, expires))) {
		return time.Time{}, false
	}
	unix, err := strconv.ParseInt(expires, 10, 64)
	return time.Unix(unix, 0), err == nil
}
