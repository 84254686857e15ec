package wechat

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/wechat/standin"
)

const (
	appID  = "wx0123456789abcdef"
	secret = "the-official-account's-secret"
)

// memTickets keeps tickets in memory, for tests in a bubble of time.
type memTickets struct {
	mu     sync.Mutex
	values map[string]memTicket
}

type memTicket struct {
	value           string
	expires, leased time.Time
}

func newTickets() *memTickets { return &memTickets{values: make(map[string]memTicket)} }

func (m *memTickets) Ticket(_ context.Context, name string) (string, time.Time, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.values[name]
	if t.value == "" {
		return "", time.Time{}, chat.Errorf(chat.NotFound, "no ticket")
	}
	return t.value, t.expires, nil
}

func (m *memTickets) PutTicket(_ context.Context, name, value string, expires time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.values[name] = memTicket{value: value, expires: expires}
	return nil
}

func (m *memTickets) LeaseTicket(_ context.Context, name string, now, until time.Time) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	t := m.values[name]
	if t.leased.After(now) {
		return false, nil
	}
	t.leased = until
	m.values[name] = t
	return true, nil
}

// handled is a transport that has a handler answer: nothing leaves the process.
type handled struct{ http.Handler }

func (h handled) RoundTrip(r *http.Request) (*http.Response, error) {
	in, out := io.Pipe()
	w := &pipeWriter{header: make(http.Header), out: out, began: make(chan int, 1)}
	go func() {
		h.ServeHTTP(w, r)
		w.WriteHeader(http.StatusOK)
		_ = out.Close()
	}()
	select {
	case status := <-w.began:
		stop := context.AfterFunc(r.Context(), func() { _ = out.CloseWithError(r.Context().Err()) })
		return &http.Response{StatusCode: status, Header: w.header, Body: body{in, stop}, ContentLength: -1, Request: r, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1}, nil
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
}

type body struct {
	*io.PipeReader

	stop func() bool
}

func (b body) Close() error {
	b.stop()
	return b.PipeReader.Close()
}

type pipeWriter struct {
	header http.Header
	out    *io.PipeWriter
	began  chan int
	once   sync.Once
}

func (w *pipeWriter) Header() http.Header { return w.header }
func (w *pipeWriter) WriteHeader(status int) {
	w.once.Do(func() { w.began <- status })
}

func (w *pipeWriter) Write(p []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.out.Write(p)
}

func client(h http.Handler, tickets Tickets) *Client {
	return NewClient(Config{AppID: appID, Secret: secret, API: "http://wechat.test", MediaBytes: 20 << 20, Transport: handled{h}}, tickets)
}

// The example of WeChat's own documentation.
func TestSign(t *testing.T) {
	const ticket = "sM4AOVdWfPE4DxkXGEs8VMCPGGVi4C3VM0P37wVUCFvkVAy_90u5h9nbSlYy3-Sl-HhTdfl2fzFy1AOcHKP7qg"
	for _, address := range []string{"http://mp.weixin.qq.com?params=value", "http://mp.weixin.qq.com?params=value#a#b"} {
		if got := sign(ticket, "Wm3WZYTPz0wzccnW", 1414587457, address); got != "0f9de62fce790f9a083d5c99e95740ceb90c27ed" {
			t.Errorf("the signature of %s is %s", address, got)
		}
	}
}

func TestJSConfig(t *testing.T) {
	w := standin.New(appID, secret)
	c := client(w, newTickets())
	first, err := c.JSConfig(t.Context(), "https://chat.example/chat?product=1#x")
	if err != nil || first.AppID != appID || len(first.Signature) != 40 || first.NonceStr == "" || first.Timestamp == 0 {
		t.Fatalf("%+v, %v", first, err)
	}
	second, err := c.JSConfig(t.Context(), "https://chat.example/chat?product=1")
	if err != nil || second.NonceStr == first.NonceStr {
		t.Errorf("%+v, %v", second, err)
	}
	if n := w.Calls("/cgi-bin/ticket/getticket"); n != 1 {
		t.Errorf("the ticket was fetched %d times", n)
	}
}

// However many ask, and on however many nodes, a token is fetched once.
func TestTicket_once(t *testing.T) {
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = store.Close() }()
	w := standin.New(appID, secret)
	id := w.Put("image/png", []byte("x"))
	var wg sync.WaitGroup
	for range 3 {
		node := client(w, store)
		for range 20 {
			wg.Go(func() {
				if _, err := node.Media(t.Context(), id); err != nil {
					t.Error(err)
				}
			})
		}
	}
	wg.Wait()
	if n := w.Calls("/cgi-bin/token"); n != 1 {
		t.Errorf("the token was fetched %d times", n)
	}
	w.Forget()
	for range 3 {
		wg.Go(func() {
			if _, err := client(w, store).Media(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.Calls("/cgi-bin/token"); n != 2 {
		t.Errorf("after it was found to be none, it was fetched %d times", n-1)
	}
}

// A node that was slow between its look and its lease takes what another has fetched
// meanwhile, and leaves no lease behind.
func TestTicket_fetchedMeanwhile(t *testing.T) {
	w := standin.New(appID, secret)
	id := w.Put("image/png", []byte("x"))
	tickets := newTickets()
	slow := &slowLease{memTickets: tickets}
	slow.before = func() {
		if _, err := client(w, tickets).Media(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if _, err := client(w, slow).Media(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if n := w.Calls("/cgi-bin/token"); n != 1 {
		t.Errorf("the token was fetched %d times", n)
	}
	now := time.Now()
	if free, err := tickets.LeaseTicket(t.Context(), "wechat_access_token", now, now); err != nil || !free {
		t.Errorf("the lease is still held: %v", err)
	}
}

// slowLease has something else happen just before its first lease.
type slowLease struct {
	*memTickets
	before func()
}

func (s *slowLease) LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error) {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.memTickets.LeaseTicket(ctx, name, now, until)
}

// A node that cannot read the tickets any more does not take from the others what they
// have.
func TestTicket_unreadable(t *testing.T) {
	w := standin.New(appID, secret)
	id := w.Put("image/png", []byte("x"))
	tickets := newTickets()
	blind := &blindAfterLease{slowLease{memTickets: tickets}, false}
	blind.before = func() {
		if _, err := client(w, tickets).Media(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	if _, err := client(w, blind).Media(t.Context(), id); err == nil {
		t.Error("a ticket that could not be read was used")
	}
	if value, _, err := tickets.Ticket(t.Context(), "wechat_access_token"); err != nil || value == "" {
		t.Errorf("the others' ticket is %q, %v", value, err)
	}
}

// blindAfterLease is a store of tickets that cannot be read once there is a lease.
type blindAfterLease struct {
	slowLease
	blind bool
}

func (s *blindAfterLease) LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error) {
	s.blind = true
	return s.slowLease.LeaseTicket(ctx, name, now, until)
}

func (s *blindAfterLease) Ticket(ctx context.Context, name string) (string, time.Time, error) {
	if s.blind {
		return "", time.Time{}, errors.New("the disk is gone")
	}
	return s.slowLease.Ticket(ctx, name)
}

// A token is used until shortly before its end.
func TestTicket_expiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := standin.New(appID, secret)
		id := w.Put("image/png", []byte("x"))
		c := client(w, newTickets())
		for _, step := range []struct {
			after time.Duration
			calls int
		}{{0, 1}, {time.Hour, 1}, {50 * time.Minute, 1}, {6 * time.Minute, 2}} {
			time.Sleep(step.after) //nolint:forbidigo // in a bubble, it is how time goes by
			if _, err := c.Media(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			if n := w.Calls("/cgi-bin/token"); n != step.calls {
				t.Errorf("after %v more: fetched %d times, want %d", step.after, n, step.calls)
			}
		}
	})
}

// A token that WeChat calls none is fetched anew once, and not for ever.
func TestTicket_refreshedOnce(t *testing.T) {
	w := standin.New(appID, secret)
	id := w.Put("image/png", []byte("data"))
	c := client(w, newTickets())
	if _, err := c.Media(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	w.Forget()
	if data, err := c.Media(t.Context(), id); err != nil || string(data) != "data" {
		t.Errorf("%q, %v", data, err)
	}
	w.Answer(id, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/plain")
		_, _ = io.WriteString(rw, `{"errcode":42001,"errmsg":"access_token expired"}`)
	})
	before := w.Calls("/cgi-bin/media/get")
	if _, err := c.Media(t.Context(), id); chat.AsError(err).Code != "wechat_unavailable" {
		t.Errorf("%v", err)
	}
	if n := w.Calls("/cgi-bin/media/get") - before; n != 2 {
		t.Errorf("asked %d times, want 2", n)
	}
}

// A node that dies while it fetches holds the others up for its lease, and no longer.
func TestTicket_leaseOfTheDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := standin.New(appID, secret)
		id := w.Put("image/png", []byte("x"))
		tickets := newTickets()
		if ok, err := tickets.LeaseTicket(t.Context(), string(ticketAccess), time.Now(), time.Now().Add(leaseFor)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		start := time.Now()
		if _, err := client(w, tickets).Media(t.Context(), id); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(start); took < leaseFor || took > leaseFor+time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// What lets somebody in must not come out with an error.
func TestErrors_holdNoSecret(t *testing.T) {
	dead := errors.New("connection refused")
	w := standin.New(appID, "another secret")
	for name, transport := range map[string]http.RoundTripper{
		"nobody answers": roundTrip(func(*http.Request) (*http.Response, error) { return nil, dead }),
		"a wrong secret": handled{w},
		"an error 500":   handled{http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) { http.Error(rw, r.URL.String(), 500) })},
		"no JSON":        handled{http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "<html>") })},
		"nothing in it":  handled{http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(rw, "{}") })},
	} {
		c := NewClient(Config{AppID: appID, Secret: secret, API: "http://wechat.test", MediaBytes: 1 << 20, Transport: transport}, newTickets())
		_, err := c.Media(t.Context(), "abc")
		if chat.AsError(err).Code != "wechat_unavailable" {
			t.Errorf("%s: %v", name, err)
		}
		if err == nil || strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "secret=") {
			t.Errorf("%s: the error is %v", name, err)
		}
	}
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A parameter cannot become another one.
func TestMedia_id(t *testing.T) {
	w := standin.New(appID, secret)
	c := client(w, newTickets())
	for _, id := range []string{"", "a&type=x", "../x", "a b", "a%26", strings.Repeat("a", maxMediaID+1), "é"} {
		if _, err := c.Media(t.Context(), id); chat.AsError(err).Code != "wechat_media_invalid" {
			t.Errorf("%q: %v", id, err)
		}
	}
	if n := w.Calls("/cgi-bin/media/get"); n != 0 {
		t.Errorf("WeChat was asked %d times", n)
	}
	if _, err := c.Media(t.Context(), "unknown_but-well-formed"); chat.AsError(err).Code != "wechat_media_invalid" {
		t.Errorf("an unknown medium: %v", err)
	}
}

// The client's own transport, over a real connection.
func TestMedia_overHTTP(t *testing.T) {
	w := standin.New(appID, secret)
	server := httptest.NewServer(w)
	defer server.Close()
	id := w.Put("image/jpeg", []byte("bytes"))
	c := NewClient(Config{AppID: appID, Secret: secret, API: server.URL, MediaBytes: 1 << 20}, newTickets())
	if data, err := c.Media(t.Context(), id); err != nil || string(data) != "bytes" {
		t.Errorf("%q, %v", data, err)
	}
}
