package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/wechat"
)

// Deps is what the API is made of.
type Deps struct {
	Service  *chat.Service
	Verifier *auth.Verifier
	Codes    *auth.Codes
	APIKeys  auth.APIKeys
	Uploader Uploader
	FileURL  FileURLFunc
	Log      *slog.Logger

	// Origins are the shop's, whose pages may sign people in: "https://shop.example".
	Origins []string

	// OwnOrigins are the server's own: that of its base URL first, and in the demo
	// the other names of this machine.
	OwnOrigins []string

	CompatCodes CompatCodes // of the PHP chat's pages; nil without them

	Webhook Webhook // nil where the shop is told nothing

	WeChat   WeChat // nil without an official account
	WeChatJS string // where its JS-SDK is

	SecureCookies  bool           // people reach the server over TLS
	TrustedProxies []netip.Prefix // whose X-Forwarded-For is believed
	Version        string         // of the server, for the OpenAPI document
}

// Uploader takes pictures in.
type Uploader interface {
	// Upload checks, converts and keeps a picture. The same key and bytes again
	// return the first result.
	Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error)

	// Uploaded returns what the actor has uploaded under key, NotFound for nothing.
	Uploaded(ctx context.Context, actor chat.Actor, key chat.Nonce) (chat.File, error)
}

// WeChat is what pages inside WeChat need; *wechat.Client is one.
type WeChat interface {
	// JSConfig signs for the page at address.
	JSConfig(ctx context.Context, address string) (wechat.JSConfig, error)

	// Media returns what a page has uploaded to WeChat.
	Media(ctx context.Context, id string) ([]byte, error)
}

// CompatCodes makes the codes by which the PHP chat's pages name people.
type CompatCodes interface {
	// Mine returns a merchant's own code: myCode.
	Mine(merchant chat.UID) string

	// Buyer returns a buyer's code towards a merchant: toUserCode.
	Buyer(merchant, buyer chat.UID) string
}

// FileURLFunc says under which paths a file's picture and thumbnail can be
// fetched, and until when.
type FileURLFunc func(file chat.FileID) (image, thumb string, expires time.Time)

// API is the HTTP API.
type API struct {
	Deps

	log  *slog.Logger
	svc  *chat.Service
	mux  *http.ServeMux
	huma huma.API

	uploads    *uploadBudget
	bulkSchema *huma.Schema // of a line
}

// New returns the API. ConfigureHuma was called before.
func New(d Deps) (*API, error) {
	limits := d.Service.Limits()
	a := &API{
		Deps: d, log: d.Log, svc: d.Service, mux: http.NewServeMux(),
		uploads: newUploadBudget(max(uploadMemory, limits.UploadBytes), limits.Images),
	}
	a.huma = humago.New(a.mux, a.config())
	a.huma.UseMiddleware(a.checkAccept, a.authenticate)
	a.accountRoutes()
	a.phraseRoutes()
	a.settingsRoutes()
	a.conversationRoutes()
	a.searchRoute()
	a.fileRoutes()
	a.weChatRoutes()
	a.loginRoutes()
	a.serverRoutes()
	a.bulkRoute()
	if err := a.docsRoutes(); err != nil {
		return nil, fmt.Errorf("documentation of the API: %w", err)
	}
	return a, nil
}

// Handler serves everything under /v1/ but the socket, and /docs.
func (a *API) Handler() http.Handler {
	return Observe(a.log, a.TrustedProxies, http.HandlerFunc(a.serve))
}

func (a *API) serve(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Cache-Control", "no-store")
	fallback, pattern := a.mux.Handler(r)
	if pattern != "" {
		a.mux.ServeHTTP(w, r)
		return
	}
	// The mux knows whether it is the address or the method; its words are text.
	answer := &headOnly{header: http.Header{}}
	fallback.ServeHTTP(answer, r)
	if allow := answer.header.Get("Allow"); allow != "" {
		h.Set("Allow", allow)
	}
	writeFailure(w, r, failureOf(answer.status))
}

// headOnly takes the status and the header of an answer.
type headOnly struct {
	header http.Header
	status int
}

// Header returns the header.
func (h *headOnly) Header() http.Header { return h.header }

// Write takes the body for nothing.
func (h *headOnly) Write(data []byte) (int, error) { return len(data), nil }

// WriteHeader notes the status.
func (h *headOnly) WriteHeader(status int) { h.status = status }

// Fail answers a request outside of the API in the API's error shape, for the
// handlers that sit beside it. Status 0 means that of err's kind.
func (a *API) Fail(w http.ResponseWriter, r *http.Request, status int, err *chat.Error) {
	f := a.failure(r.Context(), err)
	if status != 0 {
		f.status = status
	}
	writeFailure(w, r, f)
}

// The ways to say who is asking, as the OpenAPI document names them.
const (
	byToken  = "token"
	byAPIKey = "api_key"
	byCookie = "cookie"
)

// identityKey is where a request's context has the identity from its middleware
// to the route's wrapper, which makes a parameter of it.
type identityKey struct{}

// authenticate asks for what the route's Security names, before its input is
// looked at.
func (a *API) authenticate(ctx huma.Context, next func(huma.Context)) {
	for _, way := range ctx.Operation().Security {
		var err error
		if _, ok := way[byToken]; ok {
			var id chat.Identity
			if id, err = a.identify(ctx); err == nil {
				ctx = huma.WithValue(ctx, identityKey{}, id)
			}
		} else if _, ok := way[byAPIKey]; ok {
			err = a.checkAPIKey(ctx)
		}
		if err != nil {
			a.refuse(ctx, a.failure(ctx.Context(), err))
			return
		}
	}
	next(ctx)
}

// refuse answers before huma does.
func (a *API) refuse(ctx huma.Context, f *StatusError) {
	r, w := humago.Unwrap(ctx)
	writeFailure(w, r, f)
}

func (a *API) identify(ctx huma.Context) (chat.Identity, error) {
	token, ok := bearer(ctx)
	if !ok {
		return chat.Identity{}, chat.Codef(chat.Unauthenticated, "token_missing", "sign in: the header Authorization: Bearer <token> is missing")
	}
	id, err := a.Verifier.Verify(ctx.Context(), token)
	if err != nil {
		return chat.Identity{}, err
	}
	return id, a.svc.Allow(chat.ActionRequest, id.Actor)
}

func (a *API) checkAPIKey(ctx huma.Context) error {
	key, ok := bearer(ctx)
	if !ok || !a.APIKeys.Allow(key) {
		return chat.Codef(chat.Unauthenticated, "api_key_invalid", "the header Authorization: Bearer <API key> is missing or wrong")
	}
	return nil
}

func bearer(ctx huma.Context) (string, bool) {
	scheme, token, ok := strings.Cut(ctx.Header("Authorization"), " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "bearer")
}

// checkAccept refuses those who cannot read the answer before anything is done.
func (a *API) checkAccept(ctx huma.Context, next func(huma.Context)) {
	if !acceptsJSON(ctx.Header("Accept")) {
		a.refuse(ctx, failureOf(http.StatusNotAcceptable))
		return
	}
	next(ctx)
}

// actorIn is what routes for buyers and agents do; errors are mapped once, here.
func actorIn[I, O any](a *API, op huma.Operation, do func(ctx context.Context, actor chat.Actor, in *I) (*O, error)) {
	op.Security = []map[string][]string{{byToken: {}}}
	plain(a, op, func(ctx context.Context, in *I) (*O, error) {
		id, ok := ctx.Value(identityKey{}).(chat.Identity)
		if !ok {
			return nil, chat.Codef(chat.Unauthenticated, "token_missing", "sign in")
		}
		return do(ctx, id.Actor, in)
	})
}

// plain registers a route whose errors are the domain's.
func plain[I, O any](a *API, op huma.Operation, do func(ctx context.Context, in *I) (*O, error)) {
	if op.MaxBodyBytes == 0 {
		op.MaxBodyBytes = int64(a.svc.Limits().FrameBytes) + 1 // huma refuses at the limit, not beyond it
	}
	op.BodyReadTimeout = bodyTimeout
	if op.Errors == nil {
		op.Errors = []int{
			http.StatusBadRequest, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound,
			http.StatusConflict, http.StatusRequestEntityTooLarge, http.StatusUnsupportedMediaType,
			http.StatusTooManyRequests, http.StatusServiceUnavailable,
		}
	}
	huma.Register(a.huma, op, func(ctx context.Context, in *I) (*O, error) {
		out, err := do(ctx, in)
		if err != nil {
			return nil, a.failure(ctx, err)
		}
		return out, nil
	})
}

// bodyTimeout is how long a JSON body may take to arrive, over a phone's network
// too.
const bodyTimeout = 15 * time.Second

// exchange gives a route the request itself, where it needs more than its input:
// cookies, the origin, a body to read by and by. It is embedded in the input.
type exchange struct {
	r *http.Request
	w http.ResponseWriter
}
