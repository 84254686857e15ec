package richtext_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/compat/richtext"
)

func text(s string) richtext.Piece    { return richtext.Piece{Text: s} }
func picture(s string) richtext.Piece { return richtext.Piece{Picture: s} }

func isData(src string) bool { return strings.HasPrefix(src, "data:") }

func TestSplit(t *testing.T) {
	for _, c := range []struct {
		name, content string
		want          []richtext.Piece
	}{
		{"nothing", "", nil},
		{"text", "在吗", []richtext.Piece{text("在吗")}},
		{"text and pictures in order", `one<img src="data:1">two<img class='x' src='data:2' />`, []richtext.Piece{text("one"), picture("data:1"), text("two"), picture("data:2")}},
		{"the marker of the old page", `<img hp="Zm9v" src="data:image/png;base64,AA==">`, []richtext.Piece{picture("data:image/png;base64,AA==")}},
		{"pictures only", `<img src="data:1"><img src="data:2">`, []richtext.Piece{picture("data:1"), picture("data:2")}},
		{"what is no picture is text", `<img src="http://evil/x.png" onerror=alert(1)>`, []richtext.Piece{text(`<img src="http://evil/x.png" onerror=alert(1)>`)}},
		{"other tags are text", `<b>bold</b> <script>alert(1)</script></a>`, []richtext.Piece{text(`<b>bold</b> <script>alert(1)</script></a>`)}},
		{"what was typed", `a &lt; b &amp;&amp; c &gt;&nbsp; "d" &#039;e&#039;`, []richtext.Piece{text(`a < b && c >  "d" 'e'`)}},
		{"decoded once", `&amp;lt;b&amp;gt;`, []richtext.Piece{text(`&lt;b&gt;`)}},
		{"lines by br", `a<br>b<br/><br>c<br>`, []richtext.Piece{text("a\nb\n\nc")}},
		{"lines by div", `a<div>b</div><div><br></div><div>c</div>`, []richtext.Piece{text("a\nb\n\nc")}},
		{"lines by p, all of them", `<p>a</p><p>b</p>c`, []richtext.Piece{text("a\nb\nc")}},
		{"nested divs", `<div><div>a</div></div><div>b<br></div>`, []richtext.Piece{text("a\nb")}},
		{"a picture on its line", `a<div><img src="data:1"></div><div>b</div>`, []richtext.Piece{text("a"), picture("data:1"), text("b")}},
		{"line breaks that were typed", "a\nb", []richtext.Piece{text("a\nb")}},
		{"all line breaks that were typed", "\na\n\n<img src=data:1>\nb\n", []richtext.Piece{text("\na\n\n"), picture("data:1"), text("\nb\n")}},
		{"unfinished", `a <img src="data:1`, []richtext.Piece{text(`a <img src="data:1`)}},
		{"a comment", `a<!-- b -->c`, []richtext.Piece{text("a<!-- b -->c")}},
		{"a lone less-than", `1 < 2 <3`, []richtext.Piece{text(`1 < 2 <3`)}},
		{"another quote", `<IMG SRC=data:1>x`, []richtext.Piece{picture("data:1"), text("x")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, richtext.Split(c.content, isData)); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.content, diff)
			}
		})
	}
}

// Whatever comes, it ends, and no two runs of text stand side by side.
func FuzzSplit(f *testing.F) {
	f.Add(`a<div>b</div><img src="data:1"><br>&lt;`)
	f.Add(`<textarea><img src="data:1"></textarea><plaintext><br>`)
	f.Fuzz(func(t *testing.T, content string) {
		pieces := richtext.Split(content, isData)
		for i, p := range pieces {
			if (p.Text == "") == (p.Picture == "") {
				t.Errorf("piece %d of %q is %+v", i, content, p)
			}
			if i > 0 && p.Text != "" && pieces[i-1].Text != "" {
				t.Errorf("pieces %d and %d of %q are both text", i-1, i, content)
			}
		}
	})
}
