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
		start := time.Now()
		id := r.Header.Get(headerRequestID)
		if !isRequestID(id) {
			id = strings.ToLower(rand.Text())
		}
		w.Header().Set(headerRequestID, id)
		r = r.WithContext(context.WithValue(r.Context(), requestIDKey{}, id))
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if p := recover(); p != nil {
				answerPanic(log, rec, r, p)
			}
			log.InfoContext(r.Context(), "request",
				"method", r.Method, "path", r.URL.Path, "status", rec.status, "bytes", rec.bytes,
				"duration", time.Since(start), "client", ClientIP(r, trusted).String(), "request_id", id)
		}()
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

func answerPanic(log *slog.Logger, rec *recorder, r *http.Request, p any) {
	if err, ok := p.(error); ok && errors.Is(err, http.ErrAbortHandler) {
		panic(p) // net/http's own way to cut a connection
	}
	log.ErrorContext(r.Context(), "panic", "request_id", RequestID(r.Context()), "err", fmt.Sprint(p), "stack", string(debug.Stack()))
	if rec.status == 0 && !rec.hijacked {
		writeFailure(rec, r, failureOf(http.StatusInternalServerError))
	}
}

// recorder notes what was answered.
type recorder struct {
	http.ResponseWriter

	status   int
	bytes    int64
	hijacked bool
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
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
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

// limitKey is what an address counts under: people have a whole IPv6 /64 each.
func limitKey(addr netip.Addr) string {
	if addr.Is6() {
		if p, err := addr.Prefix(64); err == nil {
			return p.String()
		}
	}
	return addr.String()
}
