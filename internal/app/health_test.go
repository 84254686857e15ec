package app

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// disk is a store of which only Ping is asked.
type disk func(ctx context.Context) error

func (d disk) Ping(ctx context.Context) error { return d(ctx) }

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
		status int
		text   string
	}{
		{"starting", starting, nil, 503, "starting"},
		{"serving", serving, nil, 200, "ok"},
		{"store down", serving, errors.New("no disk"), 503, "the store does not answer"},
		{"draining", draining, nil, 503, "draining"},
	} {
		h := &health{store: disk(func(context.Context) error { return c.ping })}
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
		})}
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
