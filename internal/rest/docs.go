package rest

import (
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/base64"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// docsFS is the template of the page about the API, and its style.
//
//go:embed docs
var docsFS embed.FS

// docsPolicy is what the page needs: its style. It has no script.
const docsPolicy = "default-src 'none'; script-src 'none'; style-src 'self'; img-src data:; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// document is something served as it is, with an ETag.
type document struct{ media, etag, plain, gz string }

func newDocument(media string, plain []byte) *document {
	sum := sha256.Sum256(plain)
	var gz strings.Builder
	zip := gzip.NewWriter(&gz)
	_, _ = zip.Write(plain) // a Builder takes everything
	_ = zip.Close()
	return &document{
		media: media, etag: `"` + base64.RawURLEncoding.EncodeToString(sum[:12]) + `"`, plain: string(plain), gz: gz.String(),
	}
}

// ServeHTTP serves the document compressed to those who take it.
func (d *document) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", d.media)
	h.Set("Cache-Control", "no-cache") // kept, and asked about each time
	h.Set("ETag", d.etag)
	h.Set("Vary", "Accept-Encoding")
	h.Set("Content-Security-Policy", docsPolicy)
	if slices.Contains(etags(r), d.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := d.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = d.gz
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method != http.MethodHead {
		_, _ = io.WriteString(w, body) // whoever left needs no answer
	}
}

func etags(r *http.Request) []string {
	list := strings.Split(r.Header.Get("If-None-Match"), ",")
	for i := range list {
		list[i] = strings.TrimPrefix(strings.TrimSpace(list[i]), "W/")
	}
	return list
}

// docsRoutes serves the OpenAPI document and a page made of it. It comes last:
// both are made here, once, of the routes before it.
func (a *API) docsRoutes() error {
	doc := a.huma.OpenAPI()
	tidy(doc)
	spec, err := doc.MarshalJSON()
	if err != nil {
		return err
	}
	page, err := renderDocs(doc)
	if err != nil {
		return err
	}
	style, err := docsFS.ReadFile("docs/docs.css")
	if err != nil {
		return err
	}
	a.mux.Handle("GET /v1/openapi.json", newDocument(mediaJSON, spec))
	a.mux.Handle("GET /docs", newDocument("text/html; charset=utf-8", page))
	a.mux.Handle("GET /docs/docs.css", newDocument("text/css; charset=utf-8", style))
	return nil
}

// tidy takes out of the document what huma assumes and this API does not do, and
// says which codes each failure may have.
func tidy(doc *huma.OpenAPI) {
	words := map[string]string{
		"400": "The request can never succeed as it stands. Codes: `invalid_json`, `invalid_request`, or what exactly is wrong",
		"401": "Sign in again. Codes: `token_missing`, `token_invalid`, `token_expired`, `token_revoked`, `signed_out`, `api_key_invalid`",
		"403": "One may not do that. Codes: `blocked`, `blocked_by_you`, `wrong_merchant`, `file_not_yours`, `origin_not_allowed` …",
		"404": "There is no such thing, or none that one may know of. Codes: `not_found`, `product_gone`",
		"409": "It means something else already. Codes: `nonce_reused`, `reset`",
		"413": "Over a limit. Codes: `too_large`, `text_too_long`, `upload_too_large` …",
		"415": "Another Content-Type is needed. Code: `unsupported_media_type`",
		"429": "Too often: wait as `Retry-After` says. Code: `rate_limited`",
		"500": "Our fault. Code: `internal`",
		"503": "Try again later. Codes: `unavailable`, `busy`, `keys_unavailable` …",
	}
	strict := map[string]bool{}
	for _, item := range doc.Paths {
		for _, op := range operations(item) {
			delete(op.Responses, strconv.Itoa(http.StatusUnprocessableEntity))
			if op.RequestBody == nil {
				delete(op.Responses, "413")
				delete(op.Responses, "415")
			} else if body := op.RequestBody.Content[mediaJSON]; body != nil {
				reach(doc.Components.Schemas, body.Schema, strict)
			}
			for status, text := range words {
				if res := op.Responses[status]; res != nil && res.Description == http.StatusText(atoi(status)) {
					res.Description = text
				}
			}
		}
	}
	// Requests are held to their schema; answers may grow, and clients ignore what
	// they do not know.
	for name, schema := range doc.Components.Schemas.Map() {
		if _, closed := schema.AdditionalProperties.(bool); closed && !strict[name] {
			schema.AdditionalProperties = nil
		}
	}
}

// reach notes the named schemas that s is made of.
func reach(all huma.Registry, s *huma.Schema, seen map[string]bool) {
	if s == nil {
		return
	}
	if s.Ref != "" {
		name := path.Base(s.Ref)
		if seen[name] {
			return
		}
		seen[name] = true
		s = all.SchemaFromRef(s.Ref)
	}
	reach(all, s.Items, seen)
	for _, p := range s.Properties {
		reach(all, p, seen)
	}
}

func atoi(s string) int {
	n, _ := strconv.Atoi(s)
	return n
}

// operations returns a path's operations by method.
func operations(item *huma.PathItem) map[string]*huma.Operation {
	ops := map[string]*huma.Operation{
		http.MethodGet: item.Get, http.MethodPut: item.Put, http.MethodPost: item.Post, http.MethodDelete: item.Delete,
	}
	maps.DeleteFunc(ops, func(_ string, op *huma.Operation) bool { return op == nil })
	return ops
}

// Routes returns the API's routes as "METHOD /path", sorted.
func (a *API) Routes() []string {
	routes := map[string]bool{}
	for p, item := range a.huma.OpenAPI().Paths {
		for method := range operations(item) {
			routes[method+" "+p] = true
		}
	}
	return slices.Sorted(maps.Keys(routes))
}
