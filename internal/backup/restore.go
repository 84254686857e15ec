package backup

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// Staging is where a restore unpacks, inside the data directory. A data directory that
// has it and no database was not restored to the end.
const Staging = ".restoring"

// Restored is what Restore did.
type Restored struct {
	Manifest Manifest
	Epoch    chat.Epoch // the new one
}

// Restore makes a data directory at dir of the backup at from, a directory or a tar.
// It refuses one that holds anything, and one that a server has. Nothing is put in
// place before all of it was verified, and the database comes last. The database gets
// a new epoch: clients know of more than is in it, and drop that.
func Restore(ctx context.Context, from, dir string) (done Restored, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return done, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := sqlstore.LockDir(dir)
	if err != nil {
		return done, err
	}
	defer func() { err = errors.Join(err, lock.Close()) }()
	if err := clearDir(dir); err != nil {
		return done, err
	}
	staging := filepath.Join(dir, Staging)
	if err := os.Mkdir(staging, 0o700); err != nil {
		return done, fmt.Errorf("restore: %w", err)
	}
	done.Manifest, err = read(ctx, from, func(name string, data io.Reader) error {
		to := filepath.Join(staging, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(to), 0o700); err != nil {
			return err
		}
		_, _, err := writeFile(to, data, sha256.New())
		return err
	})
	if err == nil {
		err = checkDatabase(ctx, filepath.Join(staging, databaseName), &done.Manifest)
	}
	if err == nil {
		done.Epoch, err = renew(ctx, staging, &done.Manifest)
	}
	if err != nil {
		return done, errors.Join(err, os.RemoveAll(staging)) // nothing of it is in place
	}
	return done, place(staging, dir)
}

// clearDir refuses a directory that holds anything, but for what an earlier restore that
// did not come to its end left.
func clearDir(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into data directory: %w", err)
	}
	unfinished := false
	var others []string
	for _, e := range entries {
		switch e.Name() {
		case sqlstore.LockName, "lost+found":
		case Staging:
			unfinished = true
		default:
			others = append(others, e.Name())
		}
	}
	left := unfinished && len(others) == 1 && others[0] == filesName
	if len(others) > 0 && !left {
		return fmt.Errorf("%s is not empty (it holds %s): a backup is restored into a directory of its own", dir, others[0])
	}
	if !unfinished {
		return nil
	}
	if left {
		if err := os.RemoveAll(filepath.Join(dir, filesName)); err != nil {
			return fmt.Errorf("clear what is left of an earlier restore: %w", err)
		}
	}
	if err := os.RemoveAll(filepath.Join(dir, Staging)); err != nil {
		return fmt.Errorf("clear what is left of an earlier restore: %w", err)
	}
	return nil
}

// renew brings the database up to this program's version and gives it a new epoch.
func renew(ctx context.Context, staging string, m *Manifest) (_ chat.Epoch, err error) {
	known, err := sqlstore.SQLiteSchema()
	if err != nil {
		return "", err
	}
	if m.Database.Schema > known {
		return "", fmt.Errorf("the backup was made by haggle %s, whose database has version %d; this program knows up to %d: use that one, or a newer one",
			m.Version, m.Database.Schema, known)
	}
	path := filepath.Join(staging, databaseName)
	store, err := sqlstore.OpenSQLiteCopy(ctx, path)
	if err != nil {
		return "", err
	}
	epoch, err := store.NewEpoch(ctx)
	if err = errors.Join(err, store.Close()); err != nil {
		return "", err
	}
	// What is in a log would stay behind when the database is moved.
	if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
		return "", errors.New("the database's log was not written back")
	}
	return epoch, nil
}

// place moves what was verified to where it belongs.
func place(staging, dir string) error {
	if err := syncTree(staging); err != nil {
		return fmt.Errorf("sync: %w", err)
	}
	for _, name := range []string{filesName, databaseName} {
		err := os.Rename(filepath.Join(staging, name), filepath.Join(dir, name))
		if name == filesName && errors.Is(err, fs.ErrNotExist) {
			continue // there are no pictures
		}
		if err != nil {
			return fmt.Errorf("put %s in place: %w", name, err)
		}
		if err := syncDir(dir); err != nil {
			return fmt.Errorf("put %s in place: %w", name, err)
		}
	}
	if err := os.RemoveAll(staging); err != nil {
		return fmt.Errorf("clear up: %w", err)
	}
	return syncDir(dir)
}
