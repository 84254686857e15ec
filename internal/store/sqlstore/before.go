package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// BeforeName is what the copy of a database is called that was made before it was brought
// from a version to a newer one: the database's name, this, and that version.
const BeforeName = ".version-"

const selectUsed = `
SELECT EXISTS (SELECT 1 FROM participants) OR EXISTS (SELECT 1 FROM products)
  OR EXISTS (SELECT 1 FROM conversations) OR EXISTS (SELECT 1 FROM files)`

// keepBefore copies the database in the file at path if there is data in it that is about
// to be migrated: there is no way back for an older program otherwise. A copy that an attempt of before
// has left is made anew, as the database may have been served from since.
func keepBefore(ctx context.Context, db *sql.DB, path string, tell []func(Migration)) error {
	at := schemaOf(ctx, db)
	newest, err := newestMigration(sqliteDialect())
	if err != nil || at == 0 || at >= newest {
		return err
	}
	used := false
	if err := db.QueryRowContext(ctx, selectUsed).Scan(&used); err != nil || !used {
		return err
	}
	step := Migration{Version: at, Newest: newest, Copy: fmt.Sprint(path, BeforeName, at)}
	say(tell, step)
	begun := time.Now()
	if err := copyInPlace(ctx, path, step.Copy); err != nil {
		return fmt.Errorf("keep a copy of it as it is, in %s, for which there has to be room: %w", step.Copy, err)
	}
	step.Done, step.Took = true, time.Since(begun)
	say(tell, step)
	return nil
}

// copyInPlace makes a copy that is there as a whole and on the disk, or not at all.
func copyInPlace(ctx context.Context, from, to string) (err error) {
	partial := to + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(partial))
		}
	}()
	if err := CopySQLite(ctx, from, partial); err != nil {
		return err
	}
	if err := syncPath(partial); err != nil {
		return err
	}
	if err := os.Rename(partial, to); err != nil {
		return err
	}
	return syncPath(filepath.Dir(to))
}

// syncPath syncs a file, or what is called how in a directory.
func syncPath(path string) error {
	f, err := os.Open(path) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
