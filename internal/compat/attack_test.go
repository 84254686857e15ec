package compat_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// The eleven attacks on the PHP chat, each of which must fail here. They are those
// of docs/migrate-from-php.md, in its order.

// 1. Whoever finds the socket speaks as anybody, or ends a worker.
func TestAttack01_SpeakAsAnotherOverTheSocket(t *testing.T) {
	w := newWorld(t, setup{})
	victim, thief, stranger := w.bound("V_1"), w.bound("U_7"), w.open("")
	forged := `{"type":"send","source":"U_1","toClientUid":"V_1","content":"hi","c_type":1,"Db_id":1}`
	for name, p := range map[string]*page{"bound": thief, "anonymous": stranger} {
		p.say(forged)
		if f := p.next("error"); f["code"] != "send_refused" {
			t.Errorf("%s: the answer is %v", name, f)
		}
		for _, junk := range []string{
			`"abc"`, `{"type":"send"}`, `{"type":17}`, `{"type":"push"}`, `{"type":"send","type":"handshake"}`, `[]`, `null`, `0`, ``, `{`,
			strings.Repeat(`[`, 30_000) + strings.Repeat(`]`, 30_000),
		} {
			p.say(junk)
		}
		p.quiet("reception") // and it is still there
	}
	for name, junk := range map[string][]byte{
		"10 MiB": bytes.Repeat([]byte("x"), 10<<20), "invalid UTF-8": []byte("{\"type\":\"pong\",\"x\":\"\xff\xfe\"}"),
	} {
		p := w.open("U_8")
		go func() { _ = p.ws.Write(testkit.OpText, true, junk) }() // cut off half way
		p.closed()
		if w.open("U_8"); t.Failed() {
			t.Errorf("%s: the server is gone", name)
		}
	}
	victim.quiet("reception")
	if cs, err := w.store.Conversations(t.Context(), chat.ConversationQuery{UID: "V_1", Order: chat.NewestFirst, Limit: 10}); err != nil || len(cs) > 0 {
		t.Errorf("%d conversations came of it, %v", len(cs), err)
	}
}

// 2. A client_id is all it takes to be somebody else.
func TestAttack02_TakeOverASession(t *testing.T) {
	w := newWorld(t, setup{})
	victim, thief := w.open("V_1"), w.open("U_7")
	if a := thief.bind(victim.client); a["status"] != -1.0 || a["code"] != "not_your_socket" {
		t.Errorf("another's client_id, before its own page: %v", a)
	}
	victim.mustBind()
	if a := thief.bind(victim.client); a["code"] != "not_your_socket" {
		t.Errorf("another's client_id, after: %v", a)
	}
	for _, guess := range []string{"7f0000013a3400000001", "7f0000013a3400000002", strings.Repeat("0", 20)} {
		if a := thief.bind(guess); a["code"] != "no_such_socket" {
			t.Errorf("a guess: %v", a)
		}
	}
	// The victim's other identity, a colleague, and a socket that came without a cookie.
	for _, who := range []string{"V_1/alice", "U_1", "V_3"} {
		p := w.open(who)
		if a := p.bind(victim.client); a["code"] != "not_your_socket" {
			t.Errorf("as %s: %v", who, a)
		}
	}
	anonymous := w.open("")
	if a := victim.bind(anonymous.client); a["code"] != "not_your_socket" {
		t.Errorf("a socket that nobody is known to hold: %v", a)
	}
	// Binding twice is binding once.
	victim.mustBind()
	thief.mustBind()
	thief.mustAsk("for V_1 alone")
	if f := victim.next("reception"); f["content"] != "for V_1 alone" {
		t.Errorf("the victim got %v", f)
	}
	victim.quiet("reception")
	anonymous.quiet("reception")
	if a := thief.post("SendMessageToMerchant", url.Values{
		"message": {"x"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {victim.client}, "sendType": {"message"},
	}); a["status"] != -1.0 {
		t.Errorf("sending with another's client_id: %v", a)
	}
	// Ids say nothing about the machine, and do not count up.
	if a, b := w.open("U_7").client, w.open("U_7").client; a[:16] == b[:16] {
		t.Errorf("ids %s and %s are alike", a, b)
	}
}

// nasty are texts that the PHP chat lost, changed or let out.
func nasty() []string {
	return []string{
		`he said "hi"`, `C:\new\table`, "two\nlines", "tab\there\r\n", "007", "1e5", "1e999", ".5", "+1", "null", "true", "[]", "{}",
		`x","toClientUid":"U_5","source":"U_1","z":"`, "</script><script>alert(1)</script>", "\u2028 and \u2029", "😀 👩‍👩‍👧‍👦 𠮷",
		"a\u202eb", "ünï e\u0301", "&lt;b&gt;", "&amp;#39;", "100% %s %d + & = ?", "'; DROP TABLE hp_chat_log; --", " leading and trailing ", "\x01\x7f\ufeff",
	}
}

// 3. A text is told to be sent and is lost, or arrives as another one.
func TestAttack03_SilentLoss(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	for _, text := range nasty() {
		buyer.mustAsk(text)
		f := seller.next("reception")
		content, ok := f["content"].(string)
		if !ok || html.UnescapeString(content) != text {
			t.Errorf("%q arrived as %v", text, f["content"])
		}
		seller.mustAnswer(html.EscapeString(text))
		f = buyer.next("reception")
		if content, ok := f["content"].(string); !ok || html.UnescapeString(content) != text {
			t.Errorf("the answer %q arrived as %v", text, f["content"])
		}
	}
	_, ms := w.conversation()
	var want []string
	for _, text := range nasty() {
		want = append(want, text, text)
	}
	if got := texts(ms); !slices.Equal(got, want) {
		t.Errorf("the history is %q, want %q", got, want)
	}
	page := buyer.history(url.Values{"pid": {"1001"}})
	for _, text := range nasty() {
		if !strings.Contains(html.UnescapeString(page), ">"+text+"</span>") {
			t.Errorf("%q is not in the history as it was said", text)
		}
	}
	// What cannot be kept is refused, and not silently.
	for name, text := range map[string]string{"NUL": "a\x00b", "a lone surrogate": "a\xed\xa0\x80b", "invalid UTF-8": "a\xffb"} {
		if a := buyer.ask(text); a["status"] != -3.0 || a["code"] != "invalid_text" {
			t.Errorf("%s: %v", name, a)
		}
	}
	seller.quiet("reception")
}

// bomb is a PNG that says it is enormous.
func bomb(width, height uint32) []byte {
	data := pngPicture(1)
	binary.BigEndian.PutUint32(data[16:], width)
	binary.BigEndian.PutUint32(data[20:], height)
	binary.BigEndian.PutUint32(data[29:], crc32.ChecksumIEEE(data[12:29]))
	return data
}

// 4. An upload is a program.
func TestAttack04_PlantCode(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("hello")
	seller.next("reception")
	php := []byte("<?php system($_GET['c']); ?>")
	for name, src := range map[string]string{
		"php":           "data:image/php;base64," + b64(php),
		"phtml":         "data:image/phtml;base64," + b64(php),
		"php as jpeg":   "data:image/jpeg;base64," + b64(php),
		"a double name": "data:image/jpg.php;base64," + b64(php),
		"a path":        "data:image/../../../../index.php;base64," + b64(php),
		"svg":           "data:image/svg+xml;base64," + b64([]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`)),
		"html":          "data:image/png;base64," + b64([]byte("<!doctype html><script>alert(1)</script>")),
		"a bomb":        "data:image/png;base64," + b64(bomb(40_001, 40_001)),
		"too wide":      "data:image/png;base64," + b64(bomb(1<<31-1, 1)),
		"half of one":   "data:image/png;base64," + b64(pngPicture(1)[:60]),
		"no base64":     "data:image/png;base64,%%%%",
		"nothing":       "data:image/png;base64,",
		"no encoding":   "data:image/png,abc",
	} {
		t.Run(name, func(t *testing.T) {
			a := seller.answer("U_7", `look <img src="`+src+`">`)
			code, _ := a["code"].(string)
			if a["status"] != -3.0 || !strings.Contains(code, "image") {
				t.Errorf("the answer is %v", a)
			}
			buyer.quiet("reception")
		})
	}
	if _, ms := w.conversation(); len(ms) != 1 {
		t.Errorf("%d messages, want the first alone", len(ms))
	}
	// A picture that is a program too is decoded and encoded anew: the program is gone.
	polyglot := append(pngPicture(2), php...)
	seller.mustAnswer(`<img src="data:image/png;base64,` + b64(polyglot) + `">`)
	_, ms := w.conversation()
	file := ms[1].Blocks[0].Image.File
	if strings.ContainsAny(string(file), "./\\") || len(file) < 20 {
		t.Errorf("the file's name is %q", file)
	}
	if found := w.stored("<?php"); len(found) > 0 {
		t.Errorf("the program is in %v", found)
	}
}

// 5. A text is a script.
func TestAttack05_ScriptInText(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	payloads := []string{
		`<img src=x onerror=alert(1)>`, `<script>alert(1)</script>`, `"><svg onload=alert(1)>`, `'-alert(1)-'`, `javascript:alert(1)`,
		`<a href="javascript:alert(1)">x</a>`, `</textarea><script>1</script>`, `<iframe srcdoc="<script>1</script>">`, `{{7*7}}`, `<!--<img title="--><script>1</script>">`,
	}
	harmless := func(where, markup string) {
		t.Helper()
		for _, bad := range []string{"<script", "<svg", "<iframe", "<textarea", "<!--", "onerror=alert(1)>", `href="javascript:`, "<img src=x", `src="javascript:`} {
			if strings.Contains(markup, bad) {
				t.Errorf("%s holds %q: %s", where, bad, markup)
			}
		}
	}
	for i, p := range payloads {
		buyer.mustAsk(p)
		harmless("what the seller's page appends", as[string](t, seller.next("reception")["content"]))
		seller.mustAnswer(p)
		harmless("what the buyer's page appends", as[string](t, buyer.next("reception")["content"]))
		seller.mustAnswer(p + `<img src="data:image/png;base64,` + b64(pngPicture(i)) + `">` + p)
		harmless("mixed", as[string](t, buyer.next("reception")["content"]))
		// A title comes from the shop, and may have been typed by anybody there.
		err := w.svc.Backend().PutProduct(t.Context(), chat.Product{
			ID: "1001", Merchant: "V_1", Title: p, Kind: chat.Virtual, Price: chat.Money{Amount: 1, Currency: "CNY"},
		})
		if err != nil {
			t.Fatal(err)
		}
		a := buyer.post("SendMessageToMerchant", url.Values{"toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "sendType": {"link"}})
		harmless("the card that the sender's page appends", as[string](t, a["html"]))
		f := seller.next("reception")
		for name, v := range as[map[string]any](t, f["content"]) {
			harmless("the card's "+name, as[string](t, v))
		}
	}
	for _, u := range []string{"javascript:alert(1)", "data:text/html,<script>1</script>", " javascript:alert(1)"} {
		err := w.svc.Backend().PutProduct(t.Context(), chat.Product{
			ID: "1001", Merchant: "V_1", Title: "x", URL: u, Kind: chat.Virtual, Price: chat.Money{Amount: 1, Currency: "CNY"},
		})
		if err == nil {
			t.Errorf("a product's page may be %q", u)
		}
	}
	if err := w.svc.Introduce(t.Context(), chat.Participant{UID: "V_1", Name: payloads[0], Avatar: `https://x/"onload=alert(1)`}); err == nil {
		harmless("a history with that avatar", buyer.history(url.Values{"pid": {"1001"}}))
	}
	harmless("the buyer's history", buyer.history(url.Values{"pid": {"1001"}}))
	harmless("the seller's history", seller.history(url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}}))
}

// 6. A code says who one is.
func TestAttack06_ForgedCodes(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller, rival := w.bound("U_7"), w.bound("V_1"), w.bound("V_3")
	buyer.mustAsk("hello")
	source := as[string](t, seller.next("reception")["source"])
	flipped := []byte(source)
	flipped[len(flipped)/2] ^= 1
	good := url.Values{"message": {"x"}, "client_id": {seller.client}, "toUserCode": {source}, "myCode": {w.codes.Mine("V_1")}}
	for _, c := range []struct {
		name           string
		page           *page
		mine, theirs   string
		want           float64
		otherwiseValid bool
	}{
		{"as it is", seller, w.codes.Mine("V_1"), source, 1, true},
		{"a flipped bit", seller, w.codes.Mine("V_1"), string(flipped), -1, false},
		{"a number, as it was before", seller, w.codes.Mine("V_1"), "7", -1, false},
		{"the uid itself", seller, "V_1", "U_7", -1, false},
		{"one's own as the buyer's", seller, w.codes.Mine("V_1"), w.codes.Mine("V_1"), -1, false},
		{"the buyer's as one's own", seller, source, source, -1, false},
		{"another merchant's code of the buyer", seller, w.codes.Mine("V_1"), w.codes.Buyer("V_3", "U_7"), -1, false},
		{"another merchant's own", seller, w.codes.Mine("V_3"), source, -1, false},
		{"stolen by another merchant", rival, w.codes.Mine("V_1"), source, -1, false},
		{"the code with one's own", rival, w.codes.Mine("V_3"), source, -1, false},
		{"a buyer as the merchant", buyer, w.codes.Mine("V_1"), source, -1, false},
	} {
		form := url.Values{"message": {"x"}, "client_id": {c.page.client}, "toUserCode": {c.theirs}, "myCode": {c.mine}}
		if a := c.page.post("sendMessageToUser", form); a["status"] != c.want {
			t.Errorf("%s: %v, want %v", c.name, a, c.want)
		}
	}
	buyer.next("reception") // the one that was right
	// A code opens nothing once its merchant has signed out.
	if status, body := w.request("", shop, http.MethodPost, "/push/push/sendMessageToUser", good, true); decode(t, body)["status"] != -1.0 {
		t.Errorf("without the token: %d %s", status, body)
	}
	if err := w.svc.Backend().Revoke(t.Context(), "V_1"); err != nil {
		t.Fatal(err)
	}
	if _, body := w.request(seller.token, shop, http.MethodPost, "/push/push/sendMessageToUser", good, true); decode(t, body)["code"] != "token_revoked" {
		t.Errorf("with a token that was revoked: %s", body)
	}
	seller.closed()
	buyer.quiet("reception")
}

// A socket that was open, but not bound, when all sign-ins ended was told of nothing:
// it is not bound afterwards, whatever token says so.
func TestAttack06_RevokedBeforeItBinds(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, thief := w.bound("U_7"), w.open("V_1")
	if err := w.svc.Backend().Revoke(t.Context(), "V_1"); err != nil {
		t.Fatal(err)
	}
	again, err := auth.SignShopToken([]byte(shopSecret), auth.ShopClaims{ // the merchant has signed in again
		UID: "V_1", IssuedAt: time.Now().Add(2 * time.Second), ExpiresAt: time.Now().Add(time.Hour),
	})
	if err != nil {
		t.Fatal(err)
	}
	thief.token = again
	if a := thief.bind(thief.client); a["code"] != "token_revoked" {
		t.Errorf("a bind of a socket from before: %v", a)
	}
	buyer.mustAsk("after the revocation")
	thief.closed()
}

// 7. Whose product it is, and who knows whom, is what the request says.
func TestAttack07_AnothersProductOrMerchant(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller, rival := w.bound("U_7"), w.bound("V_1"), w.bound("V_3")
	w.media.put("m", pngPicture(1))
	ask := func(to, pid string) map[string]any {
		return buyer.post("SendMessageToMerchant", url.Values{"message": {"x"}, "toMid": {to}, "pid": {pid}, "client_id": {buyer.client}, "sendType": {"message"}})
	}
	for _, c := range [][2]string{{"V_1", "1003"}, {"V_3", "1001"}, {"U_8", "1001"}, {"v_1", "1001"}, {"V_1 ", "1001"}, {"0", "1001"}} {
		if a := ask(c[0], c[1]); a["status"] != -3.0 || a["code"] != "wrong_merchant" {
			t.Errorf("product %s to %s: %v", c[1], c[0], a)
		}
	}
	buyer.mustAsk("hello")
	seller.next("reception")
	for _, pid := range []string{"1003", "9999"} {
		a := buyer.post("uploadImgage", url.Values{"images[]": {"m"}, "toMid": {"V_1"}, "pid": {pid}, "client_id": {buyer.client}})
		if a["status"] != -3.0 {
			t.Errorf("pictures about product %s to V_1: %v", pid, a)
		}
	}
	// A merchant answers who never wrote to it.
	if a := rival.answer("U_7", "buy from me"); a["status"] != -3.0 || a["code"] != "not_found" {
		t.Errorf("an answer to a stranger: %v", a)
	}
	if a := seller.answer("U_404", "hello?"); a["status"] != -3.0 {
		t.Errorf("an answer to nobody: %v", a)
	}
	buyer.quiet("reception")
	rival.quiet("reception")
	if status, body := w.request(w.token("U_8"), "", http.MethodGet, "/push/push/chat", url.Values{"old": {"1"}, "pid": {"1001"}}, false); status != http.StatusOK || strings.Contains(body, "hello") {
		t.Errorf("a stranger's history: %d %s", status, body)
	}
}

// 8. Another site acts with the visitor's cookie.
func TestAttack08_CrossSite(t *testing.T) {
	w := newWorld(t, setup{})
	victim := w.bound("U_7")
	for _, origin := range []string{evil, "null", "https://shop.example.evil.example", "http://shop.example", "https://SHOP.example"} {
		header := victim.header()
		header.Set("Origin", origin)
		if ws, answer, err := testkit.DialWS(w.sockets.URL, header); err != nil || ws != nil || answer.Status != http.StatusForbidden {
			t.Errorf("a socket from %s: %d, %v", origin, answer.Status, err)
		}
		status, body := w.request(victim.token, origin, http.MethodPost, "/push/push/SendMessageToMerchant", url.Values{
			"message": {"x"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {victim.client}, "sendType": {"message"},
		}, false)
		if status != http.StatusForbidden || decode(t, body)["code"] != "origin_not_allowed" {
			t.Errorf("a post from %s: %d %s", origin, status, body)
		}
		if status, _ := w.request(victim.token, origin, http.MethodPost, "/push/push/BindUserClientId", url.Values{"client_id": {victim.client}}, false); status != http.StatusForbidden {
			t.Errorf("a bind from %s: %d", origin, status)
		}
	}
	// A cookie without a word about where the request is from counts for nothing.
	if status, _ := w.request(victim.token, "", http.MethodPost, "/push/push/BindUserClientId", url.Values{"client_id": {victim.client}}, false); status != http.StatusForbidden {
		t.Errorf("without an origin: %d", status)
	}
	for header, want := range map[[2]string]int{
		{"Referer", shop + "/push/push/chat?pid=1001"}: http.StatusOK, {"Referer", evil + "/"}: http.StatusForbidden,
		{"Sec-Fetch-Site", "same-origin"}: http.StatusOK, {"Sec-Fetch-Site", "cross-site"}: http.StatusForbidden, {"Sec-Fetch-Site", "none"}: http.StatusForbidden,
		{"Authorization", "Bearer " + victim.token}: http.StatusOK,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, w.web.URL+"/push/push/BindUserClientId", strings.NewReader("client_id="+victim.client))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		req.Header.Set("Cookie", victim.cookie())
		req.Header.Set(header[0], header[1])
		resp, err := http.DefaultTransport.RoundTrip(req)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		if resp.StatusCode != want {
			t.Errorf("with %v: %d, want %d", header, resp.StatusCode, want)
		}
	}
	if cs, err := w.store.Conversations(t.Context(), chat.ConversationQuery{UID: "U_7", Order: chat.NewestFirst, Limit: 1}); err != nil || len(cs) > 0 {
		t.Errorf("something was sent: %v, %v", cs, err)
	}
}

// contents reads n receptions.
func (p *page) contents(n int) []string {
	p.w.t.Helper()
	out := make([]string, n)
	for i := range out {
		out[i], _ = p.next("reception")["content"].(string)
	}
	return out
}

// acknowledged waits until a device of V_1 has everything of U_7 up to seq.
func (w *world) acknowledged(seq chat.Seq) {
	w.t.Helper()
	eventually(w.t, fmt.Sprintf("V_1 has acknowledged %d", seq), func() bool {
		c, _ := w.conversation()
		return c.Sides[chat.MerchantSide].Delivered >= seq
	})
}

// 9. What is said while somebody is away is lost, or comes twice.
func TestAttack09_LostWhileAway(t *testing.T) {
	equal := func(t *testing.T, what string, got []string, want ...string) {
		t.Helper()
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", what, got, want)
		}
	}
	t.Run("offline", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer := w.bound("U_7")
		var want []string
		for i := range 120 { // more than a page of the store's
			want = append(want, fmt.Sprint("m", i))
			buyer.mustAsk(want[i])
		}
		seller := w.bound("V_1")
		equal(t, "on return", seller.contents(120), want...)
		w.acknowledged(120)
		seller.leave()
		again := w.bound("V_1")
		again.quiet("reception")
	})
	t.Run("between handshake and bind", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer, seller := w.bound("U_7"), w.open("V_1")
		buyer.mustAsk("early")
		seller.quiet("reception") // not before it is known to be theirs
		seller.mustBind()
		buyer.mustAsk("late")
		equal(t, "after bind", seller.contents(2), "early", "late")
		seller.quiet("reception")
	})
	t.Run("during a reconnect", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer, seller := w.bound("U_7"), w.bound("V_1")
		buyer.mustAsk("one")
		equal(t, "before", seller.contents(1), "one")
		w.acknowledged(1)
		seller.leave()
		buyer.mustAsk("two")
		seller.connect()
		buyer.mustAsk("three")
		seller.mustBind()
		buyer.mustAsk("four")
		equal(t, "after", seller.contents(3), "two", "three", "four")
		seller.quiet("reception")
	})
	t.Run("half-open", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer, dead := w.bound("U_7"), w.open("V_1")
		dead.deaf.Store(true) // the cable is pulled: what goes there is swallowed
		dead.mustBind()
		buyer.mustAsk("one")
		buyer.mustAsk("two")
		dead.contents(2)
		seller := w.bound("V_1")
		equal(t, "on a live connection", seller.contents(2), "one", "two")
		w.acknowledged(2)
	})
	t.Run("history, then bind", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer := w.bound("U_7")
		buyer.mustAsk("one")
		buyer.mustAsk("two")
		code := url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}}
		seller := w.open("V_1")
		if shown := seller.history(code); !strings.Contains(shown, "one") || !strings.Contains(shown, "two") {
			t.Errorf("the history is %s", shown)
		}
		buyer.mustAsk("three")
		seller.mustBind()
		equal(t, "what the history did not show", seller.contents(1), "three")
		seller.quiet("reception")
		w.acknowledged(3) // the history counts as delivered, too
	})
	t.Run("a long absence, then history, then bind", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer := w.bound("U_7")
		const n = 150 // more than a page
		for i := range n {
			buyer.mustAsk(fmt.Sprintf("[%d]", i))
		}
		seller := w.open("V_1")
		html := seller.history(url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}})
		for i := range n {
			if strings.Count(html, fmt.Sprintf("[%d]", i)) != 1 {
				t.Errorf("message %d is not in the history, once", i)
			}
		}
		seller.mustBind()
		buyer.mustAsk("after")
		equal(t, "what the history did not show", seller.contents(1), "after")
		seller.quiet("reception")
		w.acknowledged(n + 1)
	})
	t.Run("another tab's history", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer := w.bound("U_7")
		buyer.mustAsk("one")
		first, second := w.open("V_1"), w.open("V_1") // one browser, one token
		first.history(url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}})
		second.mustBind() // shows none
		equal(t, "the tab without a history", second.contents(1), "one")
		w.acknowledged(1)
		first.mustBind()
		buyer.mustAsk("two")
		equal(t, "the tab with one", first.contents(1), "two")
		first.quiet("reception")
	})
	t.Run("a second device", func(t *testing.T) {
		w := newWorld(t, setup{})
		buyer, first := w.bound("U_7"), w.bound("V_1")
		buyer.mustAsk("one")
		first.contents(1)
		w.acknowledged(1)
		second := w.openWith("V_1", w.laterToken("V_1")) // another sign-in
		if shown := second.history(url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}}); !strings.Contains(shown, "one") {
			t.Errorf("the history is %s", shown)
		}
		buyer.mustAsk("two") // and the first device has acknowledged it before the second binds
		first.contents(1)
		w.acknowledged(2)
		second.mustBind()
		equal(t, "the second device", second.contents(1), "two")
		buyer.mustAsk("three")
		equal(t, "both: the first", first.contents(1), "three")
		equal(t, "both: the second", second.contents(1), "three")
		first.quiet("reception")
		second.quiet("reception")
	})
	t.Run("a restart", func(t *testing.T) {
		dir := t.TempDir()
		w := newWorld(t, setup{dir: dir})
		w.bound("U_7").mustAsk("before")
		w.stop()
		after := newWorld(t, setup{dir: dir})
		equal(t, "after it", after.bound("V_1").contents(1), "before")
	})
	t.Run("a bus that loses", func(t *testing.T) {
		w := newWorld(t, setup{ping: time.Second, bus: func(b chat.Bus) chat.Bus { return testkit.NewLossyBus(b, 7) }})
		buyer, seller := w.bound("U_7"), w.bound("V_1")
		var want []string
		for i := range 40 {
			want = append(want, fmt.Sprint("m", i))
			buyer.mustAsk(want[i])
		}
		equal(t, "all the same", seller.contents(40), want...)
		seller.quiet("reception")
	})
}

// each runs do for 0 to n-1, many at a time: a machine has so many files.
func each(n int, do func(i int)) {
	var wg sync.WaitGroup
	gate := make(chan struct{}, 250)
	for i := range n {
		gate <- struct{}{}
		wg.Go(func() {
			defer func() { <-gate }()
			do(i)
		})
	}
	wg.Wait()
}

// 10. Many come at once, and some do nothing but cost.
func TestAttack10_StormAndFlood(t *testing.T) {
	t.Run("thousands of pages come back at once", testStorm)
	t.Run("10,000 frames", testFlood)
	t.Run("a reader that never reads", testDeafReader)
	t.Run("1,000 sockets of one uid", testManySockets)
	t.Run("a buyer's huge answers", testHugeAnswers)
}

// Only merchants send pictures inside a text: a buyer's large body is refused before it
// holds memory that merchants wait for.
func testHugeAnswers(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	a := buyer.post("sendMessageToUser", url.Values{"message": {strings.Repeat("x", 1<<20)}, "client_id": {buyer.client}})
	if a["code"] != "too_large" {
		t.Errorf("a buyer's answer of 1 MiB: %v", a)
	}
}

func testStorm(t *testing.T) {
	w := newWorld(t, setup{})
	uid := func(i int) chat.UID { return chat.UID(fmt.Sprintf("U_%d", i+1)) }
	each(stormPages, func(i int) {
		_, err := w.store.Append(t.Context(), chat.Append{
			Start: &chat.Start{ID: chat.NewConversationID(), Buyer: uid(i), Other: "V_1"}, Sender: "V_1",
			Nonce: chat.Nonce(fmt.Sprint("n", i)), Hash: []byte("h"), SentAt: time.Now(),
			Blocks: []chat.Block{{Type: chat.TextBlock, Text: "for " + string(uid(i))}},
		})
		if err != nil {
			t.Error(err)
		}
	})
	each(stormPages, func(i int) {
		p := w.bound(string(uid(i)))
		if got := p.contents(1)[0]; got != "for "+string(uid(i)) {
			t.Errorf("%s got %q", uid(i), got)
		}
	})
}

func testFlood(t *testing.T) {
	w := newWorld(t, setup{})
	flooder, bystander := w.open("U_7"), w.open("U_8")
	go func() {
		for range 10_000 {
			if flooder.ws.Send(`{"type":"handshake","role":"user"}`) != nil {
				return
			}
		}
	}()
	flooder.closed()
	bystander.quiet("reception")
}

func testDeafReader(t *testing.T) {
	w := newWorld(t, setup{limits: func(l *chat.Limits) { l.TextRunes = 200_000 }})
	seller := w.bound("V_1")
	ws, answer, err := testkit.DialWS(w.sockets.URL, seller.header())
	if err != nil || ws == nil {
		t.Fatalf("%d, %v", answer.Status, err)
	}
	defer func() { _ = ws.Conn.Close() }()
	if err := ws.Send(`{"type":"handshake"}`); err != nil {
		t.Fatal(err)
	}
	_, hello, err := ws.Read()
	if err != nil {
		t.Fatal(err)
	}
	client := strings.Split(string(hello), `"client_id":"`)[1][:20]
	if a := seller.bind(client); a["status"] != 1.0 {
		t.Fatalf("bind: %v", a)
	}
	long := strings.Repeat("x", 200_000)
	const messages = 80 // more than the kernel takes
	for i := range messages {
		_, err := w.svc.Send(t.Context(), chat.Actor{UID: "U_7"}, chat.Draft{
			Product: "1001", Nonce: chat.Nonce(fmt.Sprint("n", i)), Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: long}},
		}, "")
		if err != nil {
			t.Fatal(err) // nobody waits for the one that does not read
		}
	}
	for range messages { // and the one that reads gets all of it
		if got := seller.next("reception")["content"]; got != long {
			t.Fatalf("got %v", got)
		}
	}
}

func testManySockets(t *testing.T) {
	w := newWorld(t, setup{limits: func(l *chat.Limits) { l.Sockets = 2 }}) // that is ten of old pages
	header := http.Header{"Origin": {shop}, "Cookie": {"haggle_token=" + w.token("U_7")}, "Sec-Websocket-Protocol": {""}}
	const sockets = 1000
	var ended atomic.Int32
	for range sockets {
		ws, answer, err := testkit.DialWS(w.sockets.URL, header)
		if err != nil || ws == nil {
			t.Fatalf("%d, %v", answer.Status, err)
		}
		t.Cleanup(func() { _ = ws.Conn.Close() })
		go func() {
			for {
				if _, _, err := ws.Read(); err != nil {
					ended.Add(1)
					return
				}
			}
		}()
	}
	eventually(t, "all but ten are ended", func() bool { return ended.Load() == sockets-10 })
	w.bound("U_8").quiet("error") // and others are served
	if n := ended.Load(); n != sockets-10 {
		t.Errorf("%d are ended, want %d", n, sockets-10)
	}
}

// 11. What WeChat hands over is anything. What comes of it there is in
// internal/wechat; here, that nothing is sent unless all of it is pictures.
func TestAttack11_WeChatMedia(t *testing.T) {
	t.Run("media that are none", testBadMedia)
	t.Run("many posts at once", testManyFetches)
}

// While a buyer's pictures are being fetched, more posts of the same buyer fetch none.
func testManyFetches(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	buyer.mustAsk("hello")
	w.media.put("good", pngPicture(1))
	w.media.asked, w.media.answer = make(chan struct{}), make(chan struct{})
	form := url.Values{"images[]": {"good"}, "toMid": {"V_1"}, "client_id": {buyer.client}}
	first := make(chan map[string]any)
	go func() { first <- buyer.post("uploadImgage", form) }()
	<-w.media.asked
	for range 5 {
		if a := buyer.post("uploadImgage", form); a["code"] != "upload_under_way" {
			t.Errorf("another post meanwhile: %v", a)
		}
	}
	close(w.media.answer)
	if a := <-first; a["status"] != 1.0 {
		t.Errorf("the first: %v", a)
	}
	w.media.asked = nil
	if a := buyer.post("uploadImgage", form); a["status"] != 1.0 {
		t.Errorf("one after that: %v", a)
	}
}

func testBadMedia(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("hello")
	seller.next("reception")
	w.media.put("good", pngPicture(1))
	for id, data := range map[string][]byte{
		"error":  []byte(`{"errcode":40007,"errmsg":"invalid media_id"}`),
		"html":   []byte("<!doctype html><script>alert(1)</script>"),
		"empty":  {},
		"svg":    []byte(`<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>`),
		"php":    []byte("<?php ?>"),
		"half":   pngPicture(1)[:50],
		"bomb":   bomb(40_001, 40_001),
		"amr":    []byte("#!AMR\n0000"),
		"a path": []byte("../../index.php"),
	} {
		w.media.put(id, data)
		a := buyer.post("uploadImgage", url.Values{"images[]": {"good", id, "good"}, "toMid": {"V_1"}, "client_id": {buyer.client}})
		failed, _ := a["failed"].([]any)
		if a["status"] != -2.0 || len(failed) != 1 || as[map[string]any](t, failed[0])["media_id"] != id {
			t.Errorf("%s: %v", id, a)
		}
	}
	if a := buyer.post("uploadImgage", url.Values{"images[]": slices.Repeat([]string{"good"}, 10), "toMid": {"V_1"}, "client_id": {buyer.client}}); a["status"] != -2.0 {
		t.Errorf("ten pictures: %v", a)
	}
	seller.quiet("reception")
	// Fifty within a second are fifty files.
	for range 6 {
		if a := buyer.post("uploadImgage", url.Values{"images[]": slices.Repeat([]string{"good"}, 9), "toMid": {"V_1"}, "client_id": {buyer.client}}); a["status"] != 1.0 {
			t.Fatalf("nine pictures: %v", a)
		}
	}
	_, ms := w.conversation()
	names := make(map[chat.FileID]bool)
	for _, m := range ms[1:] {
		for _, b := range m.Blocks {
			names[b.Image.File] = true
		}
	}
	if len(names) != 54 {
		t.Errorf("%d files, want 54", len(names))
	}
}
