package app

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/media"
	"haggle/internal/media/s3blobs"
	"haggle/internal/store/sqlstore"
)

// blobStore is where the pictures are.
type blobStore struct {
	media.Blobs

	bucket  *s3blobs.S3  // nil on disk
	links   media.Linker // nil where pictures are passed through
	origin  string       // of the addresses that links makes
	metrics []prometheus.Collector
	closer  io.Closer // nil where there is nothing to close
}

// Close lets go of the pictures.
func (b *blobStore) Close() error {
	if b.closer == nil {
		return nil
	}
	return b.closer.Close()
}

// openBlobs opens what the settings name: a bucket, or the directory beside the
// database. The caller closes it.
func openBlobs(ctx context.Context, cfg *config.Blobs, data string, log *slog.Logger) (*blobStore, error) {
	if !cfg.HasBucket() {
		disk, err := media.OpenDisk(filepath.Join(data, filesDir))
		if err != nil {
			return nil, err
		}
		return &blobStore{Blobs: disk, closer: disk}, nil
	}
	bucket, err := openBucket(cfg, log)
	if err != nil {
		return nil, err
	}
	b := &blobStore{Blobs: bucket, bucket: bucket, metrics: bucket.Metrics()}
	if cfg.BlobsRedirect {
		b.links = bucket
		b.origin, err = bucket.Origin(ctx)
	}
	return b, err
}

func openBucket(cfg *config.Blobs, log *slog.Logger) (*s3blobs.S3, error) {
	at, err := cfg.Bucket()
	if err != nil {
		return nil, err
	}
	c := s3blobs.Config{
		Endpoint: at.Endpoint, Region: at.Region, Bucket: at.Name, Prefix: at.Prefix, Style: styleOf(at.Style),
		AccessKey: cfg.S3AccessKey,
	}
	if len(cfg.S3SecretKey) > 0 {
		c.SecretKey = cfg.S3SecretKey[0]
	}
	return s3blobs.New(&c, log)
}

func styleOf(name string) s3blobs.Style {
	switch name {
	case "path":
		return s3blobs.PathStyle
	case "host":
		return s3blobs.HostStyle
	}
	return s3blobs.AnyStyle
}

const (
	// ownerKey names the blob that says whose the others are. No shard is called so.
	ownerKey = "owner"

	// secretOwner is the store's setting that it is compared with.
	secretOwner = "blobs_owner"

	// claimTimeout is how long the bucket may take at the start.
	claimTimeout = 20 * time.Second

	// claimPause is until a mark that is neither taken nor there is tried again.
	claimPause = 500 * time.Millisecond
)

// claimable is a bucket as claimBlobs needs it.
type claimable interface {
	chat.Blobs

	// PutNew is Put where nothing is yet: what is there stays, and is a Conflict. A
	// service may replace it all the same.
	PutNew(ctx context.Context, key string, data []byte) error
}

// claimBlobs sees to it that no two databases share a bucket's prefix: each would
// sweep away the other's pictures, of which it knows nothing. Servers with one
// database have one mark.
func claimBlobs(ctx context.Context, store chat.AccessStore, bucket claimable) error {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	own, err := store.Secret(ctx, secretOwner, []byte(strings.ToLower(rand.Text())))
	if err != nil {
		return fmt.Errorf("owner of the pictures: %w", err)
	}
	mark, err := ownerOf(ctx, bucket)
	for err == nil && mark == nil {
		mark, err = putOwner(ctx, bucket, own)
	}
	if err != nil {
		return err
	}
	return compareOwner(mark, own)
}

// putOwner leaves a mark, and returns the one that is there then: somebody else may have been
// faster. A service may refuse this one before it has the other, which then comes, or does
// not; so after a while there may be none.
func putOwner(ctx context.Context, bucket claimable, own []byte) ([]byte, error) {
	refused := bucket.PutNew(ctx, ownerKey, own)
	if refused != nil && chat.KindOf(refused) != chat.Conflict {
		return nil, fmt.Errorf("--blobs: mark the bucket: %w", refused)
	}
	mark, err := ownerOf(ctx, bucket)
	if err != nil || mark != nil {
		return mark, err
	}
	select {
	case <-time.After(claimPause):
		return nil, nil
	case <-ctx.Done():
		return nil, fmt.Errorf("--blobs: could not mark the bucket: no mark, %s, is there within %v: %w", ownerKey, claimTimeout, errors.Join(refused, ctx.Err()))
	}
}

// checkBlobs refuses a bucket that claimBlobs would refuse, and leaves both as they are.
func checkBlobs(ctx context.Context, store *sqlstore.Store, blobs chat.Blobs) error {
	ctx, cancel := context.WithTimeout(ctx, claimTimeout)
	defer cancel()
	mark, err := ownerOf(ctx, blobs)
	if err != nil || mark == nil {
		return err
	}
	own, err := store.Setting(ctx, secretOwner)
	if err != nil {
		return fmt.Errorf("owner of the pictures: %w", err)
	}
	return compareOwner(mark, own)
}

// ownerOf returns the bucket's mark, nil without one.
func ownerOf(ctx context.Context, blobs chat.Blobs) ([]byte, error) {
	r, err := blobs.Open(ctx, ownerKey)
	switch {
	case err != nil && chat.KindOf(err) == chat.NotFound:
		return nil, nil
	case err != nil:
		return nil, fmt.Errorf("--blobs: look at the bucket: %w", err)
	}
	mark, err := io.ReadAll(io.LimitReader(r, 1<<10))
	if err = errors.Join(err, r.Close()); err != nil {
		return nil, fmt.Errorf("--blobs: read the bucket's mark: %w", err)
	}
	return mark, nil
}

func compareOwner(mark, own []byte) error {
	if !bytes.Equal(mark, own) {
		return errors.New("--blobs: the pictures there belong to another database, whose server would take this one's for rubbish: " +
			"give each database a prefix of its own, like s3://BUCKET/PREFIX")
	}
	return nil
}
