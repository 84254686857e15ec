package auth

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
)

// The algorithms that are accepted. Each type of key is good for one of them.
const (
	algHS256 = "HS256"
	algRS256 = "RS256"
	algES256 = "ES256"
	algEdDSA = "EdDSA"
)

const (
	minSecret  = 32 // bytes of an HS256 secret
	minRSABits = 2048
)

// ownKeyID is the kid of the tokens that the server itself hands out.
const ownKeyID = "haggle"

// Key is one key that the marketplace signs with. A token that names a kid is
// checked with the key of that ID only, one without a kid with those that have
// none. Each key is good for one algorithm, whatever a token says.
type Key struct {
	ID  string // the kid; may be empty
	alg string
	key any // []byte or a public key
}

// SecretKey returns the key for tokens signed with HS256.
func SecretKey(id string, secret []byte) (Key, error) {
	if len(secret) < minSecret {
		return Key{}, fmt.Errorf("the token secret has %d bytes, it needs at least %d", len(secret), minSecret)
	}
	return namedKey(id, algHS256, secret)
}

// PublicKey returns the key for tokens signed with RS256, ES256 or EdDSA,
// whichever is the algorithm of the PEM-encoded public key (or certificate).
func PublicKey(id string, data []byte) (Key, error) {
	block, _ := pem.Decode(data)
	if block == nil {
		return Key{}, errors.New("the public key is not PEM")
	}
	pub, err := parsePublic(block)
	if err != nil {
		return Key{}, err
	}
	alg, err := algOf(pub)
	if err != nil {
		return Key{}, err
	}
	return namedKey(id, alg, pub)
}

func parsePublic(block *pem.Block) (any, error) {
	switch block.Type {
	case "PUBLIC KEY":
		pub, err := x509.ParsePKIXPublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		return pub, nil
	case "RSA PUBLIC KEY":
		pub, err := x509.ParsePKCS1PublicKey(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("public key: %w", err)
		}
		return pub, nil
	case "CERTIFICATE":
		cert, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("certificate: %w", err)
		}
		return cert.PublicKey, nil
	}
	return nil, fmt.Errorf("a PEM block %q is no public key", block.Type)
}

// algOf returns the one algorithm that a public key is good for.
func algOf(pub any) (string, error) {
	switch pub := pub.(type) {
	case *rsa.PublicKey:
		if pub.N.BitLen() < minRSABits {
			return "", fmt.Errorf("an RSA key has at least %d bits", minRSABits)
		}
		return algRS256, nil
	case *ecdsa.PublicKey:
		if pub.Curve != elliptic.P256() {
			return "", errors.New("an ECDSA key is on the curve P-256")
		}
		return algES256, nil
	case ed25519.PublicKey:
		return algEdDSA, nil
	}
	return "", fmt.Errorf("a key of type %T is not supported", pub)
}

func namedKey(id, alg string, key any) (Key, error) {
	if id == ownKeyID {
		return Key{}, fmt.Errorf("the key id %q is the server's own, choose another", id)
	}
	return Key{ID: id, alg: alg, key: key}, nil
}
