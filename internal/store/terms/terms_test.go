package terms

import (
	"slices"
	"strings"
	"testing"
	"unicode"

	"pgregory.net/rapid"
)

func TestCut(t *testing.T) {
	for text, want := range map[string][]string{
		"今天发货":                  {"今天", "天发", "发货", "货"},
		"iPhone手机 15":           {"iphone", "手机", "机", "15"},
		"ＡＢＣ Straße":            {"abc", "strasse"},
		"don't ...":             {"don", "t"},
		"好":                     {"好"},
		"❤️ 1️⃣":                {"1️⃣"},
		"ค่ะ":                   {"ค่", "่ะ", "ะ"},
		strings.Repeat("a", 70): {strings.Repeat("a", 64), "aaaaaa"},
		"😀 !":                   nil,
		"e\u0301te\u0301":       {"été"},
	} {
		if got := Cut(text); !slices.Equal(got, want) {
			t.Errorf("Cut(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestMatch(t *testing.T) {
	for _, tc := range []struct {
		query, text string
		want        bool
	}{
		{"发货", "今天发货吗", true},
		{"发货", "发了货", false},
		{"今天发货", "今天发货吗", true},
		{"货", "今天发货", true},
		{"发", "今天发货", true},
		{"天 发货", "今天不发货", true},
		{"iph", "My iPhone", true},
		{"phone", "My iPhone", false},
		{"iphone手", "iPhone手机", true},
		{"iphone15", "iphone 15", false},
		{"手机15", "手机15寄了", true},
		{"手15", "手机15寄了", false},
		{"a1b2", "order A1B2C3", true},
		{"STRASSE", "straße", true},
		{"❤️", "love ❤️", false},
		{strings.Repeat("a", 66), "x " + strings.Repeat("a", 70), true},
		{strings.Repeat("a", 71), "x " + strings.Repeat("a", 70), false},
		{"  ", "anything", false},
		{"!?", "anything!?", false},
	} {
		if got := Parse(tc.query).Match(Cut(tc.text)); got != tc.want {
			t.Errorf("%q in %q: %v, want %v", tc.query, tc.text, got, tc.want)
		}
	}
}

// Whatever run of characters of a Chinese text one searches for, it is found, and so
// is the beginning of every word.
func TestMatch_everyPart(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := []rune(rapid.StringMatching(`[一-龥]{1,40}`).Draw(t, "text"))
		from := rapid.IntRange(0, len(text)-1).Draw(t, "from")
		to := rapid.IntRange(from+1, len(text)).Draw(t, "to")
		if part := string(text[from:to]); !Parse(part).Match(Cut("x " + string(text) + "。y")) {
			t.Fatalf("%q is not found in %q", part, string(text))
		}
	})
}

// A query finds nothing but a text that holds its letters.
func FuzzParse(f *testing.F) {
	f.Add("发货 iPhone15", "发货")
	f.Add("e\u0301", "ǅ ß ﷺ")
	f.Fuzz(func(t *testing.T, text, query string) {
		for _, term := range Cut(text) {
			if term == "" || strings.ContainsFunc(term, func(r rune) bool { return !unicode.In(r, unicode.L, unicode.N, unicode.M) }) {
				t.Errorf("term %q of %q", term, text)
			}
		}
		q := Parse(query)
		for _, p := range q {
			if len(p.Terms) == 0 {
				t.Errorf("a phrase of nothing in %q", query)
			}
		}
		q.Match(Cut(text))
	})
}
