package storetest

import (
	"testing"
	"time"

	"haggle/internal/chat"
)

func directoryCases() []testCase {
	return []testCase{
		{"participants are put, replaced and forgotten", testParticipants},
		{"a revocation is known of whomever it ends", testRevoke},
		{"products are put, replaced and taken off sale", testProducts},
		{"a merchant's products come in pages by title", testProductsOf},
	}
}

func testParticipants(t *testing.T, s chat.Store) {
	ctx := t.Context()
	talk(t, s, 1) // a message alone makes nobody known
	for _, name := range []string{"First", "Second"} {
		if err := s.PutParticipant(ctx, buyer, name, "/"+name); err != nil {
			t.Fatal(err)
		}
	}
	ps, err := s.Participants(ctx, []chat.UID{buyer, merchant, "U_9"})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "known", map[chat.UID]chat.Participant{buyer: {UID: buyer, Name: "Second", Avatar: "/Second"}}, ps)

	if err := s.DeleteParticipant(ctx, buyer); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.DeleteParticipant(ctx, buyer), chat.NotFound, "")
	wantError(t, s.DeleteParticipant(ctx, "U_9"), chat.NotFound, "")
	if ps, err = s.Participants(ctx, []chat.UID{buyer}); err != nil || len(ps) != 0 {
		t.Errorf("after deleting: %v, %v", ps, err)
	}
	_, pos, err := s.Positions(ctx, []chat.UID{buyer})
	if err != nil || pos[buyer] != 1 {
		t.Errorf("position %v, %v: forgetting the name must not touch it", pos, err)
	}
	c, err := s.ConversationBetween(ctx, buyer, merchant)
	if err != nil || c.LastSeq != 1 {
		t.Errorf("conversation %+v, %v: its messages stay", c, err)
	}
}

func testRevoke(t *testing.T, s chat.Store) {
	ctx := t.Context()
	for _, when := range []time.Time{at, at.Add(time.Hour), at.Add(time.Minute)} { // the latest counts
		if err := s.Revoke(ctx, buyer, when); err != nil {
			t.Fatal(err)
		}
	}
	want := map[chat.UID]chat.Participant{buyer: {UID: buyer, RevokedAt: at.Add(time.Hour)}}
	ps, err := s.Participants(ctx, []chat.UID{buyer})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "revoked", want, ps)
	if err := s.PutParticipant(ctx, buyer, "Name", ""); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteParticipant(ctx, buyer); err != nil {
		t.Fatal(err)
	}
	if ps, err = s.Participants(ctx, []chat.UID{buyer}); err != nil {
		t.Fatal(err)
	}
	look(t, "deleting does not undo it", want, ps)
}

func testProducts(t *testing.T, s chat.Store) {
	ctx := t.Context()
	stock := int64(7)
	p := chat.Product{
		ID: "p1", Merchant: merchant, Title: "茶 🍵", Price: chat.Money{Amount: 1250, Currency: "CNY"},
		Image: "/i", URL: "/u", Kind: chat.Physical, Stock: &stock,
	}
	uncounted := chat.Product{ID: "p2", Merchant: "V_2", Title: "Key", Kind: chat.Virtual}
	for _, put := range []chat.Product{{ID: "p1", Merchant: "V_9", Title: "old", Kind: chat.Virtual}, p, uncounted} {
		if err := s.PutProduct(ctx, put); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Products(ctx, []chat.ProductID{"p1", "p2", "p3"})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "products", map[chat.ProductID]chat.Product{"p1": p, "p2": uncounted}, got)

	if err := s.DeleteProduct(ctx, "p1"); err != nil {
		t.Fatal(err)
	}
	one, err := s.Product(ctx, "p1")
	if err != nil {
		t.Fatal(err)
	}
	p.Deleted = true
	look(t, "deleted", p, one)
	p.Deleted = false
	if err := s.PutProduct(ctx, p); err != nil {
		t.Fatal(err)
	}
	if one, err = s.Product(ctx, "p1"); err != nil || one.Deleted {
		t.Errorf("put again: %+v, %v", one, err)
	}
	_, err = s.Product(ctx, "p3")
	wantError(t, err, chat.NotFound, "")
	wantError(t, s.DeleteProduct(ctx, "p3"), chat.NotFound, "")
}

func testProductsOf(t *testing.T, s chat.Store) {
	ctx := t.Context()
	for id, title := range map[chat.ProductID]string{
		"1": "iPhone 手机壳", "2": "apple", "3": "Banana", "4": "apple", "5": "100% ÄPFEL", "6": "gone",
	} {
		put := chat.Product{ID: id, Merchant: merchant, Title: title, Kind: chat.Physical}
		if err := s.PutProduct(ctx, put); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.PutProduct(ctx, chat.Product{ID: "7", Merchant: "V_2", Title: "apple", Kind: chat.Physical}); err != nil {
		t.Fatal(err)
	}
	if err := s.DeleteProduct(ctx, "6"); err != nil {
		t.Fatal(err)
	}
	list := func(search string, limit int) []chat.ProductID {
		t.Helper()
		var ids []chat.ProductID
		for after := chat.ProductID(""); ; {
			ps, err := s.ProductsOf(ctx, chat.ProductQuery{Merchant: merchant, Search: search, After: after, Limit: limit})
			if err != nil {
				t.Fatal(err)
			}
			for _, p := range ps {
				ids = append(ids, p.ID)
			}
			if len(ps) < limit {
				return ids
			}
			after = ps[len(ps)-1].ID
		}
	}
	for _, limit := range []int{1, 2, 3, 10} {
		look(t, "all", []chat.ProductID{"5", "2", "4", "3", "1"}, list("", limit))
		look(t, "a word in another letter case", []chat.ProductID{"2", "4"}, list("APPLE", limit))
	}
	look(t, "two Chinese characters", []chat.ProductID{"1"}, list("手机", 10))
	look(t, "letters beyond ASCII", []chat.ProductID{"5"}, list("äpf", 10))
	look(t, "what SQL takes for a pattern", []chat.ProductID{"5"}, list("0%", 10))
	look(t, "nothing", []chat.ProductID(nil), list("_", 10))
}
