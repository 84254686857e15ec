// Package richtext reads what the old chat's merchants wrote: the HTML of an
// editable element, in which pictures stand between lines of text.
//
// It is read for what a person sees in the editor: lines, characters, pictures.
// Nothing in it is markup to us afterwards. A tag that makes no line stays what
// it is to the reader, text: whoever typed "<b>" said "<b>".
package richtext

import (
	"html"
	"strings"

	htmltoken "golang.org/x/net/html"
)

// Piece is a run of text, or a picture by its src.
type Piece struct {
	Text    string
	Picture string // "" for text
}

// Split returns the pieces of an editor's content in order. An img element is a picture if isPicture says so
// of its src; else it is text like any other tag.
//
// Text is decoded once: &lt; is what an editor makes of a typed "<". A <br> ends
// a line, a <div> or <p> has lines of its own, as in the editors of all browsers.
func Split(content string, isPicture func(src string) bool) []Piece {
	s := splitter{isPicture: isPicture}
	z := htmltoken.NewTokenizer(strings.NewReader(content))
	for {
		kind := z.Next()
		if kind == htmltoken.ErrorToken {
			s.text(string(z.Raw())) // an unfinished tag
			return s.finish()
		}
		s.take(kind, z)
	}
}

type splitter struct {
	isPicture func(src string) bool
	pieces    []Piece
	run       strings.Builder
	lines     int // ended since run's last text

	used   bool // the line has something on it, or is a blank one on purpose
	broken bool // a <br> has ended the line, unless its block ends here
	closed bool // a block has ended the line
}

func (s *splitter) take(kind htmltoken.TokenType, z *htmltoken.Tokenizer) {
	raw := string(z.Raw()) // before anything else is asked of z, which overwrites it
	switch kind {
	case htmltoken.TextToken:
		s.text(html.UnescapeString(strings.ReplaceAll(raw, "&nbsp;", " ")))
		return
	case htmltoken.StartTagToken, htmltoken.SelfClosingTagToken, htmltoken.EndTagToken:
	case htmltoken.ErrorToken, htmltoken.CommentToken, htmltoken.DoctypeToken:
		s.text(raw)
		return
	}
	name, more := z.TagName()
	switch tag := string(name); {
	case tag == "br" && kind != htmltoken.EndTagToken:
		s.begin()
		s.used, s.broken = true, true
	case (tag == "div" || tag == "p") && kind == htmltoken.EndTagToken:
		s.closed, s.broken = s.used, false
	case tag == "div" || tag == "p":
		if s.used {
			s.line()
		}
	case tag == "img" && s.picture(z, more):
	default:
		s.text(raw)
	}
}

// picture adds the img element whose attributes z is at, if it is a picture.
func (s *splitter) picture(z *htmltoken.Tokenizer, more bool) bool {
	for more {
		var key, value []byte
		key, value, more = z.TagAttr()
		if src := strings.TrimSpace(string(value)); string(key) == "src" && src != "" && s.isPicture(src) {
			s.begin()
			s.flush()
			s.pieces = append(s.pieces, Piece{Picture: src})
			s.used = true
			return true
		}
	}
	return false
}

func (s *splitter) text(text string) {
	if text == "" {
		return
	}
	s.begin()
	if s.run.Len() > 0 { // at the beginning, and beside a picture, there is a new line anyhow
		s.run.WriteString(strings.Repeat("\n", s.lines))
	}
	s.lines = 0
	s.run.WriteString(text)
	s.used = true
}

// begin starts another line if the one before has ended.
func (s *splitter) begin() {
	if s.broken || s.closed {
		s.line()
	}
}

func (s *splitter) line() {
	s.lines++
	s.used, s.broken, s.closed = false, false, false
}

// flush ends a run of text.
func (s *splitter) flush() {
	if s.run.Len() > 0 {
		s.pieces = append(s.pieces, Piece{Text: s.run.String()})
	}
	s.run.Reset()
	s.lines = 0
}

func (s *splitter) finish() []Piece {
	s.flush()
	return s.pieces
}
