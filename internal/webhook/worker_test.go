package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/webhook"
	"haggle/internal/wire"
)

// outbox is a chat.ReminderStore of reminders whose truth nobody questions.
type outbox struct {
	chat.ReminderStore

	mu       sync.Mutex
	due      map[chat.ReminderID]time.Time // until when nobody has it; guarded by mu
	rows     map[chat.ReminderID]chat.Reminder
	outcomes []chat.ReminderOutcome
	told     map[chat.ReminderID]int
}

func newOutbox(n int) *outbox {
	o := &outbox{due: map[chat.ReminderID]time.Time{}, rows: map[chat.ReminderID]chat.Reminder{}, told: map[chat.ReminderID]int{}}
	for i := range n {
		r := chat.Reminder{ID: chat.ReminderID(fmt.Sprint("r", i)), Conversation: "c", Side: chat.MerchantSide, Seq: 1}
		o.rows[r.ID], o.due[r.ID] = r, time.Now()
	}
	return o
}

func (o *outbox) NextReminder(context.Context) (at time.Time, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, due := range o.due {
		if at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at, nil
}

func (o *outbox) LeaseReminders(_ context.Context, l chat.ReminderLease) (leased []chat.Reminder, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for id, due := range o.due {
		if len(leased) < l.Limit && !due.After(l.Now) {
			leased = append(leased, o.rows[id])
			o.due[id] = l.Until
		}
	}
	return leased, nil
}

func (o *outbox) SettleReminder(_ context.Context, r chat.Reminder, out chat.ReminderOutcome) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.outcomes = append(o.outcomes, out)
	if out.RetryAt.IsZero() {
		delete(o.due, r.ID)
		o.told[r.ID]++
		return nil
	}
	if out.Failure != "" {
		r.Attempts++
		if r.TriedAt.IsZero() {
			r.TriedAt = out.At
		}
	}
	o.rows[r.ID], o.due[r.ID] = r, out.RetryAt
	return nil
}

func (o *outbox) CountReminders(context.Context) (waiting, undelivered int64, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return int64(len(o.due)), 0, nil
}

func (o *outbox) RetryReminder(_ context.Context, id chat.ReminderID, now time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.due[id] = now
	return nil
}

type talk struct{}

func (talk) Reminded(_ context.Context, r chat.Reminder) (chat.ConversationView, error) {
	v := chat.ConversationView{Conversation: chat.Conversation{ID: r.Conversation, UIDs: [2]chat.UID{"U_1", "V_1"}}}
	v.Last = &chat.Message{Seq: r.Seq, Sender: "U_1", Blocks: []chat.Block{{Type: chat.TextBlock, Text: "a\nb\u202e"}}}
	return v, nil
}

// poster is a shop.
type poster func(ctx context.Context, id string, body []byte) error

func (p poster) Send(ctx context.Context, id string, body []byte, _ time.Time) error {
	return p(ctx, id, body)
}

// pass lets time go by.
func pass(d time.Duration) { <-time.After(d) }

// run starts a worker and returns what stops it, and waits.
func run(t *testing.T, o *outbox, p poster) (w *webhook.Worker, stop func()) {
	t.Helper()
	w = webhook.NewWorker(o, talk{}, p, [2]time.Duration{time.Minute, time.Minute}, slog.New(slog.DiscardHandler))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error)
	go func() { done <- w.Run(ctx) }()
	return w, func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestWorker_body(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		var got wire.Webhook
		_, stop := run(t, o, func(_ context.Context, id string, body []byte) error {
			if err := json.Unmarshal(body, &got); err != nil || got.ID != id {
				t.Errorf("id %s, body %s, %v", id, body, err)
			}
			return nil
		})
		pass(2 * time.Second)
		stop()
		if got.Type != "message.unread" || got.Data.Message.Preview != "a b" || o.told["r0"] != 1 {
			t.Errorf("told %+v, %v", got, o.told)
		}
	})
}

// A shop that is down for a day loses nothing but that day; nor is it asked all day long.
func TestWorker_downForEver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		start := time.Now()
		var at []time.Duration
		_, stop := run(t, o, func(context.Context, string, []byte) error {
			at = append(at, time.Since(start))
			return &webhook.FailedError{Reason: "500"}
		})
		pass(48 * time.Hour)
		stop()
		if last := at[len(at)-1]; len(at) < 18 || len(at) > 30 || last > 24*time.Hour || last < 21*time.Hour {
			t.Errorf("%d attempts, the last after %v", len(at), last)
		}
		for i := 1; i < len(at); i++ {
			if gap := at[i] - at[i-1]; gap < 6*time.Second || gap > 2*time.Hour+2*time.Second {
				t.Errorf("attempt %d comes %v after the one before", i, gap)
			}
		}
		out := o.outcomes[len(o.outcomes)-1]
		if !out.GivenUp || out.Failure != "500" || !out.RetryAt.IsZero() {
			t.Errorf("at last %+v", out)
		}
	})
}

func TestWorker_whatTheShopAsks(t *testing.T) {
	for _, tt := range []struct {
		failure webhook.FailedError
		givenUp bool
		atLeast time.Duration
	}{
		{webhook.FailedError{Reason: "gone", Final: true}, true, 0},
		{webhook.FailedError{Reason: "busy", RetryAfter: 30 * time.Minute}, false, 30 * time.Minute},
		{webhook.FailedError{Reason: "busy", RetryAfter: time.Second}, false, 6 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			o := newOutbox(1)
			_, stop := run(t, o, func(context.Context, string, []byte) error { return &tt.failure })
			pass(time.Second)
			stop()
			out := o.outcomes[0]
			if out.GivenUp != tt.givenUp || !tt.givenUp && out.RetryAt.Sub(out.At) < tt.atLeast {
				t.Errorf("%+v: %+v", tt.failure, out)
			}
		})
	}
}

// A shop that is slow is not overrun, and what waits is told all the same.
func TestWorker_bounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(100)
		var mu sync.Mutex
		now, most := 0, 0
		_, stop := run(t, o, func(context.Context, string, []byte) error {
			mu.Lock()
			now++
			most = max(most, now)
			mu.Unlock()
			pass(3 * time.Second)
			mu.Lock()
			now--
			mu.Unlock()
			return nil
		})
		pass(45 * time.Second) // 13 times 8, 3 s each
		stop()
		if most != 8 || len(o.told) != 100 {
			t.Errorf("%d at once, %d told", most, len(o.told))
		}
	})
}

// A stop lets a post end, and hands on one that does not.
func TestWorker_stop(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(2)
		_, stop := run(t, o, func(ctx context.Context, id string, _ []byte) error {
			if id == "r0" {
				pass(2 * time.Second)
				return nil
			}
			<-ctx.Done()
			return fmt.Errorf("post: %w", ctx.Err())
		})
		pass(time.Second)
		start := time.Now()
		stop()
		if took := time.Since(start); took > 3*time.Second {
			t.Errorf("the stop took %v", took)
		}
		if o.told["r0"] != 1 || o.rows["r1"].Attempts != 0 || o.due["r1"].After(time.Now()) {
			t.Errorf("told %v, %+v due at %v", o.told, o.rows["r1"], o.due["r1"])
		}
	})
}

func TestWorker_retry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := newOutbox(1)
		o.due = map[chat.ReminderID]time.Time{}
		var ids []string
		w, stop := run(t, o, func(_ context.Context, id string, _ []byte) error { ids = append(ids, id); return nil })
		pass(1500 * time.Millisecond)
		if err := w.Retry(t.Context(), "r0"); err != nil {
			t.Error(err)
		}
		synctest.Wait() // at once, not at the next turn
		if !slices.Equal(ids, []string{"r0"}) {
			t.Errorf("told %v", ids)
		}
		stop()
	})
}

func TestBackoff(t *testing.T) {
	for _, tt := range []struct {
		failed int
		chance float64
		want   time.Duration
	}{
		{0, 0, 10 * time.Second},
		{1, 0, 20 * time.Second},
		{9, 0, 5120 * time.Second},
		{10, 0, 2 * time.Hour},
		{1 << 30, 0, 2 * time.Hour},
		{0, 0.9, 7 * time.Second},
		{10, 0.5, 100 * time.Minute},
	} {
		if got := webhook.Backoff(tt.failed, tt.chance); got != tt.want {
			t.Errorf("after %d failures with %g: %v, want %v", tt.failed, tt.chance, got, tt.want)
		}
	}
}
