package sqlstore

import "time"

// row holds one row of a result as the driver handed it over. Decoding from it
// serves the writer's connection and the readers' alike, and is several times
// cheaper than reflection over destinations.
type row []any

func (r row) int(i int) int64 {
	n, _ := r[i].(int64) // NULL and nothing else is not an integer here: 0
	return n
}

func (r row) bool(i int) bool { return r.int(i) != 0 }

func (r row) text(i int) string {
	switch v := r[i].(type) {
	case string:
		return v
	case []byte: // some drivers hand over text like this
		return string(v)
	}
	return ""
}

func (r row) bytes(i int) []byte {
	switch v := r[i].(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	return nil
}

// time decodes Unix milliseconds, 0 being no time at all.
func (r row) time(i int) time.Time { return fromMillis(r.int(i)) }

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// whole is t as it will be read back.
func whole(t time.Time) time.Time { return fromMillis(millis(t)) }

// millis is what fromMillis decodes.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
