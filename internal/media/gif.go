package media

import (
	"bytes"
	"errors"
	"image"
	"image/draw"
	"image/gif"
)

var errGIF = errors.New("gif: not well formed")

// measureGIF walks the blocks of a GIF and adds up its frames, whose pixels stay
// packed. It must see every frame that image/gif would: what the two might read
// differently is refused.
func measureGIF(data []byte) (extent, error) {
	const screen = 13 // header and logical screen descriptor
	if len(data) < screen {
		return extent{}, errGIF
	}
	e := extent{width: le16(data[6:]), height: le16(data[8:])}
	w := gifWalk{data: data[screen:]}
	w.skipColors(data[10])
	for !w.broken {
		switch w.byte() {
		case 0x21: // an extension
			w.skipExtension()
		case 0x2c: // a frame
			e.pixels += w.frame()
			e.frames++
		case 0x3b: // the end
			return e, nil
		default:
			w.broken = true
		}
		if e.frames > maxFrames {
			return extent{}, errTooManyPixels("the animation has too many frames")
		}
	}
	return extent{}, errGIF
}

func le16(b []byte) int { return int(b[0]) | int(b[1])<<8 }

// gifWalk steps through the blocks of a GIF.
type gifWalk struct {
	data   []byte
	broken bool // it ended early or says what is not allowed
}

// take returns the next n bytes; when there are fewer, zeros.
func (w *gifWalk) take(n int) []byte {
	if n > len(w.data) {
		w.data, w.broken = nil, true
		return make([]byte, n)
	}
	b := w.data[:n]
	w.data = w.data[n:]
	return b
}

func (w *gifWalk) byte() byte { return w.take(1)[0] }

// skipColors skips the color table that the fields announce.
func (w *gifWalk) skipColors(fields byte) {
	if fields&0x80 != 0 {
		w.take(3 << (1 + fields&7))
	}
}

// skipBlocks skips sub-blocks up to the empty one.
func (w *gifWalk) skipBlocks() {
	for n := w.byte(); n > 0; n = w.byte() {
		w.take(int(n))
	}
}

// skipExtension skips an extension. Where image/gif reads a first block of a
// fixed size whatever its length byte says, another length is refused: the two
// would lose each other.
func (w *gifWalk) skipExtension() {
	label := w.byte()
	if len(w.data) == 0 {
		w.broken = true
		return
	}
	first := w.data[0]
	switch label {
	case 0xf9: // graphic control
		w.broken = first != 4
	case 0x01: // plain text
		w.broken = first != 12
	case 0xff: // application
		w.broken = first == 0
	case 0xfe: // comment
	default:
		w.broken = true
	}
	w.skipBlocks()
}

// frame skips a frame and returns its pixels.
func (w *gifWalk) frame() int64 {
	d := w.take(9)
	w.skipColors(d[8])
	w.take(1) // the code size
	w.skipBlocks()
	return int64(le16(d[4:])) * int64(le16(d[6:]))
}

// firstFrame returns the first frame as it is drawn: on the whole canvas.
func firstFrame(g *gif.GIF) image.Image {
	frame, canvas := g.Image[0], image.Rect(0, 0, g.Config.Width, g.Config.Height)
	if frame.Rect == canvas {
		return frame
	}
	img := image.NewNRGBA(canvas)
	draw.Draw(img, frame.Rect, frame, frame.Rect.Min, draw.Src)
	return img
}

// encodeGIF writes the frames of an animation anew, within side pixels. Comments
// and foreign extensions stay behind.
func encodeGIF(g *gif.GIF, side int) ([]byte, error) {
	w, h := fitInto(g.Config.Width, g.Config.Height, side)
	if w != g.Config.Width || h != g.Config.Height {
		for i, frame := range g.Image {
			g.Image[i] = shrinkFrame(frame, g.Config.Width, g.Config.Height, w, h)
		}
		g.Config.Width, g.Config.Height = w, h
	}
	for i, d := range g.Disposal {
		if d > gif.DisposalPrevious {
			g.Disposal[i] = 0 // there is no such way
		}
	}
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, g); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// shrinkFrame maps a frame of a canvas of sw×sh to one of w×h. Each pixel takes
// the colour of the one at its centre: colours stay in the palette, and frames
// that touch go on touching.
func shrinkFrame(frame *image.Paletted, sw, sh, w, h int) *image.Paletted {
	r := frame.Rect
	dst := image.NewPaletted(image.Rect(
		r.Min.X*w/sw, r.Min.Y*h/sh, (r.Max.X*w+sw-1)/sw, (r.Max.Y*h+sh-1)/sh), frame.Palette)
	for y := dst.Rect.Min.Y; y < dst.Rect.Max.Y; y++ {
		sy := min(max((2*y+1)*sh/(2*h), r.Min.Y), r.Max.Y-1)
		for x := dst.Rect.Min.X; x < dst.Rect.Max.X; x++ {
			sx := min(max((2*x+1)*sw/(2*w), r.Min.X), r.Max.X-1)
			dst.Pix[dst.PixOffset(x, y)] = frame.Pix[frame.PixOffset(sx, sy)]
		}
	}
	return dst
}
