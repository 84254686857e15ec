package rest

import (
	"errors"
	"io"
	"math"
	"mime"
	"mime/multipart"
	"net/http"
	"strings"

	"haggle/internal/chat"
)

const (
	mediaForm = "multipart/form-data"

	// formBytes bounds what a form has beside the picture: other fields, the names
	// of all, and what parts them. The file begins within that many bytes.
	formBytes = 8 << 10
)

// carrier is how a request carries a picture.
type carrier struct {
	// open returns the picture that is in the body. How many bytes it may have, whoever
	// reads it sees to.
	open func(body io.ReadCloser) (io.ReadCloser, error)

	beside int64 // bytes that the body may have more than the picture
}

// carrierOf goes by the Content-Type; of another than the route takes it is none.
func carrierOf(r *http.Request) (c carrier, ok bool) {
	mediaType := r.Header.Get("Content-Type")
	if r.Method == http.MethodPost {
		boundary := formBoundary(mediaType)
		open := func(body io.ReadCloser) (io.ReadCloser, error) { return openFile(body, boundary) }
		return carrier{open: open, beside: formBytes}, boundary != ""
	}
	open := func(body io.ReadCloser) (io.ReadCloser, error) { return body, nil }
	return carrier{open: open}, strings.HasPrefix(mediaType, "image/")
}

// formBoundary returns what parts a form of this Content-Type, "" where it is none.
func formBoundary(mediaType string) string {
	media, params, err := mime.ParseMediaType(mediaType)
	if err != nil || media != mediaForm {
		return ""
	}
	return params["boundary"]
}

// openFile returns the first file of a form and passes over the fields before it.
// What comes after it is not looked at. The file's bytes are taken as they are, whatever
// a header says of their encoding: one that ends in nothing could be read for ever.
func openFile(body io.Reader, boundary string) (io.ReadCloser, error) {
	room := &io.LimitedReader{R: body, N: formBytes}
	parts := multipart.NewReader(room, boundary)
	for {
		part, err := parts.NextRawPart()
		switch {
		case err == nil && part.FileName() != "": // where none is chosen, browsers send one without a name
			room.N = math.MaxInt64 // the file has a limit of its own
			return part, nil
		case err == nil:
		case room.N == 0:
			return nil, chat.Codef(chat.TooLarge, "too_large", "the file has to begin within the first %d bytes of the form", formBytes)
		case errors.Is(err, io.EOF): // all that was announced is here
			return nil, chat.Codef(chat.Invalid, "file_missing", "the form has no file")
		default:
			return nil, incomplete(err)
		}
	}
}
