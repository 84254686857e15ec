package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/compat/hplog"
	"haggle/internal/config"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
)

// ImportOptions say where the PHP chat's table is and how it is brought in.
type ImportOptions struct {
	From    string // mysql://…, or the path of a dump
	Table   string
	Uploads string // the folder of its pictures; "" for none
	Limits  chat.Limits
	Blobs   *config.Blobs // where pictures go

	DryRun   bool
	Late     bool
	MarkRead bool

	Issues   io.Writer // nil for nobody
	Progress io.Writer
	Log      *slog.Logger
}

// ImportHPChatLog brings the table hp_chat_log into the data directory, which no
// server may be using. A dry run opens nothing of it.
func ImportHPChatLog(ctx context.Context, at *config.Common, o ImportOptions) (report hplog.Report, err error) {
	var closers []io.Closer
	defer func() {
		for _, c := range closers {
			err = errors.Join(err, c.Close())
		}
	}()
	source, err := openSource(&o)
	if err != nil {
		return report, err
	}
	closers = append(closers, source)
	importer := hplog.Importer{
		Source: source, Late: o.Late, MarkRead: o.MarkRead, Issues: o.Issues, Progress: o.Progress,
	}
	line := media.NewLine(o.Limits)
	var uploader hplog.Uploader = looker{line}
	if !o.DryRun {
		if err := claimDir(at.Data, false); err != nil {
			return report, err
		}
		store, err := openStopped(ctx, at)
		if err != nil {
			return report, err
		}
		closers = append([]io.Closer{store}, closers...)
		blobs, err := openBlobs(ctx, o.Blobs, at.Data, o.Log)
		if err != nil {
			return report, err
		}
		closers = append([]io.Closer{blobs}, closers...)
		if o.Blobs.HasBucket() {
			if err := claimBlobs(ctx, store, blobs.bucket); err != nil {
				return report, err
			}
		}
		importer.Store = store
		uploader = media.NewService(store, blobs, everything{}, line, o.Limits, o.Log)
	}
	if importer.Uploads, err = hplog.OpenUploads(o.Uploads, uploader, o.Limits.UploadBytes); err != nil {
		return report, err
	}
	closers = append(closers, importer.Uploads)
	return importer.Run(ctx)
}

func openSource(o *ImportOptions) (hplog.Source, error) {
	if strings.Contains(o.From, "://") {
		return hplog.OpenServer(o.From, o.Table)
	}
	return hplog.OpenDump(o.From, o.Table)
}

// openStopped opens the store for a command. That of a data directory it needs alone.
func openStopped(ctx context.Context, at *config.Common) (*sqlstore.Store, error) {
	store, err := openStore(ctx, at)
	if _, ok := errors.AsType[*sqlstore.InUseError](err); ok {
		return nil, fmt.Errorf("stop the server first, this takes the database for itself: %w", err)
	}
	return store, err
}

// everything allows all of it: what comes in was said long ago.
type everything struct{}

// Allow implements media.Limiter.
func (everything) Allow(chat.Action, chat.Actor) error { return nil }

// looker looks at pictures and keeps nothing.
type looker struct{ line *media.Line }

// Upload implements hplog.Uploader.
func (l looker) Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error) {
	p, err := l.line.Process(ctx, data)
	return chat.File{ID: chat.FileID(key), Uploader: actor.UID, Width: p.Width, Height: p.Height}, err
}

// ExportHPChatLog writes the messages of the data directory as rows of hp_chat_log, all
// or those that were said here. No server may be using it.
func ExportHPChatLog(ctx context.Context, at *config.Common, out io.Writer, format hplog.Format, onlyNew bool) (done hplog.Exported, err error) {
	if err := checkThere(at); err != nil {
		return done, err
	}
	store, err := openStopped(ctx, at)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return hplog.Export(ctx, store, out, format, onlyNew)
}
