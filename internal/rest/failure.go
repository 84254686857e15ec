package rest

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"net/http"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/danielgtaylor/huma/v2"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// StatusError is the body of every answer that is not a success.
type StatusError struct {
	Err wire.Error `json:"error"`

	status     int
	retryAfter time.Duration
}

// Error returns the message.
func (f *StatusError) Error() string { return f.Err.Message }

// GetStatus returns the HTTP status; huma asks for it.
func (f *StatusError) GetStatus() int { return f.status }

// GetHeaders returns the headers that go with the status; huma asks for them.
func (f *StatusError) GetHeaders() http.Header {
	h := http.Header{}
	if f.retryAfter > 0 {
		seconds := (f.retryAfter + time.Second - 1) / time.Second
		h.Set("Retry-After", strconv.FormatInt(int64(seconds), 10))
	}
	if f.status == http.StatusUnauthorized {
		h.Set("WWW-Authenticate", `Bearer realm="haggle"`)
	}
	return h
}

// ConfigureHuma gives huma this package's error shape and strictness. What it
// sets are variables of huma's own, so it is called once, before anything is
// served.
func ConfigureHuma() {
	huma.NewErrorWithContext = func(ctx huma.Context, status int, _ string, errs ...error) huma.StatusError {
		f := failureOf(status, errs...)
		if ctx != nil {
			f.Err.RequestID = RequestID(ctx.Context())
		}
		return f
	}
	huma.NewError = func(status int, _ string, errs ...error) huma.StatusError { return failureOf(status, errs...) }
	huma.ValidateStrictCasing = true
	huma.DefaultArrayNullable = false
}

// failureOf words what huma and the mux find wrong by themselves. What was sent
// is never repeated in the answer: it may be a secret.
func failureOf(status int, errs ...error) *StatusError {
	f := &StatusError{status: status}
	switch status {
	case http.StatusBadRequest:
		f.Err = wire.Error{Code: "invalid_json", Message: "not a valid request"}
	case http.StatusUnprocessableEntity:
		f.status = http.StatusBadRequest
		f.Err = wire.Error{Code: "invalid_request", Message: "not a valid request"}
	case http.StatusNotFound:
		f.Err = wire.Error{Code: "not_found", Message: "there is nothing at this address"}
	case http.StatusMethodNotAllowed:
		f.Err = wire.Error{Code: "method_not_allowed", Message: "this address does not take that method"}
	case http.StatusNotAcceptable:
		f.Err = wire.Error{Code: "not_acceptable", Message: "the answer is application/json, which Accept does not allow"}
	case http.StatusRequestTimeout:
		f.Err = wire.Error{Code: "timeout", Message: "the request took too long to arrive"}
	case http.StatusRequestEntityTooLarge:
		f.Err = wire.Error{Code: "too_large", Message: "the request is too large"}
	case http.StatusUnsupportedMediaType:
		f.Err = wire.Error{Code: "unsupported_media_type", Message: "this address does not take that Content-Type"}
	default:
		f.status = http.StatusInternalServerError
		f.Err = wire.FromError(errors.New("unexpected"), "")
	}
	if f.status == http.StatusBadRequest {
		f.Err.Message = printable(wordsOf(errs, f.Err.Message))
	}
	return f
}

// wordsOf says what is wrong and where, from the first of errs that knows.
func wordsOf(errs []error, otherwise string) string {
	for _, err := range errs {
		detail, ok := errors.AsType[*huma.ErrorDetail](err)
		switch {
		case !ok:
		case detail.Location == "":
			return detail.Message
		default:
			return strings.TrimPrefix(detail.Location, "body.") + ": " + detail.Message
		}
	}
	return otherwise
}

// maxWords bounds a message that names what somebody sent.
const maxWords = 300

// printable returns s fit for a JSON answer: names in a request may be long, and
// those in a URL any bytes.
func printable(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if utf8.RuneCountInString(s) > maxWords {
		s = string([]rune(s)[:maxWords]) + "…"
	}
	return s
}

// failure maps err, and logs what is our own fault: here and nowhere else.
func (a *API) failure(ctx context.Context, err error) *StatusError {
	if done, ok := errors.AsType[*StatusError](err); ok {
		return done
	}
	e := chat.AsError(err)
	if e.Kind == chat.Internal && ctx.Err() != nil {
		// Whoever asked has left; nothing is wrong and nobody reads the answer.
		e = chat.Codef(chat.Unavailable, "canceled", "the request was given up")
	}
	switch e.Kind {
	case chat.Internal:
		a.log.ErrorContext(ctx, "answer request", "request_id", RequestID(ctx), "err", err)
	case chat.Unauthenticated, chat.Unavailable:
		a.log.LogAttrs(ctx, slog.LevelDebug, "refuse request",
			slog.String("request_id", RequestID(ctx)), slog.String("code", e.Code), slog.Any("err", err))
	case chat.Invalid, chat.Denied, chat.NotFound, chat.Conflict, chat.TooLarge, chat.RateLimited:
	}
	return &StatusError{Err: wire.FromError(e, RequestID(ctx)), status: wire.StatusOf(e.Kind), retryAfter: e.RetryAfter}
}

// writeFailure answers with f where huma does not.
func writeFailure(w http.ResponseWriter, r *http.Request, f *StatusError) {
	if f.Err.RequestID == "" {
		f.Err.RequestID = RequestID(r.Context())
	}
	maps.Copy(w.Header(), f.GetHeaders())
	w.Header().Set("Content-Type", mediaJSON)
	body, err := wire.Encode(f)
	if err != nil {
		body = []byte("{}")
	}
	w.WriteHeader(f.status)
	_, _ = w.Write(body) // whoever left needs no answer
}

// failureFor is failureOf for a route's own use.
func failureFor(ctx context.Context, status int) *StatusError {
	f := failureOf(status)
	f.Err.RequestID = RequestID(ctx)
	return f
}
