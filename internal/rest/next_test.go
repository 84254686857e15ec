package rest

import (
	"net/url"
	"strings"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

func TestCheckNext(t *testing.T) {
	for next, ok := range map[string]bool{
		"/chat": true, "/chat?product=1001": true, "/chat/": false, "/chat/x": true, "/console": true,
		"/console/c/abc?x=/y#z": true, "/chat?next=https://evil.example": true, "/chat#//x": true,

		"/": false, "/v1/me": false, "/chatter": false, "/consoles": false, "chat": false, "/docs": false,
		"//evil.example/chat": false, "///evil.example/chat": false, "/\\evil.example": false, "\\/evil.example": false,
		"/chat\\..\\x": false, "https://evil.example/chat": false, "javascript:alert(1)": false,
		"/chat/../v1/logout": false, "/chat/%2e%2e/v1/me": false, "/chat//x": false, "/chat/%5c": false,
		"/chat\r\nSet-Cookie: a=b": false, "/chat\t": false, " /chat": false, "/chat?x= ": false,
		"/chat\u2028": false, "/chat%zz": false, "@evil.example/chat": false, "/chat?" + strings.Repeat("x", maxNext): false,
	} {
		got, err := checkNext(next, chat.BuyerSide)
		if (err == nil) != ok || (ok && got != next) {
			t.Errorf("checkNext(%q) = %q, %v, want accepted: %v", next, got, err, ok)
		}
	}
}

// Whatever passes stays on this server.
func FuzzCheckNext(f *testing.F) {
	for _, s := range []string{"/chat?x=1", "//chat", "/chat\\x", "/chat/%2f%2fevil", "/console#a"} {
		f.Add(s)
	}
	base := &url.URL{Scheme: "https", Host: "chat.example", Path: "/v1/login"}
	f.Fuzz(func(t *testing.T, next string) {
		got, err := checkNext(next, chat.MerchantSide)
		if err != nil {
			return
		}
		u, err := base.Parse(got)
		if err != nil || u.Host != base.Host || u.Scheme != base.Scheme ||
			(!strings.HasPrefix(u.Path, pathChat) && !strings.HasPrefix(u.Path, pathConsole)) {
			t.Errorf("checkNext(%q) leads to %v, %v", next, u, err)
		}
	})
}

func FuzzDecodeCursor(f *testing.F) {
	f.Add("eyJvIjoibmV3ZXN0IiwidCI6MSwiaSI6ImEifQ")
	f.Add("")
	f.Fuzz(func(t *testing.T, s string) {
		c, err := decodeCursor(s, chat.NewestFirst)
		if err == nil && s != "" && (c == nil || c.ID == "") {
			t.Errorf("cursor %q = %+v", s, c)
		}
	})
}

// Statuses are one table; whatever kind the domain adds must be put there.
func TestStatusOf(t *testing.T) {
	seen := map[int]chat.Kind{}
	for k := chat.Internal; k <= chat.Unavailable; k++ {
		status := wire.StatusOf(k)
		if other, twice := seen[status]; twice {
			t.Errorf("%v and %v are both %d", k, other, status)
		}
		seen[status] = k
	}
}

func TestAcceptsJSON(t *testing.T) {
	for accept, want := range map[string]bool{
		"": true, "*/*": true, "application/json": true, "text/html, */*;q=0.8": true, "Application/*": true,
		"text/html": false, "application/json;q=0": false, "application/json; q=0.0": false, "image/*": false,
	} {
		if got := acceptsJSON(accept); got != want {
			t.Errorf("acceptsJSON(%q) = %v, want %v", accept, got, want)
		}
	}
}
