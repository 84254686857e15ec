package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// before is the version that the data of these tests is from.
const before = 5

// fromBefore returns a store whose database was of version before, with data put in
// by statements.
func fromBefore(t *testing.T, statements ...string) *Store {
	t.Helper()
	return fromVersion(t, before, statements...)
}

func fromVersion(t *testing.T, version int64, statements ...string) *Store {
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
	if _, err := p.UpTo(t.Context(), version); err != nil {
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

// Conversations from before are found by who has the last word and by their product.
func TestMigrateConversations(t *testing.T) {
	s := fromBefore(t, `
INSERT INTO conversations
SELECT 1, 'asked', 'U_1', 'V_1', 'p1', 1, 1, 10, 10, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0
UNION ALL
SELECT 2, 'answered', 'U_2', 'V_1', '', 2, 2, 20, 20, 1, 0, 0, 0, 1, 1, 2, 0, 1, 0, 0, 0, 1, 1, 3, 0`, `
INSERT INTO messages
SELECT 1, 1, 1, 0, 1, '', '', 'a', x'00', '[]', 10, NULL, 0
UNION ALL SELECT 2, 1, 1, 0, 1, '', '', 'b', x'00', '[]', 20, NULL, 0
UNION ALL SELECT 2, 2, 2, 1, 1, '', '', 'c', x'00', '[]', 20, NULL, 0`)
	for _, tc := range []struct {
		query chat.ConversationQuery
		want  chat.ConversationID
	}{
		{chat.ConversationQuery{UID: "V_1", Filter: chat.WaitingConversations, Limit: 10}, "asked"},
		{chat.ConversationQuery{UID: "U_2", Filter: chat.WaitingConversations, Limit: 10}, "answered"},
		{chat.ConversationQuery{UID: "V_1", Product: "p1", Limit: 10}, "asked"},
	} {
		cs, err := s.Conversations(t.Context(), tc.query)
		if err != nil || len(cs) != 1 || cs[0].ID != tc.want {
			t.Errorf("%+v finds %v, %v, want %s", tc.query, cs, err, tc.want)
		}
	}
	if cs, err := s.Conversations(t.Context(), chat.ConversationQuery{UID: "U_1", Filter: chat.WaitingConversations, Limit: 10}); err != nil || len(cs) != 0 {
		t.Errorf("U_1 is not waited for: %v, %v", cs, err)
	}
	if as, err := s.ProductsAsked(t.Context(), "asked", 10); err != nil || len(as) != 1 || as[0].Product != "p1" {
		t.Errorf("asked about %v, %v", as, err)
	}
}

// Pictures from before they were noted are found; a text that speaks of one is none.
func TestMigrateImages(t *testing.T) {
	s := fromBefore(t, `
INSERT INTO conversations
SELECT 1, 'c', 'U_1', 'V_1', '', 3, 3, 10, 10, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 3, 1, 1, 0`, `
INSERT INTO messages
SELECT 1, 1, 1, 0, 1, '', '', 'a', x'00', '[{"type":"text","text":"\"type\":\"image\""}]', 10, NULL, 0
UNION ALL SELECT 1, 2, 2, 0, 2, '', '', 'b', x'00', '[{"type":"text","text":"x"},{"type":"image","image":{"file":"f","width":4,"height":3}}]', 20, NULL, 0
UNION ALL SELECT 1, 3, 3, 0, 3, '', '', 'c', x'00', '[]', 20, NULL, 30`)
	ms, err := s.MessagesWithImages(t.Context(), "c", 0, 10)
	if err != nil || len(ms) != 1 || ms[0].Seq != 2 {
		t.Errorf("%+v, %v", ms, err)
	}
}

// A filtered page is a stretch of one index, however many conversations there are:
// without a sort and without a scan.
func TestFiltersAreIndexRanges(t *testing.T) {
	s := fromBefore(t)
	for filter, index := range map[chat.Filter]string{
		chat.AllConversations:     "conversations_merchant_inbox",
		chat.UnreadConversations:  "conversations_merchant_inbox",
		chat.WaitingConversations: "conversations_merchant_waiting",
		chat.PinnedConversations:  "conversations_merchant_pinned",
	} {
		query, args := s.dialect.inbox.page(&chat.ConversationQuery{UID: "V_1", Filter: filter, Limit: 30})
		plan := planOf(t, s, ofSide(query, chat.MerchantSide), args...)
		if !strings.Contains(plan, "SEARCH c USING INDEX "+index) ||
			strings.Contains(plan, "SCAN") || strings.Contains(plan, "TEMP B-TREE") {
			t.Errorf("%s:\n%s", filter, plan)
		}
	}
}

// What was said before messages could be searched for is found, the latest first, and a
// text of before that was recalled is not.
func TestMigrateSearch(t *testing.T) {
	s := fromBefore(t, `
INSERT INTO conversations
SELECT 1, 'first', 'U_1', 'V_1', '', 1, 1, 10, 10, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 1, 0
UNION ALL
SELECT 2, 'later', 'U_2', 'V_1', '', 2, 2, 20, 20, 2, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 2, 1, 2, 0`, `
INSERT INTO messages
SELECT 1, 1, 1, 0, 1, '', '', 'a', x'00', '[{"type":"text","text":"今天发货"}]', 10, NULL, 0
UNION ALL SELECT 2, 1, 1, 0, 1, '', '', 'b', x'00', '[{"type":"text","text":"发货了吗"}]', 20, NULL, 0
UNION ALL SELECT 2, 2, 2, 0, 2, '', '', 'c', x'00', '[]', 20, NULL, 30`)
	if n, err := s.IndexMessages(t.Context(), 10); n != 3 || err != nil {
		t.Fatalf("%d messages indexed, %v", n, err)
	}
	found, err := s.SearchMessages(t.Context(), chat.MessageQuery{UID: "V_1", Text: "发货", Limit: 10})
	if err != nil || len(found) != 2 || found[0].Conversation.ID != "later" || found[1].Conversation.ID != "first" {
		t.Errorf("%+v, %v", found, err)
	}
	if n, err := s.IndexMessages(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("%d messages indexed again, %v", n, err)
	}
}

// What could be searched for before words had owners is found as before, once, and what
// was said since, too; what was recalled is not.
func TestMigrateSearchByOwner(t *testing.T) {
	s := fromVersion(t, 15, `
INSERT INTO conversations (
  num, id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked,
  indexed_seq)
VALUES (1, 'c', 'U_1', 'V_1', '', 3, 3, 10, 30, 3, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 3, 1, 1, 0, 2)`, `
INSERT INTO messages
SELECT 1, 1, 1, 0, 1, '', '', 'a', x'00', '[{"type":"text","text":"parcel one"}]', 10, NULL, 0, ''
UNION ALL SELECT 1, 2, 2, 0, 2, '', '', 'b', x'00', '[]', 20, NULL, 30, ''
UNION ALL SELECT 1, 3, 3, 0, 3, '', '', 'c', x'00', '[{"type":"text","text":"parcel two"}]', 30, NULL, 0, ''`, `
INSERT INTO search_rows (id, conversation, seq) VALUES (10485760, 1, 1)`, `
INSERT INTO search (rowid, owner, words) VALUES (10485760, '555f31 565f31 63', 'parcel one')`)
	if n, err := s.IndexMessages(t.Context(), 10); n != 3 || err != nil {
		t.Fatalf("%d messages indexed, %v", n, err)
	}
	for _, q := range []chat.MessageQuery{{UID: "U_1"}, {UID: "V_1"}, {UID: "V_1", Conversation: "c"}} {
		q.Text, q.Limit = "par", 10
		found, err := s.SearchMessages(t.Context(), q)
		if err != nil || len(found) != 2 || found[0].Message.Seq != 3 || found[1].Message.Seq != 1 {
			t.Errorf("%+v finds %+v, %v", q, found, err)
		}
	}
}

// A shop's search for one letter read the words of all shops that begin with it, and one
// for a digit the names of those who may find them.
func TestSearchReadsItsOwn(t *testing.T) {
	s := openInternal(t)
	for i, other := range []chat.UID{"V_1", "V_10", "V_2"} {
		a := draft(fmt.Sprint("n", i))
		a.Start.Other, a.Blocks[0].Text = other, "5 apples, 30 pears"
		if _, err := s.Append(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	if n, err := s.IndexMessages(t.Context(), 10); n != 3 || err != nil {
		t.Fatalf("%d messages indexed, %v", n, err)
	}
	for _, text := range []string{"a", "5", "30", "apples"} {
		_, args := s.dialect.search.search(&chat.MessageQuery{UID: "V_1", Limit: 1}, terms.Parse(text))
		var n int64
		err := s.query(t.Context(), func(r row) error { n = r.int(0); return nil }, "SELECT COUNT(*) FROM search WHERE search MATCH ?", args[0])
		if err != nil || n != 1 || strings.Contains(fmt.Sprint(args[0]), " AND ") {
			t.Errorf("%q reads %d messages by %v, %v, want the only one of the shop by one phrase", text, n, args[0], err)
		}
	}
}

// What is not indexed yet is looked for twice a second: among those only, however many
// conversations there are, and without a sort.
func TestUnindexedIsAnIndexRange(t *testing.T) {
	s := fromBefore(t)
	plan := planOf(t, s, selectUnindexed, int64(1))
	if !strings.Contains(plan, "USING INDEX conversations_unindexed") || strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
	query, args := s.dialect.search.search(&chat.MessageQuery{UID: "V_1", Limit: 1}, terms.Parse("发货"))
	if plan := planOf(t, s, ofSide(query, chat.MerchantSide), args...); strings.Contains(plan, "TEMP B-TREE") {
		t.Error(plan)
	}
}

func planOf(t *testing.T, s *Store, query string, args ...any) string {
	t.Helper()
	var plan []string
	err := s.query(t.Context(), func(r row) error {
		plan = append(plan, r.text(3))
		return nil
	}, "EXPLAIN QUERY PLAN "+query, args...)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join(plan, "\n")
}

// A start that is kept by an old database looked like one that hangs: each step is told
// of when it begins, and again when it is over. A new database has nothing to tell.
func TestMigrationsAreToldOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	var told []string
	open := func() {
		s, err := OpenSQLite(t.Context(), path, func(m Migration) {
			told = append(told, fmt.Sprint(m.Version, " of ", m.Newest, " ", m.Done))
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	open()
	if told != nil {
		t.Errorf("a new database told of %q", told)
	}
	path = filepath.Join(t.TempDir(), "old.db")
	migrateFile(t, path, 14)
	open()
	open() // nothing is left to do
	want := []string{"15 of 16 false", "15 of 16 true", "16 of 16 false", "16 of 16 true"}
	if !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
}

// An update that went wrong had no way back: no program of before reads what was migrated.
// What is said to be copied is the database as it was, and stays when it is opened again.
func TestMigrationKeepsTheDatabaseOfBefore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	before := path + BeforeName + "14-before-16"
	migrateFile(t, path, 14)
	putPerson(t, path, "U_1")
	if err := copyInPlace(t.Context(), path, before); err != nil { // an update that failed
		t.Fatal(err)
	}
	putPerson(t, path, "U_2") // the program of before goes on
	mine := before + ".mine"
	if err := os.WriteFile(mine, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(before+".partial", []byte("broken off"), 0o600); err != nil {
		t.Fatal(err)
	}
	var told []string
	open := func() {
		t.Helper()
		s, err := OpenSQLite(t.Context(), path, func(m Migration) {
			told = append(told, fmt.Sprint(m.Version, m.Copy, " ", m.Done))
			if m.Copy != "" && !m.Done {
				wantCopies(t, path, mine) // there may be room for one only
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(s.PutParticipant(t.Context(), "U_3", "", ""), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	open()
	open()
	want := []string{"14" + before + " false", "14" + before + " true", "15 false", "15 true", "16 false", "16 true"}
	if !slices.Equal(told, want) {
		t.Errorf("told of %q, want %q", told, want)
	}
	wantCopies(t, path, before, mine)
	old := openFile(t, before)
	var people int
	if err := old.QueryRowContext(t.Context(), "SELECT count(*) FROM participants").Scan(&people); err != nil || people != 2 {
		t.Errorf("%d people are in the copy, %v, want the 2 of before", people, err)
	}
	if at := schemaOf(t.Context(), old); at != 14 {
		t.Errorf("the copy is of version %d", at)
	}
	if info, err := os.Stat(before); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("who may read it: %v, %v", info.Mode(), err)
	}
}

// Where no copy can be made nothing is migrated.
func TestMigrationWithoutRoomForACopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	migrateFile(t, path, 14)
	putPerson(t, path, "U_1")
	if err := os.MkdirAll(filepath.Join(path+BeforeName+"14-before-16", "in the way"), 0o700); err != nil {
		t.Fatal(err)
	}
	if s, err := OpenSQLite(t.Context(), path); err == nil || !strings.Contains(err.Error(), "keep a copy of it as it is") {
		t.Errorf("open: %v", err)
		if err == nil {
			_ = s.Close()
		}
	}
	if at := schemaOf(t.Context(), openFile(t, path)); at != 14 {
		t.Errorf("version %d, want 14 as before", at)
	}
	wantCopies(t, path, path+BeforeName+"14-before-16")
}

// An update that was interrupted between two steps made another copy when it went on, of a
// version that nobody has run, and without room for that it did not go on at all.
func TestMigrationGoesOnWithItsCopy(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	migrateFile(t, path, 14)
	putPerson(t, path, "U_1")
	ctx, interrupt := context.WithCancel(t.Context())
	defer interrupt()
	_, err := OpenSQLite(ctx, path, func(m Migration) {
		if m.Version == 16 {
			interrupt()
		}
	})
	if at := schemaOf(t.Context(), openFile(t, path)); err == nil || at != 15 {
		t.Fatalf("open: %v, version %d, want it to stop at 15", err, at)
	}
	s, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	wantCopies(t, path, path+BeforeName+"14-before-16")
}

// wantCopies looks for all copies, also half ones, of the database at path.
func wantCopies(t *testing.T, path string, want ...string) {
	t.Helper()
	if files, err := filepath.Glob(path + BeforeName + "*"); err != nil || !slices.Equal(files, want) {
		t.Errorf("copies beside it: %q, %v, want %q", files, err, want)
	}
}

func putPerson(t *testing.T, path, uid string) {
	t.Helper()
	if _, err := openFile(t, path).ExecContext(t.Context(), "INSERT INTO participants (uid) VALUES (?)", uid); err != nil {
		t.Fatal(err)
	}
}
