package rest

import (
	"io"
	"reflect"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humago"

	"haggle/internal/wire"
)

const (
	mediaJSON   = "application/json"
	mediaNDJSON = "application/x-ndjson"
)

// strictJSON reads and writes bodies as sockets do frames. huma decodes twice,
// into any to validate by the schema and into the struct: the first finds
// duplicate names and broken UTF-8, the schema what is unknown.
func strictJSON() huma.Format {
	return huma.Format{
		Unmarshal: wire.Decode,
		Marshal: func(w io.Writer, v any) error {
			data, err := wire.Encode(v)
			if err != nil {
				return err
			}
			_, _ = w.Write(data) // whoever left needs no answer
			return nil
		},
	}
}

// acceptsJSON reports whether an Accept header allows the API's answers.
func acceptsJSON(accept string) bool {
	if strings.TrimSpace(accept) == "" {
		return true
	}
	for part := range strings.SplitSeq(accept, ",") {
		media, params, _ := strings.Cut(part, ";")
		switch strings.ToLower(strings.TrimSpace(media)) {
		case "*/*", "application/*", mediaJSON, mediaNDJSON:
			if !isZeroQ(params) {
				return true
			}
		}
	}
	return false
}

// isZeroQ reports whether a media range's parameters say "not this".
func isZeroQ(params string) bool {
	name, value, _ := strings.Cut(strings.ReplaceAll(params, " ", ""), "=")
	q, err := strconv.ParseFloat(value, 64)
	return strings.EqualFold(name, "q") && err == nil && q == 0
}

// optional is a query parameter that may be absent, where absent is not zero.
type optional[T any] struct {
	Value T
	Set   bool
}

// Schema is that of the value.
func (o optional[T]) Schema(r huma.Registry) *huma.Schema {
	return huma.SchemaFromType(r, reflect.TypeFor[T]())
}

// Receiver is where huma puts the value.
func (o *optional[T]) Receiver() reflect.Value { return reflect.ValueOf(o).Elem().Field(0) }

// OnParamSet is told by huma whether there was one.
func (o *optional[T]) OnParamSet(isSet bool, _ any) { o.Set = isSet }

// Resolve is called by huma when the input has been read.
func (e *exchange) Resolve(ctx huma.Context) []error {
	e.r, e.w = humago.Unwrap(ctx)
	return nil
}
