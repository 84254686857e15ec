package bench

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"haggle/internal/wire"
)

// writeTimeout bounds a write: a server that does not read for so long is gone.
const writeTimeout = 10 * time.Second

// SocketOptions says where a Socket leads and who is told of what comes.
type SocketOptions struct {
	URL     string        // base URL of the server, http or https
	Timeout time.Duration // of connecting and of the upgrade, each

	// Through is the address that is dialled, while everything else goes by URL; ""
	// for URL's own. From is the address that the connection leaves from; nil for any.
	Through string
	From    net.IP

	// OnFrame is called with every message, one after the other; data is the caller's
	// again once it returns. OnClose is called once, after the last of them, with what
	// ended the connection; a Close of one's own counts. Neither may call Close.
	OnFrame func(s *Socket, data []byte)
	OnClose func(s *Socket, err error)
}

// Socket is one WebSocket connection to a server. Its methods may be called
// concurrently.
type Socket struct {
	gws.BuiltinEventHandler

	opts    SocketOptions
	conn    *gws.Conn
	ended   chan struct{}
	leaving atomic.Bool
}

// dialThrough is the Dialer of a Socket.
type dialThrough struct {
	net.Dialer

	addr string
}

// Dial implements gws.Dialer.
func (d *dialThrough) Dial(network, addr string) (net.Conn, error) {
	if d.addr != "" {
		addr = d.addr
	}
	return d.Dialer.Dial(network, addr)
}

// OpenSocket connects and upgrades, and reads until the connection ends. Whoever
// opens it calls Close.
func OpenSocket(opts SocketOptions) (*Socket, error) {
	s := &Socket{opts: opts, ended: make(chan struct{})}
	dialer := &dialThrough{Dialer: net.Dialer{Timeout: opts.Timeout}, addr: opts.Through}
	if opts.From != nil {
		dialer.LocalAddr = &net.TCPAddr{IP: opts.From}
	}
	var err error
	s.conn, _, err = gws.NewClient(s, &gws.ClientOption{ //nolint:bodyclose // an upgrade has no body to close
		Addr:             "ws" + strings.TrimPrefix(strings.TrimSuffix(opts.URL, "/"), "http") + "/v1/ws",
		HandshakeTimeout: opts.Timeout, ReadBufferSize: 2048,
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {wire.Subprotocol}},
		NewDialer:     func() (gws.Dialer, error) { return dialer, nil },
	})
	if err != nil {
		return nil, err
	}
	go s.conn.ReadLoop() // ends with the connection and then closes s.ended
	return s, nil
}

// Send writes f. That it went out says nothing about its arrival.
func (s *Socket) Send(f *wire.ClientFrame) error {
	data, err := wire.Encode(f)
	if err != nil {
		return err
	}
	if err := s.conn.NetConn().SetWriteDeadline(time.Now().Add(writeTimeout)); err != nil {
		return fmt.Errorf("write deadline: %w", err)
	}
	return s.conn.WriteMessage(gws.OpcodeText, data)
}

// Ended is closed once the connection is over and OnClose has returned.
func (s *Socket) Ended() <-chan struct{} { return s.ended }

// Leaving reports whether Close was called.
func (s *Socket) Leaving() bool { return s.leaving.Load() }

// Close ends the connection without a word and waits for its reader.
func (s *Socket) Close() error {
	s.leaving.Store(true)
	err := s.conn.NetConn().Close()
	<-s.ended
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

// OnMessage implements gws.Event.
func (s *Socket) OnMessage(_ *gws.Conn, msg *gws.Message) {
	defer func() { _ = msg.Close() }() // gives the buffer back to a pool; cannot fail
	s.opts.OnFrame(s, msg.Bytes())
}

// OnClose implements gws.Event.
func (s *Socket) OnClose(_ *gws.Conn, err error) {
	s.opts.OnClose(s, err)
	close(s.ended)
}

// Hello says hello for whoever the token is about, and waits for answer, which
// OnFrame or OnClose are to fill.
func (s *Socket) Hello(ctx context.Context, h *wire.Hello, answer <-chan error, within time.Duration) error {
	if err := s.Send(&wire.ClientFrame{ID: 1, Hello: h}); err != nil {
		return err
	}
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case err := <-answer:
		return err
	case <-timer.C:
		return errors.New("no welcome in time")
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
