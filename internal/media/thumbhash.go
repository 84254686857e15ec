package media

import (
	"encoding/base64"
	"encoding/binary"
	"image"
	"math"
)

// hashSide is the largest picture that is hashed; more adds nothing.
const hashSide = 100

// thumbHash returns the picture's ThumbHash as base64, at most 36 characters: a
// blurred likeness to draw until the picture is there. The algorithm is Evan
// Wallace's (https://evanw.github.io/thumbhash/, MIT); clients decode with his
// npm package thumbhash, from whose version 0.1.1 the expected values of the
// test were taken.
func thumbHash(img image.Image) string {
	rgba := render(img, hashSide, upright, isOpaque(img))
	var pix []byte
	switch m := rgba.(type) {
	case *image.RGBA: // opaque
		pix = m.Pix
	case *image.NRGBA:
		pix = m.Pix
	}
	size := rgba.Bounds().Size()
	return base64.StdEncoding.EncodeToString(hashPixels(size.X, size.Y, pix))
}

// hashPixels hashes w×h pixels of four bytes that are not premultiplied.
func hashPixels(w, h int, pix []byte) []byte {
	l, p, q, a, hasAlpha := toLPQA(w, h, pix)
	limit := 7.0
	if hasAlpha {
		limit = 5 // fewer bits of luminance leave some for alpha
	}
	long := float64(max(w, h))
	lx := int(max(1, round(limit*float64(w)/long)))
	ly := int(max(1, round(limit*float64(h)/long)))

	lc := l.encode(w, h, max(3, lx), max(3, ly))
	pc, qc := p.encode(w, h, 3, 3), q.encode(w, h, 3, 3)
	header24 := bits(63*lc.dc) | bits(31.5+31.5*pc.dc)<<6 | bits(31.5+31.5*qc.dc)<<12 | bits(31*lc.scale)<<18
	header16 := uint32(lx) //nolint:gosec // 1 to 7
	if w > h {
		header16 = uint32(ly) | 1<<15 //nolint:gosec // 1 to 7
	}
	header16 |= bits(63*pc.scale)<<3 | bits(63*qc.scale)<<9
	channels := []terms{lc, pc, qc}
	if hasAlpha {
		header24 |= 1 << 23
	}
	hash := binary.LittleEndian.AppendUint32(nil, header24)[:3]
	hash = binary.LittleEndian.AppendUint16(hash, uint16(header16)) //nolint:gosec // 16 bits
	if hasAlpha {
		ac := a.encode(w, h, 5, 5)
		hash = append(hash, byte(bits(15*ac.dc)|bits(15*ac.scale)<<4)) //nolint:gosec // twice four bits
		channels = append(channels, ac)
	}
	return packTerms(hash, channels)
}

// packTerms appends the varying terms of all channels, four bits each.
func packTerms(hash []byte, channels []terms) []byte {
	odd := false
	for _, c := range channels {
		for _, f := range c.ac {
			v := byte(bits(15 * f)) //nolint:gosec // four bits
			if odd {
				hash[len(hash)-1] |= v << 4
			} else {
				hash = append(hash, v)
			}
			odd = !odd
		}
	}
	return hash
}

// round rounds as JavaScript does, halves up, which the clients' decoder expects.
func round(f float64) float64 { return math.Floor(f + 0.5) }

func bits(f float64) uint32 { return uint32(round(f)) }

// channel holds one value for each pixel, row by row.
type channel []float64

// toLPQA turns pixels into luminance, yellow−blue, red−green and alpha, laid
// over their average colour.
func toLPQA(w, h int, pix []byte) (l, p, q, a channel, hasAlpha bool) {
	var avgR, avgG, avgB, avgA float64
	for i := 0; i < len(pix); i += 4 {
		alpha := float64(pix[i+3]) / 255
		avgR += alpha / 255 * float64(pix[i])
		avgG += alpha / 255 * float64(pix[i+1])
		avgB += alpha / 255 * float64(pix[i+2])
		avgA += alpha
	}
	if avgA > 0 {
		avgR /= avgA
		avgG /= avgA
		avgB /= avgA
	}
	n := w * h
	l, p, q, a = make(channel, n), make(channel, n), make(channel, n), make(channel, n)
	for i := range n {
		px := pix[4*i : 4*i+4]
		alpha := float64(px[3]) / 255
		r := avgR*(1-alpha) + alpha/255*float64(px[0])
		g := avgG*(1-alpha) + alpha/255*float64(px[1])
		b := avgB*(1-alpha) + alpha/255*float64(px[2])
		l[i], p[i], q[i], a[i] = (r+g+b)/3, (r+g)/2-b, r-g, alpha
	}
	return l, p, q, a, avgA < float64(n)
}

// terms are what a channel is encoded as: the constant term, and the varying ones
// in units of the largest, moved to 0…1.
type terms struct {
	dc    float64
	ac    []float64
	scale float64
}

// encode applies the discrete cosine transform, with the terms of nx×ny that lie
// in the upper left triangle.
func (c channel) encode(w, h, nx, ny int) terms {
	var t terms
	fx := make([]float64, w)
	for cy := range ny {
		for cx := 0; cx*ny < nx*(ny-cy); cx++ {
			f := 0.0
			for x := range fx {
				fx[x] = math.Cos(math.Pi / float64(w) * float64(cx) * (float64(x) + 0.5))
			}
			for y := range h {
				fy := math.Cos(math.Pi / float64(h) * float64(cy) * (float64(y) + 0.5))
				for x := range w {
					f += c[x+y*w] * fx[x] * fy
				}
			}
			f /= float64(w * h)
			if cx == 0 && cy == 0 {
				t.dc = f
				continue
			}
			t.ac = append(t.ac, f)
			t.scale = max(t.scale, math.Abs(f))
		}
	}
	if t.scale > 0 {
		for i, f := range t.ac {
			t.ac[i] = 0.5 + 0.5/t.scale*f
		}
	}
	return t
}
