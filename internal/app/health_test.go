package app

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// disk is a store of which only Ping is asked.
type disk func(ctx context.Context) error

func (d disk) Ping(ctx context.Context) error { return d(ctx) }

// keys are the marketplace's, or why there are none.
type keys struct{ err error }

func (k keys) Health(context.Context) error { return k.err }

func readiness(t *testing.T, h *health) (status int, text string) {
	t.Helper()
	w := httptest.NewRecorder()
	h.ready(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/readyz", http.NoBody))
	return w.Code, strings.TrimSpace(w.Body.String())
}

func TestReady(t *testing.T) {
	for _, c := range []struct {
		name   string
		state  int32
		ping   error
		keys   error
		bus    error
		status int
		text   string
	}{
		{"starting", starting, nil, nil, nil, 503, "starting"},
		{"serving", serving, nil, nil, nil, 200, "ok"},
		{"store down", serving, errors.New("no disk"), nil, nil, 503, "the store does not answer"},
		{"disk full", serving, chat.Codef(chat.Unavailable, "store_full", "the disk is full"), nil, nil, 503, "the store does not work: store_full"},
		{"nobody can sign in", serving, nil, errors.New("the JWKS URL is down"), nil, 503, "there are no keys to verify tokens with"},
		{"bus never there", serving, nil, nil, errors.New("NATS is not there"), 503, "the bus is not reached"},
		{"draining", draining, nil, nil, nil, 503, "draining"},
	} {
		h := &health{store: disk(func(context.Context) error { return c.ping }), tokens: keys{c.keys}}
		if c.bus != nil {
			h.bus = keys{c.bus}
		}
		h.state.Store(c.state)
		if status, text := readiness(t, h); status != c.status || text != c.text {
			t.Errorf("%s: %d %q, want %d %q", c.name, status, text, c.status, c.text)
		}
	}
}

// A disk that hangs must not hang the load balancer's question, nor pile up
// pings, and once it is back the server is ready again.
func TestReadyWhileTheDiskHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		var pings atomic.Int32
		h := &health{store: disk(func(context.Context) error {
			pings.Add(1)
			<-release
			return nil
		}), tokens: keys{}}
		h.state.Store(serving)
		for range 3 {
			if status, _ := readiness(t, h); status != http.StatusServiceUnavailable {
				t.Errorf("status %d while the disk hangs, want 503", status)
			}
		}
		if n := pings.Load(); n != 1 {
			t.Errorf("%d pings wait, want 1", n)
		}
		close(release)
		synctest.Wait()
		if status, text := readiness(t, h); status != http.StatusOK {
			t.Errorf("%d %q once the disk is back, want 200", status, text)
		}
	})
}

// A disk that was full showed in no log above debug, and /readyz said ok.
func TestUnreadinessIsLogged(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		var full atomic.Bool
		h := &health{tokens: keys{}, log: slog.New(slog.NewTextHandler(&log, nil)), store: disk(func(context.Context) error {
			if full.Load() {
				return chat.Codef(chat.Unavailable, "store_full", "the disk is full: %w", errors.New("database or disk is full (13)"))
			}
			return nil
		})}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.watch(ctx) }()
		for _, now := range []bool{false, true, true, false, false} {
			full.Store(now)
			<-time.After(watchEvery + time.Second)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
		text := log.String()
		if strings.Count(text, "not ready") != 1 || strings.Count(text, "ready again") != 1 || !strings.Contains(text, "full (13)") {
			t.Errorf("logged:\n%swant once that it is not ready, and why, and once that it is again", text)
		}
	})
}

// Whoever asked a server that was told to stop was refused, and never told that it
// drains: a load balancer went on sending people there until it had asked again.
func TestDraining(t *testing.T) {
	for _, c := range []struct {
		name         string
		wait, breaks time.Duration
		want         time.Duration
	}{
		{"a single server stops at once", 0, time.Hour, 0},
		{"one of several is known to stop first", 5 * time.Second, time.Hour, 5 * time.Second},
		{"one that breaks meanwhile waits for nobody", 5 * time.Second, time.Second, time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := &health{store: disk(func(context.Context) error { return nil }), tokens: keys{}, log: slog.New(slog.DiscardHandler)}
				h.state.Store(serving)
				ctx, cancel := context.WithTimeout(t.Context(), c.breaks)
				defer cancel()
				begun, over := time.Now(), make(chan time.Duration)
				go func() {
					h.drain(ctx, c.wait)
					over <- time.Since(begun)
				}()
				synctest.Wait()
				if status, text := readiness(t, h); status != http.StatusServiceUnavailable || text != "draining" {
					t.Errorf("%d %q, want 503 draining", status, text)
				}
				if took := <-over; took != c.want {
					t.Errorf("it took %v, want %v", took, c.want)
				}
			})
		})
	}
}
