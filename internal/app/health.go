package app

import (
	"context"
	"net/http"
	"sync/atomic"
	"time"
)

// pingTimeout is how long the store may take to say that it is there.
const pingTimeout = 2 * time.Second

// pinger is the part of chat.Store that readiness needs.
type pinger interface {
	Ping(ctx context.Context) error
}

// health says whether the process is alive and whether it should get requests.
type health struct {
	store   pinger
	state   atomic.Int32
	pinging atomic.Bool // a ping is under way
	late    atomic.Bool // and has been for longer than it may
}

// The states of a server.
const (
	starting int32 = iota
	serving
	draining
)

// live answers as long as the process can answer at all.
func (h *health) live(w http.ResponseWriter, _ *http.Request) { writeStatus(w, http.StatusOK, "ok") }

// ready answers whether to send requests here.
func (h *health) ready(w http.ResponseWriter, r *http.Request) {
	switch h.state.Load() {
	case starting:
		writeStatus(w, http.StatusServiceUnavailable, "starting")
		return
	case draining:
		writeStatus(w, http.StatusServiceUnavailable, "draining")
		return
	}
	if !h.answers(r.Context()) {
		writeStatus(w, http.StatusServiceUnavailable, "the store does not answer")
		return
	}
	writeStatus(w, http.StatusOK, "ok")
}

// answers reports whether the store answers in time. A disk that hangs looks at
// no deadline, so the ping is left behind, one at most.
func (h *health) answers(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if !h.pinging.CompareAndSwap(false, true) {
		return !h.late.Load() // somebody else is asking this moment
	}
	answered := make(chan error, 1)
	go func() {
		err := h.store.Ping(ctx)
		h.late.Store(false)
		h.pinging.Store(false)
		answered <- err
	}()
	select {
	case err := <-answered:
		return err == nil
	case <-ctx.Done():
		h.late.Store(h.pinging.Load())
		return false
	}
}

func writeStatus(w http.ResponseWriter, status int, text string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(text + "\n")) // who asked has gone
}
