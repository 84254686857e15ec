package rest

import (
	"context"
	"encoding/json"

	"github.com/danielgtaylor/huma/v2"
	"golang.org/x/text/unicode/norm"

	"haggle/internal/auth"
	"haggle/internal/chat"
)

// ProductPut is a product as the shop's backend tells of it.
type ProductPut struct {
	ID       string `json:"id,omitzero" doc:"If given, the same as in the path; needed in a bulk line"`
	Merchant string `json:"merchant" doc:"The seller's uid"`
	Title    string `json:"title"`
	Amount   int64  `json:"amount" minimum:"0" doc:"The price in minor units"`
	Currency string `json:"currency" doc:"ISO 4217"`
	Image    string `json:"image,omitzero" doc:"https URL, or a path of the shop"`
	URL      string `json:"url,omitzero" doc:"The product's page"`
	Kind     string `json:"kind" enum:"virtual,physical"`
	Stock    *int64 `json:"stock,omitzero" minimum:"0" doc:"Absent: not counted"`
}

func (p *ProductPut) product() chat.Product {
	return chat.Product{
		ID: chat.ProductID(p.ID), Merchant: chat.UID(p.Merchant), Title: norm.NFC.String(p.Title),
		Price: chat.Money{Amount: p.Amount, Currency: p.Currency},
		Image: p.Image, URL: p.URL, Kind: chat.ProductKind(p.Kind), Stock: p.Stock,
	}
}

// ParticipantPut is how a buyer or a merchant is shown.
type ParticipantPut struct {
	UID    string `json:"uid,omitzero" doc:"If given, the same as in the path; needed in a bulk line"`
	Name   string `json:"name"`
	Avatar string `json:"avatar,omitzero" doc:"https URL, or a path of the shop"`
}

func (p *ParticipantPut) participant() chat.Participant {
	return chat.Participant{UID: chat.UID(p.UID), Name: norm.NFC.String(p.Name), Avatar: p.Avatar}
}

// LoginCodeRequest says whom a login code lets in.
type LoginCodeRequest struct {
	UID       string `json:"uid"`
	Agent     string `json:"agent,omitzero" doc:"Who of the merchant's staff"`
	AgentName string `json:"agent_name,omitzero"`
	Name      string `json:"name,omitzero" doc:"Of the participant; absent: as it is. Beside agent it is ignored: no agent renames the shop"`
	Avatar    string `json:"avatar,omitzero" doc:"Of the participant, as name"`
}

// LoginCodeAnswer is a one-time code.
type LoginCodeAnswer struct {
	Code      string `json:"code" doc:"Link to /v1/login?code=…&next=…"`
	ExpiresAt int64  `json:"expires_at"`
}

// PushRequest is something of the shop's own.
type PushRequest struct {
	Payload json.RawMessage `json:"payload" doc:"Any JSON value"`
}

type putProductIn struct {
	ID   string `path:"id" maxLength:"64" doc:"The marketplace's own id of the product"`
	Body ProductPut
}

// UIDPath names the participant a route is about.
type UIDPath struct {
	UID string `path:"uid" maxLength:"66" doc:"U_… a buyer, V_… or E_… a merchant"`
}

type putParticipantIn struct {
	UIDPath

	Body ParticipantPut
}

type loginCodeIn struct{ Body LoginCodeRequest }

type pushIn struct {
	UIDPath

	Body PushRequest
}

// backendIn is what routes for the shop's backend do.
func backendIn[I, O any](a *API, op huma.Operation, do func(ctx context.Context, in *I) (*O, error)) {
	op.Security = []map[string][]string{{byAPIKey: {}}}
	plain(a, op, do)
}

func (a *API) serverRoutes() {
	backendIn(a, put("/v1/server/products/{id}", "put-product", tagServer, "Say what is for sale, and by whom", ""), a.putProduct)
	backendIn(a, del("/v1/server/products/{id}", "delete-product", tagServer, "A product is no longer for sale",
		"Messages about it stay; conversations cannot begin from it."), a.deleteProduct)
	backendIn(a, put("/v1/server/participants/{uid}", "put-participant", tagServer, "Say how a buyer or a merchant is shown", ""), a.putParticipant)
	backendIn(a, del("/v1/server/participants/{uid}", "delete-participant", tagServer, "Forget how somebody is shown",
		"What they wrote stays."), a.deleteParticipant)
	backendIn(a, post("/v1/server/login-codes", "create-login-code", tagServer, "A code that lets somebody in once",
		"For 60 seconds. Link to `/v1/login?code=…&next=/chat…`."), a.createLoginCode)
	backendIn(a, post("/v1/server/participants/{uid}/revoke", "revoke", tagServer, "End all of somebody's sessions",
		"Every token issued until now (`iat`) ends."), a.revoke)
	a.reportRoute()
	a.callerRoute()
	a.webhookRoutes()
	a.compatRoutes()
	backendIn(a, post("/v1/server/participants/{uid}/push", "push", tagServer, "Send something of the shop's own",
		"To the sessions that somebody has now; it is not kept."), a.push)
}

func (a *API) putProduct(ctx context.Context, in *putProductIn) (*struct{}, error) {
	if in.Body.ID != "" && in.Body.ID != in.ID {
		return nil, chat.Codef(chat.Invalid, "invalid_product", "the id in the body is not the one in the path")
	}
	in.Body.ID = in.ID
	return nil, a.svc.Backend().PutProduct(ctx, in.Body.product())
}

func (a *API) deleteProduct(ctx context.Context, in *productIn) (*struct{}, error) {
	return nil, a.removeProduct(ctx, in.ID)
}

func (a *API) removeProduct(ctx context.Context, name string) error {
	id, err := chat.ParseProductID(name)
	if err != nil {
		return err
	}
	return a.svc.Backend().DeleteProduct(ctx, id)
}

func (a *API) putParticipant(ctx context.Context, in *putParticipantIn) (*struct{}, error) {
	if in.Body.UID != "" && in.Body.UID != in.UID {
		return nil, chat.Codef(chat.Invalid, "invalid_uid", "the uid in the body is not the one in the path")
	}
	in.Body.UID = in.UID
	return nil, a.svc.Backend().PutParticipant(ctx, in.Body.participant())
}

func (a *API) deleteParticipant(ctx context.Context, in *UIDPath) (*struct{}, error) {
	return nil, a.removeParticipant(ctx, in.UID)
}

func (a *API) removeParticipant(ctx context.Context, name string) error {
	uid, err := chat.ParseUID(name)
	if err != nil {
		return err
	}
	return a.svc.Backend().DeleteParticipant(ctx, uid)
}

func (a *API) createLoginCode(ctx context.Context, in *loginCodeIn) (*answer[LoginCodeAnswer], error) {
	actor, err := auth.ActorOf(in.Body.UID, in.Body.Agent, in.Body.AgentName)
	if err != nil {
		return nil, err
	}
	code, expires, err := a.Codes.Create(ctx, actor)
	if err != nil {
		return nil, err
	}
	if actor.Agent == "" {
		a.meet(ctx, chat.Identity{Actor: actor, Name: norm.NFC.String(in.Body.Name), Avatar: in.Body.Avatar})
	}
	return &answer[LoginCodeAnswer]{LoginCodeAnswer{Code: code, ExpiresAt: expires.UnixMilli()}}, nil
}

func (a *API) revoke(ctx context.Context, in *UIDPath) (*struct{}, error) {
	return nil, a.svc.Backend().Revoke(ctx, chat.UID(in.UID))
}

func (a *API) push(ctx context.Context, in *pushIn) (*struct{}, error) {
	return nil, a.svc.Backend().Push(ctx, chat.UID(in.UID), in.Body.Payload)
}
