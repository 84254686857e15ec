package brand

import (
	"fmt"
	"strings"
)

// DefaultRadius is that of the pages' largest round corners, in pixels. The others
// go with it.
const DefaultRadius = 18

// MaxRadius is the largest that looks like anything.
const MaxRadius = 28

// Brand is how the shop wants the chat to look. What is not set is the chat's own.
type Brand struct {
	Name   string
	Logo   string // address of a picture
	Accent *Colour
	Radius *int // pixels
}

// IsZero reports whether nothing is set.
func (b *Brand) IsZero() bool {
	return b.Name == "" && b.Logo == "" && !b.Styles()
}

// Styles reports whether b needs a stylesheet.
func (b *Brand) Styles() bool { return b.Accent != nil || b.Radius != nil }

// CSS returns the tokens of web/src/ui/tokens.css that b sets. They win over those,
// in whatever order the two are loaded.
func (b *Brand) CSS() string {
	var s strings.Builder
	if b.Radius != nil {
		fmt.Fprintf(&s, "html:root{%s}\n", radii(*b.Radius))
	}
	if b.Accent != nil {
		light, dark := Derive(*b.Accent, Light()), Derive(*b.Accent, Dark())
		fmt.Fprintf(&s, "html:root{%s}\n", light.tokens())
		fmt.Fprintf(&s, "html:root[data-theme=\"dark\"]{%s}\n", dark.tokens())
		// Pages without a script go by the device.
		fmt.Fprintf(&s, "@media (prefers-color-scheme: dark){html:root:not([data-theme]){%s}}\n", dark.tokens())
	}
	return s.String()
}

func radii(r int) string {
	part := func(of int) int { return (r*of + DefaultRadius/2) / DefaultRadius }
	return fmt.Sprintf("--r1:%dpx;--r2:%dpx;--r3:%dpx", part(6), part(10), r)
}

// tokens writes a palette by the names that the pages have for it.
func (p *Palette) tokens() string {
	list := make([]string, 0, 13)
	for _, t := range p.named() {
		list = append(list, "--"+t.name+":"+t.colour.String())
	}
	return strings.Join(list, ";")
}

type token struct {
	name   string
	colour Colour
}

func (p *Palette) named() []token {
	return []token{
		{"accent", p.Accent},
		{"accent-strong", p.Strong},
		{"accent-soft", p.Soft},
		{"accent-fill", p.Fill},
		{"accent-fill-strong", p.FillStrong},
		{"on-accent", p.On},
		{"on-accent-dim", p.OnDim},
		{"link", p.Link},
		{"bubble-own", p.Own},
		{"bubble-own-text", p.OwnText},
		{"bubble-own-dim", p.OwnDim},
		{"bubble-own-link", p.OwnText},
	}
}

// Body is what GET /v1/brand answers: what is not set is absent.
type Body struct {
	Name   string       `json:"name,omitzero"`
	Logo   string       `json:"logo,omitzero"`
	Accent string       `json:"accent,omitzero"`
	Radius *int         `json:"radius,omitzero"`
	Light  *BodyPalette `json:"light,omitzero"`
	Dark   *BodyPalette `json:"dark,omitzero"`
}

// BodyPalette is what a button on the shop's own page needs.
type BodyPalette struct {
	Fill       string `json:"fill"`
	FillStrong string `json:"fill_strong"`
	On         string `json:"on"`
}

// Body returns b for programs.
func (b *Brand) Body() Body {
	out := Body{Name: b.Name, Logo: b.Logo, Radius: b.Radius}
	if b.Accent != nil {
		light, dark := Derive(*b.Accent, Light()), Derive(*b.Accent, Dark())
		out.Accent, out.Light, out.Dark = b.Accent.String(), light.body(), dark.body()
	}
	return out
}

func (p *Palette) body() *BodyPalette {
	return &BodyPalette{Fill: p.Fill.String(), FillStrong: p.FillStrong.String(), On: p.On.String()}
}
