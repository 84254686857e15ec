package storetest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
)

// TicketStore keeps what other services have lent for a while, for all nodes.
type TicketStore interface {
	Ticket(ctx context.Context, name string) (value string, expires time.Time, err error)
	PutTicket(ctx context.Context, name, value string, expires time.Time) error
	LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error)
}

// RunTickets checks the stores that open returns, each empty and its own.
func RunTickets(t *testing.T, open func(t *testing.T) TicketStore) {
	for name, run := range map[string]func(*testing.T, TicketStore){
		"the last one kept is there":                    testTicket,
		"one of many fetches, until it has or its time": testTicketLease,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

func testTicket(t *testing.T, s TicketStore) {
	ctx := t.Context()
	_, _, err := s.Ticket(ctx, "a")
	wantError(t, err, chat.NotFound, "")
	for _, value := range []string{"one", "two"} {
		if err := s.PutTicket(ctx, "a", value, at); err != nil {
			t.Fatal(err)
		}
		if got, expires, err := s.Ticket(ctx, "a"); err != nil || got != value || !expires.Equal(at) {
			t.Errorf("ticket %q until %v, %v, want %q until %v", got, expires, err, value, at)
		}
	}
	_, _, err = s.Ticket(ctx, "b")
	wantError(t, err, chat.NotFound, "")
	if err := s.PutTicket(ctx, "a", "", time.Time{}); err != nil {
		t.Fatal(err)
	}
	_, _, err = s.Ticket(ctx, "a")
	wantError(t, err, chat.NotFound, "")
}

func testTicketLease(t *testing.T, s TicketStore) {
	ctx := t.Context()
	lease := func(now time.Time, want bool) {
		t.Helper()
		if got, err := s.LeaseTicket(ctx, "a", now, now.Add(time.Minute)); err != nil || got != want {
			t.Errorf("lease at %v: %v, %v, want %v", now, got, err, want)
		}
	}
	lease(at, true)
	lease(at.Add(59*time.Second), false)
	lease(at.Add(time.Minute), true) // its holder was not heard of again
	if err := s.PutTicket(ctx, "a", "x", at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	lease(at.Add(time.Minute), true)
	if got, _, err := s.Ticket(ctx, "a"); err != nil || got != "x" {
		t.Errorf("while another is fetched: %q, %v", got, err)
	}
	var holders atomic.Int32
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if ok, err := s.LeaseTicket(ctx, "b", at, at.Add(time.Minute)); err != nil {
				t.Error(err)
			} else if ok {
				holders.Add(1)
			}
		})
	}
	wg.Wait()
	if holders.Load() != 1 {
		t.Errorf("%d hold the lease", holders.Load())
	}
}
