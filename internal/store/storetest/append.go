package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
)

func appendCases() []testCase {
	return []testCase{
		{"the first message begins the conversation", testBegin},
		{"seq has no gaps, ordinals count a side", testNumbers},
		{"what was stored is read back", testRoundTrip},
		{"every text survives byte for byte", testEveryText},
		{"a repeat returns the first result", testRepeat},
		{"a nonce means one request for ever", testNonceReused},
		{"a nonce belongs to its sender and conversation", testNonceScope},
		{"a stranger meets no conversation", testStranger},
		{"no conversation without a start", testNoStart},
		{"begun once by many at a time", testBeginRace},
		{"many senders, no gaps", testSendRace},
		{"the same message from many connections is stored once", testRepeatRace},
		{"ids compare byte for byte", testByteForByte},
		{"the product last talked about is kept", testProductKept},
		{"a clock that is set back changes no order", testClockBack},
		{"the inbox goes by the clock, also one that is set back", testInboxClockBack},
	}
}

func testBegin(t *testing.T, s chat.Store) {
	a := from(buyer, merchant, "n1")
	a.Product = "p1"
	r := mustAppend(t, s, a)
	if !r.Fresh || !r.Begun {
		t.Errorf("fresh %v, begun %v, want both", r.Fresh, r.Begun)
	}
	want := chat.Conversation{
		ID: a.Start.ID, UIDs: [2]chat.UID{buyer, merchant}, Product: "p1", LastSeq: 1, Rev: 1, CreatedAt: at, LastAt: at,
		Sides: [2]chat.SideState{{Total: 1, Pos: 1}, {Unread: 1, Pos: 1, Waiting: true}},
	}
	look(t, "appended", want, r.Conversation)
	look(t, "by id", want, mustConversation(t, s, a.Start.ID))
	between, err := s.ConversationBetween(t.Context(), buyer, merchant)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "between", want, between)

	again := mustAppend(t, s, from(merchant, buyer, "n2"))
	if again.Begun || again.Conversation.ID != want.ID {
		t.Errorf("begun %v in %s, want the conversation that is there", again.Begun, again.Conversation.ID)
	}
}

func testNumbers(t *testing.T, s chat.Store) {
	talk(t, s, 5)
	c, err := s.ConversationBetween(t.Context(), buyer, merchant)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range mustMessages(t, s, c.ID) {
		want := chat.Seq(i + 1)
		if m.Seq != want || m.Rev != chat.Rev(want) || m.Ordinal != int64(i/2+1) {
			t.Errorf("message %d: seq %d, rev %d, ordinal %d", i, m.Seq, m.Rev, m.Ordinal)
		}
	}
	if c.LastSeq != 5 || c.Sides[0].Total != 3 || c.Sides[1].Total != 2 || c.Sides[0].Unread != 2 || c.Sides[1].Unread != 3 {
		t.Errorf("conversation after 5 messages: %+v", c)
	}
}

func testRoundTrip(t *testing.T, s chat.Store) {
	online, offline := true, false
	blocks := []chat.Block{
		{Type: chat.TextBlock, Text: "look:"},
		{Type: chat.ProductBlock, Product: &chat.ProductCard{
			ID: "p1", Title: "Tea", Amount: 1250, Currency: "CNY", Image: "/tea.svg", URL: "/p/1", Kind: chat.Physical,
		}},
		{Type: chat.TextBlock, Text: "nice?"},
	}
	for i, want := range []*bool{nil, &online, &offline} {
		a := from(merchant, buyer, fmt.Sprint("n", i))
		a.Agent, a.AgentName, a.Blocks, a.RecipientOnline = "a-7", "小王", blocks, want
		a.SentAt = at.Add(time.Duration(i) * time.Millisecond)
		r := mustAppend(t, s, a)
		m := chat.Message{
			Conversation: r.Conversation.ID, Seq: chat.Seq(i + 1), Rev: chat.Rev(i + 1), Sender: merchant, Agent: "a-7",
			AgentName: "小王", Nonce: a.Nonce, Blocks: blocks, SentAt: a.SentAt, Ordinal: int64(i + 1), RecipientOnline: want,
		}
		look(t, "appended", m, r.Message)
		got, hash, err := s.MessageByNonce(t.Context(), r.Conversation.ID, merchant, a.Nonce)
		if err != nil {
			t.Fatal(err)
		}
		look(t, "read", m, got)
		look(t, "hash", a.Hash, hash)
	}
}

func testEveryText(t *testing.T, s chat.Store) {
	a := from(buyer, merchant, "n1")
	a.Blocks = text(everyText())
	a.AgentName = "😀"
	r := mustAppend(t, s, a)
	ms := mustMessages(t, s, r.Conversation.ID)
	if len(ms) != 1 || ms[0].Blocks[0].Text != everyText() || ms[0].AgentName != "😀" {
		t.Errorf("text came back changed: %d messages", len(ms))
	}
	if err := s.PutParticipant(t.Context(), buyer, everyText(), "/a.png"); err != nil {
		t.Fatal(err)
	}
	ps, err := s.Participants(t.Context(), []chat.UID{buyer})
	if err != nil {
		t.Fatal(err)
	}
	if ps[buyer].Name != everyText() {
		t.Error("name came back changed")
	}
}

func testRepeat(t *testing.T, s chat.Store) {
	first := mustAppend(t, s, from(buyer, merchant, "n1"))
	later := mustAppend(t, s, from(buyer, merchant, "n2"))
	for _, start := range []bool{true, false} {
		a := from(buyer, merchant, "n1")
		a.SentAt, a.Product = at.Add(time.Hour), "other"
		if !start {
			a.Conversation, a.Start = first.Conversation.ID, nil
		}
		r := mustAppend(t, s, a)
		if r.Fresh || r.Begun {
			t.Errorf("fresh %v, begun %v, want neither", r.Fresh, r.Begun)
		}
		look(t, "repeated message", first.Message, r.Message)
		look(t, "conversation", later.Conversation, r.Conversation)
	}

	// Whatever else has changed since.
	if _, err := s.SetBlocked(t.Context(), first.Conversation.ID, chat.MerchantSide, true); err != nil {
		t.Fatal(err)
	}
	if r := mustAppend(t, s, from(buyer, merchant, "n1")); r.Fresh || r.Message.Seq != 1 {
		t.Errorf("repeat while blocked: fresh %v, seq %d", r.Fresh, r.Message.Seq)
	}
}

func testNonceReused(t *testing.T, s chat.Store) {
	r := mustAppend(t, s, from(buyer, merchant, "n1"))
	other := from(buyer, merchant, "n1")
	other.Hash = []byte("another")
	_, err := s.Append(t.Context(), other)
	wantError(t, err, chat.Conflict, "nonce_reused")

	recall(t, s, r.Conversation.ID, 1, buyer)
	_, err = s.Append(t.Context(), other)
	wantError(t, err, chat.Conflict, "nonce_reused")
	if again := mustAppend(t, s, from(buyer, merchant, "n1")); again.Fresh || !again.Message.Recalled() {
		t.Errorf("repeat after the recall: fresh %v, recalled %v", again.Fresh, again.Message.Recalled())
	}
	if n := len(mustMessages(t, s, r.Conversation.ID)); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

func testNonceScope(t *testing.T, s chat.Store) {
	for _, a := range []chat.Append{
		from(buyer, merchant, "n"), from(merchant, buyer, "n"), from(buyer, "V_2", "n"), from("U_2", merchant, "n"),
	} {
		if r := mustAppend(t, s, a); !r.Fresh {
			t.Errorf("%s to %v: not fresh", a.Sender, a.Start)
		}
	}
}

func testStranger(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	a := from("U_2", merchant, "n")
	a.Conversation, a.Start = c.ID, nil
	_, err := s.Append(t.Context(), a)
	wantError(t, err, chat.NotFound, "")
	look(t, "conversation", c, mustConversation(t, s, c.ID))
}

func testNoStart(t *testing.T, s chat.Store) {
	a := from(buyer, merchant, "n")
	a.Conversation, a.Start = "nowhere", nil
	_, err := s.Append(t.Context(), a)
	wantError(t, err, chat.NotFound, "")
	_, err = s.Conversation(t.Context(), "nowhere")
	wantError(t, err, chat.NotFound, "")
	_, err = s.ConversationBetween(t.Context(), buyer, merchant)
	wantError(t, err, chat.NotFound, "")
	_, err = s.MessagesAfter(t.Context(), "nowhere", 0, 10)
	wantError(t, err, chat.NotFound, "")
	_, err = s.RecallsAfter(t.Context(), "nowhere", 0, 10)
	wantError(t, err, chat.NotFound, "")
}

func testBeginRace(t *testing.T, s chat.Store) {
	const n = 40
	results := make([]chat.Appended, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			r, err := s.Append(t.Context(), from(buyer, merchant, fmt.Sprint("n", i)))
			if err != nil {
				t.Error(err)
			}
			results[i] = r
		})
	}
	wg.Wait()
	begun := 0
	for _, r := range results {
		if r.Conversation.ID != results[0].Conversation.ID {
			t.Errorf("conversations %s and %s", r.Conversation.ID, results[0].Conversation.ID)
		}
		if r.Begun {
			begun++
		}
	}
	if begun != 1 {
		t.Errorf("begun %d times", begun)
	}
	wantGapless(t, s, results[0].Conversation.ID, n)
}

func wantGapless(t *testing.T, s chat.Store, id chat.ConversationID, n int) {
	t.Helper()
	ms := mustMessages(t, s, id)
	if len(ms) != n {
		t.Errorf("%d messages, want %d", len(ms), n)
	}
	for i, m := range ms {
		if m.Seq != chat.Seq(i+1) {
			t.Errorf("message %d has seq %d", i, m.Seq)
		}
	}
}

func testSendRace(t *testing.T, s chat.Store) {
	const senders, each = 10, 20
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			sender, other := buyer, merchant
			if i%2 == 1 {
				sender, other = other, sender
			}
			var last chat.Appended
			for n := range each {
				r, err := s.Append(t.Context(), from(sender, other, fmt.Sprintf("n-%d-%d", i, n)))
				if err != nil {
					t.Error(err)
				}
				if r.Message.Seq <= last.Message.Seq || r.Message.Rev <= last.Message.Rev ||
					r.Conversation.Sides[0].Pos <= last.Conversation.Sides[0].Pos {
					t.Errorf("message %d after %d of one sender", r.Message.Seq, last.Message.Seq)
				}
				last = r
			}
		})
	}
	wg.Wait()
	c, err := s.ConversationBetween(t.Context(), buyer, merchant)
	if err != nil {
		t.Fatal(err)
	}
	wantGapless(t, s, c.ID, senders*each)
	_, pos, err := s.Positions(t.Context(), []chat.UID{buyer, merchant})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "positions", map[chat.UID]chat.Pos{buyer: c.Sides[0].Pos, merchant: c.Sides[1].Pos}, pos)
}

func testRepeatRace(t *testing.T, s chat.Store) {
	const n = 30
	var wg sync.WaitGroup
	fresh := make(chan chat.Seq, n)
	for range n {
		wg.Go(func() {
			r, err := s.Append(t.Context(), from(buyer, merchant, "one"))
			if err != nil {
				t.Error(err)
			}
			if r.Message.Seq != 1 {
				t.Errorf("seq %d, want 1", r.Message.Seq)
			}
			if r.Fresh {
				fresh <- r.Message.Seq
			}
		})
	}
	wg.Wait()
	if len(fresh) != 1 {
		t.Errorf("%d fresh, want 1", len(fresh))
	}
}

func testByteForByte(t *testing.T, s chat.Store) {
	ids := map[chat.ConversationID]bool{}
	for _, uid := range []chat.UID{"U_a", "U_A", "U_a.", "U_a-", "U_à"} {
		ids[mustAppend(t, s, from(uid, merchant, "n")).Conversation.ID] = true
	}
	for _, nonce := range []string{"N", "n."} {
		if !mustAppend(t, s, from("U_a", merchant, nonce)).Fresh {
			t.Errorf("nonce %q is taken for another", nonce)
		}
	}
	if len(ids) != 5 {
		t.Errorf("%d conversations, want 5", len(ids))
	}
	for _, id := range []chat.ProductID{"p", "P"} {
		if err := s.PutProduct(t.Context(), chat.Product{ID: id, Merchant: merchant, Title: string(id), Kind: chat.Virtual}); err != nil {
			t.Fatal(err)
		}
	}
	if p, err := s.Product(t.Context(), "p"); err != nil || p.Title != "p" {
		t.Errorf("product p is %+v, %v", p, err)
	}
}

func testProductKept(t *testing.T, s chat.Store) {
	for i, tc := range []struct{ set, want chat.ProductID }{{"p1", "p1"}, {"", "p1"}, {"p2", "p2"}} {
		a := from(buyer, merchant, fmt.Sprint("n", i))
		a.Product = tc.set
		if got := mustAppend(t, s, a).Conversation.Product; got != tc.want {
			t.Errorf("product %q after %q, want %q", got, tc.set, tc.want)
		}
	}
}

// The times of messages are for people: numbers, positions and repeats go by none.
func testClockBack(t *testing.T, s chat.Store) {
	first := mustAppend(t, s, from(buyer, merchant, "n1"))
	late := from(buyer, merchant, "n2")
	late.SentAt = at.Add(-time.Hour)
	second := mustAppend(t, s, late)
	if m := second.Message; m.Seq != 2 || m.Rev <= first.Message.Rev || !m.SentAt.Equal(late.SentAt) {
		t.Errorf("seq %d, rev %d, sent at %v", m.Seq, m.Rev, m.SentAt)
	}
	for side, now := range second.Conversation.Sides {
		if before := first.Conversation.Sides[side]; now.Pos <= before.Pos {
			t.Errorf("side %d is at %d after %d", side, now.Pos, before.Pos)
		}
	}
	late.SentAt = at.Add(-2 * time.Hour)
	if again := mustAppend(t, s, late); again.Fresh || again.Message.Seq != 2 {
		t.Errorf("a repeat is fresh: %v, as %d", again.Fresh, again.Message.Seq)
	}
	ms := mustMessages(t, s, first.Conversation.ID)
	if len(ms) != 2 || ms[0].Nonce != "n1" || ms[1].Nonce != "n2" {
		t.Errorf("the history is %+v", ms)
	}
	changed, err := s.ChangedSince(t.Context(), merchant, first.Conversation.Sides[chat.MerchantSide].Pos, 10)
	if err != nil || len(changed) != 1 || changed[0].LastSeq != 2 || changed[0].Sides[chat.MerchantSide].Unread != 2 {
		t.Errorf("what changed is %+v, %v", changed, err)
	}
}

// The list goes by the time of the last message, whatever was said before: what is new
// stands below for as long as the clock is behind, and so does an old conversation that
// gets a message.
func testInboxClockBack(t *testing.T, s chat.Store) {
	write := func(uid chat.UID, nonce string, back time.Duration) chat.Conversation {
		t.Helper()
		a := from(uid, merchant, nonce)
		a.SentAt = at.Add(-back)
		c := mustAppend(t, s, a).Conversation
		if !c.LastAt.Equal(a.SentAt) {
			t.Errorf("%s's conversation is of %v after a message of %v", uid, c.LastAt, a.SentAt)
		}
		return c
	}
	want := func(buyers ...chat.UID) {
		t.Helper()
		for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
			for _, limit := range []int{1, 10} {
				got := pages(t, s, chat.ConversationQuery{UID: merchant, Order: order, Limit: limit})
				look(t, fmt.Sprint(order, " by ", limit), buyers, buyersOf(got))
			}
		}
	}
	write("U_1", "n1", 0)
	write("U_2", "n1", time.Hour)
	want("U_1", "U_2")
	c := write("U_1", "n2", 2*time.Hour)
	want("U_2", "U_1")
	look(t, "read back", c, mustConversation(t, s, c.ID))
}
