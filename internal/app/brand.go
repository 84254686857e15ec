package app

import (
	"bytes"
	"encoding/json"
	"html/template"
	"net/http"
	"strings"

	"haggle/internal/brand"
	"haggle/internal/config"
	"haggle/internal/plain"
)

// The paths of the shop's looks.
const (
	brandCSSPath  = "/brand.css"
	brandLogoPath = "/brand/logo"
	brandPath     = "/v1/brand"
)

// looks is the shop's brand, as it is served.
type looks struct {
	brand brand.Brand
	css   *asset
	logo  *asset // nil without a file
	body  []byte
}

func newLooks(cfg *config.Branding) (*looks, error) {
	b, err := cfg.Brand()
	if err != nil {
		return nil, err
	}
	l := &looks{brand: b, css: newAsset("brand.css", []byte(b.CSS()))}
	data, mimeType, err := cfg.LogoFile()
	if err != nil {
		return nil, err
	}
	if data != nil {
		l.logo = newAsset("logo", data)
		l.logo.mimeType = mimeType
		l.brand.Logo = brandLogoPath + "?v=" + l.logo.version()
	}
	l.body, err = json.Marshal(l.brand.Body())
	return l, err
}

// version changes with the asset.
func (a *asset) version() string { return strings.Trim(a.etag, `"`) }

// style is the address of the stylesheet; "" where there is nothing to style.
func (l *looks) style() string {
	if !l.brand.Styles() {
		return ""
	}
	return brandCSSPath + "?v=" + l.css.version()
}

// plain returns what the pages without a script have to know.
func (l *looks) plain() plain.Brand {
	return plain.Brand{Name: l.brand.Name, Logo: l.brand.Logo, Style: l.style()}
}

// dress puts the brand into a built page: a stylesheet, and for its script what the
// shop is called and where its logo is. Without a brand the page is as it was built.
func (l *looks) dress(page *asset) *asset {
	if page == nil || l.brand.IsZero() {
		return page
	}
	var head strings.Builder
	if l.style() != "" {
		head.WriteString(`<link rel="stylesheet" href="` + l.style() + `">` + "\n  ")
	}
	if l.brand.Name != "" {
		head.WriteString(`<meta name="haggle-brand" content="` + template.HTMLEscapeString(l.brand.Name) + `">` + "\n  ")
	}
	if l.brand.Logo != "" {
		head.WriteString(`<meta name="haggle-logo" content="` + template.HTMLEscapeString(l.brand.Logo) + `">` + "\n  ")
	}
	data := bytes.Replace(page.data, []byte("</head>"), []byte(head.String()+"</head>"), 1)
	if l.brand.Name != "" { // until the script says more
		data = bytes.Replace(data, []byte("<title>Chat</title>"), []byte("<title>"+template.HTMLEscapeString(l.brand.Name)+"</title>"), 1)
	}
	return newAsset("page.html", data)
}

// dressWidget has the widget's button wear the accent, unless the shop's page says
// otherwise. The script is told by its own attributes: it asks for nothing more.
func (l *looks) dressWidget(script *asset) *asset {
	if l.brand.Accent == nil {
		return script
	}
	p := brand.Derive(*l.brand.Accent, brand.Light())
	worn := `(function(s){if(s){var d=s.dataset;d.accent||(d.onAccent||(d.onAccent="` + p.On.String() + `"),d.accent="` + p.Fill.String() + `")}})(document.currentScript);`
	return newAsset(widgetFile, append([]byte(worn), script.data...))
}

// register adds the brand's paths to mux. Other sites' pages may have all of it: a
// shop's button looks like the chat that it opens.
func (l *looks) register(mux *http.ServeMux, header func(w http.ResponseWriter)) {
	serve := func(a *asset) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			header(w)
			h := w.Header()
			// A picture that is a document is drawn, and never opened as one.
			h.Set("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; sandbox")
			h.Set("Cross-Origin-Resource-Policy", "cross-origin")
			cache := askAgain
			if r.URL.Query().Get("v") == a.version() {
				cache = forEver
			}
			a.serve(w, r, cache)
		}
	}
	mux.HandleFunc("GET "+brandCSSPath, serve(l.css))
	if l.logo != nil {
		mux.HandleFunc("GET "+brandLogoPath, serve(l.logo))
	}
	mux.HandleFunc("GET "+brandPath, func(w http.ResponseWriter, _ *http.Request) {
		header(w)
		h := w.Header()
		h.Set("Content-Type", "application/json")
		h.Set("Cache-Control", "public, max-age=300")
		h.Set("Access-Control-Allow-Origin", "*")
		h.Set("Cross-Origin-Resource-Policy", "cross-origin")
		_, _ = w.Write(l.body) // who asked has gone
	})
}
