package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

func TestPostgresVersions(t *testing.T) {
	for version, want := range map[string]string{
		"14.0":                           "",
		"15.18 (Debian 15.18-0+deb12u1)": "",
		"17beta1":                        "",
		"18devel":                        "",
		"13.22":                          "too old",
		"9.6.24":                         "too old",
		"":                               "none of PostgreSQL's",
		"devel":                          "none of PostgreSQL's",
	} {
		err := knownPostgres(version)
		if (err != nil) != (want != "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", version, err, want)
		}
	}
}

// An older server was taken, and whatever it could not do came up in the middle of work.
func TestPostgresTooOld(t *testing.T) {
	old := saysOfItself(t, NewPostgres(t), "13")
	refused := func(err error) bool { // before it is asked for what it does not know
		return err != nil && strings.Contains(err.Error(), "the database is PostgreSQL 13.") &&
			strings.Contains(err.Error(), "which is too old: Haggle needs 14 or newer")
	}
	if s, err := OpenPostgres(t.Context(), old); !refused(err) {
		t.Errorf("open: %v, want that it is too old", err)
		if err == nil {
			_ = s.Close()
		}
	}
	if _, err := LookPostgres(t.Context(), old); !refused(err) {
		t.Errorf("look: %v, want that it is too old", err)
	}
}

// saysOfItself returns the address of a server whose version begins with something else,
// of as many letters, than that of the one behind it.
func saysOfItself(t *testing.T, address, version string) string {
	t.Helper()
	at, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	behind := at.Host
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	at.Host = l.Addr().String()
	ctx, cancel := context.WithCancel(t.Context())
	var all sync.WaitGroup
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		all.Wait()
	})
	all.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			all.Go(func() { disguise(ctx, t, c, behind, version) })
		}
	})
	return at.String()
}

// disguise passes on what a client and a server say, but for the server's version.
func disguise(ctx context.Context, t *testing.T, client net.Conn, behind, version string) {
	server, err := new(net.Dialer).DialContext(ctx, "tcp", behind)
	if err != nil {
		t.Error(err)
		_ = client.Close()
		return
	}
	closeBoth := func() { _ = errors.Join(client.Close(), server.Close()) }
	defer context.AfterFunc(ctx, closeBoth)()
	var up sync.WaitGroup
	defer up.Wait()
	defer closeBoth()
	up.Go(func() {
		_, _ = io.Copy(server, client) // until one of them has left
		closeBoth()
	})
	text := make([]byte, 64<<10)
	for {
		n, err := server.Read(text)
		if err != nil {
			return
		}
		name := []byte("server_version\x00")
		if i := bytes.Index(text[:n], name); i >= 0 {
			copy(text[i+len(name):], version)
		}
		if _, err := client.Write(text[:n]); err != nil {
			return
		}
	}
}
