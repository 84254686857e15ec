package rest

import (
	"bytes"
	"cmp"
	"fmt"
	"html/template"
	"maps"
	"net/http"
	"path"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// page is the OpenAPI document as docs/page.html draws it.
type page struct {
	Title, Version, License, Text string

	Schemes  []docScheme
	Chapters []docChapter
	Schemas  []docSchema
}

type docScheme struct{ Name, How, Text string }

type docChapter struct {
	Name, Anchor, Text string

	Operations []docOperation
}

type docOperation struct {
	ID, Method, Path, Summary, Text string

	Schemes           []string
	Parameters        []docParameters
	Bodies            []docBody
	Answers, Failures []docAnswer
}

// docParameters are those of one place.
type docParameters struct {
	Title  string
	Fields []docField
}

type docField struct {
	Name, Note, Text string

	Type     docType
	Required bool
	Values   []string // the only ones it takes; none for any
}

// docType is what a schema is called: "list of Message", with a link for Message.
type docType struct{ Before, Name, Link string }

type docBody struct {
	Media, Text string

	Type   docType
	Fields []docField // of a schema without a section of its own, and of what is sent
}

type docAnswer struct {
	Status, Text string

	Bodies  []docBody
	Headers []docField
}

type docSchema struct {
	Name, Anchor, Text string

	Type   docType
	Fields []docField
}

// renderDocs draws the page of a document.
func renderDocs(doc *huma.OpenAPI) ([]byte, error) {
	t, err := template.New("page.html").
		Funcs(template.FuncMap{"paragraphs": paragraphs, "spans": spans}).
		ParseFS(docsFS, "docs/page.html")
	if err != nil {
		return nil, err
	}
	p := page{Title: doc.Info.Title, Version: doc.Info.Version, License: doc.Info.License.Name, Text: doc.Info.Description}
	for _, name := range slices.Sorted(maps.Keys(doc.Components.SecuritySchemes)) {
		p.Schemes = append(p.Schemes, schemeOf(name, doc.Components.SecuritySchemes[name]))
	}
	for _, tag := range doc.Tags {
		p.Chapters = append(p.Chapters, docChapter{
			Name: tag.Name, Text: tag.Description, Operations: chapter(doc, tag.Name),
			Anchor: "chapter-" + strings.ToLower(strings.Join(strings.FieldsFunc(tag.Name, notInAnchor), "-")),
		})
	}
	schemas := doc.Components.Schemas.Map()
	for _, name := range slices.Sorted(maps.Keys(schemas)) {
		s := schemas[name]
		p.Schemas = append(p.Schemas, docSchema{
			Name: name, Anchor: schemaAnchor(name), Text: s.Description, Type: typeOf(s), Fields: fieldsOf(s),
		})
	}
	var out bytes.Buffer
	err = t.Execute(&out, p)
	return out.Bytes(), err
}

func notInAnchor(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') }

func schemeOf(name string, s *huma.SecurityScheme) docScheme {
	how := "Authorization: Bearer …"
	if s.Type == "apiKey" {
		how = s.In + " " + s.Name
	}
	return docScheme{Name: name, How: how, Text: s.Description}
}

// chapter returns the operations with a tag, by path.
func chapter(doc *huma.OpenAPI, tag string) []docOperation {
	var ops []docOperation
	for _, p := range slices.Sorted(maps.Keys(doc.Paths)) {
		byMethod := operations(doc.Paths[p])
		for _, method := range []string{http.MethodGet, http.MethodPost, http.MethodPut, http.MethodDelete} {
			if op := byMethod[method]; op != nil && slices.Contains(op.Tags, tag) {
				ops = append(ops, operationOf(doc, method, p, op))
			}
		}
	}
	return ops
}

func operationOf(doc *huma.OpenAPI, method, p string, op *huma.Operation) docOperation {
	d := docOperation{ID: op.OperationID, Method: method, Path: p, Summary: op.Summary, Text: op.Description}
	for _, way := range op.Security {
		d.Schemes = append(d.Schemes, slices.Sorted(maps.Keys(way))...)
	}
	for _, place := range []struct{ in, title string }{
		{"path", "In the path"}, {"query", "In the query"}, {"header", "In the header"}, {"cookie", "Cookies"},
	} {
		var fields []docField
		for _, param := range op.Parameters {
			if param.In == place.in {
				fields = append(fields, fieldOf(param.Name, param.Description, param.Required, param.Schema))
			}
		}
		if fields != nil {
			d.Parameters = append(d.Parameters, docParameters{Title: place.title, Fields: fields})
		}
	}
	if op.RequestBody != nil {
		d.Bodies = bodiesOf(op.RequestBody.Content)
		for i, media := range slices.Sorted(maps.Keys(op.RequestBody.Content)) {
			if s := op.RequestBody.Content[media].Schema; s != nil && s.Ref != "" {
				d.Bodies[i].Fields = fieldsOf(doc.Components.Schemas.SchemaFromRef(s.Ref))
			}
		}
	}
	for _, status := range slices.Sorted(maps.Keys(op.Responses)) {
		answer := answerOf(status, op.Responses[status])
		if status < "400" {
			d.Answers = append(d.Answers, answer)
		} else {
			d.Failures = append(d.Failures, answer)
		}
	}
	return d
}

func answerOf(status string, res *huma.Response) docAnswer {
	a := docAnswer{Status: status, Text: res.Description, Bodies: bodiesOf(res.Content)}
	for _, name := range slices.Sorted(maps.Keys(res.Headers)) {
		a.Headers = append(a.Headers, docField{Name: name, Text: res.Headers[name].Description})
	}
	return a
}

func bodiesOf(content map[string]*huma.MediaType) []docBody {
	var bodies []docBody
	for _, media := range slices.Sorted(maps.Keys(content)) {
		b := docBody{Media: media}
		if s := content[media].Schema; s != nil {
			b.Type, b.Text, b.Fields = typeOf(s), s.Description, fieldsOf(s)
		}
		bodies = append(bodies, b)
	}
	return bodies
}

// fieldsOf returns the fields of an object, those that must be there first.
func fieldsOf(s *huma.Schema) []docField {
	var fields []docField
	for _, name := range slices.Sorted(maps.Keys(s.Properties)) {
		p := s.Properties[name]
		fields = append(fields, fieldOf(name, p.Description, slices.Contains(s.Required, name), p))
	}
	slices.SortStableFunc(fields, func(a, b docField) int {
		switch {
		case a.Required == b.Required:
			return 0
		case a.Required:
			return -1
		}
		return 1
	})
	return fields
}

func fieldOf(name, text string, required bool, s *huma.Schema) docField {
	f := docField{Name: name, Text: cmp.Or(text, s.Description), Required: required, Type: typeOf(s), Note: strings.Join(notesOf(s), ", ")}
	for _, v := range s.Enum {
		f.Values = append(f.Values, fmt.Sprint(v))
	}
	return f
}

// typeOf returns what a schema is called.
func typeOf(s *huma.Schema) docType {
	switch more, isMap := s.AdditionalProperties.(*huma.Schema); {
	case s.Ref != "":
		name := path.Base(s.Ref)
		return docType{Name: name, Link: schemaAnchor(name)}
	case s.Type == huma.TypeArray && s.Items != nil:
		t := typeOf(s.Items)
		t.Before = "list of " + t.Before
		return t
	case isMap:
		t := typeOf(more)
		t.Before = "by name: " + t.Before
		return t
	case s.Format == "binary":
		return docType{Name: "bytes"}
	case s.Type == "":
		return docType{Name: "any JSON value"}
	}
	return docType{Name: s.Type}
}

func schemaAnchor(name string) string { return "schema-" + name }

// notesOf says what a schema asks beyond its type.
func notesOf(s *huma.Schema) []string {
	var notes []string
	note := func(format string, v any) { notes = append(notes, fmt.Sprintf(format, v)) }
	if s.Nullable {
		notes = append(notes, "or null")
	}
	if s.Minimum != nil {
		note("at least %v", *s.Minimum)
	}
	if s.Maximum != nil {
		note("at most %v", *s.Maximum)
	}
	if s.MinLength != nil {
		note("at least %d characters", *s.MinLength)
	}
	if s.MaxLength != nil {
		note("at most %d characters", *s.MaxLength)
	}
	if s.MinItems != nil {
		note("at least %d", *s.MinItems)
	}
	if s.MaxItems != nil {
		note("at most %d", *s.MaxItems)
	}
	if s.Default != nil {
		note("if absent: %v", s.Default)
	}
	return notes
}

// paragraphs splits a text at its empty lines.
func paragraphs(text string) []string {
	if text == "" {
		return nil
	}
	return strings.Split(text, "\n\n")
}

// span is a piece of a text: words, or what stood in backticks.
type span struct {
	Text string
	Code bool
}

func spans(text string) []span {
	var all []span
	for i, piece := range strings.Split(text, "`") {
		if piece != "" {
			all = append(all, span{Text: piece, Code: i%2 == 1})
		}
	}
	return all
}
