package app

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haggle/internal/config"
	"haggle/internal/doctor"
	"haggle/internal/rest"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

// examine returns what the check called name finds.
func examine(t *testing.T, cfg *config.Config, name string) []string {
	t.Helper()
	var found []string
	for _, c := range Checks(cfg) {
		if c.Name == name {
			doctor.Run(t.Context(), []doctor.Check{c}, func(f doctor.Finding) { found = append(found, fmt.Sprintf("%s: %s", f.Level, f.Found)) })
		}
	}
	return found
}

func wants(t *testing.T, what string, found []string, want string) {
	t.Helper()
	for _, f := range found {
		if strings.Contains(f, want) {
			return
		}
	}
	t.Errorf("%s: found %q, want %q", what, found, want)
}

// certFor leaves a certificate for host, good between two times, in files.
func certFor(t *testing.T, host string, from, to time.Time) (cert, key string) {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: host}, DNSNames: []string{host}, NotBefore: from, NotAfter: to,
	}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &k.PublicKey, k)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(k)
	if err != nil {
		t.Fatal(err)
	}
	cert, key = filepath.Join(t.TempDir(), "cert.pem"), filepath.Join(t.TempDir(), "key.pem")
	for path, block := range map[string]*pem.Block{cert: {Type: "CERTIFICATE", Bytes: der}, key: {Type: "PRIVATE KEY", Bytes: private}} {
		if err := os.WriteFile(path, pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func TestDoctorCertificate(t *testing.T) {
	now, day := time.Now(), 24*time.Hour
	for _, tc := range []struct {
		host     string
		from, to time.Time
		want     string
	}{
		{"chat.example.com", now.Add(-day), now.Add(60 * day), "ok: the certificate"},
		{"chat.example.com", now.Add(-day), now.Add(5 * day), "warning: the certificate"},
		{"chat.example.com", now.Add(-60 * day), now.Add(-day), "wrong: the certificate"},
		{"chat.example.com", now.Add(day), now.Add(60 * day), "begins at"},
		{"shop.example.com", now.Add(-day), now.Add(60 * day), "is not for chat.example.com"},
	} {
		cert, key := certFor(t, tc.host, tc.from, tc.to)
		cfg := &config.Config{Listening: config.Listening{Listen: "127.0.0.1:0", BaseURL: "https://chat.example.com", TLSCert: cert, TLSKey: key}}
		wants(t, tc.want, examine(t, cfg, "tls"), tc.want)
	}
	cfg := &config.Config{Listening: config.Listening{Listen: "127.0.0.1:0", BaseURL: "http://chat.example.com"}}
	wants(t, "no TLS", examine(t, cfg, "tls"), "wrong: browsers reach the server over http://")
}

// A proxy in front can spoil more than the server can know of.
func TestDoctorProxy(t *testing.T) {
	for _, tc := range []struct {
		name, check string
		answer      http.HandlerFunc
		want        string
	}{
		{"another site", "address", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("welcome")) }, "not what Haggle says"},
		{"sent on", "address", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "https://www.example.com", http.StatusMovedPermanently)
		}, "sends on to https://www.example.com"},
		{"not ready", "address", func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "draining", http.StatusServiceUnavailable) }, "not ready: draining"},
		{"a clock that is off", "address", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Date", time.Now().Add(-time.Hour).UTC().Format(http.TimeFormat))
			_, _ = w.Write([]byte("ok"))
		}, "wrong: the clock of"},
		{"told of another scheme", "address", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Strict-Transport-Security", "max-age=1")
			_, _ = w.Write([]byte("ok"))
		}, "told of another scheme"},
		{"no upgrade", "sockets", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"code":"upgrade_required"}}`, http.StatusUpgradeRequired)
		}, "WebSockets do not get through"},
		{"another origin", "sockets", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"code":"origin_not_allowed"}}`, http.StatusForbidden)
		}, "refuses pages of"},
		{"no origin", "sockets", func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, `{"error":{"code":"subprotocol_required"}}`, http.StatusBadRequest)
		}, "wrong: pages of any origin"},
	} {
		s := httptest.NewServer(tc.answer)
		cfg := &config.Config{Listening: config.Listening{Listen: "127.0.0.1:0", BaseURL: s.URL, BehindProxy: true}}
		wants(t, tc.name, examine(t, cfg, tc.check), tc.want)
		s.Close()
	}
}

// What a proxy makes of the address that people come from.
func TestDoctorCaller(t *testing.T) {
	const from = "203.0.113.9"
	for _, tc := range []struct {
		name      string
		behind    bool
		forwarded []string
		believed  bool
		want      string
	}{
		{"there is none", false, []string{nobodys}, false, "ok: nothing before the server"},
		{"nobody told of it", false, []string{from}, false, "warning: a proxy at 10.0.0.2 stands before"},
		{"passes it on", true, []string{nobodys}, true, "wrong: X-Forwarded-For arrives as whoever asks has written it"},
		{"takes it away", true, nil, true, "wrong: the proxy at 10.0.0.2 does not say whom it speaks for"},
		{"is not believed", true, []string{from}, false, "wrong: the proxy at 10.0.0.2 is not believed"},
		{"sets it", true, []string{from}, true, "ok: the proxy at 10.0.0.2 says whom it speaks for"},
		{"adds to it", true, []string{nobodys + ", " + from}, true, "ok: the proxy at 10.0.0.2 says whom it speaks for"},
		{"adds a line", true, []string{nobodys, from}, true, "ok: the proxy at 10.0.0.2 says whom it speaks for"},
	} {
		var found []string
		look := doctor.Check{Name: "proxy", Run: func(_ context.Context, tell *doctor.Teller) {
			tellCaller(tell, tc.behind, &rest.CallerAnswer{Peer: "10.0.0.2", Believed: tc.believed, Forwarded: tc.forwarded})
		}}
		doctor.Run(t.Context(), []doctor.Check{look}, func(f doctor.Finding) { found = append(found, fmt.Sprintf("%s: %s", f.Level, f.Found)) })
		wants(t, tc.name, found, tc.want)
		if len(found) != 1 {
			t.Errorf("%s: found %q", tc.name, found)
		}
	}
}

func TestDoctorBucket(t *testing.T) {
	cfg := &config.Config{Blobs: *fakeBucket(t)}
	wants(t, "a bucket", examine(t, cfg, "pictures"), "ok: a picture was put into s3://shop/chat")
	cfg.Blobs.Blobs = strings.Replace(cfg.Blobs.Blobs, "s3://shop/", "s3://another/", 1)
	wants(t, "none", examine(t, cfg, "pictures"), "wrong: s3://another/")
}

func TestDoctorOrigins(t *testing.T) {
	cfg := &config.Config{
		Listening: config.Listening{Listen: "127.0.0.1:0", BaseURL: "https://chat.example.com", BehindProxy: true},
		Trust:     config.Trust{Origins: []string{"http://shop.example.com", "http://localhost:3000"}},
	}
	found := examine(t, cfg, "origins")
	wants(t, "in the clear", found, "warning: pages of http://shop.example.com")
	wants(t, "development", found, "warning: pages of http://localhost:3000")
}

// A database that was opened by a newer program, and one on a server.
func TestDoctorStore(t *testing.T) {
	known, err := sqlstore.SQLiteSchema()
	if err != nil {
		t.Fatal(err)
	}
	look := sqlstore.Look{Engine: "SQLite", Version: "3", Schema: known + 1, Known: known, Durable: map[string]string{"fsync": "off"}}
	var found []string
	doctor.Run(t.Context(), []doctor.Check{{Name: "store", Run: func(_ context.Context, tell *doctor.Teller) { tellLook(tell, &look) }}},
		func(f doctor.Finding) { found = append(found, fmt.Sprintf("%s: %s", f.Level, f.Found)) })
	wants(t, "newer", found, "this program knows up to")
	wants(t, "not durable", found, "wrong: fsync is off")
}

// A database on a server is looked at before the first start, and after it.
func TestDoctorServer(t *testing.T) {
	open := map[string]func(context.Context, string, ...func(sqlstore.Migration)) (*sqlstore.Store, error){"PostgreSQL": sqlstore.OpenPostgres, "MariaDB": sqlstore.OpenMySQL}
	for _, e := range testkit.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			cfg := &config.Config{Common: config.Common{Store: e.Database(t).URL}}
			wants(t, "empty", examine(t, cfg, "store"), "warning: "+e.Name)
			s, err := open[e.Name](t.Context(), cfg.Store)
			if err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
			found := examine(t, cfg, "store")
			wants(t, "in use", found, "ok: "+e.Name)
			wants(t, "its clock", found, "ok: the clock of the database agrees")
			if len(found) != 2 {
				t.Errorf("a sound database: found %q", found)
			}
		})
	}
}

// A server that does not sync is wrong, unless the operator wants it so: then it is
// something to know.
func TestDoctorUnsynced(t *testing.T) {
	testkit.Need(t, testkit.HasMariaDB(), testkit.ErrNoMariaDB)
	m, err := testkit.StartMariaDB(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = m.Stop() }()
	if err := m.Exec(t.Context(), "", "CREATE DATABASE haggle; SET GLOBAL innodb_flush_log_at_trx_commit = 2"); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Common: config.Common{Store: m.URL("haggle")}}
	wants(t, "unsynced", examine(t, cfg, "store"), "wrong: MySQL: the database does not sync what it commits: set innodb_flush_log_at_trx_commit to 1")
	cfg.Store += "?unsynced=true"
	wants(t, "as the operator wants", examine(t, cfg, "store"), "warning: innodb_flush_log_at_trx_commit = 1 is off")
}

// What serve would say at its start of several servers, and of the shop's PHP, is said
// before it, too.
func TestDoctorNodes(t *testing.T) {
	cfg := &config.Config{
		Common: config.Common{Data: "/srv/haggle", Store: "postgres://db/haggle"},
		Nodes:  config.Nodes{Bus: []string{"nats://127.0.0.1:1"}, BusPrefix: "haggle"},
	}
	found := examine(t, cfg, "bus")
	wants(t, "pictures in a folder", found, "warning: pictures are in /srv/haggle/files")
	wants(t, "no NATS", found, "wrong: connect to NATS")
	cfg.Blobs = *fakeBucket(t)
	if found := examine(t, cfg, "bus"); len(found) != 1 {
		t.Errorf("pictures in a bucket: found %q", found)
	}
}

// A NATS user's seed is a secret like others.
func TestDoctorCredentials(t *testing.T) {
	dir := t.TempDir()
	creds := filepath.Join(dir, "node.creds")
	if err := os.WriteFile(creds, []byte("a seed"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{Common: config.Common{Data: dir}, Nodes: config.Nodes{BusCredentials: creds}}
	wants(t, "closed", examine(t, cfg, "secrets"), "ok: no file with one can be read by others")
	if err := os.Chmod(creds, 0o644); err != nil {
		t.Fatal(err)
	}
	wants(t, "open", examine(t, cfg, "secrets"), "warning: others on this machine may read "+creds)
}
