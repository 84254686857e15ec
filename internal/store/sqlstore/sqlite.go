package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"haggle/internal/chat"
)

// sqliteReaders is how many connections read side by side. Reads are short and
// keep a processor busy each; more of them would only cost page caches.
const sqliteReaders = 4

// repairRetry is when to come back to a store that somebody has to see to: a
// full disk does not empty itself within a second.
const repairRetry = 5 * time.Second

const sqliteName = "sqlite"

// sqliteDialect is the default engine: one file, one process.
func sqliteDialect() Dialect {
	return Dialect{
		name:    sqliteName,
		goose:   goose.DialectSQLite3,
		words:   new(words),
		inbox:   commonInbox(),
		failure: sqliteFailure,
		search:  sqliteSearch{},
		batch:   func(t tx) statements { return sqliteBatch{t} },
	}
}

// OpenSQLite opens the database in the file at path, which it makes, with its
// directory, if it is not there. While it is open the directory belongs to this
// process: a second one gets an InUseError. Before an older one with data in it is brought
// up to date, it is copied to a file beside it, see BeforeName. The caller closes the store.
func OpenSQLite(ctx context.Context, path string, tell ...func(Migration)) (*Store, error) {
	return openSQLite(ctx, path, true, tell)
}

// OpenSQLiteCopy is OpenSQLite of a file that is a copy itself: no other is made of it.
func OpenSQLiteCopy(ctx context.Context, path string) (*Store, error) {
	return openSQLite(ctx, path, false, nil)
}

func openSQLite(ctx context.Context, path string, keep bool, tell []func(Migration)) (_ *Store, err error) {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("make data directory: %w", err)
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	// As durable as the driver's fsync, and cheaper: the file's times are left out.
	// Where a platform has none, fsync it is.
	_, _ = sqlite.Fdatasync(true)
	defer func() {
		if err != nil {
			err = errors.Join(err, lock.Close())
		}
	}()
	if err := touch(path); err != nil {
		return nil, fmt.Errorf("make database: %w", err)
	}
	db, err := sql.Open("sqlite", sqliteDSN(path, "query_only(1)", "cache_size(-2000)"))
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(sqliteReaders)
	db.SetMaxIdleConns(sqliteReaders)
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	if err := migrateSQLite(ctx, path, keep, tell); err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	return newStore(ctx, sqliteDialect(), db, connectSQLite(path), lock)
}

// migrateSQLite works on a connection of its own: the readers' cannot write.
func migrateSQLite(ctx context.Context, path string, keep bool, tell []func(Migration)) (err error) {
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	if keep {
		if err := keepBefore(ctx, db, path, tell); err != nil {
			return err
		}
	}
	return migrate(ctx, sqliteDialect(), db, tell)
}

// touch makes the file with a mode of ours; SQLite gives its other files the same.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return f.Close()
}

// sqliteDSN names the database. FULL syncs the log at every commit: without it
// an ack would say more than is true after a power cut. A write waits for a
// checkpoint every 16,000 pages (64 MiB): busy pages are then written back once
// for many commits.
func sqliteDSN(path string, pragmas ...string) string {
	q := url.Values{"_pragma": append([]string{
		"busy_timeout(5000)",
		"journal_mode(wal)",
		"synchronous(full)",
		"foreign_keys(1)",
		"wal_autocheckpoint(16000)",
		"journal_size_limit(67108864)",
		"temp_store(memory)",
		"trusted_schema(0)",
	}, pragmas...)}
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?" + q.Encode()
}

// sqliteWriter adds the transaction to a conn: as prepared statements, BEGIN and
// COMMIT cost little. IMMEDIATE takes the lock at once, so that a transaction
// never finds out half way that it has to start again.
type sqliteWriter struct{ *conn }

func connectSQLite(path string) connect {
	return func(ctx context.Context) (writerConn, error) {
		connector, err := sqlite.NewConnector(sqliteDSN(path, "cache_size(-16000)"))
		if err != nil {
			return nil, fmt.Errorf("open writer: %w", err)
		}
		c, err := connector.Connect(context.WithoutCancel(ctx))
		if err != nil {
			return nil, fmt.Errorf("open writer: %w", err)
		}
		return sqliteWriter{newConn(ctx, c, new(words))}, nil
	}
}

func (w sqliteWriter) begin() error {
	_, err := w.exec("BEGIN IMMEDIATE")
	return err
}

func (w sqliteWriter) commit() error {
	_, err := w.exec("COMMIT")
	return err
}

// rollback also succeeds when SQLite has rolled back by itself, as it does when
// the disk is full.
func (w sqliteWriter) rollback() error {
	_, err := w.exec("ROLLBACK")
	if e, ok := errors.AsType[*sqlite.Error](err); ok && e.Code() == sqlite3.SQLITE_ERROR {
		return nil // no transaction is active
	}
	return err
}

func (w sqliteWriter) close() error { return w.conn.close() }

func sqliteFailure(err error) error {
	e, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return nil
	}
	var state *chat.Error
	switch e.Code() & 0xff {
	case sqlite3.SQLITE_FULL:
		state = chat.Codef(chat.Unavailable, "store_full", "the server's disk is full: %w", err)
	case sqlite3.SQLITE_READONLY:
		state = chat.Codef(chat.Unavailable, "store_readonly", "the server cannot store anything now: %w", err)
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
		return chat.Codef(chat.Unavailable, "store_busy", "the server is busy: %w", err)
	case sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_NOMEM:
		state = chat.Codef(chat.Unavailable, "store_io", "the server's disk does not work: %w", err)
	default:
		return nil
	}
	state.RetryAfter = repairRetry
	return state
}
