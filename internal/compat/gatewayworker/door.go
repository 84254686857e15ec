package gatewayworker

import (
	"context"
	"errors"
	"fmt"
	"net"
	"runtime/debug"
	"sync"
	"time"
)

const (
	maxInner    = 4096 // connections to the inner protocol
	maxRegister = 1024 // and to the Register

	// acceptAgain is how long a listener waits that cannot take a connection: most often
	// the process has too many files open.
	acceptAgain = 100 * time.Millisecond
)

// door is a listener and what is done with its connections.
type door struct {
	name     string
	listener net.Listener
	most     int // connections at once; one more is closed
	handle   func(ctx context.Context, conn net.Conn, at *turn, running *sync.WaitGroup)

	running sync.WaitGroup
	line    line
	mu      sync.Mutex
	open    map[net.Conn]struct{} // guarded by mu; nil once all are to be closed
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
	if !d.enter(conn) {
		_ = conn.Close() // nobody is told
		g.stats.refused.WithLabelValues("full").Inc()
		g.complain.about("too many connections of PHP's: one more is closed", "door", d.name, "most", d.most)
		return
	}
	gauge := g.stats.connections.WithLabelValues(d.name)
	gauge.Inc()
	at := d.line.join()
	d.running.Go(func() {
		defer gauge.Dec()
		defer d.leave(conn)
		defer at.end()
		defer func() {
			if v := recover(); v != nil {
				g.opts.Log.ErrorContext(ctx, "panic", "value", fmt.Sprint(v), "stack", string(debug.Stack()))
			}
		}()
		d.handle(ctx, conn, at, &d.running)
	})
}

func (d *door) enter(conn net.Conn) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.open == nil || len(d.open) >= d.most {
		return false
	}
	d.open[conn] = struct{}{}
	return true
}

func (d *door) leave(conn net.Conn) {
	_ = conn.Close() // most are closed by now
	d.mu.Lock()
	defer d.mu.Unlock()
	delete(d.open, conn)
}

func (d *door) closeAll() {
	d.mu.Lock()
	defer d.mu.Unlock()
	for conn := range d.open {
		_ = conn.Close() // its reader sees to the rest
	}
	d.open = nil
}
