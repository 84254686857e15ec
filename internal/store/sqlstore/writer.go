package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
)

const (
	queueLen = 4096 // requests that may wait; one more is refused
	batchLen = 512  // requests that share a commit at the most
	rivals   = 5    // times that a batch in which others were in the way is tried again
)

// writer is the only one who writes. Requests wait in a bounded queue; whatever
// is there when a commit ends is the next batch.
type writer struct {
	connect connect
	dialect Dialect
	queue   chan *request
	ended   chan struct{} // closed when run has returned
	stats   *stats
	waiting prometheus.GaugeFunc  // what is in the queue
	broken  atomic.Pointer[error] // why the last commit failed; nil: it did not

	mu     sync.RWMutex // guards closed, and the queue's being open
	closed bool

	conn writerConn // run's own; nil until the next batch after it broke
}

// request is an op on its way through the queue.
type request struct {
	op   op
	err  error
	done chan struct{} // closed when err and op's result are there
}

func newWriter(ctx context.Context, d Dialect, c connect) (*writer, error) {
	w := &writer{
		connect: c, dialect: d, queue: make(chan *request, queueLen), ended: make(chan struct{}), stats: newStats(),
	}
	w.waiting = prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "haggle_store_queue_length", Help: "Writes that wait for their commit.",
	}, func() float64 { return float64(len(w.queue)) })
	var err error
	if w.conn, err = c(ctx); err != nil {
		return nil, err
	}
	go w.run(context.WithoutCancel(ctx))
	return w, nil
}

// do waits until o is committed or refused. When ctx ends first, o goes its way
// all the same.
func (w *writer) do(ctx context.Context, o op) error {
	_, err := outcome(ctx, w, o, &struct{}{})
	return err
}

// outcome waits until o is committed or refused, and returns what is in result by then.
// When ctx ends first, o goes its way all the same, and the error is an UnsettledError.
func outcome[T any](ctx context.Context, w *writer, o op, result *T) (done T, err error) {
	if ctx.Err() != nil {
		return done, errCanceled(ctx)
	}
	r := &request{op: o, done: make(chan struct{})}
	if err := w.enqueue(r); err != nil {
		return done, err
	}
	select {
	case <-r.done:
	case <-ctx.Done():
		return done, &chat.UnsettledError[T]{
			Cause: chat.Codef(chat.Unavailable, "outcome_unknown", "it is not known whether this was stored: %w", ctx.Err()),
			Settled: func() (T, error) {
				<-r.done
				return outcomeOf(r, result)
			},
		}
	}
	return outcomeOf(r, result)
}

func outcomeOf[T any](r *request, result *T) (done T, err error) {
	if r.err != nil {
		return done, r.err
	}
	return *result, nil
}

func (w *writer) enqueue(r *request) error {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if w.closed {
		return chat.Codef(chat.Unavailable, "store_closed", "the store is closed")
	}
	select {
	case w.queue <- r:
		return nil
	default:
		err := chat.Codef(chat.Unavailable, "store_busy", "too much to store at once")
		w.stats.failed(err, 1)
		return err
	}
}

// close refuses what comes from now on, stores what is in the queue and returns
// when that is done.
func (w *writer) close() error {
	w.mu.Lock()
	if !w.closed {
		w.closed = true
		close(w.queue)
	}
	w.mu.Unlock()
	<-w.ended
	if w.conn == nil {
		return nil
	}
	err := w.conn.close()
	w.conn = nil
	return err
}

func (w *writer) run(ctx context.Context) {
	defer close(w.ended)
	batch := make([]*request, 0, batchLen)
	for r := range w.queue {
		batch = w.gather(append(batch[:0], r))
		for _, part := range w.parts(batch) {
			w.commit(ctx, part)
		}
		for _, r := range batch {
			close(r.done)
		}
		clear(batch)
	}
}

// parts returns what is to be in one transaction each. Where others write too, a batch
// locks its rows in an order, and so do small writes by themselves; both together would
// be none.
func (w *writer) parts(batch []*request) [][]*request {
	if !w.dialect.shared {
		return [][]*request{batch}
	}
	var ordered, small []*request
	for _, r := range batch {
		if _, ok := r.op.(*writeOp); ok {
			small = append(small, r)
		} else {
			ordered = append(ordered, r)
		}
	}
	slices.SortStableFunc(small, func(a, b *request) int { return cmp.Compare(lockedBy(a), lockedBy(b)) })
	var parts [][]*request
	for _, part := range [][]*request{ordered, small} {
		if len(part) > 0 {
			parts = append(parts, part)
		}
	}
	return parts
}

func lockedBy(r *request) string {
	if o, ok := r.op.(*writeOp); ok {
		return o.what
	}
	return ""
}

// gather adds what is waiting, without waiting for more.
func (w *writer) gather(batch []*request) []*request {
	for len(batch) < batchLen {
		select {
		case r, ok := <-w.queue:
			if !ok {
				return batch
			}
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit stores the batch and sets each member's err. Members are refused one by
// one by their own rules; what nobody expected undoes the batch, and then each
// member is on its own, so that only the guilty one fails.
func (w *writer) commit(ctx context.Context, batch []*request) {
	err := w.attempt(ctx, batch)
	for n := range rivals {
		if err == nil || w.dialect.rival == nil || !w.dialect.rival(err) {
			break
		}
		pause(n)
		err = w.attempt(ctx, batch)
	}
	if err == nil {
		w.broken.Store(nil)
		return
	}
	if _, ok := errors.AsType[*engineError](err); ok {
		w.broken.Store(&err)
	}
	switch state := w.dialect.failure(err); {
	case state != nil:
		err = state // the database's state: each of them would meet it again
		w.broken.Store(&err)
	case len(batch) > 1:
		for i := range batch {
			w.commit(ctx, batch[i:i+1])
		}
		return
	case w.dialect.refusal != nil:
		if refused := w.dialect.refusal(err); refused != nil {
			err = refused
		}
	}
	w.stats.failed(err, len(batch))
	for _, r := range batch {
		r.err = err
	}
}

// pause keeps two who were in each other's way from meeting again at once. The first
// to be tried again is not: mostly the other one is done.
func pause(n int) {
	if n == 0 {
		return
	}
	<-time.After(rand.N(time.Duration(n) * 10 * time.Millisecond)) //nolint:gosec // how long is no secret
}

// engineError is one that no request is at fault for: the transaction around them
// does not work.
type engineError struct {
	step string
	err  error
}

func (e *engineError) Error() string { return e.step + ": " + e.err.Error() }

func (e *engineError) Unwrap() error { return e.err }

// attempt runs one transaction. After an error nothing of it is stored, unless
// the commit itself failed, whose effect is unknown.
func (w *writer) attempt(ctx context.Context, requests []*request) error {
	start := time.Now()
	if w.conn == nil {
		c, err := w.connect(ctx)
		if err != nil {
			return &engineError{"reconnect", err}
		}
		w.conn = c
	}
	if err := w.conn.begin(); err != nil {
		w.disconnect()
		return &engineError{"begin", err}
	}
	if err := runBatch(w.conn, &w.dialect, requests); err != nil {
		return w.undo(err)
	}
	if err := w.conn.commit(); err != nil {
		return w.undo(&engineError{"commit", err})
	}
	w.stats.commitSeconds.Observe(time.Since(start).Seconds())
	w.stats.batchSize.Observe(float64(len(requests)))
	return nil
}

// undo rolls back after err. A connection that cannot is of no more use.
func (w *writer) undo(err error) error {
	if e := w.conn.rollback(); e != nil {
		w.disconnect()
		return errors.Join(err, fmt.Errorf("roll back: %w", e))
	}
	return err
}

func (w *writer) disconnect() {
	_ = w.conn.close() // it is broken: there is nothing more to know
	w.conn = nil
}
