package testkit

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Authority signs certificates, and leaves them in a folder that goes with the test.
type Authority struct {
	Cert *x509.Certificate

	key *ecdsa.PrivateKey
	dir string
}

// NewAuthority makes one. Its own certificate is in ca.pem.
func NewAuthority(t testing.TB) *Authority {
	t.Helper()
	a := &Authority{dir: t.TempDir()}
	a.Cert, a.key = a.sign(t, "ca", &x509.Certificate{IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign})
	return a
}

// Sign completes a certificate, which is good for an hour, and writes NAME.pem and NAME.key.
func (a *Authority) Sign(t testing.TB, name string, want *x509.Certificate) {
	t.Helper()
	a.sign(t, name, want)
}

// Path is where a file of the authority's is.
func (a *Authority) Path(name string) string { return filepath.Join(a.dir, name) }

// Read returns what is in a file of the authority's.
func (a *Authority) Read(t testing.TB, name string) []byte {
	t.Helper()
	data, err := os.ReadFile(a.Path(name))
	if err != nil {
		t.Fatal(err)
	}
	return data
}

func (a *Authority) sign(t testing.TB, name string, want *x509.Certificate) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	want.SerialNumber, want.Subject = big.NewInt(time.Now().UnixNano()), pkix.Name{CommonName: name}
	want.NotBefore, want.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, with := a.Cert, a.key
	if parent == nil {
		parent, with = want, key
	}
	der, err := x509.CreateCertificate(rand.Reader, want, parent, key.Public(), with)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for path, block := range map[string]*pem.Block{
		a.Path(name + ".pem"): {Type: "CERTIFICATE", Bytes: der},
		a.Path(name + ".key"): {Type: "PRIVATE KEY", Bytes: private},
	} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return cert, key
}
