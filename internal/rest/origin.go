package rest

import (
	"net/http"
	"net/url"
	"path"
	"slices"
	"strings"

	"haggle/internal/chat"
)

func errOrigin() *chat.Error {
	return chat.Codef(chat.Denied, "origin_not_allowed", "this site may not do that, its address is not in the list of origins")
}

// checkOwnOrigin lets only the server's own pages through: what a cookie allows,
// no other site may ask for. A browser says where a request comes from in Origin
// and, a newer one, in Sec-Fetch-Site; no script can make either up.
func (a *API) checkOwnOrigin(r *http.Request) error {
	if slices.Contains(a.OwnOrigins, r.Header.Get("Origin")) || r.Header.Get("Sec-Fetch-Site") == "same-origin" {
		return nil
	}
	return errOrigin()
}

// checkShopOrigin lets only the shop's pages, and the server's own, sign people
// in: another site could sign a visitor in as somebody else.
func (a *API) checkShopOrigin(r *http.Request) error {
	origin := r.Header.Get("Origin")
	if unknownOrigin(origin) {
		return errOrigin()
	}
	if slices.Contains(a.Origins, origin) || slices.Contains(a.OwnOrigins, origin) {
		return nil
	}
	return errOrigin()
}

// unknownOrigin reports whether a page does not say where it is from. One with
// Referrer-Policy: no-referrer says "null", and so do sandboxed frames.
func unknownOrigin(origin string) bool { return origin == "" || origin == "null" }

const (
	pathChat    = "/chat"
	pathConsole = "/console"
	maxNext     = 2048
)

// checkNext returns where to go after signing in: a path of the server's own, as
// the shop asked or, with "", the start page of the side. Anything that a browser
// could read as another site's address is refused.
func checkNext(next string, side chat.Side) (string, error) {
	if next == "" {
		if side == chat.MerchantSide {
			return pathConsole, nil
		}
		return pathChat, nil
	}
	bad := chat.Codef(chat.Invalid, "invalid_next", "next is a path that starts with %s or %s", pathChat, pathConsole)
	if len(next) > maxNext || strings.ContainsFunc(next, func(c rune) bool { return c <= ' ' || c == '\\' || c >= 0x7f }) {
		return "", bad
	}
	u, err := url.Parse(next)
	if err != nil || u.Scheme != "" || u.Host != "" || u.User != nil || u.Opaque != "" ||
		u.Path != path.Clean(u.Path) || strings.ContainsRune(u.Path, '\\') {
		return "", bad
	}
	for _, own := range []string{pathChat, pathConsole} {
		if u.Path == own || strings.HasPrefix(u.Path, own+"/") {
			return next, nil
		}
	}
	return "", bad
}
