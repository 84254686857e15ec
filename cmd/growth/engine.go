package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-sql-driver/mysql"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

// engine is a store, and its database past it.
type engine struct {
	store *sqlstore.Store
	db    *sql.DB

	// load stores rows in a transaction, many at a time.
	load func(ctx context.Context, tx *sql.Conn, table string, columns []string, rows iter.Seq[[]any]) error
	// placeholder is how a statement names its n-th argument, from 1 on.
	placeholder func(n int) string
	unindexedAt bool   // conversations say in a column of their own since when there is something to index
	perStretch  int    // how many conversations are stored together, a multiple of merchants
	merged      string // a statement after each stretch that was made searchable, as the server does by itself all the time
	settled     string // a statement once much was stored, as the server does by itself in time
	size        string // query for the bytes on the disk
	memory      string // a statement that gives the server so many MiB for pages; "": they are the system's
	about       string // what the server was given

	closers []func() error
}

func (e *engine) close() error {
	var errs []error
	for _, c := range slices.Backward(e.closers) {
		errs = append(errs, c())
	}
	return errors.Join(errs...)
}

// usualMemory is what a server has for pages when it is asked, MiB.
const usualMemory = 128

// remember gives the server memory for pages.
func (e *engine) remember(ctx context.Context, mib int) error {
	if e.memory == "" {
		return nil
	}
	_, err := e.db.ExecContext(ctx, fmt.Sprintf(e.memory, mib))
	return err
}

// openEngine starts what the engine needs, on what is in dir.
func openEngine(ctx context.Context, name, dir string) (_ *engine, err error) {
	e := &engine{perStretch: perStretch}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.close())
		}
	}()
	switch name {
	case "sqlite":
		err = e.openSQLite(ctx, filepath.Join(dir, name))
	case "postgres":
		err = e.openPostgres(ctx, filepath.Join(dir, name))
	case "mariadb":
		err = e.openMariaDB(ctx, filepath.Join(dir, name))
	default:
		err = fmt.Errorf("there is no engine %q", name)
	}
	return e, err
}

func (e *engine) keep(store *sqlstore.Store, db *sql.DB) {
	e.store, e.db = store, db
	e.closers = append(e.closers, store.Close, db.Close)
}

func (e *engine) openSQLite(ctx context.Context, dir string) error {
	path := filepath.Join(dir, "chat.db")
	store, err := sqlstore.OpenSQLite(ctx, path)
	if err != nil {
		return err
	}
	// What it fills needs no sync: a power cut is a reason to begin again.
	filler := url.Values{"_pragma": {"synchronous(off)", "busy_timeout(60000)", "cache_size(-262144)", "foreign_keys(0)"}}
	db, err := sql.Open("sqlite", "file:"+(&url.URL{Path: path}).EscapedPath()+"?"+filler.Encode())
	if err != nil {
		return errors.Join(err, store.Close())
	}
	e.keep(store, db)
	e.load, e.placeholder = e.insert, func(int) string { return "?" }
	e.settled = "PRAGMA wal_checkpoint(TRUNCATE)"
	e.size = "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"
	return nil
}

func (e *engine) openPostgres(ctx context.Context, dir string) error {
	server, err := testkit.StartPostgresIn(ctx, dir)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, server.Stop)
	if err := server.Exec(ctx, "postgres", "CREATE DATABASE growth TEMPLATE template0"); err != nil && !strings.Contains(err.Error(), "already exists") {
		return err
	}
	// Words are gathered, and merged into the index a stretch at a time.
	if err := server.Exec(ctx, "postgres", "ALTER DATABASE growth SET gin_pending_list_limit = '1GB'"); err != nil {
		return err
	}
	store, err := sqlstore.OpenPostgres(ctx, server.URL("growth"))
	if err != nil {
		return err
	}
	db, err := sql.Open("pgx", server.URL("growth")+"&synchronous_commit=off&maintenance_work_mem=1GB&session_replication_role=replica") // which checks no foreign keys
	if err != nil {
		return errors.Join(err, store.Close())
	}
	e.keep(store, db)
	e.load, e.placeholder = copyIn, func(n int) string { return fmt.Sprint("$", n) }
	e.merged = "SELECT gin_clean_pending_list('search_rows_words')"
	e.settled = "VACUUM ANALYZE"
	e.size = "SELECT pg_database_size(current_database())"
	e.about = "shared_buffers 128 MB"
	return nil
}

func (e *engine) openMariaDB(ctx context.Context, dir string) error {
	server, err := testkit.StartMariaDBIn(ctx, dir)
	if err != nil {
		return err
	}
	e.closers = append(e.closers, server.Stop)
	if err := server.Exec(ctx, "", "CREATE DATABASE IF NOT EXISTS growth"); err != nil {
		return err
	}
	store, err := sqlstore.OpenMySQL(ctx, server.URL("growth"))
	if err != nil {
		return err
	}
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = "root", "unix", server.Socket, "growth"
	cfg.InterpolateParams, cfg.MaxAllowedPacket = true, 0 // as much as the server takes
	cfg.Params = map[string]string{"foreign_key_checks": "0"}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return errors.Join(err, store.Close())
	}
	e.keep(store, sql.OpenDB(connector))
	e.load, e.placeholder = e.insert, func(int) string { return "?" }
	e.unindexedAt = true
	e.settled = "ANALYZE TABLE messages, conversations, search_words, search_rows"
	e.size = "SELECT CAST(SUM(data_length + index_length) AS UNSIGNED) FROM information_schema.tables WHERE table_schema = DATABASE()"
	e.memory = "SET GLOBAL innodb_buffer_pool_size = %d * 1048576"
	e.about = "innodb_buffer_pool_size 128 MB"
	return nil
}

// copyIn is how PostgreSQL takes many rows.
func copyIn(ctx context.Context, tx *sql.Conn, table string, columns []string, rows iter.Seq[[]any]) error {
	return tx.Raw(func(c any) error {
		conn, ok := c.(*stdlib.Conn)
		if !ok {
			return fmt.Errorf("%T is no connection of PostgreSQL's", c)
		}
		next, stop := iter.Pull(rows)
		defer stop()
		_, err := conn.Conn().CopyFrom(ctx, pgx.Identifier{table}, columns, pgx.CopyFromFunc(func() ([]any, error) {
			values, _ := next() // nil ends it
			return values, nil
		}))
		return err
	})
}

// rowsAtOnce is how many rows one INSERT has.
const rowsAtOnce = 500

// insert is how the others take many rows.
func (e *engine) insert(ctx context.Context, tx *sql.Conn, table string, columns []string, rows iter.Seq[[]any]) error {
	one := "(?" + strings.Repeat(", ?", len(columns)-1) + ")"
	begin := "INSERT INTO " + table + " (" + strings.Join(columns, ", ") + ") VALUES " + one
	full := begin + strings.Repeat(", "+one, rowsAtOnce-1)
	var args []any
	n := 0
	store := func() error {
		query := full
		if n < rowsAtOnce {
			query = begin + strings.Repeat(", "+one, n-1)
		}
		_, err := tx.ExecContext(ctx, query, args...)
		args, n = args[:0], 0
		return err
	}
	for values := range rows {
		args = append(args, values...)
		if n++; n == rowsAtOnce {
			if err := store(); err != nil {
				return err
			}
		}
	}
	if n == 0 {
		return nil
	}
	return store()
}
