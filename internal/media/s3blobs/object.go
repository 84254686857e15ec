package s3blobs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/minio/minio-go/v7"

	"haggle/internal/chat"
	"haggle/internal/media"
)

// object is an opened blob. Its beginning is in memory; the rest comes as it is read,
// from where it is read.
type object struct {
	s    *S3
	key  string
	etag string
	size int64
	head []byte
	pos  int64

	// Read has no context of its own, and must end with whoever asked for the blob.
	ctx context.Context //nolint:containedctx // see above

	body    io.ReadCloser // nil, or what is being received
	bodyPos int64         // where the next byte of body belongs
	cancel  context.CancelFunc
	stalled *time.Timer // ends body's request
}

// Open implements chat.Blobs. The blob can be read until ctx ends.
func (s *S3) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := media.CheckKey(ctx, key); err != nil {
		return nil, err
	}
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	o := &object{s: s, key: key, ctx: ctx}
	err := o.readHead(limited)
	if minio.ToErrorResponse(err).Code == minio.InvalidRange { // of nothing there is no beginning
		var info minio.ObjectInfo
		info, err = s.core.StatObject(limited, s.bucket, s.prefix+key, minio.StatObjectOptions{})
		if err == nil && info.Size > 0 {
			err = fmt.Errorf("the service gives no part of an object of %d bytes", info.Size)
		}
	}
	if err := s.outcome(ctx, "get", err); err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return o, nil
}

// readHead fetches the beginning of the object and learns how large all of it is.
func (o *object) readHead(ctx context.Context) error {
	body, info, header, err := o.s.get(ctx, o.key, 0, headSize-1, "")
	if err != nil {
		return err
	}
	defer body.Close() //nolint:errcheck // it was only read
	o.etag, o.size = info.ETag, info.Size
	if total, ok := totalOf(header); ok {
		o.size = total
	}
	o.head = make([]byte, min(o.size, headSize))
	_, err = io.ReadFull(body, o.head)
	return err
}

// totalOf returns the size of the object of which an answer has a part.
func totalOf(h http.Header) (int64, bool) {
	_, total, ok := strings.Cut(h.Get("Content-Range"), "/")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseInt(total, 10, 64)
	return n, err == nil
}

// Read implements io.Reader.
func (o *object) Read(p []byte) (int, error) {
	switch {
	case len(p) == 0:
		return 0, nil
	case o.pos >= o.size:
		return 0, io.EOF
	case o.pos < int64(len(o.head)):
		n := copy(p, o.head[o.pos:])
		o.pos += int64(n)
		return n, nil
	}
	if o.body == nil || o.bodyPos != o.pos {
		if err := o.receive(); err != nil {
			return 0, fmt.Errorf("read blob: %w", err)
		}
	}
	o.stalled.Reset(stallTimeout)
	n, err := o.body.Read(p)
	o.stalled.Stop()
	o.pos += int64(n)
	o.bodyPos += int64(n)
	switch {
	case err == nil || errors.Is(err, io.EOF) && o.pos >= o.size:
		return n, nil
	case errors.Is(err, io.EOF):
		err = io.ErrUnexpectedEOF
	}
	return n, fmt.Errorf("read blob: %w", o.s.outcome(o.ctx, "get", err))
}

// receive asks for what comes from pos on.
func (o *object) receive() error {
	o.drop()
	ctx, cancel := context.WithCancel(o.ctx)
	stalled := time.AfterFunc(stallTimeout, cancel)
	body, _, _, err := o.s.get(ctx, o.key, o.pos, 0, o.etag)
	stalled.Stop()
	if err := o.s.outcome(o.ctx, "get", err); err != nil {
		cancel()
		return err
	}
	o.body, o.bodyPos, o.cancel, o.stalled = body, o.pos, cancel, stalled
	return nil
}

// drop ends the request under way.
func (o *object) drop() {
	if o.body == nil {
		return
	}
	o.stalled.Stop()
	o.cancel()
	_ = o.body.Close() // it was only read
	o.body = nil
}

// Seek implements io.Seeker. It asks nothing of the service.
func (o *object) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += o.pos
	case io.SeekEnd:
		offset += o.size
	default:
		return 0, chat.Errorf(chat.Invalid, "no such place to seek from")
	}
	if offset < 0 {
		return 0, chat.Errorf(chat.Invalid, "a blob begins at 0")
	}
	o.pos = offset
	return offset, nil
}

// Close implements io.Closer.
func (o *object) Close() error {
	o.drop()
	return nil
}
