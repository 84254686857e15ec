package media

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"time"

	"haggle/internal/chat"
)

// Limiter says whether an actor may do something once more. chat.Service is one.
type Limiter interface {
	Allow(action chat.Action, actor chat.Actor) error
}

// Service takes uploads and clears away those that came to nothing.
type Service struct {
	files   chat.FileStore
	blobs   Blobs
	limiter Limiter
	line    *Line
	limits  chat.Limits
	log     *slog.Logger
	stats   *stats
}

// NewService returns a Service over its ports. Run must be running for uploads to
// be cleared away.
func NewService(files chat.FileStore, blobs Blobs, limiter Limiter, line *Line, limits chat.Limits, log *slog.Logger) *Service {
	return &Service{files: files, blobs: blobs, limiter: limiter, line: line, limits: limits, log: log, stats: newStats(line)}
}

// Upload takes a picture in for actor and returns what is known of it. The same
// bytes under the same key give the same file again, at no cost to the actor's
// allowance; other bytes are a Conflict with code "nonce_reused". The other
// refusals are Line's.
func (s *Service) Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error) {
	f, fresh, err := s.upload(ctx, actor, key, data)
	s.stats.uploaded(fresh, err)
	return f, err
}

// Uploaded returns what the actor has uploaded under key, NotFound for nothing.
func (s *Service) Uploaded(ctx context.Context, actor chat.Actor, key chat.Nonce) (chat.File, error) {
	f, err := s.files.FileByKey(ctx, actor.UID, key)
	if err != nil {
		return chat.File{}, fmt.Errorf("look for an earlier upload: %w", err)
	}
	return f, nil
}

func (s *Service) upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (_ chat.File, fresh bool, err error) {
	hash := sha256.Sum256(data)
	f, err := s.files.FileByKey(ctx, actor.UID, key)
	switch {
	case err == nil && bytes.Equal(f.Hash, hash[:]):
		return f, false, nil
	case err == nil:
		return chat.File{}, false, chat.Codef(chat.Conflict, "nonce_reused", "this key belongs to another upload")
	case chat.KindOf(err) != chat.NotFound:
		return chat.File{}, false, fmt.Errorf("look for an earlier upload: %w", err)
	}

	action := chat.ActionUploadBuyer
	if actor.Side() == chat.MerchantSide {
		action = chat.ActionUploadAgent
	}
	if err := s.limiter.Allow(action, actor); err != nil {
		return chat.File{}, false, err
	}
	start := time.Now()
	p, err := s.line.Process(ctx, data)
	if err != nil {
		return chat.File{}, false, err
	}
	s.stats.decodeSeconds.Observe(time.Since(start).Seconds())
	return s.keep(ctx, p, chat.File{
		ID: chat.NewFileID(), Uploader: actor.UID, Agent: actor.Agent, Key: key, Hash: hash[:],
		Type: p.Type, Bytes: int64(len(p.Image)), Width: p.Width, Height: p.Height, Preview: p.Preview,
		CreatedAt: time.Now(),
	})
}

// keep stores the bytes first and the row last: a crash in between leaves blobs
// that the sweep finds, never a file without bytes.
func (s *Service) keep(ctx context.Context, p Picture, f chat.File) (stored chat.File, fresh bool, err error) {
	if err := s.blobs.Put(ctx, blobKey(f.ID, Full), p.Image); err != nil {
		return chat.File{}, false, fmt.Errorf("store picture: %w", err)
	}
	if err := s.blobs.Put(ctx, blobKey(f.ID, Thumb), p.Thumb); err != nil {
		return chat.File{}, false, fmt.Errorf("store thumbnail: %w", err)
	}
	stored, fresh, err = s.files.AddFile(ctx, f)
	if err != nil {
		// Whether the row is there is unknown, so the bytes stay.
		return chat.File{}, false, fmt.Errorf("add file: %w", err)
	}
	if !fresh {
		// The same upload came twice at once and the other one was first.
		s.deleteBlobs(context.WithoutCancel(ctx), f.ID)
	}
	return stored, fresh, nil
}

// deleteBlobs removes the bytes of a file that has no row. What cannot be removed
// now is an orphan that the sweep comes back to.
func (s *Service) deleteBlobs(ctx context.Context, file chat.FileID) {
	for _, v := range variants() {
		if err := s.blobs.Delete(ctx, blobKey(file, v)); err != nil {
			s.log.WarnContext(ctx, "a blob is left behind", "file", file, "variant", v, "err", err)
		}
	}
}
