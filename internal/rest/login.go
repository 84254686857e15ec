package rest

import (
	"context"
	"mime"
	"net/http"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

// The cookies. One person may be a buyer and an agent in one browser.
const (
	cookieBuyer    = "haggle_buyer"
	cookieMerchant = "haggle_merchant"
	// cookieFramed is a guest's in a frame on a page of another site, where browsers
	// neither keep nor send the others. It is partitioned: what a guest is on one
	// site, they are on no other. Only what asks for tokens goes by it.
	cookieFramed = "haggle_guest"
)

func cookieName(side chat.Side) string {
	if side == chat.MerchantSide {
		return cookieMerchant
	}
	return cookieBuyer
}

type sideIn struct {
	exchange

	Body SideRequest
}

// SideRequest says which of the browser's two cookies is meant.
type SideRequest struct {
	Side string `json:"side" enum:"buyer,merchant"`
}

func (s SideRequest) side() chat.Side {
	if s.Side == "merchant" {
		return chat.MerchantSide
	}
	return chat.BuyerSide
}

// TokenAnswer is a token for the page's script.
type TokenAnswer struct {
	Token     string `json:"token"`
	ExpiresAt int64  `json:"expires_at"`
	UID       string `json:"uid"`
}

type guestIn struct {
	exchange

	Framed bool `query:"framed" doc:"The page is in a frame on a shop's page: the guest is kept there, for that site alone"`
}

func (a *API) loginRoutes() {
	// Browsers go to these two themselves, so their answers are pages and redirects.
	a.mux.HandleFunc("POST /v1/login", a.login(a.loginByToken))
	a.mux.HandleFunc("GET /v1/login", a.login(a.loginByCode))
	a.documentLogin()

	token := post("/v1/token", "token", tagLogin, "A short-lived token for the page's script",
		"For the server's own pages only: it goes by the cookie, so Origin must be the server's.")
	token.Security = []map[string][]string{{byCookie: {}}}
	plain(a, token, a.token)
	plain(a, post("/v1/guest", "guest", tagLogin, "Come in as a guest",
		"Where guests are allowed: sets the buyer's cookie, unless there is a good one. For the server's own pages only. "+
			"In a frame on another site's page that is a cookie of its own, `"+cookieFramed+"`, partitioned by that site."), a.guest)
	plain(a, post("/v1/logout", "logout", tagLogin, "Sign out of this browser",
		"Forgets the cookie of one side, and ends what came of it: a copy of the cookie, and the tokens that pages got for it, "+
			"are refused from now on. A socket that is open stays until its token ends, within "+lasting(a.svc.Limits().TokenTTL)+
			". Other browsers stay signed in, see `/v1/server/participants/{uid}/revoke` for those."), a.logout)
}

// login is a way in: it finds out who it is, sets the cookie and goes on to next.
func (a *API) login(who func(w http.ResponseWriter, r *http.Request) (id chat.Identity, next string, err error)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		next, err := "", a.svc.AllowKey(chat.ActionLogin, limitKey(ClientIP(r, a.TrustedProxies)))
		var id chat.Identity
		if err == nil {
			id, next, err = who(w, r)
		}
		if err == nil {
			next, err = checkNext(next, id.Actor.Side())
		}
		if err == nil {
			err = a.setCookie(w, id)
		}
		if err != nil {
			a.loginFailed(w, r, err)
			return
		}
		a.meet(r.Context(), id)
		w.Header().Set("Location", next)
		w.WriteHeader(http.StatusSeeOther)
	}
}

// loginByToken takes the marketplace's token that a page of the shop posted.
func (a *API) loginByToken(w http.ResponseWriter, r *http.Request) (id chat.Identity, next string, err error) {
	if err := a.checkShopOrigin(r); err != nil {
		a.log.WarnContext(r.Context(), "sign-in from an origin that is not in the list",
			"origin", r.Header.Get("Origin"), "request_id", RequestID(r.Context()))
		return id, "", err
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return id, "", failureFor(r.Context(), http.StatusUnsupportedMediaType)
	}
	r.Body = http.MaxBytesReader(w, r.Body, int64(a.svc.Limits().FrameBytes))
	if err := r.ParseForm(); err != nil {
		return id, "", chat.Codef(chat.Invalid, "invalid_form", "the form cannot be read")
	}
	next = r.PostForm.Get("next")
	if _, err := checkNext(next, chat.BuyerSide); err != nil {
		return id, "", err
	}
	id, err = a.Verifier.VerifyShop(r.Context(), r.PostForm.Get("token"))
	if err != nil && chat.KindOf(err) == chat.Unauthenticated {
		// The page says no more than that it did not work; whoever integrates a shop
		// has to know why.
		a.log.InfoContext(r.Context(), "sign-in refused", "code", chat.AsError(err).Code, "err", err, "request_id", RequestID(r.Context()))
	}
	return id, next, err
}

// loginByCode takes a one-time code out of a link. Nothing is lost to whoever
// only looks at the link: HEAD and prefetching leave the code alone.
func (a *API) loginByCode(_ http.ResponseWriter, r *http.Request) (id chat.Identity, next string, err error) {
	if r.Method == http.MethodHead || r.Header.Get("Sec-Purpose") != "" || r.Header.Get("Purpose") == "prefetch" {
		return id, "", failureFor(r.Context(), http.StatusMethodNotAllowed)
	}
	query := r.URL.Query()
	next = query.Get("next")
	if _, err := checkNext(next, chat.BuyerSide); err != nil {
		return id, "", err
	}
	id, err = a.Codes.Redeem(r.Context(), query.Get("code"))
	return id, next, err
}

func (a *API) setCookie(w http.ResponseWriter, id chat.Identity) error {
	value, err := a.Verifier.CookieToken(id)
	if err != nil {
		return err
	}
	a.putCookie(w, id.Actor.Side(), value, max(1, int(time.Until(id.ExpiresAt).Seconds())))
	return nil
}

// putCookie sets a side's cookie; a negative maxAge forgets it.
func (a *API) putCookie(w http.ResponseWriter, side chat.Side, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: without TLS, on loopback, a Secure cookie would never come back
		Name: cookieName(side), Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: a.SecureCookies, SameSite: http.SameSiteLaxMode,
	})
}

// putFramed sets the cookie of a guest in a frame; a negative maxAge forgets it.
// Browsers take none that is partitioned without Secure, and count loopback as such.
func putFramed(w http.ResponseWriter, value string, maxAge int) {
	http.SetCookie(w, &http.Cookie{ //nolint:gosec // G124: SameSite is None on purpose: a frame on another site is where it is for
		Name: cookieFramed, Value: value, Path: "/", MaxAge: maxAge,
		HttpOnly: true, Secure: true, SameSite: http.SameSiteNoneMode, Partitioned: true,
	})
}

func errSignedOut() *chat.Error {
	return chat.Codef(chat.Unauthenticated, "signed_out", "you are signed out")
}

// signedIn returns who the browser's cookie of a side is about.
func (a *API) signedIn(r *http.Request, side chat.Side) (chat.Identity, error) {
	c, err := r.Cookie(cookieName(side))
	if err != nil {
		return chat.Identity{}, errSignedOut()
	}
	return a.Verifier.VerifyCookie(r.Context(), c.Value, side)
}

// framedGuest returns which guest the browser keeps for a frame on the page that
// it shows. It goes along with requests from other sites' pages: who calls this has
// looked where the request comes from.
func (a *API) framedGuest(r *http.Request) (chat.Identity, error) {
	c, err := r.Cookie(cookieFramed)
	if err != nil {
		return chat.Identity{}, errSignedOut()
	}
	id, err := a.Verifier.VerifyCookie(r.Context(), c.Value, chat.BuyerSide)
	if err == nil && !id.Actor.UID.IsGuest() {
		return chat.Identity{}, errSignedOut()
	}
	return id, err
}

// present returns who the page's cookies are about: whoever is signed in, else a
// buyer's frame may have a guest.
func (a *API) present(r *http.Request, side chat.Side) (chat.Identity, error) {
	id, err := a.signedIn(r, side)
	if err == nil || side != chat.BuyerSide || chat.KindOf(err) != chat.Unauthenticated {
		return id, err
	}
	if guest, framedErr := a.framedGuest(r); framedErr == nil || chat.KindOf(framedErr) != chat.Unauthenticated {
		return guest, framedErr
	}
	return id, err
}

func (a *API) token(_ context.Context, in *sideIn) (*answer[TokenAnswer], error) {
	if err := a.checkOwnOrigin(in.r); err != nil {
		return nil, err
	}
	if err := requireJSON(in.r); err != nil {
		return nil, err
	}
	id, err := a.present(in.r, in.Body.side())
	if err != nil {
		return nil, err
	}
	if err := a.svc.Allow(chat.ActionRequest, id.Actor); err != nil {
		return nil, err
	}
	if id.Actor.UID.IsGuest() {
		id.Actor.Address = limitKey(ClientIP(in.r, a.TrustedProxies))
	}
	token, expires, err := a.Verifier.AccessToken(id, a.svc.Limits().TokenTTL)
	if err != nil {
		return nil, err
	}
	return &answer[TokenAnswer]{TokenAnswer{Token: token, ExpiresAt: expires.UnixMilli(), UID: string(id.Actor.UID)}}, nil
}

// requireJSON refuses what a form of another site could send. huma takes a body
// without a Content-Type for JSON, which a script elsewhere can send too.
func requireJSON(r *http.Request) error {
	if media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || media != mediaJSON {
		return failureFor(r.Context(), http.StatusUnsupportedMediaType)
	}
	return nil
}

func (a *API) guest(_ context.Context, in *guestIn) (*struct{}, error) {
	if err := a.checkOwnOrigin(in.r); err != nil {
		return nil, err
	}
	if !in.Framed {
		return nil, a.EnterGuest(in.w, in.r)
	}
	_, err := a.present(in.r, chat.BuyerSide)
	value, err := a.guestAfter(in.r, err)
	if value == "" || err != nil {
		return nil, err
	}
	// Where both are of one site the browser keeps the usual cookie, too: the guest
	// is then the same in a tab of the chat's own.
	a.putCookie(in.w, chat.BuyerSide, value, guestSeconds)
	putFramed(in.w, value, guestSeconds)
	return nil, nil
}

// EnterGuest signs the browser in as a guest, where guests are allowed and unless it
// is signed in as a buyer. Who calls it has looked where the request comes from.
func (a *API) EnterGuest(w http.ResponseWriter, r *http.Request) error {
	_, err := a.signedIn(r, chat.BuyerSide)
	value, err := a.guestAfter(r, err)
	if value == "" || err != nil {
		return err
	}
	a.putCookie(w, chat.BuyerSide, value, guestSeconds)
	return nil
}

const guestSeconds = int(auth.GuestLife / time.Second)

// guestAfter makes a guest, if the browser's cookies are found to name nobody, and
// returns what to keep: "" for nothing, as somebody is there.
func (a *API) guestAfter(r *http.Request, found error) (cookie string, err error) {
	if found == nil || chat.KindOf(found) != chat.Unauthenticated {
		return "", found
	}
	id, err := a.Verifier.NewGuest()
	if err != nil {
		return "", err
	}
	if err := a.svc.AllowKey(chat.ActionGuest, limitKey(ClientIP(r, a.TrustedProxies))); err != nil {
		return "", err
	}
	return a.Verifier.CookieToken(id)
}

// Buyer returns who the buyer's cookie is about, for pages that act by it.
func (a *API) Buyer(r *http.Request) (chat.Identity, error) {
	id, err := a.signedIn(r, chat.BuyerSide)
	if err == nil && id.Actor.UID.IsGuest() {
		id.Actor.Address = limitKey(ClientIP(r, a.TrustedProxies))
	}
	return id, err
}

func (a *API) logout(ctx context.Context, in *sideIn) (*struct{}, error) {
	if err := a.checkOwnOrigin(in.r); err != nil {
		return nil, err
	}
	if err := requireJSON(in.r); err != nil {
		return nil, err
	}
	// While nobody can say that it ended, the cookie stays, to try again with.
	end := func(id chat.Identity, err error) error {
		if err == nil {
			err = a.svc.EndLogin(ctx, id)
		}
		if err != nil && chat.KindOf(err) != chat.Unauthenticated {
			return err
		}
		return nil
	}
	side := in.Body.side()
	if err := end(a.signedIn(in.r, side)); err != nil {
		return nil, err
	}
	if _, err := in.r.Cookie(cookieFramed); err == nil && side == chat.BuyerSide {
		if err := end(a.framedGuest(in.r)); err != nil {
			return nil, err
		}
		putFramed(in.w, "", -1)
	}
	a.putCookie(in.w, side, "", -1)
	return nil, nil
}

// documentLogin describes the two routes that huma does not serve.
func (a *API) documentLogin() {
	text := &huma.Schema{Type: huma.TypeString}
	responses := map[string]*huma.Response{
		"303": {Description: "Signed in: the cookie is set, on to `next`"},
		"400": {Description: "A page that says what is wrong"},
		"401": {Description: "A page that says that the token or the code is not good"},
		"403": {Description: "A page that says that the Origin is not in the shop's list"},
		"429": {Description: "A page that says to try again later"},
	}
	byForm := post("/v1/login", "login", tagLogin, "Sign in with the marketplace's token",
		"A form that a page of the shop posts. Its Origin must be in the server's list, and be sent at all: a page with "+
			"`Referrer-Policy: no-referrer` sends `null`.")
	byForm.Responses = responses
	byForm.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"application/x-www-form-urlencoded": {Schema: &huma.Schema{
			Type: huma.TypeObject, Required: []string{"token"},
			Properties: map[string]*huma.Schema{
				"token": {Type: huma.TypeString, Description: "The marketplace's JWT"},
				"next":  {Type: huma.TypeString, Description: "A path that starts with /chat or /console"},
			},
		}},
	}}
	byCode := get("/v1/login", "login-by-code", tagLogin, "Sign in with a one-time code",
		"The link that the shop's backend makes of a code from `/v1/server/login-codes`.")
	byCode.Responses = responses
	byCode.Parameters = []*huma.Param{
		{Name: "code", In: "query", Required: true, Schema: text},
		{Name: "next", In: "query", Schema: text, Description: "A path that starts with /chat or /console"},
	}
	a.huma.OpenAPI().AddOperation(&byForm)
	a.huma.OpenAPI().AddOperation(&byCode)
}
