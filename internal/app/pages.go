package app

import (
	"bytes"
	"embed"
	"html"
	"html/template"
	"io/fs"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"haggle/internal/config"
	"haggle/internal/plain"
	"haggle/web"
)

// The files that have a path of their own.
const (
	buyerPage   = "buyer.html"
	consolePage = "console.html"
	assetPath   = "/assets/"
	plainCSS    = "/assets/plain.css"
	widgetFile  = "widget.js" // what shops' pages load
	panelFiles  = "assets/widget-panel-*.js"
)

// plainFiles are the pages that need no script.
//
//go:embed page
var plainFiles embed.FS

// pages serves what people look at.
type pages struct {
	files     assets
	panel     *asset // what widget.js loads; nil where it is not built
	plain     *template.Template
	css       *asset
	looks     *looks
	chatCSS   *asset   // of the chat without a script
	ancestors []string // who may frame the buyer's page
	connect   string   // where sockets go, beside 'self'
	scripts   string   // where the buyer's page may load one from, beside 'self'; "" nowhere
	pictures  string   // where --blobs-redirect sends for pictures; "" nowhere
	https     bool
}

// newPages returns the pages in dist. They may be missing: then it says so to
// who asks.
func newPages(dist fs.FS, cfg *config.Config, base *url.URL) (*pages, error) {
	files, err := loadAssets(dist)
	if err != nil {
		return nil, err
	}
	texts, err := template.ParseFS(plainFiles, "page/*.html")
	if err != nil {
		return nil, err
	}
	css, err := plainFiles.ReadFile("page/plain.css")
	if err != nil {
		return nil, err
	}
	shown, err := newLooks(&cfg.Branding)
	if err != nil {
		return nil, err
	}
	for _, name := range []string{buyerPage, consolePage} {
		if page, built := files[name]; built {
			files[name] = shown.dress(page)
		}
	}
	if script, built := files[widgetFile]; built {
		files[widgetFile] = shown.dressWidget(script)
	}
	chatCSS, err := plain.Style()
	if err != nil {
		return nil, err
	}
	tokens := scriptless(web.Tokens())
	scripts := ""
	if u, err := url.Parse(cfg.WeChatJS); err == nil && cfg.HasWeChat() {
		scripts = " " + u.Scheme + "://" + u.Host
	}
	return &pages{
		looks:   shown,
		scripts: scripts,
		files:   files, panel: files.panel(), plain: texts, css: newAsset("plain.css", append(tokens, css...)), chatCSS: newAsset("chat.css", append(tokens, chatCSS...)), ancestors: cfg.Ancestors(),
		// Browsers before 2022 do not take 'self' to mean sockets.
		connect: "ws" + strings.TrimPrefix(base.Scheme, "http") + "://" + base.Host,
		https:   base.Scheme == "https",
	}, nil
}

// scriptless returns the design tokens for pages that no script tells which theme is
// chosen: they go by the device.
func scriptless(tokens string) []byte {
	light, dark, _ := strings.Cut(tokens, `:root[data-theme="dark"]`)
	css := light + "@media (prefers-color-scheme: dark) {\n:root" + dark + "}\n"
	return slices.Clip([]byte(css)) // what is appended is another's
}

// register adds the pages' paths to mux.
func (p *pages) register(mux *http.ServeMux) {
	mux.Handle("GET /chat", p.app(buyerPage, p.ancestors))
	mux.Handle("GET /console", p.app(consolePage, nil))
	mux.Handle("GET /signed-out", p.text("signed-out", http.StatusOK))
	mux.HandleFunc("GET "+assetPath, p.asset)
	p.looks.register(mux, func(w http.ResponseWriter) { p.header(w, nil) })
	mux.HandleFunc("GET "+plainCSS, func(w http.ResponseWriter, r *http.Request) {
		p.header(w, nil)
		p.css.serve(w, r, askAgain)
	})
	mux.HandleFunc("GET "+plain.StylePath, func(w http.ResponseWriter, r *http.Request) {
		p.header(w, nil)
		p.chatCSS.serve(w, r, askAgain)
	})
	for name, file := range p.files {
		if strings.Contains(name, "/") || strings.HasSuffix(name, ".html") {
			continue
		}
		cache := askAgain
		if name == widgetFile {
			cache = forAWhile
		}
		mux.HandleFunc("GET /"+name, func(w http.ResponseWriter, r *http.Request) {
			p.header(w, nil)
			forShops(w)
			file.serve(w, r, cache)
		})
	}
}

// missing answers where there is no page.
func (p *pages) missing() http.Handler { return p.text("not-found", http.StatusNotFound) }

// app serves one of the built pages.
func (p *pages) app(name string, ancestors []string) http.Handler {
	file, built := p.files[name]
	if !built {
		return p.text("not-built", http.StatusServiceUnavailable)
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.header(w, ancestors)
		if name == buyerPage && p.scripts != "" {
			policy := w.Header().Get("Content-Security-Policy")
			w.Header().Set("Content-Security-Policy", strings.Replace(policy, "script-src 'self'", "script-src 'self'"+p.scripts, 1))
		}
		page := file
		if link := plain.LinkFrom(r.URL.Query()); name == buyerPage && link != plain.Path {
			page = file.with(`"`+plain.Path+`"`, `"`+html.EscapeString(link)+`"`)
		}
		page.serve(w, r, askAgain)
	})
}

// asset serves the scripts and styles that the built pages load.
func (p *pages) asset(w http.ResponseWriter, r *http.Request) {
	name, cache := strings.TrimPrefix(r.URL.Path, "/"), forEver
	file := p.files[name]
	if another, _ := path.Match(panelFiles, name); another && file == nil {
		// Who holds a widget.js from before an update, for a while or in a page that stays open,
		// asks for the panel of then (see the class Widget in web/src/widget).
		file, cache = p.panel, askAgain
	}
	if file == nil {
		p.missing().ServeHTTP(w, r)
		return
	}
	p.header(w, nil)
	forShops(w)
	file.serve(w, r, cache)
}

// forShops lets the pages of any site load a file: the widget, and what that loads.
// There is nothing in it that is not for everybody.
func forShops(w http.ResponseWriter) {
	w.Header().Set("Access-Control-Allow-Origin", "*")
	w.Header().Set("Cross-Origin-Resource-Policy", "cross-origin")
}

// text serves one of the plain pages, in the reader's language.
func (p *pages) text(name string, status int) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var b bytes.Buffer
		lang := "en"
		if Chinese(r) {
			lang = "zh-CN"
		}
		if err := p.plain.ExecuteTemplate(&b, name+".html", map[string]any{"Lang": lang, "Chinese": lang != "en", "Style": p.looks.style()}); err != nil {
			http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
			return
		}
		p.header(w, nil)
		h := w.Header()
		h.Set("Content-Type", "text/html; charset=utf-8")
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "Accept-Language")
		w.WriteHeader(status)
		_, _ = w.Write(b.Bytes()) // who asked has gone
	})
}

// header sets what keeps a page from doing, or having done to it, what it has no
// need of.
func (p *pages) header(w http.ResponseWriter, ancestors []string) {
	frame := "'none'"
	if len(ancestors) > 0 {
		frame = strings.Join(ancestors, " ")
	}
	images := "img-src 'self' data: blob: https: http:" // pictures of the shop's products
	if p.pictures != "" {
		images += " " + p.pictures
	}
	h := w.Header()
	h.Set("Content-Security-Policy", strings.Join([]string{
		"default-src 'none'",
		"script-src 'self'",
		"style-src 'self'",
		images,
		"font-src 'self'",
		"media-src 'self'",
		"connect-src 'self' " + p.connect,
		"manifest-src 'self'",
		"worker-src 'self'",
		"form-action 'self'",
		"base-uri 'none'",
		"frame-ancestors " + frame,
	}, "; "))
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=(), payment=(), usb=()")
	h.Set("Cross-Origin-Opener-Policy", "same-origin-allow-popups")
	if p.https {
		h.Set("Strict-Transport-Security", "max-age=31536000")
	}
}

// Chinese reports whether the reader wants Chinese: by ?lang, else by the
// browser's first language among those there are.
func Chinese(r *http.Request) bool {
	if lang := r.URL.Query().Get("lang"); lang != "" {
		return strings.HasPrefix(strings.ToLower(lang), "zh")
	}
	for part := range strings.SplitSeq(r.Header.Get("Accept-Language"), ",") {
		tag, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(part)), ";")
		switch {
		case strings.HasPrefix(tag, "zh"):
			return true
		case strings.HasPrefix(tag, "en"):
			return false
		}
	}
	return false
}
