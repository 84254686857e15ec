package chat

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// checkText reports what is wrong with text that is to be kept as it is.
func checkText(text string) error {
	switch {
	case !utf8.ValidString(text):
		return Codef(Invalid, "invalid_text", "the text is not valid UTF-8")
	case strings.ContainsRune(text, 0):
		return Codef(Invalid, "invalid_text", "the text holds a NUL character")
	}
	return nil
}

// CleanName returns s fit to be shown as a name or a title: on one line, without
// control and format characters (which could reverse the text around it or look
// like nothing), blanks collapsed, at most maxRunes characters, the last of them
// "…" where there were more.
func CleanName(s string, maxRunes int) string {
	s = strings.ToValidUTF8(s, "")
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case r == '\u200d': // joins emoji
			return r
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs):
			return -1
		}
		return r
	}, s)
	s = strings.Join(strings.Fields(s), " ")
	if utf8.RuneCountInString(s) > maxRunes {
		s = strings.TrimSpace(string([]rune(s)[:maxRunes-1])) + "…"
	}
	return s
}
