package rest

import (
	"context"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Webhook is what there is to see of what the shop is told; *webhook.Worker is one.
type Webhook interface {
	// Undelivered returns up to limit of those that were given up, after a number.
	Undelivered(ctx context.Context, after chat.ReminderNum, limit int) ([]chat.Undelivered, error)

	// Retry makes one that was given up due again.
	Retry(ctx context.Context, id chat.ReminderID) error
}

type deliveriesIn struct {
	After int64 `query:"after" minimum:"0" default:"0" doc:"The page after this num: the last one that one has seen"`
	Limit int   `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

type deliveryIn struct {
	ID string `path:"id" maxLength:"64" doc:"What the webhook's header Haggle-Id said"`
}

// WebhookDeliveryPage is a page of what the shop could not be told, in the order in
// which it was given up.
type WebhookDeliveryPage struct {
	Deliveries []WebhookDelivery `json:"deliveries"`
	More       bool              `json:"more,omitzero" doc:"There may be others: go on after the last num"`
}

// WebhookDelivery is something that the shop could not be told.
type WebhookDelivery struct {
	Num          int64  `json:"num" doc:"Counts what was given up: what came later has a greater num"`
	ID           string `json:"id" doc:"The same as in the header Haggle-Id"`
	Type         string `json:"type" enum:"message.unread"`
	Conversation string `json:"conversation"`
	Buyer        string `json:"buyer" doc:"Uid"`
	Merchant     string `json:"merchant" doc:"Uid"`
	Recipient    string `json:"recipient" enum:"buyer,merchant" doc:"Who had not read"`
	Seq          int64  `json:"seq" doc:"Of the newest message it is about"`
	Attempts     int    `json:"attempts"`
	Failure      string `json:"failure" doc:"Why the last one failed"`
	CreatedAt    int64  `json:"created_at"`
	TriedAt      int64  `json:"tried_at" doc:"The first time"`
	FailedAt     int64  `json:"failed_at" doc:"The last time. It is kept for 30 days from then on"`
}

// webhookRoutes are there only where there is a webhook.
func (a *API) webhookRoutes() {
	if a.Webhook == nil {
		return
	}
	backendIn(a, get("/v1/server/webhook-deliveries", "webhook-deliveries", tagServer, "What the shop could not be told",
		"Webhooks that were given up after a day of attempts, or because the answer was 410. Where the server runs with `--webhook-url`."), a.deliveries)
	backendIn(a, post("/v1/server/webhook-deliveries/{id}/retry", "retry-webhook-delivery", tagServer, "Try again to tell the shop",
		"At once and under the same id, for another day. Nothing is sent if the messages have been read meanwhile. Where newer ones are "+
			"under way, those tell it all."), a.retryDelivery)
}

func (a *API) deliveries(ctx context.Context, in *deliveriesIn) (*answer[WebhookDeliveryPage], error) {
	limit := min(in.Limit, a.svc.Limits().PageSize)
	found, err := a.Webhook.Undelivered(ctx, chat.ReminderNum(in.After), limit)
	if err != nil {
		return nil, err
	}
	page := WebhookDeliveryPage{Deliveries: make([]WebhookDelivery, len(found)), More: len(found) == limit}
	for i := range found {
		page.Deliveries[i] = fromUndelivered(&found[i])
	}
	return &answer[WebhookDeliveryPage]{page}, nil
}

func fromUndelivered(u *chat.Undelivered) WebhookDelivery {
	return WebhookDelivery{
		Num: int64(u.Num), ID: string(u.ID), Type: wire.WebhookUnread, Conversation: string(u.Conversation),
		Buyer: string(u.UIDs[chat.BuyerSide]), Merchant: string(u.UIDs[chat.MerchantSide]), Recipient: wire.SideName(u.Side),
		Seq: int64(u.Seq), Attempts: u.Attempts, Failure: u.Failure,
		CreatedAt: u.MadeAt.UnixMilli(), TriedAt: u.TriedAt.UnixMilli(), FailedAt: u.FailedAt.UnixMilli(),
	}
}

func (a *API) retryDelivery(ctx context.Context, in *deliveryIn) (*struct{}, error) {
	return nil, a.Webhook.Retry(ctx, chat.ReminderID(in.ID))
}
