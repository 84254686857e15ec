package app

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"haggle/internal/brand"
	"haggle/internal/config"
	"haggle/internal/plain"
)

// Without a brand nothing is asked for that was not before.
func TestNoBrand(t *testing.T) {
	mux := site(t, &config.Config{}, "http://127.0.0.1:8080")
	for _, path := range []string{"/chat", "/console"} {
		if body := ask(t, mux, path).Body.String(); strings.Contains(body, "brand") {
			t.Errorf("%s: %s", path, body)
		}
	}
	if w := ask(t, mux, "/brand.css"); w.Code != http.StatusOK || w.Body.Len() != 0 {
		t.Errorf("/brand.css: %d %q", w.Code, w.Body)
	}
	if w := ask(t, mux, "/v1/brand"); w.Code != http.StatusOK || w.Body.String() != "{}" {
		t.Errorf("/v1/brand: %d %q", w.Code, w.Body)
	}
}

func TestBrand(t *testing.T) {
	logo := filepath.Join(t.TempDir(), "logo.svg")
	if err := os.WriteFile(logo, []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := &config.Config{}
	cfg.BrandName, cfg.BrandAccent, cfg.BrandRadius, cfg.BrandLogo = `Lamps "&" <More>`, "#ff6a00", "8", logo
	mux := site(t, cfg, "http://127.0.0.1:8080")
	var css, picture string
	for _, path := range []string{"/chat", "/console", "/chat?product=1"} {
		body := ask(t, mux, path).Body.String()
		_, rest, _ := strings.Cut(body, `<link rel="stylesheet" href="`)
		css, _, _ = strings.Cut(rest, `"`)
		_, rest, _ = strings.Cut(body, `<meta name="haggle-logo" content="`)
		picture, _, _ = strings.Cut(rest, `"`)
		if !strings.HasPrefix(css, "/brand.css?v=") || !strings.Contains(body, `<meta name="haggle-brand" content="Lamps &#34;&amp;&#34; &lt;More&gt;">`) {
			t.Errorf("%s: %s", path, body)
		}
	}
	for path, want := range map[string]struct{ mime, cache string }{
		css: {"text/css; charset=utf-8", forEver}, "/brand.css": {"text/css; charset=utf-8", askAgain}, "/brand.css?v=old": {"text/css; charset=utf-8", askAgain},
		picture: {"image/svg+xml", forEver},
	} {
		w := ask(t, mux, path)
		h := w.Header()
		if w.Code != http.StatusOK || h.Get("Content-Type") != want.mime || h.Get("Cache-Control") != want.cache || h.Get("X-Content-Type-Options") != "nosniff" {
			t.Errorf("%s: %d %v", path, w.Code, h)
		}
		if policy := h.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'") || !strings.Contains(policy, "sandbox") {
			t.Errorf("%s: a logo that is a document would run under %q", path, policy)
		}
	}
	if script := ask(t, mux, "/widget.js").Body.String(); !strings.Contains(script, `d.accent="#ff6a00"`) || !strings.HasSuffix(script, "})()") {
		t.Errorf("the widget is %s", script)
	}
	w := ask(t, mux, "/v1/brand")
	var body brand.Body
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil || w.Header().Get("Access-Control-Allow-Origin") != "*" {
		t.Fatalf("%v %v", err, w.Header())
	}
	if body.Name != cfg.BrandName || body.Accent != "#ff6a00" || *body.Radius != 8 || body.Light.Fill != "#ff6a00" || body.Light.On != "#171a23" || body.Logo != picture {
		t.Errorf("body %s", w.Body)
	}
}

// The pages without a script have the tokens that the others have, by the device's theme,
// and the shop's over them.
func TestScriptlessTokens(t *testing.T) {
	cfg := &config.Config{}
	cfg.BrandAccent = "#ff6a00"
	mux := site(t, cfg, "http://127.0.0.1:8080")
	used := regexp.MustCompile(`var\(--([a-z0-9-]+)\)`)
	for _, path := range []string{plainCSS, plain.StylePath} {
		css := ask(t, mux, path).Body.String()
		light, dark, ok := strings.Cut(css, "@media (prefers-color-scheme: dark) {\n:root {")
		if !ok || strings.Contains(css, "data-theme=") || strings.Count(css, "{") != strings.Count(css, "}") {
			t.Errorf("%s has no dark theme that holds without a script:\n%s", path, css)
		}
		for _, m := range used.FindAllStringSubmatch(css, -1) {
			if !strings.Contains(light, "--"+m[1]+":") {
				t.Errorf("%s: there is no token %s", path, m[1])
			}
		}
		if !strings.Contains(light, "--accent: #3d4fd7;") || !strings.Contains(dark, "--accent: #97a3ff;") {
			t.Errorf("%s has an accent of its own", path)
		}
	}
	for _, path := range []string{"/signed-out", "/nothing-here"} {
		if body := ask(t, mux, path).Body.String(); !strings.Contains(body, `href="/brand.css?v=`) {
			t.Errorf("%s is not in the shop's colours: %s", path, body)
		}
	}
}
