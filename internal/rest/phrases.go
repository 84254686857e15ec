package rest

import (
	"context"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// PhrasePath names a phrase.
type PhrasePath struct {
	Scope string `path:"scope" enum:"mine,shop" doc:"One's own, or those of all of the shop's staff"`
	ID    string `path:"id" maxLength:"64" doc:"Chosen by who keeps it: 1 to 64 of A-Z a-z 0-9 . _ -"`
}

type phraseIn struct {
	PhrasePath

	Body PhraseRequest
}

// PhraseRequest is what a phrase says from now on.
type PhraseRequest struct {
	Title string `json:"title,omitzero" doc:"To find it by; shown on one line"`
	Text  string `json:"text" doc:"May hold {buyer} and {product}, which the console fills in"`
	Place int64  `json:"place,omitzero" doc:"Phrases are sorted by it, then by id"`
}

type settingsIn struct {
	Body wire.ShopSettings
}

func (a *API) settingsRoutes() {
	actorIn(a, get("/v1/settings/shop", "shop-settings", tagPhrases, "What the shop says by itself",
		"The greeting, the away message and the business hours, merchants only."), a.shopSettings)
	actorIn(a, put("/v1/settings/shop", "put-shop-settings", tagPhrases, "Set what the shop says by itself",
		"In place of the settings with the given version; 409 with code `settings_changed` if they have another by now."), a.putShopSettings)
}

func (a *API) shopSettings(ctx context.Context, actor chat.Actor, _ *empty) (*answer[wire.ShopSettings], error) {
	set, err := a.svc.ShopSettings(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &answer[wire.ShopSettings]{wire.FromShopSettings(&set)}, nil
}

func (a *API) putShopSettings(ctx context.Context, actor chat.Actor, in *settingsIn) (*answer[wire.ShopSettings], error) {
	set, err := a.svc.PutShopSettings(ctx, actor, in.Body.ToShopSettings())
	if err != nil {
		return nil, err
	}
	return &answer[wire.ShopSettings]{wire.FromShopSettings(&set)}, nil
}

func (a *API) phraseRoutes() {
	actorIn(a, get("/v1/phrases", "phrases", tagPhrases, "Quick phrases",
		"An agent's own and those of its shop, merchants only."), a.phrases)
	actorIn(a, put("/v1/phrases/{scope}/{id}", "put-phrase", tagPhrases, "Keep a phrase",
		"In place of what the id named before. A repeat changes nothing."), a.putPhrase)
	actorIn(a, del("/v1/phrases/{scope}/{id}", "delete-phrase", tagPhrases, "Forget a phrase", ""), a.deletePhrase)
}

func (a *API) phrases(ctx context.Context, actor chat.Actor, _ *empty) (*answer[wire.Phrases], error) {
	own, shop, err := a.svc.Phrases(ctx, actor)
	if err != nil {
		return nil, err
	}
	return &answer[wire.Phrases]{wire.Phrases{Mine: wire.FromPhrases(own), Shop: wire.FromPhrases(shop)}}, nil
}

func (a *API) putPhrase(ctx context.Context, actor chat.Actor, in *phraseIn) (*struct{}, error) {
	id, err := chat.ParsePhraseID(in.ID)
	if err != nil {
		return nil, err
	}
	p := chat.Phrase{ID: id, Title: in.Body.Title, Text: in.Body.Text, Place: in.Body.Place}
	return nil, a.svc.PutPhrase(ctx, actor, in.Scope == "shop", p)
}

func (a *API) deletePhrase(ctx context.Context, actor chat.Actor, in *PhrasePath) (*struct{}, error) {
	id, err := chat.ParsePhraseID(in.ID)
	if err != nil {
		return nil, err
	}
	return nil, a.svc.DeletePhrase(ctx, actor, in.Scope == "shop", id)
}
