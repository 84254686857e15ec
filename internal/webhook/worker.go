package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

const (
	concurrency = 8               // posts under way
	turn        = time.Second     // how often the store is asked what is due
	storeWithin = 5 * time.Second // how long it may take to say so

	// leaseFor is longer than an attempt with all that is around it takes.
	leaseFor = requestTimeout + 4*storeWithin

	// stopGrace is what a post under way gets to end by itself when the server stops.
	stopGrace = 2 * time.Second

	firstRetry = 10 * time.Second
	lastRetry  = 2 * time.Hour
	retryFor   = 24 * time.Hour // from the first attempt on
)

// Talk knows what there is to say of a reminder; chat.Backend does.
type Talk interface {
	Reminded(ctx context.Context, r chat.Reminder) (chat.ConversationView, error)
}

// Poster posts; a Sender does.
type Poster interface {
	Send(ctx context.Context, id string, body []byte, at time.Time) error
}

// Worker tells the shop what is due. Several nodes may each have one, over one
// store.
type Worker struct {
	store  chat.ReminderStore
	talk   Talk
	poster Poster
	after  [2]time.Duration
	log    *slog.Logger
	stats  *stats
	wake   chan struct{} // something became due by hand, or a slot free
	now    func() time.Time
	chance func() float64
}

// NewWorker returns a Worker. after says, by side, how long a message waits for it
// to read. Run must be running for anything to be told.
func NewWorker(store chat.ReminderStore, talk Talk, poster Poster, after [2]time.Duration, log *slog.Logger) *Worker {
	return &Worker{
		store: store, talk: talk, poster: poster, after: after, log: log, stats: newStats(),
		wake: make(chan struct{}, 1), now: time.Now, chance: rand.Float64,
	}
}

// Run works until ctx ends. Posts under way then get a moment to end; one that does
// not is sent again, under the same id, by whoever runs next.
func (w *Worker) Run(ctx context.Context) error {
	posting, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stopping := context.AfterFunc(ctx, func() {
		select {
		case <-time.After(stopGrace):
			cancel()
		case <-posting.Done():
		}
	})
	defer stopping()
	var posts sync.WaitGroup
	defer posts.Wait()
	slots := make(chan struct{}, concurrency)
	ticker := time.NewTicker(turn)
	defer ticker.Stop()
	for {
		if !w.round(ctx, posting, &posts, slots) {
			select {
			case <-ctx.Done():
				return nil
			case <-ticker.C:
			case <-w.wake:
			}
		}
		if ctx.Err() != nil {
			return nil
		}
	}
}

// round starts as many posts as there are slots for, and reports whether more may
// be due at once.
func (w *Worker) round(ctx, posting context.Context, posts *sync.WaitGroup, slots chan struct{}) bool {
	free := cap(slots) - len(slots) // nobody else fills them
	if free == 0 {
		return false
	}
	within, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	w.stats.look(within, w.store)
	due, err := w.store.NextReminder(within)
	now := w.now()
	if err != nil || due.IsZero() || due.After(now) {
		w.complain(ctx, "ask what the shop is to be told", err)
		return false
	}
	leased, err := w.store.LeaseReminders(within, chat.ReminderLease{
		Now: now, Until: now.Add(leaseFor), After: w.after, Limit: free,
	})
	if err != nil {
		w.complain(ctx, "take what the shop is to be told", err)
		return false
	}
	for i := range leased {
		slots <- struct{}{}
		posts.Go(func() {
			w.tell(posting, leased[i])
			<-slots
			w.poke()
		})
	}
	return len(leased) < free // the rest of what was due has been dropped or put off: there may be others
}

func (w *Worker) complain(ctx context.Context, what string, err error) {
	if err != nil && ctx.Err() == nil {
		w.log.WarnContext(ctx, "webhook", "step", what, "err", err)
	}
}

// tell makes one attempt and settles it.
func (w *Worker) tell(ctx context.Context, r chat.Reminder) {
	start := w.now()
	err := w.post(ctx, r)
	o := w.outcome(&r, err)
	switch {
	case o.Told:
		w.stats.told(w.now().Sub(start))
		w.log.DebugContext(ctx, "webhook told", "id", r.ID, "conversation", r.Conversation, "seq", r.Seq, "attempts", r.Attempts+1)
	case o.GivenUp:
		w.stats.failed("given_up")
		w.log.WarnContext(ctx, "webhook given up", "id", r.ID, "conversation", r.Conversation, "attempts", r.Attempts+1, "reason", o.Failure)
	case o.Failure != "":
		w.stats.failed("failed")
		w.log.InfoContext(ctx, "webhook failed", "id", r.ID, "conversation", r.Conversation, "attempts", r.Attempts+1,
			"reason", o.Failure, "again_at", o.RetryAt)
	}
	// What was told is to be known as told, also when the server stops.
	settling, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeWithin)
	defer cancel()
	if err := w.store.SettleReminder(settling, r, o); err != nil {
		w.log.WarnContext(ctx, "webhook", "step", "settle", "id", r.ID, "err", err) // its lease ends, and it is told again
	}
}

// post says what is true at this moment.
func (w *Worker) post(ctx context.Context, r chat.Reminder) error {
	within, cancel := context.WithTimeout(ctx, storeWithin)
	defer cancel()
	view, err := w.talk.Reminded(within, r)
	if err == nil && view.Last == nil {
		err = fmt.Errorf("message %d of %s is not there", r.Seq, r.Conversation)
	}
	if err != nil {
		return err
	}
	body, err := wire.Encode(wire.FromReminder(&r, &view))
	if err != nil {
		return fmt.Errorf("encode webhook: %w", err)
	}
	return w.poster.Send(ctx, string(r.ID), body, w.now())
}

// outcome says what an attempt that ended in err means for r.
func (w *Worker) outcome(r *chat.Reminder, err error) chat.ReminderOutcome {
	now := w.now()
	o := chat.ReminderOutcome{At: now, After: w.after, Told: err == nil}
	if err == nil {
		return o
	}
	if errors.Is(err, context.Canceled) {
		o.RetryAt = now // the server stops: at once, by the next one
		return o
	}
	o.Failure = err.Error()
	wait := Backoff(r.Attempts, w.chance())
	if f, ok := errors.AsType[*FailedError](err); ok {
		wait = max(wait, f.RetryAfter)
		o.GivenUp = f.Final
	}
	first := r.TriedAt
	if first.IsZero() {
		first = now
	}
	if now.Add(wait).Sub(first) > retryFor {
		o.GivenUp = true
	}
	if !o.GivenUp {
		o.RetryAt = now.Add(wait)
	}
	return o
}

// Backoff is how long to wait after an attempt, before which that many had failed:
// doubling from 10 seconds to 2 hours, less up to a third of it, by chance from
// [0, 1), so that what failed together does not come back together.
func Backoff(failed int, chance float64) time.Duration {
	wait := lastRetry
	if failed < 10 {
		wait = min(firstRetry<<failed, lastRetry)
	}
	return wait - time.Duration(chance*float64(wait)/3)
}

// Undelivered returns up to limit of those that were given up, after a number.
func (w *Worker) Undelivered(ctx context.Context, after chat.ReminderNum, limit int) ([]chat.Undelivered, error) {
	return w.store.Undelivered(ctx, after, limit)
}

// Retry makes one that was given up due again, now.
func (w *Worker) Retry(ctx context.Context, id chat.ReminderID) error {
	if err := w.store.RetryReminder(ctx, id, w.now()); err != nil {
		return err
	}
	w.poke()
	return nil
}

// poke has Run look again.
func (w *Worker) poke() {
	select {
	case w.wake <- struct{}{}:
	default: // it will
	}
}
