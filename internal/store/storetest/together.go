package storetest

import (
	"context"
	"flag"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"haggle/internal/chat"
)

// check is rapid.Check with fewer tries, each of which syncs the disk many times,
// unless -rapid.checks says how many.
func check(t *testing.T, property func(*rapid.T)) {
	t.Helper()
	if f := flag.Lookup("rapid.checks"); f != nil && f.Value.String() == f.DefValue {
		if err := f.Value.Set("25"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Value.Set(f.DefValue) }) // it was that before
	}
	rapid.Check(t, property)
}

func togetherCases() []testCase {
	return []testCase{
		{"random steps, compared with a model", testModel},
		{"random steps of many at a time", testStorm},
	}
}

// testStorm lets random scripts run side by side, with somebody following what
// changes, and checks what holds in whichever order they got their turns.
func testStorm(t *testing.T, s chat.Store) {
	check(t, func(r *rapid.T) {
		st := newStorm(s)
		scripts := rapid.SliceOfN(rapid.SliceOfN(rapid.Custom(drawStep), 1, 12), 2, 8).Draw(r, "scripts")
		followed := make(chan map[chat.ConversationID]chat.Conversation, 1)
		var over atomic.Bool
		go func() { followed <- st.follow(t.Context(), r, &over) }()
		var wg sync.WaitGroup
		for who, script := range scripts {
			wg.Go(func() {
				for n, step := range script {
					st.take(t.Context(), r, step, fmt.Sprintf("n-%d-%d", who, n))
				}
			})
		}
		wg.Wait()
		over.Store(true)
		st.check(t.Context(), r, <-followed)
	})
}

// step is one thing that somebody does. Which message it is about is a share of
// those that are there, as nobody can know beforehand how many there are.
type step struct {
	Kind  int // 0 to 3 send, 4 repeat, 5 delivered, 6 read, 7 recall
	Buyer int
	Side  chat.Side
	Share float64
}

func drawStep(r *rapid.T) step {
	return step{
		Kind:  rapid.IntRange(0, 7).Draw(r, "kind"),
		Buyer: rapid.IntRange(0, 2).Draw(r, "buyer"),
		Side:  rapid.SampledFrom([]chat.Side{chat.BuyerSide, chat.MerchantSide}).Draw(r, "side"),
		Share: rapid.Float64Range(0, 1).Draw(r, "share"),
	}
}

// storm is three buyers and one merchant, and what they were told.
type storm struct {
	store    chat.Store
	buyers   [3]chat.UID
	merchant chat.UID

	mu      sync.Mutex // guards the rest
	changes []chat.Conversation
	last    [3]chat.Conversation
	fresh   [3]int
}

func newStorm(s chat.Store) *storm {
	return &storm{store: s, buyers: [3]chat.UID{newUID("U_"), newUID("U_"), newUID("U_")}, merchant: newUID("V_")}
}

func (s *storm) take(ctx context.Context, r *rapid.T, st step, nonce string) {
	s.mu.Lock()
	known := s.last[st.Buyer]
	s.mu.Unlock()
	seq := chat.Seq(1 + st.Share*float64(known.LastSeq-1))
	var err error
	switch {
	case st.Kind <= 4:
		err = s.send(ctx, st, nonce)
	case known.LastSeq == 0: // nothing there yet
	case st.Kind == 5:
		err = s.advance(ctx, st, chat.Mark{Conversation: known.ID, Side: st.Side, Delivered: seq})
	case st.Kind == 6:
		err = s.advance(ctx, st, chat.Mark{Conversation: known.ID, Side: st.Side, Read: seq})
	default:
		err = s.recall(ctx, st, known, seq)
	}
	if err != nil {
		r.Errorf("%+v: %v", st, err)
	}
}

// told keeps what a change left behind.
func (s *storm) told(st step, c chat.Conversation, fresh bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changes = append(s.changes, c)
	if c.Rev > s.last[st.Buyer].Rev {
		s.last[st.Buyer] = c
	}
	if fresh {
		s.fresh[st.Buyer]++
	}
}

func (s *storm) send(ctx context.Context, st step, nonce string) error {
	times := 1
	if st.Kind == 4 {
		times = 3
	}
	sender, other := s.buyers[st.Buyer], s.merchant
	if st.Side == chat.MerchantSide {
		sender, other = other, sender
	}
	a := from(sender, other, nonce)
	var wg sync.WaitGroup
	var seqs sync.Map
	var failed atomic.Value
	for range times {
		wg.Go(func() {
			res, err := s.store.Append(ctx, a)
			if err != nil {
				failed.Store(err)
				return
			}
			seqs.Store(res.Message.Seq, true)
			if res.Fresh {
				s.told(st, res.Conversation, true)
			}
		})
	}
	wg.Wait()
	if err, ok := failed.Load().(error); ok {
		return err
	}
	n := 0
	seqs.Range(func(any, any) bool { n++; return true })
	if n != 1 {
		return fmt.Errorf("one message has %d numbers", n)
	}
	return nil
}

func (s *storm) advance(ctx context.Context, st step, m chat.Mark) error {
	as, err := s.store.Advance(ctx, []chat.Mark{m})
	for _, a := range as {
		s.told(st, a.Conversation, false)
	}
	return err
}

func (s *storm) recall(ctx context.Context, st step, c chat.Conversation, seq chat.Seq) error {
	res, err := s.store.Recall(ctx, recallOf(c.ID, seq, c.UIDs[st.Side]))
	if chat.KindOf(err) == chat.Denied { // it was the other side's
		return nil
	}
	if err == nil && res.Fresh {
		s.told(st, res.Conversation, false)
	}
	return err
}

// follow is a client of the merchant's that pages through what changed while it
// changes, until nothing does any more.
func (s *storm) follow(ctx context.Context, r *rapid.T, over *atomic.Bool) map[chat.ConversationID]chat.Conversation {
	seen := make(map[chat.ConversationID]chat.Conversation)
	for after := chat.Pos(0); ; {
		last := over.Load() // before the read that then finds everything
		page, err := s.store.ChangedSince(ctx, s.merchant, after, 2)
		if err != nil {
			r.Errorf("changed since %d: %v", after, err)
			return seen
		}
		for _, c := range page {
			pos := c.Sides[chat.MerchantSide].Pos
			if pos <= after {
				r.Errorf("position %d after %d", pos, after)
			}
			if before := seen[c.ID]; c.Rev < before.Rev || c.LastSeq < before.LastSeq ||
				c.Sides[0].Read < before.Sides[0].Read || c.Sides[1].Delivered < before.Sides[1].Delivered {
				r.Errorf("went back from %+v to %+v", before, c)
			}
			after = pos
			c.Last = nil
			seen[c.ID] = c
		}
		if last && len(page) < 2 {
			return seen
		}
	}
}

func (s *storm) check(ctx context.Context, r *rapid.T, followed map[chat.ConversationID]chat.Conversation) {
	revs := make(map[string]bool)
	for _, c := range s.changes {
		key := fmt.Sprint(c.ID, " ", c.Rev)
		if revs[key] {
			r.Errorf("two changes of %s", key)
		}
		revs[key] = true
	}
	for i, c := range s.last {
		if c.ID == "" {
			continue
		}
		got, err := s.store.Conversation(ctx, c.ID)
		if err != nil {
			r.Fatalf("conversation: %v", err)
		}
		look(r, "the last change is what is stored", c, got)
		s.checkMessages(ctx, r, c, s.fresh[i])
		// A client that was not told of another's delivered mark misses nothing.
		f := followed[c.ID]
		if f.LastSeq != c.LastSeq || f.Sides[1].Pos != c.Sides[1].Pos || f.Sides[1].Unread != c.Sides[1].Unread ||
			f.Sides[0].Delivered != c.Sides[0].Delivered || f.Sides[0].Read != c.Sides[0].Read {
			r.Errorf("followed to %+v, want %+v", f, c)
		}
	}
	s.checkPositions(ctx, r)
}

func (s *storm) checkMessages(ctx context.Context, r *rapid.T, c chat.Conversation, want int) {
	ms, err := s.store.MessagesAfter(ctx, c.ID, 0, 1000)
	if err != nil || len(ms) != want {
		r.Fatalf("%d messages, %v, want %d", len(ms), err, want)
	}
	mc := modelConversation{state: c, messages: ms}
	mc.count()
	look(r, "unread as counted", mc.state, c)
	var rev chat.Rev
	ordinals := map[chat.UID]int64{}
	for i, m := range ms {
		ordinals[m.Sender]++
		if m.Seq != chat.Seq(i+1) || m.Rev <= rev || m.Ordinal != ordinals[m.Sender] {
			r.Errorf("message %d has seq %d, rev %d after %d, ordinal %d", i, m.Seq, m.Rev, rev, m.Ordinal)
		}
		rev = m.Rev
	}
}

// checkPositions checks that each change of the merchant's got a position of its
// own and that none is missing: a client that counts notices any it was not told.
func (s *storm) checkPositions(ctx context.Context, r *rapid.T) {
	_, pos, err := s.store.Positions(ctx, []chat.UID{s.merchant})
	if err != nil {
		r.Fatalf("positions: %v", err)
	}
	seen := make(map[chat.Pos]chat.ConversationID)
	for _, c := range s.changes {
		p := c.Sides[chat.MerchantSide].Pos
		if id, ok := seen[p]; ok && id != c.ID {
			r.Errorf("position %d is of two conversations", p)
		}
		seen[p] = c.ID
	}
	if len(seen) != int(pos[s.merchant]) {
		r.Errorf("%d positions were given, the merchant is at %d", len(seen), pos[s.merchant])
	}
}
