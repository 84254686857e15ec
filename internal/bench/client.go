package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/lxzan/gws"

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
	gws.BuiltinEventHandler

	uid     string
	onFrame func(f *frame)
	sock    *gws.Conn
	ended   chan struct{}
	leaving atomic.Bool

	mu      sync.Mutex
	welcome chan error // guarded by mu; nil once welcomed
}

// connect opens a connection for uid and returns once it is welcome. n is the
// how-manieth it is, which decides its source address.
func (t *Target) connect(ctx context.Context, uid string, n int, onFrame func(f *frame)) (*client, error) {
	token, err := t.Mint(uid)
	if err != nil {
		return nil, fmt.Errorf("mint token: %w", err)
	}
	dialer := &net.Dialer{Timeout: dialTimeout}
	if n >= perSource {
		dialer.LocalAddr = &net.TCPAddr{IP: net.IPv4(127, 0, 0, byte(1+n/perSource))} //nolint:gosec // at most 255 sources
	}
	welcome := make(chan error, 1)
	c := &client{uid: uid, onFrame: onFrame, ended: make(chan struct{}), welcome: welcome}
	c.sock, _, err = gws.NewClient(c, &gws.ClientOption{ //nolint:bodyclose // an upgrade has no body to close
		Addr: t.socketURL(), HandshakeTimeout: dialTimeout, ReadBufferSize: 2048,
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {wire.Subprotocol}},
		NewDialer:     func() (gws.Dialer, error) { return dialer, nil },
	})
	if err != nil {
		return nil, fmt.Errorf("connect %s: %w", uid, err)
	}
	go c.sock.ReadLoop() // ends with the connection and then closes c.ended
	if err := c.send(&wire.ClientFrame{ID: 1, Hello: &wire.Hello{Token: token, Client: "haggle-bench"}}); err != nil {
		return nil, errors.Join(err, c.close())
	}
	select {
	case err = <-welcome:
	case <-time.After(helloTimeout):
		err = errors.New("no welcome in time")
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("hello of %s: %w", uid, err), c.close())
	}
	return c, nil
}

func (c *client) send(f *wire.ClientFrame) error {
	data, err := wire.Encode(f)
	if err != nil {
		return err
	}
	return c.sock.WriteMessage(gws.OpcodeText, data)
}

// close ends the connection and waits for its reader.
func (c *client) close() error {
	c.leaving.Store(true)
	err := c.sock.NetConn().Close()
	<-c.ended
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// OnMessage implements gws.Event.
func (c *client) OnMessage(_ *gws.Conn, msg *gws.Message) {
	defer func() { _ = msg.Close() }() // gives the buffer back to a pool; cannot fail
	var f frame
	if err := json.Unmarshal(msg.Bytes(), &f); err != nil {
		c.answerHello(fmt.Errorf("frame: %w", err))
		return
	}
	switch {
	case f.Heartbeat != nil:
		_ = c.send(&wire.ClientFrame{Heartbeat: &wire.Heartbeat{}}) // a dead socket shows in OnClose
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

// OnClose implements gws.Event.
func (c *client) OnClose(_ *gws.Conn, err error) {
	c.answerHello(fmt.Errorf("closed: %w", err))
	if !c.leaving.Load() && c.onFrame != nil {
		c.onFrame(&frame{Bye: &wire.Bye{Code: "closed", Message: err.Error()}})
	}
	close(c.ended)
}
