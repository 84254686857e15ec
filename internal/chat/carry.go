package chat

import (
	"context"
	"fmt"
	"runtime/debug"
)

// carried is what came of something that was carried out.
type carried[T any] struct {
	result T
	err    error
	panic  string // what it broke with; "" if it did not
}

// carry has do done to its end, whoever stops waiting meanwhile: what the store keeps has
// to be announced, and do is who does that. When ctx ends first the outcome is unknown to
// the caller. do gets a context without an end; the store has deadlines of its own.
func carry[T any](ctx context.Context, s *Service, do func(ctx context.Context) (T, error)) (T, error) {
	if ctx.Done() == nil || ctx.Err() != nil { // nobody may leave, or has left before it began
		return do(ctx)
	}
	c, done := new(carried[T]), make(chan struct{})
	s.carrying.Go(func() {
		defer close(done)
		defer func() {
			if v := recover(); v != nil { // it is the caller's to break with
				c.panic = fmt.Sprintf("%v\n%s", v, debug.Stack())
			}
			if ctx.Err() != nil && (c.err != nil || c.panic != "") {
				s.log.WarnContext(ctx, "nobody waits for what failed", "err", c.err, "panic", c.panic)
			}
		}()
		c.result, c.err = do(context.WithoutCancel(ctx))
	})
	select {
	case <-done:
		if c.panic != "" {
			panic(c.panic)
		}
		return c.result, c.err
	case <-ctx.Done():
		var none T
		return none, Codef(Unavailable, "outcome_unknown", "it is not known whether this was stored: %w", ctx.Err())
	}
}
