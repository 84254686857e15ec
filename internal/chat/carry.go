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

// guarded returns what comes of do; a panic in it is an error, as beside those who ask it
// would be everybody's end.
func guarded(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	return do()
}

// carry has the store do what is asked, and then has others told of it: what the store
// keeps has to be announced, also if ctx ends while the write is under way. Its outcome is
// then unknown to the caller, and tell is called beside it, once there is one. tell gets a
// context without an end.
func carry[T, R any](ctx context.Context, s *Service, ask func(ctx context.Context) (T, error), tell func(ctx context.Context, done T) (R, error)) (R, error) {
	var none R
	done, err := ask(ctx)
	ctx = context.WithoutCancel(ctx)
	if err == nil {
		return tell(ctx, done)
	}
	late, ok := errors.AsType[*UnsettledError[T]](err)
	if !ok {
		return none, err
	}
	if s.work.begin(func() {
		s.unheard(ctx, guarded(func() error {
			done, err := late.Settled()
			if err == nil {
				_, err = tell(ctx, done)
			}
			return err
		}))
	}) {
		return none, err
	}
	if done, err = late.Settled(); err != nil { // nobody would wait for it but the caller
		return none, err
	}
	return tell(ctx, done)
}

// unheard logs what failed, as nobody waits to be told. That somebody was refused
// something is no failure.
func (s *Service) unheard(ctx context.Context, err error) {
	if kind := KindOf(err); err != nil && (kind == Internal || kind == Unavailable) {
		s.log.WarnContext(ctx, "nobody waits for what failed", "err", err)
	}
}
