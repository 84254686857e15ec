package gatewayworker

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
)

// workers are the BusinessWorkers, which are told what happens to sockets.
type workers struct {
	shown prometheus.Gauge // how many there are

	mu    sync.Mutex
	byKey map[string]*peer // guarded by mu
}

func newWorkers(shown prometheus.Gauge) *workers {
	return &workers{shown: shown, byKey: make(map[string]*peer)}
}

// add makes p the worker of its name, and returns the one that was before.
func (w *workers) add(p *peer, key string) (before *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if before = w.byKey[key]; before == p {
		before = nil
	}
	if p.key != key && w.byKey[p.key] == p {
		delete(w.byKey, p.key)
	}
	p.key, w.byKey[key] = key, p
	w.shown.Set(float64(len(w.byKey)))
	return before
}

// remove forgets a worker that can be told nothing more.
func (w *workers) remove(p *peer) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if p.key != "" && w.byKey[p.key] == p {
		delete(w.byKey, p.key)
		w.shown.Set(float64(len(w.byKey)))
	}
}

func (w *workers) all() []*peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	return slices.Collect(maps.Values(w.byKey))
}

func (w *workers) count() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.byKey)
}

// of returns the worker of a socket: the one that it has, else the one with the fewest;
// nil if there is none.
func (w *workers) of(c *Conn) *peer {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.worker != nil && w.byKey[c.worker.key] == c.worker {
		return c.worker
	}
	c.worker = nil
	for _, p := range w.byKey {
		if c.worker == nil || cmp.Or(cmp.Compare(p.sockets, c.worker.sockets), cmp.Compare(p.key, c.worker.key)) < 0 {
			c.worker = p
		}
	}
	if c.worker != nil {
		c.worker.sockets++
	}
	return c.worker
}

// release takes an ended socket from its worker.
func (w *workers) release(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if c.worker != nil {
		c.worker.sockets--
		c.worker = nil
	}
}

// event tells a socket's worker what has happened, and reports whether there is one. A
// worker that can be told nothing more is none: another is told. What waits for one when its
// connection ends is lost.
func (g *Gate) event(c *Conn, command, flag byte, body []byte) bool {
	w := g.workers.of(c)
	if w == nil {
		return false
	}
	b := (&packet{
		command: command, flag: flag, localIP: g.ip, localPort: g.port,
		clientIP: c.ip, clientPort: c.port, connection: c.number, gatewayPort: g.opts.PagesPort,
		ext: g.table.sessionOf(c), body: body,
	}).append(nil)
	for ; w != nil; w = g.workers.of(c) {
		switch w.out.offer(b) {
		case taken:
			g.stats.events.WithLabelValues(queued).Inc()
			return true
		case full:
			g.stats.events.WithLabelValues(dropped).Inc()
			g.complain.about("a BusinessWorker does not read what it is told: what is more is dropped", "worker", w.ip)
			return true
		case over: // its reader may take a while to notice
			g.workers.remove(w)
		}
	}
	return false
}

// hire makes the connection a worker's. Workers of one name on one machine follow each
// other.
func (g *Gate) hire(ctx context.Context, p *peer, name string) {
	if before := g.workers.add(p, p.ip+":"+name); before != nil {
		before.out.close()
	}
	g.opts.Log.InfoContext(ctx, "a BusinessWorker is connected", "worker", p.ip+":"+name)
}
