package hplog

import (
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// decode returns the text that bytes of the table stand for.
//
// Such tables often hold UTF-8 that was taken for Latin-1 on its way in and encoded
// once more. That shows: read as Windows-1252 (what MySQL calls latin1), it is
// UTF-8 again, which text that was meant so practically never is. Then mended is
// true. What is no UTF-8 at all, and NUL, cannot be kept: replaced by U+FFFD, and
// broken is true.
func decode(b []byte) (text string, mended, broken bool) {
	if !utf8.Valid(b) || strings.ContainsRune(string(b), 0) {
		text = strings.ReplaceAll(strings.ToValidUTF8(string(b), "\ufffd"), "\x00", "\ufffd")
		return text, false, true
	}
	if once, ok := undo(string(b)); ok {
		return once, true, false
	}
	return string(b), false, false
}

// undo takes one encoding too many off s.
func undo(s string) (string, bool) {
	raw := make([]byte, 0, len(s))
	multibyte := false
	for _, r := range s {
		c, ok := charmap.Windows1252.EncodeRune(r)
		switch {
		case r < utf8.RuneSelf, !ok && r <= 0xff: // the latter are five that Windows-1252 leaves out
			c = byte(r & 0xff)
		case !ok:
			return "", false
		}
		multibyte = multibyte || c >= utf8.RuneSelf
		raw = append(raw, c)
	}
	return string(raw), multibyte && utf8.Valid(raw)
}
