package torture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	proxyDial = 5 * time.Second

	// maxTunnels bounds the connections of a proxy: one too many is cut at once.
	maxTunnels = 4096

	chunkBytes = 16 << 10
)

// Proxy stands before a node and does to its connections what networks do. A
// connection that is not touched goes through as it is, in order and unchanged.
type Proxy struct {
	target   string
	listener net.Listener
	delay    atomic.Int64 // nanoseconds that each chunk waits

	mu      sync.Mutex
	tunnels []*tunnel // guarded by mu; oldest first
}

// tunnel is a connection through a proxy.
type tunnel struct {
	client, server net.Conn

	mu     sync.Mutex
	thawed chan struct{} // guarded by mu; nil while it flows, closed when it does again
	dead   bool          // guarded by mu; frozen for good
	ended  chan struct{}
	once   sync.Once
}

// NewProxy listens on a free port of an address of this machine, for connections to
// target.
func NewProxy(ctx context.Context, host, target string) (*Proxy, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	return &Proxy{target: target, listener: l}, nil
}

// Addr is where the proxy listens.
func (p *Proxy) Addr() string { return p.listener.Addr().String() }

// Run forwards connections until ctx ends, and then cuts them all. Call it once.
func (p *Proxy) Run(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = p.listener.Close() }) // Accept says what is to be said
	defer stop()
	var g errgroup.Group
	for {
		c, err := p.listener.Accept()
		if ctx.Err() != nil {
			p.Cut(all)
			if err == nil {
				_ = c.Close() // nobody is there for it any more
			}
			return g.Wait()
		}
		if err != nil {
			return errors.Join(fmt.Errorf("proxy: %w", err), g.Wait())
		}
		g.Go(func() error {
			p.carry(ctx, c)
			return nil
		})
	}
}

// carry forwards one connection until it ends.
func (p *Proxy) carry(ctx context.Context, client net.Conn) {
	server, err := (&net.Dialer{Timeout: proxyDial}).DialContext(ctx, "tcp", p.target)
	if err != nil { // the node is not there: its clients are refused, too
		reset(client)
		return
	}
	t := &tunnel{client: client, server: server, ended: make(chan struct{})}
	if !p.add(t) {
		t.cut()
		return
	}
	defer p.remove(t)
	stop := context.AfterFunc(ctx, t.cut)
	defer stop()
	var g errgroup.Group
	g.Go(func() error { return t.pump(client, server, &p.delay) })
	g.Go(func() error { return t.pump(server, client, &p.delay) })
	_ = g.Wait() // an end is an end
}

// pump forwards one direction. An end of it is the end of the connection, but for a
// frozen one, which shows nothing.
func (t *tunnel) pump(from, to net.Conn, delay *atomic.Int64) error {
	defer t.cut()
	buf := make([]byte, chunkBytes)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		n, err := from.Read(buf)
		if n > 0 {
			if d := delay.Load(); d > 0 {
				timer.Reset(time.Duration(d))
				select {
				case <-timer.C:
				case <-t.ended:
					return nil
				}
			}
		}
		if !t.wait() {
			return nil
		}
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return err
			}
		}
		if err != nil {
			return err
		}
	}
}

// wait returns once the tunnel flows, false if it has ended before.
func (t *tunnel) wait() bool {
	for {
		t.mu.Lock()
		thawed := t.thawed
		t.mu.Unlock()
		if thawed == nil {
			return true
		}
		select {
		case <-thawed:
		case <-t.ended:
			return false
		}
	}
}

func (t *tunnel) freeze(forGood bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.dead = t.dead || forGood
	if t.thawed == nil {
		t.thawed = make(chan struct{})
	}
}

// thaw has a tunnel flow again, and reports whether it can.
func (t *tunnel) thaw() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.thawed != nil && !t.dead {
		close(t.thawed)
		t.thawed = nil
	}
	return !t.dead
}

// cut ends both connections with a reset.
func (t *tunnel) cut() {
	t.once.Do(func() {
		close(t.ended)
		reset(t.client)
		reset(t.server)
	})
}

// reset closes c so that its other end is told of an error and what is under way is lost.
func reset(c net.Conn) {
	if tcp, ok := c.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0) // a plain end will do, too
	}
	_ = c.Close() // it ends whatever is said
}

func (p *Proxy) add(t *tunnel) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.tunnels) >= maxTunnels {
		return false
	}
	p.tunnels = append(p.tunnels, t)
	return true
}

func (p *Proxy) remove(t *tunnel) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.tunnels, t); i >= 0 {
		p.tunnels = slices.Delete(p.tunnels, i, i+1)
	}
}

// all picks every connection.
func all() bool { return true }

// picked returns the connections that pick says yes to; it is asked once for each,
// oldest first.
func (p *Proxy) picked(pick func() bool) []*tunnel {
	p.mu.Lock()
	defer p.mu.Unlock()
	var some []*tunnel
	for _, t := range p.tunnels {
		if pick() {
			some = append(some, t)
		}
	}
	return some
}

// Cut ends the picked connections with a reset, and returns how many. What was under
// way is lost.
func (p *Proxy) Cut(pick func() bool) int {
	some := p.picked(pick)
	for _, t := range some {
		t.cut()
	}
	return len(some)
}

// Freeze stops the picked connections: they stay open and carry nothing, until Thaw,
// after which all that was held back arrives, or forGood.
func (p *Proxy) Freeze(forGood bool, pick func() bool) int {
	some := p.picked(pick)
	for _, t := range some {
		t.freeze(forGood)
	}
	return len(some)
}

// Thaw has frozen connections flow again, but for those that were frozen for good.
func (p *Proxy) Thaw() {
	for _, t := range p.picked(all) {
		t.thaw()
	}
}

// Delay makes every chunk of bytes wait for d, in both directions.
func (p *Proxy) Delay(d time.Duration) { p.delay.Store(int64(d)) }

// Heal takes all faults away. What was frozen for good ends.
func (p *Proxy) Heal() {
	p.Delay(0)
	for _, t := range p.picked(all) {
		if !t.thaw() {
			t.cut()
		}
	}
}
