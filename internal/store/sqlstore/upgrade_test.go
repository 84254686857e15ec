package sqlstore

import (
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// kept is something that databases could hold from a version on.
type kept struct {
	since int64 // the version from which on it can be put
	of    int64 // and the one from whose data on it is found, as a migration makes it of what was there
	what  string
	put   string // SQL
	find  func(t *testing.T, s *Store) (got, want any)
}

// found is what one of the store's methods returned, or its error.
func found(t *testing.T, got any, err error) any {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// everKept is all that there is to keep. Whoever adds a migration adds what one can
// store from then on.
func everKept() []kept {
	return append(keptMessages(), keptBeside()...)
}

// keptMessages are of one conversation: a text, one that was recalled, and a picture.
func keptMessages() []kept {
	list := func(t *testing.T, s *Store, q chat.ConversationQuery) any {
		t.Helper()
		q.UID, q.Limit = "V_1", 10
		cs, err := s.Conversations(t.Context(), q)
		return found(t, fmt.Sprint(len(cs), " ", len(cs) == 1 && cs[0].ID == "c"), err)
	}
	return []kept{
		{1, 1, "epoch", "INSERT INTO settings (name, value) VALUES ('epoch', x'6f66206265666f7265')", func(t *testing.T, s *Store) (got, want any) {
			epoch, all, err := s.Positions(t.Context(), []chat.UID{"U_1"})
			return found(t, fmt.Sprint(epoch, " ", all["U_1"]), err), "of before 4"
		}},
		{1, 1, "secrets", "INSERT INTO settings (name, value) VALUES ('token', x'68757368')", func(t *testing.T, s *Store) (got, want any) {
			secret, err := s.Secret(t.Context(), "token", []byte("another"))
			return found(t, string(secret), err), "hush"
		}},
		{1, 1, "people", `
INSERT INTO participants (uid, pos, known, name, name_fold)
VALUES ('U_1', 4, 1, 'Ämilie', 'ämilie'), ('V_1', 4, 1, 'Shop', 'shop')`, func(t *testing.T, s *Store) (got, want any) {
			ps, err := s.Participants(t.Context(), []chat.UID{"U_1"})
			return found(t, ps["U_1"].Name, err), "Ämilie"
		}},
		{1, 1, "the list", `
INSERT INTO conversations (
  num, id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked)
VALUES (1, 'c', 'U_1', 'V_1', 'p', 3, 4, 10, 30, 3, 0, 0, 0, 0, 0, 4, 0, 0, 1, 1, 1, 2, 1, 4, 0)`, func(t *testing.T, s *Store) (got, want any) {
			return list(t, s, chat.ConversationQuery{Filter: chat.UnreadConversations}), "1 true"
		}},
		{1, 1, "messages", `
INSERT INTO messages (conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recipient_online, recalled_at)
VALUES (1, 1, 1, 0, 1, '', '', 'n1', x'01', '[{"type":"text","text":"今天发货 🙂"}]', 10, NULL, 0),
  (1, 2, 2, 0, 2, '', '', 'n2', x'02', '[]', 20, 1, 25),
  (1, 3, 3, 0, 3, '', '', 'n3', x'03', '[{"type":"image","image":{"file":"f","width":4,"height":3}}]', 30, NULL, 0)`, func(t *testing.T, s *Store) (got, want any) {
			ms, err := s.MessagesAfter(t.Context(), "c", 0, 10)
			if len(ms) != 3 {
				return len(ms), 3
			}
			return found(t, fmt.Sprint(ms[0].Blocks[0].Text, ms[0].Seq, ms[1].Seq, len(ms[1].Blocks), ms[2].Blocks[0].Image.File), err), "今天发货 🙂1 2 0f"
		}},
		{1, 1, "recalls", "INSERT INTO recalls (conversation, rev, seq) VALUES (1, 4, 2)", func(t *testing.T, s *Store) (got, want any) {
			rs, err := s.RecallsAfter(t.Context(), "c", 3, 10)
			return found(t, fmt.Sprint(len(rs), " ", len(rs) == 1 && rs[0].Seq == 2), err), "1 true"
		}},
		{1, 1, "what can be searched for", "", func(t *testing.T, s *Store) (got, want any) {
			if _, err := s.IndexMessages(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
			hits, err := s.SearchMessages(t.Context(), chat.MessageQuery{UID: "V_1", Text: "发货", Limit: 10})
			return found(t, fmt.Sprint(len(hits), " ", len(hits) == 1 && hits[0].Message.Seq == 1), err), "1 true"
		}},
		{1, 1, "a repeat", "", func(t *testing.T, s *Store) (got, want any) {
			done, err := s.Append(t.Context(), chat.Append{Conversation: "c", Sender: "U_1", Nonce: "n2", Hash: []byte{2}, SentAt: time.UnixMilli(90)})
			return found(t, fmt.Sprint(done.Fresh, done.Message.Seq), err), "false 2"
		}},
		{6, 1, "who has the last word", "UPDATE conversations SET merchant_waiting = 1", func(t *testing.T, s *Store) (got, want any) {
			return list(t, s, chat.ConversationQuery{Filter: chat.WaitingConversations}), "1 true"
		}},
		{6, 1, "what it was about", "INSERT INTO conversation_products (conversation, product, first_at, last_at) VALUES (1, 'p', 10, 10)", func(t *testing.T, s *Store) (got, want any) {
			return list(t, s, chat.ConversationQuery{Product: "p"}), "1 true"
		}},
		{14, 14, "what is pinned", "UPDATE conversations SET merchant_pinned = 1", func(t *testing.T, s *Store) (got, want any) {
			return list(t, s, chat.ConversationQuery{Filter: chat.PinnedConversations}), "1 true"
		}},
		{15, 1, "pictures", "INSERT INTO messages_with_images (conversation, seq) VALUES (1, 3)", func(t *testing.T, s *Store) (got, want any) {
			ms, err := s.MessagesWithImages(t.Context(), "c", 0, 10)
			return found(t, fmt.Sprint(len(ms), " ", len(ms) == 1 && ms[0].Seq == 3), err), "1 true"
		}},
	}
}

// keptBeside is everything else.
func keptBeside() []kept {
	return []kept{
		{1, 1, "products", `
INSERT INTO products (id, merchant, title, amount, currency, image, url, kind, stock, deleted)
VALUES ('p', 'V_1', 'ÄPFEL', 490, 'CNY', '', '', 'physical', 7, 0)`, func(t *testing.T, s *Store) (got, want any) {
			p, err := s.Product(t.Context(), "p")
			return found(t, fmt.Sprint(p.Title, p.Price.Amount, *p.Stock), err), "ÄPFEL490 7"
		}},
		{1, 1, "files", `
INSERT INTO files (id, uploader, agent, "key", hash, type, bytes, width, height, preview, conversation, created_at)
VALUES ('f', 'U_1', '', 'k', x'00', 'image/png', 9, 4, 3, '', 'c', 30)`, func(t *testing.T, s *Store) (got, want any) {
			f, err := s.FileByKey(t.Context(), "U_1", "k")
			return found(t, fmt.Sprint(f.ID, f.Width, f.Conversation), err), "f4c"
		}},
		{1, 1, "reports", `
INSERT INTO reports (conversation, reporter, agent, seq, reported_at, reason)
VALUES ('c', 'V_1', 'alice', 1, 40, 'rude')`, func(t *testing.T, s *Store) (got, want any) {
			rs, err := s.Reports(t.Context(), 0, 10)
			return found(t, fmt.Sprint(len(rs), " ", len(rs) == 1 && rs[0].Reason == "rude" && rs[0].Num > 0), err), "1 true"
		}},
		{2, 2, "files that are to go", "INSERT INTO recalled_files (id) VALUES ('gone')", func(t *testing.T, s *Store) (got, want any) {
			ids, err := s.RecalledFiles(t.Context(), 10)
			return found(t, fmt.Sprint(ids), err), "[gone]"
		}},
		{3, 3, "sign-ins that have ended", "INSERT INTO ended_logins (id, expires_at) VALUES ('l', 9000000000000)", func(t *testing.T, s *Store) (got, want any) {
			ended, err := s.LoginEnded(t.Context(), "l")
			return found(t, ended, err), true
		}},
		{4, 4, "the PHP chat's numbers", "INSERT INTO legacy_numbers (num, conversation, seq) VALUES (77, 1, 1)", func(t *testing.T, s *Store) (got, want any) {
			nums, err := s.Numbers(t.Context(), "c", []chat.Seq{1})
			return found(t, nums[1], err), legacy.Num(77)
		}},
		{5, 5, "tickets", "INSERT INTO tickets (name, value, expires_at, leased_until) VALUES ('wx', 'lent', 9000000000000, 0)", func(t *testing.T, s *Store) (got, want any) {
			value, _, err := s.Ticket(t.Context(), "wx")
			return found(t, value, err), "lent"
		}},
		{10, 1, "titles without letter case", "UPDATE products SET title_fold = '" + foldName("ÄPFEL") + "'", func(t *testing.T, s *Store) (got, want any) {
			ps, err := s.ProductsOf(t.Context(), chat.ProductQuery{Merchant: "V_1", Search: "äpf", Limit: 10})
			return found(t, len(ps), err), 1
		}},
		{7, 7, "phrases", "INSERT INTO phrases (merchant, agent, id, title, body, place) VALUES ('V_1', '', 'q', '', 'in stock', 1)", func(t *testing.T, s *Store) (got, want any) {
			ps, err := s.Phrases(t.Context(), chat.PhraseOwner{Merchant: "V_1"})
			return found(t, fmt.Sprint(len(ps), " ", len(ps) == 1 && ps[0].Text == "in stock"), err), "1 true"
		}},
		{8, 8, "what the shop is to be told", `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
VALUES (1, 1, 90, '', 0, '', 0, 0, 0, 0)`, func(t *testing.T, s *Store) (got, want any) {
			at, err := s.NextReminder(t.Context())
			return found(t, at.UnixMilli(), err), int64(90)
		}},
		{8, 8, "what it could not be told", `
INSERT INTO undelivered (id, conversation, side, seq, made_at, tried_at, failed_at, attempts, failure)
VALUES ('r', 1, 1, 1, 50, 60, 9000000000000, 3, 'nobody there')`, func(t *testing.T, s *Store) (got, want any) {
			us, err := s.Undelivered(t.Context(), 0, 10)
			return found(t, fmt.Sprint(len(us), " ", len(us) == 1 && us[0].Failure == "nobody there"), err), "1 true"
		}},
		{9, 9, "a shop's settings", `
INSERT INTO shop_settings (merchant, version, value)
VALUES ('V_1', 4, '{"greeting":{"on":true,"text":"welcome"}}')`, func(t *testing.T, s *Store) (got, want any) {
			set, err := s.ShopSettings(t.Context(), "V_1")
			return found(t, fmt.Sprint(set.Version, set.Greeting.Text), err), "4welcome"
		}},
	}
}

// From whichever version a database comes, with all that could be in one then: nothing
// of it is lost, and what later versions look for is found in it.
func TestMigrateFromEveryVersion(t *testing.T) {
	db, err := sql.Open("sqlite", sqliteDSN(filepath.Join(t.TempDir(), "none.db")))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	p, err := migrator(sqliteDialect(), db)
	if err != nil {
		t.Fatal(err)
	}
	sources := p.ListSources()
	if len(sources) < 15 {
		t.Fatalf("only %d versions", len(sources))
	}
	for _, version := range sources {
		t.Run(fmt.Sprint(version.Version), func(t *testing.T) { migratesFrom(t, version.Version) })
	}
}

func migratesFrom(t *testing.T, version int64) {
	t.Helper()
	wantKept(t, fromVersion(t, version, putUpTo(version)...), version)
}

// putUpTo are the statements for all that a version can store.
func putUpTo(version int64) (put []string) {
	for _, k := range everKept() {
		if k.since <= version && k.put != "" {
			put = append(put, k.put)
		}
	}
	return put
}

// wantKept looks for all that a version could have had, and goes on from there.
func wantKept(t *testing.T, s *Store, version int64) {
	t.Helper()
	for _, k := range everKept() {
		if k.of > version {
			continue // nobody could have had any
		}
		if got, want := k.find(t, s); got != want {
			t.Errorf("%s: %v, want %v", k.what, got, want)
		}
	}
	done, err := s.Append(t.Context(), chat.Append{
		Conversation: "c", Sender: "V_1", Nonce: "new", Hash: []byte("new"), SentAt: time.UnixMilli(99),
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "yes"}},
	})
	if err != nil || done.Message.Seq != 4 || done.Conversation.Sides[chat.BuyerSide].Pos != 5 {
		t.Errorf("what is said next: %+v, %v", done.Message, err)
	}
}

// The same on MariaDB, whose first version could store all that SQLite's 16th can. Then
// what was moved in from another database lacked what lists and the search go by.
func TestMariaDBMigrateFromEveryVersion(t *testing.T) {
	newest, err := newestMigration(mysqlDialect(new(mysqlAddress)))
	if err != nil || newest < 2 {
		t.Fatalf("version %d, %v", newest, err)
	}
	for version := range newest {
		t.Run(fmt.Sprint(version+1), func(t *testing.T) {
			url := bareMariaDB(t)
			op := migrateMariaDB(t, url, version+1)
			carryOutMySQL(t, op, "SET sql_mode = 'ANSI_QUOTES'")
			for _, put := range putUpTo(16) {
				carryOutMySQL(t, op, put)
			}
			if version+1 >= 2 { // whoever stores it sets these columns, too
				carryOutMySQL(t, op, strings.Replace(mysqlDerived, "? AND ?", "1 AND 1", 1))
			}
			wantKept(t, openMySQLInternal(t, url), 16)
		})
	}
}

// migrateMariaDB brings a database to a version, and returns a connection to it.
func migrateMariaDB(t *testing.T, url string, version int64) *sql.DB {
	t.Helper()
	p, err := migrator(mysqlDialect(new(mysqlAddress)), mysqlOperator(t, url))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
	return oneOperator(t, url)
}

// One transaction that was open when the first node of a newer version started kept it
// from starting, and every conversation that was put right stayed locked until the last was.
func TestMariaDBMigratesBesideATransaction(t *testing.T) {
	url := bareMariaDB(t)
	op, watcher := migrateMariaDB(t, url, 1), mysqlOperator(t, url)
	carryOutMySQL(t, op, "SET sql_mode = 'ANSI_QUOTES'")
	for _, put := range putUpTo(16) {
		carryOutMySQL(t, op, put)
	}
	carryOutMySQL(t, op, fmt.Sprint(`
INSERT INTO conversations (
  id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked)
SELECT CONCAT('d', seq), CONCAT('U_d', seq), 'V_1', '', 1, 1, 10, 10, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 1, 9 + seq, 0
FROM seq_1_to_`, 2*derivedPage))
	underived := func() string {
		return askMySQL(t, watcher, "SELECT COUNT(*) FROM conversations WHERE unindexed_at IS NULL AND indexed_seq < last_seq")
	}
	waits := func() string {
		return askMySQL(t, watcher, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_row_lock_waits'")
	}
	all := underived()
	carryOutMySQL(t, op, "BEGIN")
	carryOutMySQL(t, op, "SELECT num FROM conversations ORDER BY num DESC LIMIT 1 FOR UPDATE")
	seen, opened := waits(), make(chan error, 1)
	go func() {
		s, err := OpenMySQL(t.Context(), url+"?lock_timeout=1s")
		if err == nil {
			err = s.Close()
		}
		opened <- err
	}()
	for waited := 0; waited < 2; { // it has waited in vain once
		if now := waits(); now != seen {
			waited, seen = waited+1, now
		}
		select {
		case err := <-opened:
			t.Fatalf("open: %v, while there was a row to wait for", err)
		case <-time.After(5 * time.Millisecond):
		}
	}
	if left := underived(); left == all {
		t.Errorf("all of %s conversations are still to be put right", left)
	}
	carryOutMySQL(t, op, "COMMIT")
	if err := <-opened; err != nil {
		t.Fatal(err)
	}
	if left := underived(); all == "0" || left != "0" {
		t.Errorf("of %s conversations %s are as before", all, left)
	}
}
