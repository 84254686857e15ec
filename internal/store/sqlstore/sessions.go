package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// A pooler in between keeps sessions, and their names, for a while. An address with
// another application_name is not kept from anything by them.
const selectPostgresSessions = `
SELECT count(*)
FROM pg_stat_activity
WHERE datname = current_database()
  AND application_name = current_setting('application_name')
  AND pid <> pg_backend_pid()`

// PostgresSessions returns how many other sessions with the database at url say that
// they are Haggle's, or what else the address says.
func PostgresSessions(ctx context.Context, url string) (n int64, err error) {
	config, _, err := postgresConfig(url)
	if err != nil {
		return 0, err
	}
	ctx, cancel := context.WithTimeout(ctx, postgresReadTimeout)
	defer cancel()
	c, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, fmt.Errorf("open database: %w", err)
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	if err := c.QueryRow(ctx, selectPostgresSessions).Scan(&n); err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}

const selectMySQLSessions = `
SELECT count(*)
FROM information_schema.processlist
WHERE db = database()
  AND user = substring_index(user(), '@', 1)
  AND id <> connection_id()`

// MySQLSessions returns how many other sessions the address's user has with its
// database.
func MySQLSessions(ctx context.Context, address string) (n int64, err error) {
	at, err := parseMySQL(address)
	if err != nil {
		return 0, err
	}
	err = at.visit(ctx, func(ctx context.Context, db *sql.DB) error {
		return db.QueryRowContext(ctx, selectMySQLSessions).Scan(&n)
	})
	if err != nil {
		return 0, fmt.Errorf("count sessions: %w", err)
	}
	return n, nil
}
