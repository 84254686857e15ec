package brand

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Colour is a colour of sRGB.
type Colour struct{ R, G, B uint8 }

// ParseColour reads "#rrggbb".
func ParseColour(s string) (Colour, error) {
	hex, ok := strings.CutPrefix(s, "#")
	n, err := strconv.ParseUint(hex, 16, 32)
	if !ok || len(hex) != 6 || err != nil {
		return Colour{}, fmt.Errorf("%q is no colour like #ff6a00", s)
	}
	return Colour{uint8(n >> 16), uint8(n >> 8 & 0xff), uint8(n & 0xff)}, nil //nolint:gosec // a byte each
}

// String returns "#rrggbb".
func (c Colour) String() string { return fmt.Sprintf("#%02x%02x%02x", c.R, c.G, c.B) }

// luminance is WCAG's relative luminance.
func (c Colour) luminance() float64 {
	linear := func(v uint8) float64 {
		f := float64(v) / 255
		if f <= 0.04045 {
			return f / 12.92
		}
		return math.Pow((f+0.055)/1.055, 2.4)
	}
	return 0.2126*linear(c.R) + 0.7152*linear(c.G) + 0.0722*linear(c.B)
}

// Contrast returns WCAG's contrast of two colours, 1 to 21.
func Contrast(a, b Colour) float64 {
	x, y := a.luminance(), b.luminance()
	return (max(x, y) + 0.05) / (min(x, y) + 0.05)
}

// mix returns c with a part of other in it, 0 to 1.
func (c Colour) mix(other Colour, part float64) Colour {
	one := func(a, b uint8) uint8 { return uint8(math.Round(float64(a) + (float64(b)-float64(a))*part)) }
	return Colour{one(c.R, other.R), one(c.G, other.G), one(c.B, other.B)}
}

// steps is in how many steps a colour goes to another one.
const steps = 64

// until goes from c towards other until good says so; at other it does at the latest.
func (c Colour) until(other Colour, good func(Colour) bool) Colour {
	for i := range steps {
		if m := c.mix(other, float64(i)/steps); good(m) {
			return m
		}
	}
	return other
}
