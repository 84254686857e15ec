package storetest

import (
	"fmt"
	"testing"
	"time"

	"haggle/internal/chat"
)

func flagCases() []testCase {
	return []testCase{
		{"a flag is one side's own, and the other is not told", testFlags},
		{"what is marked counts as unread until its side reads on or writes", testMarked},
		{"the pinned, in pages", testPinned},
		{"the muted do not count", testMuted},
	}
}

func setFlag(t *testing.T, s chat.Store, id chat.ConversationID, side chat.Side, flag chat.Flag, on bool) chat.Conversation {
	t.Helper()
	c, err := s.SetFlag(t.Context(), id, side, flag, on)
	if err != nil {
		t.Fatalf("set %s: %v", flag, err)
	}
	return c
}

func testFlags(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	for _, flag := range []chat.Flag{chat.PinnedFlag, chat.MutedFlag, chat.MarkedFlag} {
		for _, side := range []chat.Side{chat.BuyerSide, chat.MerchantSide} {
			want := c
			want.Rev++
			want.Sides[side].Pos++
			*want.Sides[side].Flag(flag) = true
			c = setFlag(t, s, c.ID, side, flag, true)
			look(t, fmt.Sprint(flag, " by ", side), want, c)
			look(t, "stored", c, mustConversation(t, s, c.ID))
			look(t, "again", c, setFlag(t, s, c.ID, side, flag, true))
		}
	}
	for _, flag := range []chat.Flag{chat.PinnedFlag, chat.MutedFlag, chat.MarkedFlag} {
		c = setFlag(t, s, c.ID, chat.MerchantSide, flag, false)
		if *c.Sides[chat.MerchantSide].Flag(flag) || !*c.Sides[chat.BuyerSide].Flag(flag) {
			t.Errorf("%s taken away: %+v", flag, c.Sides)
		}
	}
	_, err := s.SetFlag(t.Context(), "nowhere", chat.BuyerSide, chat.PinnedFlag, true)
	wantError(t, err, chat.NotFound, "")
	_, err = s.SetFlag(t.Context(), c.ID, chat.BuyerSide, "starred", true)
	wantError(t, err, chat.Invalid, "")
}

func testMarked(t *testing.T, s chat.Store) {
	c := talk(t, s, 1) // the buyer's
	advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 1})
	counted := func(when string, conversations, listed int) {
		t.Helper()
		cs, ms, err := s.Unread(t.Context(), merchant)
		if err != nil || cs != int64(conversations) || ms != 0 && conversations == 0 {
			t.Errorf("%s: %d messages in %d conversations unread, %v, want %d", when, ms, cs, err, conversations)
		}
		list := pages(t, s, chat.ConversationQuery{UID: merchant, Filter: chat.UnreadConversations, Limit: 10})
		if len(list) != listed {
			t.Errorf("%s: %d listed as unread, want %d", when, len(list), listed)
		}
	}
	counted("read", 0, 0)
	setFlag(t, s, c.ID, chat.MerchantSide, chat.MarkedFlag, true)
	counted("marked", 1, 1)
	if got := mustConversation(t, s, c.ID); got.Sides[chat.MerchantSide].Read != 1 || got.Sides[chat.MerchantSide].Unread != 0 {
		t.Errorf("marked, the watermark is where it was not: %+v", got.Sides[chat.MerchantSide])
	}
	older := from("U_2", merchant, "n")
	older.SentAt = at.Add(time.Hour)
	later := mustAppend(t, s, older).Conversation
	advance(t, s, chat.Mark{Conversation: later.ID, Side: chat.MerchantSide, Read: 1})
	got := pages(t, s, chat.ConversationQuery{UID: merchant, Order: chat.UnreadFirst, Limit: 1})
	look(t, "unread first", []chat.UID{buyer, "U_2"}, buyersOf(got))

	mustAppend(t, s, from(merchant, buyer, "answer"))
	counted("answered", 0, 0)

	setFlag(t, s, c.ID, chat.MerchantSide, chat.MarkedFlag, true)
	next := mustAppend(t, s, from(buyer, merchant, "more")).Conversation
	if !next.Sides[chat.MerchantSide].Marked {
		t.Error("the other side's message took the mark away")
	}
	advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: next.LastSeq})
	counted("read on", 0, 0)
}

func testPinned(t *testing.T, s chat.Store) {
	for i := range 5 { // 1 and 3 pinned by the merchant, 2 by its buyer
		a := from(chat.UID(fmt.Sprint("U_", i)), merchant, "n")
		a.SentAt = at.Add(time.Duration(i) * time.Second)
		c := mustAppend(t, s, a).Conversation
		if i == 1 || i == 3 {
			setFlag(t, s, c.ID, chat.MerchantSide, chat.PinnedFlag, true)
		}
		if i == 2 {
			setFlag(t, s, c.ID, chat.BuyerSide, chat.PinnedFlag, true)
		}
	}
	for _, limit := range []int{1, 2, 10} {
		got := pages(t, s, chat.ConversationQuery{UID: merchant, Filter: chat.PinnedConversations, Limit: limit})
		look(t, fmt.Sprint("by ", limit), []chat.UID{"U_3", "U_1"}, buyersOf(got))
	}
	got := pages(t, s, chat.ConversationQuery{UID: "U_2", Filter: chat.PinnedConversations, Limit: 10})
	look(t, "the buyer's", []chat.UID{"U_2"}, buyersOf(got))
}

func testMuted(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	mustAppend(t, s, from("U_2", merchant, "n"))
	setFlag(t, s, c.ID, chat.MerchantSide, chat.MutedFlag, true)
	if cs, ms, err := s.Unread(t.Context(), merchant); err != nil || cs != 1 || ms != 1 {
		t.Errorf("%d messages in %d conversations unread, %v, want 1 in 1", ms, cs, err)
	}
	if got := pages(t, s, chat.ConversationQuery{UID: merchant, Filter: chat.UnreadConversations, Limit: 10}); len(got) != 2 {
		t.Errorf("%d listed as unread, want both: who looks is not called", len(got))
	}
}
