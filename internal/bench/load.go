package bench

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

// Connecting is done by this many at a time.
const connectors = 32

// historyReaders read histories at a time, after the clock has stopped.
const historyReaders = 4

// drainTimeout is how long the last messages may take to arrive.
const drainTimeout = 20 * time.Second

// Pairs has n pairs send in closed loops for the given time: send, wait for the
// ack and for the other side to have it, and again.
func Pairs(ctx context.Context, t *Target, n int, duration time.Duration) (*Report, error) {
	return load(ctx, t, n, func(ctx context.Context, pairs []*pair) error {
		end := time.Now().Add(duration)
		g, ctx := errgroup.WithContext(ctx)
		for _, p := range pairs {
			g.Go(func() error {
				for time.Now().Before(end) && ctx.Err() == nil {
					if err := p.send(time.Now()); err != nil {
						return fmt.Errorf("send: %w", err)
					}
					if !p.awaitFor(ctx, drainTimeout) {
						return nil // the report says why
					}
				}
				return nil
			})
		}
		return g.Wait()
	})
}

// Rate has n pairs together send perSecond messages a second for the given time,
// whether or not the server keeps up.
func Rate(ctx context.Context, t *Target, n, perSecond int, duration time.Duration) (*Report, error) {
	return load(ctx, t, n, func(ctx context.Context, pairs []*pair) error {
		start, total := time.Now(), int(float64(perSecond)*duration.Seconds())
		tick := time.NewTimer(0)
		defer tick.Stop()
		for i := range total {
			due := start.Add(time.Duration(i) * time.Second / time.Duration(perSecond))
			if wait := time.Until(due); wait > 0 {
				tick.Reset(wait)
				select {
				case <-tick.C:
				case <-ctx.Done():
					return context.Cause(ctx)
				}
			}
			if err := pairs[i%len(pairs)].send(due); err != nil {
				return fmt.Errorf("send: %w", err)
			}
		}
		return nil
	})
}

// load connects n pairs, lets every one send a first message, runs work, waits
// for what is under way and reports on all but the first messages.
func load(ctx context.Context, t *Target, n int, work func(ctx context.Context, pairs []*pair) error) (_ *Report, err error) {
	if err := t.stock(ctx, n); err != nil {
		return nil, err
	}
	pairs, err := t.connectPairs(ctx, n)
	defer func() { err = errors.Join(err, closeAll(pairs)) }()
	if err != nil {
		return nil, err
	}
	if err := begin(ctx, pairs); err != nil {
		return nil, err
	}
	before, err := t.spent()
	if err != nil {
		return nil, err
	}
	start := time.Now()
	if err := work(ctx, pairs); err != nil {
		return nil, err
	}
	drain(ctx, pairs)
	took := time.Since(start)
	after, err := t.spent()
	if err != nil {
		return nil, err
	}
	if err := t.checkHistories(ctx, pairs); err != nil {
		return nil, err
	}
	r := newReport(pairs, took, after[0]-before[0])
	for i := range t.Beside {
		r.Beside = append(r.Beside, after[i+1]-before[i+1])
	}
	return r, nil
}

// drain waits for what is under way, for all pairs together.
func drain(ctx context.Context, pairs []*pair) {
	ctx, cancel := context.WithTimeout(ctx, drainTimeout)
	defer cancel()
	for _, p := range pairs {
		p.await(ctx)
	}
}

// checkHistories compares what was acked with what the server has kept.
func (t *Target) checkHistories(ctx context.Context, pairs []*pair) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(historyReaders)
	for _, p := range pairs {
		g.Go(func() error { return p.checkHistory(ctx, t) })
	}
	return g.Wait()
}

// begin has every pair begin its conversation, and forgets that it did.
func begin(ctx context.Context, pairs []*pair) error {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(connectors)
	for _, p := range pairs {
		g.Go(func() error {
			if err := p.send(time.Now()); err != nil {
				return fmt.Errorf("first message: %w", err)
			}
			if !p.awaitFor(ctx, drainTimeout) {
				return fmt.Errorf("first message of %s did not arrive: %v %v", p.product, p.refused, p.faults)
			}
			p.mu.Lock()
			defer p.mu.Unlock()
			p.run += "r"
			p.due, p.acked, p.seen, p.seqs, p.lastMessage = nil, nil, nil, nil, -1
			return nil
		})
	}
	return g.Wait()
}

// awaitFor is await with a deadline.
func (p *pair) awaitFor(ctx context.Context, timeout time.Duration) bool {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return p.await(ctx)
}

func (t *Target) connectPairs(ctx context.Context, n int) ([]*pair, error) {
	run := strconv.FormatInt(time.Now().UnixNano(), 36)
	var mu sync.Mutex
	var pairs []*pair
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(connectors)
	for i := range n {
		g.Go(func() error {
			p, err := t.connectPair(gctx, i, run)
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			pairs = append(pairs, p)
			return nil
		})
	}
	return pairs, g.Wait()
}

func closeAll(pairs []*pair) error {
	var errs []error
	for _, p := range pairs {
		errs = append(errs, p.buyer.close(), p.seller.close())
	}
	return errors.Join(errs...)
}
