package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// BeforeName and BeforeUpdate are in the name of the copy of a database that was made before it
// was brought from a version to a newer one: the database's name, BeforeName, the one version,
// BeforeUpdate, the other.
const (
	BeforeName   = ".version-"
	BeforeUpdate = "-before-"
)

// partialCopy ends the name of a copy that is not whole yet.
const partialCopy = ".partial"

const selectUsed = `
SELECT EXISTS (SELECT 1 FROM participants) OR EXISTS (SELECT 1 FROM products)
  OR EXISTS (SELECT 1 FROM conversations) OR EXISTS (SELECT 1 FROM files)`

// keepBefore copies the database in the file at path if there is data in it that is about
// to be migrated: there is no way back for an older program otherwise. An update that was
// interrupted between two steps has its copy.
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
	step := Migration{Version: at, Newest: newest, Copy: fmt.Sprint(path, BeforeName, at, BeforeUpdate, newest)}
	kept, err := clearBefore(path, at)
	if err != nil {
		return fmt.Errorf("keep a copy of it as it is, in %s, in the place of an earlier one: %w", step.Copy, err)
	}
	if kept {
		return nil
	}
	say(tell, step)
	begun := time.Now()
	if err := copyInPlace(ctx, path, step.Copy); err != nil {
		return fmt.Errorf("keep a copy of it as it is, in %s, for which there has to be room: %w", step.Copy, err)
	}
	step.Done, step.Took = true, time.Since(begun)
	say(tell, step)
	return nil
}

// clearBefore says whether the database at path, of version at, is in the middle of an update
// whose copy is there. It removes copies of that same version, and what there is of one: the
// database may have been served from since, is still what they were of, and the next copy needs
// their room.
func clearBefore(path string, at int64) (kept bool, err error) {
	files, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return false, err
	}
	for _, f := range files {
		versions, ok := strings.CutPrefix(f.Name(), filepath.Base(path)+BeforeName)
		if !ok {
			continue
		}
		versions, partial := strings.CutSuffix(versions, partialCopy)
		var from, to int64
		if _, err := fmt.Sscanf(versions, "%d"+BeforeUpdate+"%d", &from, &to); err != nil || versions != fmt.Sprint(from, BeforeUpdate, to) {
			continue // somebody else's
		}
		if partial || from == at {
			if err := os.Remove(filepath.Join(filepath.Dir(path), f.Name())); err != nil {
				return false, err
			}
			continue
		}
		kept = kept || from < at && at < to
	}
	return kept, nil
}

// copyInPlace makes a copy that is there as a whole and on the disk, or not at all.
func copyInPlace(ctx context.Context, from, to string) (err error) {
	partial := to + partialCopy
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
