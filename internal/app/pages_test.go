package app

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/fstest"

	"haggle/internal/config"
)

// site returns a mux with pages as the build leaves them.
func site(t *testing.T, cfg *config.Config, base string) *http.ServeMux {
	t.Helper()
	dist := fstest.MapFS{
		"buyer.html":            {Data: []byte("<head><title>buyer</title></head><a href=\"/chat/plain\">")},
		"console.html":          {Data: []byte("<head><title>console</title></head>")},
		"favicon.svg":           {Data: []byte("<svg/>")},
		".gitkeep":              {},
		"assets/buyer-AbC12.js": {Data: []byte(strings.Repeat("console.log(1);\n", 500))},
		"assets/tiny-AbC12.css": {Data: []byte("a{}")},
		"widget.js":             {Data: []byte(`(()=>{import("/assets/widget-panel-NeW34567.js")})()`)},

		"assets/widget-panel-NeW34567.js": {Data: []byte("export class Panel {}")},
		"assets/widget-panel-BeFore12.js": {Data: []byte("export class Old {}")}, // left by a build before

		// As the build has compressed it: the server says what it was given.
		"assets/packed-AbC12.js":    {Data: []byte("plain")},
		"assets/packed-AbC12.js.gz": {Data: []byte("zipped")},
		"assets/packed-AbC12.js.br": {Data: []byte("brotli")},
		"assets/zipped-AbC12.js":    {Data: []byte("plain")},
		"assets/zipped-AbC12.js.gz": {Data: []byte("zipped")},
	}
	u, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	p, err := newPages(dist, cfg, u)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p.register(mux)
	mux.Handle("/", p.missing())
	return mux
}

func ask(t *testing.T, h http.Handler, path string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func TestPages(t *testing.T) {
	mux := site(t, &config.Config{}, "http://127.0.0.1:8080")
	for _, c := range []struct {
		path, mimeType, cache string
		status                int
	}{
		{"/chat?product=1", "text/html; charset=utf-8", "no-cache", 200},
		{"/console", "text/html; charset=utf-8", "no-cache", 200},
		{"/signed-out", "text/html; charset=utf-8", "no-store", 200},
		{"/favicon.svg", "image/svg+xml", "no-cache", 200},
		{"/widget.js", "text/javascript; charset=utf-8", "public, max-age=600", 200},
		{"/assets/buyer-AbC12.js", "text/javascript; charset=utf-8", "public, max-age=31536000, immutable", 200},
		{"/assets/plain.css", "text/css; charset=utf-8", "no-cache", 200},
		{"/assets/gone.js", "text/html; charset=utf-8", "no-store", 404},
		{"/assets/../buyer.html", "text/html; charset=utf-8", "", 307},
		{"/buyer.html", "text/html; charset=utf-8", "no-store", 404},
		{"/.gitkeep", "text/html; charset=utf-8", "no-store", 404},
		{"/", "text/html; charset=utf-8", "no-store", 404},
	} {
		resp := ask(t, mux, c.path)
		if resp.Code != c.status || resp.Header().Get("Content-Type") != c.mimeType || resp.Header().Get("Cache-Control") != c.cache {
			t.Errorf("%s: %d, %q, cache %q; want %d, %q, cache %q", c.path, resp.Code,
				resp.Header().Get("Content-Type"), resp.Header().Get("Cache-Control"), c.status, c.mimeType, c.cache)
		}
	}
}

// A shop's page is of another origin: a policy of its own may ask that the widget and
// what that loads say that they are for everybody.
func TestWidgetIsForShops(t *testing.T) {
	mux := site(t, &config.Config{}, "https://chat.example")
	for _, path := range []string{"/widget.js", "/assets/buyer-AbC12.js"} {
		h := ask(t, mux, path, "Origin", "https://shop.example").Header()
		if h.Get("Cross-Origin-Resource-Policy") != "cross-origin" || h.Get("Access-Control-Allow-Origin") != "*" || h.Get("Access-Control-Allow-Credentials") != "" {
			t.Errorf("%s: %v", path, h)
		}
	}
	if h := ask(t, mux, "/chat", "Origin", "https://shop.example").Header(); h.Get("Access-Control-Allow-Origin") != "" {
		t.Errorf("the page itself: %v", h)
	}
}

// After an update, shoppers hold the widget.js of before for a while: the panel it loads
// was named by its content, and the button was dead for them.
func TestWidgetOfBeforeAnUpdateOpens(t *testing.T) {
	mux := site(t, &config.Config{}, "https://chat.example")
	for _, c := range []struct{ path, cache, body string }{
		{"/assets/widget-panel-NeW34567.js", "public, max-age=31536000, immutable", "export class Panel {}"},
		{"/assets/widget-panel-OlD-_567.js", "no-cache", "export class Panel {}"},
	} {
		resp := ask(t, mux, c.path, "Origin", "https://shop.example")
		h := resp.Header()
		if resp.Code != http.StatusOK || resp.Body.String() != c.body || h.Get("Cache-Control") != c.cache ||
			!strings.HasPrefix(h.Get("Content-Type"), "text/javascript") || h.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %d, %v, %q; want the panel of now, cache %q", c.path, resp.Code, h, resp.Body, c.cache)
		}
	}
	for _, path := range []string{"/assets/widget-panel-OlD-_567.css", "/assets/widget-panel-a/b.js", "/assets/widget-OlD.js"} {
		if resp := ask(t, mux, path); resp.Code != http.StatusNotFound {
			t.Errorf("%s: %d, want 404", path, resp.Code)
		}
	}
}

// Every page must refuse inline scripts, foreign frames and guessing of types:
// what somebody writes into a chat may be anything.
func TestPagesAreStrict(t *testing.T) {
	framed := &config.Config{Trust: config.Trust{FrameAncestors: []string{"https://*.shop.example"}}}
	mux := site(t, framed, "https://chat.example")
	for _, c := range []struct{ path, frame string }{
		{"/chat", "frame-ancestors https://*.shop.example"},
		{"/console", "frame-ancestors 'none'"},
		{"/signed-out", "frame-ancestors 'none'"},
		{"/assets/tiny-AbC12.css", "frame-ancestors 'none'"},
		{"/nothing", "frame-ancestors 'none'"},
	} {
		h := ask(t, mux, c.path).Header()
		csp := h.Get("Content-Security-Policy")
		for _, want := range []string{"default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self' wss://chat.example", "base-uri 'none'", c.frame} {
			if !strings.Contains("; "+csp+";", "; "+want+";") {
				t.Errorf("%s: policy %q has no %q", c.path, csp, want)
			}
		}
		if strings.Contains(csp, "unsafe") {
			t.Errorf("%s: policy %q", c.path, csp)
		}
		for name, want := range map[string]string{
			"X-Content-Type-Options": "nosniff", "Referrer-Policy": "same-origin", "Strict-Transport-Security": "max-age=31536000",
		} {
			if got := h.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", c.path, name, got, want)
			}
		}
	}
}

func TestAssetIsCompressed(t *testing.T) {
	mux := site(t, &config.Config{}, "http://127.0.0.1:8080")
	plain := ask(t, mux, "/assets/buyer-AbC12.js")
	zipped := ask(t, mux, "/assets/buyer-AbC12.js", "Accept-Encoding", "br, gzip;q=0.8")
	if zipped.Header().Get("Content-Encoding") != "gzip" || zipped.Header().Get("Vary") != "Accept-Encoding" {
		t.Fatalf("headers %v, want gzip", zipped.Header())
	}
	r, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	want, err := io.ReadAll(plain.Body)
	if err != nil || string(got) != string(want) {
		t.Errorf("unzipped it is something else (%v)", err)
	}
	if plain.Header().Get("ETag") == zipped.Header().Get("ETag") {
		t.Error("both forms have one ETag, so that a cache may mix them up")
	}
	if resp := ask(t, mux, "/assets/buyer-AbC12.js", "Accept-Encoding", "gzip", "If-None-Match", zipped.Header().Get("ETag")); resp.Code != http.StatusNotModified {
		t.Errorf("asked again: %d, want 304", resp.Code)
	}
	for _, accept := range []string{"", "br", "gzip;q=0", "identity"} {
		if enc := ask(t, mux, "/assets/buyer-AbC12.js", "Accept-Encoding", accept).Header().Get("Content-Encoding"); enc != "" {
			t.Errorf("accepts %q, gets %q", accept, enc)
		}
	}
}

// What the build has compressed, which takes more time for it, goes out as it is.
func TestAssetIsCompressed_byTheBuild(t *testing.T) {
	mux := site(t, &config.Config{}, "http://127.0.0.1:8080")
	tags := make(map[string]bool)
	for _, c := range []struct{ name, accept, body, coding string }{
		{"packed", "", "plain", ""},
		{"packed", "gzip, deflate", "zipped", "gzip"},
		{"packed", "gzip, deflate, br, zstd", "brotli", "br"},
		{"packed", "gzip, br;q=0", "zipped", "gzip"},
		{"zipped", "gzip, br", "zipped", "gzip"},
		{"zipped", "br", "plain", ""},
	} {
		resp := ask(t, mux, "/assets/"+c.name+"-AbC12.js", "Accept-Encoding", c.accept)
		if got, coding := resp.Body.String(), resp.Header().Get("Content-Encoding"); got != c.body || coding != c.coding {
			t.Errorf("%s for whom accepts %q: %q in coding %q, want %q in %q", c.name, c.accept, got, coding, c.body, c.coding)
		}
		if c.name == "packed" {
			tags[resp.Header().Get("ETag")] = true
		}
	}
	if len(tags) != 3 {
		t.Errorf("three forms have the ETags %v, so that a cache may mix them up", tags)
	}
	for _, suffix := range []string{".gz", ".br"} {
		if resp := ask(t, mux, "/assets/packed-AbC12.js"+suffix); resp.Code != http.StatusNotFound {
			t.Errorf("the form %s by its own name: %d, want 404", suffix, resp.Code)
		}
	}
}

func TestPagesNotBuilt(t *testing.T) {
	p, err := newPages(fstest.MapFS{".gitkeep": {}}, &config.Config{}, &url.URL{Scheme: "http", Host: "127.0.0.1"})
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	p.register(mux)
	resp := ask(t, mux, "/chat")
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.Code != http.StatusServiceUnavailable || !strings.Contains(string(body), "make build") {
		t.Errorf("%d %s, want 503 and what to do", resp.Code, body)
	}
}

func TestPlainPagesSpeakChinese(t *testing.T) {
	mux := site(t, &config.Config{}, "http://127.0.0.1:8080")
	for _, c := range []struct{ path, accept, want string }{
		{"/signed-out", "", "You are signed out"},
		{"/signed-out", "fr, en;q=0.5, zh;q=0.2", "You are signed out"},
		{"/signed-out", "zh-CN,zh;q=0.9,en;q=0.8", "您已退出登录"},
		{"/signed-out?lang=zh-CN", "en", "您已退出登录"},
		{"/signed-out?lang=en", "zh-CN", "You are signed out"},
		{"/nothing", "zh-TW", "这里没有内容"},
	} {
		body, err := io.ReadAll(ask(t, mux, c.path, "Accept-Language", c.accept).Body)
		if err != nil || !strings.Contains(string(body), c.want) {
			t.Errorf("%s for %q: no %q (%v)", c.path, c.accept, c.want, err)
		}
	}
}

// A script of another's may run on the buyer's page only where there is an official
// account, from WeChat's host alone, and never on the console.
func TestPages_weChat(t *testing.T) {
	const from = "script-src 'self' https://res.wx.qq.com;"
	cfg := &config.Config{WeChat: config.WeChat{WeChatAppID: "wx1", WeChatJS: "https://res.wx.qq.com/open/js/jweixin-1.6.0.js"}}
	for _, c := range []struct {
		cfg  *config.Config
		path string
		want bool
	}{{cfg, "/chat", true}, {cfg, "/console", false}, {&config.Config{WeChat: config.WeChat{WeChatJS: cfg.WeChatJS}}, "/chat", false}} {
		policy := ask(t, site(t, c.cfg, "https://chat.example"), c.path).Header().Get("Content-Security-Policy")
		if got := strings.Contains(policy, from); got != c.want || strings.Contains(policy, "res.wx.qq.com") != c.want {
			t.Errorf("%s: the policy is %s", c.path, policy)
		}
	}
}
