package testkit

import (
	"sync/atomic"
	"time"
)

// Clock is a wall clock that a test sets. The zero value is right.
type Clock struct{ off atomic.Int64 }

// Now returns what the clock shows.
func (c *Clock) Now() time.Time { return time.Now().Add(time.Duration(c.off.Load())) }

// Set has the clock show another time than the right one, later by this much.
func (c *Clock) Set(by time.Duration) { c.off.Store(int64(by)) }
