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
	"sync/atomic"
	"time"

	"github.com/pressly/goose/v3"
	"golang.org/x/sync/semaphore"

	"haggle/internal/chat"
)

//go:embed migrations
var migrations embed.FS

// Store is a chat.Store. Its methods may be called concurrently.
type Store struct {
	dialect Dialect
	db      *sql.DB             // reads
	readers *semaphore.Weighted // as many as db has connections
	writer  *writer
	lock    io.Closer // what keeps other processes out; nil where they are welcome
	epoch   atomic.Pointer[chat.Epoch]

	mu    sync.RWMutex // guards stmts
	stmts map[string]statement
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
	s := &Store{dialect: d, db: db, writer: w, lock: lock, stmts: make(map[string]statement)}
	s.readers = semaphore.NewWeighted(int64(db.Stats().MaxOpenConnections))
	stored, err := s.Secret(ctx, epochName, []byte(newEpoch()))
	if err != nil {
		return nil, errors.Join(fmt.Errorf("read epoch: %w", err), w.close())
	}
	epoch := chat.Epoch(stored)
	s.epoch.Store(&epoch)
	return s, nil
}

// Close stores what is still in the queue and lets go of the database. Calls
// from now on are Unavailable.
func (s *Store) Close() error {
	err := s.writer.close()
	err = errors.Join(err, s.db.Close())
	if s.lock != nil {
		err = errors.Join(err, s.lock.Close())
	}
	return err
}

// Migration is one step of an older database's tables to those of today: told of when
// it begins, as it may take its time, and again when it is over. Another node may be the
// one that does it. One with a Copy comes before the others: the database, which is of that
// version, is copied to the file of that name.
type Migration struct {
	Version, Newest int64
	Copy            string
	Done            bool
	Took            time.Duration // until it was over, what it waited for another node included
}

// migrate brings the schema up to date, and tells of it unless the database is new. Each
// step takes the nodes' lock, and nothing is made before that: of nodes that make goose's
// table at once, all but one may fail.
func migrate(ctx context.Context, d Dialect, db *sql.DB, tell []func(Migration), options ...goose.ProviderOption) error {
	p, err := migrator(d, db, options...)
	if err != nil {
		return err
	}
	at := schemaOf(ctx, db)
	if at == 0 {
		tell = nil
	} else if _, err := p.HasPending(ctx); err != nil { // one that lacks an earlier step
		return err
	}
	sources := p.ListSources()
	for _, source := range sources {
		if source.Version <= at {
			continue
		}
		step := Migration{Version: source.Version, Newest: sources[len(sources)-1].Version}
		say(tell, step)
		begun := time.Now()
		_, err := p.ApplyVersion(ctx, source.Version, true)
		if errors.Is(err, goose.ErrAlreadyApplied) {
			at = schemaOf(ctx, db) // another node was faster, and may have gone on
		} else if err != nil {
			return err
		}
		step.Done, step.Took = true, time.Since(begun)
		say(tell, step)
	}
	return nil
}

// schemaOf is the newest migration that a database has; 0 for a new one, and for one that
// does not answer: the first step says why.
func schemaOf(ctx context.Context, db *sql.DB) (at int64) {
	if err := db.QueryRowContext(ctx, selectSchema).Scan(&at); err != nil {
		return 0
	}
	return at
}

func say(tell []func(Migration), step Migration) {
	for _, f := range tell {
		f(step)
	}
}

func migrator(d Dialect, db *sql.DB, options ...goose.ProviderOption) (*goose.Provider, error) {
	dir, err := fs.Sub(migrations, "migrations/"+d.name)
	if err != nil {
		return nil, err
	}
	options = append(options, goose.WithDisableGlobalRegistry(true), goose.WithGoMigrations(goMigrations(d)...))
	return goose.NewProvider(d.goose, db, dir, options...)
}

const replaceSetting = `
INSERT INTO settings (name, value)
VALUES (?, ?)
ON CONFLICT (name) DO UPDATE
SET value = excluded.value`

// NewEpoch implements chat.Store.
func (s *Store) NewEpoch(ctx context.Context) (chat.Epoch, error) {
	epoch := newEpoch()
	err := s.write(ctx, "", func(t tx) error {
		_, err := t.exec(replaceSetting, epochName, []byte(epoch))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("new epoch: %w", err)
	}
	s.epoch.Store(&epoch)
	return epoch, nil
}

func newEpoch() chat.Epoch { return chat.Epoch(strings.ToLower(rand.Text())) }

// probeName is the setting that Ping writes.
const probeName = "probe"

// Ping implements chat.Store. A store that took its last write is not asked for
// another one.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.query(ctx, func(row) error { return nil }, selectSetting, epochName); err != nil {
		return err
	}
	if s.writer.broken.Load() == nil {
		return nil
	}
	return s.write(ctx, "", func(t tx) error {
		_, err := t.exec(replaceSetting, probeName, []byte(rand.Text()))
		return err
	})
}

// query reads: it calls each for every row. The row is good until each returns.
func (s *Store) query(ctx context.Context, each func(row) error, query string, args ...any) error {
	if ctx.Err() != nil {
		return errCanceled(ctx)
	}
	err := s.read(ctx, each, query, args...)
	if err == nil {
		return nil
	}
	if errors.Is(err, ctx.Err()) || s.dialect.timeout > 0 && ctx.Err() != nil {
		return errCanceled(ctx)
	}
	if state := s.dialect.failure(err); state != nil {
		return state
	}
	if s.dialect.refusal != nil {
		if refused := s.dialect.refusal(err); refused != nil {
			return refused
		}
	}
	return err
}

func errCanceled(ctx context.Context) error {
	return chat.Codef(chat.Unavailable, "canceled", "the request was given up: %w", ctx.Err())
}

// waitToRead waits for a connection to read on, at a server as long as a read may take.
// Those who wait get one in the order in which they came: database/sql would give it to any
// of them, and of many some would wait for very long. What makes messages searchable has
// one beside them, for a moment.
func (s *Store) waitToRead(ctx context.Context) error {
	if s.readers.TryAcquire(1) {
		return nil
	}
	if s.dialect.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.dialect.timeout)
		defer cancel()
	}
	return s.readers.Acquire(ctx, 1)
}

func (s *Store) read(ctx context.Context, each func(row) error, query string, args ...any) (err error) {
	if err := s.waitToRead(ctx); err != nil {
		return err
	}
	defer s.readers.Release(1)
	if s.dialect.timeout > 0 {
		return s.readRemote(ctx, each, query, args...)
	}
	if !searches(query) {
		ctx = context.WithoutCancel(ctx)
	}
	st, err := s.prepare(ctx, query)
	if err != nil {
		return err
	}
	rows, err := st.QueryContext(ctx, st.wording.pick(args)...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	return eachRow(rows, each)
}

// readRemote reads from a server. One that went away since the last read is asked once
// more, on another connection.
func (s *Store) readRemote(ctx context.Context, each func(row) error, query string, args ...any) error {
	if !searches(query) {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, s.dialect.timeout)
	defer cancel()
	begun := false
	once := func() (err error) {
		rows, err := s.ask(ctx, query, args...)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		return eachRow(rows, func(r row) error {
			begun = true
			return each(r)
		})
	}
	err := once()
	if err != nil && !begun && s.dialect.rival(err) {
		err = once()
	}
	return err
}

// ask asks a server. What is never asked again is not kept as a statement.
func (s *Store) ask(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	if s.dialect.prepares && !s.dialect.words.passes(query) {
		st, err := s.prepare(ctx, query)
		if err != nil {
			return nil, err
		}
		return st.QueryContext(ctx, st.wording.pick(args)...)
	}
	put := s.dialect.words.of(query)
	return s.db.QueryContext(ctx, put.sql, put.pick(args)...)
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

// searches says whether a query may walk a whole inbox. Most read a short stretch of an
// index, and to be able to break those off costs more than they take: SQLite's driver
// starts a goroutine for it.
func searches(query string) bool {
	for _, word := range []string{" LIKE ", " MATCH ", "tsquery", "search_words"} {
		if strings.Contains(query, word) {
			return true
		}
	}
	return false
}

// statement is a prepared query.
type statement struct {
	*sql.Stmt

	wording wording
}

// prepare returns the statement for query. There are a few dozen of them.
func (s *Store) prepare(ctx context.Context, query string) (statement, error) {
	s.mu.RLock()
	st, ok := s.stmts[query]
	s.mu.RUnlock()
	if ok {
		return st, nil
	}
	put := s.dialect.words.of(query)
	ready, err := s.db.PrepareContext(ctx, put.sql)
	if err != nil {
		return statement{}, fmt.Errorf("prepare: %w", err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if st, ok := s.stmts[query]; ok { // somebody was faster
		_ = ready.Close() //nolint:sqlclosecheck // the one that is kept stays open
		return st, nil
	}
	st = statement{ready, put}
	s.stmts[query] = st
	return st, nil
}

// write runs fn in a transaction, which it may share. what names the row or the thing
// that fn locks, where there is one: in a transaction they come in the order of these
// names. fn returns a chat.Error
// only before it has written anything; any other error undoes all of it. fn may
// run more than once, and after write has returned because ctx ended: what it sets is
// the caller's only where write returns nil.
func (s *Store) write(ctx context.Context, what string, fn func(t tx) error) error {
	return s.writer.do(ctx, &writeOp{what, fn})
}
