package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
)

func openMySQLInternal(t *testing.T, url string) *Store {
	t.Helper()
	s, err := OpenMySQL(t.Context(), url)
	return CloseWithTest(t, s, err)
}

func carryOutMySQL(t *testing.T, db *sql.DB, query string) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

func askMySQL(t *testing.T, db *sql.DB, query string, args ...any) (answer string) {
	t.Helper()
	if err := db.QueryRowContext(t.Context(), query, args...).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return answer
}

// connectionsOf are all to a database, but the operator's own.
func connectionsOf(t *testing.T, op *sql.DB) (ids []int64) {
	t.Helper()
	const others = "SELECT id FROM information_schema.processlist WHERE db = DATABASE() AND id <> CONNECTION_ID() AND command <> 'Killed'"
	rows, err := op.QueryContext(t.Context(), others)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id int64
		if err := rows.Scan(&id); err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return ids
}

// oneOperator is an operator with one connection, which can tell itself from others.
func oneOperator(t *testing.T, url string) *sql.DB {
	t.Helper()
	db := mysqlOperator(t, url)
	db.SetMaxOpenConns(1)
	return db
}

// lockWaits is how many transactions wait for a lock.
func lockWaits(t *testing.T, op *sql.DB) int {
	t.Helper()
	var n int
	if err := op.QueryRowContext(t.Context(), "SELECT COUNT(*) FROM information_schema.innodb_trx WHERE trx_state = 'LOCK WAIT'").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// What the server ends as a deadlock is tried again. It ends the one that has written
// less, which is ours, as the other has written a lot.
func TestMariaDBDeadlock(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url)
	c := mustAppend(t, s, "before").Conversation
	op, watcher := oneOperator(t, url), mysqlOperator(t, url)
	before := MariaDBDeadlocks(t)
	carryOutMySQL(t, op, "BEGIN")
	carryOutMySQL(t, op, "INSERT INTO recalled_files SELECT CONCAT('f', seq) FROM seq_1_to_500")
	carryOutMySQL(t, op, "UPDATE participants SET name = 'x' WHERE uid = 'V_1'")
	var wg sync.WaitGroup
	wg.Go(func() {
		if r := mustAppend(t, s, "crossed"); !r.Fresh || r.Message.Seq != 2 {
			t.Errorf("fresh %v with seq %d", r.Fresh, r.Message.Seq)
		}
	})
	for lockWaits(t, watcher) == 0 { // until it has the conversation and waits for the participant
		<-time.After(150 * time.Millisecond) // asked more often, it says the same again
	}
	carryOutMySQL(t, op, "UPDATE conversations SET product = 'x' WHERE id = '"+string(c.ID)+"'")
	carryOutMySQL(t, op, "COMMIT")
	wg.Wait()
	if n := MariaDBDeadlocks(t) - before; n == 0 {
		t.Error("there was no deadlock: this tests nothing")
	}
}

// Who has waited too long for somebody's rows tries again, and says after a while that
// the server is busy.
func TestMariaDBLockWait(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url+"?lock_timeout=1s")
	c := mustAppend(t, s, "before").Conversation
	op, watcher := oneOperator(t, url), mysqlOperator(t, url)
	timeouts := func() string {
		return askMySQL(t, watcher, "SELECT variable_value FROM information_schema.global_status WHERE variable_name = 'Innodb_row_lock_waits'")
	}
	carryOutMySQL(t, op, "BEGIN")
	carryOutMySQL(t, op, "SELECT num FROM conversations WHERE id = '"+string(c.ID)+"' FOR UPDATE")
	before := timeouts()
	var wg sync.WaitGroup
	wg.Go(func() {
		if r := mustAppend(t, s, "late"); !r.Fresh || r.Message.Seq != 2 {
			t.Errorf("fresh %v with seq %d", r.Fresh, r.Message.Seq)
		}
	})
	first := before
	for waits := 0; waits < 2; { // it waits for the second time
		if now := timeouts(); now != first {
			waits, first = waits+1, now
		}
		<-time.After(5 * time.Millisecond)
	}
	carryOutMySQL(t, op, "COMMIT")
	wg.Wait()
	for _, number := range []uint16{1205, 1213} {
		err := mysqlError(number)
		if e := chat.AsError(mysqlFailure(err)); !mysqlRival(err) || e.Code != "store_busy" || e.Kind != chat.Unavailable {
			t.Errorf("%v: code %q, tried again: %v", err, e.Code, mysqlRival(err))
		}
	}
}

// What was acknowledged is there after the server was killed, and nobody has to start
// anything again.
func TestMariaDBRestarted(t *testing.T) {
	m := needMariaDB(t)
	s := openMySQLInternal(t, NewMariaDB(t))
	c := mustAppend(t, s, "before").Conversation
	for i := range 20 {
		mustAppend(t, s, fmt.Sprint("n", i))
	}
	if err := m.Restart(t.Context()); err != nil {
		t.Fatal(err)
	}
	if ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 100); err != nil || len(ms) != 21 {
		t.Errorf("%d messages, %v, want 21", len(ms), err)
	}
	if r := mustAppend(t, s, "after"); r.Message.Seq != 22 {
		t.Errorf("seq %d, want 22", r.Message.Seq)
	}
}

// Text that is none is refused, and nobody else suffers.
func TestMariaDBInvalidText(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	mustAppend(t, s, "before")
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			name := fmt.Sprint("name ", i)
			if i == 2 {
				name = "\xff"
			}
			err := s.PutParticipant(t.Context(), chat.UID(fmt.Sprint("U_", i)), name, "")
			if (err != nil) != (i == 2) || i == 2 && chat.AsError(err).Code != "invalid_text" {
				t.Errorf("name %d: %v", i, err)
			}
		})
	}
	waiting(t, s, 4)
	release()
	wg.Wait()
	if _, err := s.Conversation(t.Context(), "\xff"); chat.KindOf(err) != chat.NotFound {
		t.Errorf("a conversation named with no UTF-8: %v", err)
	}
}

// A message that the server refuses is refused alone, not the others of its batch.
func TestMariaDBOneBadMember(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	c := mustAppend(t, s, "before").Conversation
	release := hold(t, s)
	const members = 20
	var wg sync.WaitGroup
	for i := range members {
		wg.Go(func() {
			nonce := fmt.Sprint("n", i)
			if i == 7 {
				nonce = strings.Repeat("n", 256)
			}
			if _, err := s.Append(t.Context(), draft(nonce)); (err != nil) != (i == 7) {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	waiting(t, s, members)
	release()
	wg.Wait()
	wantAllOnce(t, s, c.ID, members)
}

// Who leaves a search is let go.
func TestMariaDBGivenUp(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := s.query(ctx, func(row) error { return nil }, "SELECT SLEEP(5) FROM (SELECT 'a' AS a) x WHERE x.a LIKE 'a'")
	if e := chat.AsError(err); err == nil || e.Code != "canceled" || time.Since(start) > 4*time.Second {
		t.Errorf("error %v with code %q after %v", err, e.Code, time.Since(start))
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

// What takes too long is ended by the server.
func TestMariaDBSlow(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t)+"?statement_timeout=1s")
	err := s.query(t.Context(), func(row) error { return nil }, "SELECT COUNT(*) FROM seq_1_to_100000 a JOIN seq_1_to_100000 b")
	if e := chat.AsError(err); err == nil || e.Code != "store_busy" || !strings.Contains(err.Error(), "max_statement_time") {
		t.Errorf("error %v with code %q, want store_busy", err, e.Code)
	}
}
