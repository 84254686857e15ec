package brand_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"haggle/internal/brand"
)

// colours are all there are, with those more often that palettes are made of.
func colours() *rapid.Generator[brand.Colour] {
	return rapid.Custom(func(t *rapid.T) brand.Colour {
		b := rapid.OneOf(rapid.Byte(), rapid.SampledFrom([]byte{0, 1, 127, 128, 254, 255}))
		return brand.Colour{R: b.Draw(t, "r"), G: b.Draw(t, "g"), B: b.Draw(t, "b")}
	})
}

type errorfer interface {
	Errorf(format string, args ...any)
}

// check looks at every pair of a text and what it stands on.
func check(t errorfer, accent brand.Colour) {
	for name, theme := range map[string]brand.Theme{"light": brand.Light(), "dark": brand.Dark()} {
		p := brand.Derive(accent, theme)
		want := func(what string, text, ground brand.Colour) {
			if c := brand.Contrast(text, ground); c < 4.5 {
				t.Errorf("%v %s: %s, %v on %v, has a contrast of %.3f", accent, name, what, text, ground, c)
			}
		}
		for _, s := range append([]brand.Colour{p.Soft}, theme.Surfaces...) {
			want("accent", p.Accent, s)
			want("strong", p.Strong, s)
			want("link", p.Link, s)
		}
		for _, text := range theme.Texts {
			want("text on soft", text, p.Soft)
		}
		want("on fill", p.On, p.Fill)
		want("on strong fill", p.On, p.FillStrong)
		want("dim on fill", p.OnDim, p.Fill)
		want("own bubble", p.OwnText, p.Own)
		want("own bubble, dim", p.OwnDim, p.Own)
		for what, ground := range map[string]brand.Colour{"the page": theme.Surfaces[0], "the other side's bubble": theme.Bubble} {
			for _, c := range []brand.Colour{p.Own, p.Fill} {
				if brand.Contrast(c, ground) < 1.15 {
					t.Errorf("%v %s: %v cannot be told from %s", accent, name, c, what)
				}
			}
		}
	}
}

// Whatever colour a shop has, everybody can read the chat.
func TestDerive(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) { check(t, colours().Draw(t, "accent")) })
}

// A net over all accents, so that no seed decides.
func TestDerive_net(t *testing.T) {
	const step = 17
	for r := 0; r <= 255; r += step {
		for g := 0; g <= 255; g += step {
			for b := 0; b <= 255; b += step {
				check(t, brand.Colour{R: uint8(r), G: uint8(g), B: uint8(b)})
			}
		}
	}
}

// A colour that is good as it is stays so: a shop knows its own.
func TestDerive_keeps(t *testing.T) {
	for _, hex := range []string{"#3d4fd7", "#ff6a00", "#ffe600", "#e1251b", "#07c160"} {
		c, err := brand.ParseColour(hex)
		if err != nil {
			t.Fatal(err)
		}
		if p := brand.Derive(c, brand.Light()); p.Fill != c || p.Own != c {
			t.Errorf("%s became %v and %v", hex, p.Fill, p.Own)
		}
		if p := brand.Derive(c, brand.Dark()); p.Fill != c {
			t.Errorf("%s became %v in the dark", hex, p.Fill)
		}
	}
}

func TestContrast(t *testing.T) {
	for _, tt := range []struct {
		a, b brand.Colour
		want string
	}{
		{brand.Colour{}, brand.Colour{R: 255, G: 255, B: 255}, "21.00"},
		{brand.Colour{R: 255, G: 255, B: 255}, brand.Colour{R: 0x76, G: 0x76, B: 0x76}, "4.54"},
		{brand.Colour{R: 255}, brand.Colour{R: 255, G: 255, B: 255}, "4.00"},
	} {
		if got := fmt.Sprintf("%.2f", brand.Contrast(tt.a, tt.b)); got != tt.want {
			t.Errorf("%v and %v: %s, want %s", tt.a, tt.b, got, tt.want)
		}
	}
}

func TestParseColour(t *testing.T) {
	for s, ok := range map[string]bool{
		"#ff6a00": true, "#FFE600": true, "ff6a00": false, "#fff": false, "#ff6a0": false, "#ff6a00 ": false, "#-f6a00": false,
		"#+f6a00": false, "red": false, "": false, "#ff6a00;}": false,
	} {
		if c, err := brand.ParseColour(s); (err == nil) != ok || ok && !strings.EqualFold(c.String(), s) {
			t.Errorf("%q: %v, %v", s, c, err)
		}
	}
}

func TestCSS(t *testing.T) {
	orange, radius := brand.Colour{R: 0xff, G: 0x6a}, 9
	css := (&brand.Brand{Accent: &orange, Radius: &radius}).CSS()
	for _, want := range []string{
		"html:root{--r1:3px;--r2:5px;--r3:9px}", "--accent-fill:#ff6a00;", `html:root[data-theme="dark"]{--accent:`,
		"@media (prefers-color-scheme: dark){html:root:not([data-theme]){--accent:",
	} {
		if !strings.Contains(css, want) {
			t.Errorf("no %s in %s", want, css)
		}
	}
	if css := (&brand.Brand{Name: "Shop"}).CSS(); css != "" {
		t.Errorf("a name alone makes %q", css)
	}
}

var (
	value = regexp.MustCompile(`--([a-z0-9-]+): (#[0-9a-f]{6});`)
	rule  = regexp.MustCompile(`[^{}]*\{[^{}]*\}`)
)

// What this package takes for the pages' grounds and texts is what they are, and
// every colour that it sets is one that they have.
func TestTokens(t *testing.T) {
	text, err := os.ReadFile("../../web/src/ui/tokens.css")
	if err != nil {
		t.Fatal(err)
	}
	light, dark, ok := strings.Cut(string(text), `:root[data-theme="dark"]`)
	if !ok {
		t.Fatal("there is no dark theme")
	}
	for name, theme := range map[string]struct {
		css   string
		theme brand.Theme
	}{"light": {light, brand.Light()}, "dark": {dark, brand.Dark()}} {
		tokens := make(map[string]string)
		for _, m := range value.FindAllStringSubmatch(theme.css, -1) {
			tokens[m[1]] = m[2]
		}
		want := func(token string, c brand.Colour) {
			if tokens[token] != c.String() {
				t.Errorf("%s --%s is %s, this package has %v", name, token, tokens[token], c)
			}
		}
		for i, token := range []string{"bg", "surface", "surface-2", "surface-3"} {
			want(token, theme.theme.Surfaces[i])
		}
		for i, token := range []string{"text", "text-2", "text-3"} {
			want(token, theme.theme.Texts[i])
		}
		want("bubble", theme.theme.Bubble)
		accent := brand.Colour{R: 1}
		for _, m := range regexp.MustCompile(`--(accent|on-accent|link|bubble)[a-z-]*`).FindAllString((&brand.Brand{Accent: &accent}).CSS(), -1) {
			if token := strings.TrimPrefix(m, "--"); tokens[token] == "" && !strings.Contains(theme.css, m+":") {
				t.Errorf("%s: the pages have no %s", name, m)
			}
		}
	}
}

// A colour that a style makes up for itself is one that no shop, and no theme, can change.
func TestColoursAreTokens(t *testing.T) {
	own := regexp.MustCompile(`#[0-9a-fA-F]{3,8}\b|\b(rgb|hsl)a?\(`)
	for _, root := range []string{"../../web/src", "../plain/page", "../app/page"} {
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || filepath.Ext(path) != ".css" || filepath.Base(path) == "tokens.css" {
				return err
			}
			text, err := os.ReadFile(path)
			if found := own.FindAllString(string(text), -1); found != nil {
				t.Errorf("%s has colours of its own: %v", path, found)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// --on-accent is for --accent-fill: a pale accent is filled with as it is and written
// in darker, and what can be read on the one cannot on the other.
func TestOnAccentStandsOnFill(t *testing.T) {
	err := filepath.WalkDir("../../web/src", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".css" {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for _, r := range rule.FindAllString(string(text), -1) {
			onFill := strings.Contains(r, "color: var(--on-accent)")
			if onFill && regexp.MustCompile(`background(-color)?: var\(--accent(-strong)?\)`).MatchString(r) {
				t.Errorf("%s: this has to stand on --accent-fill:\n%s", path, strings.TrimSpace(r))
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
