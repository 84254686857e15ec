package chat

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
)

// work is what the service does beside those who ask. Its end waits for it.
type work struct {
	running sync.WaitGroup

	mu    sync.Mutex
	ended bool // guarded by mu
}

// begin has do done beside the caller. Once the end has begun it does not, and returns
// false.
func (w *work) begin(do func()) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return false
	}
	w.running.Go(do)
	return true
}

// end waits for what was begun. Nothing begins any more.
func (w *work) end() {
	w.mu.Lock()
	w.ended = true
	w.mu.Unlock()
	w.running.Wait()
}

// carried is what came of something that was carried out.
type carried[T any] struct {
	result T
	err    error
	panic  string // what it broke with; "" if it did not
}

// run notes what comes of do, whichever way it ends.
func (c *carried[T]) run(ctx context.Context, do func(ctx context.Context) (T, error)) {
	c.err = errors.New("its goroutine ended before it did") // until it returns
	defer func() {
		if v := recover(); v != nil {
			c.panic = fmt.Sprintf("%v\n%s", v, debug.Stack())
			c.err = fmt.Errorf("panic: %s", c.panic)
		}
	}()
	c.result, c.err = do(ctx)
}

// carry has do done to its end, whoever stops waiting meanwhile: what the store keeps has
// to be announced, and do is who does that. When ctx ends first the outcome is unknown to
// the caller. do gets a context without an end; the store has deadlines of its own.
func carry[T any](ctx context.Context, s *Service, do func(ctx context.Context) (T, error)) (T, error) {
	if ctx.Done() == nil || ctx.Err() != nil { // nobody may leave, or has left before it began
		return do(ctx)
	}
	c, done := new(carried[T]), make(chan struct{})
	if !s.work.begin(func() {
		defer func() {
			if ctx.Err() != nil {
				s.failedUnheard(ctx, c.err)
			}
			close(done)
		}()
		c.run(context.WithoutCancel(ctx), do)
	}) {
		return do(context.WithoutCancel(ctx)) // nobody would wait for it but the caller
	}
	select {
	case <-done:
		if c.panic != "" {
			panic(c.panic) // it is the caller's to break with
		}
		return c.result, c.err
	case <-ctx.Done():
		var none T
		return none, Codef(Unavailable, "outcome_unknown", "it is not known whether this was stored: %w", ctx.Err())
	}
}

// failedUnheard logs what failed, as nobody waits to be told. That somebody was refused
// something is no failure.
func (s *Service) failedUnheard(ctx context.Context, err error) {
	if kind := KindOf(err); err != nil && (kind == Internal || kind == Unavailable) {
		s.log.WarnContext(ctx, "nobody waits for what failed", "err", err)
	}
}
