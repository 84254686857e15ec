package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"image"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"sync/atomic"
	"time"

	"golang.org/x/image/webp"
	"golang.org/x/sync/semaphore"

	"haggle/internal/chat"
)

const (
	maxSide   = 4096 // of a kept picture; larger ones are scaled down
	thumbSide = 640

	photoQuality = 85
	thumbQuality = 80

	// maxWaiting bounds the uploads that wait for their turn to be decoded, each
	// of which holds its bytes; more are refused at once.
	maxWaiting = 32
	waitFor    = 10 * time.Second
	// decodeFor ends what is slow to decode by intent. A phone's photo takes well
	// under a second.
	decodeFor = 20 * time.Second
	// busyRetry is when a refused upload may find room again.
	busyRetry = 5 * time.Second
)

// Picture is an upload as it is kept: encoded anew, upright, nothing of the
// sender's file left in it.
type Picture struct {
	Type    string // of Image: image/jpeg, image/png or image/gif
	Image   []byte
	Width   int // pixels of Image, as drawn
	Height  int
	Thumb   []byte // a still JPEG or PNG of at most 640 pixels a side
	Preview string // ThumbHash, base64
}

// Line turns uploads into pictures. There is one in a process, since it bounds
// what all decoding at one time may cost.
type Line struct {
	limits  chat.Limits
	pixels  *semaphore.Weighted // free to decode
	waiting atomic.Int64
}

// NewLine returns a Line that keeps to the limits.
func NewLine(limits chat.Limits) *Line {
	// One upload that is allowed must fit, however small the budget.
	budget := max(limits.DecodePixels, limits.UploadPixels)
	return &Line{limits: limits, pixels: semaphore.NewWeighted(budget)}
}

// Process takes one upload through the line. It is refused with the codes
// upload_too_large, unsupported_image, image_too_large, broken_image, or busy
// when there is no room to decode it in time.
func (l *Line) Process(ctx context.Context, data []byte) (Picture, error) {
	if int64(len(data)) > l.limits.UploadBytes {
		return Picture{}, chat.Codef(chat.TooLarge, "upload_too_large",
			"a picture may have at most %d bytes", l.limits.UploadBytes)
	}
	f := sniff(data)
	e, err := measure(f, data)
	if err != nil {
		return Picture{}, err
	}
	if e.width < 1 || e.height < 1 {
		return Picture{}, errBroken(nil)
	}
	if e.pixels > l.limits.UploadPixels || max(e.width, e.height) > maxEdge {
		return Picture{}, errTooManyPixels(fmt.Sprintf(
			"a picture may have at most %d pixels, all frames counted", l.limits.UploadPixels))
	}
	if err := l.acquire(ctx, e.pixels); err != nil {
		return Picture{}, err
	}
	defer l.pixels.Release(e.pixels)
	return l.redraw(ctx, f, data)
}

// acquire waits until so many pixels may be decoded.
func (l *Line) acquire(ctx context.Context, pixels int64) error {
	if l.waiting.Add(1) > maxWaiting {
		l.waiting.Add(-1)
		return errBusy()
	}
	defer l.waiting.Add(-1)
	wait, cancel := context.WithTimeout(ctx, waitFor)
	defer cancel()
	if err := l.pixels.Acquire(wait, pixels); err != nil {
		if ctx.Err() != nil {
			return fmt.Errorf("wait to decode: %w", ctx.Err())
		}
		return errBusy()
	}
	return nil
}

// redraw decodes the upload and encodes what is seen.
func (l *Line) redraw(ctx context.Context, f format, data []byte) (Picture, error) {
	deadline, cancel := context.WithTimeout(ctx, decodeFor)
	defer cancel()
	in := untilDone(deadline, data)
	var img image.Image
	var err error
	lossless := true
	switch f {
	case jpegFormat:
		lossless = false
		img, err = jpeg.Decode(in)
	case pngFormat:
		img, err = png.Decode(in)
	case webpFormat:
		img, err = webp.Decode(in)
		lossless = !widenRange(img)
	case gifFormat:
		var g *gif.GIF
		if g, err = gif.DecodeAll(in); err == nil && len(g.Image) > 1 {
			return animation(g)
		}
		if err == nil {
			img = firstFrame(g)
		}
	case unknownFormat:
		err = errUnsupported("not a picture")
	}
	switch {
	case ctx.Err() != nil:
		return Picture{}, fmt.Errorf("decode: %w", ctx.Err())
	case deadline.Err() != nil:
		return Picture{}, errBusy()
	case err != nil:
		return Picture{}, decodeError(err)
	}
	return l.still(img, orientationOf(f, data), lossless)
}

// untilDone reads data until ctx ends: decoders know nothing of contexts.
func untilDone(ctx context.Context, data []byte) io.Reader {
	r := bytes.NewReader(data)
	return readFunc(func(p []byte) (int, error) {
		if err := ctx.Err(); err != nil {
			return 0, err
		}
		return r.Read(p)
	})
}

type readFunc func(p []byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// still encodes one picture.
func (l *Line) still(src image.Image, o orientation, lossless bool) (Picture, error) {
	opaque := isOpaque(src)
	var img image.Image
	var p Picture
	// A picture that was packed better than PNG can may grow beyond what anybody
	// may upload: then it gets smaller.
	for side := maxSide; side > thumbSide; side /= 2 {
		img = fit(src, side, o, opaque)
		var err error
		if p.Image, p.Type, err = encodeStill(img, opaque, lossless); err != nil {
			return Picture{}, fmt.Errorf("encode picture: %w", err)
		}
		if int64(len(p.Image)) <= l.limits.UploadBytes {
			break
		}
	}
	if err := p.addThumb(img, opaque); err != nil {
		return Picture{}, err
	}
	return p, nil
}

// addThumb fills in what is derived from img, the picture or its first frame.
func (p *Picture) addThumb(img image.Image, opaque bool) error {
	size := img.Bounds().Size()
	p.Width, p.Height = size.X, size.Y
	small := fit(img, thumbSide, upright, opaque)
	var err error
	if opaque {
		p.Thumb, err = encodeJPEG(small, thumbQuality)
	} else {
		p.Thumb, err = encodePNG(small, 0)
	}
	if err != nil {
		return fmt.Errorf("encode thumbnail: %w", err)
	}
	if small.Bounds().Size() == size && len(p.Image) <= len(p.Thumb) && p.Type != typeGIF {
		p.Thumb = p.Image
	}
	p.Preview = thumbHash(small)
	return nil
}

// animation encodes a GIF that moves.
func animation(g *gif.GIF) (Picture, error) {
	// The still ones first: encodeGIF scales the frames in place.
	first := firstFrame(g)
	opaque := isOpaque(first)
	p := Picture{Type: typeGIF}
	if err := p.addThumb(fit(first, maxSide, upright, opaque), opaque); err != nil {
		return Picture{}, err
	}
	var err error
	if p.Image, err = encodeGIF(g, maxSide); err != nil {
		return Picture{}, fmt.Errorf("encode animation: %w", err)
	}
	return p, nil
}

// fit returns src upright and within side pixels: src itself when it is that
// already and in a form that the encoders are quick with.
func fit(src image.Image, side int, o orientation, opaque bool) image.Image {
	if size := src.Bounds().Size(); o == upright && max(size.X, size.Y) <= side {
		switch src.(type) {
		case *image.RGBA, *image.NRGBA, *image.YCbCr, *image.Gray, *image.Paletted:
			return src
		}
	}
	return render(src, side, o, opaque)
}

// encodeStill chooses the type. What was sent as a photo stays one. What was sent
// lossless stays so, being perhaps a screenshot whose letters would smear, unless
// that takes more than twice the bytes, as it does for photos.
func encodeStill(img image.Image, opaque, lossless bool) (data []byte, typ string, err error) {
	if !opaque {
		data, err = encodePNG(img, 0)
		return data, typePNG, err
	}
	photo, err := encodeJPEG(img, photoQuality)
	if err != nil || !lossless {
		return photo, typeJPEG, err
	}
	data, err = encodePNG(img, 2*len(photo))
	if errors.Is(err, errFull) {
		return photo, typeJPEG, nil
	}
	return data, typePNG, err
}

// encodeJPEG encodes an opaque picture.
func encodeJPEG(img image.Image, quality int) ([]byte, error) {
	switch m := img.(type) {
	case *image.NRGBA: // the same bytes, in the type that the encoder is quick with
		img = &image.RGBA{Pix: m.Pix, Stride: m.Stride, Rect: m.Rect}
	case *image.Paletted:
		img = render(m, maxEdge, upright, true)
	}
	var buf bytes.Buffer
	if err := jpeg.Encode(&buf, img, &jpeg.Options{Quality: quality}); err != nil {
		return nil, err
	}
	return buf.Bytes(), nil
}

// errFull ends an encoding that has got too long.
var errFull = errors.New("longer than wanted")

// encodePNG encodes img; with a limit it gives up with errFull beyond so many
// bytes.
func encodePNG(img image.Image, limit int) ([]byte, error) {
	w := &limitedBuffer{limit: limit}
	if err := png.Encode(w, img); err != nil {
		return nil, err
	}
	return w.buf.Bytes(), nil
}

type limitedBuffer struct {
	buf   bytes.Buffer
	limit int // 0: none
}

func (b *limitedBuffer) Write(p []byte) (int, error) {
	if b.limit > 0 && b.buf.Len()+len(p) > b.limit {
		return 0, errFull
	}
	return b.buf.Write(p)
}

// widenRange corrects the colours of a lossy WebP, in place, and reports whether
// img is one. VP8 has its luminance in 16…235 and its chroma in 16…240, while Go
// takes all YCbCr for JPEG's, which uses the whole byte: black would turn grey
// (https://github.com/golang/go/issues/40173).
func widenRange(img image.Image) bool {
	var m *image.YCbCr
	switch img := img.(type) {
	case *image.YCbCr:
		m = img
	case *image.NYCbCrA:
		m = &img.YCbCr
	default:
		return false
	}
	var luma, chroma [256]byte
	for i := range 256 {
		luma[i] = clampByte((2*255*(i-16) + 219) / (2 * 219))
		chroma[i] = clampByte(128 + (255*(i-128))/224)
	}
	for i, v := range m.Y {
		m.Y[i] = luma[v]
	}
	for i := range m.Cb {
		m.Cb[i], m.Cr[i] = chroma[m.Cb[i]], chroma[m.Cr[i]]
	}
	return true
}

func clampByte(v int) byte { return byte(min(max(v, 0), 255)) }

func errBusy() error {
	err := chat.Codef(chat.Unavailable, "busy", "too many pictures at once, try again in a moment")
	err.RetryAfter = busyRetry
	return err
}

func errBroken(cause error) error {
	err := chat.Codef(chat.Invalid, "broken_image", "the picture is damaged or not complete")
	err.Err = cause
	return err
}

// decodeError classifies what a decoder says.
func decodeError(err error) error {
	if _, ok := errors.AsType[*chat.Error](err); ok {
		return err
	}
	_, isJPEG := errors.AsType[jpeg.UnsupportedError](err)
	_, isPNG := errors.AsType[png.UnsupportedError](err)
	if isJPEG || isPNG {
		return errUnsupported("a picture of a kind that cannot be read")
	}
	return errBroken(err)
}
