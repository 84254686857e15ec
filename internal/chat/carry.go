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

// change is something that the store is asked to keep and others are told of.
type change[T, R any] struct {
	ask func(ctx context.Context) (T, error)

	// tell gets the context of who waits for it: one without an end where nobody does.
	tell func(ctx context.Context, done T) (R, error)

	// touched are those who look into the store when nobody learns what became of it.
	touched func() []UID

	// suspected is what they are told then, if looking is not enough.
	suspected Event

	// left is called after tell where whoever asked has left by then; nil for nothing.
	left func(ctx context.Context, done T)
}

// carry carries c out: what the store keeps has to be announced, also if ctx ends while
// the write is under way. Its outcome is then unknown to the caller, and the rest is done
// beside it, once there is an outcome.
func carry[T, R any](ctx context.Context, s *Service, c *change[T, R]) (R, error) {
	var none R
	done, err := c.ask(ctx)
	if err == nil {
		return c.tell(ctx, done)
	}
	ctx = context.WithoutCancel(ctx)
	late, ok := errors.AsType[*UnsettledError[T]](err)
	if !ok {
		s.suspect(ctx, err, c.touched, &c.suspected)
		return none, err
	}
	settle := func() (R, error) {
		done, err := late.Settled()
		if err != nil {
			s.suspect(ctx, err, c.touched, &c.suspected)
			return none, err
		}
		result, err := c.tell(ctx, done)
		if c.left != nil {
			c.left(ctx, done)
		}
		return result, err
	}
	if s.work.begin(func() {
		s.unheard(ctx, guarded(func() error {
			_, err := settle()
			return err
		}))
	}) {
		return none, err
	}
	return settle() // nobody would wait for it but the caller
}

// suspect publishes ev for those who may have been told something, if nobody knows whether
// the store has kept what it was asked for. An empty event has their sessions look into it.
func (s *Service) suspect(ctx context.Context, err error, touched func() []UID, ev *Event) {
	if AsError(err).Code != "outcome_unknown" {
		return
	}
	var topics []Topic
	for _, uid := range touched() {
		topics = append(topics, Topic{EventsOf, uid})
	}
	s.publish(ctx, topics, *ev)
}

// inTime returns what comes of do, or that ctx has ended if that is first: do goes on all
// the same, with a context without an end. It is for what reads before it tells: a store
// has more time for that than who asked.
func inTime[R any](ctx context.Context, s *Service, do func(ctx context.Context) (R, error)) (R, error) {
	var result R
	var err error
	done := make(chan struct{})
	if !s.work.begin(func() {
		defer close(done)
		err = guarded(func() (err error) {
			result, err = do(context.WithoutCancel(ctx))
			return err
		})
		if ctx.Err() != nil {
			s.unheard(ctx, err)
		}
	}) {
		return do(context.WithoutCancel(ctx)) // nobody would wait for it but the caller
	}
	select {
	case <-done:
		return result, err
	case <-ctx.Done():
		var none R
		return none, Codef(Unavailable, "outcome_unknown", "it is stored, and what there is to tell not known yet: %w", ctx.Err())
	}
}

// unheard logs what failed, as nobody waits to be told. That somebody was refused
// something is no failure.
func (s *Service) unheard(ctx context.Context, err error) {
	if kind := KindOf(err); err != nil && (kind == Internal || kind == Unavailable) {
		s.log.WarnContext(ctx, "nobody waits for what failed", "err", err)
	}
}
