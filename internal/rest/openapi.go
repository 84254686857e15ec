package rest

import (
	"net/http"

	"github.com/danielgtaylor/huma/v2"
)

// The chapters of the OpenAPI document.
const (
	tagAccount       = "Account"
	tagConversations = "Conversations"
	tagMessages      = "Messages"
	tagSafety        = "Safety"
	tagPhrases       = "Shop"
	tagFiles         = "Files"
	tagLogin         = "Signing in"
	tagServer        = "Shop's backend"
)

const apiDescription = `Buyer–seller chat of a marketplace.

Times are Unix milliseconds, amounts are minor units of an ISO 4217 currency. A field that is absent means its zero
value. Ignore fields you do not know; the server refuses them, as it does duplicate names and names in another letter
case.

Every failure has one shape: ` + "`{\"error\": {\"code\", \"message\", \"request_id\", \"retry_after_ms\"}}`" + `. Programs go by the
code. The request id is that of the header ` + "`X-Request-Id`" + ` (yours if you send one) and finds the request in the server's log.

Live events come over the WebSocket at ` + "`/v1/ws`" + `, see the protocol page of the documentation.`

// config sets huma up: strict JSON, no pages and documents of its own.
func (a *API) config() huma.Config {
	c := huma.DefaultConfig("Haggle", a.Version)
	c.Info.Description = apiDescription
	c.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	c.Tags = []*huma.Tag{
		{Name: tagAccount, Description: "Who one is."},
		{Name: tagConversations, Description: "The lasting threads between a buyer and a merchant."},
		{Name: tagMessages, Description: "What they say to each other, and how far they have come."},
		{Name: tagSafety, Description: "Against those who misbehave."},
		{Name: tagPhrases, Description: "What sellers say often, and what the shop says by itself."},
		{Name: tagFiles, Description: "Pictures."},
		{Name: tagLogin, Description: "How a browser comes by its token. The shop's page posts its token to /v1/login, the chat's own page gets short-lived ones from /v1/token."},
		{Name: tagServer, Description: "What the shop's own servers tell and ask for, with the API key."},
	}
	c.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		byToken:  {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The marketplace's token, or one from /v1/token."},
		byAPIKey: {Type: "http", Scheme: "bearer", Description: "The API key of the shop's backend."},
		byCookie: {Type: "apiKey", In: "cookie", Name: cookieBuyer, Description: "Set by /v1/login and /v1/guest; an agent's is " + cookieMerchant + "."},
	}
	c.OpenAPIPath, c.DocsPath, c.SchemasPath = "", "", "" // see docsRoutes
	c.CreateHooks = nil                                   // which would add $schema to every body
	c.Formats = map[string]huma.Format{mediaJSON: strictJSON()}
	c.DefaultFormat = mediaJSON
	c.RejectUnknownQueryParameters = true
	return c
}

func get(path, id, tag, summary, description string) huma.Operation {
	return operation(http.MethodGet, path, id, tag, summary, description)
}

func post(path, id, tag, summary, description string) huma.Operation {
	return operation(http.MethodPost, path, id, tag, summary, description)
}

func put(path, id, tag, summary, description string) huma.Operation {
	return operation(http.MethodPut, path, id, tag, summary, description)
}

func del(path, id, tag, summary, description string) huma.Operation {
	return operation(http.MethodDelete, path, id, tag, summary, description)
}

func operation(method, path, id, tag, summary, description string) huma.Operation {
	return huma.Operation{
		Method: method, Path: path, OperationID: id, Tags: []string{tag}, Summary: summary, Description: description,
	}
}
