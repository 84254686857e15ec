package chat_test

import (
	"fmt"
	"log/slog"
	"testing"
	"testing/synctest"

	"haggle/internal/chat"
	"haggle/internal/ratelimit"
	"haggle/internal/testkit"
)

// Somebody who came as guest after guest wrote to every merchant without end.
func TestSend_guestsHadNoLimitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		limits := chat.DefaultLimits()
		limiter, err := ratelimit.New(limits.Rates, 1)
		if err != nil {
			t.Fatal(err)
		}
		store := testkit.NewMemStore()
		svc := chat.NewService(store, &recorder{}, limiter, limits, slog.New(slog.DiscardHandler))
		for i := range 6 {
			err := svc.Backend().PutProduct(t.Context(), chat.Product{
				ID: chat.ProductID(fmt.Sprint(i)), Merchant: chat.UID(fmt.Sprintf("V_%d", i)), Title: "Mug", Kind: chat.Virtual,
				Price: chat.Money{Amount: 5, Currency: "CNY"},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		// begin has so many people begin with so many merchants each.
		begin := func(people, merchants int, prefix, address string) (stored int, last error) {
			for n := range people {
				actor := chat.Actor{UID: chat.UID(fmt.Sprintf("%s%d", prefix, n)), Address: address}
				for m := range merchants {
					_, err := svc.Send(t.Context(), actor, chat.Draft{
						Product: chat.ProductID(fmt.Sprint(m)), Nonce: chat.Nonce(fmt.Sprint("n", m)), Blocks: text("hi"),
					}, "")
					if err == nil {
						stored++
					} else {
						last = err
					}
				}
			}
			return stored, last
		}
		stored, err := begin(10, 6, "U_g-a", "192.0.2.1")
		if want := limits.Rates[chat.ActionGuestBegin][0].Burst; stored != want || chat.KindOf(err) != chat.RateLimited {
			t.Errorf("the guests of one address began %d conversations, %v, want %d and then rate_limited", stored, err, want)
		}
		if stored, err := begin(1, 6, "U_g-b", "192.0.2.2"); stored != 6 {
			t.Errorf("a guest of another address began %d conversations, %v, want all 6", stored, err)
		}
		if stored, err := begin(10, 6, "U_", ""); stored != 60 {
			t.Errorf("people whom the shop knows began %d conversations, %v, want all 60", stored, err)
		}
	})
}
