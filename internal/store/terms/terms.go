// Package terms cuts what people say into what can be searched for, the same way on
// every engine. Chinese, Japanese, Korean and the scripts of South-East Asia do not
// put spaces between words: their runs become overlapping pairs of characters, and
// the last character by itself, so that a search for one character finds it too.
package terms

import (
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"
)

// maxWord is the number of characters after which a word is cut: what has no end is
// no word.
const maxWord = 64

// Cut returns the terms of text in their order, without letter case and without the
// difference between full and half width. A term holds letters, digits and marks only.
func Cut(text string) []string {
	var terms []string
	for _, run := range runs(fold(text)) {
		terms = append(terms, run.terms()...)
	}
	return terms
}

// Query is what is searched for: a text that holds all of its phrases.
type Query []Phrase

// Phrase is a run of terms that follow each other. The last one is also found as
// the beginning of a longer one where Prefix is set.
type Phrase struct {
	Terms  []string
	Prefix bool
}

// Parse makes a query of what somebody typed: a phrase of each word between spaces.
// A text without a letter or a digit has none, and finds nothing.
func Parse(text string) Query {
	var q Query
	for word := range strings.FieldsSeq(fold(text)) {
		var p Phrase
		parts := runs(word)
		for i, run := range parts {
			terms := run.terms()
			p.Prefix = !run.pairs || len(terms) == 1
			if !p.Prefix && i == len(parts)-1 {
				terms = terms[:len(terms)-1] // where it ends, more may follow
			}
			p.Terms = append(p.Terms, terms...)
		}
		if len(p.Terms) > 0 {
			q = append(q, p)
		}
	}
	return q
}

// Match says whether terms, as Cut returned them, hold what q searches for.
func (q Query) Match(terms []string) bool {
	for _, p := range q {
		if !p.in(terms) {
			return false
		}
	}
	return len(q) > 0
}

func (p Phrase) in(terms []string) bool {
	last := len(p.Terms) - 1
	for at := 0; at+last < len(terms); at++ {
		if !slices.Equal(terms[at:at+last], p.Terms[:last]) {
			continue
		}
		end := terms[at+last]
		if end == p.Terms[last] || p.Prefix && strings.HasPrefix(end, p.Terms[last]) {
			return true
		}
	}
	return false
}

func fold(text string) string {
	return norm.NFKC.String(cases.Fold().String(norm.NFKC.String(text)))
}

// run is a stretch of letters that are cut in one way.
type run struct {
	letters []rune
	pairs   bool
}

func runs(text string) []run {
	var all []run
	inside := false
	for _, r := range text {
		letter := unicode.In(r, unicode.L, unicode.N)
		if !letter && (!inside || !unicode.Is(unicode.M, r)) { // a mark belongs to a letter, or to no word: ❤️ ends with one
			inside = false
			continue
		}
		if letter {
			pairs := isDense(r)
			if !inside || all[len(all)-1].pairs != pairs {
				all = append(all, run{pairs: pairs})
			}
		}
		inside = true
		all[len(all)-1].letters = append(all[len(all)-1].letters, r)
	}
	return all
}

// isDense says whether words of r's script follow each other without a space.
func isDense(r rune) bool {
	return r >= 0x0e00 && unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul, unicode.Bopomofo,
		unicode.Thai, unicode.Lao, unicode.Khmer, unicode.Myanmar) || r == 'ー' || r == '々'
}

func (r run) terms() []string {
	if !r.pairs {
		var terms []string
		for word := range slices.Chunk(r.letters, maxWord) {
			terms = append(terms, string(word))
		}
		return terms
	}
	terms := make([]string, 0, len(r.letters))
	for i := range r.letters {
		terms = append(terms, string(r.letters[i:min(i+2, len(r.letters))]))
	}
	return terms
}
