package sqlstore_test

import (
	"context"
	"flag"
	"path/filepath"
	"testing"

	"github.com/jackc/pgx/v5"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/store/storetest"
)

// open opens a store that is closed with the test.
func open(t *testing.T, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenSQLite(t.Context(), path)
	return sqlstore.CloseWithTest(t, s, err)
}

// openPostgres opens a store that is closed with the test.
func openPostgres(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenPostgres(t.Context(), url)
	return sqlstore.CloseWithTest(t, s, err)
}

// openMySQL opens a store that is closed with the test.
func openMySQL(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenMySQL(t.Context(), url)
	return sqlstore.CloseWithTest(t, s, err)
}

// server is an engine that several processes may have open.
type server struct {
	name     string
	database func(t testing.TB) (url string) // empty, the test's own
	open     func(t testing.TB, url string) *sqlstore.Store

	// deadlocks says how often transactions have waited for each other; url is where.
	deadlocks func(t *testing.T, url string) int64
}

func servers() []server {
	return []server{
		{"postgres", sqlstore.NewPostgres, openPostgres, postgresDeadlocks},
		{"mariadb", sqlstore.NewMariaDB, openMySQL, func(t *testing.T, _ string) int64 { return sqlstore.MariaDBDeadlocks(t) }},
	}
}

func postgresDeadlocks(t *testing.T, url string) (n int64) {
	t.Helper()
	ctx := context.WithoutCancel(t.Context())
	c, err := pgx.Connect(ctx, url)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(ctx) }()
	const count = "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"
	if err := c.QueryRow(ctx, count).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// engine is what a store is opened on.
type engine struct {
	open     func(t *testing.T) *sqlstore.Store // an empty one
	isServer bool
}

// onEngines runs a test on each.
func onEngines(t *testing.T, test func(t *testing.T, e engine)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		test(t, engine{open: func(t *testing.T) *sqlstore.Store { return open(t, filepath.Join(t.TempDir(), "data", "chat.db")) }})
	})
	for _, s := range servers() {
		t.Run(s.name, func(t *testing.T) {
			test(t, engine{open: func(t *testing.T) *sqlstore.Store { return s.open(t, s.database(t)) }, isServer: true})
		})
	}
}

// fewerRounds makes random tests shorter, whose steps are commits of a server's. What
// they find is mostly not the engine's, and others take all of the rounds.
func fewerRounds(t *testing.T) {
	t.Helper()
	rounds := flag.Lookup("rapid.checks")
	if rounds.Value.String() != rounds.DefValue {
		return // somebody wants it otherwise
	}
	t.Cleanup(func() {
		if err := rounds.Value.Set(rounds.DefValue); err != nil {
			t.Error(err)
		}
	})
	if err := rounds.Value.Set("30"); err != nil {
		t.Fatal(err)
	}
}

func TestStore(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine) {
		if e.isServer {
			fewerRounds(t)
		}
		storetest.Run(t, func(t *testing.T) chat.Store { return e.open(t) })
	})
}

func TestStore_legacy(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine) {
		storetest.RunLegacy(t, func(t *testing.T) storetest.LegacyStore { return e.open(t) })
	})
}

func TestStore_tickets(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine) {
		storetest.RunTickets(t, func(t *testing.T) storetest.TicketStore { return e.open(t) })
	})
}

func TestStore_reminders(t *testing.T) {
	onEngines(t, func(t *testing.T, e engine) {
		storetest.RunReminders(t, func(t *testing.T) storetest.ReminderStore { return e.open(t) })
	})
}

// Two nodes on one database.
func TestStore_shared(t *testing.T) {
	for _, s := range servers() {
		t.Run(s.name, func(t *testing.T) {
			storetest.RunShared(t, func(t *testing.T) [2]storetest.SharedStore {
				url := s.database(t)
				before := s.deadlocks(t, url)
				t.Cleanup(func() { // each of them costs somebody a whole batch, made again
					if n := s.deadlocks(t, url) - before; n > 0 {
						t.Errorf("%d deadlocks", n)
					}
				})
				return [2]storetest.SharedStore{s.open(t, url), s.open(t, url)}
			})
		})
	}
}
