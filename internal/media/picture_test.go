package media

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"testing"

	"haggle/internal/chat"
)

// secret stands for what a buyer does not know to be in the file.
const secret = "GPS 31.2304N 121.4737E"

// Pictures that Go cannot encode, made by Chromium's canvas. blackWhiteWebP is
// lossy, 32×16, its left half black and its right half white. seeThroughWebP is
// lossy with alpha, 16×12, its right half transparent. redBlueWebP is lossless,
// 12×8, #c81e28 and #0a64c8.
const (
	blackWhiteWebP = "UklGRjIAAABXRUJQVlA4ICYAAABwAgCdASogABAALk02m02hJCQkBABMS0gAB7KAAP79Ny3/sdAAAA=="
	seeThroughWebP = "UklGRmIAAABXRUJQVlA4WAoAAAAQAAAADwAACwAAQUxQSBIAAAABDzCAERFCLJjMX7o3hIj+Ry5WUDggKgAAAHABAJ0BKhAADAABQCYloAJ0AUAAAP76KH//ezP/0y+wH/3iX//vBAAAAA=="
	redBlueWebP    = "UklGRioAAABXRUJQVlA4TB0AAAAvC8ABAA9wMt0r+B4Mef6DBwKBJLP9yVaI6H9kAAA="
)

func fromBase64(t testing.TB, s string) []byte {
	t.Helper()
	data, err := base64.StdEncoding.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// photo draws something that compresses like one: soft colours and grain.
func photo(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	grain := uint32(1)
	for y := range h {
		for x := range w {
			grain = grain*1664525 + 1013904223
			g := int(grain>>28) - 8
			img.SetRGBA(x, y, color.RGBA{
				R: clampByte(40 + 180*x/w + g), G: clampByte(220 - 160*y/h + g), B: clampByte(90 + 60*(x+y)/(w+h) + g), A: 255,
			})
		}
	}
	return img
}

// letters draws something like a screenshot: few colours, hard edges.
func letters(w, h int) *image.RGBA {
	img := image.NewRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			c := color.RGBA{255, 255, 255, 255}
			if x/3%4 == 0 && y/5%3 == 0 {
				c = color.RGBA{20, 20, 20, 255}
			}
			img.SetRGBA(x, y, c)
		}
	}
	return img
}

// disc draws a sticker: colour on nothing.
func disc(w, h int) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if dx, dy := 2*x-w, 2*y-h; dx*dx+dy*dy < w*h {
				img.SetNRGBA(x, y, color.NRGBA{200, 40, 90, 200})
			}
		}
	}
	return img
}

func asJPEG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: 90}); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asPNG(t testing.TB, img image.Image) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func asGIF(t testing.TB, g *gif.GIF) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := gif.EncodeAll(&buf, g); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// moving returns an animation of n frames on a canvas of w×h, the later ones
// smaller than the canvas and see-through in places.
func moving(n, w, h int) *gif.GIF {
	colours := color.Palette{color.RGBA{}, color.RGBA{255, 0, 0, 255}, color.RGBA{0, 0, 255, 255}, color.RGBA{9, 9, 9, 255}}
	g := &gif.GIF{LoopCount: 3, Config: image.Config{Width: w, Height: h}}
	for i := range n {
		r := image.Rect(0, 0, w, h)
		if i > 0 {
			r = image.Rect(w/4, h/4, w/2+i%(w/4), h/2)
		}
		frame := image.NewPaletted(r, colours)
		for j := range frame.Pix {
			frame.Pix[j] = byte((i + j/r.Dx()/2) % len(colours))
			if i == 0 {
				frame.Pix[j] = byte(1 + j%r.Dx()*3/r.Dx())
			}
		}
		g.Image = append(g.Image, frame)
		g.Delay = append(g.Delay, 5+i)
		g.Disposal = append(g.Disposal, byte(i%4))
	}
	return g
}

// exif returns EXIF data that asks for o and gives away where the picture was
// taken.
func exif(o orientation) []byte {
	b := binary.BigEndian.AppendUint32([]byte("MM\x00*"), 8)
	b = binary.BigEndian.AppendUint16(b, 2)
	entry := func(tag, typ uint16, n, value uint32) {
		b = binary.BigEndian.AppendUint16(b, tag)
		b = binary.BigEndian.AppendUint16(b, typ)
		b = binary.BigEndian.AppendUint32(b, n)
		b = binary.BigEndian.AppendUint32(b, value)
	}
	entry(0x010e, 2, uint32(len(secret)), 38) // a description
	entry(0x0112, 3, 1, uint32(o)<<16)
	b = binary.BigEndian.AppendUint32(b, 0)
	return append(b, secret...)
}

// withEXIF puts the data into a JPEG or a PNG.
func withEXIF(data, exif []byte) []byte {
	if sniff(data) == pngFormat {
		return withChunk(data, "eXIf", exif)
	}
	return withSegment(data, jpegAPP1, append([]byte("Exif\x00\x00"), exif...))
}

// withSegment puts a segment at the beginning of a JPEG.
func withSegment(data []byte, marker byte, payload []byte) []byte {
	out := append(bytes.Clone(data[:2]), 0xff, marker)
	out = binary.BigEndian.AppendUint16(out, uint16(len(payload)+2))
	return append(append(out, payload...), data[2:]...)
}

// withChunk puts a chunk behind the header of a PNG.
func withChunk(data []byte, id string, payload []byte) []byte {
	const header = 8 + 25
	return append(append(bytes.Clone(data[:header]), pngChunk(id, payload)...), data[header:]...)
}

func pngChunk(id string, payload []byte) []byte {
	out := binary.BigEndian.AppendUint32(nil, uint32(len(payload)))
	out = append(append(out, id...), payload...)
	return binary.BigEndian.AppendUint32(out, crc32.ChecksumIEEE(out[4:]))
}

// pngHeader returns a PNG that claims to be large and has nothing to show.
func pngHeader(w, h uint32) []byte {
	header := binary.BigEndian.AppendUint32(nil, w)
	header = binary.BigEndian.AppendUint32(header, h)
	header = append(header, 8, 2, 0, 0, 0)
	out := append([]byte("\x89PNG\r\n\x1a\n"), pngChunk("IHDR", header)...)
	out = append(out, pngChunk("IDAT", []byte("x\x9c\x03\x00\x00\x00\x00\x01"))...)
	return append(out, pngChunk("IEND", nil)...)
}

func process(t testing.TB, data []byte) Picture {
	t.Helper()
	p, err := NewLine(chat.DefaultLimits()).Process(t.Context(), data)
	if err != nil {
		t.Fatalf("process: %v (%v)", err, chat.AsError(err).Code)
	}
	return p
}

func decode(t testing.TB, data []byte) image.Image {
	t.Helper()
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatalf("what was kept cannot be drawn: %v", err)
	}
	return img
}

// near reports whether two colours look alike.
func near(a, b color.Color, tolerance int) bool {
	ar, ag, ab, aa := a.RGBA()
	br, bg, bb, ba := b.RGBA()
	for _, d := range []int{int(ar) - int(br), int(ag) - int(bg), int(ab) - int(bb), int(aa) - int(ba)} {
		if max(d, -d)>>8 > tolerance {
			return false
		}
	}
	return true
}
