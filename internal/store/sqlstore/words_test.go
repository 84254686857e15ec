package sqlstore

import (
	"slices"
	"testing"
)

func TestPlaceholders(t *testing.T) {
	for _, tc := range []struct {
		query, mysql, postgres string
		args, picked           []int // for MySQL and for PostgreSQL
	}{
		{"a = ? AND b = ?", "a = ? AND b = ?", "a = $1 AND b = $2", []int{0, 1}, []int{0, 1}},
		{"a = $2 OR b = $1", "a = ? OR b = ?", "a = $1 OR b = $2", []int{1, 0}, []int{1, 0}},
		{"a < $3 OR a = $3 AND b < $1", "a < ? OR a = ? AND b < ?", "a < $1 OR a = $1 AND b < $2", []int{2, 2, 0}, []int{2, 0}},
		{"t(?, '$[*]' '$')", "t(?, '$[*]' '$')", "t($1, '$[*]' '$')", []int{0}, []int{0}},
		{"$12", "?", "$1", []int{11}, []int{11}},
		{"nothing", "nothing", "nothing", nil, nil},
	} {
		if got := place(tc.query, false); got.sql != tc.mysql || !slices.Equal(got.args, tc.args) {
			t.Errorf("%q: %q of %v, want %q of %v", tc.query, got.sql, got.args, tc.mysql, tc.args)
		}
		if got := place(tc.query, true); got.sql != tc.postgres || !slices.Equal(got.args, tc.picked) {
			t.Errorf("%q numbered: %q of %v, want %q of %v", tc.query, got.sql, got.args, tc.postgres, tc.picked)
		}
	}
	put := place("a < $2 OR a = $2 AND b = $1", false)
	if got := put.pick([]any{"one", "two", "not used"}); !slices.Equal(got, []any{"two", "two", "one"}) {
		t.Errorf("picked %v", got)
	}
}
