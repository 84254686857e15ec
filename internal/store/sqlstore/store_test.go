package sqlstore_test

import (
	"path/filepath"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
	"haggle/internal/store/storetest"
)

func TestSQLite(t *testing.T) {
	storetest.Run(t, func(t *testing.T) chat.Store { return open(t, filepath.Join(t.TempDir(), "data", "chat.db")) })
}

func TestSQLite_legacy(t *testing.T) {
	storetest.RunLegacy(t, func(t *testing.T) storetest.LegacyStore {
		return open(t, filepath.Join(t.TempDir(), "data", "chat.db"))
	})
}

func TestSQLite_tickets(t *testing.T) {
	storetest.RunTickets(t, func(t *testing.T) storetest.TicketStore {
		return open(t, filepath.Join(t.TempDir(), "data", "chat.db"))
	})
}

func TestSQLite_reminders(t *testing.T) {
	storetest.RunReminders(t, func(t *testing.T) storetest.ReminderStore {
		return open(t, filepath.Join(t.TempDir(), "data", "chat.db"))
	})
}

// open opens a store that is closed with the test.
func open(t *testing.T, path string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenSQLite(t.Context(), path)
	return sqlstore.CloseWithTest(t, s, err)
}
