package rest

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"runtime/debug"
	"slices"
	"strings"
	"time"
)

// requestIDKey is where a request's context has its ID. It is there for logs and
// error answers, which is what contexts may carry.
type requestIDKey struct{}

// RequestID returns the ID that Observe gave the request, "" outside one.
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}

const (
	headerRequestID = "X-Request-Id"
	headerForwarded = "X-Forwarded-For"
	maxRequestID    = 64
)

// Observe wraps a handler with what all of the server's handlers share: a
// request ID, the access log, and an answer when something panics. The log has
// no query, no header and no body: that is where codes and tokens are. Wrapping
// twice does it once.
func Observe(log *slog.Logger, trusted []netip.Prefix, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if RequestID(r.Context()) != "" {
			next.ServeHTTP(w, r)
			return
		}
		id := r.Header.Get(headerRequestID)
		if !isRequestID(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set(headerRequestID, id)
		ctx := context.WithValue(r.Context(), requestIDKey{}, id)
		r = r.WithContext(ctx)
		rec := &recorder{ResponseWriter: w, start: time.Now(), log: log}
		defer rec.end(ctx, r, ClientIP(r, trusted))
		next.ServeHTTP(rec, r)
	})
}

// isRequestID accepts what is safe in a header and in a log.
func isRequestID(s string) bool {
	if s == "" || len(s) > maxRequestID {
		return false
	}
	return !strings.ContainsFunc(s, func(c rune) bool {
		return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_' && c != '.'
	})
}

// recorder notes what was answered, for the log.
type recorder struct {
	http.ResponseWriter

	log      *slog.Logger
	start    time.Time
	status   int
	bytes    int64
	hijacked bool
}

// end is deferred: it answers a panic and writes the line of the access log.
func (rec *recorder) end(ctx context.Context, r *http.Request, client netip.Addr) {
	p := recover()
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // net/http's own way to cut a connection
	}
	id := RequestID(ctx)
	if p != nil {
		rec.log.ErrorContext(ctx, "panic", "request_id", id, "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		if rec.status == 0 && !rec.hijacked {
			writeFailure(rec, r, failureOf(http.StatusInternalServerError))
		}
	}
	rec.log.InfoContext(ctx, "request",
		"method", r.Method, "path", r.URL.Path, "status", rec.status, "bytes", rec.bytes,
		"duration", time.Since(rec.start), "client", client.String(), "request_id", id)
}

// WriteHeader notes the status.
func (rec *recorder) WriteHeader(status int) {
	if rec.status == 0 || rec.status < http.StatusOK {
		rec.status = status
	}
	rec.ResponseWriter.WriteHeader(status)
}

// Write counts the bytes.
func (rec *recorder) Write(data []byte) (int, error) {
	if rec.status == 0 {
		rec.status = http.StatusOK
	}
	n, err := rec.ResponseWriter.Write(data)
	rec.bytes += int64(n)
	return n, err
}

// Unwrap lets http.ResponseController reach the connection.
func (rec *recorder) Unwrap() http.ResponseWriter { return rec.ResponseWriter }

// Hijack hands the connection to the socket's upgrade, which looks for this
// method and knows no Unwrap.
func (rec *recorder) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(rec.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, fmt.Errorf("hijack: %w", err)
	}
	rec.hijacked = true
	rec.status = http.StatusSwitchingProtocols
	return conn, rw, nil
}

// ClientIP returns the address a request comes from. Only a proxy in trusted is
// believed about whom it speaks for: X-Forwarded-For is read from its end, past
// those proxies, to the first address that is none of them.
func ClientIP(r *http.Request, trusted []netip.Prefix) netip.Addr {
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	addr := peer.Addr().Unmap().WithZone("")
	if !isTrusted(addr, trusted) {
		return addr
	}
	hops := strings.Split(strings.Join(r.Header.Values(headerForwarded), ","), ",")
	for _, text := range slices.Backward(hops) {
		hop, err := netip.ParseAddr(strings.TrimSpace(text))
		if err != nil {
			return addr // made up from here on
		}
		addr = hop.Unmap().WithZone("")
		if !isTrusted(addr, trusted) {
			return addr
		}
	}
	return addr
}

func isTrusted(addr netip.Addr, trusted []netip.Prefix) bool {
	for _, p := range trusted {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

// ClientKey returns what the client of r counts under: its address, seen through
// the trusted proxies.
func ClientKey(r *http.Request, trusted []netip.Prefix) string { return limitKey(ClientIP(r, trusted)) }

// limitKey is what an address counts under: people have a whole IPv6 /64 each.
func limitKey(addr netip.Addr) string {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
