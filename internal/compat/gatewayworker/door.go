package gatewayworker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"slices"
	"sync"
	"time"
)

const (
	maxInner    = 4096 // connections to the inner protocol
	maxRegister = 1024 // and to the Register

	// strangersShare is which part of these is for who has yet to say the secret.
	strangersShare = 2

	// acceptAgain is how long a listener waits that cannot take a connection: most often
	// the process has too many files open.
	acceptAgain = 100 * time.Millisecond
)

// door is a listener and what is done with its connections.
type door struct {
	name     string
	listener net.Listener
	most     int  // connections at once; one more is closed
	secret   bool // they have to say one; who has yet to is a stranger
	ordered  bool // the first commands of an address's are carried out in the order in which they came
	handle   func(ctx context.Context, v *visit)

	running   sync.WaitGroup
	line      line
	came      uint64 // how many have; accept's
	mu        sync.Mutex
	open      map[net.Conn]struct{} // guarded by mu; nil once all are to be closed
	strangers []net.Conn            // in the order in which they came; guarded by mu
}

// visit is a connection that has come in.
type visit struct {
	conn    net.Conn
	order   uint64          // in which it came
	flow    *inflow         // what comes over conn
	turn    *turn           // of its first command; nil waits for nobody
	running *sync.WaitGroup // what it starts
	known   func()          // it has said the secret
}

// serve takes connections until ctx ends, and returns when the last of them has ended.
func (g *Gate) serve(ctx context.Context, d *door) error {
	d.open = make(map[net.Conn]struct{})
	ctx, cancel := context.WithCancel(ctx)
	d.running.Go(func() {
		<-ctx.Done()
		_ = d.listener.Close() // one that is closed already is as well
		d.closeAll()
	})
	err := g.accept(ctx, d)
	cancel()
	d.running.Wait()
	return err
}

func (g *Gate) accept(ctx context.Context, d *door) error {
	for {
		conn, err := d.listener.Accept()
		switch {
		case err == nil:
			g.take(ctx, d, conn)
		case ctx.Err() != nil:
			return nil //nolint:nilerr // it was told to stop
		case errors.Is(err, net.ErrClosed):
			return fmt.Errorf("%s of PHP's: %w", d.name, err)
		default:
			g.complain.about("connections of PHP's cannot be taken", "door", d.name, "err", err)
			select {
			case <-time.After(acceptAgain):
			case <-ctx.Done():
			}
		}
	}
}

// take serves a connection, or closes it if there are too many.
func (g *Gate) take(ctx context.Context, d *door, conn net.Conn) {
	gone, ok := d.enter(conn)
	if gone != nil {
		_ = gone.Close() // its reader sees to the rest
		g.stats.refused.WithLabelValues("crowd").Inc()
		g.complain.about("too many have yet to say the secret: the one that came first is closed", "door", d.name, "most", d.most/strangersShare)
	}
	if !ok {
		_ = conn.Close() // nobody is told
		g.stats.refused.WithLabelValues("full").Inc()
		g.complain.about("too many connections of PHP's: one more is closed", "door", d.name, "most", d.most)
		return
	}
	gauge := g.stats.connections.WithLabelValues(d.name)
	gauge.Inc()
	d.came++
	v := &visit{conn: conn, order: d.came, flow: newInflow(conn), running: &d.running, known: func() { d.know(conn) }}
	if d.ordered {
		v.turn = d.line.join(ipOf(conn), v.flow)
	}
	d.running.Go(func() {
		defer gauge.Dec()
		defer d.leave(conn)
		defer v.turn.end()
		defer func() {
			if v := recover(); v != nil {
				g.opts.Log.ErrorContext(ctx, "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
		}()
		d.handle(ctx, v)
	})
}

// enter lets a connection in if there is room. Of too many strangers the one that came
// first is gone: PHP says the secret as soon as it is there, so that who means no good
// keeps out its like.
func (d *door) enter(conn net.Conn) (gone net.Conn, ok bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.secret && len(d.strangers) > 0 && len(d.strangers) >= d.most/strangersShare {
		gone = d.strangers[0]
		d.forget(gone)
		delete(d.open, gone)
	}
	if d.open == nil || len(d.open) >= d.most {
		return gone, false
	}
	d.open[conn] = struct{}{}
	if d.secret {
		d.strangers = append(d.strangers, conn)
	}
	return gone, true
}

// know takes a connection for no stranger any more.
func (d *door) know(conn net.Conn) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.forget(conn)
}

// forget is know for who holds mu.
func (d *door) forget(conn net.Conn) {
	if i := slices.Index(d.strangers, conn); i >= 0 {
		d.strangers = slices.Delete(d.strangers, i, i+1)
	}
}

func (d *door) leave(conn net.Conn) {
	_ = conn.Close() // most are closed by now
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, conn)
	d.forget(conn)
}

func (d *door) closeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.open {
		_ = conn.Close() // its reader sees to the rest
	}
	d.open = nil
}
