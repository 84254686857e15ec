package storetest

import (
	"testing"
	"time"

	"haggle/internal/chat"
)

func settingsCases() []testCase {
	return []testCase{
		{"a shop's settings, and nobody else's", testShopSettings},
		{"of two who change the same settings one is told", testShopSettingsConflict},
		{"a message keeps that the server wrote it by itself", testAutomatic},
	}
}

func shopSettings(version int64) chat.ShopSettings {
	return chat.ShopSettings{
		Version:  version,
		Greeting: chat.AutoText{On: true, Text: everyText()},
		Away:     chat.AutoText{Text: "later"},
		Hours: chat.Hours{TimeZone: "Asia/Shanghai", Openings: []chat.Opening{
			{Day: time.Sunday, From: 0, To: 1440}, {Day: time.Saturday, From: 540, To: 1080},
		}},
	}
}

func mustSettings(t *testing.T, s chat.Store, merchant chat.UID) chat.ShopSettings {
	t.Helper()
	set, err := s.ShopSettings(t.Context(), merchant)
	if err != nil {
		t.Fatal(err)
	}
	return set
}

func testShopSettings(t *testing.T, s chat.Store) {
	look(t, "before any", chat.ShopSettings{}, mustSettings(t, s, merchant))
	stored, err := s.PutShopSettings(t.Context(), merchant, shopSettings(0))
	if err != nil {
		t.Fatal(err)
	}
	look(t, "as stored", shopSettings(1), stored)
	look(t, "as read", shopSettings(1), mustSettings(t, s, merchant))
	look(t, "another shop's", chat.ShopSettings{}, mustSettings(t, s, "V_2"))
	stored.Away.On = true
	if stored, err = s.PutShopSettings(t.Context(), merchant, stored); err != nil || stored.Version != 2 {
		t.Errorf("changed: version %d, %v", stored.Version, err)
	}
	look(t, "as read again", stored, mustSettings(t, s, merchant))
}

func testShopSettingsConflict(t *testing.T, s chat.Store) {
	if _, err := s.PutShopSettings(t.Context(), merchant, shopSettings(1)); err == nil {
		t.Error("settings that nobody has seen were changed")
	}
	if _, err := s.PutShopSettings(t.Context(), merchant, shopSettings(0)); err != nil {
		t.Fatal(err)
	}
	late := shopSettings(0)
	late.Greeting.Text = "mine"
	_, err := s.PutShopSettings(t.Context(), merchant, late)
	wantError(t, err, chat.Conflict, "settings_changed")
	look(t, "after the refusal", shopSettings(1), mustSettings(t, s, merchant))
}

func testAutomatic(t *testing.T, s chat.Store) {
	c := mustAppend(t, s, from(buyer, merchant, "n1")).Conversation
	a := from(merchant, buyer, "auto-greeting")
	a.Auto = chat.Greeting
	mustAppend(t, s, a)
	again := mustAppend(t, s, a)
	if again.Fresh || again.Message.Auto != chat.Greeting {
		t.Errorf("again: %+v", again.Message)
	}
	ms := mustMessages(t, s, c.ID)
	if len(ms) != 2 || ms[0].Auto != chat.ByHand || ms[1].Auto != chat.Greeting {
		t.Errorf("the messages are %+v", ms)
	}
	got := mustConversation(t, s, c.ID)
	if !got.Sides[chat.MerchantSide].Waiting || got.Sides[chat.BuyerSide].Waiting {
		t.Error("nobody has answered yet: it is the buyer who waits for the merchant")
	}
	if got.Sides[chat.MerchantSide].Unread != 1 || got.Sides[chat.BuyerSide].Unread != 1 {
		t.Errorf("unread %d and %d, want 1 each: nobody has read anything", got.Sides[chat.MerchantSide].Unread, got.Sides[chat.BuyerSide].Unread)
	}
}
