package s3blobs

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"github.com/minio/minio-go/v7"
	"github.com/minio/minio-go/v7/pkg/credentials"
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
	"haggle/internal/media"
)

const (
	connectTimeout = 5 * time.Second
	callTimeout    = 15 * time.Second // of a request without a body to speak of, retries included
	putTimeout     = 2 * time.Minute  // of an upload: 20 MiB at 1.5 Mbit/s
	stallTimeout   = 20 * time.Second // without a byte, or the next page of a list
	attempts       = 3
	connections    = 64

	// headSize is how much of a blob its opening fetches: thumbnails and most
	// pictures' types need no second request.
	headSize = 64 << 10
)

// Config says where the bucket is. It is checked by whoever made it.
type Config struct {
	Endpoint *url.URL // scheme and host
	Region   string
	Bucket   string
	Prefix   string // of all keys; "" or parts with slashes between them
	Style    Style

	// AccessKey and SecretKey are the keys. Without them those of the AWS environment
	// are taken: its variables, its file, the machine's or the container's role.
	AccessKey string
	SecretKey string
}

// Style is where in an address the bucket is named.
type Style uint8

// The styles.
const (
	AnyStyle  Style = iota // in the host at services that are known to want it so, else in the path
	PathStyle              // in the path
	HostStyle              // in the host
)

// S3 keeps blobs in a bucket. Its methods may be called concurrently.
type S3 struct {
	core    *minio.Core
	options minio.Options
	bucket  string
	prefix  string // with a slash at its end, or ""
	log     *slog.Logger
	failing atomic.Bool // the last request that says so failed
	calls   *prometheus.CounterVec
}

var _ media.Blobs = (*S3)(nil)

// New returns the blobs that cfg names. It asks nothing of the service yet.
func New(cfg *Config, log *slog.Logger) (*S3, error) {
	options := minio.Options{
		Creds: keys(cfg), Secure: cfg.Endpoint.Scheme == "https", Region: cfg.Region,
		MaxRetries: attempts, Transport: transport(),
	}
	switch cfg.Style {
	case AnyStyle:
	case PathStyle:
		options.BucketLookup = minio.BucketLookupPath
	case HostStyle:
		options.BucketLookup = minio.BucketLookupDNS
	}
	core, err := minio.NewCore(cfg.Endpoint.Host, &options)
	if err != nil {
		return nil, fmt.Errorf("client of the bucket: %w", err)
	}
	s := &S3{core: core, options: options, bucket: cfg.Bucket, log: log, calls: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "haggle_blob_requests_total", Help: "Requests to the bucket of the pictures, by what was asked and what came of it.",
	}, []string{"call", "outcome"})}
	if cfg.Prefix != "" {
		s.prefix = strings.Trim(cfg.Prefix, "/") + "/"
	}
	return s, nil
}

func keys(cfg *Config) *credentials.Credentials {
	if cfg.AccessKey != "" {
		return credentials.NewStaticV4(cfg.AccessKey, cfg.SecretKey, "")
	}
	return credentials.NewChainCredentials([]credentials.Provider{
		&credentials.EnvAWS{},
		&credentials.FileAWSCredentials{},
		&credentials.IAM{Client: &http.Client{Timeout: connectTimeout}},
	})
}

func transport() *http.Transport {
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: connectTimeout}).DialContext,
		TLSHandshakeTimeout:   connectTimeout,
		ResponseHeaderTimeout: putTimeout,
		IdleConnTimeout:       time.Minute,
		MaxIdleConnsPerHost:   connections,
		MaxConnsPerHost:       connections,
		DisableCompression:    true, // pictures are compressed
		ForceAttemptHTTP2:     true,
	}
}

// Metrics returns what can be measured of the bucket. They are the same ones at every
// call.
func (s *S3) Metrics() []prometheus.Collector { return []prometheus.Collector{s.calls} }

// Put implements chat.Blobs. It is one request, however large the blob is: a service
// shows an object when all of it has arrived. The service checks what it got against
// a hash.
func (s *S3) Put(ctx context.Context, key string, data []byte) error {
	if err := media.CheckKey(ctx, key); err != nil {
		return err
	}
	if err := s.outcome(ctx, "put", s.put(ctx, key, data, false)); err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	return nil
}

// PutNew is Put where nothing is yet: what is there stays, and is a Conflict. But not every
// service knows of that, and then what is there is replaced, so look what it is in the end.
func (s *S3) PutNew(ctx context.Context, key string, data []byte) error {
	if err := media.CheckKey(ctx, key); err != nil {
		return err
	}
	err := s.put(ctx, key, data, true)
	switch minio.ToErrorResponse(err).StatusCode {
	case http.StatusPreconditionFailed, http.StatusConflict: // the latter while another is being put
		s.calls.WithLabelValues("put", "conflict").Inc()
		return chat.Errorf(chat.Conflict, "there is such a file already")
	case http.StatusNotImplemented:
		err = s.put(ctx, key, data, false)
	}
	if err := s.outcome(ctx, "put", err); err != nil {
		return fmt.Errorf("put blob: %w", err)
	}
	return nil
}

// put asks the service to keep a blob, or only if there is none by that key.
func (s *S3) put(ctx context.Context, key string, data []byte, onlyNew bool) error {
	typ := media.StoredType(data)
	if typ == "" {
		typ = "application/octet-stream"
	}
	sum := sha256.Sum256(data)
	opts := minio.PutObjectOptions{
		ContentType:          typ,
		DisableContentSha256: true, // in pieces: it is there as a whole
	}
	if onlyNew {
		opts.SetMatchETagExcept("*")
	}
	limited, cancel := context.WithTimeout(ctx, putTimeout)
	defer cancel()
	_, err := s.core.PutObject(limited, s.bucket, s.prefix+key, bytes.NewReader(data), int64(len(data)), "", hex.EncodeToString(sum[:]), opts)
	return err
}

// Delete implements chat.Blobs.
func (s *S3) Delete(ctx context.Context, key string) error {
	if err := media.CheckKey(ctx, key); err != nil {
		return err
	}
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	err := s.outcome(ctx, "delete", s.core.RemoveObject(limited, s.bucket, s.prefix+key, minio.RemoveObjectOptions{}))
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return fmt.Errorf("delete blob: %w", err)
	}
	return nil
}

// List implements media.Blobs.
func (s *S3) List(ctx context.Context, dir string) iter.Seq2[media.Blob, error] {
	return func(yield func(media.Blob, error) bool) {
		if err := media.CheckKey(ctx, dir); err != nil {
			yield(media.Blob{}, err)
			return
		}
		limited, cancel := context.WithCancel(ctx)
		defer cancel()
		stalled := time.AfterFunc(stallTimeout, cancel)
		defer stalled.Stop()
		var err error
		for object := range s.core.ListObjectsIter(limited, s.bucket, minio.ListObjectsOptions{
			Prefix: s.prefix + dir + "/", Recursive: true,
		}) {
			stalled.Stop() // while the caller works on it
			if err = object.Err; err != nil {
				break
			}
			if !yield(media.Blob{Key: strings.TrimPrefix(object.Key, s.prefix), ModifiedAt: object.LastModified}, nil) {
				return
			}
			stalled.Reset(stallTimeout)
		}
		if err == nil {
			err = limited.Err() // the listing ends without a word when its context does
		}
		if err := s.outcome(ctx, "list", err); err != nil {
			yield(media.Blob{}, fmt.Errorf("list blobs: %w", err))
		}
	}
}

// linkTypes are those of the pictures that were encoded here.
func linkTypes() map[string]bool {
	return map[string]bool{"image/jpeg": true, "image/png": true, "image/gif": true}
}

// errNotOurs says that an object is none of the pictures that were put here.
var errNotOurs = errors.New("the object is no picture")

// Link implements media.Linker: the service itself gives the picture out at the
// address, under the type that it was put with and no other.
func (s *S3) Link(ctx context.Context, key string, good time.Duration) (string, error) {
	if err := media.CheckKey(ctx, key); err != nil {
		return "", err
	}
	limited, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	info, err := s.core.StatObject(limited, s.bucket, s.prefix+key, minio.StatObjectOptions{})
	if err := s.outcome(ctx, "stat", err); err != nil {
		return "", fmt.Errorf("look for blob: %w", err)
	}
	if !linkTypes()[info.ContentType] {
		return "", errNotOurs
	}
	u, err := s.core.PresignedGetObject(limited, s.bucket, s.prefix+key, good, url.Values{
		"response-content-type":        {info.ContentType},
		"response-content-disposition": {"inline"},
		"response-cache-control":       {fmt.Sprintf("private, max-age=%d, immutable", int64(good/time.Second))},
	})
	if err := s.outcome(ctx, "sign", err); err != nil {
		return "", fmt.Errorf("sign address of blob: %w", err)
	}
	return u.String(), nil
}

// Origin returns the origin of the addresses that Link makes. It asks nothing of
// the service, nor for keys.
func (s *S3) Origin(ctx context.Context) (string, error) {
	options := s.options
	options.Creds = credentials.NewStaticV4("nobody", "nothing", "")
	c, err := minio.New(s.core.EndpointURL().Host, &options)
	if err != nil {
		return "", fmt.Errorf("client of the bucket: %w", err)
	}
	u, err := c.PresignedGetObject(ctx, s.bucket, s.prefix+"image", time.Minute, nil)
	if err != nil {
		return "", fmt.Errorf("origin of the bucket: %w", err)
	}
	return u.Scheme + "://" + u.Host, nil
}

// get asks for the bytes of an object from one place on, up to and with another; 0 is
// to its end.
func (s *S3) get(ctx context.Context, key string, from, to int64, etag string) (io.ReadCloser, minio.ObjectInfo, http.Header, error) {
	var opts minio.GetObjectOptions
	if err := opts.SetRange(from, to); err != nil {
		return nil, minio.ObjectInfo{}, nil, err
	}
	if etag != "" { // the rest of the same object, not of one that took its place
		if err := opts.SetMatchETag(etag); err != nil {
			return nil, minio.ObjectInfo{}, nil, err
		}
	}
	return s.core.GetObject(ctx, s.bucket, s.prefix+key, opts)
}
