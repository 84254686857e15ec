package webhook_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"
	"time"

	"haggle/internal/webhook"
)

var loopback = webhook.Allow{Networks: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}

func shop(t *testing.T, h http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	return s
}

func TestSend(t *testing.T) {
	at := time.Unix(1_800_000_000, 0)
	var got http.Header
	var body []byte
	s := shop(t, func(_ http.ResponseWriter, r *http.Request) {
		got = r.Header
		body, _ = io.ReadAll(r.Body)
		if r.Method != http.MethodPost {
			t.Errorf("method %s", r.Method)
		}
	})
	sender := webhook.NewSender(webhook.Target{URL: s.URL + "/hook?x=1", Secrets: []string{"new secret", "old secret"}, Allow: loopback, Version: "1.2"})
	if err := sender.Send(t.Context(), "id1", []byte(`{"a":"货"}`), at); err != nil {
		t.Fatal(err)
	}
	hex1 := func(secret string) string {
		m := hmac.New(sha256.New, []byte(secret))
		m.Write([]byte("1800000000." + `{"a":"货"}`))
		return "v1=" + hex.EncodeToString(m.Sum(nil))
	}
	for name, want := range map[string]string{
		"Haggle-Id": "id1", "Haggle-Timestamp": "1800000000", "Content-Type": "application/json",
		"Haggle-Signature": hex1("new secret") + "," + hex1("old secret"), "User-Agent": "Haggle/1.2 (webhook)",
	} {
		if got.Get(name) != want {
			t.Errorf("%s is %q, want %q", name, got.Get(name), want)
		}
	}
	if string(body) != `{"a":"货"}` {
		t.Errorf("body %s", body)
	}
}

// The one of docs/webhooks.md, which sdk/php checks too.
func TestSign(t *testing.T) {
	got := webhook.Sign([]string{"hw_example"}, "1763935260", []byte(`{"id":"q8w2m5","type":"ping","created_at":1763935260000}`))
	want := "v1=161ebba6d024c4571b871475bcbbcb4e1347cd4164502a90705893cbcba45dea"
	if got != want {
		t.Errorf("signature %s, want %s", got, want)
	}
}

func TestSend_answers(t *testing.T) {
	for _, tt := range []struct {
		name       string
		answer     http.HandlerFunc
		reason     string
		retryAfter time.Duration
		final      bool
	}{
		{"a server's trouble", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "the answer was 500", 0, false},
		{"nobody there", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(404) }, "the answer was 404", 0, false},
		{"gone", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(410) }, "the answer was 410", 0, true},
		{"later", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "90")
			w.WriteHeader(429)
		}, "the answer was 429", 90 * time.Second, false},
		{"much later", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Retry-After", "99999999999")
			w.WriteHeader(503)
		}, "the answer was 503", 0, false},
		{"elsewhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "http://169.254.169.254/latest/meta-data", http.StatusTemporaryRedirect)
		}, "redirects are not followed", 0, false},
		{"no HTTP", func(w http.ResponseWriter, _ *http.Request) {
			c, _, err := http.NewResponseController(w).Hijack()
			if err == nil {
				_ = c.Close()
			}
		}, "EOF", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shop(t, tt.answer)
			err := webhook.NewSender(webhook.Target{URL: s.URL, Secrets: []string{"s"}, Allow: loopback}).Send(t.Context(), "id", nil, time.Now())
			f, ok := errors.AsType[*webhook.FailedError](err)
			if !ok || !strings.Contains(f.Reason, tt.reason) || f.Final != tt.final || tt.retryAfter != 0 && f.RetryAfter != tt.retryAfter || f.RetryAfter > time.Hour {
				t.Errorf("failure %+v, %v", f, err)
			}
		})
	}
}

// Redirects, names and proxies are ways around a guard that looks at the address only.
func TestSend_guarded(t *testing.T) {
	called := false
	s := shop(t, func(http.ResponseWriter, *http.Request) { called = true })
	t.Setenv("HTTP_PROXY", s.URL)
	_, port, _ := strings.Cut(strings.TrimPrefix(s.URL, "http://"), ":")
	for _, address := range []string{
		s.URL, "http://localhost:" + port, "http://[::ffff:127.0.0.1]:" + port, "http://0.0.0.0:" + port, "http://2130706433:" + port,
		"http://127.1:" + port, "http://169.254.169.254/",
	} {
		err := webhook.NewSender(webhook.Target{URL: address, Secrets: []string{"s"}}).Send(t.Context(), "id", nil, time.Now())
		if _, ok := errors.AsType[*webhook.FailedError](err); !ok {
			t.Errorf("%s: %v", address, err)
		}
	}
	if called {
		t.Error("the guard let a post through to this machine")
	}
	err := webhook.NewSender(webhook.Target{
		URL: "http://localhost:" + port, Secrets: []string{"s"}, Allow: webhook.Allow{Hosts: []string{"localhost"}},
	}).Send(t.Context(), "id", nil, time.Now())
	if err != nil || !called {
		t.Errorf("a host that is allowed was not reached: %v", err)
	}
}

// What the shop answers is read no further than it takes to go on with the connection.
func TestSend_endlessAnswer(t *testing.T) {
	stop := make(chan struct{})
	s := shop(t, func(w http.ResponseWriter, r *http.Request) {
		defer close(stop)
		for {
			if _, err := w.Write(make([]byte, 32<<10)); err != nil || r.Context().Err() != nil {
				return
			}
		}
	})
	if err := webhook.NewSender(webhook.Target{URL: s.URL, Secrets: []string{"s"}, Allow: loopback}).Send(t.Context(), "id", nil, time.Now()); err != nil {
		t.Error(err)
	}
	<-stop
}
