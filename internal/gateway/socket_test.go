package gateway

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

func TestUpgrade_refusals(t *testing.T) {
	n := newNode(t, nodeOptions{Options: Options{
		AllowOrigin: func(origin string) bool { return origin == "https://shop.example" },
	}}).listen(t)
	for _, tc := range []struct {
		name   string
		header http.Header
		status int
		code   string
	}{
		{"a page of the shop", http.Header{"Origin": {"https://shop.example"}}, http.StatusSwitchingProtocols, ""},
		{"no browser", nil, http.StatusSwitchingProtocols, ""},
		{"one of several subprotocols", http.Header{"Sec-Websocket-Protocol": {"haggle.v9, haggle.v1"}}, http.StatusSwitchingProtocols, ""},
		{"a page of somebody else", http.Header{"Origin": {"https://evil.example"}}, http.StatusForbidden, "origin_not_allowed"},
		{"a look-alike", http.Header{"Origin": {"https://shop.example.evil"}}, http.StatusForbidden, "origin_not_allowed"},
		{"a sandboxed page", http.Header{"Origin": {"null"}}, http.StatusForbidden, "origin_not_allowed"},
		{"no subprotocol", http.Header{"Sec-Websocket-Protocol": {""}}, http.StatusBadRequest, "subprotocol_required"},
		{"another subprotocol", http.Header{"Sec-Websocket-Protocol": {"haggle.v2"}}, http.StatusBadRequest, "subprotocol_required"},
		{"no WebSocket", http.Header{"Upgrade": {""}}, http.StatusUpgradeRequired, "upgrade_required"},
		{"an old version", http.Header{"Sec-Websocket-Version": {"8"}}, http.StatusUpgradeRequired, "upgrade_required"},
		{"no key", http.Header{"Sec-Websocket-Key": {""}}, http.StatusUpgradeRequired, "upgrade_required"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ws, answer, err := testkit.DialWS(n.url, tc.header)
			if err != nil {
				t.Fatal(err)
			}
			if ws != nil {
				t.Cleanup(func() { _ = ws.Conn.Close() })
			}
			if answer.Status != tc.status {
				t.Fatalf("status %d, want %d", answer.Status, tc.status)
			}
			if tc.code == "" {
				if got := answer.Header.Get("Sec-WebSocket-Protocol"); got != wire.Subprotocol {
					t.Errorf("subprotocol %q, want %s", got, wire.Subprotocol)
				}
				return
			}
			wantRefusal(t, answer, tc.code)
		})
	}
}

// A flood of sockets from one address is turned away before it costs anything.
func TestUpgrade_tooMany(t *testing.T) {
	n := newNode(t, nodeOptions{allow: refuser(chat.ActionConnect)}).listen(t)
	_, answer, err := testkit.DialWS(n.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "8" {
		t.Errorf("status %d, Retry-After %q; want 429 and 8", answer.Status, answer.Header.Get("Retry-After"))
	}
	wantRefusal(t, answer, "rate_limited")
}

// wantRefusal checks that an answer has the error shape of all the others.
func wantRefusal(t *testing.T, answer testkit.Answer, code string) {
	t.Helper()
	var body map[string]wire.Error
	if err := json.Unmarshal(answer.Body, &body); err != nil {
		t.Fatal(err)
	}
	e := body["error"]
	if e.Code != code || e.Message == "" || e.RequestID == "" || e.RequestID != answer.Header.Get("X-Request-Id") {
		t.Errorf("error %+v, request id %q; want code %s", e, answer.Header.Get("X-Request-Id"), code)
	}
}

// wrapped is a writer as middleware makes it: it hides what it wraps.
type wrapped struct{ inner http.ResponseWriter }

func (w wrapped) Header() http.Header         { return w.inner.Header() }
func (w wrapped) Write(p []byte) (int, error) { return w.inner.Write(p) }
func (w wrapped) WriteHeader(status int)      { w.inner.WriteHeader(status) }
func (w wrapped) Unwrap() http.ResponseWriter { return w.inner }

func TestUpgrade_behindMiddleware(t *testing.T) {
	n := newNode(t, nodeOptions{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n.handler().ServeHTTP(wrapped{w}, r)
	}))
	defer server.Close()
	n.url = server.URL + "/v1/ws"
	n.enter(t, "U_1", nil)
}

// What no client of ours sends gets an answer that says what is wrong, and costs
// nobody the connection.
func TestFrames_refused(t *testing.T) { onEach(t, testFramesRefused) }

func testFramesRefused(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	for _, tc := range []struct {
		name  string
		frame string
		id    int64
		code  string
	}{
		{"no JSON", "hello", 0, "invalid_json"},
		{"a string", `"abc"`, 0, "invalid_json"},
		{"nothing", "", 0, "invalid_json"},
		{"null", "null", 0, "invalid_frame"},
		{"an array", `[1]`, 0, "invalid_json"},
		{"two values", `{"id":2,"heartbeat":{}} {}`, 2, "invalid_json"},
		{"empty", `{"id":2}`, 2, "invalid_frame"},
		{"two requests", `{"id":3,"heartbeat":{},"typing":{"conversation":"c"}}`, 3, "invalid_frame"},
		{"hello again", `{"id":4,"hello":{"token":"U_1"}}`, 4, "invalid_frame"},
		{"an id below 0", `{"id":-4,"heartbeat":{}}`, -4, "invalid_frame"},
		{"an unknown request", `{"id":5,"dance":{}}`, 5, "invalid_json"},
		{"an unknown field", `{"id":6,"typing":{"conversation":"c","loud":true}}`, 6, "invalid_json"},
		{"another letter case", `{"id":7,"Typing":{"conversation":"c"}}`, 7, "invalid_json"},
		{"a duplicate name", `{"id":8,"typing":{"conversation":"c","conversation":"d"}}`, 8, "invalid_json"},
		{"invalid UTF-8", "{\"id\":9,\"typing\":{\"conversation\":\"\xff\"}}", 9, "invalid_json"},
		{"a lone surrogate", `{"id":10,"typing":{"conversation":"\ud800"}}`, 10, "invalid_json"},
		{"NUL in a text", `{"id":11,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"a\u0000b"}]}}`, 11, "invalid_text"},
		{"deeper than anything", strings.Repeat("[", 60_000), 0, "invalid_json"},
		{"deep inside", `{"id":12,"send":` + strings.Repeat(`{"a":`, 10_000) + "1" + strings.Repeat("}", 10_000) + "}", 12, "invalid_json"},
		{"a number beyond all", `{"id":13,"read":{"conversation":"c","seq":1e400}}`, 13, "invalid_json"},
		{"somebody else's conversation", `{"id":14,"read":{"conversation":"c","seq":1}}`, 14, "not_found"},
		{"a sender of its own", `{"id":15,"send":{"product":"1001","nonce":"n","sender":"V_7","blocks":[]}}`, 15, "invalid_json"},
		{"another merchant", `{"id":16,"send":{"product":"1001","merchant":"E_9","nonce":"n","blocks":[{"type":"text","text":"a"}]}}`, 16, "wrong_merchant"},
		{"watching nobody", `{"id":17,"watch":{"uids":["X_1"]}}`, 17, "invalid_uid"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			c.t = t
			if via.streams && tc.frame == "" {
				t.Skip("an empty line says nothing")
			}
			if err := c.Send(tc.frame); err != nil {
				t.Fatal(err)
			}
			f := c.hear()
			if f.Error == nil || f.Error.Code != tc.code || f.Error.Message == "" {
				t.Fatalf("answer %+v, want error %s", f, tc.code)
			}
			// Where the text cannot be read on, its id may be lost.
			if f.ID != tc.id && f.ID != 0 {
				t.Errorf("id %d, want %d", f.ID, tc.id)
			}
		})
	}
	c.t = t
	if !via.streams {
		wantNoBinary(t, c)
	}
	c.say(wire.ClientFrame{ID: 99, Heartbeat: &wire.Heartbeat{}})
	if f := c.hear(); f.ID != 99 {
		t.Errorf("after all that: %+v", f)
	}
}

func wantNoBinary(t *testing.T, c *client) {
	t.Helper()
	if err := c.ws().Write(testkit.OpBinary, true, []byte(`{"heartbeat":{}}`)); err != nil {
		t.Fatal(err)
	}
	if f := c.hear(); f.Error == nil || f.Error.Code != "invalid_json" {
		t.Errorf("binary: %+v", f)
	}
}

func TestFrames_ping(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	if err := c.ws().Write(testkit.OpPing, true, []byte("are you there")); err != nil {
		t.Fatal(err)
	}
	if op, data, err := c.ws().Read(); op != testkit.OpPong || string(data) != "are you there" || err != nil {
		t.Errorf("read %d %q, %v; want a pong with the ping's payload", op, data, err)
	}
}

func TestFrames_inPieces(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	for i, piece := range []string{`{"id":7,"hea`, `rtbeat"`, `:{}}`} {
		op := byte(testkit.OpContinuation)
		if i == 0 {
			op = testkit.OpText
		}
		if err := c.ws().Write(op, i == 2, []byte(piece)); err != nil {
			t.Fatal(err)
		}
	}
	if f := c.hear(); f.ID != 7 || f.Heartbeat == nil {
		t.Errorf("answer %+v", f)
	}
}

func TestFrames_tooLarge(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	t.Run("just so", func(t *testing.T) {
		c, _ := n.enter(t, "U_1", nil)
		if err := c.Send(strings.Repeat(" ", 64<<10-16) + `{"heartbeat":{}}`); err != nil {
			t.Fatal(err)
		}
		c.say(wire.ClientFrame{ID: 2, Heartbeat: &wire.Heartbeat{}})
		if f := c.hear(); f.ID != 2 {
			t.Errorf("a frame of 64 KiB: %+v", f)
		}
	})
	for name, size := range map[string]int{"one byte too many": 64<<10 + 1, "10 MiB": 10 << 20} {
		t.Run(name, func(t *testing.T) {
			c, _ := n.enter(t, "U_1", nil)
			go func() { _ = c.Send(strings.Repeat("x", size)) }() // the server may close while it is written
			if b := c.bye(); b.Code != byeFrameTooLarge {
				t.Errorf("bye = %+v", b)
			}
		})
	}
	t.Run("in pieces", func(t *testing.T) {
		c, _ := n.enter(t, "U_1", nil)
		go func() {
			for i := range 3 {
				op := byte(testkit.OpContinuation)
				if i == 0 {
					op = testkit.OpText
				}
				_ = c.ws().Write(op, false, make([]byte, 60<<10))
			}
		}()
		if b := c.bye(); b.Code != byeFrameTooLarge {
			t.Errorf("bye = %+v", b)
		}
	})
}

// A frame that is not masked is one as a server sends it.
func TestFrames_notWebSocket(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	if _, err := c.ws().Conn.Write([]byte{0x81, 2, '{', '}'}); err != nil {
		t.Fatal(err)
	}
	if b := c.bye(); b.Code != byeProtocol {
		t.Errorf("bye = %+v", b)
	}
}

// A client that closes properly is answered properly, and is gone from the hub.
func TestClose_byClient(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	if err := c.ws().Write(testkit.OpClose, true, []byte{0x03, 0xe8}); err != nil {
		t.Fatal(err)
	}
	if op, _, err := c.ws().Read(); op != testkit.OpClose {
		t.Errorf("read %d, %v; want a close frame", op, err)
	}
	if _, err := c.ws().Conn.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("after the close frame: %v, want EOF", err)
	}
}

// Whatever is committed around a hello is in its welcome or comes after it: no
// message falls between.
func TestHello_withoutGap(t *testing.T) { onEach(t, testHelloWithoutGap) }

func testHelloWithoutGap(t *testing.T, via transport) {
	t.Helper()
	var meanwhile func()
	n := newNode(t, nodeOptions{via: via, store: func(s chat.Store) chat.Store {
		return &testkit.FlakyStore{Store: s, BeforeChanged: func() {
			if meanwhile != nil {
				meanwhile()
			}
		}}
	}}).listen(t)
	buyer, _ := n.enter(t, "U_1", nil)
	sent := 0
	send := func() {
		sent++
		buyer.say(wire.ClientFrame{ID: int64(sent), Send: draft(fmt.Sprint("n", sent), fmt.Sprint(sent))})
		if f := buyer.until(func(f *wire.ServerFrame) bool { return f.ID > 0 }); f.Ack == nil {
			t.Fatalf("answer %+v", f)
		}
	}
	send()
	meanwhile = send // while the seller's hello is under way
	seller, welcome := n.enter(t, "V_7", &wire.Position{Epoch: "e1"})
	meanwhile = nil
	send()
	if welcome.Changes == nil || len(welcome.Changes.Conversations) != 1 || welcome.Reset {
		t.Fatalf("welcome = %+v", welcome)
	}
	seen := welcome.Changes.Conversations[0].LastSeq
	for seen < int64(sent) {
		m := seller.until(func(f *wire.ServerFrame) bool { return f.Message != nil }).Message
		switch {
		case m.Message.Seq <= seen: // told twice is no harm
		case m.Message.Seq != seen+1:
			t.Fatalf("message %d after %d", m.Message.Seq, seen)
		default:
			seen++
		}
	}
}

func TestHello_changes(t *testing.T) { onEach(t, testHelloChanges) }

func testHelloChanges(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via, limits: func(l *chat.Limits) { l.TextRunes = 100_000 }}).listen(t)
	const buyers = 12
	for i := range buyers { // with last messages that do not all fit into one frame
		c, _ := n.enter(t, fmt.Sprint("U_", i), nil)
		c.say(wire.ClientFrame{ID: 2, Send: draft("n", strings.Repeat("x", 15_000))})
		if f := c.until(func(f *wire.ServerFrame) bool { return f.ID == 2 }); f.Ack == nil {
			t.Fatalf("answer %+v", f)
		}
	}
	_, all := n.enter(t, "V_7", &wire.Position{Epoch: "e1"})
	page := all.Changes
	if page == nil || !page.More || len(page.Conversations) == 0 || len(page.Conversations) >= buyers ||
		page.Position.Pos != page.Conversations[len(page.Conversations)-1].Pos || all.Position.Pos <= page.Position.Pos {
		t.Errorf("welcome with too much for a frame: %d conversations, position %+v of %+v", len(page.Conversations), page.Position, all.Position)
	}
	_, none := n.enter(t, "V_7", &all.Position)
	if none.Changes == nil || len(none.Changes.Conversations) != 0 || none.Changes.More || none.Reset {
		t.Errorf("welcome when nothing has changed: %+v", none)
	}
	for name, position := range map[string]wire.Position{
		"another epoch": {Epoch: "e0", Pos: 1}, "ahead of the server": {Epoch: "e1", Pos: 1 << 40}, "below 0": {Epoch: "e1", Pos: -1},
	} {
		if _, w := n.enter(t, "V_7", &position); !w.Reset || w.Changes != nil {
			t.Errorf("%s: welcome = %+v, want a reset", name, w)
		}
	}
}

// An event that fits into no frame becomes a heartbeat that says there is news.
func TestEvent_tooLarge(t *testing.T) { onEach(t, testEventTooLarge) }

func testEventTooLarge(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via, limits: func(l *chat.Limits) { l.TextRunes = 100_000 }}).listen(t)
	seller, _ := n.enter(t, "V_7", nil)
	_, err := n.svc.Send(t.Context(), chat.Actor{UID: "U_1"}, wire.ToDraft(draft("n", strings.Repeat("x", 90_000))), "")
	if err != nil {
		t.Fatal(err)
	}
	for {
		data, err := seller.Read()
		if err != nil {
			t.Fatal(err)
		}
		if len(data) > 64<<10 {
			t.Fatalf("a frame of %d bytes", len(data))
		}
		var f wire.ServerFrame
		if err := json.Unmarshal(data, &f); err != nil {
			t.Fatal(err)
		}
		if f.Message != nil {
			t.Fatal("the message came")
		}
		if f.Heartbeat != nil && f.Heartbeat.Position.Pos > 0 {
			return
		}
	}
}

// A token that says a name and nothing of a picture takes no picture away.
func TestHello_keepsAvatar(t *testing.T) { onEach(t, testHelloKeepsAvatar) }

func testHelloKeepsAvatar(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via}).listen(t)
	if err := n.svc.Backend().PutParticipant(t.Context(), chat.Participant{UID: "U_1", Name: "M.", Avatar: "/ming.png"}); err != nil {
		t.Fatal(err)
	}
	n.enter(t, "U_1=Ming", nil)
	me, err := n.svc.Me(t.Context(), chat.Actor{UID: "U_1"})
	if err != nil || me.Participant.Name != "Ming" || me.Participant.Avatar != "/ming.png" {
		t.Errorf("Me = %+v, %v; want Ming with the picture", me, err)
	}
}

// With a bus that loses, repeats and reorders, a client that compares positions
// and asks has everything in the end.
func TestLossyBus(t *testing.T) { onEach(t, testLossyBus) }

func testLossyBus(t *testing.T, via transport) {
	t.Helper()
	const seed = 42
	n := newNode(t, nodeOptions{via: via, bus: func(b chat.Bus) chat.Bus { return testkit.NewLossyBus(b, seed) }}).listen(t)
	buyer, _ := n.enter(t, "U_1", nil)
	seller, welcome := n.enter(t, "V_7", nil)
	var conv string
	const count = 100
	for i := range count {
		buyer.say(wire.ClientFrame{ID: int64(i + 2), Send: draft(fmt.Sprint("n", i), fmt.Sprint(i))})
		f := buyer.until(func(f *wire.ServerFrame) bool { return f.ID > 0 })
		if f.Ack == nil || f.Ack.Seq != int64(i+1) {
			t.Fatalf("answer %+v: a lossy bus must not touch a send", f)
		}
		conv = f.Ack.Conversation
	}
	seller.say(wire.ClientFrame{ID: 5, Heartbeat: &wire.Heartbeat{}})
	head := seller.until(func(f *wire.ServerFrame) bool { return f.ID == 5 }).Heartbeat.Position
	if head.Pos <= welcome.Position.Pos {
		t.Fatalf("position %+v after %+v", head, welcome.Position)
	}
	page, err := n.svc.MessagesAfter(t.Context(), chat.Actor{UID: "V_7"}, chat.ConversationID(conv), 0, count)
	if err != nil || len(page) != count {
		t.Fatalf("seed %d: %d messages, %v", seed, len(page), err)
	}
}

func TestMetrics(t *testing.T) { onEach(t, testMetrics) }

func testMetrics(t *testing.T, via transport) {
	t.Helper()
	registry := prometheus.NewPedanticRegistry()
	n := newNode(t, nodeOptions{via: via, Options: Options{Metrics: registry}}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	c.say(wire.ClientFrame{ID: 2, Send: draft("n", "hi")})
	c.until(func(f *wire.ServerFrame) bool { return f.ID == 2 })
	families, err := registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	got := make(map[string]float64)
	for _, family := range families {
		for _, m := range family.GetMetric() {
			name := family.GetName()
			for _, l := range m.GetLabel() {
				name += " " + l.GetValue()
			}
			got[name] = m.GetGauge().GetValue() + m.GetCounter().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	for name, want := range map[string]float64{
		"haggle_gateway_sessions": 1, "haggle_gateway_frames_total in hello": 1, "haggle_gateway_frames_total in send": 1,
		"haggle_gateway_frames_total out ack": 1, "haggle_gateway_frames_total out welcome": 1, "haggle_gateway_send_seconds": 1,
	} {
		if got[name] != want {
			t.Errorf("%s = %v, want %v", name, got[name], want)
		}
	}
}

// Many come, talk and go at once.
func TestCrowd(t *testing.T) { onEach(t, testCrowd) }

func testCrowd(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via}).listen(t)
	seller, _ := n.enter(t, "V_7", nil)
	const buyers, each = 20, 10
	var wg sync.WaitGroup
	for i := range buyers {
		wg.Go(func() {
			c, _ := n.enter(t, fmt.Sprint("U_", i), nil)
			for k := range each {
				c.say(wire.ClientFrame{ID: int64(k + 2), Send: draft(fmt.Sprint("n", k), fmt.Sprint(k))})
			}
			for k := range each {
				if f := c.until(func(f *wire.ServerFrame) bool { return f.ID > 0 }); f.Ack == nil || f.Ack.Seq != int64(k+1) {
					t.Errorf("buyer %d, answer %d: %+v", i, k, f)
				}
			}
			if err := c.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	next := make(map[string]int64)
	for range buyers * each {
		m := seller.until(func(f *wire.ServerFrame) bool { return f.Message != nil }).Message.Message
		if next[m.Conversation]++; m.Seq != next[m.Conversation] {
			t.Errorf("conversation %s: seq %d, want %d", m.Conversation, m.Seq, next[m.Conversation])
		}
	}
	wg.Wait()
}

func TestPacket(t *testing.T) {
	for _, size := range []int{0, 1, 125, 126, 65535, 65536, 1 << 20} {
		want := bytes.Repeat([]byte("x"), size)
		op, got, err := testkit.ReadFrame(bufio.NewReader(bytes.NewReader(packet{opText, want}.appendTo(nil))))
		if op != testkit.OpText || !bytes.Equal(got, want) || err != nil {
			t.Errorf("%d bytes: read op %d, %d bytes, %v", size, op, len(got), err)
		}
	}
}

func TestAllowance(t *testing.T) {
	r := newRate([]chat.Rate{{Burst: 4, Window: 8 * time.Second}})
	now := time.Unix(1000, 0)
	var a allowance
	for i := range 4 {
		if wait, ok := a.take(r, r.period, now); !ok {
			t.Fatalf("%d of 4: wait %v", i+1, wait)
		}
	}
	if wait, ok := a.take(r, r.period, now); ok || wait != 2*time.Second {
		t.Errorf("fifth: %v %t, want to wait 2 s", wait, ok)
	}
	if _, ok := a.take(r, r.period, now.Add(2*time.Second)); !ok {
		t.Error("refused after the wait that it asked for")
	}
	if _, ok := new(allowance).take(newRate(nil), time.Hour, now); !ok {
		t.Error("no rate, and yet a limit")
	}
}
