//go:build unix

package gateway

import (
	"errors"
	"syscall"
)

// park waits for the connection and has workers read what comes, until it ends.
//
// One call of raw.Read lasts as long as the connection. The runtime calls ready
// at once, and again each time the kernel says that there is something to read;
// in between the goroutine is parked with nothing on its stack but this. Whatever
// arrives while ready runs is noted by the runtime and makes it call again, so
// nothing is missed. The descriptor stays ours until raw.Read returns, even if
// the connection is closed, so a worker may read from it while ready waits.
func (c *netSocket) park(raw syscall.RawConn) {
	_ = raw.Read(c.ready) // it ends with the connection, for whatever reason
}

// ready has a worker read, and reports whether the connection has ended. It does
// no more than that: what it calls decides how much stack each idle connection
// costs.
func (c *netSocket) ready(fd uintptr) (ended bool) {
	c.fd = fd
	c.turn.Add(1)
	c.session.gw.workers.do(c.drainer)
	c.turn.Wait()
	return c.ended
}

// drain reads and carries out what has come, until there is no more.
func (c *netSocket) drain(buf []byte) {
	defer c.turn.Done()
	for {
		n, err := syscall.Read(int(c.fd), buf)
		switch {
		case n > 0:
			c.take(buf[:n])
		case errors.Is(err, syscall.EAGAIN):
			return
		case !errors.Is(err, syscall.EINTR):
			c.ended = true // by the client, or broken
			return
		}
	}
}
