package demo

import (
	"bytes"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// frame is what every page shows around its own.
type frame struct {
	Lang     string
	Title    string
	Here     string // the page's own address
	Buyer    buyer
	Buyers   []buyer
	Home     *home
	Product  *productPage
	Notices  []notice
	Hooked   bool   // the chat tells the marketplace what stays unread
	Language string // the other one
}

// T returns what is said in the page's language.
func (f *frame) T(en, zh string) string { return text{en, zh}.in(f.Lang) }

// In returns t in the page's language.
func (f *frame) In(t text) string { return t.in(f.Lang) }

// With returns what the card of an offer needs.
func (f *frame) With(o offer) card { return card{f, o} }

type card struct {
	Frame *frame
	Offer offer
}

type home struct {
	Products []offer
	Shops    []shopCard
}

// offer is a product and who sells it.
type offer struct {
	product

	Seller shop
}

// shopCard is a shop and the doors to its console.
type shopCard struct {
	shop

	Staff []door
}

// door lets the visitor into the chat as somebody: its token is posted to the
// server by a form.
type door struct {
	agent

	Token string
}

type productPage struct {
	offer

	Token string // of the visitor, as a buyer
	Next  string // where the chat about this product is
	More  []offer
}

func (m *Market) home(w http.ResponseWriter, r *http.Request) {
	f := m.frame(w, r)
	f.Title = f.T("Lantern Lane", "灯巷")
	f.Home = &home{Products: m.offers(func(product) bool { return true })}
	for _, s := range m.shops {
		card := shopCard{shop: s}
		for _, a := range s.Agents {
			token, err := m.agentToken(s, a, f.Lang)
			if err != nil {
				m.broken(w)
				return
			}
			card.Staff = append(card.Staff, door{a, token})
		}
		f.Home.Shops = append(f.Home.Shops, card)
	}
	m.render(w, "home.html", http.StatusOK, f)
}

func (m *Market) product(w http.ResponseWriter, r *http.Request) {
	id := r.PathValue("id")
	found := m.offers(func(p product) bool { return p.ID == id })
	if len(found) == 0 {
		m.missing(w, r)
		return
	}
	f := m.frame(w, r)
	token, err := m.buyerToken(f.Buyer)
	if err != nil {
		m.broken(w)
		return
	}
	f.Title = found[0].Title.in(f.Lang)
	f.Product = &productPage{
		offer: found[0], Token: token, Next: "/chat?product=" + url.QueryEscape(id),
		More: m.offers(func(p product) bool { return p.Shop == found[0].Shop && p.ID != id }),
	}
	m.render(w, "product.html", http.StatusOK, f)
}

// be makes the visitor another buyer.
func (m *Market) be(w http.ResponseWriter, r *http.Request) {
	r.Body = http.MaxBytesReader(w, r.Body, 4<<10)
	key := r.PostFormValue("buyer")
	if !slices.ContainsFunc(m.buyers, func(b buyer) bool { return b.Key == key }) {
		m.missing(w, r)
		return
	}
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // who one is in the demo is no secret, and it has no TLS
		Name: buyerCookie, Value: key, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
	http.Redirect(w, r, m.back(r.PostFormValue("back")), http.StatusSeeOther)
}

// back returns the page to go back to, which is one of the marketplace's own.
func (m *Market) back(to string) string {
	for _, p := range m.products {
		if to == productPath(p.ID) {
			return productPath(p.ID)
		}
	}
	return "/"
}

func (m *Market) missing(w http.ResponseWriter, r *http.Request) {
	f := m.frame(w, r)
	f.Title = f.T("There is nothing here", "这里没有内容")
	m.render(w, "missing.html", http.StatusNotFound, f)
}

func (m *Market) broken(w http.ResponseWriter) {
	http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
}

func (m *Market) offers(want func(product) bool) []offer {
	var list []offer
	for _, p := range m.products {
		if !want(p) {
			continue
		}
		i := slices.IndexFunc(m.shops, func(s shop) bool { return s.UID == p.Shop })
		list = append(list, offer{p, m.shops[i]})
	}
	return list
}

// frame reads who the visitor is and which language it is to be.
func (m *Market) frame(w http.ResponseWriter, r *http.Request) *frame {
	f := &frame{Lang: language(r), Here: r.URL.Path, Buyer: m.buyers[0], Buyers: m.buyers, Language: chinese, Hooked: len(m.site.Webhook) > 0}
	if f.Lang == chinese {
		f.Language = english
	}
	if asked := r.URL.Query().Get("lang"); asked != "" {
		http.SetCookie(w, &http.Cookie{ //nolint:gosec // a language is no secret
			Name: langCookie, Value: f.Lang, Path: "/", HttpOnly: true, SameSite: http.SameSiteLaxMode,
		})
	}
	if c, err := r.Cookie(buyerCookie); err == nil {
		for _, b := range m.buyers {
			if b.Key == c.Value {
				f.Buyer = b
			}
		}
	}
	return f
}

// language is what the address asks for, else what was asked for before, else
// the browser's.
func language(r *http.Request) string {
	asked := r.URL.Query().Get("lang")
	if c, err := r.Cookie(langCookie); asked == "" && err == nil {
		asked = c.Value
	}
	if asked == "" {
		asked = r.Header.Get("Accept-Language")
	}
	if strings.HasPrefix(strings.ToLower(asked), "zh") {
		return chinese
	}
	return english
}

func (m *Market) render(w http.ResponseWriter, name string, status int, f *frame) {
	var b bytes.Buffer
	if err := m.pages.ExecuteTemplate(&b, name, f); err != nil {
		m.broken(w)
		return
	}
	m.header(w)
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store") // there are tokens in it
	h.Set("Vary", "Accept-Language, Cookie")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // who asked has gone
}
