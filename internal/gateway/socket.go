package gateway

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/lxzan/gws"

	"haggle/internal/wire"
)

// lingerFor is how long a socket that has been closed by us is still read, so
// that its client sees our last words: closing with unread bytes around would
// reset the connection and throw them away.
const lingerFor = 2 * time.Second

// socket is what a session needs of its connection. One goroutine at a time
// calls send; the others may be called at any time.
type socket interface {
	// send writes whole packets.
	send(data []byte, within time.Duration) error

	// hurry makes a send that is under way fail unless it ends within d.
	hurry(d time.Duration)

	// finish ends the connection after all that was sent has arrived.
	finish()

	// abort ends the connection at once.
	abort()
}

// gwsSocket is a connection that gws reads. What gws itself writes after the
// handshake, which is close frames only, comes by Write and Close and is put in
// its place between our packets.
type gwsSocket struct {
	net.Conn

	session   *session    // nil during the handshake
	lingering atomic.Bool // the read deadline has been set
}

var _ socket = (*gwsSocket)(nil)

func (c *gwsSocket) send(data []byte, within time.Duration) error {
	if err := c.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	_, err := c.Conn.Write(data)
	return err
}

func (c *gwsSocket) hurry(d time.Duration) {
	_ = c.SetWriteDeadline(time.Now().Add(d)) // a connection that is gone needs no hurry
}

func (c *gwsSocket) finish() {
	c.limitReading()
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return // the reader closes the rest when the client has, or lingerFor is over
	}
	c.abort()
}

func (c *gwsSocket) abort() { _ = c.Conn.Close() } // nothing is left to be done about an error

func (c *gwsSocket) limitReading() {
	if c.lingering.CompareAndSwap(false, true) {
		_ = c.SetReadDeadline(time.Now().Add(lingerFor)) // fails only if there is nothing to read any more
	}
}

// Write takes what gws writes: the answer to the handshake and, once there is a
// session, a close frame.
func (c *gwsSocket) Write(p []byte) (int, error) {
	if c.session == nil {
		return c.Conn.Write(p)
	}
	var status uint16
	if len(p) >= 4 {
		status = binary.BigEndian.Uint16(p[2:])
	}
	switch status {
	case statusTooLarge:
		c.session.close(wire.Bye{Code: byeFrameTooLarge, Message: "a frame is larger than the server takes"})
	case statusProtocol:
		c.session.close(wire.Bye{Code: byeProtocol, Message: "not a valid WebSocket frame"})
	default:
		c.session.leave()
	}
	return len(p), nil
}

// Close is called by gws, on the reader, when it is done with the connection.
func (c *gwsSocket) Close() error {
	if c.session != nil {
		c.limitReading()
		_, _ = io.Copy(io.Discard, c.Conn) // it ends with the client or the deadline
	}
	return c.Conn.Close()
}

// events is what gws calls.
type events struct{ gws.BuiltinEventHandler }

// OnMessage implements gws.Event.
func (events) OnMessage(conn *gws.Conn, m *gws.Message) {
	if c, ok := conn.NetConn().(*gwsSocket); ok {
		c.session.receive(m.Opcode == gws.OpcodeText, m.Bytes())
	}
	_ = m.Close() // gives the buffer back; it cannot fail
}

// OnPing implements gws.Event.
func (events) OnPing(conn *gws.Conn, payload []byte) {
	if c, ok := conn.NetConn().(*gwsSocket); ok {
		c.session.pong(payload)
	}
}

// hijacker gives gws a connection of our making in place of the server's.
type hijacker struct {
	http.ResponseWriter

	conn *gwsSocket
}

// Hijack implements http.Hijacker. The controller finds the server's own through
// the writers that middleware has wrapped around it.
func (h *hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(h.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	h.conn.Conn = conn
	return h.conn, rw, nil
}
