package app

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"haggle/internal/chat"
)

const (
	// pingTimeout is how long the store may take to say that it is there.
	pingTimeout = 2 * time.Second

	// watchEvery is how often the log gets to know, whether or not anybody asks.
	watchEvery = 10 * time.Second
)

// pinger is the part of chat.Store that readiness needs.
type pinger interface {
	Ping(ctx context.Context) error
}

// keyHolder is the part of auth.Verifier that readiness needs.
type keyHolder interface {
	Health(ctx context.Context) error
}

// busHealth is the part of natsbus.Bus that readiness needs.
type busHealth interface {
	Health(ctx context.Context) error
}

// health says whether the process is alive and whether it should get requests.
type health struct {
	store   pinger
	tokens  keyHolder
	bus     busHealth // nil without other nodes
	log     *slog.Logger
	state   atomic.Int32
	pinging atomic.Bool           // a ping is under way
	pinged  atomic.Pointer[error] // what the last one said, or that it is late
}

// The states of a server.
const (
	starting int32 = iota
	serving
	draining
)

// drain has ready say that the server is about to stop, and returns when it has said so
// for long enough, or ctx ends.
func (h *health) drain(ctx context.Context, wait time.Duration) {
	h.state.Store(draining)
	if wait <= 0 {
		return
	}
	h.log.InfoContext(ctx, "draining", "for", wait)
	over := time.NewTimer(wait)
	defer over.Stop()
	select {
	case <-over.C:
	case <-ctx.Done():
	}
}

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
	if reason, err := h.check(r.Context()); err != nil {
		writeStatus(w, http.StatusServiceUnavailable, reason)
		return
	}
	writeStatus(w, http.StatusOK, "ok")
}

// check says what keeps the server from its work: in words for everybody, and why.
func (h *health) check(ctx context.Context) (reason string, err error) {
	if err := h.ping(ctx); err != nil {
		if e, ok := errors.AsType[*chat.Error](err); ok && e.Kind == chat.Unavailable {
			return "the store does not work: " + e.Code, err
		}
		return "the store does not answer", err
	}
	if err := h.tokens.Health(ctx); err != nil {
		return "there are no keys to verify tokens with", err
	}
	if h.bus != nil {
		if err := h.bus.Health(ctx); err != nil {
			return "the bus is not reached", err
		}
	}
	return "", nil
}

// errLate says that the store took its time.
var errLate = errors.New("the store did not answer in time")

// ping reports whether the store works, in time. A disk that hangs looks at no
// deadline, so the ping is left behind, one at most.
func (h *health) ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, pingTimeout)
	defer cancel()
	if !h.pinging.CompareAndSwap(false, true) { // somebody else is asking this moment
		if last := h.pinged.Load(); last != nil {
			return *last
		}
		return nil
	}
	answered := make(chan error, 1)
	go func() {
		err := h.store.Ping(ctx)
		h.pinged.Store(&err)
		h.pinging.Store(false)
		answered <- err
	}()
	select {
	case err := <-answered:
		return err
	case <-ctx.Done():
		if h.pinging.Load() {
			late := errLate
			h.pinged.Store(&late)
		}
		return errLate
	}
}

// watch logs when the server ceases to be ready, and when it is again, until ctx
// ends.
func (h *health) watch(ctx context.Context) error {
	tick := time.NewTicker(watchEvery)
	defer tick.Stop()
	var told string
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		reason, err := h.check(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case reason == told:
		case err != nil:
			h.log.ErrorContext(ctx, "not ready", "reason", reason, "err", err)
		default:
			h.log.InfoContext(ctx, "ready again", "was", told)
		}
		told = reason
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
