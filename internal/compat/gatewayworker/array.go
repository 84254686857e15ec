package gatewayworker

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
)

// numbers are connection ids in JSON that PHP has made of an array: the keys of an
// object, the values of a list, or null. They are in order.
type numbers []uint32

// maxListed bounds the values of an array in a packet: one has room for millions of them,
// each of which takes many times its bytes.
const maxListed = 100_000

var errListed = fmt.Errorf("more than %d values are listed", maxListed)

// checkListed refuses JSON that may list more. There is a comma between any two.
func checkListed(data []byte) error {
	if bytes.Count(data, []byte(",")) >= maxListed {
		return errListed
	}
	return nil
}

// UnmarshalJSON implements json.Unmarshaler.
func (n *numbers) UnmarshalJSON(data []byte) error {
	if err := checkListed(data); err != nil {
		return err
	}
	var list names
	if bytes.HasPrefix(data, []byte("{")) {
		var object map[string]json.RawMessage
		if err := json.Unmarshal(data, &object); err != nil {
			return err
		}
		list = slices.Collect(maps.Keys(object))
	} else if err := list.UnmarshalJSON(data); err != nil {
		return err
	}
	*n = make(numbers, 0, len(list))
	for _, text := range list {
		if number, err := strconv.ParseUint(text, 10, 32); err == nil { // no other is anybody's
			*n = append(*n, uint32(number))
		}
	}
	slices.Sort(*n)
	return nil
}

// names are uids or groups in JSON that PHP has made of an array: each a string or a
// number, several or one alone; or null. What else may be a key of PHP's arrays is that
// key, so that one null among them does not keep a push from the others.
type names []string

// UnmarshalJSON implements json.Unmarshaler.
func (n *names) UnmarshalJSON(data []byte) error {
	if err := checkListed(data); err != nil {
		return err
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		return err
	}
	var all []any
	switch v := v.(type) {
	case nil:
	case []any:
		all = v
	case map[string]any:
		for _, k := range slices.Sorted(maps.Keys(v)) {
			all = append(all, v[k])
		}
	default:
		all = []any{v}
	}
	*n = make(names, 0, len(all))
	for _, v := range all {
		switch v := v.(type) {
		case string:
			*n = append(*n, v)
		case json.Number:
			*n = append(*n, v.String())
		case nil:
			*n = append(*n, "")
		case bool:
			*n = append(*n, strconv.Itoa(map[bool]int{true: 1}[v]))
		default:
			return fmt.Errorf("a %T where a name is expected", v)
		}
	}
	return nil
}
