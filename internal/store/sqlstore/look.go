package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Look is what can be seen of a database without being its store: nothing is
// migrated, written or locked.
type Look struct {
	Engine  string // "SQLite", "PostgreSQL", "MariaDB" or "MySQL"
	Version string // of the engine
	Schema  int64  // the newest migration that it has; 0 none yet
	Known   int64  // the newest that this program has

	Now     time.Time         // by the database's own clock; zero where it has none
	Asked   time.Time         // when it was asked
	Took    time.Duration     // until it answered
	Durable map[string]string // settings that an ack depends on; each is "on" where it should be
	Waived  bool              // the operator wants what is not on there to be so
}

// LookSQLite looks at the database in the file at path.
func LookSQLite(ctx context.Context, path string) (l Look, err error) {
	r, err := OpenReader(path, false)
	if err != nil {
		return l, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	l.Engine = "SQLite"
	if l.Known, err = newestMigration(sqliteDialect()); err != nil {
		return l, err
	}
	var journal string
	err = r.db.QueryRowContext(ctx, "SELECT sqlite_version(), (SELECT journal_mode FROM pragma_journal_mode)").Scan(&l.Version, &journal)
	if err != nil {
		return l, fmt.Errorf("read database: %w", err)
	}
	l.Durable = map[string]string{"write-ahead log": onIf(journal == "wal")}
	var tables int
	if err := r.db.QueryRowContext(ctx, "SELECT count(*) FROM sqlite_schema WHERE name = 'goose_db_version'").Scan(&tables); err != nil || tables == 0 {
		return l, err
	}
	if err := r.db.QueryRowContext(ctx, selectSchema).Scan(&l.Schema); err != nil {
		return l, fmt.Errorf("read version of the tables: %w", err)
	}
	return l, nil
}

const selectSchema = `
SELECT coalesce(max(version_id), 0)
FROM goose_db_version`

func onIf(on bool) string {
	if on {
		return "on"
	}
	return "off"
}

// LookPostgres looks at the database at url. One that OpenPostgres would refuse is an
// error, which says what to change.
func LookPostgres(ctx context.Context, url string) (l Look, err error) {
	config, _, err := postgresConfig(url)
	if err != nil {
		return l, err
	}
	l.Engine = "PostgreSQL"
	if l.Known, err = newestMigration(postgresDialect()); err != nil {
		return l, err
	}
	if err := checkPooler(ctx, config); err != nil {
		return l, fmt.Errorf("connect: %w", err) // without the password
	}
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return l, fmt.Errorf("connect: %w", err) // as above
	}
	defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
	l.Asked = time.Now()
	var sync, pages string
	err = c.QueryRow(ctx, "SELECT current_setting('server_version'), clock_timestamp(), current_setting('fsync'), current_setting('full_page_writes')").
		Scan(&l.Version, &l.Now, &sync, &pages)
	if err != nil {
		return l, fmt.Errorf("read settings: %w", err)
	}
	l.Took = time.Since(l.Asked)
	l.Durable = map[string]string{"fsync": sync, "full_page_writes": pages}
	var table sql.NullString
	if err := c.QueryRow(ctx, "SELECT to_regclass('goose_db_version')::text").Scan(&table); err != nil || !table.Valid {
		return l, err
	}
	if err := c.QueryRow(ctx, selectSchema).Scan(&l.Schema); err != nil {
		return l, fmt.Errorf("read version of the tables: %w", err)
	}
	return l, nil
}

// LookMySQL looks at the database of MySQL's or MariaDB's at address. One that OpenMySQL
// would refuse is an error, which says what to change.
func LookMySQL(ctx context.Context, address string) (l Look, err error) {
	at, err := parseMySQL(address)
	if err != nil {
		return l, err
	}
	if l.Known, err = newestMigration(mysqlDialect(at)); err != nil {
		return l, err
	}
	return l, at.visit(ctx, func(ctx context.Context, db *sql.DB) error { return l.atMySQL(ctx, at, db) })
}

// selectMySQLLook does not depend on the connection's time zone.
const selectMySQLLook = `
SELECT
  TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(6)),
  (SELECT COUNT(*) FROM information_schema.tables WHERE table_schema = DATABASE() AND table_name = 'goose_db_version')`

func (l *Look) atMySQL(ctx context.Context, at *mysqlAddress, db *sql.DB) error {
	server, err := at.ask(ctx, db)
	if err != nil {
		return err
	}
	l.Version, l.Engine, l.Waived = server.version, "MySQL", at.unsynced
	if server.isMariaDB {
		l.Engine = "MariaDB"
	}
	l.Durable = map[string]string{
		"innodb_flush_log_at_trx_commit = 1": onIf(server.flush == 1),
		"sync_binlog = 1":                    onIf(server.binlog == 0 || server.sync == 1),
	}
	var micros, tables int64
	l.Asked = time.Now()
	if err := db.QueryRowContext(ctx, selectMySQLLook).Scan(&micros, &tables); err != nil {
		return fmt.Errorf("read the clock: %w", err)
	}
	l.Took, l.Now = time.Since(l.Asked), time.UnixMicro(micros)
	if tables == 0 {
		return nil
	}
	if err := db.QueryRowContext(ctx, selectSchema).Scan(&l.Schema); err != nil {
		return fmt.Errorf("read version of the tables: %w", err)
	}
	return nil
}
