package demo

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// What the marketplace takes is signed by the chat, and not an old one that somebody
// sends again. The signature is the one of docs/webhooks.md.
func TestVerified(t *testing.T) {
	m := &Market{site: Site{Webhook: []string{"hw_next", "hw_example"}}}
	const body = `{"id":"q8w2m5","type":"ping","created_at":1763935260000}`
	const good = "v1=161ebba6d024c4571b871475bcbbcb4e1347cd4164502a90705893cbcba45dea"
	now := time.Unix(1763935260, 0)
	for _, tt := range []struct {
		name, stamp, signature, body string
		now                          time.Time
		want                         bool
	}{
		{"as it came", "1763935260", good, body, now, true},
		{"one of two", "1763935260", "v1=00," + good, body, now, true},
		{"at the last moment", "1763935260", good, body, now.Add(webhookAge), true},
		{"too late", "1763935260", good, body, now.Add(webhookAge + time.Second), false},
		{"from the future", "1763935260", good, body, now.Add(-webhookAge - time.Second), false},
		{"another time", "1763935261", good, body, now, false},
		{"another body", "1763935260", good, body + " ", now, false},
		{"no signature", "1763935260", "", body, now, false},
		{"no time", "", good, body, now, false},
	} {
		h := http.Header{"Haggle-Timestamp": {tt.stamp}, "Haggle-Signature": {tt.signature}}
		if got := m.verified(h, []byte(tt.body), tt.now); got != tt.want {
			t.Errorf("%s: %v, want %v", tt.name, got, tt.want)
		}
	}
}

// Without a webhook there is no door for one, nor a page about it.
func TestNoWebhook(t *testing.T) {
	m := market(t, "http://127.0.0.1:8080")
	if status, _, body := fetch(t, m, "/"); status != http.StatusOK || strings.Contains(body, "/notices") {
		t.Errorf("%d: the page links to what is not there", status)
	}
	w := httptest.NewRecorder()
	m.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, WebhookPath, strings.NewReader("{}")))
	if status, _, _ := fetch(t, m, "/notices"); status != http.StatusNotFound || w.Code != http.StatusNotFound {
		t.Errorf("notices %d, webhook %d", status, w.Code)
	}
}
