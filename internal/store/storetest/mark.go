package storetest

import (
	"sync"
	"testing"

	"haggle/internal/chat"
)

func markCases() []testCase {
	return []testCase{
		{"watermarks move forward and tell the right sides", testMarks},
		{"stale and made up marks are left out", testStaleMarks},
		{"unread is derived at every place", testUnreadEverywhere},
		{"many marks in one call", testManyMarks},
		{"many devices, one watermark", testMarkRace},
	}
}

func advance(t *testing.T, s chat.Store, marks ...chat.Mark) []chat.Advanced {
	t.Helper()
	as, err := s.Advance(t.Context(), marks)
	if err != nil {
		t.Fatalf("advance: %v", err)
	}
	return as
}

func testMarks(t *testing.T, s chat.Store) {
	c := talk(t, s, 5) // rev 5, both at pos 5; buyer's are 1, 3, 5

	as := advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Delivered: 4})
	c.Rev, c.Sides[1].Delivered, c.Sides[0].Pos = 6, 4, 6
	look(t, "delivered", []chat.Advanced{{Conversation: c, Side: chat.MerchantSide, Delivered: true}}, as)
	look(t, "stored", c, mustConversation(t, s, c.ID))

	as = advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 3})
	c.Rev, c.Sides[1].Read, c.Sides[1].Unread, c.Sides[0].Pos, c.Sides[1].Pos = 7, 3, 1, 7, 6
	look(t, "read", []chat.Advanced{{Conversation: c, Side: chat.MerchantSide, Read: true}}, as)

	as = advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 5})
	c.Rev, c.Sides[1].Read, c.Sides[1].Unread, c.Sides[0].Pos, c.Sides[1].Pos = 8, 5, 0, 8, 7
	c.Sides[1].Delivered = 5
	look(t, "read moves delivered along",
		[]chat.Advanced{{Conversation: c, Side: chat.MerchantSide, Delivered: true, Read: true}}, as)
	look(t, "stored", c, mustConversation(t, s, c.ID))
}

func testStaleMarks(t *testing.T, s chat.Store) {
	c := talk(t, s, 4)
	advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.BuyerSide, Delivered: 4, Read: 2})
	c = mustConversation(t, s, c.ID)
	for _, m := range []chat.Mark{
		{Conversation: c.ID, Side: chat.BuyerSide, Delivered: 3, Read: 1},
		{Conversation: c.ID, Side: chat.BuyerSide, Delivered: 4, Read: 2},
		{Conversation: c.ID, Side: chat.BuyerSide},
		{Conversation: c.ID, Side: chat.BuyerSide, Delivered: -1, Read: -7},
		{Conversation: c.ID, Side: chat.BuyerSide, Delivered: 5},
		{Conversation: c.ID, Side: chat.BuyerSide, Read: 5},
		{Conversation: c.ID, Side: chat.MerchantSide, Delivered: 4, Read: 1 << 60},
		{Conversation: c.ID, Side: chat.NoSide, Read: 4},
		{Conversation: "nowhere", Side: chat.BuyerSide, Read: 1},
	} {
		if as := advance(t, s, m); len(as) != 0 {
			t.Errorf("%+v moved: %+v", m, as)
		}
	}
	look(t, "conversation", c, mustConversation(t, s, c.ID))
	if as := advance(t, s); len(as) != 0 {
		t.Errorf("no marks moved %+v", as)
	}

	// The others must not suffer.
	as := advance(t, s,
		chat.Mark{Conversation: "nowhere", Side: chat.BuyerSide, Read: 1},
		chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Delivered: 9},
		chat.Mark{Conversation: c.ID, Side: chat.BuyerSide, Read: 4})
	if len(as) != 1 || !as[0].Read || as[0].Delivered || as[0].Side != chat.BuyerSide {
		t.Errorf("advanced %+v, want the good one", as)
	}
}

func testUnreadEverywhere(t *testing.T, s chat.Store) {
	var c chat.Conversation
	theirs := []int64{0}
	for i, side := range []int{0, 0, 1, 0, 1, 1, 1, 0} {
		a := from(buyer, merchant, string(rune('a'+i)))
		if side == 1 {
			a.Sender = merchant
		}
		c = mustAppend(t, s, a).Conversation
		theirs = append(theirs, theirs[i]+int64(side))
	}
	for read := 1; read <= 8; read++ {
		as := advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.BuyerSide, Read: chat.Seq(read)})
		if want := theirs[8] - theirs[read]; len(as) != 1 || as[0].Conversation.Sides[0].Unread != want {
			t.Errorf("read up to %d: %+v, want %d unread", read, as, want)
		}
		advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: chat.Seq(read)})
		c := mustConversation(t, s, c.ID)
		if want := 4 - (int64(read) - theirs[read]); c.Sides[1].Unread != want {
			t.Errorf("merchant read up to %d: %d unread, want %d", read, c.Sides[1].Unread, want)
		}
	}
	if r := mustAppend(t, s, from(merchant, buyer, "more")); r.Conversation.Sides[0].Unread != 1 {
		t.Errorf("%d unread after one more, want 1", r.Conversation.Sides[0].Unread)
	}
}

func testManyMarks(t *testing.T, s chat.Store) {
	var marks []chat.Mark
	for _, uid := range []chat.UID{"U_1", "U_2", "U_3"} {
		c := mustAppend(t, s, from(uid, merchant, "n")).Conversation
		marks = append(marks, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Delivered: 1, Read: 1})
	}
	marks = append(marks, marks[0]) // twice in one call
	as := advance(t, s, marks...)
	if len(as) != 3 {
		t.Fatalf("%d moved, want 3", len(as))
	}
	seen := map[chat.Pos]bool{}
	for i, a := range as {
		seen[a.Conversation.Sides[1].Pos] = true
		if a.Conversation.ID != marks[i].Conversation || !a.Delivered || !a.Read || a.Conversation.Sides[1].Unread != 0 {
			t.Errorf("mark %d: %+v", i, a)
		}
	}
	if len(seen) != 3 || !seen[4] || !seen[5] || !seen[6] {
		t.Errorf("positions %v, want 4, 5 and 6", seen)
	}
}

func testMarkRace(t *testing.T, s chat.Store) {
	c := talk(t, s, 20)
	var wg sync.WaitGroup
	var mu sync.Mutex
	moved := map[chat.Rev]chat.SideState{}
	for i := range 60 {
		wg.Go(func() {
			read := chat.Seq(i%20 + 1)
			as, err := s.Advance(t.Context(), []chat.Mark{{Conversation: c.ID, Side: chat.BuyerSide, Read: read}})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, a := range as {
				if _, ok := moved[a.Conversation.Rev]; ok {
					t.Errorf("two changes have rev %d", a.Conversation.Rev)
				}
				moved[a.Conversation.Rev] = a.Conversation.Sides[0]
			}
		})
	}
	wg.Wait()
	after := mustConversation(t, s, c.ID)
	if after.Sides[0].Read != 20 || after.Sides[0].Unread != 0 || after.Rev != c.Rev+chat.Rev(len(moved)) {
		t.Errorf("after the race: %+v, %d moves", after, len(moved))
	}
	for last, rev := chat.Seq(0), c.Rev+1; rev <= after.Rev; rev++ {
		if moved[rev].Read <= last {
			t.Errorf("rev %d: read %d after %d", rev, moved[rev].Read, last)
		}
		last = moved[rev].Read
	}
}
