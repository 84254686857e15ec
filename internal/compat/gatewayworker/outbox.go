package gatewayworker

import (
	"net"
	"sync"
	"time"
)

const (
	// maxOut bounds what waits for one of PHP's connections. One that has less waiting
	// takes a packet of any size.
	maxOut = 10_240_000

	writeWithin = 10 * time.Second // what is written at once
)

// outbox is what waits to be written to a connection. It has a goroutine while there is
// something.
type outbox struct {
	conn    net.Conn
	running *sync.WaitGroup

	mu      sync.Mutex
	room    sync.Cond // of mu: there is some, or never will be
	queue   net.Buffers
	size    int  // of queue and what is being written; guarded by mu
	writing bool // guarded by mu
	ending  bool // it is closed once all is written; guarded by mu
	closed  bool // guarded by mu
}

func newOutbox(conn net.Conn, running *sync.WaitGroup) *outbox {
	o := &outbox{conn: conn, running: running}
	o.room.L = &o.mu
	return o
}

// offered is what becomes of something that is to be written.
type offered int

const (
	taken offered = iota // it waits to be written
	full                 // too much does already
	over                 // nothing is written any more
)

// offer has b written if it can be. What is taken and not written when the connection ends
// is lost.
func (o *outbox) offer(b []byte) offered {
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case o.closed || o.ending:
		return over
	case o.size >= maxOut:
		return full
	}
	o.add(b)
	return taken
}

// send has b written, as soon as there is room for it. That a connection is closed is
// nothing to its caller.
func (o *outbox) send(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.size >= maxOut && !o.closed {
		o.room.Wait()
	}
	o.add(b)
}

// add queues b; the caller holds mu.
func (o *outbox) add(b []byte) {
	if o.closed || o.ending {
		return
	}
	o.queue = append(o.queue, b)
	o.size += len(b)
	if !o.writing {
		o.writing = true
		o.running.Go(o.write)
	}
}

// write writes until there is nothing.
func (o *outbox) write() {
	for {
		batch, size := o.take()
		if size == 0 {
			return
		}
		_ = o.conn.SetWriteDeadline(time.Now().Add(writeWithin)) // a closed connection fails at once
		if _, err := batch.WriteTo(o.conn); err != nil {
			o.close()
		}
		o.mu.Lock()
		o.size -= size
		o.room.Broadcast()
		o.mu.Unlock()
	}
}

// take returns what is to be written, nothing at the end of the writer's turn.
func (o *outbox) take() (batch net.Buffers, size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	batch, o.queue = o.queue, nil
	for _, b := range batch {
		size += len(b)
	}
	if size == 0 {
		o.writing = false
		o.room.Broadcast()
	}
	return batch, size
}

// end closes the connection once what waits is written, and returns then.
func (o *outbox) end() {
	o.mu.Lock()
	for o.ending = true; o.writing && !o.closed; {
		o.room.Wait()
	}
	o.mu.Unlock()
	o.close()
}

// close closes the connection at once.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed, o.queue = true, nil
	o.room.Broadcast()
	o.mu.Unlock()
	_ = o.conn.Close() // that it is closed already is what was wanted
}
