package rest_test

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/wire"
)

// sample returns a request of the route that would succeed, were its names of
// things that are there.
func sample(t *testing.T, route string) request {
	t.Helper()
	method, path, _ := strings.Cut(route, " ")
	bodies := map[string]string{
		"POST /v1/begin":                          `{"product":"1001"}`,
		"POST /v1/messages":                       `{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"x"}]}`,
		"POST /v1/files/urls":                     `{"ids":["x"]}`,
		"POST /v1/token":                          `{"side":"buyer"}`,
		"POST /v1/logout":                         `{"side":"buyer"}`,
		"POST /v1/server/login-codes":             `{"uid":"U_1"}`,
		"PUT /v1/server/products/{id}":            `{"merchant":"V_1","title":"Mug","amount":1,"currency":"CNY","kind":"virtual"}`,
		"PUT /v1/server/participants/{uid}":       `{"name":"Li"}`,
		"POST /v1/server/participants/{uid}/push": `{"payload":{"any":"thing"}}`,
		"POST /v1/server/bulk":                    `{"delete_product":"none"}`,
		"PUT /v1/files/{key}":                     "bytes",
		"POST /v1/files/{key}":                    formOf(formFile),
		"PUT /v1/settings/shop":                   `{"version":0,"greeting":{"on":false,"text":""},"away":{"on":false,"text":""},"hours":{"time_zone":"UTC","openings":[]}}`,
		"PUT /v1/phrases/{scope}/{id}":            `{"text":"x"}`,
	}
	r := request{method: method, path: path, body: bodies[route], header: map[string]string{}}
	if r.body == "" && strings.Contains(path, "/v1/conversations/{id}/") && method == http.MethodPost {
		r.body = `{"seq":1}`
		if strings.HasSuffix(path, "/report") {
			r.body = `{"reason":"rude"}`
		}
	}
	switch {
	case path == "/v1/server/bulk":
		r.header["Content-Type"] = "application/x-ndjson"
	case route == "POST /v1/files/{key}":
		r.header["Content-Type"] = formType
	case strings.HasPrefix(path, "/v1/files/{"):
		r.header["Content-Type"] = "image/png"
	case path == "/v1/changes":
		r.path += "?epoch=x&pos=0"
	}
	r.path = strings.NewReplacer("{id}", "1001", "{key}", "k1", "{uid}", "U_1", "{scope}", "mine").Replace(r.path)
	return r
}

// What a route needs is refused to whoever has not got it, before anything of
// the request is looked at. The two lists together are all routes there are: a
// new one has to be put where it belongs.
func TestRoutes_whoMay(t *testing.T) {
	f := newFixture(t)
	open := []string{ // by cookie, form or code; TestLogin and the others there
		"GET /v1/login", "POST /v1/guest", "POST /v1/login", "POST /v1/logout", "POST /v1/token",
	}
	for _, route := range f.api.Routes() {
		if slices.Contains(open, route) {
			continue
		}
		r := sample(t, route)
		code, other := "token_missing", request{header: map[string]string{"Authorization": "Bearer " + apiKey}}
		if strings.Contains(route, "/v1/server/") {
			code, other = "api_key_invalid", request{as: "V_1"}
		}
		t.Run(route, func(t *testing.T) {
			f.t = t
			r.body = "" // who is asking comes first
			f.fails(r, http.StatusUnauthorized, code)
			r.header["Authorization"] = "Bearer nonsense"
			if code == "token_missing" {
				code = "token_invalid"
			}
			f.fails(r, http.StatusUnauthorized, code)
			r.header["Authorization"] = other.header["Authorization"]
			if other.as != "" {
				r.header["Authorization"] = "Bearer " + token(t, auth.ShopClaims{UID: other.as})
			}
			f.fails(r, http.StatusUnauthorized, code)
		})
	}
}

// To a stranger a conversation does not exist: every route that names one
// answers as if it had never been.
func TestRoutes_strangers(t *testing.T) {
	f := newFixture(t)
	conversation := f.says("U_1", "n1", "hello").Conversation
	routes := 0
	for _, route := range f.api.Routes() {
		if !strings.Contains(route, "/v1/conversations/{id}") {
			continue
		}
		routes++
		t.Run(route, func(t *testing.T) {
			f.t = t
			for _, stranger := range []chat.UID{"U_2", "V_2", "E_1"} {
				r := sample(t, route)
				r.as = stranger
				r.header["X-Request-Id"] = "same"
				answers := make([]string, 0, 2)
				for _, id := range []string{conversation, "doesnotexist"} {
					_, path, _ := strings.Cut(route, " ")
					r.path = strings.Replace(path, "{id}", id, 1)
					f.fails(r, http.StatusNotFound, "not_found")
					answers = append(answers, f.do(r).Body.String())
				}
				if answers[0] != answers[1] {
					t.Errorf("%s can tell one that is there, %s, from one that is not, %s", stranger, answers[0], answers[1])
				}
			}
		})
	}
	if routes < 9 {
		t.Errorf("%d routes name a conversation, there were 9", routes)
	}
	// Nor can one be written to by naming it in a body.
	f.t = t
	f.fails(request{
		method: "POST", path: "/v1/messages", as: "U_2",
		body: `{"conversation":"` + conversation + `","nonce":"n","blocks":[{"type":"text","text":"x"}]}`,
	}, http.StatusNotFound, "not_found")
}

func TestConversationRoutes(t *testing.T) {
	f := newFixture(t)
	ack := f.says("U_1", "n1", "one")
	at := "/v1/conversations/" + ack.Conversation
	for i := 2; i <= 5; i++ {
		f.says("U_1", "n"+strconv.Itoa(i), "more")
	}
	var page wire.MessagePage
	for _, tt := range []struct {
		query string
		seqs  []int64
		more  bool
	}{
		{"", []int64{1, 2, 3, 4, 5}, false},
		{"?limit=2", []int64{4, 5}, true},
		{"?before=4&limit=2", []int64{2, 3}, true},
		{"?before=3&limit=2", []int64{1, 2}, false},
		{"?after=0&limit=2", []int64{1, 2}, true},
		{"?after=4", []int64{5}, false},
		{"?after=5", nil, false},
	} {
		page = wire.MessagePage{}
		f.want(request{method: "GET", path: at + "/messages" + tt.query, as: "V_1"}, http.StatusOK, &page)
		var seqs []int64
		for _, m := range page.Messages {
			seqs = append(seqs, m.Seq)
		}
		if !slices.Equal(seqs, tt.seqs) || page.More != tt.more {
			t.Errorf("%q: seqs %v, more %v, want %v, %v", tt.query, seqs, page.More, tt.seqs, tt.more)
		}
	}
	for _, query := range []string{"?after=1&before=3", "?after=-1", "?before=0", "?after=x", "?limit=0", "?limit=1000", "?aftre=1"} {
		f.fails(request{method: "GET", path: at + "/messages" + query, as: "V_1"}, http.StatusBadRequest, "invalid_request")
	}

	f.want(request{method: "POST", path: at + "/read", as: "V_1", body: `{"seq":5}`}, http.StatusNoContent, nil)
	f.want(request{method: "POST", path: at + "/delivered", as: "V_1", body: `{"seq":5}`}, http.StatusNoContent, nil)
	var conv wire.Conversation
	f.want(request{method: "GET", path: at, as: "U_1"}, http.StatusOK, &conv)
	if conv.MerchantAt.Read != 5 || conv.Last == nil || conv.Last.Seq != 5 {
		t.Errorf("conversation = %+v", conv)
	}
	var recalled wire.Ack
	f.want(request{method: "POST", path: at + "/recall", as: "U_1", body: `{"seq":5}`}, http.StatusOK, &recalled)
	var recalls wire.RecallPage
	f.want(request{method: "GET", path: at + "/recalls?after=0", as: "V_1"}, http.StatusOK, &recalls)
	if len(recalls.Recalls) != 1 || recalls.Recalls[0].Seq != 5 || recalls.Recalls[0].Rev != recalled.Rev {
		t.Errorf("recalls = %+v, ack %+v", recalls, recalled)
	}
	f.fails(request{method: "POST", path: at + "/recall", as: "V_1", body: `{"seq":1}`}, http.StatusForbidden, "not_your_message")

	f.want(request{method: "PUT", path: at + "/block", as: "V_1"}, http.StatusOK, &conv)
	if !conv.MerchantAt.Blocked {
		t.Errorf("conversation = %+v, want it blocked", conv)
	}
	f.fails(request{
		method: "POST", path: "/v1/messages", as: "U_1",
		body: `{"conversation":"` + ack.Conversation + `","nonce":"b","blocks":[{"type":"text","text":"x"}]}`,
	}, http.StatusForbidden, "blocked")
	f.want(request{method: "DELETE", path: at + "/block", as: "V_1"}, http.StatusOK, nil)
	f.want(request{method: "POST", path: at + "/report", as: "U_1", body: `{"seq":1,"reason":"rude"}`}, http.StatusNoContent, nil)
	f.fails(request{
		method: "POST", path: "/v1/messages", as: "U_1",
		body: `{"product":"1001","nonce":"n1","blocks":[{"type":"text","text":"another"}]}`,
	}, http.StatusConflict, "nonce_reused")
}

// Each side has its own flags, and sees nothing of the other's.
func TestConversationRoutes_flags(t *testing.T) {
	f := newFixture(t)
	at := "/v1/conversations/" + f.says("U_1", "n1", "hello").Conversation
	for _, flag := range []struct {
		path string
		on   func(*wire.Conversation) *bool
	}{
		{"/pin", func(c *wire.Conversation) *bool { return &c.Pinned }},
		{"/mute", func(c *wire.Conversation) *bool { return &c.Muted }},
		{"/mark", func(c *wire.Conversation) *bool { return &c.Marked }},
	} {
		for _, on := range []bool{true, false} {
			method := map[bool]string{true: "PUT", false: "DELETE"}[on]
			var mine, seen wire.Conversation
			f.want(request{method: method, path: at + flag.path, as: "V_1"}, http.StatusOK, &mine)
			f.want(request{path: at, as: "U_1"}, http.StatusOK, &seen)
			if *flag.on(&mine) != on || *flag.on(&seen) {
				t.Errorf("%s %s: %v, and %v to the buyer, whom it does not concern", method, flag.path, *flag.on(&mine), *flag.on(&seen))
			}
		}
	}
	f.want(request{method: "PUT", path: at + "/pin", as: "V_1"}, http.StatusOK, nil)
	var pinned wire.ConversationPage
	f.want(request{path: "/v1/conversations?filter=pinned", as: "V_1"}, http.StatusOK, &pinned)
	if len(pinned.Conversations) != 1 || !pinned.Conversations[0].Pinned {
		t.Errorf("pinned: %+v", pinned)
	}
}

func TestChanges(t *testing.T) {
	f := newFixture(t)
	var me wire.Me
	f.want(request{method: "GET", path: "/v1/me", as: "V_1"}, http.StatusOK, &me)
	f.says("U_1", "n1", "hello")
	at := "/v1/changes?epoch=" + me.Position.Epoch + "&pos=" + strconv.FormatInt(me.Position.Pos, 10)
	var changes wire.Changes
	f.want(request{method: "GET", path: at, as: "V_1"}, http.StatusOK, &changes)
	if len(changes.Conversations) != 1 || changes.Position.Pos <= me.Position.Pos {
		t.Errorf("changes = %+v", changes)
	}
	f.fails(request{method: "GET", path: "/v1/changes?epoch=another&pos=0", as: "V_1"}, http.StatusConflict, "reset")
	f.fails(request{method: "GET", path: at + "99", as: "V_1"}, http.StatusConflict, "reset")
	f.fails(request{method: "GET", path: "/v1/changes?pos=0", as: "V_1"}, http.StatusBadRequest, "invalid_request")
}

// Pages of the list neither repeat nor leave out a conversation, and a cursor is
// good for the list it came from only.
func TestConversations_pages(t *testing.T) {
	f := newFixture(t)
	for i := range 7 {
		f.says(chat.UID("U_"+strconv.Itoa(i)), "n", "hello")
	}
	for order, other := range map[string]string{"newest": "unread", "unread": "newest"} {
		path := "/v1/conversations?limit=3&order=" + order + "&cursor="
		seen, cursor := f.pages(path)
		if len(seen) != 7 || len(slices.Compact(slices.Sorted(slices.Values(seen)))) != 7 {
			t.Errorf("%s: conversations %v in pages, want 7 that differ", order, seen)
		}
		for _, bad := range []string{"x", "e30", cursor + "A", "%22"} {
			f.fails(request{method: "GET", path: path + bad, as: "V_1"}, http.StatusBadRequest, "invalid_cursor")
		}
		f.fails(request{method: "GET", path: "/v1/conversations?order=" + other + "&cursor=" + cursor, as: "V_1"}, http.StatusBadRequest, "invalid_cursor")
	}
}

// pages follows the cursors of a list, and returns the buyers in it and the last
// cursor.
func (f *fixture) pages(path string) (buyers []string, cursor string) {
	f.t.Helper()
	for range 5 {
		var page wire.ConversationPage
		f.want(request{method: "GET", path: path + cursor, as: "V_1"}, http.StatusOK, &page)
		for _, c := range page.Conversations {
			buyers = append(buyers, c.Buyer.UID)
		}
		if page.Cursor == "" {
			return buyers, cursor
		}
		cursor = page.Cursor
	}
	f.t.Fatal("the pages have no end")
	return nil, ""
}

func TestFiles(t *testing.T) {
	f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.UploadBytes = 1 << 20 })
	put := request{method: "PUT", path: "/v1/files/k1", as: "U_1", body: "bytes", header: map[string]string{"Content-Type": "image/png"}}
	var file, again wire.File
	f.want(put, http.StatusOK, &file)
	f.want(put, http.StatusOK, &again)
	if file.ID == "" || file != again {
		t.Errorf("upload %+v, again %+v, want the same", file, again)
	}
	var urls wire.FileURLs
	ask := request{method: "POST", path: "/v1/files/urls", as: "U_1", body: `{"ids":["` + file.ID + `","none"]}`}
	f.want(ask, http.StatusOK, &urls)
	if len(urls.Files) != 1 || !strings.HasPrefix(urls.Files[file.ID].Thumb, "/files/"+file.ID+"/thumb?") {
		t.Errorf("urls = %+v", urls)
	}
	urls = wire.FileURLs{}
	ask.as = "U_2"
	f.want(ask, http.StatusOK, &urls)
	if len(urls.Files) != 0 {
		t.Errorf("a stranger gets %+v", urls)
	}

	put.body = strings.Repeat("x", 1<<20+1)
	f.fails(put, http.StatusRequestEntityTooLarge, "upload_too_large")
	put.body = "bytes"
	put.header["Content-Type"] = "text/html"
	f.fails(put, http.StatusUnsupportedMediaType, "unsupported_media_type")
	put.header["Content-Type"] = "image/png"
	put.path = "/v1/files/a%20b"
	f.fails(put, http.StatusBadRequest, "invalid_nonce")
	put.path, put.body = "/v1/files/k2", "boom"
	if e := f.fails(put, http.StatusInternalServerError, "internal"); strings.Contains(e.Message, "fire") {
		t.Errorf("the answer %q tells of the server's insides", e.Message)
	}
	if n := strings.Count(f.logs.String(), "the disk is on fire"); n != 1 {
		t.Errorf("an internal error is logged %d times, want once", n)
	}
}

// A body that is cut off by its sender's own count is found too, without one.
func TestFiles_chunked(t *testing.T) {
	f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.UploadBytes = 1 << 10 })
	req := httptest.NewRequestWithContext(t.Context(), http.MethodPut, "/v1/files/k1", strings.NewReader(strings.Repeat("x", 2<<10)))
	req.ContentLength = -1
	req.Header.Set("Content-Type", "image/png")
	req.Header.Set("Authorization", "Bearer "+token(t, auth.ShopClaims{UID: "U_1"}))
	rec := httptest.NewRecorder()
	f.handler.ServeHTTP(rec, req)
	if rec.Code != http.StatusRequestEntityTooLarge {
		t.Errorf("status %d: %s", rec.Code, rec.Body)
	}
}

func TestServerRoutes(t *testing.T) {
	f := newFixture(t)
	key := map[string]string{"Authorization": "Bearer " + apiKey}
	do := func(method, path, body string, status int, out any) {
		t.Helper()
		f.want(request{method: method, path: "/v1/server" + path, body: body, header: key}, status, out)
	}
	fails := func(method, path, body string, status int, code string) {
		t.Helper()
		f.fails(request{method: method, path: "/v1/server" + path, body: body, header: key}, status, code)
	}
	// An e and its accent come as two characters and are kept as one.
	mug := `{"merchant":"V_2","title":"Cafe\u0301 mug","amount":1250,"currency":"CNY","kind":"physical","stock":0}`
	do("PUT", "/products/7", mug, http.StatusNoContent, nil)
	var p wire.Product
	f.want(request{method: "GET", path: "/v1/products/7", as: "U_1"}, http.StatusOK, &p)
	if p.Title != "Caf\u00e9 mug" || p.Merchant != "V_2" || p.Stock == nil || *p.Stock != 0 {
		t.Errorf("product = %+v", p)
	}
	fails("PUT", "/products/8", `{"id":"9",`+mug[1:], http.StatusBadRequest, "invalid_product")
	fails("PUT", "/products/8", strings.Replace(mug, "V_2", "U_2", 1), http.StatusBadRequest, "invalid_merchant")
	fails("PUT", "/products/8", strings.Replace(mug, `"kind"`, `"image":"javascript:alert(1)","kind"`, 1), http.StatusBadRequest, "invalid_url")
	do("DELETE", "/products/7", "", http.StatusNoContent, nil)
	f.fails(request{method: "POST", path: "/v1/begin", as: "U_1", body: `{"product":"7"}`}, http.StatusNotFound, "product_gone")

	do("PUT", "/participants/V_2", `{"name":"Mugs","avatar":"https://shop.example/m.png"}`, http.StatusNoContent, nil)
	var me wire.Me
	f.want(request{method: "GET", path: "/v1/me", as: "V_2"}, http.StatusOK, &me)
	if me.Participant.Name != "Mugs" {
		t.Errorf("me = %+v", me)
	}
	fails("PUT", "/participants/U_g-x", `{"name":"Guest"}`, http.StatusBadRequest, "invalid_uid")
	do("DELETE", "/participants/V_2", "", http.StatusNoContent, nil)

	do("POST", "/participants/U_1/push", `{"payload":{"order":7}}`, http.StatusNoContent, nil)
	fails("POST", "/participants/U_1/push", `{"payload":"`+strings.Repeat("x", 17<<10)+`"}`, http.StatusRequestEntityTooLarge, "push_too_large")
	fails("POST", "/login-codes", `{"uid":"U_1","agent":"anna"}`, http.StatusBadRequest, "invalid_agent")
	fails("POST", "/login-codes", `{"uid":"nobody"}`, http.StatusBadRequest, "invalid_uid")

	old := token(t, auth.ShopClaims{UID: "U_5"})
	do("POST", "/participants/U_5/revoke", "", http.StatusNoContent, nil)
	f.fails(request{method: "GET", path: "/v1/me", header: map[string]string{"Authorization": "Bearer " + old}}, http.StatusUnauthorized, "token_revoked")
}

// Where a request has come from is seen through a proxy that is believed, and no other.
func TestCaller(t *testing.T) {
	f := newFixture(t)
	for _, tc := range []struct {
		peer string
		want rest.CallerAnswer
	}{
		{"10.1.2.3:4000", rest.CallerAnswer{Address: "203.0.113.9", Peer: "10.1.2.3", Believed: true, Forwarded: []string{"198.51.100.7, 203.0.113.9"}}},
		{"192.0.2.1:4000", rest.CallerAnswer{Address: "192.0.2.1", Peer: "192.0.2.1", Forwarded: []string{"198.51.100.7, 203.0.113.9"}}},
	} {
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, ownOrigin+"/v1/server/caller", http.NoBody)
		r.RemoteAddr = tc.peer
		r.Header.Set("Authorization", "Bearer "+apiKey)
		r.Header.Set("X-Forwarded-For", tc.want.Forwarded[0])
		w := httptest.NewRecorder()
		f.handler.ServeHTTP(w, r)
		var got rest.CallerAnswer
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || !reflect.DeepEqual(got, tc.want) {
			t.Errorf("from %s: %d %s, want %+v", tc.peer, w.Code, w.Body, tc.want)
		}
	}
}

// Reports went into the store and nobody could read them.
func TestReports_nobodyCouldReadThem(t *testing.T) {
	f := newFixture(t)
	ack := f.says("U_1", "n1", "rude words")
	at := "/v1/conversations/" + ack.Conversation + "/report"
	f.want(request{method: "POST", path: at, as: "V_1", body: `{"seq":1,"reason":"rude"}`}, http.StatusNoContent, nil)
	f.want(request{method: "POST", path: at, as: "U_1", body: `{"reason":"does not answer"}`}, http.StatusNoContent, nil)
	ask := func(query string, out any) {
		t.Helper()
		f.want(request{
			method: "GET", path: "/v1/server/reports" + query, header: map[string]string{"Authorization": "Bearer " + apiKey},
		}, http.StatusOK, out)
	}
	var page, rest1, none rest.ReportPage
	ask("?limit=1", &page)
	if len(page.Reports) != 1 || !page.More {
		t.Fatalf("page = %+v, want the first and that there are more", page)
	}
	r := page.Reports[0]
	if r.By != "V_1" || r.Buyer != "U_1" || r.Merchant != "V_1" || r.Conversation != ack.Conversation || r.Seq != 1 ||
		r.Reason != "rude" || r.At == 0 || r.Message == nil || r.Message.Blocks[0].Text != "rude words" {
		t.Errorf("report = %+v", r)
	}
	ask("?after="+strconv.FormatInt(r.Num, 10), &rest1)
	if len(rest1.Reports) != 1 || rest1.More || rest1.Reports[0].By != "U_1" || rest1.Reports[0].Message != nil {
		t.Fatalf("the second page = %+v", rest1)
	}
	ask("?after="+strconv.FormatInt(rest1.Reports[0].Num, 10), &none)
	if none.Reports == nil || len(none.Reports) != 0 || none.More {
		t.Errorf("beyond the last: %+v", none)
	}
	f.fails(request{method: "POST", path: at, as: "U_1", body: `{"seq":987,"reason":"rude"}`}, http.StatusNotFound, "not_found")
}

// A bulk line without a price made the product free, one without a name took the
// name away: lines are held to what the PUTs are held to.
func TestBulk_missingMembersWereStoredAsNothing(t *testing.T) {
	f := newFixture(t)
	header := map[string]string{"Authorization": "Bearer " + apiKey}
	f.want(request{
		method: "PUT", path: "/v1/server/participants/U_77", header: header, body: `{"name":"Li","avatar":"https://shop.example/li.png"}`,
	}, http.StatusNoContent, nil)
	for line, says := range map[string]string{
		`{"product":{"id":"1001","merchant":"V_1","title":"Mug","currency":"CNY","kind":"virtual"}}`:                       "amount",
		`{"product":{"id":"1001","merchant":"V_1","title":"Mug","amount":-1,"currency":"CNY","kind":"virtual"}}`:           "product.amount",
		`{"product":{"id":"1001","merchant":"V_1","title":"Mug","amount":1,"currency":"CNY","kind":"imaginary"}}`:          "product.kind",
		`{"product":{"id":"1001","merchant":"V_1","title":"Mug","amount":1,"currency":"CNY","kind":"virtual","stock":-1}}`: "product.stock",
		`{"product":{"id":"1001","title":"Mug","amount":1,"currency":"CNY","kind":"virtual"}}`:                             "merchant",
		`{"participant":{"uid":"U_77"}}`: "name",
	} {
		res := f.do(request{method: "POST", path: "/v1/server/bulk", body: line, header: map[string]string{
			"Authorization": "Bearer " + apiKey, "Content-Type": "application/x-ndjson",
		}})
		var result rest.BulkResult
		if err := json.Unmarshal(res.Body.Bytes(), &result); err != nil {
			t.Fatalf("%v: %s", err, res.Body)
		}
		if result.OK || result.Error == nil || result.Error.Code != "invalid_request" || !strings.Contains(result.Error.Message, says) {
			t.Errorf("%s: %s, want a refusal that names %q", line, res.Body, says)
		}
	}
	var p wire.Product
	f.want(request{method: "GET", path: "/v1/products/1001", as: "U_1"}, http.StatusOK, &p)
	if p.Amount != 1250 {
		t.Errorf("product = %+v, want its price as it was", p)
	}
	var me wire.Me
	f.want(request{method: "GET", path: "/v1/me", as: "U_77"}, http.StatusOK, &me)
	if me.Participant.Name != "Li" || me.Participant.Avatar == "" {
		t.Errorf("me = %+v, want the name and the avatar as they were", me.Participant)
	}
}

// The documentation said 7 days, whatever the server was set to.
func TestOpenAPI_uploadsWaitedAnotherTime(t *testing.T) {
	for says, d := range map[string]time.Duration{"waits 8 days": 8 * 24 * time.Hour, "waits 1h30m0s": 90 * time.Minute} {
		f := newFixture(t, func(_ *rest.Deps, _ *auth.Config, l *chat.Limits) { l.UnattachedFor = d })
		if doc := f.do(request{method: "GET", path: "/v1/openapi.json"}).Body.String(); !strings.Contains(doc, says) {
			t.Errorf("with %v the documentation does not say %q", d, says)
		}
	}
}

func TestBulk(t *testing.T) {
	f := newFixture(t)
	product := `{"product":{"id":"%","merchant":"V_2","title":"Mug","amount":1,"currency":"CNY","kind":"virtual"}}`
	lines := []struct{ line, code string }{
		{strings.Replace(product, "%", "b1", 1), ""},
		{`{"participant":{"uid":"V_2","name":"Mugs"}}`, ""},
		{`{"product":{"id":"b2"`, "invalid_json"},
		{"", "-"}, // passed over, and counted
		{`{"participant":{"uid":"nobody","name":"x"}}`, "invalid_uid"},
		{`{"participant":{"uid":"U_1","name":"a"},"delete_product":"b1"}`, "invalid_line"},
		{`{}`, "invalid_line"},
		{`{"participant":{"uid":"U_1","name":"a","name":"b"}}`, "invalid_json"},
		{`{"participant":{"uid":"U_1","Name":"a"}}`, "invalid_json"},
		{`{"participant":{"uid":"U_1","name":"` + strings.Repeat("x", 70<<10) + `"}}`, "line_too_long"},
		{`{"delete_participant":"V_2"}`, ""},
		{`{"delete_product":"a/b"}`, "invalid_product"},
		{strings.Replace(product, "%", "b3", 1), ""},
	}
	var body strings.Builder
	for i, l := range lines {
		if i > 0 {
			body.WriteString("\n")
		}
		body.WriteString(l.line)
	}
	r := request{method: "POST", path: "/v1/server/bulk", body: body.String(), header: map[string]string{
		"Authorization": "Bearer " + apiKey, "Content-Type": "application/x-ndjson",
	}}
	res := f.do(r)
	if res.Code != http.StatusOK || res.Header().Get("Content-Type") != "application/x-ndjson" {
		t.Fatalf("status %d, %v: %s", res.Code, res.Header(), res.Body)
	}
	got := map[int]rest.BulkResult{}
	for line := range strings.Lines(res.Body.String()) {
		var result rest.BulkResult
		if err := json.Unmarshal([]byte(line), &result); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		got[result.Line] = result
	}
	for i, l := range lines {
		result, answered := got[i+1]
		switch {
		case l.code == "-":
			if answered {
				t.Errorf("line %d is blank and has the result %+v", i+1, result)
			}
		case l.code == "" && (!result.OK || result.Error != nil),
			l.code != "" && (result.OK || result.Error == nil || result.Error.Code != l.code):
			t.Errorf("line %d %.80q: %+v, want code %q", i+1, l.line, result, l.code)
		}
	}
	f.want(request{method: "GET", path: "/v1/products/b3", as: "U_1"}, http.StatusOK, nil)

	r.body = strings.Repeat(`{"delete_product":"a/b"}`+"\n", 10_002)
	res = f.do(r)
	if all := strings.Split(strings.TrimSpace(res.Body.String()), "\n"); len(all) != 10_001 || !strings.Contains(all[10_000], "too_many_lines") {
		t.Errorf("%d results, the last is %s", len(all), all[len(all)-1])
	}
	r.header["Content-Type"] = "application/json"
	f.fails(r, http.StatusUnsupportedMediaType, "unsupported_media_type")
}

func TestPhraseRoutes(t *testing.T) {
	f := newFixture(t)
	const path = "/v1/phrases/"
	list := func(as chat.UID) (p wire.Phrases) {
		t.Helper()
		f.want(request{method: "GET", path: "/v1/phrases", as: as}, http.StatusOK, &p)
		return p
	}
	f.want(request{method: "PUT", path: path + "mine/hi", as: "V_1", body: `{"title":" Hi \u202e ","text":"Hello {buyer}","place":2}`}, http.StatusNoContent, nil)
	f.want(request{method: "PUT", path: path + "shop/hi", as: "V_1", body: `{"text":"Welcome"}`}, http.StatusNoContent, nil)
	got := list("V_1")
	if len(got.Shop) == 0 || got.Shop[0].Text != "Welcome" {
		t.Errorf("the shop's: %+v", got)
	}
	if others := list("V_2"); len(others.Mine)+len(others.Shop) != 0 {
		t.Errorf("another shop reads %+v", others)
	}
	f.want(request{method: "DELETE", path: path + "shop/hi", as: "V_2"}, http.StatusNoContent, nil) // its own, which is not there
	if again := list("V_1"); len(again.Shop) != len(got.Shop) {
		t.Errorf("another shop deleted it: %+v", again)
	}
	for _, c := range []struct{ method, path, body, code string }{
		{"PUT", "mine/hi", `{"text":" "}`, "empty_phrase"},
		{"PUT", "mine/hi", `{"text":"` + strings.Repeat("字", 4001) + `"}`, "text_too_long"},
		{"PUT", "mine/h%20i", `{"text":"x"}`, "invalid_phrase_id"},
		{"PUT", "mine/hi", `{"text":"x","owner":"V_2"}`, "invalid_request"},
		{"PUT", "all/hi", `{"text":"x"}`, "invalid_request"},
	} {
		status := http.StatusBadRequest
		if c.code == "text_too_long" {
			status = http.StatusRequestEntityTooLarge
		}
		f.fails(request{method: c.method, path: path + c.path, as: "V_1", body: c.body}, status, c.code)
	}
	f.fails(request{method: "GET", path: "/v1/phrases", as: "U_1"}, http.StatusForbidden, "not_merchant")
	f.fails(request{method: "PUT", path: path + "shop/hi", as: "U_1", body: `{"text":"x"}`}, http.StatusForbidden, "not_merchant")
}

func TestProducts(t *testing.T) {
	f := newFixture(t)
	list := func(as chat.UID, query string) (p wire.ProductPage) {
		t.Helper()
		f.want(request{method: "GET", path: "/v1/products" + query, as: as}, http.StatusOK, &p)
		return p
	}
	all := list("V_1", "")
	if len(all.Products) == 0 || all.Cursor != "" {
		t.Fatalf("one's own products: %+v", all)
	}
	for _, p := range all.Products {
		if p.Merchant != "V_1" {
			t.Errorf("the product of another: %+v", p)
		}
	}
	first := list("V_1", "?limit=1")
	if len(first.Products) != 1 || first.Cursor != first.Products[0].ID {
		t.Errorf("a page of one: %+v", first)
	}
	if others := list("V_1", "?cursor="+first.Cursor); len(others.Products) != len(all.Products)-1 {
		t.Errorf("%d after the first of %d", len(others.Products), len(all.Products))
	}
	if none := list("V_1", "?search=nothing%20like%20it"); none.Products == nil || len(none.Products) != 0 {
		t.Errorf("found %+v", none)
	}
	f.fails(request{method: "GET", path: "/v1/products?cursor=%20", as: "V_1"}, http.StatusBadRequest, "invalid_cursor")
	f.fails(request{method: "GET", path: "/v1/products", as: "U_1"}, http.StatusForbidden, "not_merchant")
}

func TestConversationFilters(t *testing.T) {
	f := newFixture(t)
	first := `{"product":"1001","nonce":"filter-1","blocks":[{"type":"text","text":"x"}]}`
	f.want(request{method: "POST", path: "/v1/messages", as: "U_1", body: first}, http.StatusOK, nil)
	var page wire.ConversationPage
	f.want(request{method: "GET", path: "/v1/conversations?filter=waiting&product=1001", as: "V_1"}, http.StatusOK, &page)
	if len(page.Conversations) == 0 || !page.Conversations[0].Waiting {
		t.Fatalf("waiting: %+v", page)
	}
	f.fails(request{method: "GET", path: "/v1/conversations?filter=mine", as: "V_1"}, http.StatusBadRequest, "invalid_request")
	id := page.Conversations[0].ID
	var asked wire.AskedPage
	f.want(request{method: "GET", path: "/v1/conversations/" + id + "/products", as: "V_1"}, http.StatusOK, &asked)
	if len(asked.Products) != 1 || asked.Products[0].Product.ID != "1001" || asked.Products[0].FirstAt == 0 {
		t.Errorf("asked about %+v", asked)
	}
	f.fails(request{method: "GET", path: "/v1/conversations/" + id + "/products", as: "V_2"}, http.StatusNotFound, "not_found")
}

// The pictures of a conversation come page by page, without what was said between them.
func TestConversationImages(t *testing.T) {
	f := newFixture(t)
	at := "/v1/conversations/" + f.says("U_1", "n1", "one").Conversation + "/images"
	for _, key := range []string{"i1", "i2"} {
		var file wire.File
		f.want(request{method: "PUT", path: "/v1/files/" + key, as: "U_1", body: "bytes", header: map[string]string{"Content-Type": "image/png"}}, http.StatusOK, &file)
		body := `{"product":"1001","nonce":"` + key + `","blocks":[{"type":"image","file":"` + file.ID + `"}]}`
		f.want(request{method: "POST", path: "/v1/messages", as: "U_1", body: body}, http.StatusOK, nil)
		f.says("U_1", "after-"+key, "more")
	}
	page := func(query string, seq int64, more bool) {
		t.Helper()
		var got wire.MessagePage
		f.want(request{method: "GET", path: at + query, as: "V_1"}, http.StatusOK, &got)
		if len(got.Messages) != 1 || got.Messages[0].Seq != seq || got.More != more {
			t.Errorf("%s: %+v, want seq %d, more: %t", query, got, seq, more)
		}
	}
	page("?limit=1", 4, true)
	page("?before=4", 2, false)
	f.fails(request{method: "GET", path: at + "?before=0", as: "V_1"}, http.StatusBadRequest, "invalid_request")
	f.fails(request{method: "GET", path: at, as: "V_2"}, http.StatusNotFound, "not_found")
}

// A seller finds what was said in the shop's own conversations, and nobody else does.
func TestSearchMessages(t *testing.T) {
	f := newFixture(t)
	first := `{"product":"1001","nonce":"find-1","blocks":[{"type":"text","text":"今天发货吗"}]}`
	f.want(request{method: "POST", path: "/v1/messages", as: "U_1", body: first}, http.StatusOK, nil)
	const path = "/v1/messages/search?text=%E5%8F%91%E8%B4%A7"
	if n, err := f.store.IndexMessages(t.Context(), 50); err != nil || n == 0 {
		t.Fatalf("indexed %d messages, %v", n, err)
	}
	for as, want := range map[chat.UID]int{"V_1": 1, "U_1": 1, "V_2": 0} {
		var page wire.FoundMessages
		f.want(request{method: "GET", path: path, as: as}, http.StatusOK, &page)
		if len(page.Found) != want {
			t.Errorf("%s found %+v, want %d", as, page, want)
		}
	}
	f.fails(request{method: "GET", path: path + "&cursor=x", as: "V_1"}, http.StatusBadRequest, "invalid_cursor")
	f.fails(request{method: "GET", path: "/v1/messages/search?text=", as: "V_1"}, http.StatusBadRequest, "invalid_request")
}
