package media

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"image"
	"image/color"
	"image/gif"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// What a buyer sends arrives: as what, how large, with a thumbnail and a preview.
func TestProcess(t *testing.T) {
	grey16 := image.NewGray16(image.Rect(0, 0, 60, 40))
	for i := range grey16.Pix {
		grey16.Pix[i] = byte(i * 7)
	}
	oneFrame := moving(1, 90, 60)
	for _, tc := range []struct {
		name  string
		data  []byte
		typ   string
		size  image.Point
		thumb image.Point
	}{
		{"photo", asJPEG(t, photo(900, 600)), typeJPEG, image.Pt(900, 600), image.Pt(640, 427)},
		{"small photo", asJPEG(t, photo(90, 60)), typeJPEG, image.Pt(90, 60), image.Pt(90, 60)},
		{"grey photo", asJPEG(t, grey16), typeJPEG, image.Pt(60, 40), image.Pt(60, 40)},
		{"huge photo", asJPEG(t, photo(5000, 1000)), typeJPEG, image.Pt(4096, 819), image.Pt(640, 128)},
		{"very long strip", asPNG(t, letters(20000, 3)), typePNG, image.Pt(4096, 1), image.Pt(640, 1)},
		{"one pixel", asPNG(t, letters(1, 1)), typePNG, image.Pt(1, 1), image.Pt(1, 1)},
		{"screenshot", asPNG(t, letters(800, 900)), typePNG, image.Pt(800, 900), image.Pt(569, 640)},
		{"photo sent as PNG", asPNG(t, photo(800, 600)), typeJPEG, image.Pt(800, 600), image.Pt(640, 480)},
		{"16 bits a channel", asPNG(t, grey16), typePNG, image.Pt(60, 40), image.Pt(60, 40)},
		{"sticker", asPNG(t, disc(700, 500)), typePNG, image.Pt(700, 500), image.Pt(640, 457)},
		{"huge sticker", asPNG(t, disc(300, 4500)), typePNG, image.Pt(273, 4096), image.Pt(43, 640)},
		{"animation", asGIF(t, moving(6, 800, 600)), typeGIF, image.Pt(800, 600), image.Pt(640, 480)},
		{"GIF that stands still", asGIF(t, oneFrame), typePNG, image.Pt(90, 60), image.Pt(90, 60)},
		{"lossy WebP", fromBase64(t, blackWhiteWebP), typeJPEG, image.Pt(32, 16), image.Pt(32, 16)},
		{"WebP with alpha", fromBase64(t, seeThroughWebP), typePNG, image.Pt(16, 12), image.Pt(16, 12)},
		{"lossless WebP", fromBase64(t, redBlueWebP), typePNG, image.Pt(12, 8), image.Pt(12, 8)},
		{"photo with its name and type wrong", asJPEG(t, photo(20, 20)), typeJPEG, image.Pt(20, 20), image.Pt(20, 20)},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := process(t, tc.data)
			if p.Type != tc.typ || p.Width != tc.size.X || p.Height != tc.size.Y {
				t.Errorf("picture = %s of %d×%d, want %s of %v", p.Type, p.Width, p.Height, tc.typ, tc.size)
			}
			if got := StoredType(p.Image); got != tc.typ {
				t.Errorf("the bytes look like %q, want %s", got, tc.typ)
			}
			if got := decode(t, p.Image).Bounds().Size(); got != tc.size {
				t.Errorf("drawn size = %v, want %v", got, tc.size)
			}
			if got := decode(t, p.Thumb).Bounds().Size(); got != tc.thumb || StoredType(p.Thumb) == typeGIF {
				t.Errorf("thumbnail = %s of %v, want a still of %v", StoredType(p.Thumb), got, tc.thumb)
			}
			hash, err := base64.StdEncoding.DecodeString(p.Preview)
			if err != nil || len(p.Preview) > 40 || len(hash) < 5 {
				t.Errorf("preview = %q, %v; want at most 40 characters of base64", p.Preview, err)
			}
		})
	}
}

// Each refusal has a code that the page can say something about.
func TestRefused(t *testing.T) {
	webp := fromBase64(t, seeThroughWebP)
	animatedWebP := bytes.Clone(webp)
	animatedWebP[20] |= 2
	bigGIF := asGIF(t, moving(2, 40, 30))
	copy(bigGIF[6:], "\xff\xff\xff\xff")
	scans := asJPEG(t, photo(16, 16))
	scans = withSegments(scans, 0xda, 100)
	limits := chat.DefaultLimits()
	limits.UploadBytes = 200_000
	for _, tc := range []struct {
		name string
		data []byte
		kind chat.Kind
		code string
	}{
		{"nothing", nil, chat.Invalid, "unsupported_image"},
		{"SVG", []byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>`), chat.Invalid, "unsupported_image"},
		{"SVG behind a declaration", []byte(`<?xml version="1.0"?><svg/>`), chat.Invalid, "unsupported_image"},
		{"HTML", []byte("<!doctype html><script>alert(1)</script>"), chat.Invalid, "unsupported_image"},
		{"PHP", []byte("<?php system($_GET['c']);"), chat.Invalid, "unsupported_image"},
		{"PHP with the header of a GIF", []byte("GIF89a<?php system($_GET['c']); ?>"), chat.Invalid, "broken_image"},
		{"PHP with the header of a JPEG", []byte("\xff\xd8\xff\xe0<?php system($_GET['c']); ?>"), chat.Invalid, "broken_image"},
		{"PHP with the header of a PNG", []byte("\x89PNG\r\n\x1a\n<?php system($_GET['c']); ?>"), chat.Invalid, "broken_image"},
		{"a picture that is not at the beginning", append([]byte("\n"), asJPEG(t, photo(9, 9))...), chat.Invalid, "unsupported_image"},
		{"PDF", []byte("%PDF-1.7\n"), chat.Invalid, "unsupported_image"},
		{"BMP", []byte("BM\x00\x00\x00\x00"), chat.Invalid, "unsupported_image"},
		{"HEIC", []byte("\x00\x00\x00\x18ftypheic\x00\x00\x00\x00"), chat.Invalid, "unsupported_image"},
		{"sound in a RIFF", []byte("RIFF\x24\x00\x00\x00WAVEfmt "), chat.Invalid, "unsupported_image"},
		{"animated WebP", animatedWebP, chat.Invalid, "unsupported_image"},
		{"too many bytes", make([]byte, limits.UploadBytes+1), chat.TooLarge, "upload_too_large"},
		{"PNG bomb", pngHeader(40001, 40001), chat.TooLarge, "image_too_large"},
		{"PNG bomb of one row", pngHeader(30_000_000, 1), chat.TooLarge, "image_too_large"},
		{"PNG bomb that overflows", pngHeader(1<<31-1, 1<<31-1), chat.Invalid, "unsupported_image"},
		{"PNG without extent", pngHeader(0, 7), chat.Invalid, "broken_image"},
		{"PNG that promises more than it has", pngHeader(3000, 3000), chat.Invalid, "broken_image"},
		{"JPEG bomb", jpegOf(65500, 65500, asJPEG(t, photo(16, 16))), chat.TooLarge, "image_too_large"},
		{"JPEG of endless passes", scans, chat.TooLarge, "image_too_large"},
		{"GIF bomb", bigGIF, chat.TooLarge, "image_too_large"},
		{"GIF of a hundred screens", asGIF(t, flat(100, 1000, 500)), chat.TooLarge, "image_too_large"},
		{"GIF of very many frames", asGIF(t, flat(maxFrames+1, 2, 2)), chat.TooLarge, "image_too_large"},
		{"WebP cut off", webp[:40], chat.Invalid, "broken_image"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			line := NewLine(limits)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := line.Process(t.Context(), tc.data)
			runtime.ReadMemStats(&after)
			if e := chat.AsError(err); e.Kind != tc.kind || e.Code != tc.code || e.Msg == "" {
				t.Errorf("err = %v (%v, %s), want %v, %s", err, e.Kind, e.Code, tc.kind, tc.code)
			}
			if mib := (after.TotalAlloc - before.TotalAlloc) >> 20; mib > 60 {
				t.Errorf("the refusal cost %d MiB", mib)
			}
		})
	}
}

// jpegOf changes the size that a JPEG claims.
func jpegOf(w, h uint16, data []byte) []byte {
	data = bytes.Clone(data)
	i := bytes.Index(data, []byte{0xff, 0xc0})
	data[i+5], data[i+6], data[i+7], data[i+8] = byte(h>>8), byte(h), byte(w>>8), byte(w)
	return data
}

func withSegments(data []byte, marker byte, n int) []byte {
	for range n {
		data = withSegment(data, marker, []byte{1, 1, 0, 0, 63, 0})
	}
	return data
}

// flat returns an animation that compresses to almost nothing.
func flat(n, w, h int) *gif.GIF {
	g := &gif.GIF{}
	frame := image.NewPaletted(image.Rect(0, 0, w, h), color.Palette{color.Black, color.White})
	for range n {
		g.Image, g.Delay = append(g.Image, frame), append(g.Delay, 1)
	}
	return g
}

// A file that was cut off on its way is refused as damaged, wherever the cut is.
func TestTruncated(t *testing.T) {
	line := NewLine(chat.DefaultLimits())
	for name, data := range map[string][]byte{
		"JPEG": asJPEG(t, photo(64, 48)), "PNG": asPNG(t, disc(64, 48)),
		"GIF": asGIF(t, moving(3, 64, 48)), "WebP": fromBase64(t, redBlueWebP),
	} {
		// The last bytes of some formats only say that this was all.
		for n := 16; n < len(data)-12; n += 1 + len(data)/50 {
			if _, err := line.Process(t.Context(), data[:n]); chat.AsError(err).Code != "broken_image" {
				t.Errorf("%s, %d bytes of %d: err = %v, want broken_image", name, n, len(data), err)
			}
		}
	}
}

// Where a picture was taken, and whatever else hides in the file, is gone.
func TestNothingElseSurvives(t *testing.T) {
	payload := "<?php system('" + secret + "');<script>alert(1)</script>PK\x03\x04"
	jpg, pic := asJPEG(t, photo(64, 48)), asPNG(t, disc(64, 48))
	animated := asGIF(t, moving(3, 64, 48))
	comment := append([]byte("\x21\xfe"), byte(len(payload)))
	comment = append(append(comment, payload...), 0)
	animated = bytes.Replace(animated, []byte("\x21\xf9"), append(comment, "\x21\xf9"...), 1)
	webp := append(fromBase64(t, redBlueWebP), "EXIF"...)
	webp = append(append(webp, byte(len(exif(upright))), 0, 0, 0), exif(upright)...)
	for name, data := range map[string][]byte{
		"JPEG with EXIF":             withEXIF(jpg, exif(upright)),
		"JPEG with XMP":              withSegment(jpg, jpegAPP1, []byte("http://ns.adobe.com/xap/1.0/\x00"+payload)),
		"JPEG with a comment":        withSegment(jpg, 0xfe, []byte(payload)),
		"JPEG with a file behind it": append(bytes.Clone(jpg), payload...),
		"PNG with EXIF":              withEXIF(pic, exif(upright)),
		"PNG with text":              withChunk(pic, "tEXt", []byte("Comment\x00"+payload)),
		"PNG with a file behind it":  append(bytes.Clone(pic), payload...),
		"GIF with a comment":         animated,
		"GIF with a file behind it":  append(bytes.Clone(animated), payload...),
		"WebP with EXIF":             webp,
	} {
		if !bytes.Contains(data, []byte(secret)) {
			t.Fatalf("%s: the sample has nothing to hide", name)
		}
		p := process(t, data)
		for _, kept := range [][]byte{p.Image, p.Thumb} {
			for _, trace := range []string{secret, "<?php", "<script", "PK\x03\x04", "Exif", "eXIf", "tEXt", "http:"} {
				if bytes.Contains(kept, []byte(trace)) {
					t.Errorf("%s: %q is still in it", name, trace)
				}
			}
		}
	}
}

// A photo taken with the phone held anyhow is seen upright, and so is measured.
func TestOrientation(t *testing.T) {
	colours := map[byte]color.RGBA{
		'A': {255, 0, 0, 255}, 'B': {0, 255, 0, 255}, 'C': {0, 0, 255, 255},
		'D': {255, 255, 0, 255}, 'E': {0, 255, 255, 255}, 'F': {255, 0, 255, 255},
	}
	const cell = 16 // a block of a JPEG with its chroma
	stored := image.NewRGBA(image.Rect(0, 0, 3*cell, 2*cell))
	for y := range 2 * cell {
		for x := range 3 * cell {
			stored.SetRGBA(x, y, colours["ABCDEF"[y/cell*3+x/cell]])
		}
	}
	for o, want := range map[orientation]string{
		upright: "ABC/DEF", mirror: "CBA/FED", halfTurn: "FED/CBA", flip: "DEF/ABC",
		transpose: "AD/BE/CF", turnRight: "DA/EB/FC", transverse: "FC/EB/DA", turnLeft: "CF/BE/AD",
	} {
		for name, data := range map[string][]byte{"JPEG": asJPEG(t, stored), "PNG": asPNG(t, stored)} {
			p := process(t, withEXIF(data, exif(o)))
			if got := cells(decode(t, p.Image), cell, colours); got != want {
				t.Errorf("%s, orientation %d: drawn as %s, want %s", name, o, got, want)
			}
			if again := decode(t, p.Thumb).Bounds().Size(); again != image.Pt(p.Width, p.Height) {
				t.Errorf("%s, orientation %d: thumbnail is %v, picture %d×%d", name, o, again, p.Width, p.Height)
			}
		}
	}
}

// cells reads the letters of a picture of coloured cells, row by row.
func cells(img image.Image, size int, colours map[byte]color.RGBA) string {
	var rows []string
	for y := size / 2; y < img.Bounds().Dy(); y += size {
		row := ""
		for x := size / 2; x < img.Bounds().Dx(); x += size {
			for letter, c := range colours {
				if near(img.At(x, y), c, 24) {
					row += string(letter)
				}
			}
		}
		rows = append(rows, row)
	}
	return strings.Join(rows, "/")
}

func TestOrientationAndScaling(t *testing.T) {
	p := process(t, withEXIF(asJPEG(t, photo(5000, 500)), exif(turnRight)))
	if p.Width != 410 || p.Height != 4096 {
		t.Errorf("picture = %d×%d, want 410×4096: turned after it was scaled", p.Width, p.Height)
	}
}

// Frames, timing and looping of an animation are as they were sent.
func TestAnimationIsKept(t *testing.T) {
	for name, sent := range map[string]*gif.GIF{"small": moving(7, 64, 48), "huge": moving(2, 5000, 40)} {
		p := process(t, asGIF(t, sent))
		got, err := gif.DecodeAll(bytes.NewReader(p.Image))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if d := cmp.Diff([]any{sent.Delay, sent.LoopCount, sent.Disposal}, []any{got.Delay, got.LoopCount, got.Disposal}); d != "" {
			t.Errorf("%s: delays, loops, disposal (-sent +got):\n%s", name, d)
		}
		for i, frame := range got.Image {
			if name == "small" && (frame.Rect != sent.Image[i].Rect || !bytes.Equal(frame.Pix, sent.Image[i].Pix)) {
				t.Errorf("frame %d = %v, want as sent, %v", i, frame.Rect, sent.Image[i].Rect)
			}
		}
		if got.Config.Width > maxSide {
			t.Errorf("%s: %d pixels wide, want at most %d", name, got.Config.Width, maxSide)
		}
	}
}

// Frames of a scaled animation that touch go on touching, and stay on the canvas.
func TestShrunkFramesMeet(t *testing.T) {
	p := color.Palette{color.Black, color.White}
	for split := 1; split < 50; split++ {
		left := shrinkFrame(image.NewPaletted(image.Rect(0, 0, split, 10), p), 50, 10, 17, 3)
		right := shrinkFrame(image.NewPaletted(image.Rect(split, 0, 50, 10), p), 50, 10, 17, 3)
		if left.Rect.Max.X < right.Rect.Min.X || left.Rect.Empty() || right.Rect.Empty() {
			t.Errorf("split at %d: %v and %v leave a gap", split, left.Rect, right.Rect)
		}
		if canvas := image.Rect(0, 0, 17, 3); !left.Rect.In(canvas) || !right.Rect.In(canvas) {
			t.Errorf("split at %d: %v and %v reach beyond %v", split, left.Rect, right.Rect, canvas)
		}
	}
}

// Black stays black and white stays white in a lossy WebP.
func TestWebPColours(t *testing.T) {
	img := decode(t, process(t, fromBase64(t, blackWhiteWebP)).Image)
	if black, white := img.At(4, 8), img.At(27, 8); !near(black, color.Black, 3) || !near(white, color.White, 3) {
		t.Errorf("black and white are drawn as %v and %v", black, white)
	}
	img = decode(t, process(t, fromBase64(t, redBlueWebP)).Image)
	if red, blue := img.At(2, 4), img.At(9, 4); !near(red, color.RGBA{0xc8, 0x1e, 0x28, 255}, 0) || !near(blue, color.RGBA{0x0a, 0x64, 0xc8, 255}, 0) {
		t.Errorf("red and blue are drawn as %v and %v", red, blue)
	}
	img = decode(t, process(t, fromBase64(t, seeThroughWebP)).Image)
	if full, none := img.At(3, 6), img.At(13, 6); !near(full, color.NRGBA{200, 30, 40, 128}, 6) || !near(none, color.Transparent, 0) {
		t.Errorf("half and all transparent are drawn as %v and %v", full, none)
	}
}

// A picture that PNG packs worse than its sender did is made smaller, not refused
// and not larger than an upload may be.
func TestGrowingPicture(t *testing.T) {
	img := image.NewNRGBA(image.Rect(0, 0, 1500, 1500))
	random := rand.New(rand.NewPCG(1, 2))
	for i := range img.Pix {
		img.Pix[i] = byte(random.Uint32())
	}
	limits := chat.DefaultLimits()
	limits.UploadBytes = 6 << 20
	p, err := NewLine(limits).still(img, upright, true)
	if err != nil || int64(len(p.Image)) > limits.UploadBytes || p.Width != 1024 || p.Height != 1024 {
		t.Errorf("picture = %d bytes of %d×%d, %v; want 1024×1024 within %d bytes", len(p.Image), p.Width, p.Height, err, limits.UploadBytes)
	}
}

// full returns a line with no room left.
func full(t *testing.T) *Line {
	t.Helper()
	line := NewLine(chat.DefaultLimits())
	if !line.pixels.TryAcquire(line.limits.DecodePixels) {
		t.Fatal("the budget of a new line is not free")
	}
	return line
}

func TestNoRoomInTime(t *testing.T) {
	data := asJPEG(t, photo(64, 48))
	synctest.Test(t, func(t *testing.T) {
		line, start := full(t), time.Now()
		_, err := line.Process(t.Context(), data)
		if e := chat.AsError(err); e.Kind != chat.Unavailable || e.Code != "busy" || e.RetryAfter <= 0 {
			t.Errorf("err = %v, want busy and when to come back", err)
		}
		if d := time.Since(start); d != waitFor {
			t.Errorf("refused after %v, want %v", d, waitFor)
		}
	})
}

func TestRoomInTime(t *testing.T) {
	data := asJPEG(t, photo(64, 48))
	synctest.Test(t, func(t *testing.T) {
		line := full(t)
		time.AfterFunc(waitFor/2, func() { line.pixels.Release(line.limits.DecodePixels) })
		if _, err := line.Process(t.Context(), data); err != nil {
			t.Errorf("err = %v, want the picture", err)
		}
	})
}

func TestSenderLeavesWhileWaiting(t *testing.T) {
	data := asJPEG(t, photo(64, 48))
	synctest.Test(t, func(t *testing.T) {
		line := full(t)
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		if _, err := line.Process(ctx, data); !errors.Is(err, context.Canceled) {
			t.Errorf("err = %v, want that it was cancelled", err)
		}
	})
}

func TestTooManyWait(t *testing.T) {
	data := asJPEG(t, photo(64, 48))
	synctest.Test(t, func(t *testing.T) {
		line := full(t)
		for range maxWaiting {
			go line.Process(t.Context(), data) //nolint:errcheck // refused in the end
		}
		synctest.Wait()
		start := time.Now()
		_, err := line.Process(t.Context(), data)
		if chat.AsError(err).Code != "busy" || time.Since(start) != 0 {
			t.Errorf("err = %v after %v, want busy at once", err, time.Since(start))
		}
	})
}

// Whatever became of an upload, its share of the budget is free again.
func TestBudgetIsGivenBack(t *testing.T) {
	limits := chat.DefaultLimits()
	line := NewLine(limits)
	for _, data := range [][]byte{asJPEG(t, photo(64, 48)), asPNG(t, disc(99, 9))[:90], pngHeader(40001, 40001), asGIF(t, moving(3, 64, 48))} {
		_, _ = line.Process(t.Context(), data)
	}
	if !line.pixels.TryAcquire(limits.DecodePixels) {
		t.Error("some of the budget is gone")
	}
}

// Nothing an upload holds makes the line panic, and what it lets through can be
// drawn, is within bounds and comes through again.
func FuzzProcess(f *testing.F) {
	for _, data := range [][]byte{
		asJPEG(f, photo(40, 30)), withEXIF(asJPEG(f, photo(33, 17)), exif(turnLeft)), asPNG(f, disc(20, 30)), asPNG(f, letters(40, 20)),
		asGIF(f, moving(3, 24, 20)), asGIF(f, moving(1, 24, 20)), pngHeader(40001, 40001),
		fromBase64(f, blackWhiteWebP), fromBase64(f, seeThroughWebP), fromBase64(f, redBlueWebP),
	} {
		f.Add(data)
	}
	limits := chat.DefaultLimits()
	limits.UploadBytes, limits.UploadPixels, limits.DecodePixels = 16<<10, 20_000, 40_000
	line := NewLine(limits)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := line.Process(t.Context(), data)
		if err != nil {
			if chat.KindOf(err) == chat.Internal {
				t.Fatalf("refused as our own fault: %v", err)
			}
			return
		}
		decode(t, p.Image)
		c, _, err := image.DecodeConfig(bytes.NewReader(p.Image))
		if err != nil || c.Width != p.Width || c.Height != p.Height || StoredType(p.Image) != p.Type {
			t.Fatalf("kept as %s of %d×%d, %v; said to be %s of %d×%d", StoredType(p.Image), c.Width, c.Height, err, p.Type, p.Width, p.Height)
		}
		if s := decode(t, p.Thumb).Bounds().Size(); max(s.X, s.Y) > thumbSide {
			t.Fatalf("thumbnail of %v", s)
		}
		if len(p.Preview) > 40 {
			t.Fatalf("preview of %d characters", len(p.Preview))
		}
	})
}

// The walk over a GIF's blocks counts what the decoder would decode.
func FuzzGIFWalk(f *testing.F) {
	f.Add(asGIF(f, moving(3, 24, 20)))
	f.Add(asGIF(f, moving(1, 24, 20)))
	f.Add(asGIF(f, flat(5, 2, 2)))
	f.Fuzz(func(t *testing.T, data []byte) {
		e, err := measureGIF(data)
		if e.pixels > 1_000_000 {
			return
		}
		g, gifErr := gif.DecodeAll(bytes.NewReader(data))
		if gifErr != nil {
			return
		}
		if err != nil {
			return // refused: no harm done
		}
		var pixels int64
		for _, frame := range g.Image {
			pixels += int64(len(frame.Pix))
		}
		if e.frames != len(g.Image) || e.pixels != pixels || e.width != g.Config.Width || e.height != g.Config.Height {
			t.Fatalf("walk saw %+v, the decoder %d frames of %d pixels, %d×%d", e, len(g.Image), pixels, g.Config.Width, g.Config.Height)
		}
	})
}

func FuzzOrientation(f *testing.F) {
	f.Add(exif(turnRight))
	f.Add([]byte("II*\x00\xff\xff\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, data []byte) {
		if o := parseOrientation(data); o < upright || o > turnLeft {
			t.Fatalf("orientation %d", o)
		}
		for _, form := range []format{jpegFormat, pngFormat, webpFormat} {
			if o := orientationOf(form, append([]byte("\xff\xd8RIFFxxxxWEBP"), data...)); o < upright || o > turnLeft {
				t.Fatalf("orientation %d", o)
			}
		}
	})
}

func BenchmarkProcess(b *testing.B) {
	for name, data := range map[string][]byte{
		"JPEG of 12 MP":              asJPEG(b, photo(4000, 3000)),
		"JPEG of 12 MP to be turned": withEXIF(asJPEG(b, photo(4000, 3000)), exif(turnRight)),
		"PNG screenshot of 2 MP":     asPNG(b, letters(1920, 1080)),
	} {
		b.Run(name, func(b *testing.B) {
			line := NewLine(chat.DefaultLimits())
			b.ReportAllocs()
			for b.Loop() {
				if _, err := line.Process(b.Context(), data); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
