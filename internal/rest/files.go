package rest

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strconv"
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
	a.formUpload()
	actorIn(a, post("/v1/files/urls", "file-urls", tagFiles, "Where files can be fetched",
		"Files that one may not see, or that do not exist, are absent from the answer. "+
			"The URLs work without a token until they expire: hand them to nobody."), a.fileURLs)
}

// formUpload is the same upload for those who can only send forms.
func (a *API) formUpload() {
	op := post("/v1/files/{key}", "upload-form", tagFiles, "Upload a picture as the file of a form",
		"For programs that can only send forms, as mini-programs do with `wx.uploadFile` and `uni.uploadFile`. It is the upload of "+
			"`PUT /v1/files/{key}`: the same key and bytes are the same file, whichever way they come. The first part that has a file "+
			"name is the picture, whatever its own name and type. It begins within the first "+strconv.Itoa(formBytes>>10)+" KiB of "+
			"the form; fields before it are passed over, and what comes after it is not looked at. "+
			"The key `urls` is another address's name.")
	body := &huma.MediaType{}
	op.RequestBody = &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{mediaForm: body}}
	actorIn(a, op, a.upload)
	// It comes after: huma would take a body that it has such a schema of for JSON, and read it.
	body.Schema = &huma.Schema{Type: huma.TypeObject, Required: []string{"file"}, Properties: map[string]*huma.Schema{
		"file": {Type: huma.TypeString, Format: "binary", Description: "The picture; any other name will do"},
	}}
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
	how, ok := carrierOf(in.r)
	if !ok {
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
	data, err := a.readUpload(in, how)
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
func (a *API) readUpload(in *uploadIn, how carrier) ([]byte, error) {
	limit := a.svc.Limits().UploadBytes
	tooLarge := chat.Codef(chat.TooLarge, "upload_too_large", "a picture has at most %d bytes", limit)
	if in.r.ContentLength > limit+how.beside {
		return nil, tooLarge
	}
	// A writer that has no deadline keeps the server's own.
	_ = http.NewResponseController(in.w).SetReadDeadline(time.Now().Add(uploadTimeout))
	picture, err := how.open(in.r.Body)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(http.MaxBytesReader(in.w, picture, limit))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, tooLarge
	}
	if err != nil {
		return nil, incomplete(err)
	}
	return data, nil
}

func incomplete(err error) *chat.Error {
	e := chat.Codef(chat.Invalid, "incomplete", "the picture did not arrive whole, try again")
	e.Err = err
	return e
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
