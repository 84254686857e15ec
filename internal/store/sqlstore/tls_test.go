package sqlstore

import (
	"context"
	"crypto/x509"
	"net"
	"net/url"
	"strings"
	"testing"

	"haggle/internal/testkit"
)

// secured is a server that takes connections over TLS alone.
type secured interface {
	Secure(ctx context.Context, cert, key []byte) error
	Stop() error
}

// startSecured starts a server for as long as the test lasts, and returns the address of
// an empty database there, without settings.
func startSecured(t *testing.T, engine string) (server secured, address string) {
	t.Helper()
	var err error
	switch engine {
	case "postgres":
		testkit.Need(t, testkit.HasPostgres(), testkit.ErrNoPostgres)
		var p *testkit.Postgres
		if p, err = testkit.StartPostgres(t.Context()); err == nil {
			server = p
			address, err = p.NewDatabase(t.Context(), "")
		}
	default:
		testkit.Need(t, testkit.HasMariaDB(), testkit.ErrNoMariaDB)
		var m *testkit.MariaDB
		if m, err = testkit.StartMariaDB(t.Context()); err == nil {
			server = m
			address, err = m.NewDatabase(t.Context())
		}
	}
	if server != nil {
		t.Cleanup(func() {
			if err := server.Stop(); err != nil {
				t.Error(err)
			}
		})
	}
	if err != nil {
		t.Fatal(err)
	}
	address, _, _ = strings.Cut(address, "?")
	return server, address
}

// A server whose certificate is what the address asks for is spoken to over TLS, by those
// who read and by who writes; any other is not spoken to.
func TestServerTLS(t *testing.T) {
	ca, another := testkit.NewAuthority(t), testkit.NewAuthority(t)
	serves := []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	ca.Sign(t, "server", &x509.Certificate{IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, ExtKeyUsage: serves})
	ca.Sign(t, "elsewhere", &x509.Certificate{DNSNames: []string{"db.example.com"}, ExtKeyUsage: serves})
	good, wrong := url.QueryEscape(ca.Path("ca.pem")), url.QueryEscape(another.Path("ca.pem"))
	for _, e := range []struct {
		engine    string
		open      func(ctx context.Context, url string, tell ...func(Migration)) (*Store, error)
		encrypted string // answers with a word where the connection is
		in, out   []string
		verified  string
	}{
		{
			"postgres", OpenPostgres, "SELECT CASE WHEN ssl THEN 'yes' ELSE '' END FROM pg_stat_ssl WHERE pid = pg_backend_pid()",
			[]string{"sslmode=verify-full&sslrootcert=" + good, "sslmode=require", ""},
			[]string{"sslmode=verify-full&sslrootcert=" + wrong, "sslmode=verify-full", "sslmode=disable"},
			"sslmode=verify-full&sslrootcert=" + good,
		},
		{
			"mariadb", OpenMySQL, "SELECT variable_value FROM information_schema.session_status WHERE variable_name = 'Ssl_cipher'",
			[]string{"tls_ca=" + good, "tls=skip-verify", "tls=preferred"},
			[]string{"tls_ca=" + wrong, "tls=true", "tls=false", ""},
			"tls_ca=" + good,
		},
	} {
		t.Run(e.engine, func(t *testing.T) {
			server, address := startSecured(t, e.engine)
			refused := func(what, settings string) {
				if s, err := e.open(t.Context(), address+"?"+settings); err == nil {
					t.Errorf("%s is spoken to with %q", what, settings)
					_ = s.Close()
				}
			}
			if err := server.Secure(t.Context(), ca.Read(t, "server.pem"), ca.Read(t, "server.key")); err != nil {
				t.Fatal(err)
			}
			for _, settings := range e.in {
				t.Run(settings, func(t *testing.T) {
					s, err := e.open(t.Context(), address+"?"+settings)
					wantEncrypted(t, CloseWithTest(t, s, err), e.encrypted)
				})
			}
			for _, settings := range e.out {
				refused("the server", settings)
			}
			if err := server.Secure(t.Context(), ca.Read(t, "elsewhere.pem"), ca.Read(t, "elsewhere.key")); err != nil {
				t.Fatal(err)
			}
			refused("a server whose certificate is for another name", e.verified)
		})
	}
}

// wantEncrypted checks a connection that reads, and the one that writes.
func wantEncrypted(t *testing.T, s *Store, query string) {
	t.Helper()
	answers := 0
	read := func(r row) error { //nolint:unparam // as every reader of rows
		if answers++; r.text(0) == "" {
			t.Error("what is said to the database can be read on the way")
		}
		return nil
	}
	if err := s.query(t.Context(), read, query); err != nil {
		t.Error(err)
	}
	if err := s.write(t.Context(), "", func(x tx) error { return x.query(read, query) }); err != nil {
		t.Error(err)
	}
	if answers != 2 {
		t.Errorf("%d answers", answers)
	}
}
