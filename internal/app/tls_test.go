package app

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writeCertificate writes a self-signed certificate with that serial number.
func writeCertificate(t *testing.T, dir string, serial int64, changed time.Time) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(serial), NotAfter: time.Now().Add(time.Hour), DNSNames: []string{"chat.example"}}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	for path, block := range map[string]*pem.Block{certFile: {Type: "CERTIFICATE", Bytes: der}, keyFile: {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, changed, changed); err != nil {
			t.Fatal(err)
		}
	}
	return certFile, keyFile
}

// shown returns the serial number of the certificate that a client would see.
func shown(t *testing.T, c *certificate) int64 {
	t.Helper()
	c.checked = time.Time{} // as if the files had not been looked at for long
	pair, err := c.get(&tls.ClientHelloInfo{})
	if err != nil {
		t.Fatal(err)
	}
	return pair.Leaf.SerialNumber.Int64()
}

// A renewed certificate must come into use by itself, and a renewal that goes
// wrong half way must not take the server down.
func TestCertificateIsReadAgain(t *testing.T) {
	dir := t.TempDir()
	began := time.Now().Add(-time.Hour)
	certFile, keyFile := writeCertificate(t, dir, 1, began)
	c, err := openCertificate(certFile, keyFile, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if got := shown(t, c); got != 1 {
		t.Errorf("serial %d, want 1", got)
	}
	writeCertificate(t, dir, 2, began.Add(time.Minute))
	if got := shown(t, c); got != 2 {
		t.Errorf("serial %d after the renewal, want 2", got)
	}
	if err := os.WriteFile(keyFile, []byte("half a key"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shown(t, c); got != 2 {
		t.Errorf("serial %d with a broken key file, want the old one, 2", got)
	}
	writeCertificate(t, dir, 3, began.Add(2*time.Minute))
	if got := shown(t, c); got != 3 {
		t.Errorf("serial %d after it was mended, want 3", got)
	}
}

func TestCertificateMissing(t *testing.T) {
	if _, err := openCertificate("/nowhere/cert.pem", "/nowhere/key.pem", slog.New(slog.DiscardHandler)); err == nil {
		t.Error("started without a certificate")
	}
}
