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
	repliesIn     = 30                  // conversations, those with the latest messages
	repliesOf     = 50                  // messages of each, the latest
	repliesSince  = 90 * 24 * time.Hour // what was asked before that says nothing of today
	repliesFew    = 5                   // questions: fewer say nothing
	repliesFor    = 10 * time.Minute    // how long a node goes by what it has found
	repliesTake   = 5 * time.Second     // finding it out: whatever takes longer is given up
	repliesAgain  = time.Minute         // what was given up is not tried again before that
	repliesBeside = 2                   // shops looked at at a time: the rest waits for who asks next
)

// RepliesWithin returns the shortest usual time within which a merchant's people have
// lately answered four questions of five, as far as this node knows: five minutes, an hour
// or a day. 0: it takes longer, too little was asked to tell, or nobody has asked for it
// lately. What was said automatically is no answer. A question nobody has answered counts
// once it is older than that time, if it is the first of its conversation: what a buyer
// says last may be thanks.
//
// It does not wait: what is not known, or was found more than repliesFor ago, is found out
// beside, for whoever asks next.
func (s *Service) RepliesWithin(ctx context.Context, merchant UID) time.Duration {
	within, look := s.replies.get(merchant, s.now())
	if look { // at the end of the service nobody does any more
		s.work.begin(func() { s.findReplies(context.WithoutCancel(ctx), merchant) })
	}
	return within
}

// findReplies finds out how soon a merchant replies. Where it cannot, what was known stays.
func (s *Service) findReplies(ctx context.Context, merchant UID) {
	defer s.replies.looked()
	ctx, cancel := context.WithTimeout(ctx, repliesTake)
	defer cancel()
	now := s.now()
	err := guarded(func() error {
		waits, err := s.waits(ctx, merchant, now)
		if err == nil {
			s.replies.put(merchant, usually(waits), now)
		}
		return err
	})
	if err != nil {
		s.log.WarnContext(ctx, "how soon a shop replies", "merchant", merchant, "err", err)
	}
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
	mu      sync.Mutex
	shops   generations[UID, knownReplies] // guarded by mu
	looking int                            // shops that are looked at; guarded by mu
}

type knownReplies struct {
	within time.Duration
	till   time.Time // nobody looks again before
}

// get returns what is known, and whether the caller is to look, and to call looked after
// that: somebody has to, nobody does, and not too many look at other shops.
func (c *replyCache) get(uid UID, now time.Time) (within time.Duration, look bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	known, _ := c.shops.get(uid)
	if now.Before(known.till) || c.looking >= repliesBeside {
		return known.within, false
	}
	c.looking++
	c.shops.put(uid, knownReplies{known.within, now.Add(repliesAgain)})
	return known.within, true
}

func (c *replyCache) looked() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.looking--
}

func (c *replyCache) put(uid UID, within time.Duration, now time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.shops.put(uid, knownReplies{within, now.Add(repliesFor)})
}
