package sqlstore_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/store/storetest"
)

// openPostgres opens a store that is closed with the test.
func openPostgres(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
	return sqlstore.CloseWithTest(t, s, err)
}

func TestPostgres(t *testing.T) {
	fewerRounds(t)
	storetest.Run(t, func(t *testing.T) chat.Store { return openPostgres(t, sqlstore.NewPostgres(t)) })
}

func TestPostgres_legacy(t *testing.T) {
	storetest.RunLegacy(t, func(t *testing.T) storetest.LegacyStore { return openPostgres(t, sqlstore.NewPostgres(t)) })
}

func TestPostgres_tickets(t *testing.T) {
	storetest.RunTickets(t, func(t *testing.T) storetest.TicketStore { return openPostgres(t, sqlstore.NewPostgres(t)) })
}

func TestPostgres_reminders(t *testing.T) {
	storetest.RunReminders(t, func(t *testing.T) storetest.ReminderStore { return openPostgres(t, sqlstore.NewPostgres(t)) })
}

func TestPostgres_shared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) [2]storetest.SharedStore {
		url := sqlstore.NewPostgres(t)
		t.Cleanup(func() { noDeadlocks(t, url) })
		return [2]storetest.SharedStore{openPostgres(t, url), openPostgres(t, url)}
	})
}

// noDeadlocks complains when transactions waited for each other: each of them costs a
// second.
func noDeadlocks(t *testing.T, url string) {
	t.Helper()
	c, err := pgx.Connect(context.WithoutCancel(t.Context()), url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(context.WithoutCancel(t.Context())) }()
	var n int
	const count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
	if err := c.QueryRow(context.WithoutCancel(t.Context()), count).Scan(&n); err != nil || n > 0 {
		t.Errorf("%d deadlocks, %v", n, err)
	}
}
