package plain_test

import (
	"bytes"
	"context"
	"html"
	"log/slog"
	"mime/multipart"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
	"haggle/internal/plain"
	"haggle/internal/store/sqlstore"
)

const own = "https://chat.example"

// site is the pages over a real store, and who the browser is.
type site struct {
	t       *testing.T
	mux     *http.ServeMux
	svc     *chat.Service
	as      chat.Identity
	read    int // of the last form
	uploads int
	rooms   int // given, and not given back
	full    bool
	limit   limiter
}

type limiter struct{ refuse []chat.Action }

func (l *limiter) Allow(a chat.Action, _ string) (time.Duration, bool) {
	return time.Second, !slices.Contains(l.refuse, a)
}

type nobody struct{}

func (nobody) Deliver(chat.Topic, chat.Event) {}
func (nobody) Online(chat.UID) bool           { return false }
func (nobody) Resync()                        {}

func (s *site) Buyer(*http.Request) (chat.Identity, error) {
	if s.as.Actor.UID == "" {
		return chat.Identity{}, chat.Codef(chat.Unauthenticated, "signed_out", "you are signed out")
	}
	return s.as, nil
}

func (s *site) EnterGuest(http.ResponseWriter, *http.Request) error {
	s.as = chat.Identity{Actor: chat.Actor{UID: chat.NewGuest()}, Login: "guest"}
	return nil
}

func (s *site) Upload(context.Context, chat.Actor, chat.Nonce, []byte) (chat.File, error) {
	s.uploads++
	return chat.File{}, chat.Codef(chat.Invalid, "unsupported_image", "no picture")
}

func (s *site) room(context.Context, chat.Actor, int64) (func(), error) {
	if s.full {
		return nil, chat.Codef(chat.Unavailable, "busy", "too much to do")
	}
	s.rooms++
	return func() { s.rooms-- }, nil
}

func (s *site) sign(uid chat.UID, login chat.LoginID) {
	s.as = chat.Identity{Actor: chat.Actor{UID: uid}, Login: login, IssuedAt: time.Unix(1_800_000_000, 0)}
}

func newSite(t *testing.T) *site {
	t.Helper()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	s := &site{t: t, mux: http.NewServeMux()}
	bus := localbus.New()
	bus.Attach(nobody{})
	log := slog.New(slog.DiscardHandler)
	s.svc = chat.NewService(store, bus, &s.limit, chat.DefaultLimits(), log)
	pages, err := plain.New(plain.Deps{
		Service: s.svc, Uploader: s, UploadRoom: s.room, SignIn: s, Guests: true, OwnOrigins: []string{own}, Secret: []byte("secret"), Zone: time.UTC, Log: log,
		Chinese: func(r *http.Request) bool { return r.URL.Query().Get("lang") == "zh-CN" },
		Header:  func(http.ResponseWriter) {},
		FileURL: func(f chat.FileID) (image, thumb string, expires time.Time) {
			return "/files/" + string(f), "", time.Time{}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	pages.Register(s.mux)
	b := s.svc.Backend()
	for id, merchant := range map[chat.ProductID]chat.UID{"1": "V_1", "2": "V_2"} {
		err := b.PutProduct(t.Context(), chat.Product{
			ID: id, Merchant: merchant, Title: `<script>alert("mug")</script>`, Price: chat.Money{Amount: 4900, Currency: "CNY"}, Kind: chat.Virtual,
			URL: "https://shop.example/p/1?a=1&b=2",
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	s.sign("U_1", "login-1")
	return s
}

func (s *site) get(path string, header ...string) (status int, body string) {
	s.t.Helper()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodGet, path, http.NoBody)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w.Code, w.Body.String()
}

// settle waits for what the service does beside. It does nothing of that kind any more.
func (s *site) settle() {
	s.t.Helper()
	ctx, stop := context.WithCancel(s.t.Context())
	stop()
	if err := s.svc.Run(ctx); err != nil {
		s.t.Fatal(err)
	}
}

var field = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// form returns the hidden fields of the page's form.
func form(t *testing.T, body string) url.Values {
	t.Helper()
	v := url.Values{}
	for _, m := range field.FindAllStringSubmatch(body, -1) {
		v.Set(m[1], html.UnescapeString(m[2]))
	}
	if v.Get("nonce") == "" || v.Get("token") == "" {
		t.Fatalf("no form in %s", body)
	}
	return v
}

func (s *site) post(v url.Values, header ...string) *httptest.ResponseRecorder {
	s.t.Helper()
	var b bytes.Buffer
	m := multipart.NewWriter(&b)
	for _, name := range []string{"token", "nonce", "c", "product", "lang", "text", "picture"} {
		if !v.Has(name) {
			continue
		}
		if name == "picture" {
			part, err := m.CreateFormFile(name, "a.png")
			if err != nil {
				s.t.Fatal(err)
			}
			_, _ = part.Write([]byte(v.Get(name)))
			continue
		}
		_ = m.WriteField(name, v.Get(name))
	}
	_ = m.Close()
	size := b.Len()
	r := httptest.NewRequestWithContext(s.t.Context(), http.MethodPost, plain.Path, &b)
	defer func() { s.read = size - b.Len() }()
	r.Header.Set("Content-Type", m.FormDataContentType())
	r.Header.Set("Origin", own)
	for i := 0; i < len(header); i += 2 {
		r.Header.Del(header[i])
		if header[i+1] != "" {
			r.Header.Set(header[i], header[i+1])
		}
	}
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	return w
}

func (s *site) messages() []chat.Message {
	s.t.Helper()
	list, err := s.svc.Conversations(s.t.Context(), chat.Actor{UID: "V_1"}, chat.ConversationQuery{Order: chat.NewestFirst, Limit: 10})
	if err != nil {
		s.t.Fatal(err)
	}
	if len(list) == 0 {
		return nil
	}
	ms, err := s.svc.MessagesAfter(s.t.Context(), chat.Actor{UID: "V_1"}, list[0].ID, 0, 100)
	if err != nil {
		s.t.Fatal(err)
	}
	return ms
}

func TestSend(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1&lang=en")
	v := form(t, body)
	v.Set("text", "one\r\ntwo <b>&amp;</b>")
	for range 3 { // clicked three times
		w := s.post(v)
		if to := w.Header().Get("Location"); w.Code != http.StatusSeeOther || !strings.HasPrefix(to, "/chat/plain?c=") || !strings.HasSuffix(to, "&lang=en&sent=1#end") {
			t.Fatalf("%d to %q: %s", w.Code, to, w.Body)
		}
	}
	ms := s.messages()
	if len(ms) != 1 || ms[0].Blocks[0].Text != "one\ntwo <b>&amp;</b>" {
		t.Fatalf("messages %+v", ms)
	}
	v.Set("text", "something else")
	w := s.post(v)
	if w.Code != http.StatusConflict || !strings.Contains(w.Body.String(), "something else</textarea>") {
		t.Errorf("the same form with another text: %d %s", w.Code, w.Body)
	}
	again := form(t, w.Body.String())
	if again.Get("nonce") == v.Get("nonce") {
		t.Error("the form keeps the nonce of another message")
	}
	again.Set("text", "something else")
	if w := s.post(again); w.Code != http.StatusSeeOther {
		t.Errorf("sent again: %d", w.Code)
	}
	if ms := s.messages(); len(ms) != 2 {
		t.Errorf("%d messages", len(ms))
	}
}

// A form is good for who got it, for what it was made for, and for a day.
func TestForged(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	good := form(t, body)
	good.Set("text", "forged")
	with := func(name, value string) url.Values {
		v := url.Values{}
		for k := range good {
			v.Set(k, good.Get(k))
		}
		v.Set(name, value)
		return v
	}
	end, mac, _ := strings.Cut(good.Get("token"), ".")
	for name, v := range map[string]url.Values{
		"another product": with("product", "2"), "another nonce": with("nonce", "mine"), "no token": with("token", ""),
		"a made-up token": with("token", end+".AAAA"), "a later end": with("token", "zzzzzzz."+mac), "a conversation": with("c", "abc"),
	} {
		if w := s.post(v); w.Code != http.StatusBadRequest && w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
	for name, header := range map[string][]string{
		"another site": {"Origin", "https://evil.example"}, "a sandbox": {"Origin", "null"},
		"a site that hides": {"Origin", "", "Sec-Fetch-Site", "cross-site"}, "a neighbour": {"Origin", "", "Sec-Fetch-Site", "same-site"},
	} {
		w := s.post(good, header...)
		if w.Code != http.StatusForbidden || strings.Contains(w.Body.String(), "forged") {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	s.sign("U_2", "login-2")
	if w := s.post(good); w.Code != http.StatusBadRequest {
		t.Errorf("another buyer: %d", w.Code)
	}
	s.sign("U_1", "login-3") // signed out and in again
	if w := s.post(good); w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "forged</textarea>") {
		t.Errorf("another sign-in: %d %s", w.Code, w.Body)
	}
	s.as = chat.Identity{}
	if w := s.post(good); w.Code != http.StatusUnauthorized || !strings.Contains(w.Body.String(), "forged</textarea>") {
		t.Errorf("nobody: %d %s", w.Code, w.Body)
	}
	if ms := s.messages(); ms != nil {
		t.Fatalf("sent: %+v", ms)
	}
	// An old browser says nothing of where it comes from: the token has to do, and does.
	s.sign("U_1", "login-1")
	if w := s.post(good, "Origin", ""); w.Code != http.StatusSeeOther {
		t.Errorf("an old browser: %d", w.Code)
	}
}

func TestRefused(t *testing.T) {
	for _, tt := range []struct {
		name, text string
		picture    string
		prepare    func(s *site)
		status     int
		says       string
	}{
		{"nothing", "  \r\n ", "", nil, 400, "Write something, or choose a picture."},
		{"too much", strings.Repeat("货", 4001), "", nil, 413, "at most 4000 characters"},
		{"NUL", "a\x00b", "", nil, 400, "characters that cannot be sent"},
		{"no picture", "look", "<svg/>", nil, 400, "This kind of file cannot be sent."},
		{"too often", "x", "", func(s *site) { s.limit.refuse = []chat.Action{chat.ActionSend} }, 429, "That was a lot at once."},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t)
			_, body := s.get("/chat/plain?product=1")
			v := form(t, body)
			v.Set("text", tt.text)
			if tt.picture != "" {
				v.Set("picture", tt.picture)
			}
			if tt.prepare != nil {
				tt.prepare(s)
			}
			w := s.post(v)
			got := w.Body.String()
			if w.Code != tt.status || !strings.Contains(got, tt.says) || !strings.Contains(got, "<title>Error: ") || !strings.Contains(got, `role="alert"`) {
				t.Errorf("%d %s", w.Code, got)
			}
			kept := strings.ReplaceAll(tt.text, "\r\n", "\n")
			if kept = strings.ReplaceAll(kept, "\x00", "\ufffd"); !strings.Contains(got, kept+"</textarea>") {
				t.Errorf("the text is lost: %s", got)
			}
		})
	}
}

// Nothing that somebody wrote is anything but text.
func TestEscaped(t *testing.T) {
	s := newSite(t)
	nasty := `</textarea></p><script>alert(1)</script><img src=x onerror=alert(2)>" onfocus="alert(3)`
	if err := s.svc.Backend().PutParticipant(t.Context(), chat.Participant{UID: "V_1", Name: nasty}); err != nil {
		t.Fatal(err)
	}
	_, body := s.get("/chat/plain?product=1")
	v := form(t, body)
	v.Set("text", nasty)
	if w := s.post(v); w.Code != http.StatusSeeOther {
		t.Fatal(w.Code)
	}
	v.Set("text", nasty+strings.Repeat("x", 4000))
	v.Set("nonce", "other")
	refused := s.post(v).Body.String()
	_, thread := s.get("/chat/plain?product=1")
	_, list := s.get("/chat/plain")
	for name, page := range map[string]string{"empty": body, "refused": refused, "thread": thread, "list": list} {
		if strings.Contains(page, "<script") || strings.Contains(page, "<img src=x") || strings.Contains(page, `" onfocus`) {
			t.Errorf("%s: %s", name, page)
		}
	}
	if !strings.Contains(thread, "&lt;/textarea&gt;") {
		t.Errorf("the text is not there: %s", thread)
	}
}

// To a stranger a chat does not exist, and looking is not reading for a browser that
// guesses.
func TestStrangersAndReading(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	v := form(t, body)
	v.Set("text", "between us")
	at := s.post(v).Header().Get("Location")
	id := s.messages()[0].Conversation
	_, err := s.svc.Send(t.Context(), chat.Actor{UID: "V_1", Agent: "mei", AgentName: "Mei"}, chat.Draft{
		Conversation: id, Nonce: "n", Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: "answer"}},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	read := func() chat.Seq {
		c, err := s.svc.Conversation(t.Context(), s.as.Actor, id)
		if err != nil {
			t.Fatal(err)
		}
		return c.Sides[chat.BuyerSide].Read
	}
	page, _, _ := strings.Cut(at, "&sent")
	s.get(page, "Sec-Purpose", "prefetch")
	if r := read(); r == 2 {
		t.Error("a guess was a reading")
	}
	if _, body := s.get(page); !strings.Contains(body, "answer") || !strings.Contains(body, "New messages") || read() != 2 {
		t.Errorf("read up to %d: %s", read(), body)
	}
	if _, body := s.get(page); strings.Contains(body, "New messages") {
		t.Error("what was seen is new again")
	}
	s.sign("U_2", "login-2")
	status, stolen := s.get(page)
	gone, missing := s.get("/chat/plain?c=doesnotexist")
	if status != http.StatusNotFound || gone != status || stolen != missing {
		t.Errorf("a stranger gets %d %s, and of what is not there %d %s", status, stolen, gone, missing)
	}
	for path, want := range map[string]int{"/chat/plain?product=none": 404, "/chat/plain?product=%00": 404, "/chat/plain": 200, "/chat/plain?product=1&before=-1": 200} {
		if status, body := s.get(path); status != want {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
}

func TestGuest(t *testing.T) {
	s := newSite(t)
	s.as = chat.Identity{}
	status, body := s.get("/chat/plain?product=1&lang=zh-CN")
	if status != http.StatusUnauthorized || !strings.Contains(body, `<html lang="zh-CN">`) || !strings.Contains(body, "以访客身份留言") {
		t.Fatalf("%d %s", status, body)
	}
	ask := func(origin string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, plain.Path+"/guest", strings.NewReader("product=1&c=&lang=zh-CN"))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", origin)
		w := httptest.NewRecorder()
		s.mux.ServeHTTP(w, r)
		return w
	}
	if w := ask("https://evil.example"); w.Code != http.StatusForbidden {
		t.Errorf("another site: %d", w.Code)
	}
	if w := ask(own); w.Code != http.StatusSeeOther || w.Header().Get("Location") != "/chat/plain?lang=zh-CN&product=1#end" {
		t.Errorf("%d to %s", w.Code, w.Header().Get("Location"))
	}
	if _, body := s.get("/chat/plain?product=1"); !strings.Contains(body, "You write as a guest") {
		t.Errorf("%s", body)
	}
}

// Fifty messages are many screens: the list leads past them, and the page says where they end.
func TestToEnd(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	if strings.Contains(body, "Newest, and write") {
		t.Errorf("leads past nothing: %s", body)
	}
	v := form(t, body)
	v.Set("text", "hello")
	if w := s.post(v); w.Code != http.StatusSeeOther {
		t.Fatalf("%d %s", w.Code, w.Body)
	}
	_, list := s.get("/chat/plain")
	m := regexp.MustCompile(`<a href="(/chat/plain\?c=[^"]+)#end">`).FindStringSubmatch(list)
	if m == nil {
		t.Fatalf("the list leads to the oldest: %s", list)
	}
	_, body = s.get(html.UnescapeString(m[1]))
	way, end := strings.Index(body, `<a href="#end">Newest, and write</a>`), strings.Index(body, `<ol class="log">`)
	if way < 0 || way > end || !strings.Contains(body, `<section id="end"`) {
		t.Errorf("no way to the end above the messages: %s", body)
	}
}

// A browser from before multipart forms sends its fields the old way.
func TestOldForm(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	v := form(t, body)
	v.Set("text", "old")
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, plain.Path, strings.NewReader(v.Encode()))
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	w := httptest.NewRecorder()
	s.mux.ServeHTTP(w, r)
	if w.Code != http.StatusSeeOther || len(s.messages()) != 1 {
		t.Errorf("%d, %d messages", w.Code, len(s.messages()))
	}
	for name, typ := range map[string]string{"no form": "application/json", "half a form": "multipart/form-data; boundary=x"} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, plain.Path, strings.NewReader(v.Encode()))
		r.Header.Set("Content-Type", typ)
		w := httptest.NewRecorder()
		if s.mux.ServeHTTP(w, r); w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s: %d", name, w.Code)
		}
	}
}

// A picture of who may not send is not even read.
func TestPictureLast(t *testing.T) {
	const size = 1 << 20
	for name, refuse := range map[string]func(*site, url.Values){
		"a forged token": func(_ *site, v url.Values) { v.Set("token", "forged.AAAA") },
		"nobody":         func(s *site, _ url.Values) { s.as = chat.Identity{} },
		"too often":      func(s *site, _ url.Values) { s.limit.refuse = []chat.Action{chat.ActionRequest} },
		"no room":        func(s *site, _ url.Values) { s.full = true },
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			_, body := s.get("/chat/plain?product=1")
			v := form(t, body)
			v.Set("text", "keep me")
			v.Set("picture", strings.Repeat("x", size))
			refuse(s, v)
			w := s.post(v)
			if w.Code < 400 || !strings.Contains(w.Body.String(), "keep me</textarea>") {
				t.Errorf("%d %s", w.Code, w.Body)
			}
			if s.read > size/2 || s.uploads != 0 || s.rooms != 0 {
				t.Errorf("%d bytes read, %d uploads, %d rooms", s.read, s.uploads, s.rooms)
			}
		})
	}
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	v := form(t, body)
	v.Set("picture", "x")
	if s.post(v); s.uploads != 1 || s.rooms != 0 {
		t.Errorf("%d uploads, %d rooms kept", s.uploads, s.rooms)
	}
}

// Of what a stranger sends no more is read than is needed to give a text back.
func TestStrangersBody(t *testing.T) {
	s := newSite(t)
	_, body := s.get("/chat/plain?product=1")
	v := form(t, body)
	for _, name := range []string{"c", "product", "text"} {
		v.Set(name, strings.Repeat("x", 200<<10))
	}
	s.as = chat.Identity{}
	if w := s.post(v); w.Code < 400 || s.read > 300<<10 {
		t.Errorf("%d, %d bytes read", w.Code, s.read)
	}
}

// However many chats a buyer has, each can be reached.
func TestList_pages(t *testing.T) {
	s := newSite(t)
	const chats = 120
	for i := range chats {
		id := strconv.Itoa(i + 100)
		p := chat.Product{ID: chat.ProductID(id), Merchant: chat.UID("V_" + id), Title: "Thing", Price: chat.Money{Amount: 1, Currency: "CNY"}, Kind: chat.Virtual}
		if err := s.svc.Backend().PutProduct(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		d := chat.Draft{Product: p.ID, Nonce: chat.Nonce("n" + id), Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: "no. " + id + "."}}}
		if _, err := s.svc.Send(t.Context(), s.as.Actor, d, ""); err != nil {
			t.Fatal(err)
		}
	}
	next := regexp.MustCompile(`<a href="([^"]+)" rel="next">`)
	seen := make(map[string]int)
	for path := "/chat/plain?lang=en"; path != ""; {
		_, body := s.get(path)
		for _, m := range regexp.MustCompile(`no\. \d+\.`).FindAllString(body, -1) {
			seen[m]++
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = html.UnescapeString(m[1])
		}
	}
	for text, n := range seen {
		if n != 1 {
			t.Errorf("%q is there %d times", text, n)
		}
	}
	if len(seen) != chats {
		t.Errorf("%d chats, want %d", len(seen), chats)
	}
}

// What the shop sends by itself does not look as if somebody had written it.
func TestAutomatic(t *testing.T) {
	s := newSite(t)
	_, err := s.svc.PutShopSettings(t.Context(), chat.Actor{UID: "V_1"}, chat.ShopSettings{
		Greeting: chat.AutoText{On: true, Text: "Welcome!"}, Hours: chat.Hours{TimeZone: "UTC"},
	})
	if err != nil {
		t.Fatal(err)
	}
	const path = "/chat/plain?product=1"
	_, body := s.get(path)
	v := form(t, body)
	v.Set("text", "hello")
	s.post(v)
	if _, body = s.get(path); !strings.Contains(body, "Welcome!") || strings.Count(body, "· automatic") != 1 {
		t.Errorf("the page is %s", body)
	}
}

// answered has five buyers ask and be answered at once, and returns the conversation of the
// first, U_asker-0.
func (s *site) answered(t *testing.T, shop chat.Actor) (first chat.ConversationID) {
	t.Helper()
	for i := range 5 {
		asker := chat.Actor{UID: chat.UID("U_asker-" + strconv.Itoa(i))}
		blocks := []chat.DraftBlock{{Type: chat.TextBlock, Text: "hello"}}
		done, err := s.svc.Send(t.Context(), asker, chat.Draft{Product: "1", Nonce: "ask", Blocks: blocks}, "")
		if err != nil {
			t.Fatal(err)
		}
		if i == 0 {
			first = done.Conversation.ID
		}
		answer := chat.Draft{Conversation: done.Conversation.ID, Nonce: "answer", Blocks: blocks}
		if _, err := s.svc.Send(t.Context(), shop, answer, ""); err != nil {
			t.Fatal(err)
		}
	}
	return first
}

// Who it is that one writes to, and how soon an answer may be hoped for, are said by the
// page and not by the shop.
func TestSellerAndReplies(t *testing.T) {
	s := newSite(t)
	ctx, shop := t.Context(), chat.Actor{UID: "V_1"}
	const path = "/chat/plain?product=1"
	if err := s.svc.Backend().PutParticipant(ctx, chat.Participant{UID: "V_1", Name: "Lamps"}); err != nil {
		t.Fatal(err)
	}
	s.answered(t, shop)
	if _, body := s.get(path); strings.Contains(body, "usually replies") {
		t.Errorf("it says what is still to be found out: %s", body)
	}
	s.settle()
	for lang, want := range map[string][]string{
		"en":    {"<h1><bdi>Lamps</bdi> <small>Seller</small></h1>", "The seller usually replies within 5 minutes."},
		"zh-CN": {"<h1><bdi>Lamps</bdi> <small>卖家</small></h1>", "店铺通常 5 分钟内回复。"},
	} {
		_, body := s.get(path + "&lang=" + lang)
		for _, line := range want {
			if !strings.Contains(body, line) {
				t.Errorf("%s: no %q in %s", lang, line, body)
			}
		}
	}
	if _, body := s.get("/chat/plain?product=2"); strings.Contains(body, "usually replies") || strings.Contains(body, "<small>") {
		t.Errorf("of a shop without a name that nobody has asked it says %s", body)
	}
}

// Where it is said that the shop is closed it is not found out how soon it replies.
func TestReplies_notWhileClosed(t *testing.T) {
	s := newSite(t)
	ctx, shop := t.Context(), chat.Actor{UID: "V_1"}
	id := s.answered(t, shop)
	away := chat.ShopSettings{Away: chat.AutoText{On: true, Text: "Away"}, Hours: chat.Hours{TimeZone: "UTC"}}
	set, err := s.svc.PutShopSettings(ctx, shop, away)
	if err != nil {
		t.Fatal(err)
	}
	s.sign("U_asker-0", "login-2")
	path := "/chat/plain?c=" + string(id)
	s.get(path)
	s.settle()
	set.Away.On = false
	if _, err := s.svc.PutShopSettings(ctx, shop, set); err != nil {
		t.Fatal(err)
	}
	if status, body := s.get(path); status != http.StatusOK || strings.Contains(body, "usually replies") {
		t.Errorf("%d %s", status, body)
	}
}

// A shop that is closed says so before anybody writes; in the list a message without a text
// has a word all the same.
func TestAwayAndPreview(t *testing.T) {
	s := newSite(t)
	const path = "/chat/plain?product=1"
	_, body := s.get(path)
	v := form(t, body)
	v.Set("text", "taken back soon")
	s.post(v)
	const closed = "The seller is away just now."
	if strings.Contains(body, closed) {
		t.Error("it is closed before it has hours")
	}
	_, err := s.svc.PutShopSettings(t.Context(), chat.Actor{UID: "V_1"}, chat.ShopSettings{
		Away: chat.AutoText{On: true, Text: "Away"}, Hours: chat.Hours{TimeZone: "UTC"},
	})
	if err != nil {
		t.Fatal(err)
	}
	views, err := s.svc.Conversations(t.Context(), chat.Actor{UID: "U_1"}, chat.ConversationQuery{Limit: 1})
	if err != nil || len(views) != 1 {
		t.Fatalf("%v, %v", views, err)
	}
	for _, path := range []string{path, "/chat/plain?c=" + string(views[0].ID)} {
		if _, body := s.get(path); !strings.Contains(body, closed) {
			t.Errorf("%s does not say that the shop is closed: %s", path, body)
		}
	}
	if _, err := s.svc.Recall(t.Context(), chat.Actor{UID: "U_1"}, views[0].ID, 1, ""); err != nil {
		t.Fatal(err)
	}
	if _, body := s.get("/chat/plain"); !strings.Contains(body, "This message was taken back") {
		t.Errorf("the list is %s", body)
	}
}
