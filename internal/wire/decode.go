package wire

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"haggle/internal/chat"
)

// Decode reads what a client sent into v, strictly: RFC 8259 text in valid
// UTF-8 without lone surrogates, no duplicate names, no name in another letter
// case, no name that v does not know. The error is chat.Invalid with code
// "invalid_json" and says where.
func Decode(data []byte, v any) error {
	if err := json.Unmarshal(data, v, json.RejectUnknownMembers(true)); err != nil {
		return &chat.Error{Kind: chat.Invalid, Code: "invalid_json", Msg: "not a valid request: " + wordsOf(err)}
	}
	return nil
}

// wordsOf says what is wrong and where, in the words of JSON: whoever sent it
// knows nothing of our types. What was sent is not repeated but for names.
func wordsOf(err error) string {
	if e, ok := errors.AsType[*json.SemanticError](err); ok {
		if errors.Is(e, json.ErrUnknownName) {
			return "unknown name at " + place(e.JSONPointer)
		}
		return "want " + expected(e.GoType) + " at " + place(e.JSONPointer)
	}
	e, ok := errors.AsType[*jsontext.SyntacticError](err)
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, io.EOF):
		return "the JSON ends too soon"
	case !ok:
		return "not JSON"
	case errors.Is(e, jsontext.ErrDuplicateName):
		return "a name twice at " + place(e.JSONPointer)
	}
	return fmt.Sprintf("not JSON: %v, at byte %d", e.Err, e.ByteOffset)
}

// maxPlace bounds what is said of where something is wrong: names have no limit
// of their own.
const maxPlace = 120

// place returns a JSON pointer for people, its end if it is too long.
func place(p jsontext.Pointer) string {
	if p == "" {
		return "the top"
	}
	if runes := []rune(string(p)); len(runes) > maxPlace {
		return "…" + string(runes[len(runes)-maxPlace:])
	}
	return strings.ToValidUTF8(string(p), "\uFFFD")
}

// expected says in JSON's words what fits t.
func expected(t reflect.Type) string {
	if t == nil {
		return "another value"
	}
	switch t.Kind() { //nolint:exhaustive // requests are made of these
	case reflect.Pointer:
		return expected(t.Elem())
	case reflect.String:
		return "a string"
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return "a whole number that is not too large"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Slice, reflect.Array:
		return "a list"
	case reflect.Struct, reflect.Map:
		return "an object"
	}
	return "another value"
}

// Encode writes v as JSON.
func Encode(v any) ([]byte, error) {
	data, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode: %w", err)
	}
	return data, nil
}
