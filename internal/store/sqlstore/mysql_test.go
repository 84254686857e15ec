package sqlstore_test

import (
	"flag"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/store/storetest"
)

// openMySQL opens a store that is closed with the test.
func openMySQL(t testing.TB, url string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenMySQL(t.Context(), url)
	return sqlstore.CloseWithTest(t, s, err)
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

func TestMariaDB(t *testing.T) {
	fewerRounds(t)
	storetest.Run(t, func(t *testing.T) chat.Store { return openMySQL(t, sqlstore.NewMariaDB(t)) })
}

func TestMariaDB_legacy(t *testing.T) {
	storetest.RunLegacy(t, func(t *testing.T) storetest.LegacyStore { return openMySQL(t, sqlstore.NewMariaDB(t)) })
}

func TestMariaDB_tickets(t *testing.T) {
	storetest.RunTickets(t, func(t *testing.T) storetest.TicketStore { return openMySQL(t, sqlstore.NewMariaDB(t)) })
}

func TestMariaDB_reminders(t *testing.T) {
	storetest.RunReminders(t, func(t *testing.T) storetest.ReminderStore { return openMySQL(t, sqlstore.NewMariaDB(t)) })
}

func TestMariaDB_shared(t *testing.T) {
	storetest.RunShared(t, func(t *testing.T) [2]storetest.SharedStore {
		url := sqlstore.NewMariaDB(t)
		before := sqlstore.MariaDBDeadlocks(t)
		t.Cleanup(func() { // each of them costs somebody a whole batch, made again
			if n := sqlstore.MariaDBDeadlocks(t) - before; n > 0 {
				t.Errorf("%d deadlocks", n)
			}
		})
		return [2]storetest.SharedStore{openMySQL(t, url), openMySQL(t, url)}
	})
}
