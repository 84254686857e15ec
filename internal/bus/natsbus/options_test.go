package natsbus_test

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/jwt/v2"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nkeys"

	"haggle/internal/bus/natsbus"
	"haggle/internal/testkit"
)

func discard() *slog.Logger { return slog.New(slog.DiscardHandler) }

func TestOpen_TLS(t *testing.T) {
	ca := testkit.NewAuthority(t)
	ca.Sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}})
	ca.Sign(t, "node", &x509.Certificate{ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}})
	pair, err := tls.LoadX509KeyPair(ca.Path("server.pem"), ca.Path("server.key"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(ca.Cert)
	s := start(t, func(o *server.Options) {
		o.TLS, o.TLSVerify, o.TLSTimeout = true, true, 5
		o.TLSConfig = &tls.Config{
			MinVersion: tls.VersionTLS12, Certificates: []tls.Certificate{pair},
			ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: pool,
		}
	})
	for name, c := range map[string]struct {
		opts natsbus.Options
		in   bool
	}{
		"with everything":       {natsbus.Options{CAFile: ca.Path("ca.pem"), CertFile: ca.Path("node.pem"), KeyFile: ca.Path("node.key")}, true},
		"without a certificate": {natsbus.Options{CAFile: ca.Path("ca.pem")}, false},
		"without an authority":  {natsbus.Options{CertFile: ca.Path("node.pem"), KeyFile: ca.Path("node.key")}, false},
	} {
		c.opts.URLs, c.opts.RetryEvery = []string{"tls://" + s.Addr()}, 20*time.Millisecond
		b := open(t, c.opts)
		if c.in {
			eventually(t, name, b.Connected)
		} else if b.Connected() || b.Health(t.Context()) == nil {
			t.Errorf("%s: it is let in", name)
		}
	}
}

// lines is a log that can be read while it is written.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// Whoever is let in, and whoever is not, no password and no token is in the log.
func TestOpen_user(t *testing.T) {
	withUser := start(t, func(o *server.Options) { o.Username, o.Password = "shop", "s3cret%word" })
	withToken := start(t, func(o *server.Options) { o.Authorization = "s3cret-token" })
	for name, c := range map[string]struct {
		url string
		in  bool
	}{
		"user and password": {"nats://shop:s3cret%25word@" + withUser.Addr(), true},
		"wrong password":    {"nats://shop:s3cret-wrong@" + withUser.Addr(), false},
		"no user":           {withUser.URL(), false},
		"token":             {"nats://s3cret-token@" + withToken.Addr(), true},
		"wrong token":       {"nats://s3cret-other@" + withToken.Addr(), false},
	} {
		log := new(lines)
		b, err := natsbus.Open(t.Context(), quick(c.url), slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		want := "the bus is connected"
		if !c.in {
			want = "Authorization Violation"
		}
		eventually(t, name+": the log says "+want, func() bool { return strings.Contains(log.String(), want) })
		if b.Connected() != c.in {
			t.Errorf("%s: connected is %v", name, b.Connected())
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
		if strings.Contains(log.String(), "s3cret") {
			t.Errorf("%s: the log says\n%s", name, log)
		}
	}
}

// credentials writes a file as NATS's tools do, for a user of an account that the
// server believes.
func credentials(t *testing.T) (path string, configure func(*server.Options)) {
	t.Helper()
	pair := func(create func() (nkeys.KeyPair, error)) (nkeys.KeyPair, string) {
		key, err := create()
		if err != nil {
			t.Fatal(err)
		}
		public, err := key.PublicKey()
		if err != nil {
			t.Fatal(err)
		}
		return key, public
	}
	operator, operatorID := pair(nkeys.CreateOperator)
	account, accountID := pair(nkeys.CreateAccount)
	user, userID := pair(nkeys.CreateUser)
	accountJWT, err := jwt.NewAccountClaims(accountID).Encode(operator)
	if err != nil {
		t.Fatal(err)
	}
	userJWT, err := jwt.NewUserClaims(userID).Encode(account)
	if err != nil {
		t.Fatal(err)
	}
	seed, err := user.Seed()
	if err != nil {
		t.Fatal(err)
	}
	file, err := jwt.FormatUserConfig(userJWT, seed)
	if err != nil {
		t.Fatal(err)
	}
	path = filepath.Join(t.TempDir(), "node.creds")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, func(o *server.Options) {
		resolver := &server.MemAccResolver{}
		if err := resolver.Store(accountID, accountJWT); err != nil {
			t.Fatal(err)
		}
		o.TrustedKeys, o.AccountResolver = []string{operatorID}, resolver
	}
}

func TestOpen_credentials(t *testing.T) {
	path, configure := credentials(t)
	s := start(t, configure)
	opts := quick(s.URL())
	opts.CredentialsFile = path
	eventually(t, "it is let in", open(t, opts).Connected)
	if open(t, quick(s.URL())).Connected() {
		t.Error("it is let in without")
	}
}

func TestOpen_brokenOptions(t *testing.T) {
	dir := t.TempDir()
	junk := filepath.Join(dir, "junk")
	if err := os.WriteFile(junk, []byte("s3cret, and nothing that could be used"), 0o600); err != nil {
		t.Fatal(err)
	}
	missing := filepath.Join(dir, "missing")
	for want, opts := range map[string]natsbus.Options{
		"credentials of NATS: open " + missing:                              {CredentialsFile: missing},
		"credentials of NATS: there is no user's JWT and seed in " + junk:   {CredentialsFile: junk},
		"authorities of NATS: open " + missing:                              {CAFile: missing},
		"authorities of NATS: there is no certificate in " + junk:           {CAFile: junk},
		"certificate for NATS: tls: failed to find any PEM data in certifi": {CertFile: junk, KeyFile: junk},
	} {
		opts.URLs = []string{"nats://127.0.0.1:1"}
		b, err := natsbus.Open(t.Context(), opts, discard())
		if err == nil {
			_ = b.Close()
		}
		if err == nil || !strings.HasPrefix(err.Error(), want) || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("Open = %v, want %s …", err, want)
		}
	}
}
