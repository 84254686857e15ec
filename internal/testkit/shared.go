package testkit

import (
	"context"
	"errors"
	"os"
	"testing"
)

// Engine is a kind of database server that several nodes can share.
type Engine struct {
	Name string

	has  func() bool
	none error
	make func(ctx context.Context) (*Database, error)
}

// Database is an empty database on a server of its own.
type Database struct {
	URL string

	// Restart ends the server as a power cut would, and starts it again.
	Restart func(ctx context.Context) error

	stop func() error
}

// Engines are all that there are.
func Engines() []Engine {
	return []Engine{
		{"PostgreSQL", HasPostgres, ErrNoPostgres, newPostgres},
		{"MariaDB", HasMariaDB, ErrNoMariaDB, newMariaDB},
	}
}

// Database starts a server for as long as the test lasts. Where there is none it skips
// the test, and in CI it fails.
func (e Engine) Database(t testing.TB) *Database {
	t.Helper()
	Need(t, e.has(), e.none)
	d, err := e.make(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.stop(); err != nil {
			t.Error(err)
		}
	})
	return d
}

// Need skips a test that needs what is not here; in CI, where all has to be, it fails.
func Need(t testing.TB, here bool, why error) {
	t.Helper()
	switch {
	case here:
	case os.Getenv("CI") != "":
		t.Fatal(why)
	default:
		t.Skip(why)
	}
}

func newPostgres(ctx context.Context) (*Database, error) {
	p, err := StartPostgres(ctx)
	if err != nil {
		return nil, err
	}
	url, err := p.NewDatabase(ctx, "")
	if err != nil {
		return nil, errors.Join(err, p.Stop())
	}
	return &Database{url, p.Restart, p.Stop}, nil
}

func newMariaDB(ctx context.Context) (*Database, error) {
	m, err := StartMariaDB(ctx)
	if err != nil {
		return nil, err
	}
	url, err := m.NewDatabase(ctx)
	if err != nil {
		return nil, errors.Join(err, m.Stop())
	}
	return &Database{url, m.Restart, m.Stop}, nil
}
