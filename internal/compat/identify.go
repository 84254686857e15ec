package compat

import (
	"net/http"
	"net/url"
	"strings"

	"haggle/internal/chat"
)

// CookieName is the cookie in which the shop's pages carry the marketplace's token.
// Cookies do not tell ports apart, so the socket's upgrade has it too.
const CookieName = "haggle_token"

// identify tells who a request is from: by the header Authorization, else by the
// cookie. Only the marketplace's own tokens count.
func (s *Server) identify(r *http.Request) (chat.Identity, error) {
	token := tokenOf(r)
	if token == "" {
		return chat.Identity{}, chat.Codef(chat.Unauthenticated, "token_missing", "sign in: the cookie %s is missing", CookieName)
	}
	return s.verifier.VerifyShop(r.Context(), token)
}

// tokenOf returns the token of a request, "" for none.
func tokenOf(r *http.Request) string {
	if scheme, token, ok := strings.Cut(r.Header.Get("Authorization"), " "); ok && strings.EqualFold(scheme, "bearer") {
		return strings.TrimSpace(token)
	}
	if c, err := r.Cookie(CookieName); err == nil {
		return c.Value
	}
	return ""
}

// checkSite refuses what a page of another site has a browser do with the person's
// cookie. Browsers say where a request comes from, newer ones in Origin and
// Sec-Fetch-Site, older ones in Referer; one that says nothing at all is let through
// only with a token in Authorization, which no browser adds by itself.
func (s *Server) checkSite(r *http.Request) error {
	switch origin, site := r.Header.Get("Origin"), r.Header.Get("Sec-Fetch-Site"); {
	case origin != "":
		if s.opts.AllowOrigin(origin) {
			return nil
		}
	case site == "same-origin":
		return nil
	case site != "": // and no Origin: not a post of ours
	case r.Header.Get("Referer") != "":
		if u, err := url.Parse(r.Header.Get("Referer")); err == nil && s.opts.AllowOrigin(u.Scheme+"://"+u.Host) {
			return nil
		}
	case r.Header.Get("Authorization") != "":
		return nil
	}
	return chat.Codef(chat.Denied, "origin_not_allowed", "this site may not do that, its address is not in the list of origins")
}
