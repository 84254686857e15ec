package rest_test

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/wire"
)

// login posts the form that a page of the shop has.
func (f *fixture) login(form url.Values, header map[string]string) *httptest.ResponseRecorder {
	f.t.Helper()
	h := map[string]string{"Content-Type": "application/x-www-form-urlencoded", "Origin": shopOrigin}
	maps.Copy(h, header)
	return f.do(request{method: "POST", path: "/v1/login", body: form.Encode(), header: h})
}

// cookieOf returns the one cookie of an answer.
func cookieOf(t *testing.T, res *httptest.ResponseRecorder) *http.Cookie {
	t.Helper()
	cookies := res.Result().Cookies()
	if len(cookies) != 1 {
		t.Fatalf("%d cookies in the answer, want 1: status %d: %s", len(cookies), res.Code, res.Body)
	}
	return cookies[0]
}

// asOwn returns the headers of a request that one of the server's pages makes.
func asOwn(c *http.Cookie) map[string]string {
	h := map[string]string{"Origin": ownOrigin}
	if c != nil {
		h["Cookie"] = c.Name + "=" + c.Value
	}
	return h
}

func TestLogin(t *testing.T) {
	f := newFixture(t)
	tests := []struct {
		claims       auth.ShopClaims
		next         string
		cookie, goes string
	}{
		{auth.ShopClaims{UID: "U_1", Name: "Li"}, "/chat?product=1001", "haggle_buyer", "/chat?product=1001"},
		{auth.ShopClaims{UID: "U_1"}, "", "haggle_buyer", "/chat"},
		{auth.ShopClaims{UID: "V_1", Agent: "anna", AgentName: "Anna"}, "", "haggle_merchant", "/console"},
		{auth.ShopClaims{UID: "E_1"}, "/console", "haggle_merchant", "/console"},
	}
	for _, tt := range tests {
		res := f.login(url.Values{"token": {token(t, tt.claims)}, "next": {tt.next}}, nil)
		if res.Code != http.StatusSeeOther || res.Header().Get("Location") != tt.goes {
			t.Fatalf("%s: status %d to %q, want 303 to %q: %s", tt.claims.UID, res.Code, res.Header().Get("Location"), tt.goes, res.Body)
		}
		c := cookieOf(t, res)
		checkCookie(t, c, tt.cookie)
		side := wire.SideName(tt.claims.UID.Side())
		var got rest.TokenAnswer
		f.want(request{method: "POST", path: "/v1/token", body: `{"side":"` + side + `"}`, header: asOwn(c)}, http.StatusOK, &got)
		if got.UID != string(tt.claims.UID) || got.ExpiresAt > time.Now().Add(11*time.Minute).UnixMilli() {
			t.Errorf("token = %+v", got)
		}
		var me wire.Me
		f.want(request{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + got.Token}}, http.StatusOK, &me)
		if me.Participant.UID != string(tt.claims.UID) || me.Agent != string(tt.claims.Agent) {
			t.Errorf("me = %+v", me)
		}
		if tt.claims.UID == "U_1" && me.Participant.Name != "Li" {
			t.Errorf("name %q, want the token's, and kept when a later one has none", me.Participant.Name)
		}
	}
}

// checkCookie checks what every cookie has that lives as long as a token of an
// hour.
func checkCookie(t *testing.T, c *http.Cookie, name string) {
	t.Helper()
	if c.Name != name || !c.HttpOnly || !c.Secure || c.SameSite != http.SameSiteLaxMode || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie %v, want %s", c, name)
	}
	if c.MaxAge < 3590 || c.MaxAge > 3600 {
		t.Errorf("the cookie %s lives %d s, the shop's word an hour", name, c.MaxAge)
	}
}

// What a token says of how somebody is shown is kept; what it leaves out, or
// cannot be shown, leaves what the shop told before. An old session undoes
// nothing.
func TestLogin_names(t *testing.T) {
	f := newFixture(t)
	told := func(name string) {
		t.Helper()
		f.want(request{
			method: "PUT", path: "/v1/server/participants/U_1", body: `{"name":"` + name + `","avatar":"https://shop.example/li.png"}`,
			header: map[string]string{"Authorization": "Bearer " + apiKey},
		}, http.StatusNoContent, nil)
	}
	shown := func(c *http.Cookie) wire.Participant {
		t.Helper()
		var got rest.TokenAnswer
		f.want(request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(c)}, http.StatusOK, &got)
		var me wire.Me
		f.want(request{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + got.Token}}, http.StatusOK, &me)
		return me.Participant
	}
	told("Li")
	c := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1", Name: "Li Ming", Avatar: "//cdn.example/x.png"})}}, nil))
	if got := shown(c); got.Name != "Li Ming" || got.Avatar != "https://shop.example/li.png" {
		t.Errorf("shown as %+v", got)
	}
	told("Li Hua")
	if got := shown(c); got.Name != "Li Hua" {
		t.Errorf("shown as %+v: the old session undid the new name", got)
	}
}

func TestLogin_insecure(t *testing.T) {
	f := newFixture(t, func(d *rest.Deps, _ *auth.Config, _ *chat.Limits) { d.SecureCookies = false })
	res := f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil)
	if c := cookieOf(t, res); c.Secure || !c.HttpOnly {
		t.Errorf("cookie %v: without TLS a Secure one would never come back", c)
	}
}

// What a browser was sent to sign in with and is not good comes back as a page
// that a person can read, and sets nothing.
func TestLogin_refused(t *testing.T) {
	f := newFixture(t)
	good := token(t, auth.ShopClaims{UID: "U_1"})
	old := token(t, auth.ShopClaims{UID: "U_1", IssuedAt: time.Now().Add(-2 * time.Hour), ExpiresAt: time.Now().Add(-time.Hour)})
	tests := []struct {
		name        string
		token, next string
		header      map[string]string
		status      int
		says        string
	}{
		{"another site", good, "", map[string]string{"Origin": "https://evil.example"}, 403, "does not accept"},
		{"a site whose name begins alike", good, "", map[string]string{"Origin": shopOrigin + ".evil.example"}, 403, "does not accept"},
		{"the shop without TLS", good, "", map[string]string{"Origin": "http://shop.example"}, 403, "does not accept"},
		{"no Origin", good, "", map[string]string{"Origin": ""}, 403, "does not say which one it is"},
		{"Chinese", good, "", map[string]string{"Origin": "https://evil.example", "Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"}, 403, "不接受"},
		{"JSON", good, "", map[string]string{"Content-Type": "application/json"}, 415, "does not understand"},
		{"expired", old, "", nil, 401, "sign-in has ended"},
		{"made up", "abc", "", nil, 401, "sign-in has ended"},
		{"none", "", "", nil, 401, "sign-in has ended"},
		{"to another site", good, "https://evil.example/chat", nil, 400, "does not understand"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			res := f.login(url.Values{"token": {tt.token}, "next": {tt.next}}, tt.header)
			body := res.Body.String()
			if res.Code != tt.status || !strings.Contains(body, tt.says) {
				t.Errorf("status %d, want %d and %q: %s", res.Code, tt.status, tt.says, body)
			}
			if res.Header().Get("Set-Cookie") != "" || res.Header().Get("Location") != "" {
				t.Errorf("signed in all the same: %v", res.Header())
			}
			if ct := res.Header().Get("Content-Type"); ct != "text/html; charset=utf-8" {
				t.Errorf("Content-Type %q", ct)
			}
			csp := res.Header().Get("Content-Security-Policy")
			if !strings.Contains(csp, "default-src 'none'") || strings.Contains(csp, "unsafe") {
				t.Errorf("policy %q", csp)
			}
		})
	}
	for _, logged := range []string{good, old} {
		if strings.Contains(f.logs.String(), logged) {
			t.Error("the log has a token")
		}
	}
}

// A shop whose pages have Referrer-Policy: no-referrer got a page that said
// nothing of why.
func TestLogin_noReferrerGotNoHint(t *testing.T) {
	f := newFixture(t)
	for lang, says := range map[string]string{"en": "use strict-origin-when-cross-origin", "zh-CN": "请在放置按钮的页面改用"} {
		res := f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, map[string]string{"Origin": "null", "Accept-Language": lang})
		body := res.Body.String()
		if res.Code != http.StatusForbidden || !strings.Contains(body, "Referrer-Policy: no-referrer") || !strings.Contains(body, says) {
			t.Errorf("%s: status %d: %s", lang, res.Code, body)
		}
	}
}

// Whoever integrates a shop and left iat out found no word of it in the log.
func TestLogin_reasonWasNowhere(t *testing.T) {
	f := newFixture(t)
	made := jwt.NewWithClaims(jwt.SigningMethodHS256, jwt.MapClaims{"aud": "haggle", "sub": "U_1", "exp": time.Now().Add(time.Hour).Unix()})
	bad, err := made.SignedString([]byte(shopSecret))
	if err != nil {
		t.Fatal(err)
	}
	if res := f.login(url.Values{"token": {bad}}, nil); res.Code != http.StatusUnauthorized {
		t.Errorf("status %d: %s", res.Code, res.Body)
	}
	if logs := f.logs.String(); !strings.Contains(logs, `"level":"INFO","msg":"sign-in refused"`) || !strings.Contains(logs, "iat is missing") || strings.Contains(logs, bad) {
		t.Errorf("the log says %s", logs)
	}
}

// A login code for an agent that brought the agent's name renamed the shop.
func TestLogin_agentRenamedTheShop(t *testing.T) {
	f := newFixture(t)
	f.want(request{
		method: "PUT", path: "/v1/server/participants/V_1", body: `{"name":"Mugs"}`,
		header: map[string]string{"Authorization": "Bearer " + apiKey},
	}, http.StatusNoContent, nil)
	shown := func(want string) {
		t.Helper()
		var begun wire.Begin
		f.want(request{method: "POST", path: "/v1/begin", as: "U_1", body: `{"product":"1001"}`}, http.StatusOK, &begun)
		if begun.Merchant.Name != want {
			t.Errorf("the shop is called %q, want %q", begun.Merchant.Name, want)
		}
	}
	f.code(`{"uid":"V_1","agent":"anna","agent_name":"Anna","name":"Anna","avatar":"https://shop.example/anna.png"}`)
	shown("Mugs")
	f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "V_1", Agent: "anna", AgentName: "Anna", Name: "Anna"})}}, nil)
	shown("Mugs")
	f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "V_1", Name: "Mugs & Co"})}}, nil)
	shown("Mugs & Co")
}

// Signing out forgot the cookie in the browser and nowhere else: a copy of it got
// tokens as before.
func TestLogout_cookieLivedOn(t *testing.T) {
	f := newFixture(t)
	signIn := func() *http.Cookie {
		t.Helper()
		return cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))
	}
	here, elsewhere := signIn(), signIn()
	ask := func(c *http.Cookie) request {
		return request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(c)}
	}
	var got rest.TokenAnswer
	f.want(ask(here), http.StatusOK, &got)
	out := request{method: "POST", path: "/v1/logout", body: `{"side":"buyer"}`, header: asOwn(here)}
	for range 2 { // the second time from a page that has not heard of the first
		if c := cookieOf(t, f.do(out)); c.Name != "haggle_buyer" || c.MaxAge >= 0 {
			t.Errorf("cookie %v, want it forgotten", c)
		}
	}
	f.fails(ask(here), http.StatusUnauthorized, "token_revoked")
	f.fails(request{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + got.Token}}, http.StatusUnauthorized, "token_revoked")
	f.want(ask(elsewhere), http.StatusOK, nil) // another browser stays signed in
	// The shop's own token is another sign-in, also of the same moment.
	f.want(ask(signIn()), http.StatusOK, nil)
}

// While the store cannot say that the sign-in ended, the browser is not told so.
func TestLogout_storeDown(t *testing.T) {
	f := newFixture(t)
	c := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	res := f.do(request{method: "POST", path: "/v1/logout", body: `{"side":"buyer"}`, header: asOwn(c)})
	if res.Code < 500 || res.Header().Get("Set-Cookie") != "" {
		t.Errorf("status %d, %v", res.Code, res.Header())
	}
}

// A session cannot prolong itself: only the marketplace's word signs in.
func TestLogin_ownToken(t *testing.T) {
	f := newFixture(t)
	c := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))
	var got rest.TokenAnswer
	f.want(request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(c)}, http.StatusOK, &got)
	for _, own := range []string{c.Value, got.Token} {
		if res := f.login(url.Values{"token": {own}}, nil); res.Code != http.StatusUnauthorized {
			t.Errorf("status %d: %s", res.Code, res.Body)
		}
	}
}

func TestLogin_rateLimited(t *testing.T) {
	f := newFixture(t)
	f.limiter.limited = chat.ActionLogin
	res := f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil)
	if res.Code != http.StatusTooManyRequests || res.Header().Get("Retry-After") != "2" || !strings.Contains(res.Body.String(), "There were too many attempts") {
		t.Errorf("status %d, %v: %s", res.Code, res.Header(), res.Body)
	}
}

func (f *fixture) code(body string) string {
	f.t.Helper()
	var got rest.LoginCodeAnswer
	f.want(request{method: "POST", path: "/v1/server/login-codes", body: body, header: map[string]string{
		"Authorization": "Bearer " + apiKey,
	}}, http.StatusOK, &got)
	return got.Code
}

func TestLogin_code(t *testing.T) {
	f := newFixture(t)
	code := f.code(`{"uid":"V_1","agent":"anna","agent_name":"Anna"}`)
	at := "/v1/login?next=/console&code="
	for _, look := range []request{
		{method: "HEAD", path: at + code},
		{method: "GET", path: at + code, header: map[string]string{"Sec-Purpose": "prefetch"}},
		{method: "GET", path: "/v1/login?next=//evil.example&code=" + code},
	} {
		if res := f.do(look); res.Code < 400 || res.Header().Get("Set-Cookie") != "" {
			t.Errorf("%+v: status %d, %v", look, res.Code, res.Header())
		}
	}
	res := f.do(request{method: "GET", path: at + code})
	if res.Code != http.StatusSeeOther || res.Header().Get("Location") != "/console" {
		t.Fatalf("status %d: %s", res.Code, res.Body)
	}
	if rp := res.Header().Get("Referrer-Policy"); rp != "no-referrer" {
		t.Errorf("Referrer-Policy %q would carry the code on", rp)
	}
	c := cookieOf(t, res)
	var got rest.TokenAnswer
	f.want(request{method: "POST", path: "/v1/token", body: `{"side":"merchant"}`, header: asOwn(c)}, http.StatusOK, &got)
	var me wire.Me
	f.want(request{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + got.Token}}, http.StatusOK, &me)
	if me.Participant.UID != "V_1" || me.Agent != "anna" || me.AgentName != "Anna" {
		t.Errorf("me = %+v", me)
	}
	res = f.do(request{method: "GET", path: at + code})
	if res.Code != http.StatusUnauthorized || !strings.Contains(res.Body.String(), "used already") {
		t.Errorf("the second time: status %d: %s", res.Code, res.Body)
	}
	if strings.Contains(f.logs.String(), code) {
		t.Error("the log has the code")
	}
}

// What the cookie allows, no other site may ask for.
func TestToken_otherSites(t *testing.T) {
	f := newFixture(t)
	c := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))
	const body = `{"side":"buyer"}`
	tests := []struct {
		name   string
		header map[string]string
		status int
		code   string
	}{
		{"our page", map[string]string{"Origin": ownOrigin}, 200, ""},
		{"our page, in a browser that hides Origin", map[string]string{"Sec-Fetch-Site": "same-origin"}, 200, ""},
		{"the shop's page", map[string]string{"Origin": shopOrigin}, 403, "origin_not_allowed"},
		{"another site", map[string]string{"Origin": "https://evil.example"}, 403, "origin_not_allowed"},
		{"another site of ours", map[string]string{"Sec-Fetch-Site": "same-site"}, 403, "origin_not_allowed"},
		{"a sandboxed frame", map[string]string{"Origin": "null"}, 403, "origin_not_allowed"},
		{"a link typed in", map[string]string{"Sec-Fetch-Site": "none"}, 403, "origin_not_allowed"},
		{"nobody knows", nil, 403, "origin_not_allowed"},
		{"a form", map[string]string{"Origin": ownOrigin, "Content-Type": "text/plain"}, 415, "unsupported_media_type"},
	}
	for _, path := range []string{"/v1/token", "/v1/logout", "/v1/guest"} {
		for _, tt := range tests {
			if path == "/v1/guest" && tt.status == 415 {
				continue // it has no body
			}
			r := request{method: "POST", path: path, body: body, header: map[string]string{"Cookie": c.Name + "=" + c.Value}}
			maps.Copy(r.header, tt.header)
			t.Run(path+", "+tt.name, func(t *testing.T) {
				f.t = t
				if tt.status != 200 {
					f.fails(r, tt.status, tt.code)
					return
				}
				if res := f.do(r); res.Code != 200 && res.Code != 204 {
					t.Errorf("status %d: %s", res.Code, res.Body)
				}
			})
		}
	}
}

func TestToken_signedOut(t *testing.T) {
	f := newFixture(t)
	ask := request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(nil)}
	f.fails(ask, http.StatusUnauthorized, "signed_out")
	buyer := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))

	// A buyer's cookie is not a merchant's, under whichever name it comes.
	ask.header = asOwn(buyer)
	ask.body = `{"side":"merchant"}`
	f.fails(ask, http.StatusUnauthorized, "signed_out")
	ask.header = map[string]string{"Origin": ownOrigin, "Cookie": "haggle_merchant=" + buyer.Value}
	f.fails(ask, http.StatusUnauthorized, "token_invalid")
	// Nor is an access token a cookie.
	ask.header = map[string]string{"Origin": ownOrigin, "Cookie": "haggle_buyer=" + token(t, auth.ShopClaims{UID: "U_1"})}
	ask.body = `{"side":"buyer"}`
	f.fails(ask, http.StatusUnauthorized, "token_invalid")
	ask.body = `{"side":"agent"}`
	f.fails(ask, http.StatusBadRequest, "invalid_request")

	res := f.do(request{method: "POST", path: "/v1/logout", body: `{"side":"buyer"}`, header: asOwn(buyer)})
	if c := cookieOf(t, res); res.Code != http.StatusNoContent || c.Name != "haggle_buyer" || c.MaxAge >= 0 || c.Value != "" {
		t.Errorf("logout: status %d, cookie %v", res.Code, c)
	}
	f.want(request{method: "POST", path: "/v1/server/participants/U_1/revoke", header: map[string]string{
		"Authorization": "Bearer " + apiKey,
	}}, http.StatusNoContent, nil)
	ask = request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(buyer)}
	f.fails(ask, http.StatusUnauthorized, "token_revoked")
}

func TestGuest(t *testing.T) {
	f := newFixture(t)
	come := request{method: "POST", path: "/v1/guest", header: asOwn(nil)}
	res := f.do(come)
	if res.Code != http.StatusNoContent {
		t.Fatalf("status %d: %s", res.Code, res.Body)
	}
	c := cookieOf(t, res)
	if c.Name != "haggle_buyer" || !c.HttpOnly || c.MaxAge < 29*24*3600 {
		t.Errorf("cookie %v", c)
	}
	var got rest.TokenAnswer
	f.want(request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: asOwn(c)}, http.StatusOK, &got)
	if !chat.UID(got.UID).IsGuest() {
		t.Errorf("uid %q", got.UID)
	}
	if id, err := f.verifier.Verify(t.Context(), got.Token); err != nil || id.Actor.Address != "192.0.2.1" {
		t.Errorf("identity %+v, %v, want the address that its limits go by", id, err)
	}
	// Coming again does not lose what one wrote.
	again := f.do(request{method: "POST", path: "/v1/guest", header: asOwn(c)})
	if again.Code != http.StatusNoContent || again.Header().Get("Set-Cookie") != "" {
		t.Errorf("status %d, %v", again.Code, again.Header())
	}
	f.limiter.limited = chat.ActionGuest
	f.fails(come, http.StatusTooManyRequests, "rate_limited")

	off := newFixture(t, func(_ *rest.Deps, c *auth.Config, _ *chat.Limits) { c.Guests = false })
	off.fails(come, http.StatusForbidden, "guests_disabled")
}

// A guest in a frame on another site's page is kept by a cookie that browsers send
// there; it opens nothing but what asks for tokens, and is nobody's who has a name.
func TestGuest_framed(t *testing.T) {
	f := newFixture(t)
	ask := func(cookies ...*http.Cookie) request {
		header := map[string]string{"Origin": ownOrigin}
		for _, c := range cookies {
			header["Cookie"] += c.Name + "=" + c.Value + "; "
		}
		return request{method: "POST", path: "/v1/token", body: `{"side":"buyer"}`, header: header}
	}
	come := func(cookies ...*http.Cookie) []*http.Cookie {
		t.Helper()
		r := ask(cookies...)
		r.path, r.body = "/v1/guest?framed=true", ""
		res := f.do(r)
		if res.Code != http.StatusNoContent {
			t.Fatalf("status %d: %s", res.Code, res.Body)
		}
		return res.Result().Cookies()
	}
	kept := come()
	if len(kept) != 2 || kept[0].Name != "haggle_buyer" || kept[1].Name != "haggle_guest" {
		t.Fatalf("cookies %v, want the usual one and that of the frame", kept)
	}
	usual, framed := kept[0], kept[1]
	if !framed.HttpOnly || !framed.Secure || !framed.Partitioned || framed.SameSite != http.SameSiteNoneMode ||
		framed.Path != "/" || framed.Domain != "" || framed.MaxAge < 29*24*3600 {
		t.Errorf("cookie %v", framed)
	}
	var got, same rest.TokenAnswer
	f.want(ask(framed), http.StatusOK, &got)
	f.want(ask(usual), http.StatusOK, &same)
	if !chat.UID(got.UID).IsGuest() || same.UID != got.UID {
		t.Errorf("uid %q in the frame, %q beside it, want one guest", got.UID, same.UID)
	}
	if again := come(framed); len(again) != 0 {
		t.Errorf("cookies %v for somebody who is known, want none", again)
	}

	// Who is signed in is not the guest of before, and a name is not kept so.
	lin := cookieOf(t, f.login(url.Values{"token": {token(t, auth.ShopClaims{UID: "U_1"})}}, nil))
	f.want(ask(framed, lin), http.StatusOK, &got)
	if got.UID != "U_1" {
		t.Errorf("uid %q, want U_1", got.UID)
	}
	f.fails(ask(&http.Cookie{Name: "haggle_guest", Value: lin.Value}), http.StatusUnauthorized, "signed_out")
	// Another site's page, whose requests it goes along with, gets nothing for it.
	foreign := ask(framed)
	foreign.header["Origin"] = "https://elsewhere.example"
	f.fails(foreign, http.StatusForbidden, "origin_not_allowed")
	agent := ask(framed)
	agent.body = `{"side":"merchant"}`
	f.fails(agent, http.StatusUnauthorized, "signed_out")

	out := ask(framed)
	out.path = "/v1/logout"
	gone := f.do(out).Result().Cookies()
	if len(gone) != 2 || gone[0].Name != "haggle_guest" || !gone[0].Partitioned || gone[0].MaxAge >= 0 || gone[1].MaxAge >= 0 {
		t.Errorf("cookies %v, want both forgotten", gone)
	}
	f.fails(ask(framed), http.StatusUnauthorized, "signed_out")
	f.fails(ask(usual), http.StatusUnauthorized, "token_revoked")
}

func TestClientIP(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}
	tests := []struct{ name, peer, forwarded, want string }{
		{"straight", "192.0.2.1:5", "", "192.0.2.1"},
		{"a stranger's word is not believed", "192.0.2.1:5", "198.51.100.7", "192.0.2.1"},
		{"through a proxy", "10.0.0.1:5", "198.51.100.7", "198.51.100.7"},
		{"through two", "10.0.0.1:5", "198.51.100.7, 10.0.0.2", "198.51.100.7"},
		{"the first is made up", "10.0.0.1:5", "1.2.3.4, 198.51.100.7", "198.51.100.7"},
		{"nonsense before a proxy", "10.0.0.1:5", "unknown, 10.0.0.2", "10.0.0.2"},
		{"a proxy that says nothing", "10.0.0.1:5", "", "10.0.0.1"},
		{"IPv6", "[fd00::1]:5", "2001:db8::7", "2001:db8::7"},
		{"IPv4 as IPv6", "[::ffff:10.0.0.1]:5", "198.51.100.7", "198.51.100.7"},
	}
	for _, tt := range tests {
		r := httptest.NewRequestWithContext(t.Context(), "GET", "/", nil)
		r.RemoteAddr = tt.peer
		if tt.forwarded != "" {
			r.Header.Set("X-Forwarded-For", tt.forwarded)
		}
		if got := rest.ClientIP(r, trusted).String(); got != tt.want {
			t.Errorf("%s: %s, want %s", tt.name, got, tt.want)
		}
	}
}

// specification is what the tests look at of the OpenAPI document.
type specification struct {
	OpenAPI string
	Paths   map[string]map[string]struct {
		Summary   string
		Tags      []string
		Responses map[string]any
	}
	Components struct {
		Schemas map[string]struct {
			AdditionalProperties *bool
		}
	}
}

func TestOpenAPI(t *testing.T) {
	f := newFixture(t)
	var spec specification
	res := f.do(request{method: "GET", path: "/v1/openapi.json"})
	if err := json.Unmarshal(res.Body.Bytes(), &spec); err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(spec.OpenAPI, "3.1") {
		t.Errorf("OpenAPI %q", spec.OpenAPI)
	}
	for path, methods := range spec.Paths {
		for method, op := range methods {
			_, never := op.Responses["422"]
			if op.Summary == "" || len(op.Tags) != 1 || len(op.Responses) < 2 || never {
				t.Errorf("%s %s: %+v, want a summary, a chapter and what it answers", method, path, op)
			}
		}
	}
	for name, closed := range map[string]bool{"Send": true, "DraftBlock": true, "Message": false, "Conversation": false, "StatusError": false} {
		if schema, ok := spec.Components.Schemas[name]; !ok || (schema.AdditionalProperties != nil) != closed {
			t.Errorf("schema %s: %+v, want requests closed and answers free to grow", name, schema)
		}
	}
	again := f.do(request{method: "GET", path: "/v1/openapi.json", header: map[string]string{"If-None-Match": res.Header().Get("ETag")}})
	if again.Code != http.StatusNotModified {
		t.Errorf("status %d for what the browser has", again.Code)
	}
}
