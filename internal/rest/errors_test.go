package rest_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
)

// Whatever is wrong, the answer has the one shape, a stable code and the
// request's id, and repeats nothing of what was sent.
func TestErrors(t *testing.T) {
	f := newFixture(t)
	send := func(body string) request {
		return request{method: "POST", path: "/v1/messages", as: "U_1", body: body}
	}
	text := `"blocks":[{"type":"text","text":"secret-word"}]`
	tests := []struct {
		name   string
		req    request
		status int
		code   string
		says   string // part of the message
	}{
		{"no such address", request{method: "GET", path: "/v1/nothing"}, 404, "not_found", ""},
		{"another method", request{method: "DELETE", path: "/v1/me"}, 405, "method_not_allowed", ""},
		{"another method of a page", request{method: "POST", path: "/docs"}, 405, "method_not_allowed", ""},
		{"not JSON to be had", request{method: "GET", path: "/v1/me", as: "U_1", header: map[string]string{"Accept": "text/html"}}, 406, "not_acceptable", ""},
		{"JSON refused", request{method: "GET", path: "/v1/me", as: "U_1", header: map[string]string{"Accept": "application/json;q=0"}}, 406, "not_acceptable", ""},
		{"a form for JSON", request{method: "POST", path: "/v1/begin", as: "U_1", body: "product=1", header: map[string]string{"Content-Type": "application/x-www-form-urlencoded"}}, 415, "unsupported_media_type", ""},
		{"text for JSON", request{method: "POST", path: "/v1/begin", as: "U_1", body: "{}", header: map[string]string{"Content-Type": "text/plain"}}, 415, "unsupported_media_type", ""},
		{"too large", send(`{"nonce":"` + strings.Repeat("x", 70<<10) + `"}`), 413, "too_large", ""},
		{"no body", send(""), 400, "invalid_json", ""},
		{"not JSON", send("secret-word"), 400, "invalid_json", ""},
		{"cut off", send(`{"nonce":"secret-word`), 400, "invalid_json", ""},
		{"two values", send(`{} {}`), 400, "invalid_json", ""},
		{"a list", send(`[]`), 400, "invalid_request", ""},
		{"the same name twice", send(`{"product":"1001","nonce":"a","nonce":"b",` + text + `}`), 400, "invalid_json", "nonce"},
		{"the same name twice, deep", send(`{"product":"1001","nonce":"a","blocks":[{"type":"text","text":"a","text":"b"}]}`), 400, "invalid_json", "text"},
		{"another letter case", send(`{"product":"1001","Nonce":"a",` + text + `}`), 400, "invalid_request", "nonce"},
		{"another letter case beside the right one", send(`{"product":"1001","nonce":"a","NONCE":"b",` + text + `}`), 400, "invalid_request", "NONCE"},
		{"an unknown name", send(`{"product":"1001","nonce":"a","sender":"V_1",` + text + `}`), 400, "invalid_request", "sender"},
		{"an unknown name, deep", send(`{"product":"1001","nonce":"a","blocks":[{"type":"text","text":"a","html":"b"}]}`), 400, "invalid_request", "blocks[0].html"},
		{"not UTF-8", send("{\"product\":\"1001\",\"nonce\":\"a\",\"blocks\":[{\"type\":\"text\",\"text\":\"\xff\"}]}"), 400, "invalid_json", ""},
		{"half a surrogate pair", send(`{"product":"1001","nonce":"a","blocks":[{"type":"text","text":"\ud83d"}]}`), 400, "invalid_json", ""},
		{"NUL", send(`{"product":"1001","nonce":"a","blocks":[{"type":"text","text":"a\u0000b"}]}`), 400, "invalid_text", ""},
		{"a number for text", send(`{"product":"1001","nonce":7,` + text + `}`), 400, "invalid_request", "nonce"},
		{"a fraction for a seq", request{method: "POST", path: "/v1/conversations/x/read", as: "U_1", body: `{"seq":1.5}`}, 400, "invalid_request", "seq"},
		{"a seq that no number holds", request{method: "POST", path: "/v1/conversations/x/read", as: "U_1", body: `{"seq":1e300}`}, 400, "invalid_request", "seq"},
		{"a name is missing", send(`{"product":"1001",` + text + `}`), 400, "invalid_request", "nonce"},
		{"another merchant", send(`{"product":"1001","merchant":"V_2","nonce":"a",` + text + `}`), 403, "wrong_merchant", ""},
		{"no such product", send(`{"product":"none","nonce":"a",` + text + `}`), 404, "not_found", ""},
		{"an unknown order", request{method: "GET", path: "/v1/conversations?order=oldest", as: "U_1"}, 400, "invalid_request", "order"},
		{"an unknown parameter", request{method: "GET", path: "/v1/me?verbose=1", as: "U_1"}, 400, "invalid_request", "verbose"},
		{"a parameter of broken bytes", request{method: "GET", path: "/v1/me?%ff%00=1", as: "U_1"}, 400, "invalid_request", "query"},
		{"a name without end", send(`{"product":"1001","nonce":"a",` + text + `,"` + strings.Repeat("x", 60<<10) + `":1}`), 400, "invalid_request", "…"},
		{"a token in the URL", request{method: "GET", path: "/v1/me?token=secret-word"}, 401, "token_missing", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f.t = t
			e := f.fails(tt.req, tt.status, tt.code)
			if !strings.Contains(e.Message, tt.says) {
				t.Errorf("message %q, want it to name %q", e.Message, tt.says)
			}
			if strings.Contains(e.Message, "secret-word") {
				t.Errorf("message %q repeats what was sent", e.Message)
			}
		})
	}
	if strings.Contains(f.logs.String(), "secret-word") {
		t.Error("the log has what was sent")
	}
	for _, allow := range []struct{ path, want string }{{"/v1/me", "GET, HEAD"}, {"/v1/messages", "POST"}} {
		res := f.do(request{method: "PATCH", path: allow.path})
		if got := res.Header().Get("Allow"); got != allow.want {
			t.Errorf("Allow of %s = %q, want %q", allow.path, got, allow.want)
		}
	}
}

// A body as large as allowed goes through, one byte more does not.
func TestErrors_bodyLimit(t *testing.T) {
	f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.FrameBytes = 1000 })
	pad := func(n int) string {
		body := `{"product":"none"}`
		return body + strings.Repeat(" ", n-len(body))
	}
	f.fails(request{method: "POST", path: "/v1/begin", as: "U_1", body: pad(1000)}, 404, "not_found")
	f.fails(request{method: "POST", path: "/v1/begin", as: "U_1", body: pad(1001)}, 413, "too_large")
}

func TestErrors_rateLimited(t *testing.T) {
	f := newFixture(t)
	f.limiter.limited = chat.ActionRequest
	r := request{method: "GET", path: "/v1/me", as: "U_1"}
	if e := f.fails(r, http.StatusTooManyRequests, "rate_limited"); e.RetryAfterMS != 1500 {
		t.Errorf("error = %+v, want when to come back", e)
	}
	if got := f.do(r).Header().Get("Retry-After"); got != "2" {
		t.Errorf("Retry-After = %q, want whole seconds, rounded up", got)
	}
}

func TestUnauthorized_saysHow(t *testing.T) {
	f := newFixture(t)
	if got := f.do(request{method: "GET", path: "/v1/me"}).Header().Get("WWW-Authenticate"); !strings.HasPrefix(got, "Bearer") {
		t.Errorf("WWW-Authenticate = %q", got)
	}
}

// A store that fails is our fault: logged once, with the request's id, and none
// of it shown.
func TestErrors_internal(t *testing.T) {
	f := newFixture(t)
	if err := f.store.Close(); err != nil {
		t.Fatal(err)
	}
	r := request{method: "GET", path: "/v1/products/1001", as: "U_1", header: map[string]string{"X-Request-Id": "find-me"}}
	res := f.do(r)
	if res.Code < 500 || strings.Contains(res.Body.String(), "sql") {
		t.Errorf("status %d: %s", res.Code, res.Body)
	}
	logged := 0
	for line := range strings.Lines(f.logs.String()) {
		var entry map[string]any
		if err := json.Unmarshal([]byte(line), &entry); err != nil {
			t.Fatal(err)
		}
		if entry["level"] == "ERROR" {
			logged++
			if entry["request_id"] != "find-me" {
				t.Errorf("log entry %v, want the request's id", entry)
			}
		}
	}
	if logged > 1 {
		t.Errorf("logged %d times", logged)
	}
}

// Who left gets no answer, and is no error of ours.
func TestErrors_clientLeft(t *testing.T) {
	f := newFixture(t)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	req := httptest.NewRequestWithContext(ctx, http.MethodGet, "/v1/me", nil)
	req.Header.Set("Authorization", "Bearer "+token(t, auth.ShopClaims{UID: "U_1"}))
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	if !strings.Contains(rec.Body.String(), `"code":"canceled"`) { // the store's word for it, too
		t.Errorf("answered %s", rec.Body)
	}
	if strings.Contains(f.logs.String(), `"level":"ERROR"`) {
		t.Errorf("logged as an error: %s", f.logs)
	}
}

func TestObserve(t *testing.T) {
	f := newFixture(t)
	f.logs.Reset()
	for sent, kept := range map[string]bool{
		"abc-123": true, "": false, "a b": false, strings.Repeat("x", 65): false, "a\"b": false, "<script>": false,
	} {
		got := f.do(request{method: "GET", path: "/v1/me?code=secret-word", as: "U_1", header: map[string]string{"X-Request-Id": sent}}).
			Header().Get("X-Request-Id")
		if got == "" || (got == sent) != kept {
			t.Errorf("request id %q answered with %q", sent, got)
		}
	}
	logs := f.logs.String()
	if strings.Contains(logs, "secret-word") || strings.Contains(logs, "eyJ") {
		t.Errorf("the log has a code or a token: %s", logs)
	}
	if !strings.Contains(logs, `"path":"/v1/me"`) || !strings.Contains(logs, `"status":400`) {
		t.Errorf("the access log: %s", logs)
	}
}

func TestObserve_panic(t *testing.T) {
	f := newFixture(t)
	panics := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic("at the disco") })
	rec := httptest.NewRecorder()
	rest.Observe(f.log, nil, rest.Observe(f.log, nil, panics)).ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
	var got struct {
		Error struct {
			Code      string `json:"code"`
			RequestID string `json:"request_id"`
		} `json:"error"`
	}
	if err := json.Unmarshal(rec.Body.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if rec.Code != 500 || got.Error.Code != "internal" || got.Error.RequestID != rec.Header().Get("X-Request-Id") {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
	if strings.Contains(rec.Body.String(), "disco") {
		t.Error("the answer tells why")
	}
	if n := strings.Count(f.logs.String(), `"msg":"request"`); n != 1 {
		t.Errorf("%d lines in the access log, want 1: wrapping twice does it once", n)
	}
	if n := strings.Count(f.logs.String(), "at the disco"); n == 0 {
		t.Error("nobody is told of the panic")
	}

	// net/http's own way to cut a connection stays that.
	abort := http.HandlerFunc(func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	defer func() {
		if err, ok := recover().(error); !ok || !errors.Is(err, http.ErrAbortHandler) {
			t.Errorf("recovered %v, want ErrAbortHandler", err)
		}
	}()
	rest.Observe(f.log, nil, abort).ServeHTTP(httptest.NewRecorder(), httptest.NewRequestWithContext(t.Context(), "GET", "/x", nil))
}

func TestFail(t *testing.T) {
	f := newFixture(t)
	rec := httptest.NewRecorder()
	f.api.Fail(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/files/x", nil), http.StatusGone,
		chat.Codef(chat.NotFound, "file_url_expired", "gone"))
	if rec.Code != http.StatusGone || !strings.Contains(rec.Body.String(), `"code":"file_url_expired"`) {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}
