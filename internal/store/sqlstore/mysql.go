package sqlstore

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
	"github.com/pressly/goose/v3"

	"haggle/internal/chat"
)

const (
	// mysqlReaders is how many connections read side by side, unless the address says
	// pool_max_conns.
	mysqlReaders = 8

	mysqlIdle = 5 * time.Minute
	mysqlLife = time.Hour

	mysqlConnectTimeout   = 5 * time.Second
	mysqlStatementTimeout = 15 * time.Second

	// mysqlLockTimeout is short, as who waits in vain tries again, five times: longer in
	// all than the server lets a node hang in a transaction.
	mysqlLockTimeout = 2 * time.Second

	// mysqlSilence is how much longer than a statement may take the server may say
	// nothing.
	mysqlSilence = 5 * time.Second

	mysqlMigrates     = time.Hour // what a migration may take at the most
	mysqlMigratesNext = time.Minute

	mysqlName = "mysql"
)

// mysqlDialect is MySQL and MariaDB, for several nodes with one database.
func mysqlDialect(at *mysqlAddress) Dialect {
	return Dialect{
		name:     mysqlName,
		goose:    goose.DialectMySQL,
		words:    mysqlWords(),
		inbox:    mysqlInbox(),
		failure:  mysqlFailure,
		rival:    mysqlRival,
		refusal:  mysqlRefusal,
		shared:   true,
		prepares: true,
		timeout:  at.statement + mysqlSilence,
		alone: func(t tx, thing string) error {
			_, err := t.exec(mysqlAlone, thing)
			return err
		},
		derived: map[string]string{conversationTable().name: mysqlDerived},
		search:  mysqlSearch{},
		batch:   func(t tx) statements { return mysqlBatch{t} },
	}
}

// The row is locked until the transaction ends, new or not. What is read after it has
// been waited for is what the one before has committed.
const mysqlAlone = `
INSERT INTO turns (name)
VALUES (?)
ON DUPLICATE KEY UPDATE name = name`

// As mysqlBegin and mysqlUpdate set them. What a migration says of the same is its own.
const mysqlDerived = `
UPDATE conversations
SET unindexed_at = IF(indexed_seq < last_seq, last_at, NULL),
  buyer_waiting_at = IF(buyer_waiting, last_at, NULL), buyer_pinned_at = IF(buyer_pinned, last_at, NULL),
  merchant_waiting_at = IF(merchant_waiting, last_at, NULL), merchant_pinned_at = IF(merchant_pinned, last_at, NULL)
WHERE num BETWEEN ? AND ?`

// OpenMySQL opens the database at address, mysql://user:password@host:port/name, of MySQL 8 or
// MariaDB, and brings its tables up to date. Any number of processes may have it open.
// What the address says of timeouts (connect_timeout, statement_timeout, lock_timeout), of
// pool_max_conns and of TLS (tls, tls_ca) counts. A server that is too old, or does not
// sync what it commits, is refused. The caller closes the store.
func OpenMySQL(ctx context.Context, address string, tell ...func(Migration)) (_ *Store, err error) {
	at, err := parseMySQL(address)
	if err != nil {
		return nil, err
	}
	server, err := at.inspect(ctx)
	if err != nil {
		return nil, err
	}
	if err := at.migrate(ctx, server, tell); err != nil {
		return nil, fmt.Errorf("migrate database: %w", err)
	}
	connector, err := at.connector(server)
	if err != nil {
		return nil, err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(at.readers)
	db.SetMaxIdleConns(at.readers)
	db.SetConnMaxIdleTime(mysqlIdle)
	db.SetConnMaxLifetime(mysqlLife)
	defer func() {
		if err != nil {
			err = errors.Join(err, db.Close())
		}
	}()
	return newStore(ctx, mysqlDialect(at), db, connectMySQL(connector), nil)
}

// mysqlAddress is what an address says.
type mysqlAddress struct {
	config          *mysql.Config
	readers         int
	statement, lock time.Duration
	unsynced        bool // the operator wants a server that does not sync
}

func parseMySQL(address string) (*mysqlAddress, error) {
	bad := func(format string, args ...any) (*mysqlAddress, error) {
		return nil, fmt.Errorf("address of the database: "+format, args...)
	}
	u, err := url.Parse(address)
	if err != nil { // the error would repeat the password
		return bad("it is like mysql://user:password@host:3306/name, with %%40 and the like for @ : / in a password")
	}
	at := &mysqlAddress{
		config: mysql.NewConfig(), readers: mysqlReaders, statement: mysqlStatementTimeout, lock: mysqlLockTimeout,
	}
	cfg := at.config
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = strings.TrimPrefix(u.Path, "/")
	cfg.Net, cfg.Addr = "tcp", net.JoinHostPort(u.Hostname(), cmpOr(u.Port(), "3306"))
	cfg.Timeout = mysqlConnectTimeout
	cfg.Logger = new(mysql.NopLogger) // who gets the error says what it was
	cfg.MaxAllowedPacket = 0          // as the server has it
	for name, values := range u.Query() {
		if err := at.set(name, values[0]); err != nil {
			return bad("%w", err)
		}
	}
	if u.Scheme != mysqlName || cfg.DBName == "" || strings.Contains(cfg.DBName, "/") || cfg.Net == "tcp" && u.Hostname() == "" {
		return bad("it is like mysql://user:password@host:3306/name")
	}
	cfg.ReadTimeout, cfg.WriteTimeout = at.statement+mysqlSilence, at.statement+mysqlSilence
	return at, nil
}

func cmpOr(s, other string) string {
	if s == "" {
		return other
	}
	return s
}

// set takes one setting of an address.
func (at *mysqlAddress) set(name, value string) (err error) {
	switch name {
	case "socket":
		at.config.Net, at.config.Addr = "unix", value
	case "tls":
		switch value {
		case "true", "false", "skip-verify", "preferred":
			at.config.TLSConfig = value
		default:
			return fmt.Errorf("tls is true, skip-verify, preferred or false, not %q", value)
		}
	case "tls_ca":
		at.config.TLS, err = trusting(value)
	case "connect_timeout":
		at.config.Timeout, err = duration(name, value)
	case "statement_timeout":
		at.statement, err = duration(name, value)
	case "lock_timeout":
		at.lock, err = duration(name, value)
	case "pool_max_conns":
		if at.readers, err = strconv.Atoi(value); err != nil || at.readers < 1 {
			return fmt.Errorf("pool_max_conns is a number from 1 on, not %q", value)
		}
	case "unsynced":
		if at.unsynced, err = strconv.ParseBool(value); err != nil {
			return fmt.Errorf("unsynced is true or false, not %q", value)
		}
	default:
		return fmt.Errorf("there is no setting %q", name)
	}
	return err
}

// duration takes seconds, also without a unit.
func duration(name, value string) (time.Duration, error) {
	d, err := time.ParseDuration(value)
	if n, e := strconv.Atoi(value); e == nil {
		d, err = time.Duration(n)*time.Second, nil
	}
	if err != nil || d < time.Second {
		return 0, fmt.Errorf("%s is a time from 1s on, not %q", name, value)
	}
	return d, nil
}

// trusting is TLS with servers whose certificates are signed by those in a file.
func trusting(file string) (*tls.Config, error) {
	pem, err := os.ReadFile(file) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, fmt.Errorf("tls_ca: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("tls_ca: there is no certificate in %s", file)
	}
	return &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}, nil
}

// connector makes connections to a server that was looked at.
func (at *mysqlAddress) connector(server *mysqlServer) (driver.Connector, error) {
	base, err := mysql.NewConnector(at.config)
	if err != nil {
		return nil, fmt.Errorf("address of the database: %w", err)
	}
	return mysqlConnector{base, server.settings(at)}, nil
}

// migrate works on connections of its own, which may take their time. Of several nodes
// that start at once, one migrates and the others wait for it. The server commits after
// each statement of a migration: where one stopped half way, it is run again.
func (at *mysqlAddress) migrate(ctx context.Context, server *mysqlServer, tell []func(Migration)) (err error) {
	slow := *at
	slow.config = at.config.Clone()
	slow.config.ParseTime = true // goose does
	slow.config.ReadTimeout, slow.statement = mysqlMigrates, mysqlMigrates
	connector, err := slow.connector(server)
	if err != nil {
		return err
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(2) // the lock has one of its own
	defer func() { err = errors.Join(err, db.Close()) }()
	return migrate(ctx, mysqlDialect(at), db, tell, goose.WithSessionLocker(mysqlLocker{at.config.DBName}))
}

// mysqlLocker has a lock of the server's while its connection lives. It is one for the
// whole server, so it goes by the database's name.
type mysqlLocker struct{ database string }

func (l mysqlLocker) name() string {
	sum := sha256.Sum256([]byte(l.database))
	return "haggle migrate " + hex.EncodeToString(sum[:16])
}

// SessionLock implements lock.SessionLocker.
func (l mysqlLocker) SessionLock(ctx context.Context, conn *sql.Conn) error {
	var got sql.NullInt64
	err := conn.QueryRowContext(ctx, "SELECT GET_LOCK(?, ?)", l.name(), int64(mysqlMigratesNext/time.Second)).Scan(&got)
	if err == nil && got.Int64 != 1 {
		return errors.New("another server has been bringing the tables up to date for a minute: start again when it is done")
	}
	return err
}

// SessionUnlock implements lock.SessionLocker.
func (l mysqlLocker) SessionUnlock(ctx context.Context, conn *sql.Conn) error {
	_, err := conn.ExecContext(ctx, "DO RELEASE_LOCK(?)", l.name())
	return err
}

// mysqlLost says whether err is that of a connection that is no more.
func mysqlLost(err error) bool {
	switch mysqlErrorNumber(err) {
	case 1053, 1079, 1080, 1152, 1184, 1927, 2006, 2013, 3169, 4031: // the server ended it, or is ending
		return true
	}
	for _, of := range []error{driver.ErrBadConn, mysql.ErrInvalidConn, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, of) {
			return true
		}
	}
	return false
}

// mysqlUndone says whether the server has undone a transaction for another's sake.
func mysqlUndone(err error) bool {
	switch mysqlErrorNumber(err) {
	case 1020, 1205, 1213: // changed since it was read, waited too long for a lock, deadlock
		return true
	}
	return false
}

func mysqlRival(err error) bool {
	if errors.Is(err, errOutcome) || errors.Is(err, errAway) {
		return false
	}
	return mysqlUndone(err) || mysqlErrorNumber(err) == 1062 || mysqlLost(err) // 1062: unique
}

// mysqlRefusal is of texts that the server cannot store.
func mysqlRefusal(err error) error {
	switch mysqlErrorNumber(err) {
	case 1300, 1366: // no UTF-8
		return chat.Codef(chat.Invalid, "invalid_text", "this text holds what is no character: %w", err)
	case 1406: // no limit of ours allows it
		return chat.Codef(chat.TooLarge, "text_too_long", "this text is too long to be stored: %w", err)
	}
	return nil
}

func isReadOnly(err error) bool {
	switch mysqlErrorNumber(err) {
	case 1290, 1792, 1836: // a standby, or a transaction that only reads
		return true
	}
	return false
}

func mysqlFailure(err error) error {
	if errors.Is(err, errOutcome) {
		return chat.Codef(chat.Unavailable, "outcome_unknown", "it is not known whether this was stored: %w", err)
	}
	if mysqlLost(err) || errors.Is(err, errAway) {
		return chat.Codef(chat.Unavailable, "store_unreachable", "the database cannot be reached: %w", err)
	}
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, sql.ErrConnDone) {
		return chat.Codef(chat.Unavailable, "store_busy", "the server is busy: %w", err)
	}
	var code, what string
	switch mysqlErrorNumber(err) {
	case 1020, 1205, 1213, 1040, 1203, 1206, 1226, 1317, 1637, 1969, 3024: // locks, too many connections, statements ended
		return chat.Codef(chat.Unavailable, "store_busy", "the server is busy: %w", err)
	case 1047: // a cluster's node that has lost the others
		return chat.Codef(chat.Unavailable, "store_unreachable", "the database cannot be reached: %w", err)
	case 1021, 1114:
		code, what = "store_full", "the database's disk is full"
	case 1290, 1792, 1836:
		code, what = "store_readonly", "the server cannot store anything now"
	case 1026, 1030, 1180:
		code, what = "store_io", "the database's disk does not work"
	default:
		return nil
	}
	state := chat.Codef(chat.Unavailable, code, "%s: %w", what, err)
	state.RetryAfter = repairRetry
	return state
}
