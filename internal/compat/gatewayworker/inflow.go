package gatewayworker

import (
	"context"
	"net"
	"slices"
	"sync"
	"syscall"
	"time"
)

// inflow is what comes over a connection. Who has come later can wait for all of it to be
// carried out.
type inflow struct {
	conn net.Conn
	raw  syscall.RawConn // nil where nobody can see what has come

	between bool // no packet has begun; its reader's

	mu    sync.Mutex
	idle  bool            // its reader waits for more to come; guarded by mu
	empty bool            // all that has been read is carried out; guarded by mu
	ended bool            // guarded by mu
	stuck bool            // somebody has waited in vain, guarded by mu
	waits []chan struct{} // closed once it is empty and nothing has come; guarded by mu
}

func newInflow(conn net.Conn) *inflow {
	f := &inflow{conn: conn}
	if c, ok := conn.(syscall.Conn); ok {
		if raw, err := c.SyscallConn(); err == nil && canLook {
			f.raw = raw
		}
	}
	return f
}

// Read implements io.Reader for the connection's reader.
func (f *inflow) Read(b []byte) (int, error) {
	if f.raw == nil {
		return f.conn.Read(b)
	}
	return f.read(b)
}

// settled notes that nothing has come which is not read; the caller holds mu.
func (f *inflow) settled() {
	if f.between {
		f.empty, f.stuck = true, false
		f.release()
	}
}

// quiet reports whether nothing has come that its reader has yet to look at.
func (f *inflow) quiet() bool {
	if f.raw == nil {
		return true
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.ended || f.idle && !f.pending()
}

// release lets those go on who wait; the caller holds mu.
func (f *inflow) release() {
	for _, c := range f.waits {
		close(c)
	}
	f.waits = nil
}

// end has nobody wait any more.
func (f *inflow) end() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.ended = true
	f.release()
}

// caughtUp is closed once all that has come by now is carried out; nil if it is, or if
// somebody has waited for that in vain since there was last nothing to do.
func (f *inflow) caughtUp() <-chan struct{} {
	if f.raw == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.ended || f.stuck || f.empty && !f.pending() {
		return nil
	}
	c := make(chan struct{})
	f.waits = append(f.waits, c)
	return c
}

// await waits for c, which caughtUp has returned, and reports whether it was closed. It is
// waited for no longer than sayWithin once nothing comes and still something is not carried
// out, as half a packet is not, nor beyond last where more and more comes.
func (f *inflow) await(ctx context.Context, c <-chan struct{}, last time.Time) bool {
	timer := time.NewTimer(sayWithin)
	defer timer.Stop()
	for {
		select {
		case <-c:
			return true
		case <-ctx.Done():
			return false
		case now := <-timer.C:
			if f.quiet() || now.After(last) {
				f.giveUp()
				return false
			}
			timer.Reset(sayWithin)
		}
	}
}

// giveUp has nobody wait again until there is nothing to do.
func (f *inflow) giveUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stuck, f.waits = true, nil
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

// before returns those from p's address that came before p.
func (s *peers) before(p *peer) (list []*peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.from[p.ip] {
		if other.order < p.order {
			list = append(list, other)
		}
	}
	return list
}
