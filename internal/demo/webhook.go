package demo

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// WebhookPath is where the marketplace is told what stays unread.
const WebhookPath = "/webhook"

const (
	noticesKept  = 20
	webhookBytes = 64 << 10
	webhookAge   = 5 * time.Minute // what is older may be somebody's repeat of what was overheard
)

// told is what the marketplace was told by the chat, and would push or mail to
// somebody.
type told struct {
	mu      sync.Mutex
	notices []notice // the newest first; guarded by mu
}

// notice is one webhook, as far as the page shows it.
type notice struct {
	ID   string    `json:"id"`
	Type string    `json:"type"`
	Data hookData  `json:"data"`
	At   time.Time `json:"-"`
}

type hookData struct {
	Recipient string     `json:"recipient"`
	Buyer     hookPerson `json:"buyer"`
	Merchant  hookPerson `json:"merchant"`
	Unread    int        `json:"unread"`
	Message   struct {
		Preview string `json:"preview"`
		Images  int    `json:"images"`
	} `json:"message"`
}

type hookPerson struct {
	UID  string `json:"uid"`
	Name string `json:"name"`
}

// To returns who is to be told.
func (n notice) To() hookPerson {
	if n.Data.Recipient == "buyer" {
		return n.Data.Buyer
	}
	return n.Data.Merchant
}

// From returns who wrote.
func (n notice) From() hookPerson {
	if n.Data.Recipient == "buyer" {
		return n.Data.Merchant
	}
	return n.Data.Buyer
}

// Clock returns when it came.
func (n notice) Clock() string { return n.At.Format("15:04:05") }

// hook takes what the chat tells. An id that is known already is a repeat.
func (m *Market) hook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, webhookBytes))
	if err != nil || !m.verified(r.Header, body, time.Now()) {
		http.Error(w, "not signed by the chat", http.StatusForbidden)
		return
	}
	n := notice{At: time.Now()}
	if err := json.Unmarshal(body, &n); err != nil {
		http.Error(w, "not JSON", http.StatusBadRequest)
		return
	}
	m.told.mu.Lock()
	defer m.told.mu.Unlock()
	if n.Type == "message.unread" && !slices.ContainsFunc(m.told.notices, func(old notice) bool { return old.ID == n.ID }) {
		m.told.notices = slices.Insert(m.told.notices, 0, n)
		m.told.notices = m.told.notices[:min(len(m.told.notices), noticesKept)]
	}
	w.WriteHeader(http.StatusNoContent)
}

// verified reports whether the chat signed the body, lately.
func (m *Market) verified(h http.Header, body []byte, now time.Time) bool {
	stamp := h.Get("Haggle-Timestamp")
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > webhookAge {
		return false
	}
	for _, secret := range m.site.Webhook {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(stamp + "."))
		mac.Write(body)
		want := []byte("v1=" + hex.EncodeToString(mac.Sum(nil)))
		for got := range strings.SplitSeq(h.Get("Haggle-Signature"), ",") {
			if hmac.Equal([]byte(got), want) {
				return true
			}
		}
	}
	return false
}

// notices shows what the marketplace was told.
func (m *Market) notices(w http.ResponseWriter, r *http.Request) {
	f := m.frame(w, r)
	f.Title = f.T("Stand-in for push and mail", "推送与邮件的替身")
	m.told.mu.Lock()
	f.Notices = slices.Clone(m.told.notices)
	m.told.mu.Unlock()
	m.render(w, "notices.html", http.StatusOK, f)
}
