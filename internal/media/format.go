package media

import (
	"bytes"
	"encoding/binary"
	"image/jpeg"
	"image/png"
	"iter"

	"golang.org/x/image/webp"

	"haggle/internal/chat"
)

// format is a kind of picture that is taken in.
type format uint8

const (
	unknownFormat format = iota
	jpegFormat
	pngFormat
	gifFormat
	webpFormat
)

// The types that leave the process.
const (
	typeJPEG = "image/jpeg"
	typePNG  = "image/png"
	typeGIF  = "image/gif"
)

// sniff recognises a picture by its first bytes, whatever its name or declared
// type. Everything that is not one of four raster formats is unknown, so that
// no markup (SVG, HTML, XML) gets any further.
func sniff(data []byte) format {
	switch {
	case bytes.HasPrefix(data, []byte("\xff\xd8\xff")):
		return jpegFormat
	case bytes.HasPrefix(data, []byte("\x89PNG\r\n\x1a\n")):
		return pngFormat
	case bytes.HasPrefix(data, []byte("GIF87a")), bytes.HasPrefix(data, []byte("GIF89a")):
		return gifFormat
	case len(data) >= 12 && string(data[:4]) == "RIFF" && string(data[8:12]) == "WEBP":
		return webpFormat
	}
	return unknownFormat
}

// StoredType returns the Content-Type of bytes that the line has encoded, "" for
// anything else.
func StoredType(data []byte) string {
	switch sniff(data) {
	case jpegFormat:
		return typeJPEG
	case pngFormat:
		return typePNG
	case gifFormat:
		return typeGIF
	case webpFormat, unknownFormat:
	}
	return ""
}

const (
	maxFrames = 1000 // of an animation; its pixels are bounded besides
	// maxScans bounds the passes of a progressive JPEG, which has about ten. Each
	// costs a few bytes of file and a walk over the whole picture.
	maxScans = 64
	// maxEdge is what JPEG and GIF can express and more than browsers draw.
	maxEdge = 1<<16 - 1
)

// extent is what decoding a picture would cost, learnt without decoding it.
type extent struct {
	width, height int
	pixels        int64 // of all frames
	frames        int
}

// measure reads the headers of data and nothing else.
func measure(f format, data []byte) (extent, error) {
	var e extent
	var err error
	switch f {
	case jpegFormat:
		e, err = measureJPEG(data)
	case pngFormat:
		c, cErr := png.DecodeConfig(bytes.NewReader(data))
		e, err = extent{width: c.Width, height: c.Height}, cErr
	case gifFormat:
		e, err = measureGIF(data)
	case webpFormat:
		e, err = measureWebP(data)
	case unknownFormat:
		return extent{}, errUnsupported("only JPEG, PNG, GIF and WebP pictures can be sent")
	}
	if err != nil {
		return extent{}, decodeError(err)
	}
	e.pixels = max(e.pixels, int64(e.width)*int64(e.height))
	return e, nil
}

func measureJPEG(data []byte) (extent, error) {
	scans := 0
	for marker := range jpegSegments(data) {
		if marker == jpegSOS {
			scans++
		}
	}
	if scans > maxScans {
		return extent{}, errTooManyPixels("the picture is built of too many passes")
	}
	c, err := jpeg.DecodeConfig(bytes.NewReader(data))
	return extent{width: c.Width, height: c.Height}, err
}

func measureWebP(data []byte) (extent, error) {
	for id, chunk := range webpChunks(data) {
		const animated = 1 << 1
		if id == "ANIM" || id == "VP8X" && len(chunk) > 0 && chunk[0]&animated != 0 {
			return extent{}, errUnsupported("animated WebP pictures cannot be sent, GIF ones can")
		}
	}
	c, err := webp.DecodeConfig(bytes.NewReader(data))
	return extent{width: c.Width, height: c.Height}, err
}

// The markers of JPEG segments that matter here.
const (
	jpegSOS  = 0xda
	jpegEOI  = 0xd9
	jpegAPP1 = 0xe1
)

// jpegSegments yields the segments of a JPEG up to its end, marker and payload.
// It finds its way as image/jpeg does: outside segments, all but markers is
// skipped.
func jpegSegments(data []byte) iter.Seq2[byte, []byte] {
	return func(yield func(byte, []byte) bool) {
		rest := data[2:]
		for {
			var marker byte
			marker, rest = nextMarker(rest)
			if marker == jpegEOI || len(rest) < 2 {
				return
			}
			n := int(binary.BigEndian.Uint16(rest))
			if n < 2 || n > len(rest) || !yield(marker, rest[2:n]) {
				return
			}
			rest = rest[n:]
		}
	}
}

// nextMarker returns the first marker that a payload follows, or jpegEOI, and
// what comes after it. Stuffed bytes and restarts have none.
func nextMarker(data []byte) (marker byte, rest []byte) {
	for {
		i := bytes.IndexByte(data, 0xff)
		if i < 0 {
			return jpegEOI, nil
		}
		for data = data[i:]; len(data) > 0 && data[0] == 0xff; {
			data = data[1:]
		}
		if len(data) == 0 {
			return jpegEOI, nil
		}
		if marker = data[0]; marker != 0 && (marker < 0xd0 || marker > 0xd7) {
			return marker, data[1:]
		}
		data = data[1:]
	}
}

// webpChunks yields the chunks of a WebP, name and payload.
func webpChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := 12; i+8 <= len(data); {
			id, n := string(data[i:i+4]), int64(binary.LittleEndian.Uint32(data[i+4:]))
			if i += 8; n > int64(len(data)-i) || !yield(id, data[i:i+int(n)]) {
				return
			}
			i += int(n + n&1)
		}
	}
}

// pngChunks yields the chunks of a PNG, name and payload.
func pngChunks(data []byte) iter.Seq2[string, []byte] {
	return func(yield func(string, []byte) bool) {
		for i := 8; i+12 <= len(data); {
			n, id := int64(binary.BigEndian.Uint32(data[i:])), string(data[i+4:i+8])
			if i += 8; n > int64(len(data)-i-4) || !yield(id, data[i:i+int(n)]) {
				return
			}
			i += int(n) + 4
		}
	}
}

// errUnsupported says that there is no way to take such a file in.
func errUnsupported(msg string) error {
	return chat.Codef(chat.Invalid, "unsupported_image", "%s", msg)
}

// errTooManyPixels says that decoding would cost more than anybody may ask for.
func errTooManyPixels(msg string) error {
	return chat.Codef(chat.TooLarge, "image_too_large", "%s", msg)
}
