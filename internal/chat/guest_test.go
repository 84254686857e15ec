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

// limitedService is a service with the limits that installations have; six
// merchants sell a mug each.
func limitedService(t *testing.T) *chat.Service {
	t.Helper()
	limits := chat.DefaultLimits()
	limiter, err := ratelimit.New(limits.Rates, 1)
	if err != nil {
		t.Fatal(err)
	}
	svc := chat.NewService(testkit.NewMemStore(), &recorder{}, limiter, limits, slog.New(slog.DiscardHandler))
	for i := range 6 {
		err := svc.Backend().PutProduct(t.Context(), chat.Product{
			ID: chat.ProductID(fmt.Sprint(i)), Merchant: chat.UID(fmt.Sprint("V_", i)), Title: "Mug", Kind: chat.Virtual,
			Price: chat.Money{Amount: 5, Currency: "CNY"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return svc
}

// Somebody who came as guest after guest wrote to every merchant without end.
func TestSend_guestsHadNoLimitTogether(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		svc := limitedService(t)
		// begin has people write to all six merchants, each of them.
		begin := func(people int, prefix, address string) (stored int, last error) {
			for i := range people * 6 {
				actor := chat.Actor{UID: chat.UID(fmt.Sprint(prefix, i/6)), Address: address}
				merchant := fmt.Sprint(i % 6)
				_, err := svc.Send(t.Context(), actor, chat.Draft{
					Product: chat.ProductID(merchant), Nonce: chat.Nonce("n" + merchant), Blocks: text("hi"),
				}, "")
				if err != nil {
					last = err
					continue
				}
				stored++
			}
			return stored, last
		}
		stored, err := begin(10, "U_g-a", "192.0.2.1")
		if want := svc.Limits().Rates[chat.ActionGuestBegin][0].Burst; stored != want || chat.KindOf(err) != chat.RateLimited {
			t.Errorf("the guests of one address began %d conversations, %v, want %d and then rate_limited", stored, err, want)
		}
		if stored, err := begin(1, "U_g-b", "192.0.2.2"); stored != 6 {
			t.Errorf("a guest of another address began %d conversations, %v, want all 6", stored, err)
		}
		if stored, err := begin(10, "U_", ""); stored != 60 {
			t.Errorf("people whom the shop knows began %d conversations, %v, want all 60", stored, err)
		}
	})
}
