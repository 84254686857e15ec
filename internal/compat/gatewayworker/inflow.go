package gatewayworker

import (
	"context"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// inflow is what comes over a connection. Who has come later can wait for what has come
// by then to be carried out.
type inflow struct {
	conn net.Conn
	raw  syscall.RawConn
	look func() int // how much has come that is not read; nil where nobody can see that
	fd   int        // the connection's, to ask the kernel of many at once; it may be closed

	mu    sync.Mutex
	idle  bool    // its reader waits for more to come; guarded by mu
	slow  bool    // it has had to within a packet; guarded by mu
	read  uint64  // bytes that its reader has; guarded by mu
	done  uint64  // of these, those of packets that are carried out; guarded by mu
	vain  uint64  // up to here somebody has waited in vain; guarded by mu
	ended bool    // guarded by mu
	waits []*mark // guarded by mu
}

// mark is a place in what comes over a connection, up to which all is to be carried out.
type mark struct {
	flow *inflow
	upTo uint64
	from time.Time     // when it was set
	come chan struct{} // closed once nobody need wait any more

	seen uint64 // how much was read when it was last looked; the waiter's
}

func newInflow(conn net.Conn) *inflow {
	f := &inflow{conn: conn, fd: -1}
	c, ok := conn.(syscall.Conn)
	if !ok || !canLook {
		return f
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return f
	}
	if err := raw.Control(func(fd uintptr) { f.fd = int(fd) }); err == nil {
		f.raw, f.look = raw, f.unread
	}
	return f
}

// Read implements io.Reader for the connection's reader.
func (f *inflow) Read(b []byte) (int, error) {
	if f.raw == nil {
		return f.conn.Read(b)
	}
	return f.receive(b)
}

// waiting notes that nothing has come which is not read; the caller holds mu.
func (f *inflow) waiting() {
	f.idle = true
	f.slow = f.slow || f.done < f.read
}

// received notes that n bytes more are read; the caller holds mu.
func (f *inflow) received(n int) {
	f.idle = false
	f.read += uint64(max(n, 0))
}

// carried notes that all is carried out that is read, but for the last left bytes.
func (f *inflow) carried(left int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.done = f.read - min(f.read, uint64(max(left, 0)))
	f.slow = false
	f.waits = slices.DeleteFunc(f.waits, func(m *mark) bool {
		if m.upTo > f.done {
			return false
		}
		close(m.come)
		return true
	})
}

// quiet reports whether nothing has come that its reader has yet to look at.
func (f *inflow) quiet() bool {
	if f.look == nil {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended || f.idle && f.look() == 0
}

// trickles reports whether a packet has begun that did not come at once, and has not
// ended.
func (f *inflow) trickles() bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.slow
}

// end has nobody wait any more.
func (f *inflow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.release()
}

// release lets those go on who wait; the caller holds mu.
func (f *inflow) release() {
	for _, m := range f.waits {
		close(m.come)
	}
	f.waits = nil
}

// past reports whether all is carried out up to there, or nothing more will be; the caller
// holds mu.
func (f *inflow) past(upTo uint64) bool { return f.ended || upTo <= f.done }

// mark is up to what has come by now; nil if that is carried out, or if somebody has
// waited in vain for what is not. unread says that the kernel may have something that is
// not read.
func (f *inflow) mark(unread bool) *mark {
	if f.look == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	upTo := f.read
	if unread {
		upTo += uint64(max(f.look(), 0))
	}
	if f.past(upTo) || f.done < f.vain {
		return nil
	}
	m := &mark{flow: f, upTo: upTo, from: time.Now(), come: make(chan struct{}), seen: f.read}
	f.waits = append(f.waits, m)
	return m
}

// await waits until what m marks is carried out, or its connection has ended, and reports
// whether that is so. It gives up when ctx ends, and before that where nothing has come for
// sayWithin of what is missing, as of half a packet, or somebody else has given up on that.
func (m *mark) await(ctx context.Context) bool {
	timer := time.NewTimer(time.Until(m.from.Add(sayWithin)))
	defer timer.Stop()
	for {
		select {
		case <-m.come:
			return m.reached()
		case <-ctx.Done():
			return m.giveUp()
		case <-timer.C:
			if m.stands() {
				return m.giveUp()
			}
			timer.Reset(sayWithin)
		}
	}
}

// stands reports whether nothing has been read since the last time, and nothing has come
// that could be.
func (m *mark) stands() bool {
	quiet := m.flow.quiet()
	m.flow.mu.Lock()
	defer m.flow.mu.Unlock()
	still := m.seen == m.flow.read
	m.seen = m.flow.read
	return quiet && still
}

// reached reports whether there is nothing to wait for any more.
func (m *mark) reached() bool {
	m.flow.mu.Lock()
	defer m.flow.mu.Unlock()
	return m.flow.past(m.upTo)
}

// giveUp has nobody wait again for what m marks, unless there is nothing to wait for by
// now, which it reports.
func (m *mark) giveUp() bool {
	f := m.flow
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.past(m.upTo) {
		return true
	}
	f.vain = max(f.vain, m.upTo)
	f.release()
	return false
}

// peers are the connections of those who may be here, by address. Of an address there are
// as many as its PHP keeps open.
type peers struct {
	mu   sync.Mutex
	from map[string][]*peer // guarded by mu
}

func (s *peers) add(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.from == nil {
		s.from = make(map[string][]*peer)
	}
	s.from[p.ip] = append(s.from[p.ip], p)
}

func (s *peers) remove(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	rest := slices.DeleteFunc(s.from[p.ip], func(other *peer) bool { return other == p })
	if len(rest) == 0 {
		delete(s.from, p.ip)
		return
	}
	s.from[p.ip] = rest
}

// before returns what comes over the connections from p's address that came before p.
func (s *peers) before(p *peer) (list []*inflow) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.from[p.ip] {
		if other.order < p.order {
			list = append(list, other.flow)
		}
	}
	return list
}

// marks returns a mark in each of the flows, of those that somebody has to wait for. Of an
// address there may be thousands of connections that PHP keeps and says nothing over, so
// the kernel is asked of all at once, and again only of those that it has something of.
// What it has nothing of is read: the readers count under the flow's mu. None is left out,
// as nobody can tell whether its PHP has just said something over it.
func marks(flows []*inflow) (list []*mark) {
	unread := anyUnread(flows)
	for i, f := range flows {
		if m := f.mark(unread[i]); m != nil {
			list = append(list, m)
		}
	}
	return list
}
