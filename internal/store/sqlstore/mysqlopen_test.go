package sqlstore

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-sql-driver/mysql"

	"haggle/internal/chat"
)

func mysqlError(number uint16) error { return &mysql.MySQLError{Number: number} }

// Nothing depends on how the server is set up.
func TestMariaDBSettings(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url+"?statement_timeout=7s&lock_timeout=3&pool_max_conns=2")
	const settings = "SELECT CONCAT_WS(' ', @@time_zone, @@tx_isolation, @@innodb_lock_wait_timeout, @@max_statement_time, @@character_set_client, @@sql_mode)"
	read := func(r row) error { //nolint:unparam // as every reader of rows
		got := r.text(0)
		if !strings.HasPrefix(got, "+00:00 READ-COMMITTED 3 7") || !strings.Contains(got, "utf8mb4") || !strings.Contains(got, "STRICT_ALL_TABLES") {
			t.Errorf("settings %s", got)
		}
		return nil
	}
	if err := s.query(t.Context(), read, settings); err != nil {
		t.Error(err)
	}
	if err := s.write(t.Context(), "", func(x tx) error { return x.query(read, settings) }); err != nil {
		t.Error(err)
	}
	if got := s.db.Stats().MaxOpenConnections; got != 2 {
		t.Errorf("%d connections may read, want 2", got)
	}
}

func TestMySQLAddress(t *testing.T) {
	for address, want := range map[string]string{
		"mysql://u:p%40ss@db/haggle":                                  "",
		"mysql://u@[::1]:3307/haggle?tls=skip-verify":                 "",
		"mysql://u@/haggle?socket=/run/mysqld/mysqld.sock":            "",
		"mysql://u:hunter2@/haggle":                                   "it is like mysql://",
		"mysql://u:hunter2@db":                                        "it is like mysql://",
		"mysql://u:hunter2@db/":                                       "it is like mysql://",
		"mysql://u:hunter2@db:x/haggle":                               "it is like mysql://",
		"postgres://u:hunter2@db/haggle":                              "it is like mysql://",
		"mysql://u:hunter2@db/haggle?tls=custom":                      "tls is true, skip-verify, preferred or false",
		"mysql://u:hunter2@db/haggle?tls_ca=/nowhere":                 "tls_ca: open /nowhere",
		"mysql://u:hunter2@db/haggle?pool_max_conns=0":                "pool_max_conns is a number from 1 on",
		"mysql://u:hunter2@db/haggle?lock_timeout=10ms":               "lock_timeout is a time from 1s on",
		"mysql://u:hunter2@db/haggle?unsynced=perhaps":                "unsynced is true or false",
		"mysql://u:hunter2@db/haggle?multiStatements=true":            `there is no setting "multiStatements"`,
		"mysql://u:hunter2@db/haggle?statement_timeout=1h&charset=x1": `there is no setting "charset"`,
	} {
		at, err := parseMySQL(address)
		if want == "" {
			if err != nil || at.config.DBName != "haggle" || at.config.User != "u" {
				t.Errorf("%s: %v", address, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v, want that %s", address, err, want)
		}
	}
	at, err := parseMySQL("mysql://u:p%40ss@db/haggle?statement_timeout=3s&connect_timeout=2")
	if err != nil || at.config.Passwd != "p@ss" || at.config.Addr != "db:3306" || at.config.Timeout != 2*time.Second ||
		at.config.ReadTimeout != 8*time.Second || at.config.WriteTimeout != 8*time.Second {
		t.Errorf("%+v, %v", at, err)
	}
}

func TestMySQLVersions(t *testing.T) {
	for version, want := range map[string]string{
		"8.0.19":                               "mysql",
		"8.0.43-0ubuntu0.24.04.1":              "mysql",
		"8.4.6":                                "mysql",
		"9.4.0":                                "mysql",
		"8.0.18":                               "too old",
		"5.7.44-log":                           "too old",
		"10.6.0-MariaDB":                       "mariadb",
		"5.5.5-10.6.22-MariaDB-log":            "mariadb",
		"10.11.14-MariaDB-0+deb12u2":           "mariadb",
		"11.8.3-MariaDB-ubu2404":               "mariadb",
		"10.5.29-MariaDB":                      "too old",
		"5.5.5-10.3.39-MariaDB-0ubuntu0.20.04": "too old",
		"devel":                                "none of MySQL's",
	} {
		isMariaDB, err := knownMySQL(version)
		switch want {
		case "mysql", "mariadb":
			if err != nil || isMariaDB != (want == "mariadb") {
				t.Errorf("%s: %v, %v, want %s", version, isMariaDB, err, want)
			}
		default:
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %v, want that it is %s", version, err, want)
			}
		}
	}
}

// An ack means that it is on the disk. A server that says so and does not is refused,
// unless the operator wants it.
func TestMariaDBUnsynced(t *testing.T) {
	url := NewMariaDB(t)
	op := mysqlOperator(t, "")
	carryOutMySQL(t, op, "SET GLOBAL innodb_flush_log_at_trx_commit = 2")
	defer carryOutMySQL(t, op, "SET GLOBAL innodb_flush_log_at_trx_commit = 1")
	if _, err := OpenMySQL(t.Context(), url); err == nil || !strings.Contains(err.Error(), "set innodb_flush_log_at_trx_commit to 1, not 2") {
		t.Errorf("error %v", err)
	}
	openMySQLInternal(t, url+"?unsynced=true")
	for want, server := range map[string]mysqlServer{
		"set sync_binlog to 1, not 0":                       {flush: 1, binlog: 1, sync: 0, packet: 16 << 20},
		"set max_allowed_packet to 4194304 or more":         {flush: 1, packet: 1 << 20},
		"set innodb_flush_log_at_trx_commit to 1, not 0; w": {packet: 16 << 20},
	} {
		if err := server.check(false); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want that one is told to %s", server, err, want)
		}
	}
	if err := (&mysqlServer{flush: 1, packet: 16 << 20}).check(false); err != nil {
		t.Error(err)
	}
}

// The server commits after each statement of a migration. What was left half done is
// done, and of several who start at once one does it.
func TestMariaDBMigrationGoesOn(t *testing.T) {
	url := NewMariaDB(t)
	openMySQLInternal(t, url)
	op := oneOperator(t, url)
	carryOutMySQL(t, op, "SET foreign_key_checks = 0; DROP TABLE search_words, undelivered; DELETE FROM goose_db_version WHERE version_id > 0")
	var wg sync.WaitGroup
	for i := range 3 {
		wg.Go(func() {
			s, err := OpenMySQL(t.Context(), url)
			if err != nil {
				t.Error(err)
				return
			}
			if _, err := s.Append(t.Context(), draft(fmt.Sprint("n", i))); err != nil {
				t.Error(err)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := askMySQL(t, op, "SELECT COUNT(*) FROM goose_db_version WHERE version_id = 1"); n != "1" {
		t.Errorf("the migration ran %s times", n)
	}
}

// What differs by a space, a letter's case or an accent is something else, on whatever
// is compared.
func TestMariaDBBytes(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	ctx := t.Context()
	names := []string{"a", "A", "a ", "a  ", " a", "á", "a\u0301", "ａ", "ß", "ss", "😀", "😁", "a\t", "a\x00", "İ", "i"}
	for i, name := range names {
		a := draft("n")
		a.Start = &chat.Start{ID: chat.ConversationID("c" + name), Buyer: chat.UID("U_" + name), Other: "V_1"}
		a.Sender = a.Start.Buyer
		for _, nonce := range names {
			a.Nonce = chat.Nonce(nonce)
			if r, err := s.Append(ctx, a); err != nil || !r.Fresh || r.Conversation.ID != a.Start.ID {
				t.Fatalf("%q, nonce %q: %+v, %v", name, nonce, r, err)
			}
		}
		p := chat.Product{ID: chat.ProductID("p" + name), Merchant: "V_1", Title: name, Kind: chat.Physical}
		if err := errors.Join(s.PutProduct(ctx, p), s.PutParticipant(ctx, a.Sender, fmt.Sprint("name ", i), "")); err != nil {
			t.Fatal(err)
		}
		if got, err := s.Secret(ctx, "s"+name, []byte(name)); err != nil || string(got) != name {
			t.Errorf("secret %q: %q, %v", name, got, err)
		}
	}
	for i, name := range names {
		wantApart(t, s, name, fmt.Sprint("name ", i), len(names))
	}
}

// wantApart looks for what TestMariaDBBytes has stored under a name.
func wantApart(t *testing.T, s *Store, name, called string, messages int) {
	t.Helper()
	ctx, uid := t.Context(), chat.UID("U_"+name)
	if ps, err := s.Participants(ctx, []chat.UID{uid}); err != nil || len(ps) != 1 || ps[uid].Name != called {
		t.Errorf("participant %q: %v, %v", name, ps, err)
	}
	if p, err := s.Product(ctx, chat.ProductID("p"+name)); err != nil || p.Title != name {
		t.Errorf("product %q: %+v, %v", name, p, err)
	}
	if c, err := s.ConversationBetween(ctx, uid, "V_1"); err != nil || c.ID != chat.ConversationID("c"+name) || int(c.LastSeq) != messages {
		t.Errorf("conversation with %q: %+v, %v", name, c, err)
	}
}

// What is too long for its column is not cut: it is refused, and not taken for what it
// begins with.
func TestMariaDBTooLong(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	fits := strings.Repeat("n", 255)
	c := mustAppend(t, s, fits).Conversation
	for _, long := range []string{fits + "n", fits + strings.Repeat("发", 300)} {
		if r, err := s.Append(t.Context(), draft(long)); err == nil || chat.AsError(err).Code != "text_too_long" {
			t.Errorf("a nonce of %d bytes is seq %d, fresh %v, %v", len(long), r.Message.Seq, r.Fresh, err)
		}
		if _, err := s.Secret(t.Context(), long, []byte("x")); err == nil {
			t.Errorf("a name of %d bytes was stored", len(long))
		}
	}
	if err := s.PutParticipant(t.Context(), chat.UID(fits), "fits", ""); err != nil {
		t.Fatal(err)
	}
	if ps, err := s.Participants(t.Context(), []chat.UID{chat.UID(fits + "n"), chat.UID(fits)}); err != nil || len(ps) != 1 {
		t.Errorf("%d participants, %v, want 1", len(ps), err)
	}
	if ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 10); err != nil || len(ms) != 1 {
		t.Errorf("%d messages, %v, want 1", len(ms), err)
	}
}

// Who owns the database needs no other rights.
func TestMariaDBOwner(t *testing.T) {
	url := NewMariaDB(t)
	name := url[strings.LastIndexByte(url, '/')+1:]
	op := mysqlOperator(t, "")
	carryOutMySQL(t, op, "CREATE USER owner@'127.0.0.1' IDENTIFIED BY 'p@ss'")
	defer carryOutMySQL(t, op, "DROP USER owner@'127.0.0.1'")
	carryOutMySQL(t, op, "GRANT ALL ON "+name+".* TO owner@'127.0.0.1'")
	s := openMySQLInternal(t, strings.Replace(url, "root@", "owner:p%40ss@", 1))
	mustAppend(t, s, "n")
	if n, err := s.IndexMessages(t.Context(), 10); err != nil || n != 1 {
		t.Errorf("%d messages indexed, %v", n, err)
	}
	_, err := OpenMySQL(t.Context(), strings.Replace(url, "root@", "owner:hunter2@", 1))
	if err == nil || strings.Contains(err.Error(), "hunter2") || !strings.Contains(err.Error(), "Access denied") {
		t.Errorf("error %v", err)
	}
}
