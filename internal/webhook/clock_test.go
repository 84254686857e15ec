package webhook_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/testkit"
	"haggle/internal/webhook"
)

// When a server's clock is set, what waits is told so much later, or at once: once, and
// one that was tried before goes on from there.
func TestWorker_clockIsSet(t *testing.T) {
	const due, set, turn = time.Minute, 10 * time.Second, time.Second
	for _, c := range []struct {
		name  string
		by    time.Duration
		fails bool // the first attempt, which is due at once
		from  time.Duration
		to    time.Duration
	}{
		{"back", -time.Hour, false, due + time.Hour, due + time.Hour + turn},
		{"forward", time.Hour, false, set, set + turn},
		{"back, between two attempts", -time.Hour, true, time.Hour + set, time.Hour + set + 10*time.Second},
		{"forward, between two attempts", time.Hour, true, set, set + turn},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begun := time.Now()
				clock := new(testkit.Clock)
				var told []time.Duration
				o := newOutbox(1)
				o.due["r0"] = begun.Add(due)
				if c.fails {
					o.due["r0"] = begun.Add(set - turn)
				}
				attempts := 0
				w := webhook.NewWorker(o, talk{}, poster(func(context.Context, string, []byte) error {
					if attempts++; attempts == 1 && c.fails {
						return errors.New("busy")
					}
					told = append(told, time.Since(begun))
					return nil
				}), [2]time.Duration{due, due}, slog.New(slog.DiscardHandler))
				w.GoBy(clock.Now)
				ctx, cancel := context.WithCancel(t.Context())
				done := make(chan error)
				go func() { done <- w.Run(ctx) }()
				pass(set)
				clock.Set(c.by)
				pass(3 * time.Hour)
				cancel()
				if err := <-done; err != nil {
					t.Error(err)
				}
				if len(told) != 1 || told[0] < c.from || told[0] > c.to {
					t.Errorf("it was told after %v, want once, after %v to %v", told, c.from, c.to)
				}
			})
		})
	}
}
