package app

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
)

// Metrics told of sockets alone: an API that failed looked like one that nobody
// asked.
func TestRequestsAreCounted(t *testing.T) {
	inner := http.NewServeMux()
	inner.HandleFunc("GET /v1/things/{id}", func(w http.ResponseWriter, r *http.Request) {
		if r.PathValue("id") == "bad" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		_, _ = w.Write([]byte("x"))
	})
	mux := http.NewServeMux()
	mux.Handle("/v1/", inner)
	mux.HandleFunc("/quiet", func(http.ResponseWriter, *http.Request) {})
	mux.HandleFunc("/panic", func(http.ResponseWriter, *http.Request) { panic("oh") })

	registry := prometheus.NewRegistry()
	h := newRequestStats(registry).count(mux)
	for _, path := range []string{"/v1/things/1", "/v1/things/2", "/v1/things/bad", "/quiet", "/panic", "/nowhere"} {
		func() {
			defer func() { _ = recover() }()
			h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody))
		}()
	}
	got := counted(t, registry)
	for key, want := range map[[2]string]float64{
		{"GET /v1/things/{id}", "200"}: 2, {"GET /v1/things/{id}", "503"}: 1,
		{"/quiet", "200"}: 1, {"/panic", "500"}: 1, {"none", "404"}: 1,
	} {
		if got[key] != want {
			t.Errorf("%v: %v requests, want %v, of %v", key, got[key], want, got)
		}
	}
}

// A stream of events lasts for hours: among the times of requests it would stand
// for a server that hangs.
func TestStreamsAreNotTimed(t *testing.T) {
	registry := prometheus.NewRegistry()
	h := newRequestStats(registry).count(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
	}))
	h.ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/sse", http.NoBody))
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "haggle_http_request_seconds" {
			t.Errorf("times of %v, want none", f.GetMetric())
		}
	}
}

// counted returns the requests by route and status.
func counted(t *testing.T, g prometheus.Gatherer) map[[2]string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[[2]string]float64)
	for _, f := range families {
		if f.GetName() != "haggle_http_requests_total" {
			continue
		}
		for _, m := range f.GetMetric() {
			got[[2]string{m.GetLabel()[0].GetValue(), m.GetLabel()[1].GetValue()}] = m.GetCounter().GetValue()
		}
	}
	return got
}
