package rest_test

import (
	"net/http"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/rest"
	"haggle/internal/webhook"
)

// withWebhook has the shop told of what merchants do not read within a minute.
func withWebhook(_ *rest.Deps, _ *auth.Config, l *chat.Limits) {
	l.RemindAfter = [2]time.Duration{chat.MerchantSide: time.Minute}
}

// The shop looks up what it was not told while it was down, and asks for it again.
func TestWebhookDeliveries(t *testing.T) {
	f := newFixture(t, withWebhook)
	ack := f.says("U_1", "n1", "still there?")
	after := [2]time.Duration{chat.MerchantSide: time.Minute}
	now := time.Now().Add(time.Hour)
	leased, err := f.store.LeaseReminders(t.Context(), chat.ReminderLease{Now: now, Until: now.Add(time.Minute), After: after, Limit: 9})
	if err != nil || len(leased) != 1 {
		t.Fatalf("leased %+v, %v", leased, err)
	}
	err = f.store.SettleReminder(t.Context(), leased[0], chat.ReminderOutcome{At: now, After: after, GivenUp: true, Failure: "the answer was 500"})
	if err != nil {
		t.Fatal(err)
	}
	var page rest.WebhookDeliveryPage
	f.want(request{method: "GET", path: "/v1/server/webhook-deliveries", backend: true}, http.StatusOK, &page)
	if len(page.Deliveries) != 1 || page.More {
		t.Fatalf("page %+v", page)
	}
	d := page.Deliveries[0]
	if d.ID != string(leased[0].ID) || d.Conversation != ack.Conversation || d.Recipient != "merchant" || d.Buyer != "U_1" ||
		d.Seq != 1 || d.Attempts != 1 || d.Failure != "the answer was 500" || d.FailedAt != now.UnixMilli() {
		t.Errorf("delivery %+v", d)
	}
	f.want(request{method: "POST", path: "/v1/server/webhook-deliveries/" + d.ID + "/retry", backend: true}, http.StatusNoContent, nil)
	f.fails(request{method: "POST", path: "/v1/server/webhook-deliveries/" + d.ID + "/retry", backend: true}, http.StatusNotFound, "not_found")
	if waiting, given, err := f.store.CountReminders(t.Context()); err != nil || waiting != 1 || given != 0 {
		t.Errorf("%d wait, %d were given up, %v", waiting, given, err)
	}
}

var _ rest.Webhook = (*webhook.Worker)(nil)
