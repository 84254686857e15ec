package gateway

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/bus/localbus"
	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// claims is a Verifier that takes "U_1", "U_1=Ming" or "V_7/alice" for a token,
// of which the second has a name. One that ends in "!expired" and the like is
// refused so.
type claims struct {
	now func() time.Time
	ttl time.Duration
}

func (c claims) Verify(_ context.Context, token string) (chat.Identity, error) {
	if _, why, bad := strings.Cut(token, "!"); bad {
		return chat.Identity{}, chat.Codef(chat.Unauthenticated, "token_"+why, "no")
	}
	uid, agent, _ := strings.Cut(token, "/")
	uid, name, _ := strings.Cut(uid, "=")
	now := c.now()
	return chat.Identity{
		Actor: chat.Actor{UID: chat.UID(uid), Agent: chat.AgentID(agent)},
		Name:  name, IssuedAt: now, ExpiresAt: now.Add(c.ttl),
	}, nil
}

// node is a gateway with all that stands below it, in memory.
type node struct {
	*Gateway

	store *testkit.MemStore
	bus   chat.Bus
	via   transport
	base  string       // where it listens
	url   string       // of its WebSocket
	http  *http.Client // of its streams
}

// transport is a way in. The protocol is the same over each.
type transport struct {
	name    string
	streams bool // server-sent events down, requests up
	http2   bool
}

// onEach runs a test over every transport: what holds over one holds over all.
func onEach(t *testing.T, test func(t *testing.T, via transport)) {
	t.Helper()
	for _, via := range []transport{
		{name: "WebSocket"},
		{name: "SSE", streams: true},
		{name: "SSE over HTTP 2", streams: true, http2: true},
	} {
		t.Run(via.name, func(t *testing.T) { test(t, via) })
	}
}

type nodeOptions struct {
	Options

	via    transport // of the clients
	limits func(*chat.Limits)
	store  func(chat.Store) chat.Store
	bus    func(chat.Bus) chat.Bus
	ttl    time.Duration
	wall   func() time.Time // what the clock says
	allow  chat.Limiter
	log    *slog.Logger
}

// newNode starts a gateway. It ends with the test.
func newNode(t testing.TB, o nodeOptions) *node {
	t.Helper()
	n := &node{store: testkit.NewMemStore(), bus: localbus.New(), via: o.via}
	limits := chat.DefaultLimits()
	if o.limits != nil {
		o.limits(&limits)
	}
	if o.bus != nil {
		n.bus = o.bus(n.bus)
	}
	var store chat.Store = n.store
	if o.store != nil {
		store = o.store(store)
	}
	if o.ttl == 0 {
		o.ttl = time.Hour
	}
	if o.log == nil {
		o.log = slog.New(slog.DiscardHandler)
	}
	for _, p := range []chat.Product{{ID: "1001", Merchant: "V_7"}, {ID: "2002", Merchant: "E_9"}} {
		p.Title, p.Kind, p.Price = "A thing", chat.Virtual, chat.Money{Amount: 100, Currency: "CNY"}
		if err := n.store.PutProduct(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
	if o.allow == nil {
		o.allow = testkit.NoLimits{}
	}
	svc := chat.NewService(store, n.bus, o.allow, limits, o.log)
	if o.wall == nil {
		o.wall = time.Now
	}
	n.Gateway = New(svc, n.bus, claims{o.wall, o.ttl}, o.Options, o.log)
	n.wall = o.wall
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context())) // it ends after the test's own
	done := make(chan error, 2)
	go func() { done <- svc.Run(ctx) }()
	go func() { done <- n.Run(ctx) }()
	t.Cleanup(func() {
		if err := n.Shutdown(ctx); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		cancel()
		for range 2 {
			if err := <-done; err != nil {
				t.Errorf("Run = %v", err)
			}
		}
	})
	<-n.ready
	return n
}

// handler is what a server serves of the gateway.
func (n *node) handler() http.Handler {
	mux := http.NewServeMux()
	n.Register(mux)
	return mux
}

// listen serves the gateway on a real port.
func (n *node) listen(t testing.TB) *node {
	t.Helper()
	server := httptest.NewUnstartedServer(n.handler())
	if n.via.http2 {
		server.EnableHTTP2 = true
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	n.base, n.url, n.http = server.URL, server.URL+"/v1/ws", server.Client()
	return n
}

// link is a connection as a client sees it.
type link interface {
	// Send sends a frame.
	Send(text string) error

	// Read returns the next frame; after the last the error is testkit.ErrClosed.
	Read() ([]byte, error)

	// Close leaves without a word.
	Close() error
}

// wsLink is a link over a WebSocket.
type wsLink struct{ *testkit.WS }

func (l wsLink) Read() ([]byte, error) {
	_, data, err := l.WS.Read()
	return data, err
}

func (l wsLink) Close() error { return l.Conn.Close() }

// client is a client over a real connection. What it meets unexpectedly fails its
// test.
type client struct {
	link

	t testing.TB
}

// dial makes a connection and leaves it at that.
func (n *node) dial(t testing.TB) *client {
	t.Helper()
	if n.via.streams {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), 20*time.Second)
		t.Cleanup(cancel)
		return &client{testkit.NewSSE(ctx, n.http, n.base, nil), t}
	}
	ws, answer, err := testkit.DialWS(n.url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if ws == nil {
		t.Fatalf("refused: %d %s", answer.Status, answer.Body)
	}
	t.Cleanup(func() { _ = ws.Conn.Close() })
	_ = ws.Conn.SetDeadline(time.Now().Add(20 * time.Second))
	return &client{wsLink{ws}, t}
}

// ws is the client's WebSocket, for what only that can do.
func (c *client) ws() *testkit.WS {
	c.t.Helper()
	l, ok := c.link.(wsLink)
	if !ok {
		c.t.Fatal("the client has no WebSocket")
	}
	return l.WS
}

// sse is the client's stream, for what only that can do.
func (c *client) sse() *testkit.SSE {
	c.t.Helper()
	l, ok := c.link.(*testkit.SSE)
	if !ok {
		c.t.Fatal("the client has no stream")
	}
	return l
}

// enter makes a connection, says hello and waits for the welcome.
func (n *node) enter(t testing.TB, token string, position *wire.Position) (*client, *wire.Welcome) {
	t.Helper()
	c := n.dial(t)
	c.say(wire.ClientFrame{ID: 1, Hello: &wire.Hello{Token: token, Position: position}})
	f := c.hear()
	if f.Welcome == nil {
		t.Fatalf("hello of %s: %+v", token, f)
	}
	return c, f.Welcome
}

func (c *client) say(f wire.ClientFrame) {
	c.t.Helper()
	data, err := wire.Encode(f)
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.Send(string(data)); err != nil {
		c.t.Fatal(err)
	}
}

// hear returns the next frame that is not a heartbeat of the server's own.
func (c *client) hear() wire.ServerFrame {
	c.t.Helper()
	for {
		data, err := c.Read()
		if err != nil {
			c.t.Fatalf("read: %v (%q)", err, data)
		}
		var f wire.ServerFrame
		if err := json.Unmarshal(data, &f, json.RejectUnknownMembers(true)); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
		if f.Heartbeat == nil || f.ID != 0 {
			return f
		}
	}
}

// until returns the next frame for which ok holds.
func (c *client) until(ok func(*wire.ServerFrame) bool) wire.ServerFrame {
	c.t.Helper()
	for {
		if f := c.hear(); ok(&f) {
			return f
		}
	}
}

// bye reads until the connection ends and returns the bye before that.
func (c *client) bye() wire.Bye {
	c.t.Helper()
	var last wire.ServerFrame
	for {
		data, err := c.Read()
		if errors.Is(err, testkit.ErrClosed) && last.Bye != nil {
			return *last.Bye
		}
		if err != nil {
			c.t.Fatalf("read: %v (%q); before that %+v", err, data, last)
		}
		last = wire.ServerFrame{}
		if err := json.Unmarshal(data, &last); err != nil {
			c.t.Fatalf("%s: %v", data, err)
		}
	}
}

// draft is a send of one text to the seller of product 1001.
func draft(nonce, text string) *wire.Send {
	return &wire.Send{Product: "1001", Nonce: nonce, Blocks: []wire.DraftBlock{{Type: "text", Text: text}}}
}
