package rest_test

import (
	"bufio"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"haggle/internal/rest"
)

// The socket's upgrade takes the connection over through everything that wraps
// the writer.
func TestObserve_hijack(t *testing.T) {
	upgrade := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		h, ok := w.(http.Hijacker)
		if !ok {
			t.Error("the writer has no Hijack")
			return
		}
		conn, _, err := h.Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\nhello\n")
		_ = conn.Close()
	})
	srv := httptest.NewServer(rest.Observe(slog.New(slog.DiscardHandler), nil, upgrade))
	defer srv.Close()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, srv.URL, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Connection", "upgrade")
	req.Header.Set("Upgrade", "x")
	res, err := srv.Client().Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = res.Body.Close() }()
	if line, err := bufio.NewReader(res.Body).ReadString('\n'); res.StatusCode != 101 || line != "hello\n" {
		t.Errorf("status %d, %q, %v", res.StatusCode, line, err)
	}
}

// Over a real connection a bulk request that is sent in one go gets its answer,
// and one that is too large gets an answer rather than a reset.
func TestServer_bodies(t *testing.T) {
	f := newFixture(t)
	srv := httptest.NewServer(f.handler)
	defer srv.Close()
	for _, tt := range []struct {
		path, media, body string
		status            int
		says              string
	}{
		{"/v1/server/bulk", "application/x-ndjson", strings.Repeat(`{"delete_product":"none"}`+"\n", 2000), 200, `"line":2000`},
		{"/v1/server/login-codes", "application/json", strings.Repeat(" ", 70<<10), 413, "too_large"},
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, srv.URL+tt.path, strings.NewReader(tt.body))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Authorization", "Bearer "+apiKey)
		req.Header.Set("Content-Type", tt.media)
		res, err := srv.Client().Do(req)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(res.Body)
		_ = res.Body.Close()
		if err != nil || res.StatusCode != tt.status || !strings.Contains(string(body), tt.says) {
			t.Errorf("%s: status %d, %v, want %d and %q: %.300s", tt.path, res.StatusCode, err, tt.status, tt.says, body)
		}
	}
}
