package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"haggle/internal/testkit"
)

// mariaDB is a server for all tests, with databases that are lent to one test after the
// other: to make the tables takes much longer than to empty them. TestMain stops it.
type mariaDB struct {
	*testkit.MariaDB

	mu   sync.Mutex // guards the rest
	made int
	free []string
}

var mariaDBServer = sync.OnceValues(func() (*mariaDB, error) {
	m, err := testkit.StartMariaDB(context.Background()) //nolint:forbidigo // it outlives the test that starts it
	if err != nil {
		return nil, err
	}
	stopMariaDB = m.Stop
	return &mariaDB{MariaDB: m}, nil
})

var stopMariaDB = func() error { return nil }

// MariaDBCPU is the processor time that the server has taken.
func MariaDBCPU() (time.Duration, error) {
	m, err := mariaDBServer()
	if err != nil {
		return 0, err
	}
	return m.CPU()
}

// StopMariaDB stops the server, if there is one.
func StopMariaDB() error { return stopMariaDB() }

func needMariaDB(t testing.TB) *mariaDB {
	t.Helper()
	m, err := mariaDBServer()
	testkit.Need(t, !errors.Is(err, testkit.ErrNoMariaDB), err)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// NewMariaDB returns the address of an empty database that is the test's own.
func NewMariaDB(t testing.TB) string {
	t.Helper()
	m := needMariaDB(t)
	name, err := m.lend(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := m.giveBack(ctx, name); err != nil {
			t.Error(err)
		}
	})
	return m.URL(name)
}

// bareMariaDB is the address of a database without tables.
func bareMariaDB(t testing.TB) string {
	t.Helper()
	url := NewMariaDB(t)
	name := url[strings.LastIndexByte(url, '/')+1:]
	if err := needMariaDB(t).Exec(t.Context(), "", "DROP DATABASE "+name+"; CREATE DATABASE "+name); err != nil {
		t.Fatal(err)
	}
	return url
}

// MariaDBDeadlocks is how often transactions waited for each other.
func MariaDBDeadlocks(t testing.TB) (n int64) {
	t.Helper()
	db := mysqlOperator(t, "")
	var name string
	if err := db.QueryRowContext(context.WithoutCancel(t.Context()), "SHOW GLOBAL STATUS LIKE 'Innodb_deadlocks'").Scan(&name, &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// mysqlOperator is a connection of somebody's who looks after the database at url, or
// after the server where that is "".
func mysqlOperator(t testing.TB, url string) *sql.DB {
	t.Helper()
	db, err := needMariaDB(t).Open(url[strings.LastIndexByte(url, '/')+1:])
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

// lend returns a database that nobody uses.
func (m *mariaDB) lend(ctx context.Context) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if n := len(m.free); n > 0 {
		name := m.free[n-1]
		m.free = m.free[:n-1]
		return name, nil
	}
	m.made++
	name := fmt.Sprint("test_", m.made)
	return name, m.Exec(ctx, "", "CREATE DATABASE "+name)
}

// giveBack empties a database.
func (m *mariaDB) giveBack(ctx context.Context, name string) (err error) {
	db, err := m.Open(name)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	rows, err := db.QueryContext(ctx, "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	empty := []string{"SET foreign_key_checks = 0", "SET autocommit = 0"}
	for rows.Next() {
		var table string
		if err := rows.Scan(&table); err != nil {
			return err
		}
		if table != "goose_db_version" && table != "turns" {
			empty = append(empty, "DELETE FROM "+table)
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	if _, err := db.ExecContext(ctx, strings.Join(append(empty, "COMMIT"), "; ")); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.free = append(m.free, name)
	return nil
}
