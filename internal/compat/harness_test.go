package compat_test

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/bus/localbus"
	"haggle/internal/bus/sharedbus"
	"haggle/internal/chat"
	"haggle/internal/compat"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

const (
	shopSecret = "the shop's own secret, 32 bytes at least"
	shop       = "https://shop.example"
	evil       = "https://evil.example"
	base       = "https://chat.example"

	// wait is how long something may take that has to come.
	wait = time.Minute
)

// world is the door with all that is behind it, for real, and two shops that sell
// product 1001 (V_1), 1002 (E_2) and 1003 (V_3).
type world struct {
	t       testing.TB
	svc     *chat.Service
	store   *sqlstore.Store
	codes   *compat.Codes
	server  *compat.Server
	sockets *httptest.Server // as on :8282
	web     *httptest.Server // as on the shop's own address
	far     *httptest.Server // the same at another node; nil without a relay
	client  *http.Client
	media   *fakeMedia
	dir     string
	logs    *bytes.Buffer
	stop    func()
	inner   string // where PHP's packets go to; "" without setup.php
}

type setup struct {
	dir    string
	ping   time.Duration
	limits func(*chat.Limits)
	bus    func(chat.Bus) chat.Bus
	rates  chat.Limiter
	relay  compat.Relay     // between this node and one more
	php    bool             // the shop's PHP reaches the sockets
	wall   func() time.Time // what the clock says
}

func newWorld(t testing.TB, o setup) *world {
	t.Helper()
	if o.dir == "" {
		o.dir = t.TempDir()
	}
	if o.rates == nil {
		o.rates = testkit.NoLimits{}
	}
	w := &world{t: t, client: newHTTPClient(), media: &fakeMedia{}, dir: o.dir, logs: &bytes.Buffer{}}
	var err error
	must := func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	w.store, err = sqlstore.OpenSQLite(t.Context(), filepath.Join(o.dir, "haggle.db"))
	must()
	log := slog.New(slog.NewTextHandler(&lockedWriter{w: w.logs}, nil))
	limits := chat.DefaultLimits()
	if o.limits != nil {
		o.limits(&limits)
	}
	var below chat.Bus = localbus.New()
	if o.bus != nil {
		below = o.bus(below)
	}
	shared := sharedbus.New(below)
	w.svc = chat.NewService(w.store, shared.Seat(), o.rates, limits, log)
	key, err := auth.SecretKey("", []byte(shopSecret))
	must()
	verifier, err := auth.NewVerifier(t.Context(), auth.Config{Keys: []auth.Key{key}, Own: bytes.Repeat([]byte{7}, 32)}, w.svc, log)
	must()
	disk, err := media.OpenDisk(filepath.Join(o.dir, "files"))
	must()
	signer, err := media.NewSigner(bytes.Repeat([]byte{5}, 32), limits.FileURLTTL)
	must()
	uploads := media.NewService(w.store, disk, w.svc, media.NewLine(limits), limits, log)
	w.codes, err = compat.NewCodes(bytes.Repeat([]byte{9}, 32))
	must()
	deps := compat.Deps{
		Service: w.svc, Bus: shared.Seat(), Verifier: verifier, Numbers: w.store, Codes: w.codes, Log: log,
		Picture: func(f chat.FileID) string { path, _ := signer.URL(f, media.Full); return path },
	}
	opts := compat.Options{
		AllowOrigin: func(o string) bool { return o == shop || o == base }, BaseURL: base, Ping: o.ping,
		Location: time.FixedZone("CST", 8*3600), Relay: o.relay, Nodes: o.relay != nil,
	}
	if o.php {
		opts.PHP = w.openGate(log)
	}
	w.server, err = compat.NewServer(deps, opts)
	must()
	if o.wall != nil {
		w.server.GoBy(o.wall)
	}
	logins := auth.NewCodes(verifier, w.store, time.Minute)
	if o.relay != nil {
		deps.Bus = shared.Seat()
		other, err := compat.NewServer(deps, opts)
		if err != nil {
			t.Fatal(err)
		}
		w.far = httptest.NewServer(compat.NewEndpoints(other, uploads, w.media, logins))
		t.Cleanup(w.far.Close)
	}
	w.sockets = httptest.NewServer(w.server.Handler())
	w.web = httptest.NewServer(compat.NewEndpoints(w.server, uploads, w.media, logins))
	w.run()
	t.Cleanup(func() { w.end(disk) })
	for id, merchant := range map[string]string{"1001": "V_1", "1002": "E_2", "1003": "V_3"} {
		w.sells(id, merchant)
	}
	return w
}

// end ends all of it, and looks at what was logged.
func (w *world) end(disk *media.Disk) {
	w.stop()
	if err := disk.Close(); err != nil {
		w.t.Error(err)
	}
	if w.t.Failed() {
		w.t.Logf("the server's log: %s", w.logs)
	}
	if strings.Contains(w.logs.String(), "eyJ") {
		w.t.Error("a token is in the log")
	}
	if strings.Contains(w.logs.String(), "panic") {
		w.t.Errorf("something panicked: %s", w.logs)
	}
}

// newHTTPClient keeps connections, as browsers do, and follows nothing.
func newHTTPClient() *http.Client {
	return &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 256},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// sells puts a product on sale.
func (w *world) sells(id, merchant string) {
	w.t.Helper()
	err := w.svc.Backend().PutProduct(w.t.Context(), chat.Product{
		ID: chat.ProductID(id), Merchant: chat.UID(merchant), Title: "Product " + id, Kind: chat.Virtual, Image: "/img/" + id + ".jpg",
		URL: shop + "/p/" + id, Price: chat.Money{Amount: 1250, Currency: "CNY"},
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// run starts what works in the background; stop ends all of it, as a restart does.
func (w *world) run() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(w.t.Context()))
	ended := make(chan error, 2)
	go func() { ended <- w.svc.Run(ctx) }()
	go func() { ended <- w.server.Run(ctx) }()
	w.stop = sync.OnceFunc(func() {
		grace, done := context.WithTimeout(ctx, wait)
		defer done()
		if err := w.server.Shutdown(grace); err != nil {
			w.t.Errorf("Shutdown = %v", err)
		}
		w.sockets.Close()
		w.web.Close()
		cancel()
		for range 2 {
			if err := <-ended; err != nil {
				w.t.Errorf("Run = %v", err)
			}
		}
		if err := w.store.Close(); err != nil {
			w.t.Errorf("close store: %v", err)
		}
	})
}

type lockedWriter struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *lockedWriter) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// token is what the shop signs for somebody: "U_7", or "V_1/alice" for an agent.
func (w *world) token(who string) string {
	w.t.Helper()
	uid, agent, _ := strings.Cut(who, "/")
	now := time.Now()
	token, err := auth.SignShopToken([]byte(shopSecret), auth.ShopClaims{
		UID: chat.UID(uid), Agent: chat.AgentID(agent), AgentName: agent, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// page is an old page in a browser, and who is signed in there.
type page struct {
	w      *world
	who    string
	token  string
	shown  string // what its history is called
	ws     *testkit.WS
	client string // client_id
	frames chan map[string]any
	kept   []map[string]any // frames that were read while waiting for others
	deaf   atomic.Bool      // it does not answer pings
}

// open opens a page up to its handshake.
func (w *world) open(who string) *page {
	w.t.Helper()
	p := &page{w: w, who: who}
	if who != "" {
		p.token = w.token(who)
	}
	p.connect()
	return p
}

// laterToken is what the shop signs when somebody signs in on another device.
func (w *world) laterToken(who string) string {
	w.t.Helper()
	token, err := auth.SignShopToken([]byte(shopSecret), auth.ShopClaims{
		UID: chat.UID(who), IssuedAt: time.Now(), ExpiresAt: time.Now().Add(2 * time.Hour),
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return token
}

// openWith opens a page with a token.
func (w *world) openWith(who, token string) *page {
	w.t.Helper()
	p := &page{w: w, who: who, token: token}
	p.connect()
	return p
}

// bound opens a page and binds it.
func (w *world) bound(who string) *page {
	w.t.Helper()
	p := w.open(who)
	p.mustBind()
	return p
}

func (p *page) cookie() string { return compat.CookieName + "=" + p.token }

func (p *page) header() http.Header {
	return http.Header{"Origin": {shop}, "Cookie": {p.cookie()}, "Sec-Websocket-Protocol": {""}}
}

func (p *page) connect() {
	p.w.t.Helper()
	ws, answer, err := testkit.DialWS(p.w.sockets.URL+"/", p.header())
	if err != nil || ws == nil {
		p.w.t.Fatalf("open a socket as %q: %d %s, %v", p.who, answer.Status, answer.Body, err)
	}
	p.ws = ws
	p.w.t.Cleanup(p.leave)
	p.frames = make(chan map[string]any, 4096)
	go p.read(ws, p.frames)
	p.say(`{"type":"handshake","role":"user"}`)
	hello := p.next("handshake")
	p.client, _ = hello["client_id"].(string)
	if len(p.client) != 20 {
		p.w.t.Fatalf("client_id %q has not 20 characters", p.client)
	}
}

// leave closes the connection as a browser does that is closed.
func (p *page) leave() { _ = p.ws.Conn.Close() }

// read takes what comes, and answers pings as the old page's script does.
func (p *page) read(ws *testkit.WS, frames chan map[string]any) {
	defer close(frames)
	for {
		op, data, err := ws.Read()
		if errors.Is(err, testkit.ErrClosed) && len(data) >= 2 {
			frames <- map[string]any{"type": "close", "code": binary.BigEndian.Uint16(data), "reason": string(data[2:])}
		}
		if err != nil {
			return
		}
		if op != testkit.OpText {
			continue
		}
		var f map[string]any
		if err := json.Unmarshal(data, &f); err != nil {
			f = map[string]any{"type": "not JSON: " + string(data)}
		}
		if f["type"] == "ping" && !p.deaf.Load() {
			_ = ws.Send(`{"type":"pong"}`)
		}
		frames <- f
	}
}

func (p *page) say(frame string) {
	p.w.t.Helper()
	if err := p.ws.Send(frame); err != nil {
		p.w.t.Fatalf("send %s: %v", frame, err)
	}
}

// next returns the next frame of a type; others are kept.
func (p *page) next(typ string) map[string]any {
	p.w.t.Helper()
	if i := slices.IndexFunc(p.kept, func(f map[string]any) bool { return f["type"] == typ }); i >= 0 {
		f := p.kept[i]
		p.kept = slices.Delete(p.kept, i, i+1)
		return f
	}
	deadline := time.After(wait)
	for {
		select {
		case f, ok := <-p.frames:
			if !ok {
				p.w.t.Fatalf("%s: the socket was closed while waiting for %s", p.who, typ)
			}
			if f["type"] == typ {
				return f
			}
			p.kept = append(p.kept, f)
		case <-deadline:
			p.w.t.Fatalf("%s: no %s came; there are %v", p.who, typ, p.kept)
		}
	}
}

// quiet checks that nothing of a type has come: what was asked for after it has.
func (p *page) quiet(typ string) {
	p.w.t.Helper()
	p.say(`{"type":"handshake","role":"user"}`)
	p.next("handshake")
	for _, f := range p.kept {
		if f["type"] == typ {
			p.w.t.Errorf("%s: %s came: %v", p.who, typ, f)
		}
	}
}

// closed waits for the end of the connection.
func (p *page) closed() {
	p.w.t.Helper()
	deadline := time.After(wait)
	for {
		select {
		case _, ok := <-p.frames:
			if !ok {
				return
			}
		case <-deadline:
			p.w.t.Fatalf("%s: the socket is still open", p.who)
		}
	}
}

// post is $.ajax, or $.post, to an action of the controller; the cookie and the
// origin are the page's. What comes back is as the page's script would have it.
func (p *page) post(action string, form url.Values) map[string]any {
	p.w.t.Helper()
	status, body := p.w.request(p.token, shop, http.MethodPost, "/push/push/"+action, form, true)
	if status != http.StatusOK {
		p.w.t.Fatalf("%s answers %d: %s", action, status, body)
	}
	return decode(p.w.t, body)
}

// decode parses an answer as the old pages do, which parse a string once more.
func decode(t testing.TB, body string) map[string]any {
	t.Helper()
	var v any
	if err := json.Unmarshal([]byte(body), &v); err != nil {
		t.Fatalf("the answer is no JSON: %q", body)
	}
	if s, ok := v.(string); ok {
		if err := json.Unmarshal([]byte(s), &v); err != nil {
			t.Fatalf("the answer holds no JSON: %q", s)
		}
	}
	if n, ok := v.(float64); ok {
		return map[string]any{"status": n}
	}
	m, ok := v.(map[string]any)
	if !ok {
		t.Fatalf("the answer is %q", body)
	}
	return m
}

func (w *world) request(token, origin, method, path string, form url.Values, ajax bool) (status int, body string) {
	w.t.Helper()
	var in io.Reader = http.NoBody
	if method == http.MethodPost {
		in = strings.NewReader(form.Encode())
	} else if form != nil {
		path += "?" + form.Encode()
	}
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.web.URL+path, in)
	if err != nil {
		w.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded; charset=UTF-8")
	if token != "" {
		req.Header.Set("Cookie", compat.CookieName+"="+token)
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	if ajax {
		req.Header.Set("X-Requested-With", "XMLHttpRequest")
	}
	resp, err := w.client.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	data, err := io.ReadAll(resp.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	if ct := resp.Header.Get("Content-Type"); strings.HasPrefix(string(data), "{") && ct != "application/json; charset=utf-8" {
		w.t.Errorf("%s %s: JSON that is said to be %q", method, path, ct)
	}
	if to := resp.Header.Get("Location"); to != "" {
		return resp.StatusCode, to
	}
	return resp.StatusCode, string(data)
}

func (p *page) bind(client string) map[string]any {
	form := url.Values{"client_id": {client}}
	if p.shown != "" { // once
		form.Set("shown", p.shown)
		p.shown = ""
	}
	return p.post("BindUserClientId", form)
}

func (p *page) mustBind() {
	p.w.t.Helper()
	if a := p.bind(p.client); a["status"] != 1.0 {
		p.w.t.Fatalf("bind %s: %v", p.who, a)
	}
}

// ask sends a text as the buyer's page does.
func (p *page) ask(text string) map[string]any {
	return p.post("SendMessageToMerchant", url.Values{
		"message": {text}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {p.client}, "sendType": {"message"},
	})
}

func (p *page) mustAsk(text string) {
	p.w.t.Helper()
	if a := p.ask(text); a["status"] != 1.0 {
		p.w.t.Fatalf("%s asks %q: %v", p.who, text, a)
	}
}

// answer sends HTML as the merchant's page does.
func (p *page) answer(buyer chat.UID, html string) map[string]any {
	return p.post("sendMessageToUser", url.Values{
		"message": {html}, "client_id": {p.client},
		"toUserCode": {p.w.codes.Buyer(p.uid(), buyer)}, "myCode": {p.w.codes.Mine(p.uid())},
	})
}

func (p *page) uid() chat.UID {
	uid, _, _ := strings.Cut(p.who, "/")
	return chat.UID(uid)
}

func (p *page) mustAnswer(html string) {
	p.w.t.Helper()
	if a := p.answer("U_7", html); a["status"] != 1.0 {
		p.w.t.Fatalf("%s answers %q: %v", p.who, html, a)
	}
}

// history is what chat?old=1 shows.
func (p *page) history(q url.Values) string {
	p.w.t.Helper()
	q.Set("old", "1")
	status, body := p.w.request(p.token, "", http.MethodGet, "/push/push/chat", q, false)
	if status != http.StatusOK {
		p.w.t.Fatalf("history: %d %s", status, body)
	}
	if _, rest, ok := strings.Cut(body, ` data-shown="`); ok {
		p.shown, _, _ = strings.Cut(rest, `"`)
	}
	return body
}

// conversation returns the one of U_7 and V_1, with what is in it.
func (w *world) conversation() (chat.Conversation, []chat.Message) {
	w.t.Helper()
	c, err := w.store.ConversationBetween(w.t.Context(), "U_7", "V_1")
	if err != nil {
		w.t.Fatalf("conversation: %v", err)
	}
	ms, err := w.store.MessagesAfter(w.t.Context(), c.ID, 0, 10_000)
	if err != nil {
		w.t.Fatal(err)
	}
	return c, ms
}

// stored returns the files of the server that hold a text.
func (w *world) stored(text string) (found []string) {
	w.t.Helper()
	err := filepath.WalkDir(w.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(path)
		if bytes.Contains(data, []byte(text)) {
			found = append(found, path)
		}
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return found
}

// as returns v as the type that it must have.
func as[T any](t testing.TB, v any) T {
	t.Helper()
	value, ok := v.(T)
	if !ok {
		t.Fatalf("%v is %T, want %T", v, v, value)
	}
	return value
}

// texts returns the texts of messages.
func texts(ms []chat.Message) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		for _, b := range m.Blocks {
			out[i] += b.Text
		}
	}
	return out
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	deadline := time.After(wait)
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v", what, wait)
		}
	}
}

// fakeMedia is WeChat's store of media, by id.
type fakeMedia struct {
	mu    sync.Mutex
	media map[string][]byte

	asked, answer chan struct{} // if not nil: told of each request, which waits for an answer
}

func (f *fakeMedia) put(id string, data []byte) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.media == nil {
		f.media = make(map[string][]byte)
	}
	f.media[id] = data
}

// forget is what WeChat does after three days.
func (f *fakeMedia) forget() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.media = nil
}

// Media implements compat.Media.
func (f *fakeMedia) Media(_ context.Context, id string) ([]byte, error) {
	if f.asked != nil {
		f.asked <- struct{}{}
		<-f.answer
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	data, ok := f.media[id]
	if !ok {
		return nil, chat.Codef(chat.Invalid, "wechat_media_invalid", "no such media: %w", fmt.Errorf("errcode 40007"))
	}
	return data, nil
}
