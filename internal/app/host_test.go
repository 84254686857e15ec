package app

import (
	"net/http"
	"net/http/httptest"
	"testing"
)

// A page of evil.example that had its name point at this machine could read
// profiles off the admin listener and the demo's tokens.
func TestRebinding(t *testing.T) {
	here := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusOK) })
	handlers := map[string]http.Handler{
		"admin":       onlyHosts(adminHosts("127.0.0.1:8081"), here),
		"named admin": onlyHosts(adminHosts("Metrics.internal:8081"), here),
		"demo":        onlyHosts(demoHosts("demo.test:8080"), here),
	}
	for _, c := range []struct {
		host                    string
		admin, namedAdmin, demo bool
	}{
		{"evil.example", false, false, false},
		{"evil.example:8081", false, false, false},
		{"127.0.0.1.evil.example:8081", false, false, false},
		{"localhost.evil.example", false, false, false},
		{"localhost:8081", true, true, true},
		{"LOCALHOST", true, true, true},
		{"localhost.:8081", true, true, true},
		{"127.0.0.1:8081", true, true, true},
		{"127.0.0.1", true, true, true},
		{"[::1]:8081", true, true, true},
		{"[::1]", true, true, true},
		{"10.2.3.4:8081", true, true, false},
		{"metrics.internal:8081", false, true, false},
		{"demo.test:8080", false, false, true},
		{"", true, true, true},
	} {
		for name, want := range map[string]bool{"admin": c.admin, "named admin": c.namedAdmin, "demo": c.demo} {
			r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/debug/pprof/", http.NoBody)
			r.Host = c.host
			w := httptest.NewRecorder()
			handlers[name].ServeHTTP(w, r)
			if (w.Code == http.StatusOK) != want || !want && w.Code != http.StatusMisdirectedRequest {
				t.Errorf("%s under the name %q: %d, want let in %v", name, c.host, w.Code, want)
			}
		}
	}
}
