package chat_test

import (
	"strings"
	"testing"

	"haggle/internal/chat"
)

func TestBackend_products(t *testing.T) {
	valid := chat.Product{
		ID: "1", Merchant: "E_9", Title: "Lamp", Kind: chat.Physical, Price: chat.Money{Currency: "EUR"},
		Image: "/lamp.jpg", URL: "https://shop.example/lamp", Stock: new(int64(0)),
	}
	for _, tc := range []struct {
		name   string
		change func(*chat.Product)
		code   string
	}{
		{"as it is", func(*chat.Product) {}, ""},
		{"a buyer sells", func(p *chat.Product) { p.Merchant = "U_1" }, "invalid_merchant"},
		{"nobody sells", func(p *chat.Product) { p.Merchant = "" }, "invalid_uid"},
		{"an id with a blank", func(p *chat.Product) { p.ID = "a b" }, "invalid_product"},
		{"no title", func(p *chat.Product) { p.Title = " \u200b " }, "no_title"},
		{"an unknown kind", func(p *chat.Product) { p.Kind = "service" }, "invalid_kind"},
		{"a price below 0", func(p *chat.Product) { p.Price.Amount = -1 }, "invalid_price"},
		{"a currency in small letters", func(p *chat.Product) { p.Price.Currency = "eur" }, "invalid_price"},
		{"stock below 0", func(p *chat.Product) { p.Stock = new(int64(-1)) }, "invalid_stock"},
		{"a script for a URL", func(p *chat.Product) { p.URL = "javascript:alert(1)" }, "invalid_url"},
		{"another host without a scheme", func(p *chat.Product) { p.Image = "//evil.example/x" }, "invalid_url"},
		{"a blank in a URL", func(p *chat.Product) { p.URL = "https://a b" }, "invalid_url"},
		{"a URL too long", func(p *chat.Product) { p.URL = "/" + strings.Repeat("x", 2048) }, "url_too_long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			p := valid
			tc.change(&p)
			err := w.Backend().PutProduct(t.Context(), p)
			if tc.code != "" {
				wantCode(t, err, tc.code)
			} else if err != nil {
				t.Error(err)
			}
		})
	}
}

func TestBackend_participants(t *testing.T) {
	w := newWorld(t)
	wantCode(t, w.Backend().PutParticipant(t.Context(), chat.Participant{UID: chat.NewGuest(), Name: "x"}), "invalid_uid")
	wantCode(t, w.Backend().PutParticipant(t.Context(), chat.Participant{UID: "U_1", Avatar: "data:x"}), "invalid_url")
	if err := w.Backend().PutParticipant(t.Context(), chat.Participant{UID: "U_42", Name: " Ming\u202e \n Li "}); err != nil {
		t.Fatal(err)
	}
	me, err := w.Me(t.Context(), buyer)
	if err != nil || me.Participant.Name != "Ming Li" {
		t.Errorf("Me = %+v, %v; want a clean name", me, err)
	}
}

func TestBackend_revoke(t *testing.T) {
	w := newWorld(t)
	if at, err := w.RevokedAt(t.Context(), "U_42"); err != nil || !at.IsZero() {
		t.Errorf("before: %v, %v", at, err)
	}
	if err := w.Backend().Revoke(t.Context(), "U_42"); err != nil {
		t.Fatal(err)
	}
	at, err := w.RevokedAt(t.Context(), "U_42")
	events := w.bus.take()
	if err != nil || at.IsZero() || len(events) != 1 || events[0].Revoked == nil || !events[0].Revoked.At.Equal(at) {
		t.Errorf("after: %v, %v, announced %+v", at, err, events)
	}
}

func TestBackend_push(t *testing.T) {
	w := newWorld(t)
	wantCode(t, w.Backend().Push(t.Context(), "U_42", make([]byte, 16<<10+1)), "push_too_large")
	wantCode(t, w.Backend().Push(t.Context(), "42", []byte("1")), "invalid_uid")
	if err := w.Backend().Push(t.Context(), "U_42", []byte(`{"a":1}`)); err != nil {
		t.Fatal(err)
	}
	if events := w.bus.take(); len(events) != 1 || string(events[0].Push.Payload) != `{"a":1}` {
		t.Errorf("announced %+v", events)
	}
}
