package compat_test

import (
	"html"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"haggle/internal/chat"
)

// fields checks that a frame has exactly the fields of the contract, each with its
// one type.
func fields(t *testing.T, f map[string]any) {
	t.Helper()
	for _, name := range []string{"time", "source", "conversation", "pid", "type"} {
		if _, ok := f[name].(string); !ok {
			t.Errorf("%s is %T, want a string: %v", name, f[name], f)
		}
	}
	for _, name := range []string{"timestamp", "c_type", "primary", "seq"} {
		if n, ok := f[name].(float64); !ok || n <= 0 {
			t.Errorf("%s is %v, want a number: %v", name, f[name], f)
		}
	}
	if _, ok := f["content"]; !ok || len(f) != 10 {
		t.Errorf("%d fields, want 10: %v", len(f), f)
	}
}

func TestTextBothWays(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	a := buyer.ask("在吗 <b>&")
	if a["status"] != 1.0 || a["html"] != "" {
		t.Errorf("the answer is %v", a)
	}
	at := int64(as[float64](t, a["timeStamp"]))
	if want := time.Unix(at, 0).In(time.FixedZone("", 8*3600)).Format("15:04:05"); a["timeStr"] != want {
		t.Errorf("timeStr is %v, want %v", a["timeStr"], want)
	}
	got := seller.next("reception")
	fields(t, got)
	if got["content"] != html.EscapeString("在吗 <b>&") || got["c_type"] != 1.0 || got["pid"] != "1001" || got["source"] != w.codes.Buyer("V_1", "U_7") {
		t.Errorf("the seller got %v", got)
	}
	seller.mustAnswer("在的")
	got = buyer.next("reception")
	fields(t, got)
	if got["content"] != "在的" || got["c_type"] != 1.0 || got["source"] != "V_1" {
		t.Errorf("the buyer got %v", got)
	}
}

// A message has one number, for both sides and for ever, and no two have the same.
func TestPrimary(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, one, two := w.bound("U_7"), w.bound("V_1"), w.bound("V_1")
	seen := make(map[any]bool)
	for range 20 {
		buyer.mustAsk("hello")
		a, b := one.next("reception"), two.next("reception")
		if a["primary"] != b["primary"] || seen[a["primary"]] {
			t.Fatalf("primary %v and %v", a["primary"], b["primary"])
		}
		seen[a["primary"]] = true
	}
}

// An old page and the new pages talk to each other.
func TestOldAndNew(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	buyer.mustAsk("from the old page")
	c, _ := w.conversation()
	_, err := w.svc.Send(t.Context(), chat.Actor{UID: "V_1", Agent: "alice"}, chat.Draft{
		Conversation: c.ID, Nonce: "n1", Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: "from the console"}},
	}, "")
	if err != nil {
		t.Fatal(err)
	}
	if got := buyer.next("reception"); got["content"] != "from the console" {
		t.Errorf("the old page got %v", got)
	}
	eventually(t, "the console sees that the old page has it", func() bool {
		c, _ := w.conversation()
		return c.Sides[chat.BuyerSide].Delivered == 2
	})
}

func TestLink(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("E_2")
	err := w.svc.Backend().PutProduct(t.Context(), chat.Product{
		ID: "1002", Merchant: "E_2", Title: `Mug "<i>x</i>`, Kind: chat.Physical, Image: "/img/a.jpg?x=1&y=2",
		Price: chat.Money{Amount: 1250, Currency: "CNY"},
	})
	if err != nil {
		t.Fatal(err)
	}
	a := buyer.post("SendMessageToMerchant", url.Values{
		"toMid": {"E_2"}, "pid": {"1002"}, "client_id": {buyer.client}, "sendType": {"link"},
	})
	card, _ := a["html"].(string)
	if a["status"] != 1.0 || !strings.Contains(card, html.EscapeString(`Mug "<i>x</i>`)) || strings.Contains(card, "<i>") {
		t.Errorf("the answer is %v", a)
	}
	got := seller.next("reception")
	fields(t, got)
	p, ok := got["content"].(map[string]any)
	if !ok || got["c_type"] != 2.0 {
		t.Fatalf("the seller got %v", got)
	}
	want := map[string]any{
		"product_id": "1002", "product_name": html.EscapeString(`Mug "<i>x</i>`),
		"product_image": "/img/a.jpg?x=1&amp;y=2", "product_url": "",
	}
	for name, v := range want {
		if p[name] != v {
			t.Errorf("%s is %v, want %v", name, p[name], v)
		}
	}
	if len(p) != len(want) {
		t.Errorf("more goes out than is meant to: %v", p)
	}
}

func TestRichAnswer(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1/alice")
	buyer.mustAsk("which?")
	seller.mustAnswer(`this <img hp="x" src="data:image/png;base64,` + b64(pngPicture(1)) + `">or<br>that &lt;b&gt;<img src='data:image/jpeg;base64,` + b64(pngPicture(2)) + `'>`)
	got := buyer.next("reception")
	fields(t, got)
	content, _ := got["content"].(string)
	if got["c_type"] != 1.0 || strings.Count(content, `<img class="chat-image" src="https://chat.example/files/`) != 2 ||
		!strings.Contains(content, ">this </span><img") || !strings.Contains(content, ">or\nthat &lt;b&gt;</span>") {
		t.Errorf("the buyer got %v", got)
	}
	_, ms := w.conversation()
	var kinds []chat.BlockType
	for _, b := range ms[1].Blocks {
		kinds = append(kinds, b.Type)
	}
	if len(kinds) != 4 || kinds[1] != chat.ImageBlock || kinds[3] != chat.ImageBlock || ms[1].Blocks[2].Text != "or\nthat <b>" || ms[1].Agent != "alice" {
		t.Errorf("stored are %+v", ms[1])
	}
	// Pictures alone are an array, as a buyer's are.
	seller.mustAnswer(`<img src="data:image/png;base64,` + b64(pngPicture(3)) + `">`)
	got = buyer.next("reception")
	if urls, ok := got["content"].([]any); !ok || len(urls) != 1 || got["c_type"] != 3.0 || !strings.HasPrefix(as[string](t, urls[0]), "https://chat.example/files/") {
		t.Errorf("the buyer got %v", got)
	}
}

func TestUpload(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	w.media.put("m1", pngPicture(1))
	w.media.put("m2", pngPicture(2))
	form := url.Values{"images[]": {"m1", "m2"}, "toMid": {"V_1"}, "client_id": {buyer.client}}
	if a := buyer.post("uploadImgage", form); a["status"] != -3.0 || a["code"] != "not_found" {
		t.Errorf("without a conversation or a product: %v", a)
	}
	form.Set("pid", "1001")
	if a := buyer.post("uploadImgage", form); a["status"] != 1.0 {
		t.Errorf("the answer is %v", a)
	}
	got := seller.next("reception")
	fields(t, got)
	if urls, ok := got["content"].([]any); !ok || len(urls) != 2 || got["c_type"] != 3.0 {
		t.Errorf("the seller got %v", got)
	}
	// From now on there is a conversation.
	form.Del("pid")
	form["images[]"] = []string{"m2"}
	if a := buyer.post("uploadImgage", form); a["status"] != 1.0 {
		t.Errorf("the answer is %v", a)
	}
	seller.next("reception")
	// All or nothing, and what failed has a name.
	form["images[]"] = []string{"m1", "gone", "m2"}
	a := buyer.post("uploadImgage", form)
	failed, _ := a["failed"].([]any)
	if a["status"] != -2.0 || len(failed) != 1 || as[map[string]any](t, failed[0])["media_id"] != "gone" {
		t.Errorf("the answer is %v", a)
	}
	seller.quiet("reception")
	if _, ms := w.conversation(); len(ms) != 2 {
		t.Errorf("%d messages, want 2", len(ms))
	}
}

// A page that did not get its answer posts again, and WeChat may not have the
// pictures any more by then.
func TestUploadRepeated(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	w.media.put("m1", pngPicture(1))
	w.media.put("m2", pngPicture(2))
	form := url.Values{"images[]": {"m1"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "nonce": {"n-1"}}
	first := buyer.post("uploadImgage", form)
	seller.next("reception")
	form["images[]"] = []string{"m2"}
	if a := buyer.post("uploadImgage", form); a["code"] != "nonce_reused" {
		t.Errorf("the nonce of another picture: %v", a)
	}
	w.media.forget()
	form["images[]"] = []string{"m1"}
	if a := buyer.post("uploadImgage", form); a["status"] != 1.0 || a["seq"] != first["seq"] {
		t.Errorf("the same post again: %v, want %v", a, first)
	}
	if _, ms := w.conversation(); len(ms) != 1 {
		t.Errorf("%d messages, want 1", len(ms))
	}
}

// The statuses of the old controller, in its order of checks.
func TestStatuses(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	buyer.mustAsk("hello")
	ok := url.Values{"message": {"x"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "sendType": {"message"}}
	answer := url.Values{"message": {"x"}, "client_id": {seller.client}, "toUserCode": {w.codes.Buyer("V_1", "U_7")}, "myCode": {w.codes.Mine("V_1")}}
	upload := url.Values{"images[]": {"m"}, "toMid": {"V_1"}, "client_id": {buyer.client}}
	with := func(base url.Values, name, value string) url.Values {
		form := url.Values{name: {value}}
		for n, v := range base {
			if n != name {
				form[n] = v
			}
		}
		return form
	}
	for _, c := range []struct {
		name   string
		page   *page
		action string
		form   url.Values
		status float64
		code   string
	}{
		{"all is well", buyer, "SendMessageToMerchant", ok, 1, ""},
		{"sendType", buyer, "SendMessageToMerchant", with(ok, "sendType", "push"), -1, "invalid_send_type"},
		{"client_id too short", buyer, "SendMessageToMerchant", with(ok, "client_id", "7f00"), -1, "invalid_client_id"},
		{"client_id of 20 others", buyer, "SendMessageToMerchant", with(ok, "client_id", strings.Repeat("x", 20)), -1, "invalid_client_id"},
		{"toMid", buyer, "SendMessageToMerchant", with(ok, "toMid", ""), -2, "invalid_product"},
		{"pid 0", buyer, "SendMessageToMerchant", with(ok, "pid", "0"), -2, "invalid_product"},
		{"pid negative", buyer, "SendMessageToMerchant", with(ok, "pid", "-1"), -2, "invalid_product"},
		{"pid no number", buyer, "SendMessageToMerchant", with(ok, "pid", "1001x"), -2, "invalid_product"},
		{"unknown product", buyer, "SendMessageToMerchant", with(ok, "pid", "9999"), -3, "not_found"},
		{"empty", buyer, "SendMessageToMerchant", with(ok, "message", " "), -3, "empty_message"},
		{"too long", buyer, "SendMessageToMerchant", with(ok, "message", strings.Repeat("字", 4001)), -3, "text_too_long"},
		{"a merchant asks", seller, "SendMessageToMerchant", with(ok, "client_id", seller.client), -1, "not_a_buyer"},
		{"answer", seller, "sendMessageToUser", answer, 1, ""},
		{"client_id not there", seller, "sendMessageToUser", with(answer, "client_id", strings.Repeat("a", 20)), -2, "invalid_client_id"},
		{"no myCode", seller, "sendMessageToUser", with(answer, "myCode", ""), -1, "invalid_code"},
		{"no toUserCode", seller, "sendMessageToUser", with(answer, "toUserCode", ""), -1, "invalid_code"},
		{"a buyer answers", buyer, "sendMessageToUser", with(answer, "client_id", buyer.client), -1, "not_a_merchant"},
		{"empty answer", seller, "sendMessageToUser", with(answer, "message", "<br>"), -3, "empty_message"},
		{"upload client_id", buyer, "uploadImgage", with(upload, "client_id", ""), -1, "invalid_client_id"},
		{"upload toMid", buyer, "uploadImgage", with(upload, "toMid", ""), -2, "invalid_uid"},
		{"upload to a buyer", buyer, "uploadImgage", with(upload, "toMid", "U_8"), -2, "invalid_merchant"},
		{"upload of what is not there", buyer, "uploadImgage", upload, -2, "media_failed"},
		{"bind nothing", buyer, "BindUserClientId", url.Values{}, -1, "invalid_client_id"},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := c.page.post(c.action, c.form)
			code, _ := a["code"].(string)
			if a["status"] != c.status || code != c.code {
				t.Errorf("%v, want %v %s", a, c.status, c.code)
			}
			if _, failed := a["html"]; failed != (c.status == 1 && c.action == "SendMessageToMerchant") {
				t.Errorf("html in %v", a)
			}
		})
	}
	if status, body := w.request(buyer.token, shop, http.MethodPost, "/push/push/uploadImgage", url.Values{}, true); status != http.StatusOK || body != "" {
		t.Errorf("without images: %d %q, want an empty 200", status, body)
	}
	if status, body := w.request("", shop, http.MethodPost, "/push/push/SendMessageToMerchant", ok, false); status != http.StatusOK || decode(t, body)["code"] != "token_missing" {
		t.Errorf("signed out: %d %s", status, body)
	}
}

// Ajax gets JSON within JSON where ThinkPHP gave it, and only there.
func TestDoubleEncoding(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	w.media.put("m1", pngPicture(1))
	ask := url.Values{"message": {"x"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "sendType": {"message"}}
	answer := url.Values{"message": {"x"}, "client_id": {seller.client}, "toUserCode": {w.codes.Buyer("V_1", "U_7")}, "myCode": {w.codes.Mine("V_1")}}
	upload := url.Values{"images[]": {"m1"}, "toMid": {"V_1"}, "client_id": {buyer.client}}
	for _, c := range []struct {
		page       *page
		action     string
		form       url.Values
		ajax       bool
		begin, end string
	}{
		{buyer, "SendMessageToMerchant", ask, true, `"{\"status\":1,`, `}"`},
		{buyer, "SendMessageToMerchant", ask, false, `{"status":1,`, `}`},
		{seller, "sendMessageToUser", answer, true, `"{\"status\":1,`, `}"`},
		{seller, "sendMessageToUser", answer, false, `{"status":1,`, `}`},
		{buyer, "BindUserClientId", url.Values{"client_id": {buyer.client}}, true, `{"status":1,`, `}`},
		{buyer, "uploadImgage", upload, true, `1`, `1`}, // the page compares with it
		{buyer, "uploadImgage", upload, false, `{"status":1,`, `}`},
	} {
		_, body := w.request(c.page.token, shop, http.MethodPost, "/push/push/"+c.action, c.form, c.ajax)
		if !strings.HasPrefix(body, c.begin) || !strings.HasSuffix(body, c.end) {
			t.Errorf("%s, ajax %v: %s", c.action, c.ajax, body)
		}
	}
}

// ThinkPHP takes an action's address in many forms, and other methods for none.
func TestRoutes(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	form := url.Values{"client_id": {buyer.client}}
	for _, path := range []string{
		"/push/push/BindUserClientId", "/push/push/BindUserClientId.html", "/push/push/binduserclientid", "/Push/Push/BINDUSERCLIENTID.HTML",
		"/index.php/push/push/BindUserClientId", "/index.php/push/push/bind_user_client_id.html", "/index.php?s=/push/push/BindUserClientId",
		"/index.php?s=push/push/bindUserClientId.html", "/push/push/BindUserClientId/",
	} {
		if status, body := w.request(buyer.token, shop, http.MethodPost, path, form, false); status != http.StatusOK || decode(t, body)["status"] != 1.0 {
			t.Errorf("%s: %d %s", path, status, body)
		}
	}
	for _, action := range []string{"BindUserClientId", "SendMessageToMerchant", "sendMessageToUser", "uploadImgage", "uploadImage", ""} {
		if status, _ := w.request(buyer.token, shop, http.MethodGet, "/push/push/"+action, nil, false); status != http.StatusNotFound {
			t.Errorf("GET %s: %d, want 404", action, status)
		}
	}
	if status, _ := w.request(buyer.token, shop, http.MethodPost, "/push/push/chat", form, false); status != http.StatusNotFound {
		t.Errorf("POST chat: %d, want 404", status)
	}
}

func TestChatLeadsToTheNewPage(t *testing.T) {
	w := newWorld(t, setup{})
	token := w.token("U_7")
	for _, path := range []string{"/push/push/chat?pid=1001", "/push/push/chat/pid/1001.html", "/index.php/push/push/chat.html?pid=1001"} {
		status, to := w.request(token, "", http.MethodGet, path, nil, false)
		u, err := url.Parse(to)
		if err != nil || status != http.StatusFound || u.Host != "chat.example" || u.Path != "/v1/login" ||
			u.Query().Get("code") == "" || u.Query().Get("next") != "/chat?product=1001" || strings.Contains(to, "eyJ") {
			t.Errorf("%s: %d to %s", path, status, to)
		}
	}
	if status, to := w.request("", "", http.MethodGet, "/push/push/chat?pid=1001", nil, false); status != http.StatusFound || to != base+"/chat?product=1001" {
		t.Errorf("signed out: %d to %s", status, to)
	}
	for _, pid := range []string{"9999", "", "../1001"} {
		if status, _ := w.request(token, "", http.MethodGet, "/push/push/chat", url.Values{"pid": {pid}}, false); status != http.StatusNotFound {
			t.Errorf("product %q: %d, want 404", pid, status)
		}
	}
}

func TestHistory(t *testing.T) {
	w := newWorld(t, setup{})
	buyer, seller := w.bound("U_7"), w.bound("V_1")
	if got := buyer.history(url.Values{"pid": {"1001"}}); strings.Contains(got, "chat-sender") {
		t.Errorf("before the first message: %s", got)
	}
	buyer.mustAsk("one <script>alert(1)</script>")
	buyer.post("SendMessageToMerchant", url.Values{"toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "sendType": {"link"}})
	seller.mustAnswer(`two<img src="data:image/png;base64,` + b64(pngPicture(1)) + `">`)
	got := buyer.history(url.Values{"pid": {"1001"}})
	for _, want := range []string{
		"one &lt;script&gt;alert(1)&lt;/script&gt;", `<span class="chat-product-title">Product 1001</span>`, "two</span><img",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in %s", want, got)
		}
	}
	if strings.Count(got, "chat-sender") != 2 || strings.Count(got, "chat-receiver") != 1 || strings.Count(got, "chat-time") != 1 || strings.Contains(got, "<script") {
		t.Errorf("the history is %s", got)
	}
	// A merchant's page asks by the buyer's code.
	theirs := seller.history(url.Values{"toUserCode": {w.codes.Buyer("V_1", "U_7")}})
	if strings.Count(theirs, "chat-receiver") != 2 || strings.Count(theirs, "chat-sender") != 1 {
		t.Errorf("the merchant's history is %s", theirs)
	}
	if status, _ := w.request(w.token("V_3"), "", http.MethodGet, "/push/push/chat", url.Values{"old": {"1"}, "toUserCode": {w.codes.Buyer("V_1", "U_7")}}, false); status != http.StatusNotFound {
		t.Errorf("another merchant: %d, want 404", status)
	}
}

// The sender's other pages hear of what was said, and the one that said it does not.
func TestOtherPagesOfTheSame(t *testing.T) {
	w := newWorld(t, setup{})
	one, two := w.bound("U_7"), w.bound("U_7")
	one.mustAsk("hello")
	got := two.next("sent")
	fields(t, got)
	if got["content"] != "hello" {
		t.Errorf("the other page got %v", got)
	}
	one.quiet("sent")
	two.quiet("reception")
}

func TestNonceMakesARepeatHarmless(t *testing.T) {
	w := newWorld(t, setup{})
	buyer := w.bound("U_7")
	form := url.Values{"message": {"once"}, "toMid": {"V_1"}, "pid": {"1001"}, "client_id": {buyer.client}, "sendType": {"message"}, "nonce": {"n1"}}
	first, second := buyer.post("SendMessageToMerchant", form), buyer.post("SendMessageToMerchant", form)
	if first["status"] != 1.0 || second["seq"] != first["seq"] {
		t.Errorf("%v, then %v", first, second)
	}
	if _, ms := w.conversation(); len(ms) != 1 {
		t.Errorf("%d messages, want 1", len(ms))
	}
}
