package sqlstore

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"haggle/internal/testkit"
)

// postgresServer is one for all tests. TestMain stops it.
var postgresServer = sync.OnceValues(func() (*testkit.Postgres, error) {
	ctx := context.Background() //nolint:forbidigo // it outlives the test that starts it
	p, err := testkit.StartPostgres(ctx)
	if err != nil {
		return nil, err
	}
	stopPostgres = p.Stop
	if err := p.Exec(ctx, "postgres", "CREATE DATABASE "+migrated+" TEMPLATE template0"); err != nil {
		return nil, err
	}
	s, err := OpenPostgres(ctx, p.URL(migrated))
	if err != nil {
		return nil, err
	}
	if err := s.Close(); err != nil {
		return nil, err
	}
	// Each has a life of its own.
	return p, p.Exec(ctx, migrated, "DELETE FROM settings")
})

// migrated is the database that each test has a copy of.
const migrated = "migrated"

var stopPostgres = func() error { return nil }

// PostgresCPU is the processor time that the server has taken.
func PostgresCPU() (time.Duration, error) {
	p, err := postgresServer()
	if err != nil {
		return 0, err
	}
	return p.CPU()
}

// StopPostgres stops the server, if there is one.
func StopPostgres() error { return stopPostgres() }

// NewPostgres returns the address of an empty database of the test's own.
func NewPostgres(t testing.TB) string { return postgresFrom(t, migrated) }

// barePostgres is the address of a database without tables.
func barePostgres(t testing.TB) string { return postgresFrom(t, "") }

func postgresFrom(t testing.TB, template string) string {
	t.Helper()
	p, err := postgresServer()
	testkit.Need(t, !errors.Is(err, testkit.ErrNoPostgres), err)
	if err != nil {
		t.Fatal(err)
	}
	url, err := p.NewDatabase(t.Context(), template)
	if err != nil {
		t.Fatal(err)
	}
	return url
}
