package rest_test

import (
	"compress/gzip"
	"encoding/json"
	"html"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestDocs(t *testing.T) {
	f := newFixture(t)
	res := f.do(request{method: "GET", path: "/docs"})
	policy := res.Header().Get("Content-Security-Policy")
	if res.Code != http.StatusOK || !strings.Contains(policy, "default-src 'none'; script-src 'none'; style-src 'self';") || strings.Contains(policy, "unsafe") {
		t.Errorf("status %d, policy %q", res.Code, policy)
	}
	body := res.Body.String()
	if regexp.MustCompile(`<script|style="|<style| on[a-z]+="|"(https?:)?//`).MatchString(body) {
		t.Error("the page has a script, a style of its own or something from elsewhere")
	}
	zipped := f.do(request{method: "GET", path: "/docs", header: map[string]string{"Accept-Encoding": "gzip"}})
	unzip, err := gzip.NewReader(zipped.Body)
	if err != nil {
		t.Fatal(err)
	}
	if same, err := io.ReadAll(unzip); err != nil || string(same) != body {
		t.Errorf("compressed it is another page (%v)", err)
	}
	if style := f.do(request{method: "GET", path: "/docs/docs.css"}); style.Code != http.StatusOK {
		t.Errorf("its style: status %d", style.Code)
	}
}

// Whatever the API does has a section, and every link of the page leads somewhere.
func TestDocs_complete(t *testing.T) {
	f := newFixture(t)
	body := f.do(request{method: "GET", path: "/docs"}).Body.String()
	var ids []string
	for _, m := range regexp.MustCompile(` id="([^"]*)"`).FindAllStringSubmatch(body, -1) {
		if slices.Contains(ids, m[1]) || m[1] == "" {
			t.Errorf("id %q is there twice, or nothing", m[1])
		}
		ids = append(ids, m[1])
	}
	links := regexp.MustCompile(`href="#([^"]*)"`).FindAllStringSubmatch(body, -1)
	for _, m := range links {
		if !slices.Contains(ids, m[1]) {
			t.Errorf("a link to %q, which is not there", m[1])
		}
	}
	if len(links) < 100 {
		t.Errorf("only %d links", len(links))
	}
	var spec struct {
		Paths map[string]map[string]struct{ OperationID, Summary string }
	}
	if err := json.Unmarshal(f.do(request{method: "GET", path: "/v1/openapi.json"}).Body.Bytes(), &spec); err != nil {
		t.Fatal(err)
	}
	routes := 0
	for path, methods := range spec.Paths {
		for method, op := range methods {
			routes++
			route := "<strong>" + strings.ToUpper(method) + "</strong> <code>" + html.EscapeString(path) + "</code>"
			if !strings.Contains(body, route) || !slices.Contains(ids, op.OperationID) {
				t.Errorf("%s %s (%s) has no section", method, path, op.OperationID)
			}
		}
	}
	if routes != len(f.api.Routes()) || routes == 0 {
		t.Errorf("%d routes in the document, %d in the API", routes, len(f.api.Routes()))
	}
}

// A reader sees what a field takes, where it is described, and which codes a failure has.
func TestDocs_details(t *testing.T) {
	f := newFixture(t)
	body := f.do(request{method: "GET", path: "/docs"}).Body.String()
	for _, want := range []string{
		`<code>limit</code> <span class="type">integer, at least 1, at most 100, if absent: 50</span>`,
		`One of <code>newest</code>, <code>unread</code>`,
		`<code>blocks</code> <span class="type">list of <a href="#schema-DraftBlock">DraftBlock</a>`,
		`<code>X-Request-Id</code>`,
		`<code>nonce_reused</code>`,
		`Body: <code>multipart/form-data</code>`, `The picture; any other name will do`,
		`Asked with <a href="#auth-api_key">api_key</a>`,
	} {
		if !strings.Contains(body, want) {
			t.Errorf("not on the page: %s", want)
		}
	}
}
