package ratelimit

import (
	"fmt"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"haggle/internal/chat"
)

func limiter(t testing.TB, factor float64, keys int) *Limiter {
	t.Helper()
	l, err := newSized(chat.DefaultLimits().Rates, factor, keys)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// take asks until it is refused, at most limit times, and returns how often it
// was not.
func take(l *Limiter, action chat.Action, key string, limit int) (n int, retryAfter time.Duration) {
	for range limit {
		after, ok := l.Allow(action, key)
		if !ok {
			return n, after
		}
		n++
	}
	return n, 0
}

// advance lets d pass on the clock of the test's bubble.
func advance(d time.Duration) { <-time.After(d) }

func TestBurstThenSteady(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, 1, maxKeys)
		n, after := take(l, chat.ActionSend, "U_1/", 1000)
		if n != 20 || after < 500*time.Millisecond || after > 502*time.Millisecond {
			t.Errorf("sent %d, then told to wait %v; want 20 and half a second", n, after)
		}
		if n, _ := take(l, chat.ActionSend, "U_2/", 1000); n != 20 {
			t.Errorf("another buyer sent %d, want 20: buyers do not share", n)
		}
		if n, _ := take(l, chat.ActionTyping, "U_1/", 1000); n != 4 {
			t.Errorf("typing notices = %d, want 4: actions do not share", n)
		}
		advance(after)
		if _, ok := l.Allow(chat.ActionSend, "U_1/"); !ok {
			t.Error("refused after waiting for as long as was said")
		}
	})
}

// The rate by the minute holds although the one by ten seconds would allow more,
// and a refusal by one takes nothing from the other.
func TestAllRatesHold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, 1, maxKeys)
		sent := 0
		for range 6000 { // ten minutes, ten attempts a second
			if _, ok := l.Allow(chat.ActionSend, "U_1/"); ok {
				sent++
			}
			advance(100 * time.Millisecond)
		}
		if sent < 1095 || sent > 1100 {
			t.Errorf("sent %d in ten minutes, want 100 a minute and 100 of the start", sent)
		}
	})
}

func TestFactor(t *testing.T) {
	for _, tc := range []struct {
		factor float64
		want   int
	}{{1, 6}, {10, 60}, {0.5, 3}, {0.001, 1}, {Unlimited, 5000}} {
		synctest.Test(t, func(t *testing.T) {
			if n, _ := take(limiter(t, tc.factor, maxKeys), chat.ActionBegin, "U_1/", 5000); n != tc.want {
				t.Errorf("factor %v: began %d conversations, want %d", tc.factor, n, tc.want)
			}
		})
	}
}

func TestActionWithoutRates(t *testing.T) {
	if n, _ := take(limiter(t, 1, maxKeys), "dance", "U_1/", 5000); n != 5000 {
		t.Errorf("allowed %d, want all", n)
	}
}

func TestNewRefuses(t *testing.T) {
	for name, tc := range map[string]struct {
		rate   chat.Rate
		factor float64
		want   string
	}{
		"no burst":        {chat.Rate{Burst: 0, Window: time.Second}, 1, "rate limit of send"},
		"no window":       {chat.Rate{Burst: 1}, 1, "rate limit of send"},
		"negative factor": {chat.Rate{Burst: 1, Window: time.Second}, -1, "factor"},
		"no factor":       {chat.Rate{Burst: 1, Window: time.Second}, math.NaN(), "factor"},
	} {
		_, err := New(sendRates(tc.rate), tc.factor)
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: err = %v, want one that names %q", name, err, tc.want)
		}
	}
}

func sendRates(rates ...chat.Rate) map[chat.Action][]chat.Rate {
	m := make(map[chat.Action][]chat.Rate)
	m[chat.ActionSend] = rates
	return m
}

func entries(l *Limiter) int {
	n := 0
	for i := range l.shards {
		n += len(l.shards[i].entries)
	}
	return n
}

// However many names somebody invents, the memory stays bounded, and who was
// active last is not forgotten for it.
func TestBoundedMemory(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const keys = 64 * 32
		l := limiter(t, 1, keys)
		for i := range 20 * keys {
			l.Allow(chat.ActionGuest, fmt.Sprint("10.0.0.", i))
			if i%16 == 0 {
				l.Allow(chat.ActionBegin, "U_busy/")
			}
		}
		if n := entries(l); n > keys {
			t.Errorf("%d keys are kept, want at most %d", n, keys)
		}
		if _, ok := l.Allow(chat.ActionBegin, "U_busy/"); ok {
			t.Error("the buyer in use was forgotten for others that are idle")
		}
	})
}

func TestIdleKeysAreForgotten(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := limiter(t, 1, maxKeys)
		for i := range 20_000 {
			l.Allow(chat.ActionTyping, fmt.Sprint("U_", i))
		}
		take(l, chat.ActionBegin, "U_waits/", 6)
		advance(10 * time.Minute)
		for i := range 25_000 {
			l.Allow(chat.ActionSend, fmt.Sprint("U_new_", i))
		}
		if n := entries(l); n > 26_000 {
			t.Errorf("%d keys are kept, want the 25,000 new ones", n)
		}
		if n, _ := take(l, chat.ActionBegin, "U_waits/", 6); n != 1 {
			t.Errorf("began %d after ten minutes, want 1: a key in debt was forgotten", n)
		}
	})
}

func TestConcurrent(t *testing.T) {
	l := limiter(t, 1, maxKeys)
	var allowed atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			n, _ := take(l, chat.ActionBegin, "U_1/", 100)
			allowed.Add(int64(n))
		})
	}
	wg.Wait()
	if n := allowed.Load(); n != 6 {
		t.Errorf("began %d at once, want 6", n)
	}
}

// In no window does anybody get more than twice the burst, and who waits as long
// as told is let through.
func TestRetryAfterIsTrue(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		rates := []chat.Rate{
			{Burst: rapid.IntRange(1, 50).Draw(rt, "burst"), Window: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(rt, "window"))},
			{Burst: rapid.IntRange(1, 50).Draw(rt, "burst"), Window: time.Duration(rapid.Int64Range(1, int64(time.Hour)).Draw(rt, "window"))},
		}
		l, err := New(sendRates(rates...), 1)
		if err != nil {
			rt.Fatal(err)
		}
		s, p, now := &l.shards[0], l.rates[chat.ActionSend], time.Unix(1_700_000_000, 0)
		name := id{chat.ActionSend, "U_1/"}
		var granted []time.Time
		for range 200 {
			after, ok := s.allow(name, p, now)
			if !ok {
				now = now.Add(after)
				if _, ok = s.allow(name, p, now); !ok {
					rt.Fatalf("refused after waiting %v as told", after)
				}
			}
			granted = append(granted, now)
			now = now.Add(time.Duration(rapid.Int64Range(0, int64(time.Second)).Draw(rt, "pause")))
		}
		for _, r := range rates {
			for i := range granted[:max(0, len(granted)-2*r.Burst)] {
				if d := granted[i+2*r.Burst].Sub(granted[i]); d < r.Window-time.Microsecond {
					rt.Fatalf("%d in %v, the limit is %d in %v", 2*r.Burst+1, d, r.Burst, r.Window)
				}
			}
		}
	})
}

func BenchmarkAllow(b *testing.B) {
	for _, n := range []int{1, 50_000} {
		b.Run(fmt.Sprint(n, " keys"), func(b *testing.B) {
			l := limiter(b, 1, maxKeys)
			keys := make([]string, n)
			for i := range keys {
				keys[i] = fmt.Sprintf("U_%d/", i)
			}
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for i := 0; pb.Next(); i++ {
					l.Allow(chat.ActionSend, keys[i%n])
				}
			})
		})
	}
}
