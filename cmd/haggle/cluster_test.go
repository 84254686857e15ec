package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/testkit/natsserver"
	"haggle/internal/wire"
)

const (
	clusterSecret = "a-secret-of-thirty-two-bytes-or-more"
	clusterAPIKey = "a-key-of-26-characters-or-more"

	// clusterWait is how long what goes over the bus may take on a busy machine. What
	// does not is late by a heartbeat, which is more.
	clusterWait = 10 * time.Second

	frozenFor = 20 * time.Second

	// presenceWithin is how long who is there may be unknown, or told wrongly. The second
	// is a turn's.
	presenceWithin = 31 * time.Second
)

// cluster is servers on one database and one NATS, each a process.
type cluster struct {
	t     *testing.T
	store string
	nats  *natsserver.Server
	bus   string
}

// server is one of them.
type server struct {
	c    *cluster
	cmd  *exec.Cmd
	base string
	log  *os.File
}

func newCluster(t *testing.T, e testkit.Engine) *cluster {
	t.Helper()
	c := &cluster{t: t, store: e.Database(t).URL, nats: startNATS(t)}
	c.bus = c.nats.URL()
	return c
}

// start starts one more server, and waits until it is ready.
func (c *cluster) start(flags ...string) *server {
	c.t.Helper()
	s := c.launch(flags...)
	s.await(http.StatusOK, "ok")
	return s
}

// launch starts one more server.
func (c *cluster) launch(flags ...string) *server {
	c.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		c.t.Fatal(err)
	}
	addr := l.Addr().String()
	if err := l.Close(); err != nil {
		c.t.Fatal(err)
	}
	dir := c.t.TempDir()
	s := &server{c: c, base: "http://" + addr}
	if s.log, err = os.Create(filepath.Join(dir, "log")); err != nil {
		c.t.Fatal(err)
	}
	s.cmd = exec.Command("haggle", append([]string{
		"serve", "--listen", addr, "--admin-listen", "off", "--data", filepath.Join(dir, "data"), "--rate-factor", "0", "--bus-prefix", "test",
	}, flags...)...)
	s.cmd.Env = append(os.Environ(), "HAGGLE_STORE="+c.store, "HAGGLE_BUS="+c.bus,
		"HAGGLE_TOKEN_SECRET="+clusterSecret, "HAGGLE_API_KEY="+clusterAPIKey)
	s.cmd.Stdout, s.cmd.Stderr = s.log, s.log
	if err := s.cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	c.t.Cleanup(func() {
		s.stop(syscall.SIGTERM)
		if log, err := os.ReadFile(s.log.Name()); err == nil && c.t.Failed() {
			c.t.Logf("the log of %s:\n%s", s.base, log)
		}
		_ = s.log.Close()
	})
	return s
}

func (s *server) stop(with os.Signal) {
	_ = s.cmd.Process.Signal(with) // it may have been stopped already
	_ = s.cmd.Process.Signal(syscall.SIGCONT)
	late := time.AfterFunc(20*time.Second, func() { _ = s.cmd.Process.Kill() })
	defer late.Stop()
	_ = s.cmd.Wait()
}

// await waits until the server says with status and text how ready it is.
func (s *server) await(status int, text string) {
	s.c.t.Helper()
	s.c.eventually(fmt.Sprintf("/readyz answers %d %s", status, text), func() bool {
		got, body, err := fetch(s.c.t.Context(), s.base+"/readyz", "")
		return err == nil && got == status && strings.Contains(body, text)
	})
}

func (c *cluster) eventually(what string, ok func() bool) {
	c.t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(30 * time.Second)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			c.t.Fatalf("%s: it does not come to that", what)
		}
	}
}

// backend asks what the shop's backend may.
func (s *server) backend(method, path, body string) {
	s.c.t.Helper()
	ctx, cancel := context.WithTimeout(s.c.t.Context(), clusterWait)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, s.base+path, bytes.NewReader([]byte(body)))
	if err != nil {
		s.c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+clusterAPIKey)
	req.Header.Set("Content-Type", "application/json")
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		s.c.t.Fatal(err)
	}
	defer func() { _ = resp.Body.Close() }()
	if answer, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode >= 300 {
		s.c.t.Fatalf("%s %s = %d %s, %v", method, path, resp.StatusCode, answer, err)
	}
}

func (c *cluster) token(uid chat.UID) string {
	c.t.Helper()
	now := time.Now()
	token, err := auth.SignShopToken([]byte(clusterSecret), auth.ShopClaims{
		UID: uid, IssuedAt: now, ExpiresAt: now.Add(time.Hour),
	})
	if err != nil {
		c.t.Fatal(err)
	}
	return token
}

// person is somebody with a live connection. What is heard and not waited for is
// dropped, but for the position.
type person struct {
	s       *server
	uid     chat.UID
	token   string
	ws      *testkit.WS
	frames  chan wire.ServerFrame
	welcome *wire.Welcome
	id      int64
}

// enter connects somebody; since is where they were, nil for the first time.
func (s *server) enter(uid chat.UID, since *wire.Position) *person {
	s.c.t.Helper()
	p := &person{s: s, uid: uid, token: s.c.token(uid), frames: make(chan wire.ServerFrame, 1024)}
	ws, answer, err := testkit.DialWS(s.base+"/v1/ws", nil)
	if err != nil || ws == nil {
		s.c.t.Fatalf("%s comes in: %d, %v", uid, answer.Status, err)
	}
	p.ws = ws
	done := make(chan struct{})
	s.c.t.Cleanup(func() {
		_ = ws.Conn.Close()
		<-done
	})
	go func() {
		defer close(done)
		defer close(p.frames)
		for {
			_, data, err := ws.Read()
			var f wire.ServerFrame
			if err != nil || json.Unmarshal(data, &f) != nil {
				return
			}
			if f.Heartbeat != nil && f.ID == 0 && ws.Send(`{"heartbeat":{}}`) != nil {
				return
			}
			p.frames <- f
		}
	}()
	p.say(wire.ClientFrame{Hello: &wire.Hello{Token: p.token, Position: since}})
	p.welcome = p.hear("a welcome", func(f *wire.ServerFrame) bool { return f.Welcome != nil }).Welcome
	return p
}

// say sends a frame and returns its id.
func (p *person) say(f wire.ClientFrame) int64 {
	p.s.c.t.Helper()
	p.id++
	f.ID = p.id
	data, err := wire.Encode(f)
	if err != nil {
		p.s.c.t.Fatal(err)
	}
	if err := p.ws.Send(string(data)); err != nil {
		p.s.c.t.Fatalf("%s says something: %v", p.uid, err)
	}
	return p.id
}

// hear returns the next frame that is wanted.
func (p *person) hear(what string, wanted func(*wire.ServerFrame) bool) wire.ServerFrame {
	p.s.c.t.Helper()
	return p.hearWithin(clusterWait, what, wanted)
}

func (p *person) hearWithin(d time.Duration, what string, wanted func(*wire.ServerFrame) bool) wire.ServerFrame {
	p.s.c.t.Helper()
	timeout := time.After(d)
	for {
		select {
		case f, ok := <-p.frames:
			if !ok {
				p.s.c.t.Fatalf("%s waits for %s: the connection has ended", p.uid, what)
			}
			if f.Error != nil && f.Error.Code != "store_busy" {
				p.s.c.t.Fatalf("%s waits for %s: %+v", p.uid, what, f.Error)
			}
			if wanted(&f) {
				return f
			}
		case <-timeout:
			p.s.c.t.Fatalf("%s waits for %s: not within %v", p.uid, what, d)
		}
	}
}

// send sends a text and returns the ack.
func (p *person) send(conversation, text string) wire.Ack {
	p.s.c.t.Helper()
	ack, ok := p.trySend(conversation, text)
	if !ok {
		p.s.c.t.Fatalf("%s cannot send %s: the store is busy", p.uid, text)
	}
	return ack
}

// trySend sends a text, and reports whether the store was not too busy for it.
func (p *person) trySend(conversation, text string) (wire.Ack, bool) {
	p.s.c.t.Helper()
	to := &wire.Send{Conversation: conversation, Nonce: "nonce-" + strings.ReplaceAll(text, " ", "-"), Blocks: []wire.DraftBlock{{Type: "text", Text: text}}}
	if conversation == "" {
		to.Product = "1001"
	}
	id := p.say(wire.ClientFrame{Send: to})
	f := p.hear("an ack of "+text, func(f *wire.ServerFrame) bool { return f.ID == id && (f.Ack != nil || f.Error != nil) })
	if f.Ack == nil {
		return wire.Ack{}, false
	}
	return *f.Ack, true
}

// hearText waits for a message.
func (p *person) hearText(text string) wire.Message {
	p.s.c.t.Helper()
	return p.hear("the message "+text, func(f *wire.ServerFrame) bool {
		return f.Message != nil && len(f.Message.Message.Blocks) == 1 && f.Message.Message.Blocks[0].Text == text
	}).Message.Message
}

// texts are what the server has of a conversation. It fails unless they are numbered
// from 1.
func (p *person) texts(conversation string) []string {
	p.s.c.t.Helper()
	status, body, err := fetch(p.s.c.t.Context(), p.s.base+"/v1/conversations/"+conversation+"/messages?after=0&limit=100", p.token)
	var page struct{ Messages []wire.Message }
	if err := errors.Join(err, json.Unmarshal([]byte(body), &page)); err != nil || status != http.StatusOK {
		p.s.c.t.Fatalf("messages: %d %s, %v", status, body, err)
	}
	var texts []string
	for i, m := range page.Messages {
		if m.Seq != int64(i+1) {
			p.s.c.t.Errorf("message %d has seq %d", i+1, m.Seq)
		}
		if len(m.Blocks) > 0 {
			texts = append(texts, m.Blocks[0].Text)
		}
	}
	return texts
}

const mug = `{"merchant":"V_7","title":"Ceramic mug","amount":4900,"currency":"CNY","kind":"physical"}`

// A buyer and a seller at different servers are as close as at one; when the buyer's
// dies, or NATS does, nothing is lost and both go on.
func TestCluster(t *testing.T) {
	t.Parallel()
	for _, e := range testkit.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			liveThrough(t, newCluster(t, e))
		})
	}
}

func liveThrough(t *testing.T, c *cluster) {
	t.Helper()
	a, b := c.start(), c.start()
	a.backend(http.MethodPut, "/v1/server/products/1001", mug)
	buyer, seller := a.enter("U_1", nil), b.enter("V_7", nil)
	conversation := talk(t, a, buyer, seller)
	withoutWebSocket(t, a, b, seller, conversation)
	frozen(t, b, buyer, seller, conversation)
	buyer = killed(t, c, a, b, buyer, seller, conversation)
	natsStops(t, c, buyer, seller, conversation)
	signOut(t, buyer.s, seller)
}

// talk is all that two people do, each at a server of their own.
func talk(t *testing.T, a *server, buyer, seller *person) (conversation string) {
	t.Helper()
	ack := buyer.send("", "hello")
	conversation = ack.Conversation
	got := seller.hearText("hello")
	seller.say(wire.ClientFrame{Delivered: &wire.Mark{Conversation: conversation, Seq: got.Seq}})
	buyer.hear("delivered", func(f *wire.ServerFrame) bool { return f.Delivered != nil && f.Delivered.Seq == got.Seq })
	seller.say(wire.ClientFrame{Read: &wire.Mark{Conversation: conversation, Seq: got.Seq}})
	buyer.hear("read", func(f *wire.ServerFrame) bool { return f.Read != nil && f.Read.Seq == got.Seq })

	seller.say(wire.ClientFrame{Typing: &wire.Typing{Conversation: conversation}})
	buyer.hear("typing", func(f *wire.ServerFrame) bool { return f.Typing != nil && f.Typing.UID == "V_7" })
	buyer.say(wire.ClientFrame{Typing: &wire.Typing{Conversation: conversation}})
	seller.hear("typing", func(f *wire.ServerFrame) bool { return f.Typing != nil && f.Typing.UID == "U_1" })

	seller.send(conversation, "good day")
	buyer.hearText("good day")

	buyer.say(wire.ClientFrame{Watch: &wire.Watch{UIDs: []string{"V_7"}}})
	buyer.hear("that the seller is online", isPresence("V_7", "online"))
	seller.say(wire.ClientFrame{Watch: &wire.Watch{UIDs: []string{"U_1", "U_2"}}})
	seller.hear("that the buyer is online", isPresence("U_1", "online"))

	ack = buyer.send(conversation, "oops")
	seller.hearText("oops")
	buyer.say(wire.ClientFrame{Recall: &wire.RecallReq{Conversation: conversation, Seq: ack.Seq}})
	seller.hear("a recall", func(f *wire.ServerFrame) bool { return f.Recall != nil && f.Recall.Recall.Seq == ack.Seq })

	a.backend(http.MethodPost, "/v1/server/participants/V_7/push", `{"payload":{"paid":true}}`)
	seller.hear("the shop's push", func(f *wire.ServerFrame) bool { return f.Push != nil })
	return conversation
}

func isPresence(uid, want string) func(*wire.ServerFrame) bool {
	return func(f *wire.ServerFrame) bool { return f.Presence != nil && f.Presence.UIDs[uid] == want }
}

// withoutWebSocket: a buyer's stream comes from one server, and what they say reaches the
// other.
func withoutWebSocket(t *testing.T, a, b *server, seller *person, conversation string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), clusterWait)
	defer cancel()
	client := testkit.NewSSE(ctx, &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}, a.base, nil)
	defer func() { _ = client.Close() }()
	if err := client.Send(fmt.Sprintf(`{"id":1,"hello":{"token":%q}}`, a.c.token("U_1"))); err != nil {
		t.Fatal(err)
	}
	if data, err := client.Read(); err != nil || !bytes.Contains(data, []byte(`"welcome"`)) {
		t.Fatalf("hello: %s, %v", data, err)
	}
	client.Move(b.base)
	if err := client.Send(fmt.Sprintf(`{"id":2,"send":{"conversation":%q,"nonce":"sse","blocks":[{"type":"text","text":"by request"}]}}`, conversation)); err != nil {
		t.Fatal(err)
	}
	seller.hearText("by request")
	for {
		data, err := client.Read()
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(data, []byte(`"id":2`)) && bytes.Contains(data, []byte(`"ack"`)) {
			return
		}
	}
}

// frozen: the seller's server stands still for a while. Nobody knows of its people, and
// nobody waits for it; when it goes on, who watches them is told without asking again.
func frozen(t *testing.T, b *server, buyer, seller *person, conversation string) {
	t.Helper()
	if err := b.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	thaw := time.After(frozenFor)
	b.c.eventually("nobody knows of the seller", func() bool { // it may answer once more
		buyer.say(wire.ClientFrame{Watch: &wire.Watch{UIDs: []string{"V_7"}}})
		f := buyer.hear("how it is with the seller", func(f *wire.ServerFrame) bool { return f.Presence != nil })
		return f.Presence.UIDs["V_7"] == "unknown"
	})
	// It may have been stopped within a transaction: then the database holds its rows for
	// some seconds more, and says so.
	_, sent := buyer.trySend(conversation, "are you frozen")
	<-thaw
	if err := b.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	if !sent {
		buyer.send(conversation, "are you frozen")
	}
	buyer.hearWithin(presenceWithin, "that the seller is online", isPresence("V_7", "online"))
	seller.hearText("are you frozen")
}

// killed: the buyer's server dies without a word, while the seller goes on writing.
func killed(t *testing.T, c *cluster, a, b *server, buyer, seller *person, conversation string) *person {
	t.Helper()
	last := buyer.send(conversation, "before")
	seller.hearText("before")
	since := &wire.Position{Epoch: buyer.welcome.Position.Epoch, Pos: last.Pos}
	a.stop(syscall.SIGKILL)
	seller.send(conversation, "meanwhile")
	buyer = b.enter("U_1", since)
	changes := buyer.welcome.Changes
	if changes == nil || len(changes.Conversations) != 1 || changes.Conversations[0].ID != conversation || changes.Conversations[0].LastSeq != last.Seq+1 {
		t.Errorf("the buyer comes back to %+v", changes)
	}
	other := c.start()
	moved := other.enter("U_1", nil) // and from there on to a third
	seller.send(conversation, "after")
	moved.hearText("after")
	buyer.hearText("after")
	moved.send(conversation, "thanks")
	seller.hearText("thanks")
	buyer.hearText("thanks")
	return moved
}

// natsStops: what is said meanwhile is noticed within a heartbeat, and everything is at
// once again when it is back.
func natsStops(t *testing.T, c *cluster, buyer, seller *person, conversation string) {
	t.Helper()
	heartbeat := time.Duration(seller.welcome.HeartbeatMS) * time.Millisecond
	before := seller.send(conversation, "dusk")
	c.nats.Stop()
	began := time.Now()
	for i := range 5 {
		buyer.send(conversation, fmt.Sprint("in the dark ", i))
	}
	if took := time.Since(began); took > clusterWait/2 {
		t.Errorf("5 messages took %v without NATS", took)
	}
	seller.hearWithin(heartbeat, "a heartbeat that says that there is more", func(f *wire.ServerFrame) bool {
		return f.Heartbeat != nil && f.Heartbeat.Position != nil && f.Heartbeat.Position.Pos >= before.Pos+5
	})
	t.Logf("the seller learns of it within %v", time.Since(began).Round(time.Millisecond))
	for _, p := range []*person{buyer, seller} {
		p.s.await(http.StatusOK, "ok") // it goes on without: all would be gone at once
	}
	late := c.launch() // one that has never reached it is not to be sent anybody
	late.await(http.StatusServiceUnavailable, "the bus is not reached")
	if err := c.nats.Start(); err != nil {
		t.Fatal(err)
	}
	began = time.Now()
	defer late.await(http.StatusOK, "ok")
	heard := false
	for i := 0; !heard; i++ { // until both are connected again
		text := fmt.Sprint("light ", i)
		buyer.send(conversation, text)
		heard = seller.hears(text, time.Second)
		if time.Since(began) > heartbeat {
			t.Fatalf("nothing goes through %v after NATS is back", heartbeat)
		}
	}
	t.Logf("events flow again %v after NATS is back", time.Since(began).Round(time.Millisecond))
	want := seller.texts(conversation)
	if got := buyer.texts(conversation); len(got) < 12 || strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the buyer has %q, the seller %q", got, want)
	}
}

// hears reports whether a message comes within d.
func (p *person) hears(text string, d time.Duration) bool {
	timeout := time.After(d)
	for {
		select {
		case f, ok := <-p.frames:
			if ok && f.Message != nil && len(f.Message.Message.Blocks) == 1 && f.Message.Message.Blocks[0].Text == text {
				return true
			}
			if !ok {
				return false
			}
		case <-timeout:
			return false
		}
	}
}

// signOut: the shop ends somebody's sessions by way of a server that they are not at.
func signOut(t *testing.T, at *server, seller *person) {
	t.Helper()
	if at == seller.s {
		t.Fatal("the seller is here")
	}
	at.backend(http.MethodPost, "/v1/server/participants/V_7/revoke", "")
	seller.hear("a goodbye", func(f *wire.ServerFrame) bool { return f.Bye != nil && f.Bye.Code == "token_revoked" })
}
