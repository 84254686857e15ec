package media

import (
	"bytes"
	"encoding/binary"
)

// orientation is the EXIF tag that says how a camera was held: 1 upright, 2 to 8
// mirrored and turned.
type orientation uint8

// The orientations, by what turns the picture upright.
const (
	upright    orientation = iota + 1
	mirror                 // left and right
	halfTurn               // upside down
	flip                   // top and bottom
	transpose              // along the falling diagonal
	turnRight              // clockwise
	transverse             // along the rising diagonal
	turnLeft               // counterclockwise
)

// orientationOf returns what the picture's EXIF data asks for, upright when it
// has none that makes sense.
func orientationOf(f format, data []byte) orientation {
	switch f {
	case jpegFormat:
		for marker, segment := range jpegSegments(data) {
			if tiff, ok := bytes.CutPrefix(segment, []byte("Exif\x00\x00")); ok && marker == jpegAPP1 {
				return parseOrientation(tiff)
			}
		}
	case pngFormat:
		for id, chunk := range pngChunks(data) {
			if id == "eXIf" {
				return parseOrientation(chunk)
			}
		}
	case webpFormat:
		for id, chunk := range webpChunks(data) {
			if id == "EXIF" {
				// Some writers keep the prefix it has in a JPEG.
				return parseOrientation(bytes.TrimPrefix(chunk, []byte("Exif\x00\x00")))
			}
		}
	case gifFormat, unknownFormat:
	}
	return upright
}

// parseOrientation finds the orientation in the first directory of a TIFF
// structure, the form of EXIF data, and looks at nothing else in it.
func parseOrientation(tiff []byte) orientation {
	if len(tiff) < 8 {
		return upright
	}
	var order binary.ByteOrder
	switch string(tiff[:4]) {
	case "II*\x00":
		order = binary.LittleEndian
	case "MM\x00*":
		order = binary.BigEndian
	default:
		return upright
	}
	at := int64(order.Uint32(tiff[4:]))
	if at+2 > int64(len(tiff)) {
		return upright
	}
	const entrySize, tagOrientation, typeShort = 12, 0x0112, 3
	entries := tiff[at+2:]
	for range order.Uint16(tiff[at:]) {
		if len(entries) < entrySize {
			return upright
		}
		if order.Uint16(entries) == tagOrientation {
			v := order.Uint16(entries[8:])
			if order.Uint16(entries[2:]) != typeShort || v < uint16(upright) || v > uint16(turnLeft) {
				return upright
			}
			return orientation(v)
		}
		entries = entries[entrySize:]
	}
	return upright
}

// turns reports whether width and height change places.
func (o orientation) turns() bool { return o >= transpose }

// placement says where the pixels of a picture go when it is turned upright: the
// one at (x, y) goes to origin + x*dx + y*dy, in pixels of the result.
func (o orientation) placement(w, h int) (origin, dx, dy int) {
	switch o {
	case mirror:
		return w - 1, -1, w
	case halfTurn:
		return w*h - 1, -1, -w
	case flip:
		return w * (h - 1), 1, -w
	case transpose:
		return 0, h, 1
	case turnRight:
		return h - 1, h, -1
	case transverse:
		return w*h - 1, -h, -1
	case turnLeft:
		return h * (w - 1), -h, 1
	case upright:
	}
	return 0, 1, w
}
