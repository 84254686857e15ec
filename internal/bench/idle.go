package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

// IdleReport is what holding idle sessions came to.
type IdleReport struct {
	Sessions  int
	Connected time.Duration // how long it took to connect them
	Held      time.Duration
	Closed    int64 // by the server, while they were held
	BeforeKiB int64 // resident memory of the server; 0 when unknown
	AfterKiB  int64
	CPU       time.Duration // of the server, while they were held
}

// Idle connects n sessions, each of a buyer of its own, holds them for the given
// time and reports what they cost the server.
func Idle(ctx context.Context, t *Target, n int, hold time.Duration) (_ *IdleReport, err error) {
	r := &IdleReport{Sessions: n, Held: hold}
	if r.BeforeKiB, err = t.memory(ctx); err != nil {
		return nil, err
	}
	start := time.Now()
	clients, closed, err := t.connectIdle(ctx, n)
	defer func() {
		for _, c := range clients {
			err = errors.Join(err, c.close())
		}
	}()
	if err != nil {
		return nil, err
	}
	r.Connected = time.Since(start)
	cpuBefore, err := CPUTime(t.PIDs...)
	if err != nil {
		return nil, err
	}
	select {
	case <-time.After(hold):
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
	cpuAfter, err := CPUTime(t.PIDs...)
	if err != nil {
		return nil, err
	}
	r.CPU, r.Closed = cpuAfter-cpuBefore, closed.Load()
	r.AfterKiB, err = t.memory(ctx)
	return r, err
}

// memory returns the server's resident memory after it collected its garbage.
func (t *Target) memory(ctx context.Context) (int64, error) {
	if len(t.PIDs) == 0 {
		return 0, nil
	}
	if err := t.collect(ctx); err != nil {
		return 0, err
	}
	return residentKiB(t.PIDs)
}

func (t *Target) connectIdle(ctx context.Context, n int) ([]*client, *atomic.Int64, error) {
	var mu sync.Mutex
	var clients []*client
	closed := new(atomic.Int64)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(connectors)
	for i := range n {
		g.Go(func() error {
			c, err := t.connect(gctx, "U_idle-"+strconv.Itoa(i), i, i, func(f *frame) {
				if f.Bye != nil {
					closed.Add(1)
				}
			})
			if err != nil {
				return err
			}
			mu.Lock()
			defer mu.Unlock()
			clients = append(clients, c)
			return nil
		})
	}
	return clients, closed, g.Wait()
}

// OK reports whether the server kept every session.
func (r *IdleReport) OK() bool { return r.Closed == 0 }

// Print writes r for people.
func (r *IdleReport) Print(w io.Writer) error {
	_, err := fmt.Fprintf(w, "sessions              %d connected in %.2f s (%.0f/s), held %.0f s, %d closed by the server\n",
		r.Sessions, r.Connected.Seconds(), float64(r.Sessions)/r.Connected.Seconds(), r.Held.Seconds(), r.Closed)
	if err != nil || r.AfterKiB == 0 {
		return err
	}
	_, err = fmt.Fprintf(w, "server memory         %d KiB before, %d KiB after: %.2f KiB per session\nserver CPU            %.2f s in %.0f s\n",
		r.BeforeKiB, r.AfterKiB, float64(r.AfterKiB-r.BeforeKiB)/float64(r.Sessions), r.CPU.Seconds(), r.Held.Seconds())
	return err
}
