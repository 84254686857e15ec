package compat

import (
	"context"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	"golang.org/x/sync/semaphore"

	"haggle/internal/chat"
)

// Uploader takes pictures in; *media.Service does.
type Uploader interface {
	Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error)

	// Uploaded returns what the actor has uploaded under key, NotFound for nothing.
	Uploaded(ctx context.Context, actor chat.Actor, key chat.Nonce) (chat.File, error)
}

// Media fetches what a page has uploaded to WeChat.
type Media interface {
	Media(ctx context.Context, id string) ([]byte, error)
}

// LoginCodes makes one-time codes that let somebody into the new pages.
type LoginCodes interface {
	Create(ctx context.Context, actor chat.Actor) (code string, expires time.Time, err error)
}

// The old chat's statuses. Each action has its own idea of what they mean; all that
// the pages look at is whether there is a minus.
const (
	statusDone   = 1
	statusClient = -1
	statusWrong  = -2
	statusFailed = -3
)

const (
	// bodyMemory bounds the posts with pictures in them that are being read, in the
	// whole process.
	bodyMemory = 256 << 20

	bodyWait    = 10 * time.Second // for a part of it
	bodyTimeout = time.Minute      // for a post to arrive
	doWithin    = 90 * time.Second // for all an action does; WeChat may be slow
)

// Endpoints serves what the old pages ask for over HTTP.
type Endpoints struct {
	srv      *Server
	uploader Uploader
	media    Media // nil without WeChat
	logins   LoginCodes
	memory   *semaphore.Weighted
	fetches  *semaphore.Weighted // posts whose pictures are being fetched

	mu      sync.Mutex
	fetcher map[owner]struct{} // whose those are, or wait to be; guarded by mu
}

// NewEndpoints returns the endpoints beside srv. Without WeChat media is nil.
func NewEndpoints(srv *Server, uploader Uploader, media Media, logins LoginCodes) *Endpoints {
	return &Endpoints{
		srv: srv, uploader: uploader, media: media, logins: logins,
		memory: semaphore.NewWeighted(bodyMemory), fetches: semaphore.NewWeighted(fetchesAtOnce), fetcher: make(map[owner]struct{}),
	}
}

// request is one request, from somebody who is known.
type request struct {
	*http.Request

	id     chat.Identity
	form   url.Values // of the body, of the path, and of the query for a GET
	client chat.ClientID
}

// refusal is the old chat's way to say no.
type refusal struct {
	status int
	err    error
	failed []failedMedia
}

// Error returns the error's words.
func (r *refusal) Error() string { return r.err.Error() }

func (r *refusal) Unwrap() error { return r.err }

func refuse(status int, err error) error { return &refusal{status: status, err: err} }

// done is an action's success.
type done struct {
	Status    int     `json:"status"`
	TimeStamp int64   `json:"timeStamp"` // Unix seconds
	TimeStr   string  `json:"timeStr"`
	HTML      *string `json:"html,omitzero"`

	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
}

// refused is an action's failure: the old status, and why.
type refused struct {
	Status       int           `json:"status"`
	Code         string        `json:"code"`
	Message      string        `json:"message"`
	RetryAfterMS int64         `json:"retry_after_ms,omitzero"`
	Failed       []failedMedia `json:"failed,omitzero"`
}

// ServeHTTP serves a request that Matches. As in the old chat, a wrong method is a
// 404 and everything else that an action refuses a 200 with a status below 0.
func (e *Endpoints) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	action, params, _ := parseRoute(r.URL)
	r.Pattern = controllerPath + action // for the metrics: one of five, or there is a 404
	h := w.Header()
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'")
	h.Set("Referrer-Policy", "same-origin")
	var do func(context.Context, *request) (any, error)
	method := http.MethodPost
	switch action {
	case actionBind:
		do = e.bind
	case actionToShop:
		do = e.sendToMerchant
	case actionToBuyer:
		do = e.sendToUser
	case actionUpload:
		do = e.upload
	case actionChat:
		method = http.MethodGet
	default:
		r.Pattern = controllerPath
		http.NotFound(w, r)
		return
	}
	switch {
	case r.Method != method:
		http.NotFound(w, r)
	case action == actionChat:
		e.chat(w, r, params)
	default:
		e.post(w, r, action, params, do)
	}
}

// post carries out an action and answers in its way.
func (e *Endpoints) post(w http.ResponseWriter, r *http.Request, action string, params url.Values, do func(context.Context, *request) (any, error)) {
	ctx, cancel := context.WithTimeout(r.Context(), doWithin)
	defer cancel()
	var answer any
	status := http.StatusOK
	q, free, err := e.open(ctx, w, r, params, action == actionToBuyer)
	if err == nil {
		defer free()
		answer, err = do(ctx, q)
	}
	outcome := "ok"
	if err != nil {
		no := e.refused(ctx, action, err)
		outcome = no.Code
		answer = no
		if no.Code == "origin_not_allowed" {
			status = http.StatusForbidden
		}
	}
	e.srv.stats.posts.WithLabelValues(action, outcome).Inc()
	if answer == nil {
		return // uploadImgage without images: an empty 200
	}
	e.answer(w, r, action, status, answer)
}

// open finds out who is asking, before the body is looked at, and reads it.
func (e *Endpoints) open(ctx context.Context, w http.ResponseWriter, r *http.Request, params url.Values, pictures bool) (_ *request, free func(), err error) {
	if err := e.srv.checkSite(r); err != nil {
		return nil, nil, err
	}
	id, err := e.srv.identify(r)
	if err != nil {
		return nil, nil, err
	}
	if err := e.srv.svc.Allow(chat.ActionRequest, id.Actor); err != nil {
		return nil, nil, err
	}
	q := &request{Request: r, id: id}
	// Only a merchant's answer has pictures in it: nobody else holds that memory.
	if q.form, free, err = e.readForm(ctx, w, r, pictures && id.Actor.Side() == chat.MerchantSide); err != nil {
		return nil, nil, err
	}
	for name, values := range params {
		if !q.form.Has(name) {
			q.form[name] = values
		}
	}
	q.client = chat.ClientID(q.form.Get("client_id"))
	return q, free, nil
}

// readForm reads the body. One with pictures may be large, so it waits for its part
// of the memory; free gives that back.
func (e *Endpoints) readForm(ctx context.Context, w http.ResponseWriter, r *http.Request, pictures bool) (form url.Values, free func(), err error) {
	limits := e.srv.svc.Limits()
	most := 4 * int64(limits.FrameBytes) // a form takes up to three bytes for one
	free = func() {}
	if pictures {
		most += limits.UploadBytes * 3 / 2 // one picture at its largest, or several together, in base64
	}
	if r.ContentLength > most {
		return nil, nil, errBody(most)
	}
	if pictures {
		size := most
		if r.ContentLength >= 0 {
			size = r.ContentLength
		}
		size = min(3*size, bodyMemory) // the form, its value, the bytes
		wait, cancel := context.WithTimeout(ctx, bodyWait)
		defer cancel()
		if err := e.memory.Acquire(wait, size); err != nil {
			return nil, nil, chat.Codef(chat.Unavailable, "busy", "too much to do, try again in a moment")
		}
		free = func() { e.memory.Release(size) }
	}
	// A writer that has no deadline keeps the server's own.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(bodyTimeout))
	r.Body = http.MaxBytesReader(w, r.Body, most)
	if err := r.ParseForm(); err != nil {
		free()
		if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
			return nil, nil, errBody(most)
		}
		return nil, nil, chat.Codef(chat.Invalid, "invalid_form", "the form cannot be read")
	}
	return r.PostForm, free, nil
}

func errBody(most int64) error {
	return chat.Codef(chat.TooLarge, "too_large", "the request is larger than %d bytes", most)
}

// refused words an error, and logs what is our own fault.
func (e *Endpoints) refused(ctx context.Context, action string, err error) refused {
	status := statusFailed
	no, ok := errors.AsType[*refusal](err)
	if ok {
		status = no.status
	} else if kind := chat.KindOf(err); kind == chat.Unauthenticated || kind == chat.Denied {
		status = statusClient
	}
	c := chat.AsError(err)
	if ctx.Err() != nil && c.Kind == chat.Internal {
		c = chat.Codef(chat.Unavailable, "timeout", "the server took too long, try again")
	}
	if c.Kind == chat.Internal {
		e.srv.log.ErrorContext(ctx, "old page's request", "action", action, "err", err)
	}
	out := refused{Status: status, Code: c.Code, Message: c.Msg, RetryAfterMS: c.RetryAfter.Milliseconds()}
	if c.Kind == chat.Internal {
		out.Message = "something went wrong on the server"
	}
	if ok {
		out.Failed = no.failed
	}
	return out
}

// answer writes an answer as the page that asked expects it. ThinkPHP encodes what
// an action returns once more for Ajax, and the pages parse it once more: for them
// the two that send answer with a JSON string that holds JSON.
//
// The page that uploads compares its answer with 1, while others read fields, and
// no JSON value does for both. The number it is for that page's request, jQuery's
// $.post, when all is well: fields read off it are undefined and break nothing. Who
// wants fields says so by asking for JSON in Accept. A refusal has its fields
// always: it is not 1 in any case.
func (e *Endpoints) answer(w http.ResponseWriter, r *http.Request, action string, status int, v any) {
	ajax := strings.EqualFold(r.Header.Get("X-Requested-With"), "XMLHttpRequest")
	if _, ok := v.(done); ok && ajax && action == actionUpload && !strings.HasPrefix(r.Header.Get("Accept"), "application/json") {
		v = statusDone
	}
	body, err := encode(v)
	if err == nil && ajax && (action == actionToShop || action == actionToBuyer) {
		body, err = json.Marshal(string(body))
	}
	if err != nil {
		e.srv.log.ErrorContext(r.Context(), "encode answer", "err", err)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(body) //nolint:gosec // it is JSON, said to be, and who asked may have gone
}
