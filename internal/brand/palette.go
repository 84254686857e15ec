package brand

const (
	readable = 4.5  // WCAG AA for text
	seen     = 1.15 // a bubble or a button, told from what it stands on
)

// Theme is what does not change with the accent: what coloured things stand on and
// stand beside, as in web/src/ui/tokens.css.
type Theme struct {
	Surfaces []Colour // that coloured text stands on
	Texts    []Colour // that stand on the soft accent
	Bubble   Colour   // the other side's
	Dark     bool
}

// Light returns the light theme.
func Light() Theme {
	return Theme{
		Surfaces: []Colour{{0xf3, 0xf4, 0xf8}, {0xff, 0xff, 0xff}, {0xf7, 0xf8, 0xfb}, {0xec, 0xee, 0xf4}},
		Texts:    []Colour{{0x17, 0x1a, 0x23}, {0x52, 0x5a, 0x6d}, {0x63, 0x6b, 0x7e}},
		Bubble:   Colour{0xff, 0xff, 0xff},
	}
}

// Dark returns the dark theme.
func Dark() Theme {
	return Theme{
		Surfaces: []Colour{{0x0e, 0x10, 0x15}, {0x17, 0x1a, 0x21}, {0x1d, 0x20, 0x29}, {0x27, 0x2b, 0x36}},
		Texts:    []Colour{{0xec, 0xee, 0xf4}, {0xb1, 0xb8, 0xc8}, {0x9a, 0xa2, 0xb5}},
		Bubble:   Colour{0x22, 0x26, 0x30},
		Dark:     true,
	}
}

// Palette is the colours of one theme that go with an accent.
type Palette struct {
	Accent     Colour // text, icons and lines on the surfaces and on Soft
	Strong     Colour // the same, more so
	Soft       Colour // a ground for text
	Link       Colour
	Fill       Colour // buttons: the accent itself, where it can be seen
	FillStrong Colour // buttons under the pointer
	On, OnDim  Colour // text on Fill; On also on FillStrong
	Own        Colour // one's own bubbles
	OwnText    Colour
	OwnDim     Colour // quiet text and links in them
}

// Derive returns the colours that go with accent.
func Derive(accent Colour, t Theme) Palette {
	ink, ground := Colour{}, Colour{0xff, 0xff, 0xff} // from which a colour moves away, and to which it fades
	if t.Dark {
		ink, ground = ground, t.Surfaces[1]
	}
	var p Palette
	fade := 0.86
	if t.Dark {
		fade = 0.76
	}
	p.Soft = accent.mix(ground, fade).until(ground, func(c Colour) bool { return on(c, t.Texts...) })
	grounds := append([]Colour{p.Soft}, t.Surfaces...)
	p.Accent = accent.until(ink, func(c Colour) bool { return on(c, grounds...) })
	p.Strong = p.Accent.mix(ink, 0.2)
	p.Link = p.Accent.mix(ink, 0.1)

	p.Fill = accent.until(ink, func(c Colour) bool { return apart(c, t) })
	p.On = textOn(p.Fill)
	p.FillStrong = p.Fill.mix(opposite(p.On), 0.18)
	p.OnDim = dim(p.On, p.Fill)

	p.Own = p.Fill
	if t.Dark { // a thread full of them must not dazzle
		p.Own = p.Fill.mix(Colour{}, 0.3).until(ink, func(c Colour) bool { return apart(c, t) })
	}
	p.OwnText = textOn(p.Own)
	p.OwnDim = dim(p.OwnText, p.Own)
	return p
}

// on reports whether c can be read on all of grounds.
func on(c Colour, grounds ...Colour) bool {
	for _, g := range grounds {
		if Contrast(c, g) < readable {
			return false
		}
	}
	return true
}

// apart reports whether c can be told from what bubbles and buttons stand on.
func apart(c Colour, t Theme) bool {
	return Contrast(c, t.Bubble) >= seen && Contrast(c, t.Surfaces[0]) >= seen && Contrast(c, t.Surfaces[1]) >= seen
}

// textOn returns what can be read on c: white, a soft black, or black. On every
// colour one of white and black can.
func textOn(c Colour) Colour {
	for _, text := range []Colour{{0xff, 0xff, 0xff}, {0x17, 0x1a, 0x23}} {
		if Contrast(text, c) >= readable {
			return text
		}
	}
	return Colour{}
}

// opposite is where a ground has to go for text to be read better.
func opposite(text Colour) Colour {
	if text.luminance() > 0.5 {
		return Colour{}
	}
	return Colour{0xff, 0xff, 0xff}
}

// dim returns text as quiet as it may be on a ground, up to a fifth of it.
func dim(text, ground Colour) Colour {
	return text.mix(ground, 0.2).until(text, func(c Colour) bool { return Contrast(c, ground) >= readable })
}
