package gateway

import (
	"time"

	"haggle/internal/chat"
)

// rate is how much of something is allowed: burst at once, and one more every
// period. The zero rate allows everything.
type rate struct {
	period time.Duration
	burst  int
}

// newRate returns the one rate that sessions are held to: of several, the one
// that allows least over time.
func newRate(rates []chat.Rate) rate {
	var least rate
	for _, r := range rates {
		if r.Burst <= 0 {
			return rate{}
		}
		if period := r.Window / time.Duration(r.Burst); period > least.period {
			least = rate{period: period, burst: r.Burst}
		}
	}
	return least
}

// window is how long it takes until all of the burst is free again.
func (r rate) window() time.Duration { return r.period * time.Duration(r.burst) }

// allowance is what one session has left of a rate. It is one number, because
// there are as many as sessions: the time at which all would be free again (the
// generic cell rate algorithm).
type allowance struct{ free int64 }

// take takes cost, or says how long until there is that much.
func (a *allowance) take(r rate, cost time.Duration, now time.Time) (wait time.Duration, ok bool) {
	if r.burst == 0 {
		return 0, true
	}
	t := now.UnixNano()
	free := max(a.free, t) + int64(cost)
	if ahead := free - t - int64(r.window()); ahead > 0 {
		return time.Duration(ahead), false
	}
	a.free = free
	return 0, true
}
