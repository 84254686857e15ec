package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// uploadTimeout is how long a picture may take to arrive: 20 MiB at 1 Mbit/s.
const uploadTimeout = 3 * time.Minute

type uploadIn struct {
	exchange

	Key string `path:"key" maxLength:"64" doc:"Chosen by the device, once per picture; the same again is the same upload"`
}

type fileURLsIn struct {
	Body FileURLsRequest
}

// FileURLsRequest asks for the URLs of files.
type FileURLsRequest struct {
	IDs []string `json:"ids" minItems:"1" doc:"Of image blocks and uploads"`
}

func (a *API) fileRoutes() {
	upload := put("/v1/files/{key}", "upload", tagFiles, "Upload a picture",
		"The bytes of a JPEG, PNG, GIF or WebP picture as the body. It is turned upright, encoded anew without its metadata "+
			"and waits "+lasting(a.svc.Limits().UnattachedFor)+" for the message that carries it.")
	upload.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
		"image/*": {Schema: &huma.Schema{Type: huma.TypeString, Format: "binary"}},
	}}
	actorIn(a, upload, a.upload)
	actorIn(a, post("/v1/files/urls", "file-urls", tagFiles, "Where files can be fetched",
		"Files that one may not see, or that do not exist, are absent from the answer. "+
			"The URLs work without a token until they expire: hand them to nobody."), a.fileURLs)
}

// lasting words a setting for the documentation.
func lasting(d time.Duration) string {
	if days := d / (24 * time.Hour); days > 1 && d%(24*time.Hour) == 0 {
		return strconv.FormatInt(int64(days), 10) + " days"
	}
	return d.String()
}

func (a *API) upload(ctx context.Context, actor chat.Actor, in *uploadIn) (*answer[wire.File], error) {
	key, err := chat.ParseNonce(in.Key)
	if err != nil {
		return nil, err
	}
	if !strings.HasPrefix(in.r.Header.Get("Content-Type"), "image/") {
		return nil, failureFor(ctx, http.StatusUnsupportedMediaType)
	}
	// Who does not say how much it will be is taken to send as much as there may be.
	size := a.svc.Limits().UploadBytes
	if n := in.r.ContentLength; n >= 0 {
		size = min(size, n)
	}
	free, err := a.uploads.take(ctx, actor, size)
	if err != nil {
		return nil, err
	}
	defer free()
	data, err := a.readUpload(in)
	if err != nil {
		return nil, err
	}
	f, err := a.Uploader.Upload(ctx, actor, key, data)
	if err != nil {
		return nil, err
	}
	return &answer[wire.File]{wire.FromFile(&f)}, nil
}

// readUpload reads the picture, if it is not too large, into memory: that is
// where it is decoded.
func (a *API) readUpload(in *uploadIn) ([]byte, error) {
	limit := a.svc.Limits().UploadBytes
	tooLarge := chat.Codef(chat.TooLarge, "upload_too_large", "a picture has at most %d bytes", limit)
	if in.r.ContentLength > limit {
		return nil, tooLarge
	}
	// A writer that has no deadline keeps the server's own.
	_ = http.NewResponseController(in.w).SetReadDeadline(time.Now().Add(uploadTimeout))
	data, err := io.ReadAll(http.MaxBytesReader(in.w, in.r.Body, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		e := chat.Codef(chat.Invalid, "incomplete", "the picture did not arrive whole, try again")
		e.Err = err
		return nil, e
	}
	return data, nil
}

func (a *API) fileURLs(ctx context.Context, actor chat.Actor, in *fileURLsIn) (*answer[wire.FileURLs], error) {
	ids := make([]chat.FileID, len(in.Body.IDs))
	for i, id := range in.Body.IDs {
		ids[i] = chat.FileID(id)
	}
	files, err := a.svc.Files(ctx, actor, ids)
	if err != nil {
		return nil, err
	}
	out := wire.FileURLs{Files: make(map[string]wire.FileURL, len(files))}
	for i := range files {
		image, thumb, expires := a.FileURL(files[i].ID)
		out.Files[string(files[i].ID)] = wire.FileURL{URL: image, Thumb: thumb, ExpiresAt: expires.UnixMilli()}
	}
	return &answer[wire.FileURLs]{out}, nil
}
