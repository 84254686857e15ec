// Package standin stands in for WeChat's servers and for its JS-SDK, where there are
// none: in tests, and in the demo. It speaks the documented API, errors included, and
// nothing it says has anything to do with WeChat.
package standin

import (
	"crypto/rand"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

//go:embed jweixin.js
var script []byte

// The paths of what WeChat has elsewhere.
const (
	ScriptPath = "/standin/jweixin.js" // res.wx.qq.com/open/js/jweixin-1.6.0.js
	UploadPath = "/standin/upload"     // what wx.uploadImage does
)

const (
	tokenLife = 2 * time.Hour
	maxUpload = 32 << 20
)

// WeChat stands in for WeChat. Its methods may be called concurrently.
type WeChat struct {
	AppID  string
	Secret string

	mux *http.ServeMux
	now func() time.Time

	mu     sync.Mutex
	tokens map[string]time.Time                                // access tokens, until when; guarded by mu
	media  map[string]func(http.ResponseWriter, *http.Request) // guarded by mu
	calls  map[string]int                                      // by path; guarded by mu
}

// New returns a stand-in that knows one official account.
func New(appID, secret string) *WeChat {
	w := &WeChat{
		AppID: appID, Secret: secret, mux: http.NewServeMux(), now: time.Now,
		tokens: make(map[string]time.Time), media: make(map[string]func(http.ResponseWriter, *http.Request)), calls: make(map[string]int),
	}
	w.mux.HandleFunc("GET /cgi-bin/token", w.token)
	w.mux.HandleFunc("GET /cgi-bin/ticket/getticket", w.ticket)
	w.mux.HandleFunc("GET /cgi-bin/media/get", w.get)
	w.mux.HandleFunc("GET "+ScriptPath, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", "text/javascript; charset=utf-8")
		_, _ = rw.Write(script) // who asked has gone
	})
	w.mux.HandleFunc(UploadPath, w.upload)
	return w
}

// ServeHTTP serves everything.
func (w *WeChat) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	w.mu.Lock()
	w.calls[r.URL.Path]++
	w.mu.Unlock()
	w.mux.ServeHTTP(rw, r)
}

// Calls returns how often a path was asked for.
func (w *WeChat) Calls(path string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.calls[path]
}

// Forget makes all access tokens invalid, as a restart elsewhere does.
func (w *WeChat) Forget() {
	w.mu.Lock()
	defer w.mu.Unlock()
	clear(w.tokens)
}

// Put keeps a medium under an id that it returns.
func (w *WeChat) Put(contentType string, data []byte) string {
	id := rand.Text()
	w.Answer(id, func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Content-Type", contentType)
		_, _ = rw.Write(data) // who asked has gone
	})
	return id
}

// Answer has a medium answered by anything.
func (w *WeChat) Answer(id string, with func(http.ResponseWriter, *http.Request)) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.media[id] = with
}

// fail answers as WeChat does: with status 200.
func fail(rw http.ResponseWriter, code int, message string) {
	answer(rw, map[string]any{"errcode": code, "errmsg": message})
}

func answer(rw http.ResponseWriter, v any) {
	rw.Header().Set("Content-Type", "application/json; encoding=utf-8")
	_ = json.NewEncoder(rw).Encode(v) // who asked has gone
}

func (w *WeChat) token(rw http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	switch {
	case q.Get("grant_type") != "client_credential":
		fail(rw, 40002, "invalid grant_type")
	case q.Get("appid") != w.AppID:
		fail(rw, 40013, "invalid appid")
	case q.Get("secret") != w.Secret:
		fail(rw, 40125, "invalid appsecret")
	default:
		w.mu.Lock()
		clear(w.tokens) // there is one at a time
		token := "token-" + rand.Text()
		w.tokens[token] = w.now().Add(tokenLife)
		w.mu.Unlock()
		answer(rw, map[string]any{"access_token": token, "expires_in": int(tokenLife.Seconds())})
	}
}

// allowed answers who has no good token.
func (w *WeChat) allowed(rw http.ResponseWriter, r *http.Request) bool {
	w.mu.Lock()
	until, known := w.tokens[r.URL.Query().Get("access_token")]
	w.mu.Unlock()
	switch {
	case !known:
		fail(rw, 40001, "invalid credential, access_token is invalid or not latest")
	case !w.now().Before(until):
		fail(rw, 42001, "access_token expired")
	default:
		return true
	}
	return false
}

func (w *WeChat) ticket(rw http.ResponseWriter, r *http.Request) {
	if !w.allowed(rw, r) {
		return
	}
	if r.URL.Query().Get("type") != "jsapi" {
		fail(rw, 40097, "invalid args")
		return
	}
	answer(rw, map[string]any{"errcode": 0, "errmsg": "ok", "ticket": "ticket-" + rand.Text(), "expires_in": int(tokenLife.Seconds())})
}

func (w *WeChat) get(rw http.ResponseWriter, r *http.Request) {
	if !w.allowed(rw, r) {
		return
	}
	w.mu.Lock()
	with := w.media[r.URL.Query().Get("media_id")]
	w.mu.Unlock()
	if with == nil {
		fail(rw, 40007, "invalid media_id")
		return
	}
	with(rw, r)
}

// upload takes what wx.uploadImage sends, and answers with a serverId.
func (w *WeChat) upload(rw http.ResponseWriter, r *http.Request) {
	h := rw.Header()
	h.Set("Access-Control-Allow-Origin", "*")
	h.Set("Access-Control-Allow-Headers", "Content-Type")
	if r.Method == http.MethodOptions {
		return
	}
	data, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxUpload))
	if err != nil {
		http.Error(rw, fmt.Sprint(err), http.StatusRequestEntityTooLarge)
		return
	}
	contentType := r.Header.Get("Content-Type")
	if !strings.HasPrefix(contentType, "image/") {
		contentType = "image/jpeg" // as WeChat has it
	}
	answer(rw, map[string]string{"serverId": w.Put(contentType, data)})
}
