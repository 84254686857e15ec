package sqlstore

import (
	"database/sql"
	"path/filepath"
	"testing"

	"haggle/internal/chat"
)

// before is the version that the data of these tests is from.
const before = 5

// fromBefore returns a store whose database was of version before, with data put in
// by statements.
func fromBefore(t *testing.T, statements ...string) *Store {
	t.Helper()
	path := filepath.Join(t.TempDir(), "chat.db")
	db, err := sql.Open("sqlite", sqliteDSN(path))
	if err != nil {
		t.Fatal(err)
	}
	p, err := migrator(sqliteDialect(), db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), before); err != nil {
		t.Fatal(err)
	}
	for _, st := range statements {
		if _, err := db.ExecContext(t.Context(), st); err != nil {
			t.Fatalf("%s: %v", st, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Products from before titles could be searched are found like new ones, also where
// there are more of them than one page of the migration.
func TestMigrateTitles(t *testing.T) {
	s := fromBefore(t, `
INSERT INTO products (id, merchant, title, amount, currency, image, url, kind, stock, deleted)
WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2500)
SELECT 'p' || i, 'V_1', 'ÄPFEL ' || i, 1, 'CNY', '', '', 'physical', NULL, 0
FROM n`)
	for _, search := range []string{"äpfel 7", "ÄPFEL 2500"} {
		ps, err := s.ProductsOf(t.Context(), chat.ProductQuery{Merchant: "V_1", Search: search, Limit: 10})
		if err != nil || len(ps) == 0 {
			t.Errorf("%q finds %v, %v", search, ps, err)
		}
	}
}
