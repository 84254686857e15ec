package phpvalue

import (
	"fmt"
	"strconv"
)

// Append appends the text of v, which Read may have returned.
func Append(b []byte, v Value) []byte {
	switch v := v.(type) {
	case nil:
		return AppendNull(b)
	case bool:
		if v {
			return append(b, "b:1;"...)
		}
		return append(b, "b:0;"...)
	case int64:
		return AppendInt(b, v)
	case Float:
		return append(append(append(b, "d:"...), v...), ';')
	case string:
		return AppendString(b, v)
	case *Array:
		b = Open(b, v.Len())
		for _, k := range v.keys {
			b = Append(AppendKey(b, k), v.values[k])
		}
		return Close(b)
	}
	panic(fmt.Sprintf("a %T is no value of PHP's", v))
}

// AppendNull appends PHP's null.
func AppendNull(b []byte) []byte { return append(b, "N;"...) }

// AppendInt appends a whole number.
func AppendInt(b []byte, n int64) []byte {
	return append(strconv.AppendInt(append(b, "i:"...), n, 10), ';')
}

// AppendString appends a string of any bytes.
func AppendString[S ~string | ~[]byte](b []byte, s S) []byte {
	b = append(strconv.AppendInt(append(b, "s:"...), int64(len(s)), 10), `:"`...)
	return append(append(b, s...), `";`...)
}

// AppendKey appends a key of an array.
func AppendKey(b []byte, k Key) []byte {
	if k.Word {
		return AppendString(b, k.Text)
	}
	return AppendInt(b, k.Int)
}

// Open begins an array of n values: n times a key and a value follow, then Close.
func Open(b []byte, n int) []byte {
	return append(strconv.AppendInt(append(b, "a:"...), int64(n), 10), ":{"...)
}

// Close ends an array.
func Close(b []byte) []byte { return append(b, '}') }
