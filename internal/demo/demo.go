package demo

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"net/http"
	"path"
	"strings"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

//go:embed page art
var files embed.FS

// Site is what a marketplace is told about the server it works with, as it would
// be in its settings.
type Site struct {
	BaseURL     string // as browsers reach it
	APIURL      string // as the marketplace's own servers do
	TokenSecret []byte
	KeyID       string
	APIKey      string
	Webhook     []string // secrets that what it is told is signed with; nil: it is told nothing
}

// tokenLife is how long somebody stays signed in to the chat.
const tokenLife = 12 * time.Hour

// The cookies in which the marketplace keeps who the visitor is, which a real one
// has a sign-in for, and in which language.
const (
	buyerCookie = "demo_buyer"
	langCookie  = "demo_lang"
)

// Market is the marketplace.
type Market struct {
	site     Site
	shops    []shop
	buyers   []buyer
	products []product
	pages    *template.Template
	mux      *http.ServeMux
	told     told
}

// New returns the marketplace that works with site. Beside its pages it serves weChat,
// a stand-in for WeChat's servers, unless that is nil.
func New(site Site, weChat http.Handler) (*Market, error) {
	m := &Market{
		site: site, shops: shops(), buyers: buyers(), products: products(),
		mux: http.NewServeMux(),
	}
	var err error
	m.pages, err = template.New("").Funcs(template.FuncMap{"art": artPath, "path": productPath, "yuan": yuan}).
		ParseFS(files, "page/*.html")
	if err != nil {
		return nil, fmt.Errorf("pages of the demo: %w", err)
	}
	m.mux.HandleFunc("GET /{$}", m.home)
	m.mux.HandleFunc("GET /p/{id}", m.product)
	m.mux.HandleFunc("POST /be", m.be)
	m.mux.HandleFunc("GET /art/{file}", func(w http.ResponseWriter, r *http.Request) {
		m.file(w, r, "art/"+path.Base(r.PathValue("file"))) // the value may hold an encoded slash
	})
	if len(site.Webhook) > 0 {
		m.mux.HandleFunc("POST "+WebhookPath, m.hook)
		m.mux.HandleFunc("GET /notices", m.notices)
	}
	m.mux.HandleFunc("GET /demo.css", func(w http.ResponseWriter, r *http.Request) { m.file(w, r, "page/demo.css") })
	if weChat != nil {
		m.mux.Handle("/cgi-bin/", weChat)
		m.mux.Handle("/standin/", weChat)
	}
	m.mux.HandleFunc("/", m.missing)
	return m, nil
}

// ServeHTTP serves the marketplace's pages.
func (m *Market) ServeHTTP(w http.ResponseWriter, r *http.Request) { m.mux.ServeHTTP(w, r) }

func artPath(id string) string     { return "/art/" + id + ".svg" }
func productPath(id string) string { return "/p/" + id }

// yuan writes a price.
func yuan(cents int64) string {
	s := fmt.Sprintf("%d", cents/100)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	if cents%100 != 0 {
		s += fmt.Sprintf(".%02d", cents%100)
	}
	return "¥" + s
}

// file serves one of the embedded files.
func (m *Market) file(w http.ResponseWriter, r *http.Request, name string) {
	data, err := files.ReadFile(name)
	if err != nil {
		m.missing(w, r)
		return
	}
	sum := sha256.Sum256(data)
	m.header(w)
	h := w.Header()
	h.Set("ETag", `"`+base64.RawURLEncoding.EncodeToString(sum[:12])+`"`)
	h.Set("Cache-Control", "no-cache")
	h.Set("Content-Type", "text/css; charset=utf-8")
	if strings.HasSuffix(name, ".svg") {
		h.Set("Content-Type", "image/svg+xml")
	}
	http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(data))
}

// token signs who somebody is, for the chat.
func (m *Market) token(claims auth.ShopClaims) (string, error) {
	now := time.Now()
	claims.KeyID, claims.IssuedAt, claims.ExpiresAt = m.site.KeyID, now, now.Add(tokenLife)
	return auth.SignShopToken(m.site.TokenSecret, claims)
}

// buyerToken says that the visitor is b.
func (m *Market) buyerToken(b buyer) (string, error) {
	return m.token(auth.ShopClaims{UID: chat.UID(b.UID)})
}

// agentToken says that the visitor is one of the staff of s.
func (m *Market) agentToken(s shop, a agent, lang string) (string, error) {
	return m.token(auth.ShopClaims{UID: chat.UID(s.UID), Agent: chat.AgentID(a.ID), AgentName: a.Name.in(lang)})
}

// header keeps the pages to what they need: the chat's own script, and the chat in
// a frame, as docs/widget.md has it for every shop.
func (m *Market) header(w http.ResponseWriter) {
	h := w.Header()
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; frame-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'")
	h.Set("X-Content-Type-Options", "nosniff")
	// Not no-referrer: a form's Origin would be null then, and the chat asks for it.
	h.Set("Referrer-Policy", "same-origin")
}
