package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/pressly/goose/v3"
)

// Nodes that start at once on a database without tables all start, and one of them makes
// the tables.
func TestFirstStartOfSeveralNodes(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.bare(t)
		const nodes = 6
		stores := make([]*Store, nodes)
		var wg sync.WaitGroup
		for i := range stores {
			wg.Go(func() {
				s, err := d.open(t.Context(), url)
				if err != nil {
					t.Error(err)
					return
				}
				stores[i] = s
			})
		}
		wg.Wait()
		for i, s := range stores {
			if s == nil {
				continue
			}
			CloseWithTest(t, s, nil)
			mustAppend(t, s, fmt.Sprint("n", i))
			newest, err := newestMigration(s.dialect)
			if at := schemaOf(t.Context(), s.db); err != nil || at != newest {
				t.Errorf("node %d: version %d, want %d, %v", i, at, newest, err)
			}
			var twice int
			err = s.db.QueryRowContext(t.Context(), "SELECT count(*) - count(DISTINCT version_id) FROM goose_db_version").Scan(&twice)
			if err != nil || twice != 0 {
				t.Errorf("node %d: %d steps were taken twice, %v", i, twice, err)
			}
		}
	})
}

// lockFunc is what happens until a node has the lock.
type lockFunc func(ctx context.Context, conn *sql.Conn) error

func (f lockFunc) SessionLock(ctx context.Context, conn *sql.Conn) error { return f(ctx, conn) }

func (lockFunc) SessionUnlock(context.Context, *sql.Conn) error { return nil }

// Two nodes made the table of the versions at once, and one of them did not start: nothing
// is made without the lock.
func TestNothingIsMadeBeforeTheLock(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "chat.db"))
	var locks int
	lock := lockFunc(func(ctx context.Context, conn *sql.Conn) error {
		locks++
		if locks > 1 {
			return nil
		}
		var tables int
		if err := conn.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil || tables != 0 {
			t.Errorf("%d tables before the first lock, %v", tables, err)
		}
		return nil
	})
	if err := migrate(t.Context(), sqliteDialect(), db, nil, goose.WithSessionLocker(lock)); err != nil {
		t.Fatal(err)
	}
	if at := schemaOf(t.Context(), db); locks == 0 || at != 16 {
		t.Errorf("version %d by %d locks", at, locks)
	}
}

// A node that waited for another one said that it began a step, and then that it was done
// with the next, or nothing more: what it has begun it says the end of, whoever did it.
func TestMigrationsAreToldOfByWhoWaits(t *testing.T) {
	for _, tc := range []struct {
		meanwhile int64 // how far the other node gets
		want      []string
	}{
		{14, []string{"15 of 16 false", "15 of 16 true", "16 of 16 false", "16 of 16 true"}},
		{15, []string{"15 of 16 false", "15 of 16 true", "16 of 16 false", "16 of 16 true"}},
		{16, []string{"15 of 16 false", "15 of 16 true"}},
	} {
		path := filepath.Join(t.TempDir(), "chat.db")
		migrateFile(t, path, 14)
		lock := lockFunc(func(context.Context, *sql.Conn) error {
			migrateFile(t, path, tc.meanwhile)
			return nil
		})
		db := openFile(t, path)
		var told []string
		tell := func(m Migration) { told = append(told, fmt.Sprint(m.Version, " of ", m.Newest, " ", m.Done)) }
		if err := migrate(t.Context(), sqliteDialect(), db, []func(Migration){tell}, goose.WithSessionLocker(lock)); err != nil {
			t.Fatal(err)
		}
		if at := schemaOf(t.Context(), db); at != 16 || !slices.Equal(told, tc.want) {
			t.Errorf("with another node up to %d: told of %q, want %q; version %d", tc.meanwhile, told, tc.want, at)
		}
	}
}

// A database that lacks a step before its newest is nothing to go on from: it is left as
// it is.
func TestMigrationMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	migrateFile(t, path, 14)
	db := openFile(t, path)
	if _, err := db.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 9"); err != nil {
		t.Fatal(err)
	}
	if err := migrate(t.Context(), sqliteDialect(), db, nil); err == nil {
		t.Error("it went on")
	}
	if at := schemaOf(t.Context(), db); at != 14 {
		t.Errorf("version %d, want 14 as before", at)
	}
}

func openFile(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// migrateFile brings a file to a version, as another node would.
func migrateFile(t *testing.T, path string, version int64) {
	t.Helper()
	p, err := migrator(sqliteDialect(), openFile(t, path))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}
