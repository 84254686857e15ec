package rest_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/store/sqlstore"
	"haggle/internal/webhook"
	"haggle/internal/wire"
)

func TestMain(m *testing.M) {
	rest.ConfigureHuma()
	os.Exit(m.Run())
}

const (
	shopSecret = "the shop's own secret, 32 bytes at least"
	apiKey     = "hk_0123456789abcdefghijklmnop"
	ownOrigin  = "https://chat.example"
	shopOrigin = "https://shop.example"
)

// fixture is the API over a real store, as a shop has set it up.
type fixture struct {
	t       *testing.T
	handler http.Handler
	api     *rest.API
	svc     *chat.Service
	logs    *bytes.Buffer
	store   *sqlstore.Store
	limiter *limiter
	log     *slog.Logger

	verifier *auth.Verifier
}

type option func(*rest.Deps, *auth.Config, *chat.Limits)

func newFixture(t *testing.T, opts ...option) *fixture {
	t.Helper()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })

	f := &fixture{t: t, limiter: &limiter{}, logs: &bytes.Buffer{}, store: store}
	log := slog.New(slog.NewJSONHandler(f.logs, &slog.HandlerOptions{Level: slog.LevelDebug}))
	f.log = log
	limits := chat.DefaultLimits()
	key, err := auth.SecretKey("", []byte(shopSecret))
	if err != nil {
		t.Fatal(err)
	}
	keys, err := auth.NewAPIKeys(apiKey)
	if err != nil {
		t.Fatal(err)
	}
	cfg := auth.Config{Keys: []auth.Key{key}, Own: bytes.Repeat([]byte{7}, 32), Guests: true}
	deps := rest.Deps{
		APIKeys: keys, Uploader: fakeUploader{store}, Log: log,
		Origins: []string{shopOrigin}, OwnOrigins: []string{ownOrigin}, SecureCookies: true, Version: "test",
		TrustedProxies: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8")},
		FileURL: func(file chat.FileID) (image, thumb string, expires time.Time) {
			return "/files/" + string(file) + "/image?s=x", "/files/" + string(file) + "/thumb?s=x", time.Unix(2e9, 0)
		},
	}
	for _, o := range opts {
		o(&deps, &cfg, &limits)
	}
	bus := localbus.New()
	bus.Attach(nobody{})
	f.svc = chat.NewService(store, bus, f.limiter, limits, log)
	deps.Service = f.svc
	deps.Webhook = webhook.NewWorker(store, f.svc.Backend(), nil, limits.RemindAfter, log)
	if deps.Verifier, err = auth.NewVerifier(t.Context(), cfg, f.svc, log); err != nil {
		t.Fatal(err)
	}
	f.verifier = deps.Verifier
	deps.Codes = auth.NewCodes(deps.Verifier, store, limits.LoginCodeTTL)
	if f.api, err = rest.New(deps); err != nil {
		t.Fatal(err)
	}
	f.handler = f.api.Handler()
	f.stock()
	return f
}

// stock puts two products of two merchants on sale.
func (f *fixture) stock() {
	f.t.Helper()
	for id, merchant := range map[chat.ProductID]chat.UID{"1001": "V_1", "1002": "E_1"} {
		err := f.svc.Backend().PutProduct(f.t.Context(), chat.Product{
			ID: id, Merchant: merchant, Title: "Product " + string(id), Kind: chat.Virtual,
			Price: chat.Money{Amount: 1250, Currency: "CNY"},
		})
		if err != nil {
			f.t.Fatal(err)
		}
	}
}

// limiter allows everything but what a test has used up.
type limiter struct {
	limited chat.Action
	left    int
}

func (l *limiter) Allow(action chat.Action, _ string) (time.Duration, bool) {
	if action != l.limited {
		return 0, true
	}
	if l.left == 0 {
		return 1500 * time.Millisecond, false
	}
	l.left--
	return 0, true
}

type nobody struct{}

func (nobody) Deliver(chat.Topic, chat.Event) {}
func (nobody) Online(chat.UID) bool           { return false }
func (nobody) Resync()                        {}

// fakeUploader keeps a row and no picture.
type fakeUploader struct{ files chat.FileStore }

func (u fakeUploader) Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error) {
	if string(data) == "boom" {
		return chat.File{}, errors.New("the disk is on fire")
	}
	sum := sha256.Sum256(data)
	f, _, err := u.files.AddFile(ctx, chat.File{
		ID: chat.NewFileID(), Uploader: actor.UID, Agent: actor.Agent, Key: key, Hash: sum[:16],
		Type: "image/png", Bytes: int64(len(data)), Width: 4, Height: 3, CreatedAt: time.Now(),
	})
	return f, err
}

func (u fakeUploader) Uploaded(ctx context.Context, actor chat.Actor, key chat.Nonce) (chat.File, error) {
	return u.files.FileByKey(ctx, actor.UID, key)
}

// token returns what the shop would sign for uid.
func token(t *testing.T, c auth.ShopClaims) string {
	t.Helper()
	if c.IssuedAt.IsZero() {
		c.IssuedAt = time.Now()
	}
	if c.ExpiresAt.IsZero() {
		c.ExpiresAt = c.IssuedAt.Add(time.Hour)
	}
	s, err := auth.SignShopToken([]byte(shopSecret), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// request is one request of a test.
type request struct {
	method, path string
	body         string
	as           chat.UID // signs a token for it; "" for none
	backend      bool     // shows the API key
	header       map[string]string
}

func (f *fixture) do(r request) *httptest.ResponseRecorder {
	f.t.Helper()
	req := httptest.NewRequestWithContext(f.t.Context(), r.method, ownOrigin+r.path, strings.NewReader(r.body))
	if r.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if r.as != "" {
		req.Header.Set("Authorization", "Bearer "+token(f.t, auth.ShopClaims{UID: r.as}))
	}
	if r.backend {
		req.Header.Set("Authorization", "Bearer "+apiKey)
	}
	for k, v := range r.header {
		req.Header.Set(k, v)
	}
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	return rec
}

// want checks the status and decodes the body into out.
func (f *fixture) want(r request, status int, out any) http.Header {
	f.t.Helper()
	res := f.do(r)
	body := res.Body.Bytes()
	if res.Code != status {
		f.t.Fatalf("%s %s: status %d, want %d: %s", r.method, r.path, res.Code, status, body)
	}
	if out != nil {
		if err := json.Unmarshal(body, out); err != nil {
			f.t.Fatalf("%s %s: %v: %s", r.method, r.path, err, body)
		}
	}
	return res.Header()
}

// fails checks that the answer has the one error shape and returns it.
func (f *fixture) fails(r request, status int, code string) wire.Error {
	f.t.Helper()
	var got struct{ Error wire.Error }
	res := f.want(r, status, &got)
	if got.Error.Code != code || got.Error.Message == "" {
		f.t.Errorf("%s %s: error %+v, want code %q and a message", r.method, r.path, got.Error, code)
	}
	if id := res.Get("X-Request-Id"); id == "" || id != got.Error.RequestID {
		f.t.Errorf("%s %s: request id %q in the header, %q in the body", r.method, r.path, id, got.Error.RequestID)
	}
	if ct := res.Get("Content-Type"); ct != "application/json" {
		f.t.Errorf("%s %s: Content-Type %q", r.method, r.path, ct)
	}
	return got.Error
}

// says sends a text about product 1001 and returns the ack.
func (f *fixture) says(buyer chat.UID, nonce, text string) wire.Ack {
	f.t.Helper()
	var ack wire.Ack
	f.want(request{
		method: "POST", path: "/v1/messages", as: buyer,
		body: `{"product":"1001","nonce":"` + nonce + `","blocks":[{"type":"text","text":"` + text + `"}]}`,
	}, http.StatusOK, &ack)
	return ack
}

func TestMe(t *testing.T) {
	f := newFixture(t)
	var me wire.Me
	res := f.want(request{method: "GET", path: "/v1/me", as: "U_1"}, http.StatusOK, &me)
	if me.Participant.UID != "U_1" || me.Side != "buyer" || me.Limits.Text != 4000 || me.Position.Epoch == "" {
		t.Errorf("me = %+v", me)
	}
	for k, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
		"Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := res.Get(k); got != want {
			t.Errorf("%s = %q, want %q", k, got, want)
		}
	}
}

func TestMessages(t *testing.T) {
	f := newFixture(t)
	var begun wire.Begin
	f.want(request{method: "POST", path: "/v1/begin", as: "U_1", body: `{"product":"1001"}`}, http.StatusOK, &begun)
	if begun.Merchant.UID != "V_1" || begun.Conversation != nil {
		t.Fatalf("begin = %+v: the seller is the product's, and nothing is created", begun)
	}
	ack := f.says("U_1", "n1", "hello")
	if ack.Seq != 1 || !ack.Begun {
		t.Fatalf("ack = %+v", ack)
	}
	if again := f.says("U_1", "n1", "hello"); again.Conversation != ack.Conversation || again.Seq != 1 {
		t.Errorf("resend = %+v, want the first result", again)
	}
	var page wire.MessagePage
	f.want(request{method: "GET", path: "/v1/conversations/" + ack.Conversation + "/messages", as: "V_1"}, http.StatusOK, &page)
	if len(page.Messages) != 1 || page.Messages[0].Blocks[0].Text != "hello" || page.More {
		t.Errorf("page = %+v", page)
	}
	var list wire.ConversationPage
	f.want(request{method: "GET", path: "/v1/conversations?order=unread", as: "V_1"}, http.StatusOK, &list)
	if len(list.Conversations) != 1 || list.Conversations[0].Unread != 1 || list.Cursor != "" {
		t.Errorf("list = %+v", list)
	}
}
