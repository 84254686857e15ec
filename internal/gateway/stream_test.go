package gateway

import (
	"context"
	"crypto/rand"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

var overSSE = transport{name: "SSE", streams: true}

// hello is what opens a stream.
func hello(token string) string { return fmt.Sprintf(`{"id":1,"hello":{"token":%q}}`, token) }

func TestStream_refusals(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE, Options: Options{
		AllowOrigin: func(origin string) bool { return origin == "https://shop.example" },
	}}).listen(t)
	for _, tc := range []struct {
		name   string
		origin string
		hello  string
		status int
		code   string
	}{
		{"a page of the shop", "https://shop.example", hello("U_1"), http.StatusOK, ""},
		{"no browser", "", hello("U_1"), http.StatusOK, ""},
		{"a page of somebody else", "https://evil.example", hello("U_1"), http.StatusForbidden, "origin_not_allowed"},
		{"a sandboxed page", "null", hello("U_1"), http.StatusForbidden, "origin_not_allowed"},
		{"a hello too large", "", strings.Repeat(" ", 64<<10) + hello("U_1"), http.StatusRequestEntityTooLarge, byeFrameTooLarge},
	} {
		t.Run(tc.name, func(t *testing.T) {
			header := http.Header{}
			if tc.origin != "" {
				header.Set("Origin", tc.origin)
			}
			c := testkit.NewSSE(t.Context(), n.http, n.base, header)
			answer, err := c.Open(tc.hello)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = c.Close() }()
			if answer.Status != tc.status {
				t.Fatalf("status %d, want %d", answer.Status, tc.status)
			}
			if tc.code != "" {
				wantRefusal(t, answer, tc.code)
				return
			}
			for name, want := range map[string]string{
				"Content-Type": "text/event-stream", "Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no",
			} {
				if got := answer.Header.Get(name); got != want {
					t.Errorf("%s: %q, want %q", name, got, want)
				}
			}
		})
	}
}

func TestStream_tooMany(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE, allow: refuser(chat.ActionConnect)}).listen(t)
	answer, err := testkit.NewSSE(t.Context(), n.http, n.base, nil).Open(hello("U_1"))
	if err != nil {
		t.Fatal(err)
	}
	if answer.Status != http.StatusTooManyRequests || answer.Header.Get("Retry-After") != "8" {
		t.Errorf("status %d, Retry-After %q; want 429 and 8", answer.Status, answer.Header.Get("Retry-After"))
	}
	wantRefusal(t, answer, "rate_limited")
}

// A request that says nothing holds nothing for long.
func TestStream_helloHasToComeInTime(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE, Options: Options{HelloWithin: 50 * time.Millisecond}}).listen(t)
	never := make(chan struct{})
	defer close(never)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, n.base+"/v1/sse", silent(never))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := n.http.Do(req)
	if err != nil {
		return // cut off, which is as good
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusRequestTimeout {
		t.Errorf("status %d, want 408", resp.StatusCode)
	}
}

// silent is a body that never comes.
type silent chan struct{}

func (s silent) Read([]byte) (int, error) {
	<-s
	return 0, http.ErrBodyReadAfterClose
}

func TestPost_refusals(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	other, _ := n.enter(t, "U_2", nil)
	sse := c.sse()
	stranger := *sse
	stranger.Session.ClientID = "nobody"
	for _, tc := range []struct {
		name   string
		who    *testkit.SSE
		key    string
		batch  int64
		status int
		code   string
	}{
		{"no key", sse, "", 1, http.StatusNotFound, "session_gone"},
		{"another session's key", sse, other.sse().Session.Key, 1, http.StatusNotFound, "session_gone"},
		{"no such session", &stranger, sse.Session.Key, 1, http.StatusNotFound, "session_gone"},
		{"no number", sse, sse.Session.Key, 0, http.StatusBadRequest, "invalid_batch"},
		{"the second before the first", sse, sse.Session.Key, 2, http.StatusConflict, "batch_missing"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			answer, err := tc.who.Post(tc.batch, tc.key, `{"id":9,"heartbeat":{}}`)
			if err != nil {
				t.Fatal(err)
			}
			if answer.Status != tc.status {
				t.Errorf("status %d, want %d", answer.Status, tc.status)
			}
			wantRefusal(t, answer, tc.code)
		})
	}
	c.say(wire.ClientFrame{ID: 2, Heartbeat: &wire.Heartbeat{}})
	if f := c.hear(); f.ID != 2 {
		t.Errorf("after all that: %+v", f)
	}
}

// post sends a batch and fails if it is not taken.
func (c *client) post(batch int64, frames ...string) {
	c.t.Helper()
	answer, err := c.sse().Post(batch, c.sse().Session.Key, strings.Join(frames, "\n"))
	if err != nil {
		c.t.Fatal(err)
	}
	if answer.Status != http.StatusNoContent {
		c.t.Fatalf("batch %d: status %d, %s", batch, answer.Status, answer.Body)
	}
}

// A batch whose answer was lost comes again, and its frames are carried out once
// and in order.
func TestPost_again(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	watch := func(id int) string { return fmt.Sprintf(`{"id":%d,"watch":{"uids":[]}}`, id) }
	c.post(1, watch(2), "", watch(3)+"\r", watch(4), "")
	c.post(1, watch(2), watch(3), watch(4))
	c.post(2, watch(5))
	c.post(1, watch(6))
	c.post(3, `{"id":7,"heartbeat":{}}`)
	var answered []int64
	for len(answered) == 0 || answered[len(answered)-1] != 7 {
		if f := c.hear(); f.ID > 0 {
			answered = append(answered, f.ID)
		}
	}
	if want := []int64{2, 3, 4, 5, 7}; !slices.Equal(answered, want) {
		t.Errorf("answers to %v, want to %v", answered, want)
	}
}

// An impatient client repeats a batch that is still being carried out.
func TestPost_againMeanwhile(t *testing.T) {
	c, storing, release := whileStoring(t)
	var posts sync.WaitGroup
	for range 4 {
		posts.Go(func() { c.post(1, sendHi) })
	}
	<-storing
	close(release)
	posts.Wait()
	c.post(2, `{"id":3,"heartbeat":{}}`)
	acks := 0
	for f := c.hear(); f.ID != 3; f = c.hear() {
		if f.Ack != nil {
			acks++
		}
	}
	if acks != 1 || len(storing) != 0 {
		t.Errorf("%d acks, stored %d times more; want 1 and 0", acks, len(storing))
	}
}

const sendHi = `{"id":2,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"hi"}]}}`

// whileStoring returns a client of a server that says when it is about to store a
// message, and waits then until release is closed.
func whileStoring(t *testing.T) (c *client, storing <-chan struct{}, release chan struct{}) {
	t.Helper()
	about := make(chan struct{}, 9)
	release = make(chan struct{})
	n := newNode(t, nodeOptions{via: overSSE, store: func(s chat.Store) chat.Store {
		return &testkit.FlakyStore{Store: s, BeforeAppend: func(context.Context) error {
			about <- struct{}{}
			<-release
			return nil
		}}
	}}).listen(t)
	c, _ = n.enter(t, "U_1", nil)
	return c, about, release
}

// However often a batch is repeated, what it takes of the server is bounded.
func TestPost_tooMany(t *testing.T) {
	c, storing, release := whileStoring(t)
	sse := c.sse()
	answers := make(chan testkit.Answer, maxPosts+1)
	post := func() {
		answer, err := sse.Post(1, sse.Session.Key, sendHi)
		if err != nil {
			t.Error(err)
		}
		answers <- answer
	}
	for range maxPosts + 1 {
		go post()
	}
	<-storing
	refused := <-answers // the others wait
	if refused.Status != http.StatusTooManyRequests || refused.Header.Get("Retry-After") != "1" {
		t.Errorf("%+v", refused)
	}
	wantRefusal(t, refused, "too_many_batches")
	close(release)
	for range maxPosts {
		if answer := <-answers; answer.Status != http.StatusNoContent {
			t.Errorf("%+v", answer)
		}
	}
}

// A server that stops while a stream begins says goodbye down it, after its head.
func TestStream_goodbyeAfterHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode(t, nodeOptions{})
		w := &slowHead{recorder: httptest.NewRecorder(), before: func() {
			go func() { _ = n.Shutdown(t.Context()) }()
			synctest.Wait() // what it has to say is said, or waits
		}}
		n.handler().ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/v1/sse", strings.NewReader(`{"id":1,"hello":{"token":"U_1"}}`)))
		body := w.recorder.Body.String()
		if !strings.HasPrefix(body, "event: session\n") || !strings.Contains(body, byeShutdown) || w.recorder.Header().Get("Content-Type") != streamType {
			t.Errorf("the stream is %q, its head %v", body, w.recorder.Header())
		}
	})
}

// slowHead has something happen while the head of an answer is being written.
type slowHead struct {
	recorder *httptest.ResponseRecorder
	before   func()
}

func (w *slowHead) Header() http.Header {
	if before := w.before; before != nil {
		w.before = nil
		before()
	}
	return w.recorder.Header()
}

func (w *slowHead) Write(data []byte) (int, error)   { return w.recorder.Write(data) }
func (w *slowHead) WriteHeader(status int)           { w.recorder.WriteHeader(status) }
func (w *slowHead) FlushError() error                { return nil }
func (w *slowHead) SetReadDeadline(time.Time) error  { return nil }
func (w *slowHead) SetWriteDeadline(time.Time) error { return nil }

// 204 says that all was carried out, so a batch that ended the session gets
// another answer: what came after that in it was not.
func TestPost_endsTheSession(t *testing.T) {
	n := newNode(t, nodeOptions{via: overSSE}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	batch := `{"id":2,"token":{"token":"U_2"}}` + "\n" + `{"id":3,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"hi"}]}}`
	answer, err := c.sse().Post(1, c.sse().Session.Key, batch)
	if err != nil || answer.Status != http.StatusNotFound {
		t.Fatalf("status %d, %v; want 404", answer.Status, err)
	}
	wantRefusal(t, answer, "session_gone")
	if b := c.bye(); b.Code != byeWrongIdentity {
		t.Errorf("bye = %+v", b)
	}
}

// What is too large ends a session here as on a WebSocket, and what ended is gone.
func TestPost_tooLarge(t *testing.T) {
	for name, size := range map[string]int{"a frame": 64<<10 + 1, "a batch": 256<<10 + 1} {
		t.Run(name, func(t *testing.T) {
			n := newNode(t, nodeOptions{via: overSSE}).listen(t)
			c, _ := n.enter(t, "U_1", nil)
			if err := c.Send(strings.Repeat("x", size)); err != nil {
				t.Fatal(err)
			}
			if b := c.bye(); b.Code != byeFrameTooLarge {
				t.Errorf("bye = %+v", b)
			}
			answer, err := c.sse().Post(9, c.sse().Session.Key, `{"heartbeat":{}}`)
			if err != nil || answer.Status != http.StatusNotFound {
				t.Errorf("after the end: %d, %v; want 404", answer.Status, err)
			}
		})
	}
}

// A tab that is closed is gone from the hub, over HTTP 2 too.
func TestStream_left(t *testing.T) {
	for _, via := range []transport{overSSE, {name: "HTTP 2", streams: true, http2: true}} {
		t.Run(via.name, func(t *testing.T) {
			n := newNode(t, nodeOptions{via: via}).listen(t)
			c, _ := n.enter(t, "U_1", nil)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			for deadline := time.Now().Add(10 * time.Second); len(n.hub.all()) > 0; {
				if time.Now().After(deadline) {
					t.Fatal("it is still there")
				}
				<-time.After(5 * time.Millisecond)
			}
		})
	}
}

// A client that is gone when its answer comes ends its session from within the
// frame that is being carried out, and the server can stop.
func TestStream_leftBeforeTheAnswer(t *testing.T) {
	storing, left := make(chan struct{}), make(chan struct{})
	n := newNode(t, nodeOptions{via: overSSE, store: func(s chat.Store) chat.Store {
		return &testkit.FlakyStore{Store: s, BeforeAppend: func(context.Context) error {
			close(storing)
			<-left
			return nil
		}}
	}}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	var sending sync.WaitGroup
	sending.Go(func() {
		_ = c.Send(`{"id":2,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"hi"}]}}`)
	})
	<-storing
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	sending.Wait()
	close(left)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v: the session has not ended", err)
	}
}

// A client changes over in the middle of a conversation, either way: with its
// position it goes on where it was, and has everything once.
func TestChangeOver(t *testing.T) {
	for _, way := range []struct {
		name     string
		from, to transport
	}{
		{"to the stream", transport{}, overSSE},
		{"back to a WebSocket", overSSE, transport{}},
	} {
		t.Run(way.name, func(t *testing.T) { changeOver(t, way.from, way.to) })
	}
}

func changeOver(t *testing.T, from, to transport) {
	t.Helper()
	n := newNode(t, nodeOptions{}).listen(t)
	const half = 5
	send := func() {
		for range half {
			if _, err := n.svc.Send(t.Context(), chat.Actor{UID: "U_1"}, wire.ToDraft(draft(rand.Text(), "hi")), ""); err != nil {
				t.Fatal(err)
			}
		}
	}
	n.via = from
	before, welcome := n.enter(t, "V_7", nil)
	position, seen := welcome.Position, int64(0)
	send()
	for seen < half-2 { // the others are lost on the way
		if m := before.hear().Message; m != nil {
			seen, position.Pos = m.Message.Seq, m.Pos
		}
	}
	n.via = to
	after, welcome := n.enter(t, "V_7", &position)
	send()
	if c := welcome.Changes; welcome.Reset || c == nil || len(c.Conversations) != 1 || c.Conversations[0].LastSeq != half {
		t.Fatalf("welcome = %+v, want one conversation with %d messages", welcome, half)
	}
	for seen = half; seen < 2*half; seen++ {
		m := after.until(func(f *wire.ServerFrame) bool { return f.Message != nil }).Message
		if m.Message.Seq != seen+1 {
			t.Fatalf("message %d after %d", m.Message.Seq, seen)
		}
	}
}

// What bounds requests does not bound a stream, which is one for hours.
func TestStream_outlivesTimeouts(t *testing.T) {
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("http2 ", http2), func(t *testing.T) {
			n := newNode(t, nodeOptions{via: transport{streams: true, http2: http2}})
			server := httptest.NewUnstartedServer(n.handler())
			const short = 100 * time.Millisecond
			server.Config.ReadTimeout, server.Config.WriteTimeout, server.Config.IdleTimeout = short, short, time.Minute
			if server.EnableHTTP2 = http2; http2 {
				server.StartTLS()
			} else {
				server.Start()
			}
			t.Cleanup(server.Close)
			n.base, n.http = server.URL, server.Client()
			c, _ := n.enter(t, "U_1", nil)
			<-time.After(4 * short)
			c.say(wire.ClientFrame{ID: 2, Heartbeat: &wire.Heartbeat{}})
			if f := c.hear(); f.ID != 2 {
				t.Errorf("answer %+v", f)
			}
		})
	}
}

// HTTP/2 resets a stream whose deadline passes, though nothing is being written:
// a deadline left behind would end every quiet session after ten seconds.
func TestStream_leavesNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newNode(t, nodeOptions{via: overSSE}).enterFake(t, "U_1")
		f.beat(30 * time.Second)
		f.mu.Lock()
		defer f.mu.Unlock()
		if !f.deadline.IsZero() {
			t.Errorf("deadline %v, want none", f.deadline)
		}
	})
}

// A stop does not hang on streams that nobody reads.
func TestShutdown_deafStreams(t *testing.T) {
	t.Parallel()
	for _, http2 := range []bool{false, true} {
		t.Run(fmt.Sprint("http2 ", http2), func(t *testing.T) {
			t.Parallel()
			n := newNode(t, nodeOptions{via: transport{streams: true}, limits: func(l *chat.Limits) { l.Sockets = 50 }})
			server := httptest.NewUnstartedServer(n.handler())
			server.Listener = tight{server.Listener}
			if server.EnableHTTP2 = http2; http2 {
				server.StartTLS()
			} else {
				server.Start()
			}
			client := server.Client()
			transport, ok := client.Transport.(*http.Transport)
			if !ok {
				t.Fatal("the test server's client has no transport of its own")
			}
			transport.ReadBufferSize = 4 << 10
			transport.HTTP2 = &http.HTTP2Config{MaxReceiveBufferPerStream: 64 << 10, MaxReceiveBufferPerConnection: 1 << 20}
			n.base, n.http = server.URL, client
			stopStreams(t, n, server)
		})
	}
}

func stopStreams(t *testing.T, n *node, server *httptest.Server) {
	t.Helper()
	const deaf, pushes = 10, 60
	for range deaf {
		n.enter(t, "U_1", nil)
	}
	quick, _ := n.enter(t, "U_2", nil)
	payload := []byte(`"` + strings.Repeat("x", 15<<10) + `"`)
	for range pushes {
		if err := n.svc.Backend().Push(t.Context(), "U_1", payload); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), stopWithin)
	defer cancel()
	began := time.Now()
	var stopping sync.WaitGroup
	stopping.Go(func() {
		if err := server.Config.Shutdown(ctx); err != nil {
			t.Errorf("of the server: %v", err)
		}
	})
	if err := n.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	if b := quick.bye(); b.Code != byeShutdown {
		t.Errorf("one who reads: bye = %+v", b)
	}
	stopping.Wait()
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
}

// Whatever comes up, its lines come out as they were, and none with a break in it.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{\"heartbeat\":{}}\n\r\n\n{}\r"))
	f.Add([]byte("\r\r\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		var got []string
		for line := range lines(body) {
			if len(line) == 0 || slices.Contains(line, '\n') {
				t.Fatalf("line %q of %q", line, body)
			}
			got = append(got, string(line))
		}
		var want []string
		for line := range strings.SplitSeq(string(body), "\n") {
			if line = strings.TrimSuffix(line, "\r"); line != "" {
				want = append(want, line)
			}
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: lines %q, want %q", body, got, want)
		}
	})
}
