package compat

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"fmt"

	"haggle/internal/chat"
)

// Codes makes the opaque codes by which the old pages name people: myCode, a
// merchant's own, and toUserCode and source, a buyer towards one merchant.
//
// A code is authenticated encryption of a uid (AES-256-GCM), bound to what it is
// for and to the merchant it was given to: nobody can make one up, read one or use
// another merchant's. The same buyer has the same code towards the same merchant,
// always, since pages find a buyer's window by it; that is why the nonce is an HMAC
// of the uid, as in a synthetic-IV scheme. A code is a name and no proof of who is
// asking: that is the token's.
type Codes struct {
	aead cipher.AEAD
	mac  []byte // key of the nonces
}

// The uses of a code, which are its first letter.
const (
	codeMerchant = "m"
	codeBuyer    = "b"
)

// NewCodes returns the codes of a secret of 32 bytes or more, which all nodes
// share.
func NewCodes(secret []byte) (*Codes, error) {
	key, err := hkdf.Key(sha256.New, secret, nil, "haggle compat codes: encryption", 32)
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	mac, err := hkdf.Key(sha256.New, secret, nil, "haggle compat codes: nonces", 32)
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, fmt.Errorf("codes: %w", err)
	}
	return &Codes{aead: aead, mac: mac}, nil
}

// Mine returns the code of a merchant for its own pages: myCode.
func (c *Codes) Mine(merchant chat.UID) string { return c.seal(codeMerchant, merchant, merchant) }

// Buyer returns the code of a buyer for a merchant's pages: toUserCode.
func (c *Codes) Buyer(merchant, buyer chat.UID) string { return c.seal(codeBuyer, merchant, buyer) }

// IsMine reports whether code is the merchant's own.
func (c *Codes) IsMine(merchant chat.UID, code string) bool {
	uid, ok := c.open(codeMerchant, merchant, code)
	return ok && uid == merchant
}

// OpenBuyer returns the buyer that a code stands for towards merchant. One that was
// not made for that merchant is Denied with code "invalid_code".
func (c *Codes) OpenBuyer(merchant chat.UID, code string) (chat.UID, error) {
	uid, ok := c.open(codeBuyer, merchant, code)
	if !ok || uid.Side() != chat.BuyerSide {
		return "", errCode()
	}
	return uid, nil
}

func errCode() error {
	return chat.Codef(chat.Denied, "invalid_code", "this code was not given to you by this server")
}

func (c *Codes) seal(use string, merchant, uid chat.UID) string {
	nonce := c.nonce(use, merchant, uid)
	sealed := c.aead.Seal(nonce, nonce, []byte(uid), boundTo(use, merchant))
	return use + base64.RawURLEncoding.EncodeToString(sealed)
}

func (c *Codes) open(use string, merchant chat.UID, code string) (chat.UID, bool) {
	if len(code) < len(use) || code[:len(use)] != use {
		return "", false
	}
	// Strict: each code has one form only.
	sealed, err := base64.RawURLEncoding.Strict().DecodeString(code[len(use):])
	if err != nil || len(sealed) < c.aead.NonceSize() {
		return "", false
	}
	nonce, sealed := sealed[:c.aead.NonceSize()], sealed[c.aead.NonceSize():]
	plain, err := c.aead.Open(nil, nonce, sealed, boundTo(use, merchant))
	if err != nil {
		return "", false
	}
	return chat.UID(plain), true
}

func (c *Codes) nonce(use string, merchant, uid chat.UID) []byte {
	mac := hmac.New(sha256.New, c.mac)
	mac.Write(boundTo(use, merchant))
	mac.Write([]byte("\n" + uid))
	return mac.Sum(make([]byte, 0, sha256.Size))[:c.aead.NonceSize()]
}

func boundTo(use string, merchant chat.UID) []byte { return []byte(use + "\n" + string(merchant)) }
