package phpvalue

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

const (
	// maxDepth is how far arrays may be inside of each other.
	maxDepth = 64

	// maxValues bounds the values in arrays: one takes many times the bytes of its text.
	maxValues = 100_000
)

// The reasons for which a text is not read.
var (
	// ErrRefused stands for what is good PHP and not taken: objects and references.
	ErrRefused = errors.New("objects and references are not taken")

	// ErrDeep stands for arrays too far inside of each other.
	ErrDeep = errors.New("arrays are too deep inside of each other")

	// ErrMany stands for more values in arrays than are taken.
	ErrMany = fmt.Errorf("arrays have more than %d values", maxValues)

	errMalformed = errors.New("this is not PHP's serialize()")
)

// Read returns the value that data is the text of, all of it. What it takes in memory is
// in proportion to data, whatever lengths data claims.
func Read(data []byte) (Value, error) {
	r := reader{rest: data}
	v, err := r.value(0)
	if err == nil && len(r.rest) > 0 {
		err = errMalformed
	}
	if err != nil {
		return nil, fmt.Errorf("byte %d: %w", len(data)-len(r.rest), err)
	}
	return v, nil
}

type reader struct {
	rest   []byte
	values int // in arrays, so far
}

func (r *reader) value(depth int) (Value, error) {
	if len(r.rest) < 2 {
		return nil, errMalformed
	}
	kind := r.rest[0]
	if kind == 'N' {
		return nil, r.skip("N;")
	}
	if r.rest[1] != ':' {
		return nil, errMalformed
	}
	switch kind {
	case 'b':
		return r.boolean()
	case 'i':
		r.rest = r.rest[2:]
		return r.integer(';')
	case 'd':
		return r.float()
	case 's':
		return r.text()
	case 'a':
		return r.array(depth)
	case 'O', 'C', 'E', 'r', 'R':
		return nil, ErrRefused
	}
	return nil, errMalformed
}

func (r *reader) skip(s string) error {
	rest, ok := bytes.CutPrefix(r.rest, []byte(s))
	if !ok {
		return errMalformed
	}
	r.rest = rest
	return nil
}

func (r *reader) boolean() (Value, error) {
	if len(r.rest) < 4 || r.rest[3] != ';' || r.rest[2] != '0' && r.rest[2] != '1' {
		return nil, errMalformed
	}
	v := r.rest[2] == '1'
	r.rest = r.rest[4:]
	return v, nil
}

// maxDigits is what the longest number needs.
const maxDigits = 20

// integer reads a number up to end, which it skips.
func (r *reader) integer(end byte) (int64, error) {
	i := bytes.IndexByte(r.rest[:min(len(r.rest), maxDigits+1)], end)
	if i < 0 {
		return 0, errMalformed
	}
	digits := r.rest[:i]
	n, err := strconv.ParseInt(string(digits), 10, 64)
	if err != nil || digits[0] == '+' {
		return 0, errMalformed
	}
	r.rest = r.rest[i+1:]
	return n, nil
}

// maxFloat is more than PHP ever writes of one.
const maxFloat = 64

func (r *reader) float() (Value, error) {
	r.rest = r.rest[2:]
	i := bytes.IndexByte(r.rest[:min(len(r.rest), maxFloat)], ';')
	if i < 0 {
		return nil, errMalformed
	}
	text := string(r.rest[:i])
	switch text {
	case "INF", "-INF", "NAN":
	default:
		if _, err := strconv.ParseFloat(text, 64); errors.Is(err, strconv.ErrSyntax) || !isPlain(text) {
			return nil, errMalformed
		}
	}
	r.rest = r.rest[i+1:]
	return Float(text), nil
}

// isPlain keeps out what Go reads as a number and PHP does not.
func isPlain(text string) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && c != '+' && c != '-' && c != '.' && c != 'e' && c != 'E' {
			return false
		}
	}
	return true
}

func (r *reader) text() (string, error) {
	r.rest = r.rest[2:]
	n, err := r.integer(':')
	if err != nil || n < 0 || n > int64(len(r.rest)) {
		return "", errMalformed
	}
	if err := r.skip(`"`); err != nil || n > int64(len(r.rest)) {
		return "", errMalformed
	}
	s := string(r.rest[:n])
	r.rest = r.rest[n:]
	return s, r.skip(`";`)
}

func (r *reader) array(depth int) (Value, error) {
	if depth >= maxDepth {
		return nil, ErrDeep
	}
	r.rest = r.rest[2:]
	n, err := r.integer(':')
	if err != nil || n < 0 {
		return nil, errMalformed
	}
	if err := r.skip("{"); err != nil {
		return nil, err
	}
	a := new(Array)
	for range n { // the text ends long before a count that is made up
		if r.values++; r.values > maxValues {
			return nil, ErrMany
		}
		k, err := r.key()
		if err != nil {
			return nil, err
		}
		v, err := r.value(depth + 1)
		if err != nil {
			return nil, err
		}
		a.Set(k, v)
	}
	return a, r.skip("}")
}

func (r *reader) key() (Key, error) {
	if len(r.rest) < 2 || r.rest[1] != ':' {
		return Key{}, errMalformed
	}
	switch r.rest[0] {
	case 'i':
		r.rest = r.rest[2:]
		n, err := r.integer(';')
		return Key{Int: n}, err
	case 's':
		s, err := r.text()
		return KeyOf(s), err
	}
	return Key{}, errMalformed
}
