package media

import (
	"bytes"
	"encoding/base64"
	"image"
	"image/color"
	"math"
	"testing"

	"pgregory.net/rapid"
)

// The reducer gives what averaging by area is: each pixel of the result the mean
// of what it covers, weighted by how much of it, colours weighted by alpha.
func TestReducerAveragesByArea(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		src := image.NewNRGBA(image.Rect(0, 0, rapid.IntRange(1, 40).Draw(rt, "sw"), rapid.IntRange(1, 40).Draw(rt, "sh")))
		opaque := rapid.Bool().Draw(rt, "opaque")
		copy(src.Pix, rapid.SliceOfN(rapid.Byte(), len(src.Pix), len(src.Pix)).Draw(rt, "pixels"))
		for i := 3; opaque && i < len(src.Pix); i += 4 {
			src.Pix[i] = 255
		}
		side := rapid.IntRange(1, 40).Draw(rt, "side")
		got := render(src, side, upright, opaque)
		w, h := fitInto(src.Rect.Dx(), src.Rect.Dy(), side)
		if got.Bounds() != image.Rect(0, 0, w, h) {
			rt.Fatalf("bounds = %v, want %d×%d", got.Bounds(), w, h)
		}
		for y := range h {
			for x := range w {
				want := mean(src, x, y, w, h)
				c := color.NRGBAModel.Convert(got.At(x, y)).(color.NRGBA) //nolint:errcheck // that is its type
				pr, pg, pb := float64(c.R)*float64(c.A)/255, float64(c.G)*float64(c.A)/255, float64(c.B)*float64(c.A)/255
				for i, v := range []float64{pr, pg, pb, float64(c.A)} {
					if math.Abs(v-want[i]) > 1.6 {
						rt.Fatalf("pixel %d,%d = %v (channel %d is %.2f), want %.2f", x, y, c, i, v, want[i])
					}
				}
			}
		}
	})
}

// mean averages the pixels of src under one of w×h, premultiplied.
func mean(src *image.NRGBA, x, y, w, h int) [4]float64 {
	sw, sh := float64(src.Rect.Dx())/float64(w), float64(src.Rect.Dy())/float64(h)
	var sum [4]float64
	for sy := range src.Rect.Dy() {
		for sx := range src.Rect.Dx() {
			weight := overlap(sx, float64(x)*sw, float64(x+1)*sw) * overlap(sy, float64(y)*sh, float64(y+1)*sh)
			c := src.NRGBAAt(sx, sy)
			a := float64(c.A)
			for i, v := range []float64{float64(c.R) * a / 255, float64(c.G) * a / 255, float64(c.B) * a / 255, a} {
				sum[i] += v * weight / sw / sh
			}
		}
	}
	return sum
}

func overlap(pixel int, from, to float64) float64 {
	return max(0, min(float64(pixel+1), to)-max(float64(pixel), from))
}

// The expected values are what the npm package thumbhash 0.1.1, which the pages
// decode with, makes of the same pixels.
func TestThumbHash(t *testing.T) {
	for _, tc := range []struct {
		name string
		w, h int
		at   func(x, y int) [4]int
		want string
	}{
		{"landscape gradient", 100, 75, func(x, y int) [4]int { return [4]int{x * 2, y * 3, x + y, 255} }, "mOgJFZaAh4dwh4h4iHiHh4eAGPiH"},
		{"portrait bands", 33, 100, func(x, y int) [4]int { return [4]int{(y >> 4) * 40, (x >> 3) * 60, 200, 255} }, "4RQKMhiAcIiHh4iHgID4B4c="},
		{"disc on nothing", 50, 50, func(x, y int) [4]int {
			if (x-25)*(x-25)+(y-25)*(y-25) < 400 {
				return [4]int{220, 60 + x*3, y * 5, 255}
			}
			return [4]int{220, 60 + x*3, y * 5, 0}
		}, "qKmGHQQ3g3uAfKjnd4V/94eHB1iHiICJWA=="},
		{"wide strip", 100, 3, func(x, y int) [4]int { return [4]int{255 - x*2, x, y * 80, 255} }, "mNgKWZ6LiIiAiHiHiX/4h4g="},
		{"half see-through", 40, 60, func(x, y int) [4]int { return [4]int{x * 6, y * 4, 10, 100 + x} }, "VQuGGwwHgICIeHiAgAf4d4B3eIiHiHc="},
		{"nothing at all", 10, 10, func(int, int) [4]int { return [4]int{} }, "AAiCBQAAAAAAAAAAAAAAAAAAAAAAAAAAAA=="},
	} {
		img := image.NewNRGBA(image.Rect(0, 0, tc.w, tc.h))
		for y := range tc.h {
			for x := range tc.w {
				p := tc.at(x, y)
				for i, v := range p {
					img.Pix[img.PixOffset(x, y)+i] = byte(v) // wraps, as in the package's run
				}
			}
		}
		if got := hashPixels(tc.w, tc.h, img.Pix); !sameHash(got, fromBase64(t, tc.want)) {
			t.Errorf("%s: hash = %s, want %s", tc.name, base64.StdEncoding.EncodeToString(got), tc.want)
		}
	}
}

// sameHash compares two hashes. A varying term that is nothing but rounding noise
// lies between 7 and 8 and may fall to either.
func sameHash(got, want []byte) bool {
	const constants = 5
	if len(got) != len(want) || !bytes.Equal(got[:constants], want[:constants]) {
		return false
	}
	for i := constants; i < len(want); i++ {
		for _, shift := range []int{0, 4} {
			g, w := got[i]>>shift&15, want[i]>>shift&15
			if g != w && (min(g, w) != 7 || max(g, w) != 8) {
				return false
			}
		}
	}
	return true
}
