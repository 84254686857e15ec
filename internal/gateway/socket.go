package gateway

import (
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"haggle/internal/wire"
)

const (
	// lingerFor is how long a socket that has been closed by us is still read, so
	// that its client sees our last words: closing with unread bytes around would
	// reset the connection and throw them away.
	lingerFor = 2 * time.Second

	// smallRead is what is kept for reading where a goroutine waits in Read.
	smallRead = 512
)

// socket is what a session needs of its connection. One goroutine at a time
// calls send; the others may be called at any time, and none but send waits.
type socket interface {
	// frame appends p as it goes over this connection; nothing if it has no place
	// there.
	frame(buf []byte, p packet) []byte

	// send writes whole packets.
	send(data []byte, within time.Duration) error

	// hurry makes a send that is under way fail unless it ends within d.
	hurry(d time.Duration)

	// finish ends the connection after all that was sent has arrived.
	finish()

	// abort ends the connection at once, or after the frame that is being carried
	// out.
	abort()
}

// How far the end of a connection has come.
const (
	lingering = iota + 1 // the read deadline is set for the last time
	aborted              // nothing is read or written any more
)

// netSocket is a connection and what reads it. Its reader alone closes it, as
// Close waits for a read that is under way, and that for the frames that came.
type netSocket struct {
	net.Conn

	session *session
	ending  atomic.Int32 // lingering or aborted; 0 while it lives

	// Of the reader and the worker that it waits for, who take turns.
	deaf    bool   // the client has said its last, or what makes no sense
	ended   bool   // there is nothing to read any more
	inbox   *inbox // nil while nothing is incomplete
	turn    sync.WaitGroup
	fd      uintptr
	drainer work // drain, made once
}

var _ socket = (*netSocket)(nil)

func (c *netSocket) frame(buf []byte, p packet) []byte { return p.appendTo(buf) }

func (c *netSocket) send(data []byte, within time.Duration) error {
	if err := c.SetWriteDeadline(time.Now().Add(within)); err != nil {
		return err
	}
	if c.ending.Load() == aborted { // and the deadline that says so may just have been moved
		return net.ErrClosed
	}
	_, err := c.Write(data)
	return err
}

func (c *netSocket) hurry(d time.Duration) {
	_ = c.SetWriteDeadline(time.Now().Add(d)) // a connection that is gone needs no hurry
}

func (c *netSocket) finish() {
	c.limitReading(lingerFor)
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok && half.CloseWrite() == nil {
		return // the reader closes the rest when the client has, or lingerFor is over
	}
	c.abort()
}

func (c *netSocket) abort() {
	c.ending.Store(aborted)
	_ = c.SetDeadline(time.Now()) // fails only if the connection has ended already
}

func (c *netSocket) limitReading(d time.Duration) {
	if c.ending.CompareAndSwap(0, lingering) {
		_ = c.SetReadDeadline(time.Now().Add(d)) // fails only if there is nothing to read any more
	}
}

// read reads until the connection ends, and closes it.
func (c *netSocket) read() {
	defer c.session.gone()
	if raw, ok := rawConn(c.Conn); ok {
		c.park(raw)
	} else {
		c.readOn()
	}
	_ = bare(c.Conn).Close() // there is nothing more to lose
}

// bare returns what is below TLS, which would wait for a client that does not
// read to take one more alert before it closes.
func bare(conn net.Conn) net.Conn {
	if over, ok := conn.(interface{ NetConn() net.Conn }); ok {
		return over.NetConn()
	}
	return conn
}

// rawConn returns the descriptor of a connection whose bytes are the client's
// own. With TLS they are not.
func rawConn(conn net.Conn) (syscall.RawConn, bool) {
	sc, ok := conn.(syscall.Conn)
	if !ok {
		return nil, false
	}
	raw, err := sc.SyscallConn()
	return raw, err == nil
}

// readOn is the reader of a connection that cannot be parked.
func (c *netSocket) readOn() {
	small := make([]byte, smallRead)
	n := 0
	take := func([]byte) {
		defer c.turn.Done()
		c.take(small[:n])
	}
	for {
		var err error
		n, err = c.Read(small)
		if n > 0 {
			c.turn.Add(1)
			c.session.gw.workers.do(take)
			c.turn.Wait()
		}
		if err != nil {
			return
		}
	}
}

// take carries out what has come. It keeps nothing of data.
func (c *netSocket) take(data []byte) {
	if c.deaf {
		return
	}
	var in inbox
	if c.inbox != nil {
		in, c.inbox = *c.inbox, nil
	}
	err := in.take(data, c.session.gw.limits.FrameBytes, c.carryOut)
	if err == nil {
		if in.tail != nil || in.op != 0 {
			c.inbox = new(in)
		}
		return
	}
	c.deaf = true
	c.limitReading(lingerFor)
	switch {
	case errors.Is(err, violation(statusTooLarge)):
		c.session.close(tooLargeBye())
	case errors.Is(err, violation(statusProtocol)):
		c.session.close(wire.Bye{Code: byeProtocol, Message: "not a valid WebSocket frame"})
	default:
		c.session.leave()
	}
}

// errLeft says that the client has closed.
var errLeft = errors.New("closed by the client")

// carryOut carries out a message or a control frame. Whether a text is valid
// UTF-8 is looked at where it is decoded, which costs nobody the connection.
func (c *netSocket) carryOut(op byte, payload []byte) error {
	switch op {
	case opText, opBinary:
		c.session.receive(op == opText, payload)
	case opPing:
		c.session.pong(payload)
	case opClose:
		if err := checkClose(payload); err != nil {
			return err
		}
		return errLeft
	}
	return nil // a pong nobody asked for
}
