package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/wire"
)

const (
	dialTimeout  = 20 * time.Second
	helloTimeout = 30 * time.Second

	// perSource is how many connections leave from one loopback address: a
	// source has fewer than 28,232 ports by default.
	perSource = 20_000
)

// frame is what a load needs of a wire.ServerFrame; the rest is skipped, so that
// the generator takes little of the machine it shares with the server.
type frame struct {
	ID      int64     `json:"id"`
	Welcome *struct{} `json:"welcome"`
	Ack     *struct {
		Conversation string `json:"conversation"`
		Seq          int64  `json:"seq"`
	} `json:"ack"`
	Message *struct {
		Message struct {
			Conversation string `json:"conversation"`
			Seq          int64  `json:"seq"`
			Nonce        string `json:"nonce"`
		} `json:"message"`
	} `json:"message"`
	Heartbeat *struct{}   `json:"heartbeat"`
	Error     *wire.Error `json:"error"`
	Bye       *wire.Bye   `json:"bye"`
}

// client is one connection of one participant.
type client struct {
	uid     string
	onFrame func(f *frame)
	sock    *Socket

	mu      sync.Mutex
	welcome chan error // guarded by mu; nil once welcomed
}

// connect opens a connection for uid to a server, any number of one, and returns once it
// is welcome. n is the how-manieth it is, which decides its source address.
func (t *Target) connect(ctx context.Context, uid string, server, n int, onFrame func(f *frame)) (*client, error) {
	token, err := t.Mint(uid)
	if err != nil {
		return nil, fmt.Errorf("mint token: %w", err)
	}
	welcome := make(chan error, 1)
	c := &client{uid: uid, onFrame: onFrame, welcome: welcome}
	opts := SocketOptions{URL: t.url(server), Timeout: dialTimeout, OnFrame: c.take, OnClose: c.closed}
	if n >= perSource {
		opts.From = net.IPv4(127, 0, 0, byte(1+n/perSource)) //nolint:gosec // at most 255 sources
	}
	if c.sock, err = OpenSocket(opts); err != nil {
		return nil, fmt.Errorf("connect %s: %w", uid, err)
	}
	hello := &wire.Hello{Token: token, Client: "haggle-bench"}
	if err := c.sock.Hello(ctx, hello, welcome, helloTimeout); err != nil {
		return nil, errors.Join(fmt.Errorf("hello of %s: %w", uid, err), c.close())
	}
	return c, nil
}

func (c *client) send(f *wire.ClientFrame) error { return c.sock.Send(f) }

// close ends the connection and waits for its reader.
func (c *client) close() error { return c.sock.Close() }

// take is told of everything the server says.
func (c *client) take(s *Socket, data []byte) {
	var f frame
	if err := json.Unmarshal(data, &f); err != nil {
		c.answerHello(fmt.Errorf("frame: %w", err))
		return
	}
	switch {
	case f.Heartbeat != nil:
		_ = s.Send(&wire.ClientFrame{Heartbeat: &wire.Heartbeat{}}) // a dead socket shows in closed
	case f.Welcome != nil:
		c.answerHello(nil)
	case f.Bye != nil:
		c.answerHello(fmt.Errorf("bye: %s", f.Bye.Code))
	case f.Error != nil && f.ID == 1:
		c.answerHello(fmt.Errorf("error: %s: %s", f.Error.Code, f.Error.Message))
	}
	if c.onFrame != nil {
		c.onFrame(&f)
	}
}

func (c *client) answerHello(err error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.welcome != nil {
		c.welcome <- err
		c.welcome = nil
	}
}

// closed is told that the connection is over.
func (c *client) closed(s *Socket, err error) {
	c.answerHello(fmt.Errorf("closed: %w", err))
	if !s.Leaving() && c.onFrame != nil {
		c.onFrame(&frame{Bye: &wire.Bye{Code: "closed", Message: err.Error()}})
	}
}
