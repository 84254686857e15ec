package phpvalue

import (
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"
)

var (
	errNotText   = errors.New("a string is not UTF-8")
	errNotNumber = errors.New("a number is infinite, or none")
)

// JSON returns v as PHP's json_encode writes it with JSON_UNESCAPED_UNICODE, as workerman
// has it do: letters are as they are, slashes are not. An array
// whose keys are 0, 1, 2 and so on is a list, any other an object.
func JSON(v Value) ([]byte, error) { return appendJSON(nil, v) }

func appendJSON(b []byte, v Value) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...), nil
	case bool:
		return strconv.AppendBool(b, v), nil
	case int64:
		return strconv.AppendInt(b, v, 10), nil
	case Float:
		if strings.HasSuffix(string(v), "INF") || v == "NAN" {
			return nil, errNotNumber
		}
		f, err := strconv.ParseFloat(string(v), 64)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", v, err)
		}
		text, err := json.Marshal(f)
		return append(b, text...), err
	case string:
		return appendText(b, v)
	case *Array:
		return appendArray(b, v)
	}
	panic(fmt.Sprintf("a %T is no value of PHP's", v))
}

func appendText(b []byte, s string) ([]byte, error) {
	if !utf8.ValidString(s) {
		return nil, errNotText
	}
	var w strings.Builder
	enc := json.NewEncoder(&w)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(s); err != nil {
		return nil, err
	}
	return append(b, strings.ReplaceAll(strings.TrimSuffix(w.String(), "\n"), "/", `\/`)...), nil
}

func appendArray(b []byte, a *Array) (_ []byte, err error) {
	list := a.IsList()
	b = append(b, pick(list, '[', '{'))
	for i, k := range a.keys {
		if i > 0 {
			b = append(b, ',')
		}
		if !list {
			name := k.Text
			if !k.Word {
				name = strconv.FormatInt(k.Int, 10)
			}
			if b, err = appendText(b, name); err != nil {
				return nil, err
			}
			b = append(b, ':')
		}
		if b, err = appendJSON(b, a.values[k]); err != nil {
			return nil, err
		}
	}
	return append(b, pick(list, ']', '}')), nil
}

func pick(list bool, yes, no byte) byte {
	if list {
		return yes
	}
	return no
}
