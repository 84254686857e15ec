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

func newRate(r []chat.Rate) rate {
	if len(r) == 0 || r[0].Burst <= 0 {
		return rate{}
	}
	return rate{period: r[0].Window / time.Duration(r[0].Burst), burst: r[0].Burst}
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
