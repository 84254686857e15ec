package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"strconv"
	"strings"

	sqlite "modernc.org/sqlite"

	"haggle/internal/chat"
)

// copyPages is how many pages are copied between two looks at the context: 8 MiB.
const copyPages = 2000

// CopySQLite writes the database in the file at from, as it is at one moment, to the
// new file at to. Others, a running server too, go on reading and writing meanwhile;
// the log of what they write grows until the copy is done. The copy is one file, not
// yet synced. What an error leaves of it is the caller's to remove.
func CopySQLite(ctx context.Context, from, to string) (err error) {
	if err := touchNew(to); err != nil {
		return fmt.Errorf("make copy: %w", err)
	}
	db, err := sql.Open(sqliteName, sqliteDSN(from, "query_only(1)"))
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	c, err := db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close()) }()
	// One read transaction around all of it: without it each step would see another
	// moment, and begin again.
	if _, err := c.ExecContext(ctx, "BEGIN"); err != nil {
		return fmt.Errorf("begin copy: %w", err)
	}
	var tables int
	if err := c.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema").Scan(&tables); err != nil {
		return fmt.Errorf("begin copy: %w", err)
	}
	if err := c.Raw(func(driver any) error { return copyAll(ctx, driver, to) }); err != nil {
		return fmt.Errorf("copy database: %w", err)
	}
	if _, err := c.ExecContext(ctx, "ROLLBACK"); err != nil {
		return fmt.Errorf("end copy: %w", err)
	}
	return settle(ctx, to)
}

func touchNew(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return f.Close()
}

// copier is the part of the driver's connection that copies.
type copier interface {
	NewBackup(to string) (*sqlite.Backup, error)
}

func copyAll(ctx context.Context, driver any, to string) (err error) {
	c, ok := driver.(copier)
	if !ok {
		return fmt.Errorf("%T cannot copy", driver)
	}
	b, err := c.NewBackup("file:" + (&url.URL{Path: to}).EscapedPath() + "?_pragma=synchronous(off)")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.Finish()) }()
	for more := true; more; {
		if err := ctx.Err(); err != nil {
			return err
		}
		if more, err = b.Step(copyPages); err != nil {
			return err
		}
	}
	return nil
}

// settle makes one file of a copy, which can then be read without writing beside it.
func settle(ctx context.Context, path string) (err error) {
	db, err := sql.Open(sqliteName, "file:"+(&url.URL{Path: path}).EscapedPath())
	if err != nil {
		return fmt.Errorf("open copy: %w", err)
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	var mode string
	if err := db.QueryRowContext(ctx, "PRAGMA journal_mode = delete").Scan(&mode); err != nil {
		return fmt.Errorf("settle copy: %w", err)
	}
	if mode != "delete" {
		return fmt.Errorf("settle copy: the journal is still %s", mode)
	}
	return nil
}

// Facts are what a backup says of a database, and what is compared after it has
// travelled.
type Facts struct {
	Schema        int64      `json:"schema"`
	Epoch         chat.Epoch `json:"epoch"`
	Conversations int64      `json:"conversations"`
	Messages      int64      `json:"messages"`
	Files         int64      `json:"files"`
}

// Reader looks into a SQLite database without being its store: it takes no lock,
// changes nothing and knows nothing of the schema but what it asks for.
type Reader struct{ db *sql.DB }

// OpenReader returns a reader of the database in the file at path. Still says that
// nobody writes to it, and then nothing is written beside it either. The caller closes
// it.
func OpenReader(path string, still bool) (*Reader, error) {
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	dsn := sqliteDSN(path, "query_only(1)")
	if still {
		dsn = "file:" + (&url.URL{Path: path}).EscapedPath() + "?immutable=1&mode=ro&_pragma=query_only(1)"
	}
	db, err := sql.Open(sqliteName, dsn)
	if err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	db.SetMaxOpenConns(1)
	return &Reader{db}, nil
}

// Close ends the reading.
func (r *Reader) Close() error { return r.db.Close() }

const selectFacts = `
SELECT
  (SELECT max(version_id) FROM goose_db_version WHERE is_applied = 1),
  (SELECT value FROM settings WHERE name = 'epoch'),
  (SELECT count(*) FROM conversations),
  (SELECT count(*) FROM messages),
  (SELECT count(*) FROM files)`

// Facts reads all of the database and returns what is in it. One that is damaged is an
// error.
func (r *Reader) Facts(ctx context.Context) (f Facts, err error) {
	if err := r.checkPages(ctx); err != nil {
		return f, err
	}
	var epoch []byte
	if err := r.db.QueryRowContext(ctx, selectFacts).Scan(&f.Schema, &epoch, &f.Conversations, &f.Messages, &f.Files); err != nil {
		return f, fmt.Errorf("count what is in the database: %w", err)
	}
	f.Epoch = chat.Epoch(epoch)
	return f, nil
}

// checkPages has SQLite look at every page and index.
func (r *Reader) checkPages(ctx context.Context) (err error) {
	rows, err := r.db.QueryContext(ctx, "PRAGMA integrity_check(5)")
	if err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	var wrong []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			return fmt.Errorf("check database: %w", err)
		}
		if line != "ok" {
			wrong = append(wrong, line)
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("check database: %w", err)
	}
	if len(wrong) > 0 {
		return fmt.Errorf("the database is damaged: %s", strings.Join(wrong, "; "))
	}
	return nil
}

const selectFileIDsAfter = `
SELECT id
FROM files
WHERE id > ?
ORDER BY id
LIMIT ?`

// FilesAfter returns up to limit files whose IDs come after one, in order.
func (r *Reader) FilesAfter(ctx context.Context, after chat.FileID, limit int) (ids []chat.FileID, err error) {
	rows, err := r.db.QueryContext(ctx, selectFileIDsAfter, string(after), limit)
	if err != nil {
		return nil, fmt.Errorf("list files: %w", err)
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, fmt.Errorf("list files: %w", err)
		}
		ids = append(ids, chat.FileID(id))
	}
	return ids, rows.Err()
}

const selectFileID = `
SELECT count(*)
FROM files
WHERE id = ?`

// HasFile says whether the database knows of a file.
func (r *Reader) HasFile(ctx context.Context, id chat.FileID) (bool, error) {
	var n int
	if err := r.db.QueryRowContext(ctx, selectFileID, string(id)).Scan(&n); err != nil {
		return false, fmt.Errorf("look for file: %w", err)
	}
	return n > 0, nil
}

// SQLiteSchema returns the newest version of a SQLite database that this program
// knows.
func SQLiteSchema() (int64, error) { return newestMigration(sqliteDialect()) }

// newestMigration returns the newest version of an engine's tables.
func newestMigration(d Dialect) (int64, error) {
	entries, err := fs.ReadDir(migrations, "migrations/"+d.name)
	if err != nil {
		return 0, err
	}
	var newest int64
	for _, e := range entries {
		number, _, _ := strings.Cut(e.Name(), "_")
		n, err := strconv.ParseInt(number, 10, 64)
		if err != nil {
			return 0, fmt.Errorf("migration %s: %w", e.Name(), err)
		}
		newest = max(newest, n)
	}
	for _, m := range goMigrations(d) {
		newest = max(newest, m.Version)
	}
	return newest, nil
}

// LockDir takes the data directory at dir for this process, until what it returns is
// closed. Where another process has it, that is an InUseError.
func LockDir(dir string) (io.Closer, error) {
	f, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	return f, nil
}
