package rest

import (
	"context"

	"golang.org/x/text/unicode/norm"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// empty is the input of a route that takes none.
type empty struct{}

type productIn struct {
	ID string `path:"id" maxLength:"64" doc:"The marketplace's own id of the product"`
}

type beginIn struct {
	Body BeginRequest
}

// BeginRequest names the product to talk about.
type BeginRequest struct {
	Product string `json:"product" doc:"The marketplace's own id of the product"`
}

type answer[T any] struct{ Body T }

func (a *API) accountRoutes() {
	actorIn(a, get("/v1/me", "me", tagAccount, "Who the token says one is",
		"Also how much is unread, where one's changes stand (see `/v1/changes`) and the limits to check before asking."), a.me)
	actorIn(a, post("/v1/begin", "begin", tagConversations, "Begin to talk about a product",
		"What a page needs to talk about a product with its seller, buyers only. It creates nothing: the first message does. "+
			"The seller is always the product's own."), a.begin)
	actorIn(a, get("/v1/products", "products", tagConversations, "One's own products",
		"What a merchant has for sale, by title, merchants only. Pages end when `cursor` is absent; the last may be empty."), a.products)
	actorIn(a, get("/v1/products/{id}", "product", tagConversations, "A product",
		"Also one that is no longer for sale: then `deleted` is set."), a.product)
}

type productsIn struct {
	Search string `query:"search" maxLength:"64" doc:"Part of the title, letter case aside"`
	Cursor string `query:"cursor" maxLength:"64" doc:"From the page before; the search stays the same"`
	Limit  int    `query:"limit" minimum:"1" maximum:"100" default:"50"`
}

func (a *API) me(ctx context.Context, actor chat.Actor, _ *empty) (*answer[wire.Me], error) {
	if id, ok := ctx.Value(identityKey{}).(chat.Identity); ok {
		a.meet(ctx, id)
	}
	self, err := a.svc.Me(ctx, actor)
	if err != nil {
		return nil, err
	}
	l := a.svc.Limits()
	var weChat *wire.WeChat
	if a.WeChat != nil {
		weChat = &wire.WeChat{JS: a.WeChatJS}
	}
	return &answer[wire.Me]{wire.Me{
		WeChat:      weChat,
		Participant: wire.FromParticipant(&self.Participant), Side: wire.SideName(actor.Side()),
		Agent: string(actor.Agent), AgentName: actor.AgentName, Guest: actor.UID.IsGuest(),
		Position: wire.FromPosition(self.Position), UnreadConversations: self.UnreadConversations, Unread: self.Unread,
		Limits: wire.Limits{
			Text: l.TextRunes, Blocks: l.Blocks, Images: l.Images,
			UploadBytes: l.UploadBytes, UploadPixels: l.UploadPixels, RecallMS: l.RecallWithin.Milliseconds(),
		},
	}}, nil
}

// meet keeps the name and avatar of the marketplace's word. That they cannot be
// kept keeps nobody out.
func (a *API) meet(ctx context.Context, id chat.Identity) {
	if err := a.svc.Meet(ctx, id); err != nil {
		a.log.WarnContext(ctx, "keep name and avatar", "uid", id.Actor.UID, "request_id", RequestID(ctx), "err", err)
	}
}

func (a *API) begin(ctx context.Context, actor chat.Actor, in *beginIn) (*answer[wire.Begin], error) {
	product, err := chat.ParseProductID(in.Body.Product)
	if err != nil {
		return nil, err
	}
	b, err := a.svc.Begin(ctx, actor, product)
	if err != nil {
		return nil, err
	}
	out := wire.Begin{
		Product: wire.FromProduct(&b.Product), Merchant: wire.FromParticipant(&b.Merchant),
		Presence: wire.PresenceName(b.Presence), RepliesWithinMS: b.RepliesWithin.Milliseconds(),
	}
	if b.Closed != nil {
		out.Closed = wire.FromClosed(b.Closed)
	}
	if b.Conversation != nil {
		c := wire.FromConversation(b.Conversation, actor.Side())
		out.Conversation = &c
	}
	return &answer[wire.Begin]{out}, nil
}

func (a *API) product(ctx context.Context, _ chat.Actor, in *productIn) (*answer[wire.Product], error) {
	id, err := chat.ParseProductID(in.ID)
	if err != nil {
		return nil, err
	}
	p, err := a.svc.Product(ctx, id)
	if err != nil {
		return nil, err
	}
	return &answer[wire.Product]{wire.FromProduct(&p)}, nil
}

func (a *API) products(ctx context.Context, actor chat.Actor, in *productsIn) (*answer[wire.ProductPage], error) {
	q := chat.ProductQuery{Search: norm.NFC.String(in.Search), Limit: min(in.Limit, a.svc.Limits().PageSize)}
	if in.Cursor != "" {
		after, err := chat.ParseProductID(in.Cursor)
		if err != nil {
			return nil, chat.Codef(chat.Invalid, "invalid_cursor", "this cursor is not one of this list's")
		}
		q.After = after
	}
	ps, err := a.svc.Products(ctx, actor, q)
	if err != nil {
		return nil, err
	}
	page := wire.ProductPage{Products: wire.FromProducts(ps)}
	if n := len(ps); n > 0 && n == q.Limit {
		page.Cursor = string(ps[n-1].ID)
	}
	return &answer[wire.ProductPage]{page}, nil
}
