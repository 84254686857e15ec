package media

import (
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"haggle/internal/chat"
)

// Handler serves files under the URLs of a Signer, at URLPath. The signature says
// that the bearer may have the file, so nothing is asked of the store.
type Handler struct {
	signer *Signer
	blobs  chat.Blobs
	links  Linker // nil: all is served here
	policy string // Cross-Origin-Resource-Policy
	fail   FailFunc
}

const (
	// linkFor is how long the address that somebody is sent on to is good: for the
	// slowest phone to begin with it, and no time to hand it around.
	linkFor = 5 * time.Minute

	// linkCached is how long a browser may go there without asking here again.
	linkCached = 4 * time.Minute
)

// FailFunc answers a request that came to nothing, in the form that all errors of
// the API have. Status is what err's kind does not tell: 410 for a URL that was
// good once, 405 for a method.
type FailFunc func(w http.ResponseWriter, r *http.Request, status int, err *chat.Error)

// NewHandler returns a Handler that reports through fail, which also logs what is
// the server's own fault. With elsewhere, pages of other origins may draw the
// pictures too: those of the shop's own, for which an address was made. With links,
// who fetches a picture is sent on to where the blobs are; nil serves it from here.
func NewHandler(signer *Signer, blobs chat.Blobs, links Linker, elsewhere bool, fail FailFunc) *Handler {
	policy := "same-origin"
	if elsewhere {
		policy = "cross-origin"
	}
	return &Handler{signer: signer, blobs: blobs, links: links, policy: policy, fail: fail}
}

// ServeHTTP serves GET and HEAD, and parts of a file too.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	// Should a file ever turn out to be something else than a picture, a browser
	// may neither guess so nor run it, and no foreign page may draw it in.
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Content-Security-Policy", "default-src 'none'; sandbox")
	header.Set("Cross-Origin-Resource-Policy", h.policy)
	header.Set("Cache-Control", "no-store")

	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		h.fail(w, r, http.StatusMethodNotAllowed, chat.Codef(chat.Invalid, "method_not_allowed", "files can only be read"))
		return
	}
	file, variant, _ := strings.Cut(strings.TrimPrefix(r.URL.Path, URLPath), "/")
	query := r.URL.Query()
	expires, genuine := h.signer.verify(file, variant, query.Get("e"), query.Get("s"))
	left := time.Until(expires)
	switch {
	case !genuine:
		h.fail(w, r, http.StatusNotFound, chat.Errorf(chat.NotFound, "no such file"))
	case left <= 0:
		h.fail(w, r, http.StatusGone, chat.Codef(chat.NotFound, "file_url_expired", "this address of the file has expired"))
	case h.links != nil && r.Method == http.MethodGet: // the address is good for nothing else
		h.sendOn(w, r, chat.FileID(file), Variant(variant), left)
	default:
		h.serve(w, r, chat.FileID(file), Variant(variant), left)
	}
}

// sendOn answers with where the blob is. That address may outlive the one that was
// asked for, but not by much.
func (h *Handler) sendOn(w http.ResponseWriter, r *http.Request, file chat.FileID, v Variant, left time.Duration) {
	link, err := h.links.Link(r.Context(), blobKey(file, v), linkFor)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Cache-Control", "private, max-age="+seconds(min(left, linkCached)))
	header.Set("Referrer-Policy", "no-referrer")
	header.Set("Location", link)
	w.WriteHeader(http.StatusFound)
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// serve answers with the blob.
func (h *Handler) serve(w http.ResponseWriter, r *http.Request, file chat.FileID, v Variant, left time.Duration) {
	blob, err := h.blobs.Open(r.Context(), blobKey(file, v))
	if err != nil {
		h.failed(w, r, err)
		return
	}
	defer blob.Close() //nolint:errcheck // it was only read
	typ, err := typeOf(blob)
	if err != nil {
		h.failed(w, r, err)
		return
	}
	header := w.Header()
	header.Set("Content-Type", typ)
	header.Set("Content-Disposition", "inline")
	header.Set("Cache-Control", "private, max-age="+seconds(left)+", immutable")
	header.Set("ETag", `"`+string(file)+`-`+string(v)+`"`) // a file never changes
	http.ServeContent(w, r, "", time.Time{}, blob)
}

func (h *Handler) failed(w http.ResponseWriter, r *http.Request, err error) {
	e := chat.AsError(err)
	status := http.StatusInternalServerError
	switch e.Kind {
	case chat.NotFound:
		status = http.StatusNotFound
	case chat.Unavailable:
		status = http.StatusServiceUnavailable
	case chat.Internal, chat.Invalid, chat.Unauthenticated, chat.Denied, chat.Conflict, chat.TooLarge, chat.RateLimited:
	}
	h.fail(w, r, status, e)
}

// errNotOurs says that a blob is nothing that the line wrote.
var errNotOurs = errors.New("the blob is no picture")

// typeOf reads the type of a blob off its first bytes. They are as good as a
// stored type: the line wrote them, whoever sent the picture.
func typeOf(blob io.ReadSeeker) (string, error) {
	head := make([]byte, 12)
	n, err := io.ReadFull(blob, head)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return "", err
	}
	typ := StoredType(head[:n])
	if typ == "" {
		return "", errNotOurs
	}
	_, err = blob.Seek(0, io.SeekStart)
	return typ, err
}
