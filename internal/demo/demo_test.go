package demo

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

const secret = "0123456789abcdef0123456789abcdef"

func market(t *testing.T, base string) *Market {
	t.Helper()
	m, err := New(Site{BaseURL: base, APIURL: base, TokenSecret: []byte(secret), KeyID: "k1", APIKey: "hk_key"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func fetch(t *testing.T, m *Market, path string, cookies ...string) (status int, header http.Header, body string) {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	r.Header.Set("Cookie", strings.Join(cookies, "; "))
	w := httptest.NewRecorder()
	m.ServeHTTP(w, r)
	return w.Code, w.Header(), w.Body.String()
}

// nobodyRevoked is for a verifier that knows of no revocations.
type nobodyRevoked struct{}

func (nobodyRevoked) RevokedAt(context.Context, chat.UID) (time.Time, error) { return time.Time{}, nil }

func (nobodyRevoked) LoginEnded(context.Context, chat.LoginID) (bool, error) { return false, nil }

func verifier(t *testing.T) *auth.Verifier {
	t.Helper()
	key, err := auth.SecretKey("k1", []byte(secret))
	if err != nil {
		t.Fatal(err)
	}
	v, err := auth.NewVerifier(t.Context(), auth.Config{Keys: []auth.Key{key}, Own: []byte(secret)}, nobodyRevoked{}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// tokens returns who the tokens in a page's forms are about.
func tokens(t *testing.T, page string) []chat.Actor {
	t.Helper()
	var actors []chat.Actor
	for _, m := range regexp.MustCompile(`name="token" value="([^"]+)"`).FindAllStringSubmatch(page, -1) {
		id, err := verifier(t).VerifyShop(t.Context(), m[1])
		if err != nil {
			t.Fatalf("the chat would refuse a token of the page: %v", err)
		}
		actors = append(actors, id.Actor)
	}
	return actors
}

// The page of a product lets the visitor into the chat as whom they chose, and
// nobody keeps the page with its token.
func TestProductSignsTheBuyerIn(t *testing.T) {
	m := market(t, "http://127.0.0.1:8080")
	for _, c := range []struct {
		cookie string
		want   chat.UID
	}{{"", "U_1"}, {"demo_buyer=a", "U_1"}, {"demo_buyer=b", "U_2"}, {"demo_buyer=E_1", "U_1"}} {
		status, header, page := fetch(t, m, "/p/1003", c.cookie)
		if status != http.StatusOK || header.Get("Cache-Control") != "no-store" {
			t.Errorf("%q: %d, %q", c.cookie, status, header.Get("Cache-Control"))
		}
		if got := tokens(t, page); len(got) != 1 || got[0] != (chat.Actor{UID: c.want}) {
			t.Errorf("%q: the page signs in %v, want %s", c.cookie, got, c.want)
		}
		if !strings.Contains(page, `name="next" value="/chat?product=1003"`) {
			t.Errorf("%q: the page leads elsewhere", c.cookie)
		}
	}
}

func TestHomeHasADoorForEveryAgent(t *testing.T) {
	_, _, page := fetch(t, market(t, "http://127.0.0.1:8080"), "/")
	seen := make(map[chat.UID]int)
	for _, a := range tokens(t, page) {
		if a.Agent == "" || a.AgentName == "" {
			t.Errorf("%v is no agent", a)
		}
		seen[a.UID]++
	}
	for _, uid := range []chat.UID{"V_1", "V_2", "E_1", "E_2"} {
		if seen[uid] < 2 {
			t.Errorf("%s has %d doors, want 2 or more", uid, seen[uid])
		}
	}
}

func TestCatalog(t *testing.T) {
	m := market(t, "http://127.0.0.1:8080")
	if len(m.products) < 12 {
		t.Errorf("%d products, want a dozen", len(m.products))
	}
	for _, p := range m.products {
		if strings.HasPrefix(p.Shop, "V_") != p.Virtual {
			t.Errorf("%s: a shop of %s sells it, virtual is %v", p.ID, p.Shop[:1], p.Virtual)
		}
		if status, header, _ := fetch(t, m, artPath(p.ID)); status != http.StatusOK || header.Get("Content-Type") != "image/svg+xml" {
			t.Errorf("%s: picture answers %d", p.ID, status)
		}
		for lang, title := range map[string]string{english: p.Title.EN, chinese: p.Title.ZH} {
			if _, _, page := fetch(t, m, productPath(p.ID)+"?lang="+lang); !strings.Contains(page, title) {
				t.Errorf("%s in %s: no %q", p.ID, lang, title)
			}
		}
	}
	for _, uid := range []string{"V_1", "V_2", "E_1", "E_2", "U_1", "U_2"} {
		if status, _, _ := fetch(t, m, artPath(uid)); status != http.StatusOK {
			t.Errorf("%s: picture answers %d", uid, status)
		}
	}
	for _, path := range []string{"/p/1", "/p/", "/art/nothing.svg", "/art/..%2fpage%2fhome.html", "/page/home.html"} {
		if status, _, _ := fetch(t, m, path); status != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, status)
		}
	}
}

func TestBe(t *testing.T) {
	m := market(t, "http://127.0.0.1:8080")
	for _, c := range []struct {
		buyer, back, want string
		status            int
	}{
		{"b", "/p/1001", "/p/1001", 303},
		{"a", "/", "/", 303},
		{"a", "https://evil.example/", "/", 303},
		{"a", "//evil.example", "/", 303},
		{"a", "/p/../../evil", "/", 303},
		{"merchant", "/", "", 404},
	} {
		form := url.Values{"buyer": {c.buyer}, "back": {c.back}}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/be", strings.NewReader(form.Encode()))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		w := httptest.NewRecorder()
		m.ServeHTTP(w, r)
		if w.Code != c.status || w.Header().Get("Location") != c.want {
			t.Errorf("be %s, back to %s: %d to %q, want %d to %q", c.buyer, c.back, w.Code, w.Header().Get("Location"), c.status, c.want)
		}
	}
}

// A server that refuses a line must not pass for one that has taken everything.
func TestOpen(t *testing.T) {
	for _, c := range []struct {
		name   string
		status int
		answer string
		want   string // part of the error; "" none
	}{
		{"taken", 200, `{"line":1,"ok":true}` + "\n", ""},
		{"one refused", 200, `{"line":1,"ok":true}` + "\n" + `{"line":2,"ok":false,"error":{"code":"invalid_price","message":"no"}}` + "\n", "line 2: no (invalid_price)"},
		{"wrong key", 401, `{"error":{}}`, "401"},
		{"no answer of ours", 200, "<html>", "read what the server says"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := 0
			srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				lines = countLines(t, r)
				w.WriteHeader(c.status)
				_, _ = io.WriteString(w, c.answer)
			}))
			defer srv.Close()
			m := market(t, srv.URL)
			switch err := m.Open(t.Context()); {
			case c.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
			if want := len(m.shops) + len(m.buyers) + len(m.products); lines != want {
				t.Errorf("%d lines, want %d", lines, want)
			}
		})
	}
}

// countLines checks that r is a bulk request and returns how many lines it has.
func countLines(t *testing.T, r *http.Request) int {
	t.Helper()
	if r.URL.Path != "/v1/server/bulk" || r.Header.Get("Authorization") != "Bearer hk_key" {
		t.Errorf("%s with %q", r.URL.Path, r.Header.Get("Authorization"))
	}
	n := 0
	for dec := json.NewDecoder(r.Body); dec.More(); n++ {
		var line map[string]map[string]any
		if err := dec.Decode(&line); err != nil {
			t.Error(err)
			break
		}
	}
	return n
}

func TestYuan(t *testing.T) {
	for cents, want := range map[int64]string{0: "¥0", 5: "¥0.05", 12_800: "¥128", 168_000: "¥1,680", 123_456_789: "¥1,234,567.89"} {
		if got := yuan(cents); got != want {
			t.Errorf("yuan(%d) = %s, want %s", cents, got, want)
		}
	}
}
