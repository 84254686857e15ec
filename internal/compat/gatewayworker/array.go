package gatewayworker

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// maxListed bounds the values of an array of names or numbers in a packet: one has room
// for millions of them, each of which takes many times its bytes.
const maxListed = 100_000

var (
	errListed = fmt.Errorf("more than %d values are listed", maxListed)
	errNested = errors.New("an array where a name is expected")
)

// eachListed has do read each of the values of JSON that PHP has made of an array; key is
// "" in a list. What is no array is a value alone, and null is none.
func eachListed(data []byte, do func(in *jsontext.Decoder, key string) error) error {
	in := jsontext.NewDecoder(bytes.NewBuffer(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	kind := in.PeekKind()
	if kind == jsontext.KindNull {
		return nil
	}
	if kind != jsontext.KindBeginArray && kind != jsontext.KindBeginObject {
		return do(in, "")
	}
	if _, err := in.ReadToken(); err != nil {
		return err
	}
	for n := 0; in.PeekKind() != jsontext.KindEndArray && in.PeekKind() != jsontext.KindEndObject; n++ {
		if n == maxListed {
			return errListed
		}
		var key string
		if kind == jsontext.KindBeginObject {
			name, err := in.ReadToken()
			if err != nil {
				return err
			}
			key = name.String()
		}
		if err := do(in, key); err != nil {
			return err
		}
	}
	return nil
}

// numbers are connection ids in JSON that PHP has made of an array: the keys of an
// object, the values of a list, or null. They are in order.
type numbers []uint32

// UnmarshalJSON implements json.Unmarshaler.
func (n *numbers) UnmarshalJSON(data []byte) error {
	var list numbers
	keys := bytes.HasPrefix(data, []byte("{"))
	err := eachListed(data, func(in *jsontext.Decoder, text string) (err error) {
		if keys {
			err = in.SkipValue()
		} else {
			text, err = readName(in)
		}
		if number, bad := strconv.ParseUint(text, 10, 32); bad == nil { // no other is anybody's
			list = append(list, uint32(number))
		}
		return err
	})
	if err != nil {
		return err
	}
	slices.Sort(list)
	*n = list
	return nil
}

// names are uids or groups in JSON that PHP has made of an array: each a string or a
// number, several or one alone; or null. What else may be a key of PHP's arrays is that
// key, so that one null among them does not keep a push from the others.
type names []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *names) UnmarshalJSON(data []byte) error {
	var list names
	err := eachListed(data, func(in *jsontext.Decoder, _ string) error {
		name, err := readName(in)
		list = append(list, name)
		return err
	})
	if err != nil {
		return err
	}
	*n = list
	return nil
}

// readName reads what is a name.
func readName(in *jsontext.Decoder) (string, error) {
	token, err := in.ReadToken()
	if err != nil {
		return "", err
	}
	switch token.Kind() { //nolint:exhaustive // the others are of arrays
	case jsontext.KindNull:
		return "", nil
	case jsontext.KindTrue:
		return "1", nil
	case jsontext.KindFalse:
		return "0", nil
	case jsontext.KindString, jsontext.KindNumber:
		return token.String(), nil
	}
	return "", errNested
}
