package sqlstore_test

import (
	"context"
	"errors"
	"os"
	"sync"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/store/storetest"
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
	s, err := sqlstore.OpenPostgres(ctx, p.URL(migrated))
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

// postgres returns the address of an empty database of the test's own.
func postgres(t testing.TB) string {
	t.Helper()
	p, err := postgresServer()
	if errors.Is(err, testkit.ErrNoPostgres) && os.Getenv("CI") == "" {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	url, err := p.NewDatabase(t.Context(), migrated)
	if err != nil {
		t.Fatal(err)
	}
	return url
}

// openPostgres opens a store that is closed with the test.
func openPostgres(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

func TestPostgres(t *testing.T) {
	storetest.Run(t, func(t *testing.T) chat.Store { return openPostgres(t, postgres(t)) })
}

func TestPostgres_legacy(t *testing.T) {
	storetest.RunLegacy(t, func(t *testing.T) storetest.LegacyStore { return openPostgres(t, postgres(t)) })
}

func TestPostgres_tickets(t *testing.T) {
	storetest.RunTickets(t, func(t *testing.T) storetest.TicketStore { return openPostgres(t, postgres(t)) })
}

func TestPostgres_reminders(t *testing.T) {
	storetest.RunReminders(t, func(t *testing.T) storetest.ReminderStore { return openPostgres(t, postgres(t)) })
}
