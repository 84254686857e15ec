package chat

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// usual are the times within which a shop may be said to reply, the shortest first.
func usual() []time.Duration { return []time.Duration{5 * time.Minute, time.Hour, 24 * time.Hour} }

// What is looked at to tell how soon a shop replies: few rows, as many buyers open its
// products.
const (
	repliesIn    = 30                  // conversations, those with the latest messages
	repliesOf    = 50                  // messages of each, the latest
	repliesSince = 90 * 24 * time.Hour // what was asked before that says nothing of today
	repliesFew   = 5                   // questions: fewer say nothing
	repliesFor   = 10 * time.Minute    // how long a node goes by what it has found
	repliesWait  = 2 * time.Second     // longer than that nobody waits to be told
)

// RepliesWithin returns the shortest usual time within which a merchant's people have
// lately answered four questions of five: five minutes, an hour or a day. 0: it takes
// longer, or too little was asked to tell. What was said automatically is no answer. A
// question nobody has answered counts once it is older than that time, if it is the
// first of its conversation: what a buyer says last may be thanks.
//
// A node finds it out once in repliesFor, for one who asks; others are told meanwhile
// what was known before.
func (s *Service) RepliesWithin(ctx context.Context, merchant UID) (time.Duration, error) {
	now := s.now()
	if known, fresh := s.replies.get(merchant, now); fresh {
		return known, nil
	}
	ctx, cancel := context.WithTimeout(ctx, repliesWait)
	defer cancel()
	waits, err := s.waits(ctx, merchant, now)
	if err != nil {
		return 0, fmt.Errorf("replies of %s: %w", merchant, err)
	}
	within := usually(waits)
	s.replies.put(merchant, within, now)
	return within, nil
}

// wait is how long a question has waited for its answer, or has until now without one.
type wait struct {
	time     time.Duration
	answered bool
}

// usually returns the shortest usual time that holds for four of five waits, 0 if none
// does.
func usually(waits []wait) time.Duration {
	for _, within := range usual() {
		in, out := 0, 0
		for _, w := range waits {
			switch {
			case w.time > within:
				out++
			case w.answered:
				in++
			}
		}
		if in+out >= repliesFew && in*5 >= (in+out)*4 {
			return within
		}
	}
	return 0
}

func (s *Service) waits(ctx context.Context, merchant UID, now time.Time) ([]wait, error) {
	convs, err := s.store.Conversations(ctx, ConversationQuery{UID: merchant, Order: NewestFirst, Limit: repliesIn})
	if err != nil {
		return nil, fmt.Errorf("conversations: %w", err)
	}
	var waits []wait
	for i := range convs {
		ms, err := s.store.MessagesBefore(ctx, convs[i].ID, 0, repliesOf)
		if err != nil {
			return nil, fmt.Errorf("messages of %s: %w", convs[i].ID, err)
		}
		waits = append(waits, waitsIn(ms, merchant, now)...)
	}
	return waits, nil
}

// waitsIn returns the waits in the last messages of a conversation.
func waitsIn(ms []Message, merchant UID, now time.Time) (waits []wait) {
	var asked time.Time // zero: nothing waits
	whole := len(ms) > 0 && ms[0].Seq == 1
	begun := whole // it is known when what is said now began
	first := whole // nobody of the shop's has said anything yet
	for i := range ms {
		switch m := &ms[i]; {
		case m.Sender != merchant:
			if asked.IsZero() && begun {
				asked = m.SentAt
			}
		case m.Auto == ByHand:
			if !asked.IsZero() && now.Sub(asked) <= repliesSince {
				waits = append(waits, wait{m.SentAt.Sub(asked), true})
			}
			asked, begun, first = time.Time{}, true, false
		}
	}
	if first && !asked.IsZero() && now.Sub(asked) <= repliesSince {
		waits = append(waits, wait{now.Sub(asked), false})
	}
	return waits
}

// replyCache remembers how soon shops reply.
type replyCache struct {
	mu    sync.Mutex
	shops map[UID]cachedReplies // guarded by mu
}

type cachedReplies struct {
	within time.Duration
	till   time.Time
}

// get returns what is known, and whether that will do. Of those who come when it will
// not, the first is told so, to find out; the others make do meanwhile.
func (c *replyCache) get(uid UID, now time.Time) (within time.Duration, fresh bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known := c.shops[uid]
	if now.Before(known.till) {
		return known.within, true
	}
	c.set(uid, known.within, now.Add(repliesWait))
	return known.within, false
}

func (c *replyCache) put(uid UID, within time.Duration, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(uid, within, now.Add(repliesFor))
}

// set is called with mu held.
func (c *replyCache) set(uid UID, within time.Duration, till time.Time) {
	if c.shops == nil || len(c.shops) >= maxShops {
		c.shops = make(map[UID]cachedReplies)
	}
	c.shops[uid] = cachedReplies{within, till}
}
