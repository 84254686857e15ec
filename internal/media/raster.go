package media

import (
	"image"
	"image/draw"
)

// fitInto returns the size of a picture of w×h within side×side, never larger
// than it is and never nothing.
func fitInto(w, h, side int) (fw, fh int) {
	long := max(w, h)
	if long <= side {
		return w, h
	}
	return max(1, (w*side+long/2)/long), max(1, (h*side+long/2)/long)
}

// isOpaque reports whether no pixel of img lets anything through.
func isOpaque(img image.Image) bool {
	o, ok := img.(interface{ Opaque() bool })
	return ok && o.Opaque()
}

// render draws src within side pixels and upright, as RGBA when it is opaque and
// as NRGBA otherwise, where the bytes of a pixel mean the same.
//
// Pixels are averaged by area, row by row. The kernels of x/image/draw keep 32
// bytes for each row of the source and column of the result, 700 MB for a large
// photo; this keeps two rows and, unlike their ApproxBiLinear, skips none.
func render(src image.Image, side int, o orientation, opaque bool) image.Image {
	b := src.Bounds()
	w, h := fitInto(b.Dx(), b.Dy(), side)
	pix := make([]byte, 4*w*h)
	origin, dx, dy := o.placement(w, h)
	place := func(y int, row []byte) {
		at := 4 * (origin + y*dy)
		for ; len(row) >= 4; row = row[4:] {
			copy(pix[at:at+4], row[:4])
			at += 4 * dx
		}
	}
	if opaque && w == b.Dx() && h == b.Dy() {
		eachRow(src, place)
	} else {
		r := newReducer(b.Dx(), b.Dy(), w, h, place)
		eachRow(src, func(_ int, row []byte) { r.add(row) })
	}
	if o.turns() {
		w, h = h, w
	}
	if opaque {
		return &image.RGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
	}
	return &image.NRGBA{Pix: pix, Stride: 4 * w, Rect: image.Rect(0, 0, w, h)}
}

// eachRow hands the rows of src to f, as premultiplied RGBA. A row is good until
// f returns.
func eachRow(src image.Image, f func(y int, row []byte)) {
	b := src.Bounds()
	if rgba, ok := src.(*image.RGBA); ok {
		for y := range b.Dy() {
			at := rgba.PixOffset(b.Min.X, b.Min.Y+y)
			f(y, rgba.Pix[at:at+4*b.Dx()])
		}
		return
	}
	const rows = 16 // subsampled chroma comes in blocks, and a call costs something
	strip := image.NewRGBA(image.Rect(0, 0, b.Dx(), min(rows, b.Dy())))
	for top := 0; top < b.Dy(); top += rows {
		draw.Draw(strip, strip.Rect, src, b.Min.Add(image.Pt(0, top)), draw.Src)
		for y := top; y < min(top+rows, b.Dy()); y++ {
			at := (y - top) * strip.Stride
			f(y, strip.Pix[at:at+strip.Stride])
		}
	}
}

// reducer averages rows of sw pixels, sh of them, into rows of w pixels, h of
// them; w and h are not larger. In units in which a pixel of the source is w
// wide, one of the result is sw wide and so covers whole units: weights are
// integers and no pixel is lost or counted twice. Likewise for heights.
type reducer struct {
	sw, sh, w, h int
	y, outY      int
	line         []uint32 // the row of the source, averaged across
	sum          []uint64 // the row of the result so far
	out          []byte
	emit         func(y int, row []byte)
}

// newReducer returns a reducer that hands each row, no longer premultiplied, to
// emit as soon as it is complete.
func newReducer(sw, sh, w, h int, emit func(y int, row []byte)) *reducer {
	return &reducer{
		sw: sw, sh: sh, w: w, h: h, emit: emit,
		line: make([]uint32, 4*w), sum: make([]uint64, 4*w), out: make([]byte, 4*w),
	}
}

// add takes the next row of the source.
func (r *reducer) add(row []byte) {
	r.across(row)
	above, below := uint64(r.h), uint64(0) //nolint:gosec // positive
	end := (r.outY + 1) * r.sh
	if bottom := (r.y + 1) * r.h; bottom > end {
		below = uint64(bottom - end) //nolint:gosec // positive
		above -= below
	}
	for i, v := range r.line {
		r.sum[i] += uint64(v) * above
	}
	if r.y++; r.y*r.h < end {
		return
	}
	r.flush()
	r.outY++
	for i, v := range r.line {
		r.sum[i] = uint64(v) * below
	}
}

// across averages the row into line.
func (r *reducer) across(row []byte) {
	clear(r.line)
	w, sw := uint32(r.w), uint32(r.sw) //nolint:gosec // at most maxEdge
	end, right, at := sw, uint32(0), 0
	for ; len(row) >= 4; row = row[4:] {
		c0, c1, c2, c3 := uint32(row[0]), uint32(row[1]), uint32(row[2]), uint32(row[3])
		right += w
		here := w
		if right > end {
			here -= right - end
		}
		l := r.line[at : at+4 : at+4]
		l[0] += c0 * here
		l[1] += c1 * here
		l[2] += c2 * here
		l[3] += c3 * here
		if right < end {
			continue
		}
		at += 4
		end += sw
		if rest := w - here; rest > 0 {
			l := r.line[at : at+4 : at+4]
			l[0] = c0 * rest
			l[1] = c1 * rest
			l[2] = c2 * rest
			l[3] = c3 * rest
		}
	}
}

// flush emits the row of the result.
func (r *reducer) flush() {
	area := uint64(r.sw) * uint64(r.sh) //nolint:gosec // positive
	for i := 0; i < len(r.sum); i += 4 {
		alpha := r.sum[i+3]
		r.out[i+3] = byte((alpha + area/2) / area) //nolint:gosec // an average of bytes
		for c := i; c < i+3; c++ {
			if alpha == 0 {
				r.out[c] = 0
				continue
			}
			r.out[c] = byte(min(255, (r.sum[c]*255+alpha/2)/alpha))
		}
	}
	r.emit(r.outY, r.out)
}
