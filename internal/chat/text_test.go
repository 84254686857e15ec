package chat_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"haggle/internal/chat"
)

func TestCleanName(t *testing.T) {
	for in, want := range map[string]string{
		"":                             "",
		"小明":                           "小明",
		"  a \t\n b\u3000c ":           "a b c",
		"evil\u202egpj.exe":            "evilgpj.exe",
		"a\x00b\x1b[31mc":              "ab[31mc",
		"\ufeffx\u200b":                "x",
		"a\xffb":                       "ab",
		"👨\u200d👩\u200d👧":              "👨\u200d👩\u200d👧",
		strings.Repeat("的", 20):        strings.Repeat("的", 20),
		strings.Repeat("的", 30):        strings.Repeat("的", 19) + "…",
		strings.Repeat("a ", 10) + "b": strings.TrimSpace(strings.Repeat("a ", 10)) + "…",
	} {
		if got := chat.CleanName(in, 20); got != want {
			t.Errorf("CleanName(%q) = %q, want %q", in, got, want)
		}
	}
}

// Whatever comes in, what comes out is fit to be shown, and cleaning it again
// changes nothing.
func TestCleanName_properties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.OneOf(
			rapid.String(),
			rapid.StringOf(rapid.RuneFrom(nil, unicode.Cf, unicode.Cc, unicode.Zs, unicode.Han)),
			rapid.Map(rapid.SliceOf(rapid.Byte()), func(b []byte) string { return string(b) }),
		).Draw(t, "in")
		limit := rapid.IntRange(1, 30).Draw(t, "limit")
		got := chat.CleanName(in, limit)
		switch {
		case !utf8.ValidString(got):
			t.Errorf("%q is not UTF-8", got)
		case utf8.RuneCountInString(got) > limit:
			t.Errorf("%q is longer than %d", got, limit)
		case strings.TrimSpace(got) != got || strings.Contains(got, "  "):
			t.Errorf("%q has blanks to spare", got)
		case strings.ContainsFunc(got, func(r rune) bool { return r != '\u200d' && unicode.In(r, unicode.Cc, unicode.Cf) }):
			t.Errorf("%q has control characters", got)
		}
		if again := chat.CleanName(got, limit); again != got {
			t.Errorf("cleaned again: %q, then %q", got, again)
		}
	})
}

func TestParseUID(t *testing.T) {
	for in, want := range map[string]chat.Side{
		"U_42": chat.BuyerSide, "V_7": chat.MerchantSide, "E_9": chat.MerchantSide, "U_a.B-c_d": chat.BuyerSide,
		"U_" + strings.Repeat("x", 64): chat.BuyerSide,
	} {
		uid, err := chat.ParseUID(in)
		if err != nil || uid.Side() != want {
			t.Errorf("ParseUID(%q) = %v on side %v, want side %v", in, err, uid.Side(), want)
		}
	}
	for _, in := range []string{"", "42", "U_", "u_42", "X_1", "U_a b", "U_é", "U_a/b", "U_a*", "U_" + strings.Repeat("x", 65)} {
		if _, err := chat.ParseUID(in); err == nil {
			t.Errorf("ParseUID(%q) takes it", in)
		}
	}
	if g := chat.NewGuest(); !g.IsGuest() || g.Side() != chat.BuyerSide {
		t.Errorf("NewGuest = %q", g)
	}
}
