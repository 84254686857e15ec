package app

import (
	"context"
	"errors"
	"path/filepath"

	"haggle/internal/backup"
	"haggle/internal/config"
)

// Backup copies the data directory to out, a directory to make or a file that ends in
// .tar, while a server may work with it. Pictures in a bucket are left to the bucket's
// own means, and linked says to link those on disk rather than copy them.
func Backup(ctx context.Context, at *config.Common, blobs *config.Blobs, version, out string, linked bool) (backup.Manifest, error) {
	if err := onlySQLite(at); err != nil {
		return backup.Manifest{}, err
	}
	if err := checkThere(at); err != nil {
		return backup.Manifest{}, err
	}
	o := backup.Options{
		Version: version, Database: filepath.Join(at.Data, DatabaseFile), Files: filepath.Join(at.Data, filesDir), Out: out, Link: linked,
	}
	if blobs.HasBucket() {
		o.Files, o.Pictures = "", blobs.Blobs
	}
	return backup.Make(ctx, &o)
}

// Restore makes the data directory of a backup, verified first and under a new epoch.
func Restore(ctx context.Context, at *config.Common, from string) (backup.Restored, error) {
	if err := onlySQLite(at); err != nil {
		return backup.Restored{}, err
	}
	return backup.Restore(ctx, from, at.Data)
}

// onlySQLite refuses a database that is elsewhere: its server has better means.
func onlySQLite(at *config.Common) error {
	if at.Store == "" {
		return nil
	}
	return errors.New("this is for the database in --data; one at --store is backed up and restored with its server's own tools, see docs/backup.md")
}
