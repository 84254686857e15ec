// Package ratelimit counts what actors do, in memory, one token bucket for each
// rate of what they do.
//
// Counts are a node's own: with n nodes somebody who spreads over all of them
// gets n times as much. That keeps the network out of every frame, and what a
// limit is there to stop is a flood.
package ratelimit

import (
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"haggle/internal/chat"
)

const (
	shards = 64 // so that actors do not queue for each other
	// maxKeys bounds the memory, at about 400 bytes each.
	maxKeys = 100_000
)

// Limiter is a chat.Limiter. Its methods may be called concurrently.
type Limiter struct {
	rates  map[chat.Action]plan
	seed   maphash.Seed
	shards [shards]shard
}

// plan is what an action's rates come to.
type plan struct {
	rates []bucketRate
	full  time.Duration // after this long idle all buckets are full again
}

type bucketRate struct {
	limit rate.Limit
	burst int
}

// Unlimited is the factor that New takes for no limits at all.
const Unlimited = 0

// New returns a Limiter that keeps to rates, each made factor times as generous:
// 1 for what they say, more for a load test, Unlimited for none. An action
// without rates is not limited.
func New(rates map[chat.Action][]chat.Rate, factor float64) (*Limiter, error) {
	return newSized(rates, factor, maxKeys)
}

func newSized(rates map[chat.Action][]chat.Rate, factor float64, keys int) (*Limiter, error) {
	if factor < 0 || math.IsNaN(factor) || math.IsInf(factor, 0) {
		return nil, fmt.Errorf("rate limit factor is %v, want 0 or more", factor)
	}
	l := &Limiter{rates: make(map[chat.Action]plan, len(rates)), seed: maphash.MakeSeed()}
	for i := range l.shards {
		l.shards[i].init(max(1, keys/shards))
	}
	if factor == Unlimited {
		return l, nil
	}
	for action, rs := range rates {
		var p plan
		for _, r := range rs {
			if r.Burst < 1 || r.Window <= 0 {
				return nil, fmt.Errorf("rate limit of %s is %d in %v, want at least 1 in some time", action, r.Burst, r.Window)
			}
			burst := max(1, int(float64(r.Burst)*factor))
			p.rates = append(p.rates, bucketRate{rate.Limit(float64(burst) / r.Window.Seconds()), burst})
			p.full = max(p.full, r.Window)
		}
		if len(p.rates) > 0 {
			l.rates[action] = p
		}
	}
	return l, nil
}

// Allow implements chat.Limiter.
func (l *Limiter) Allow(action chat.Action, key string) (retryAfter time.Duration, ok bool) {
	p, limited := l.rates[action]
	if !limited {
		return 0, true
	}
	s := &l.shards[maphash.String(l.seed, key)%shards]
	return s.allow(id{action, key}, p, time.Now())
}

// id names the buckets of one key for one action.
type id struct {
	action chat.Action
	key    string
}

// entry holds the buckets of one id, in a ring ordered by last use.
type entry struct {
	id         id
	buckets    []*rate.Limiter
	fullAt     time.Time // by then all are full, unless used before
	prev, next *entry
}

// shard is a part of the keys.
type shard struct {
	mu      sync.Mutex // guards everything below
	entries map[id]*entry
	ring    entry // its next was used last, its prev is idle for the longest
	max     int
	added   int // since the last sweep
	kept    int // by the last sweep
}

// minSweep is how many entries are too few to look through.
const minSweep = 16

func (s *shard) init(maxEntries int) {
	s.entries = make(map[id]*entry)
	s.ring.prev, s.ring.next = &s.ring, &s.ring
	s.max = maxEntries
}

// allow takes one from all buckets of id, or nothing from any.
func (s *shard) allow(id id, p plan, now time.Time) (retryAfter time.Duration, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entries[id]
	if e == nil {
		e = s.add(id, p, now)
	}
	s.touch(e)
	for _, b := range e.buckets {
		if tokens := b.TokensAt(now); tokens < 1 {
			wait := time.Duration((1 - tokens) / float64(b.Limit()) * float64(time.Second))
			// Rounded up: who comes back after this long is not refused again.
			retryAfter = max(retryAfter, wait.Truncate(time.Millisecond)+time.Millisecond)
		}
	}
	if retryAfter > 0 {
		return retryAfter, false
	}
	for _, b := range e.buckets {
		b.AllowN(now, 1)
	}
	e.fullAt = now.Add(p.full)
	return 0, true
}

// add makes room for id and adds it with full buckets.
func (s *shard) add(id id, p plan, now time.Time) *entry {
	if s.added++; s.added > max(minSweep, s.kept) {
		s.sweep(now)
		s.added, s.kept = 0, len(s.entries)
	}
	if len(s.entries) >= s.max {
		// Somebody asks under very many keys. The one idle for the longest gets its
		// allowance back: better than to refuse whoever is new.
		s.remove(s.ring.prev)
	}
	e := &entry{id: id, buckets: make([]*rate.Limiter, len(p.rates))}
	for i, r := range p.rates {
		e.buckets[i] = rate.NewLimiter(r.limit, r.burst)
	}
	e.prev, e.next = e, e
	s.entries[id] = e
	return e
}

// sweep forgets all whose buckets are full: they are as good as new ones. It runs
// once as many have come as it left, so that it costs each of them next to nothing.
func (s *shard) sweep(now time.Time) {
	for e := s.ring.prev; e != &s.ring; {
		prev := e.prev
		if !now.Before(e.fullAt) {
			s.remove(e)
		}
		e = prev
	}
}

// touch makes e the last used.
func (s *shard) touch(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	e.prev, e.next = &s.ring, s.ring.next
	e.prev.next, e.next.prev = e, e
}

func (s *shard) remove(e *entry) {
	e.prev.next, e.next.prev = e.next, e.prev
	delete(s.entries, e.id)
}
