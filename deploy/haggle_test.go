// Package deploy holds what runs Haggle: behind nginx and Caddy, under systemd, in
// containers, on Kubernetes. Its tests use the programs where they can be had and
// read the rest.
package deploy_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/testkit"
)

const (
	host   = "chat.example.com"
	secret = "a-secret-of-the-tests-that-is-long-enough"
	apiKey = "a-key-of-the-tests-that-is-long-enough"
)

// haggle is the program, behind a proxy.
type haggle struct {
	addr string
	log  lines
	tls  pair   // for whoever is in front
	stop func() // asks it to, and waits until it has
}

func startHaggle(t *testing.T, program string, flags ...string) *haggle {
	t.Helper()
	h := &haggle{addr: freeAddr(t), tls: newCertificate(t)}
	cmd := exec.CommandContext(t.Context(), program, append([]string{
		"serve", "--data", t.TempDir(), "--listen", h.addr, "--admin-listen", "off",
		"--behind-proxy", "--trusted-proxies", "127.0.0.1/32", "--base-url", "https://" + host, "--log-format", "json",
	}, flags...)...)
	cmd.Env = append(os.Environ(), "HAGGLE_TOKEN_SECRET="+secret, "HAGGLE_API_KEY="+apiKey)
	h.stop = run(t, cmd, &h.log)
	client := &http.Client{Timeout: 10 * time.Second}
	eventually(t, func() error {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+h.addr+"/readyz", http.NoBody)
		if err != nil {
			return err
		}
		resp, err := client.Do(req)
		if err != nil {
			return err
		}
		defer func() { _ = resp.Body.Close() }()
		if resp.StatusCode != http.StatusOK {
			return fmt.Errorf("status %d", resp.StatusCode)
		}
		return nil
	})
	return h
}

func (h *haggle) token(t *testing.T) string {
	t.Helper()
	now := time.Now()
	token, err := auth.SignShopToken([]byte(secret), auth.ShopClaims{UID: "U_1", IssuedAt: now, ExpiresAt: now.Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (h *haggle) hello(t *testing.T) string {
	t.Helper()
	return `{"id":1,"hello":{"token":"` + h.token(t) + `","client":"deploy"}}`
}

// program builds Haggle, which the tests before have mostly done.
func program(t *testing.T) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "haggle")
	if out, err := exec.CommandContext(t.Context(), "go", "build", "-o", file, "../cmd/haggle").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return file
}

// run starts a program and stops it when it is told to, at the end of the test at the
// latest, whose log has what it said if it failed.
func run(t *testing.T, cmd *exec.Cmd, said *lines) (stop func()) {
	t.Helper()
	cmd.Stdout, cmd.Stderr = said, said
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 15 * time.Second
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	stop = sync.OnceFunc(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		var exit *exec.ExitError
		if err := cmd.Wait(); err != nil && !errors.As(err, &exit) && !errors.Is(err, t.Context().Err()) {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		if t.Failed() {
			t.Logf("%s said:\n%s", filepath.Base(cmd.Path), said.text)
		}
	})
	return stop
}

// need returns where a program is. In CI it has to be there.
func need(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		path, err = exec.LookPath("/usr/sbin/" + name)
	}
	testkit.Need(t, err == nil, fmt.Errorf("there is no %s; install it", name))
	return path
}

func freeAddr(t *testing.T) string {
	t.Helper()
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// pair is a certificate with its key, in files.
type pair struct {
	cert, key string
	roots     *x509.CertPool
}

func write(t *testing.T, path, kind string, der []byte) {
	t.Helper()
	if err := os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
}

// newCertificate makes one for the host's name that signs itself.
func newCertificate(t *testing.T) pair {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	p := pair{cert: filepath.Join(dir, "crt"), key: filepath.Join(dir, "key"), roots: x509.NewCertPool()}
	p.roots.AddCert(parsed)
	write(t, p.cert, "CERTIFICATE", der)
	write(t, p.key, "PRIVATE KEY", private)
	return p
}

// eventually tries until it comes out well, for as long as a slow machine may need.
func eventually(t *testing.T, try func() error) {
	t.Helper()
	every := time.NewTicker(50 * time.Millisecond)
	defer every.Stop()
	enough := time.After(time.Minute)
	for {
		err := try()
		if err == nil {
			return
		}
		select {
		case <-every.C:
		case <-enough:
			t.Fatal(err)
		}
	}
}
