package sqlstore_test

import (
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

func TestMariaDB(t *testing.T) {
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
