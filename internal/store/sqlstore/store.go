package sqlstore

import (
	"context"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/pressly/goose/v3"

	"haggle/internal/chat"
)

//go:embed migrations
var migrations embed.FS //nolint:gochecknoglobals // embedded files can only be a package variable

// Store is a chat.Store. Its methods may be called concurrently.
type Store struct {
	dialect Dialect
	db      *sql.DB // reads
	writer  *writer
	lock    io.Closer // what keeps other processes out
	epoch   chat.Epoch

	mu    sync.RWMutex // guards stmts
	stmts map[string]*sql.Stmt
}

var _ chat.Store = (*Store)(nil)

// epochName is the setting that holds the epoch.
const epochName = "epoch"

// newStore takes over db, and lock too unless it fails.
func newStore(ctx context.Context, d Dialect, db *sql.DB, c connect, lock io.Closer) (*Store, error) {
	w, err := newWriter(ctx, d, c)
	if err != nil {
		return nil, err
	}
	s := &Store{dialect: d, db: db, writer: w, lock: lock, stmts: make(map[string]*sql.Stmt)}
	epoch, err := s.Secret(ctx, epochName, []byte(strings.ToLower(rand.Text())))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read epoch: %w", err), w.close())
	}
	s.epoch = chat.Epoch(epoch)
	return s, nil
}

// Close stores what is still in the queue and lets go of the database. Calls
// from now on are Unavailable.
func (s *Store) Close() error {
	err := s.writer.close()
	return errors.Join(err, s.db.Close(), s.lock.Close())
}

// migrate brings the schema up to date.
func migrate(ctx context.Context, d Dialect, db *sql.DB) error {
	dir, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(d.goose, db, dir, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	_, err = p.Up(ctx)
	return err
}

const selectOne = `SELECT 1`

// Ping implements chat.Store.
func (s *Store) Ping(ctx context.Context) error {
	return s.query(ctx, func(row) error { return nil }, selectOne)
}

// query reads: it calls each for every row. The row is good until each returns.
func (s *Store) query(ctx context.Context, each func(row) error, query string, args ...any) error {
	if err := ctx.Err(); err != nil {
		return chat.Codef(chat.Unavailable, "canceled", "the request was given up: %w", err)
	}
	st, err := s.prepare(ctx, query)
	if err != nil {
		return s.readError(err)
	}
	// Every query reads a bounded stretch of an index. To be able to break it off
	// costs more than it takes.
	rows, err := st.QueryContext(context.WithoutCancel(ctx), args...)
	if err != nil {
		return s.readError(err)
	}
	return s.readError(errors.Join(eachRow(rows, each), rows.Close()))
}

func eachRow(rows *sql.Rows, each func(row) error) error {
	cols, err := rows.Columns()
	if err != nil {
		return err
	}
	r := make(row, len(cols))
	dest := make([]any, len(cols))
	for i := range r {
		dest[i] = &r[i]
	}
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		if err := each(r); err != nil {
			return err
		}
	}
	return rows.Err()
}

// prepare returns the statement for query. There are a few dozen of them.
func (s *Store) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	s.mu.RLock()
	st, ok := s.stmts[query]
	s.mu.RUnlock()
	if ok {
		return st, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.stmts[query]; ok {
		return st, nil
	}
	st, err := s.db.PrepareContext(context.WithoutCancel(ctx), s.dialect.rewrite(query))
	if err != nil {
		return nil, fmt.Errorf("prepare: %w", err)
	}
	s.stmts[query] = st
	return st, nil
}

func (s *Store) readError(err error) error {
	if err == nil {
		return nil
	}
	if state := s.dialect.failure(err); state != nil {
		return state
	}
	return err
}

// write runs fn in a transaction, which it may share. fn returns a chat.Error
// only before it has written anything; any other error undoes all of it. fn may
// run more than once.
func (s *Store) write(ctx context.Context, fn func(t tx) error) error {
	return s.writer.do(ctx, &writeOp{fn: fn})
}
