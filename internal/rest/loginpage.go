package rest

import (
	"bytes"
	"crypto/rand"
	"html/template"
	"maps"
	"net/http"
	"strings"

	"haggle/internal/chat"
)

// loginPage is what a browser shows when signing in did not work. It has no
// script, and a nonce for its style.
const loginPage = `<!doctype html>
<html lang="{{.Lang}}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="robots" content="noindex">
<title>{{.Title}}</title>
<style nonce="{{.Nonce}}">
:root { color-scheme: light dark; font: 1rem/1.6 system-ui, sans-serif; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; }
main { max-width: 30rem; padding: 2rem; }
h1 { font-size: 1.5rem; line-height: 1.3; }
small { opacity: .75; overflow-wrap: anywhere; }
</style>
</head>
<body>
<main>
<h1>{{.Title}}</h1>
<p>{{.Text}}</p>
<p><small>{{.Code}} · {{.RequestID}}</small></p>
</main>
</body>
</html>
`

// words are what a page says in one language.
type words struct{ title, expired, used, origin, noOrigin, often, later, other string }

func english() words {
	return words{
		title:   "You are not signed in",
		expired: "Your sign-in has ended. Go back to the shop and open the chat from there again.",
		used:    "This link has been used already or is too old. Go back to the shop and open the chat from there again.",
		origin:  "The chat does not accept sign-ins from the site you came from.",
		noOrigin: "The site you came from does not say which one it is, so the chat cannot accept its sign-in. " +
			"If it is yours: a page with Referrer-Policy: no-referrer sends Origin: null; use strict-origin-when-cross-origin on the page with the button.",
		often: "There were too many attempts. Wait a moment and try again.",
		later: "The chat cannot sign you in at the moment. Try again in a minute.",
		other: "The shop sent something that the chat does not understand. Go back to the shop and try again.",
	}
}

func chinese() words {
	return words{
		title:   "您尚未登录",
		expired: "登录已失效，请返回商城重新打开聊天。",
		used:    "此链接已使用过或已过期，请返回商城重新打开聊天。",
		origin:  "聊天不接受来自该网站的登录。",
		noOrigin: "您来自的网站没有表明自己的地址，因此聊天无法接受其登录。如果这是您的网站：设置了 Referrer-Policy: no-referrer 的页面会发送 " +
			"Origin: null，请在放置按钮的页面改用 strict-origin-when-cross-origin。",
		often: "尝试次数过多，请稍候再试。",
		later: "暂时无法登录，请稍后重试。",
		other: "聊天无法识别商城发来的请求，请返回商城重试。",
	}
}

// about says what f means for whoever posted from a page of origin.
func (t words) about(f *StatusError, origin string) string {
	switch {
	case f.Err.Code == "code_invalid":
		return t.used
	case f.Err.Code == "origin_not_allowed" && unknownOrigin(origin):
		return t.noOrigin
	case f.Err.Code == "origin_not_allowed":
		return t.origin
	case f.status == http.StatusUnauthorized:
		return t.expired
	case f.status == http.StatusTooManyRequests:
		return t.often
	case f.status >= http.StatusInternalServerError:
		return t.later
	}
	return t.other
}

// loginFailed answers a browser that came to sign in.
func (a *API) loginFailed(w http.ResponseWriter, r *http.Request, err error) {
	f := a.failure(r.Context(), err)
	lang, text := "en", english()
	if prefersChinese(r.Header.Get("Accept-Language")) {
		lang, text = "zh-CN", chinese()
	}
	nonce := rand.Text()
	page, err := template.New("login").Parse(loginPage)
	var body bytes.Buffer
	if err == nil {
		err = page.Execute(&body, map[string]string{
			"Lang": lang, "Nonce": nonce, "Title": text.title, "Text": text.about(f, r.Header.Get("Origin")),
			"Code": f.Err.Code, "RequestID": RequestID(r.Context()),
		})
	}
	if err != nil {
		a.Fail(w, r, 0, chat.AsError(err))
		return
	}
	h := w.Header()
	maps.Copy(h, f.GetHeaders())
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", lang)
	h.Set("Vary", "Accept-Language")
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'nonce-"+nonce+"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
	w.WriteHeader(f.status)
	_, _ = w.Write(body.Bytes()) // whoever left needs no answer
}

// prefersChinese goes by the first of zh and en that a browser names: browsers
// sort them.
func prefersChinese(accept string) bool {
	for part := range strings.SplitSeq(strings.ToLower(accept), ",") {
		part = strings.TrimSpace(part)
		switch {
		case strings.HasPrefix(part, "zh"):
			return true
		case strings.HasPrefix(part, "en"):
			return false
		}
	}
	return false
}
