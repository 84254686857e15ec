package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgconn/ctxwatch"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"

	"haggle/internal/chat"
)

const (
	// postgresReaders is how many connections read side by side, unless the address
	// says pool_max_conns.
	postgresReaders = 8

	// An idle connection is given back, and none is used for ever: after a failover
	// the load spreads again.
	postgresIdle = 5 * time.Minute
	postgresLife = time.Hour

	// postgresReadTimeout is longer than the server's own statement_timeout: it is for
	// a server that says nothing any more.
	postgresReadTimeout = 20 * time.Second

	postgresConnectTimeout = 5 * time.Second

	// pgxConnectTimeout is what pgx takes where the address says nothing.
	pgxConnectTimeout = 2 * time.Minute

	postgresName = "postgres"
)

// postgresParams are settings of each connection, unless the address says otherwise.
// A node that hangs in a transaction holds rows that others wait for, so its server
// ends it. Each query is a stretch of an index, whatever its arguments: with the rest
// the planner makes one plan for all of them, and cannot choose, by statistics from when
// the tables were empty, to read a whole table.
func postgresParams() map[string]string {
	return map[string]string{
		"application_name":                    "haggle",
		"statement_timeout":                   "15s",
		"lock_timeout":                        "5s",
		"idle_in_transaction_session_timeout": "10s",
		"default_transaction_isolation":       "read committed",
		"jit":                                 "off",
		"plan_cache_mode":                     "force_generic_plan",
		"enable_seqscan":                      "off",
		"enable_bitmapscan":                   "off", // it has no order, so a page would read everything
		"enable_hashjoin":                     "off",
		"enable_mergejoin":                    "off",
	}
}

// postgresDialect is the engine for several nodes with one database.
func postgresDialect() Dialect {
	return Dialect{
		name:    postgresName,
		goose:   goose.DialectPostgres,
		words:   postgresWords(),
		inbox:   postgresInbox(),
		failure: postgresFailure,
		rival:   postgresRival,
		refusal: postgresRefusal,
		shared:  true,
		timeout: postgresReadTimeout,
		alone: func(t tx, thing string) error {
			return t.query(func(row) error { return nil }, postgresAlone, thing)
		},
		renumber: func(t tx) error {
			for _, table := range []string{"conversations", "reports", "undelivered"} {
				next := "SELECT setval(pg_get_serial_sequence('" + table + "', 'num'), (SELECT coalesce(max(num), 0) + 1 FROM " + table + "), false)"
				if err := t.query(func(row) error { return nil }, next); err != nil {
					return err
				}
			}
			return nil
		},
		search: postgresSearch{},
		batch:  func(t tx) statements { return postgresBatch{t} },
	}
}

// The lock goes with the transaction. What is read after it has been waited for is
// what the one before has committed, as each statement sees what is committed by then.
const postgresAlone = `
SELECT pg_advisory_xact_lock(hashtextextended('haggle ' || $1, 0))::text`

// OpenPostgres opens the database at url, postgres://user:password@host:port/name, and
// brings its tables up to date. Any number of processes may have it open. What the
// address says of timeouts (connect_timeout, statement_timeout, lock_timeout,
// idle_in_transaction_session_timeout) and of pool_max_conns counts. The caller closes
// the store.
func OpenPostgres(ctx context.Context, url string, tell ...func(Migration)) (_ *Store, err error) {
	config, readers, err := postgresConfig(url)
	if err != nil {
		return nil, err
	}
	if err := checkPooler(ctx, config); err != nil {
		return nil, fmt.Errorf("open database: %w", err)
	}
	if err := migratePostgres(ctx, config, tell); err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	reading := config.Copy()
	// Who gives up a search ends it, and not the connection.
	reading.BuildContextWatcherHandler = func(c *pgconn.PgConn) ctxwatch.Handler {
		return &pgconn.CancelRequestContextWatcherHandler{Conn: c, DeadlineDelay: postgresClose}
	}
	db := stdlib.OpenDB(*reading)
	db.SetMaxOpenConns(readers)
	db.SetMaxIdleConns(readers)
	db.SetConnMaxIdleTime(postgresIdle)
	db.SetConnMaxLifetime(postgresLife)
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	return newStore(ctx, postgresDialect(), db, connectPostgres(config), nil)
}

// postgresConfig reads an address, and how many connections are to read.
func postgresConfig(url string) (*pgx.ConnConfig, int, error) {
	config, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, 0, fmt.Errorf("address of the database: %w", err) // without the password
	}
	readers := postgresReaders
	if n, ok := config.RuntimeParams["pool_max_conns"]; ok {
		delete(config.RuntimeParams, "pool_max_conns")
		if readers, err = strconv.Atoi(n); err != nil || readers < 1 {
			return nil, 0, fmt.Errorf("address of the database: pool_max_conns is a number from 1 on, not %q", n)
		}
	}
	if config.ConnectTimeout == pgxConnectTimeout {
		config.ConnectTimeout = postgresConnectTimeout
	}
	for name, value := range postgresParams() {
		if _, ok := config.RuntimeParams[name]; !ok {
			config.RuntimeParams[name] = value
		}
	}
	if config.ValidateConnect == nil { // of several hosts, the one that takes writes
		config.ValidateConnect = pgconn.ValidateConnectTargetSessionAttrsReadWrite
	}
	settings := config.RuntimeParams
	// What the role or the database has of these may be what pgx cannot write texts for.
	settings["client_encoding"], settings["standard_conforming_strings"] = "UTF8", "on"
	config.RuntimeParams = make(map[string]string)
	for _, name := range postgresStartup() {
		if value, ok := settings[name]; ok {
			config.RuntimeParams[name] = value
			delete(settings, name)
		}
	}
	config.AfterConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		if err := checkPostgres(c.ParameterStatus); err != nil {
			return err
		}
		return setPostgres(ctx, c, settings)
	}
	return config, readers, nil
}

// postgresStartup are the settings that a connection begins with. A pooler refuses most
// others there; in what follows it does not look. The last ones, which it refuses too, the
// server takes at the beginning only.
func postgresStartup() []string {
	return []string{
		"application_name", "client_encoding", "standard_conforming_strings",
		"options", "replication", "log_connections", "log_disconnections", "ignore_system_indexes", "post_auth_delay",
		"jit_debugging_support", "jit_profiling_support",
	}
}

// setPostgres sets the rest, in one trip.
func setPostgres(ctx context.Context, c *pgconn.PgConn, settings map[string]string) error {
	ctx, cancel := context.WithTimeout(ctx, postgresReadTimeout)
	defer cancel()
	var calls []string
	for _, name := range slices.Sorted(maps.Keys(settings)) {
		var quoted [2]string
		for i, s := range []string{name, settings[name]} {
			var err error
			if quoted[i], err = c.EscapeString(s); err != nil {
				return err
			}
		}
		calls = append(calls, "set_config('"+quoted[0]+"', '"+quoted[1]+"', false)")
	}
	_, err := c.Exec(ctx, "SELECT "+strings.Join(calls, ", ")).ReadAll()
	return err
}

// migratePostgres works on a connection of its own, which may take its time. Of several
// nodes that start at once, one migrates and the others wait for it.
func migratePostgres(ctx context.Context, config *pgx.ConnConfig, tell []func(Migration)) (err error) {
	db := stdlib.OpenDB(*patientPostgres(config))
	db.SetMaxOpenConns(2) // goose's lock has one of its own
	defer func() { err = errors.Join(err, db.Close()) }()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // looks every second, for five minutes
	if err != nil {
		return err
	}
	return migrate(ctx, postgresDialect(), db, tell, goose.WithSessionLocker(locker))
}

// patientPostgres is a configuration for statements that may take as long as they like.
func patientPostgres(config *pgx.ConnConfig) *pgx.ConnConfig {
	patient := config.Copy()
	patient.AfterConnect = func(ctx context.Context, c *pgconn.PgConn) error {
		if err := config.AfterConnect(ctx, c); err != nil {
			return err
		}
		return setPostgres(ctx, c, map[string]string{"statement_timeout": "0", "lock_timeout": "0"})
	}
	return patient
}

// errOutcome says that a transaction may be stored or not.
var errOutcome = errors.New("the connection was lost while it was committed")

// errAway says that the server could not be reached a moment ago.
var errAway = errors.New("the database cannot be reached")

// lost says whether err is that of a connection that is no more.
func lost(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "57P01", "57P02", "57P03", "57P05", "25P03": // the server ended it
			return true
		}
		return strings.HasPrefix(e.Code, "08")
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok || errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return false
	}
	if _, ok := errors.AsType[*net.OpError](err); ok {
		return true
	}
	for _, of := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE} {
		if errors.Is(err, of) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

func postgresRival(err error) bool {
	if errors.Is(err, errOutcome) {
		return false
	}
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "23505", "40001", "40P01": // unique, serialization, deadlock
			return true
		}
	}
	return lost(err)
}

// postgresRefusal is of texts that the server cannot store.
func postgresRefusal(err error) error {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "22021", "22P05": // a NUL, or no UTF-8
			return chat.Codef(chat.Invalid, "invalid_text", "this text holds what is no character: %w", err)
		}
	}
	return nil
}

func postgresFailure(err error) error {
	if errors.Is(err, errOutcome) {
		return chat.Codef(chat.Unavailable, "outcome_unknown", "it is not known whether this was stored: %w", err)
	}
	busy := func() error { return chat.Codef(chat.Unavailable, "store_busy", "the server is busy: %w", err) }
	code, what := "", ""
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "40001", "40P01", "55P03", "57014", "53200", "53300", "53400":
			return busy()
		case "53100":
			code, what = "store_full", "the database's disk is full"
		case "25006":
			code, what = "store_readonly", "the server cannot store anything now"
		}
		if strings.HasPrefix(e.Code, "58") {
			code, what = "store_io", "the database's disk does not work"
		}
	}
	_, unconnected := errors.AsType[*pgconn.ConnectError](err)
	switch {
	case code != "":
	case lost(err), unconnected, errors.Is(err, errAway):
		return chat.Codef(chat.Unavailable, "store_unreachable", "the database cannot be reached: %w", err)
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, sql.ErrConnDone):
		return busy()
	default:
		return nil
	}
	state := chat.Codef(chat.Unavailable, code, "%s: %w", what, err)
	state.RetryAfter = repairRetry
	return state
}
