package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/rand/v2"
	"net"
	"strings"
	"sync"
	"sync/atomic"
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

// killMySQL ends the connections to the operator's database that chosen says, but the
// operator's own, and waits until they are gone.
func killMySQL(t *testing.T, op *sql.DB, chosen func() bool) {
	t.Helper()
	for _, id := range connectionsOf(t, op) {
		if chosen() {
			_, _ = op.ExecContext(t.Context(), fmt.Sprint("KILL ", id)) // it may have ended by itself
			for askMySQL(t, op, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", id) != "0" {
				<-time.After(time.Millisecond)
			}
		}
	}
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

func everyone() bool { return true }

// oneOperator is an operator with one connection, which can tell itself from others.
func oneOperator(t *testing.T, url string) *sql.DB {
	t.Helper()
	db := mysqlOperator(t, url)
	db.SetMaxOpenConns(1)
	return db
}

// A server that has hung up is nobody's matter, as long as nothing was said meanwhile.
func TestMariaDBConnectionsEnded(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url)
	c := mustAppend(t, s, "before").Conversation
	op := oneOperator(t, url)
	for i := range 3 {
		killMySQL(t, op, everyone)
		if r := mustAppend(t, s, fmt.Sprint("after ", i)); int(r.Message.Seq) != i+2 {
			t.Errorf("seq %d, want %d", r.Message.Seq, i+2)
		}
		killMySQL(t, op, everyone)
		if ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 10); err != nil || len(ms) != i+2 {
			t.Errorf("%d messages, %v, want %d", len(ms), err, i+2)
		}
	}
}

// hookedMySQL does something before a commit.
type hookedMySQL struct {
	*mysqlWriter
	before func()
}

func (c hookedMySQL) commit() error {
	c.before()
	return c.mysqlWriter.commit()
}

// The connection is ended before the server has got the COMMIT: what became of it is not
// known, and the sender repeats it. It is stored once.
func TestMariaDBKilledBeforeCommit(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url)
	mustAppend(t, s, "before")
	op := oneOperator(t, url)
	hook(t, s, func() { killMySQL(t, op, everyone) })
	if _, err := s.Append(t.Context(), draft("lost")); err != nil {
		wantUnknown(t, err)
	}
	if r := mustAppend(t, s, "lost"); r.Message.Seq != 2 {
		t.Errorf("seq %d, want 2", r.Message.Seq)
	}
}

// The server has committed, and the connection is lost before it says so: what became of
// it is not known, and the sender's repeat gets the first result.
func TestMariaDBAnswerLost(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url)
	at, err := parseMySQL(url)
	if err != nil {
		t.Fatal(err)
	}
	var cut atomic.Bool
	at.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return cutConn{c, &cut}, err
	}
	connector, err := at.connector(&mysqlServer{isMariaDB: true})
	if err != nil {
		t.Fatal(err)
	}
	mustAppend(t, s, "before")
	reconnect := s.writer.connect // between two writes nobody else looks at it
	s.writer.connect = connectMySQL(connector)
	killMySQL(t, oneOperator(t, url), everyone)
	mustAppend(t, s, "through it")
	hook(t, s, func() { cut.Store(true) })
	_, err = s.Append(t.Context(), draft("lost"))
	wantUnknown(t, err)
	cut.Store(false)
	s.writer.connect = reconnect
	if r := mustAppend(t, s, "lost"); r.Fresh || r.Message.Seq != 3 {
		t.Errorf("fresh %v with seq %d, want what was stored, as 3", r.Fresh, r.Message.Seq)
	}
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

// A server that cannot be reached is not asked again and again, and is when it is back.
func TestMariaDBUnreachable(t *testing.T) {
	url := NewMariaDB(t)
	s := openMySQLInternal(t, url)
	mustAppend(t, s, "before")
	at, err := parseMySQL("mysql://root@127.0.0.1:1/nowhere")
	if err != nil {
		t.Fatal(err)
	}
	connector, err := at.connector(&mysqlServer{isMariaDB: true})
	if err != nil {
		t.Fatal(err)
	}
	back := s.writer.connect
	s.writer.connect = connectMySQL(connector)
	killMySQL(t, oneOperator(t, url), everyone)
	for range 2 {
		_, err := s.Append(t.Context(), draft("refused"))
		if e := chat.AsError(err); err == nil || e.Code != "store_unreachable" || e.Kind != chat.Unavailable || e.RetryAfter == 0 {
			t.Errorf("error %v with code %q, want store_unreachable", err, e.Code)
		}
	}
	if e := chat.AsError(s.Ping(t.Context())); e.Code != "store_unreachable" {
		t.Errorf("ping: code %q", e.Code)
	}
	s.writer.connect = back
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping of a server that is back: %v", err)
	}
	if r := mustAppend(t, s, "refused"); !r.Fresh || r.Message.Seq != 2 {
		t.Errorf("fresh %v with seq %d", r.Fresh, r.Message.Seq)
	}
}

// Two nodes whose connections are ended all the time: who repeats what was not
// acknowledged has everything stored, once.
func TestMariaDBChaos(t *testing.T) {
	url := NewMariaDB(t)
	nodes := []*Store{openMySQLInternal(t, url), openMySQLInternal(t, url)}
	c := mustAppend(t, nodes[0], "first").Conversation
	var over atomic.Bool
	var unknown atomic.Int64
	var killer, wg sync.WaitGroup
	op := oneOperator(t, url)
	killer.Go(func() {
		for !over.Load() {
			killMySQL(t, op, func() bool { return rand.N(10) < 3 })
			<-time.After(30 * time.Millisecond)
		}
	})
	const senders, each = 12, 40
	for i := range senders {
		wg.Go(func() {
			for n := range each {
				insist(t, nodes, i, draft(fmt.Sprintf("n-%d-%d", i, n)), &unknown)
			}
		})
	}
	wg.Wait()
	over.Store(true)
	killer.Wait()
	t.Logf("%d outcomes were not known", unknown.Load())
	ms, err := nodes[0].MessagesAfter(t.Context(), c.ID, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(ms) != senders*each+1 {
		t.Errorf("%d messages, want %d", len(ms), senders*each+1)
	}
	seen := map[chat.Nonce]bool{}
	for i, m := range ms {
		if m.Seq != chat.Seq(i+1) || seen[m.Nonce] {
			t.Errorf("message %d has seq %d and nonce %s", i, m.Seq, m.Nonce)
		}
		seen[m.Nonce] = true
	}
}

// After a failover the server one is connected to may be a standby: the next write
// connects anew.
func TestMariaDBReadOnly(t *testing.T) {
	s := openMySQLInternal(t, NewMariaDB(t))
	mustAppend(t, s, "before")
	err := s.write(t.Context(), "", func(x tx) error {
		_, err := x.exec("SET SESSION TRANSACTION READ ONLY")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.Append(t.Context(), draft("refused"))
	if e := chat.AsError(err); err == nil || e.Code != "store_readonly" || e.Kind != chat.Unavailable {
		t.Errorf("error %v with code %q, want store_readonly", err, e.Code)
	}
	if r := mustAppend(t, s, "refused"); !r.Fresh || r.Message.Seq != 2 {
		t.Errorf("fresh %v with seq %d", r.Fresh, r.Message.Seq)
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
