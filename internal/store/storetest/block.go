package storetest

import (
	"testing"

	"haggle/internal/chat"
)

func blockCases() []testCase {
	return []testCase{
		{"a blocked side is refused, and so is the blocking one", testBlocked},
		{"blocking twice is blocking once", testBlockedTwice},
	}
}

func testBlocked(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	blocked, err := s.SetBlocked(t.Context(), c.ID, chat.MerchantSide, true)
	if err != nil {
		t.Fatal(err)
	}
	if !blocked.Sides[1].Blocked || blocked.Sides[0].Blocked || blocked.Rev != c.Rev+1 ||
		blocked.Sides[0].Pos != c.Sides[0].Pos+1 || blocked.Sides[1].Pos != c.Sides[1].Pos+1 {
		t.Errorf("blocked: %+v", blocked)
	}
	look(t, "stored", blocked, mustConversation(t, s, c.ID))
	_, err = s.Append(t.Context(), from(buyer, merchant, "b"))
	wantError(t, err, chat.Denied, "blocked")
	_, err = s.Append(t.Context(), from(merchant, buyer, "m"))
	wantError(t, err, chat.Denied, "blocked_by_you")
	look(t, "unchanged", blocked, mustConversation(t, s, c.ID))

	if _, err := s.SetBlocked(t.Context(), c.ID, chat.MerchantSide, false); err != nil {
		t.Fatal(err)
	}
	if r := mustAppend(t, s, from(buyer, merchant, "b")); r.Message.Seq != 2 {
		t.Errorf("seq %d after the block, want 2", r.Message.Seq)
	}
}

func testBlockedTwice(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	first, err := s.SetBlocked(t.Context(), c.ID, chat.BuyerSide, true)
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.SetBlocked(t.Context(), c.ID, chat.BuyerSide, true)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "second", first, second)
	_, err = s.SetBlocked(t.Context(), "nowhere", chat.BuyerSide, true)
	wantError(t, err, chat.NotFound, "")
}
