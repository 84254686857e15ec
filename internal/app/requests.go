package app

import (
	"bufio"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// requestStats are what can be measured of HTTP requests. A route is the pattern
// that took the request, so there are as many of them as there are handlers.
type requestStats struct {
	total   *prometheus.CounterVec
	seconds *prometheus.HistogramVec
}

func newRequestStats(r prometheus.Registerer) *requestStats {
	s := &requestStats{
		total: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "haggle_http_requests_total", Help: "HTTP requests by route and status; 101 is an upgrade to a socket.",
		}, []string{"route", "status"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "haggle_http_request_seconds", Help: "How long HTTP requests took, upgrades and streams of events aside.",
			Buckets: prometheus.ExponentialBuckets(0.0005, 4, 9),
		}, []string{"route"}),
	}
	r.MustRegister(s.total, s.seconds)
	return s
}

// count wraps the mux. Each mux that passes a request on notes its pattern in it:
// what is there afterwards is the innermost one's.
func (s *requestStats) count(mux http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &statusWriter{ResponseWriter: w, status: http.StatusInternalServerError} // of a panic
		start := time.Now()
		defer func() {
			route := r.Pattern
			if route == "" {
				route = "none"
			}
			s.total.WithLabelValues(route, strconv.Itoa(rec.status)).Inc()
			stream := strings.HasPrefix(rec.Header().Get("Content-Type"), "text/event-stream")
			if rec.status != http.StatusSwitchingProtocols && !stream {
				s.seconds.WithLabelValues(route).Observe(time.Since(start).Seconds())
			}
		}()
		mux.ServeHTTP(rec, r)
		if !rec.written {
			rec.status = http.StatusOK
		}
	})
}

// statusWriter notes the status.
type statusWriter struct {
	http.ResponseWriter

	status  int
	written bool
}

// WriteHeader notes the status.
func (w *statusWriter) WriteHeader(status int) {
	if !w.written && status >= http.StatusOK {
		w.status, w.written = status, true
	}
	w.ResponseWriter.WriteHeader(status)
}

// Write is the status 200 if there was none.
func (w *statusWriter) Write(data []byte) (int, error) {
	if !w.written {
		w.status, w.written = http.StatusOK, true
	}
	return w.ResponseWriter.Write(data)
}

// Unwrap lets http.ResponseController reach the connection.
func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// Hijack hands the connection to the socket's upgrade, which looks for this
// method and knows no Unwrap.
func (w *statusWriter) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err == nil {
		w.status, w.written = http.StatusSwitchingProtocols, true
	}
	return conn, rw, err
}
