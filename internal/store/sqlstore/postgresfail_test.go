package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"haggle/internal/chat"
)

func openPostgresInternal(t *testing.T, url string) *Store {
	t.Helper()
	s, err := OpenPostgres(t.Context(), url)
	return CloseWithTest(t, s, err)
}

// operator is a connection of somebody's who looks after the database.
func operator(t *testing.T, url string) *pgx.Conn {
	t.Helper()
	c, err := pgx.Connect(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close(context.WithoutCancel(t.Context())) })
	return c
}

func carryOut(t *testing.T, c *pgx.Conn, query string) {
	t.Helper()
	if _, err := c.Exec(t.Context(), query); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

const killOthers = `
SELECT pg_terminate_backend(pid, 5000)
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

// A server that was started again is nobody's matter, as long as nothing was said
// meanwhile.
func TestPostgresConnectionsEnded(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url)
	c := mustAppend(t, s, "before").Conversation
	op := operator(t, url)
	for i := range 3 {
		carryOut(t, op, killOthers)
		if r := mustAppend(t, s, fmt.Sprint("after ", i)); int(r.Message.Seq) != i+2 {
			t.Errorf("seq %d, want %d", r.Message.Seq, i+2)
		}
		carryOut(t, op, killOthers)
		if ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 10); err != nil || len(ms) != i+2 {
			t.Errorf("%d messages, %v, want %d", len(ms), err, i+2)
		}
	}
}

// hookedConn does something before a commit.
type hookedConn struct {
	*postgresWriter
	before func()
}

func (c hookedConn) commit() error {
	c.before()
	return c.postgresWriter.commit()
}

// hook has before called at the next commit that writes.
func hook(t *testing.T, s *Store, before func()) {
	t.Helper()
	err := s.write(t.Context(), "", func(tx) error {
		once := sync.OnceFunc(before)
		skipped := false
		hooked := func() {
			if skipped {
				once()
			}
			skipped = true // that of this write itself
		}
		switch w := s.writer.conn.(type) {
		case *postgresWriter:
			s.writer.conn = hookedConn{w, hooked}
		case *mysqlWriter:
			s.writer.conn = hookedMySQL{w, hooked}
		default:
			return errors.New("it is hooked already")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// The connection is ended before the server has got the COMMIT. Either that is noticed
// before anything is sent, and the batch is tried again, or what became of it is not
// known, and the sender repeats it. It is stored once.
func TestPostgresKilledBeforeCommit(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url)
	mustAppend(t, s, "before")
	op := operator(t, url)
	hook(t, s, func() { carryOut(t, op, killOthers) })
	if _, err := s.Append(t.Context(), draft("lost")); err != nil {
		wantUnknown(t, err)
	}
	if r := mustAppend(t, s, "lost"); r.Message.Seq != 2 {
		t.Errorf("seq %d, want 2", r.Message.Seq)
	}
}

func wantUnknown(t *testing.T, err error) {
	t.Helper()
	if e := chat.AsError(err); err == nil || e.Kind != chat.Unavailable || e.Code != "outcome_unknown" {
		t.Fatalf("error %v with code %q, want outcome_unknown", err, e.Code)
	}
}

// cutConn loses what the server says from some moment on.
type cutConn struct {
	net.Conn
	cut *atomic.Bool
}

func (c cutConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if c.cut.Load() {
		return 0, errors.Join(io.ErrUnexpectedEOF, c.Close())
	}
	return n, err
}

// The server has committed, and the connection is lost before it says so: what became
// of it is not known, and the sender's repeat gets the first result.
func TestPostgresAnswerLost(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url)
	config, _, err := postgresConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	var cut atomic.Bool
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return cutConn{c, &cut}, err
	}
	mustAppend(t, s, "before")
	reconnect := s.writer.connect // between two writes nobody else looks at it
	s.writer.connect = connectPostgres(config)
	carryOut(t, operator(t, url), killOthers)
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

// What the server ends as a deadlock is tried again.
func TestPostgresDeadlock(t *testing.T) {
	url := NewPostgres(t)
	first := operator(t, url)
	carryOut(t, first, "ALTER DATABASE "+first.Config().Database+" SET deadlock_timeout = '3s'")
	s := openPostgresInternal(t, url)
	c := mustAppend(t, s, "before").Conversation
	op, watcher := operator(t, url), operator(t, url)
	for i := range 20 {
		nonce := fmt.Sprint("crossed", i)
		if !crossed(t, op, watcher, c.ID, func() {
			if r := mustAppend(t, s, nonce); !r.Fresh || int(r.Message.Seq) != 2+i {
				t.Errorf("fresh %v with seq %d", r.Fresh, r.Message.Seq)
			}
		}) {
			continue // the server ended the other: on a slow day it has waited the longer
		}
		var n int
		if err := watcher.QueryRow(t.Context(), "SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").Scan(&n); err != nil || n == 0 {
			t.Errorf("there were %d deadlocks, %v: this tests nothing", n, err)
		}
		return
	}
	t.Error("the server never ended what is to be tried again")
}

// crossed runs appending against a transaction that has its rows in the other order,
// and says whether that one lived.
func crossed(t *testing.T, op, watcher *pgx.Conn, id chat.ConversationID, appending func()) bool {
	t.Helper()
	carryOut(t, op, "BEGIN")
	carryOut(t, op, "UPDATE participants SET name = 'x' WHERE uid = 'V_1'")
	var wg sync.WaitGroup
	defer wg.Wait()
	wg.Go(appending)
	for n := 0; n == 0; { // until it has the conversation and waits for the participant
		if err := watcher.QueryRow(t.Context(), "SELECT COUNT(*) FROM pg_locks WHERE NOT granted").Scan(&n); err != nil {
			t.Fatal(err)
		}
	}
	_, err := op.Exec(t.Context(), "UPDATE conversations SET product = 'x' WHERE id = $1", string(id))
	if err != nil {
		carryOut(t, op, "ROLLBACK")
		return false
	}
	carryOut(t, op, "COMMIT")
	return true
}

// A server that cannot be reached is not asked again and again, and is when it is back.
func TestPostgresUnreachable(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url)
	mustAppend(t, s, "before")
	config, _, err := postgresConfig("postgres://postgres@127.0.0.1:1/nowhere?sslmode=disable")
	if err != nil {
		t.Fatal(err)
	}
	back := s.writer.connect
	s.writer.connect = connectPostgres(config)
	carryOut(t, operator(t, url), killOthers)
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
	if err := postgresFailure(errAway); chat.AsError(err).Code != "store_unreachable" {
		t.Error(err)
	}
}

// PostgreSQL stores no NUL: who sends one is told, and nobody else suffers.
func TestPostgresNUL(t *testing.T) {
	s := openPostgresInternal(t, NewPostgres(t))
	mustAppend(t, s, "before")
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range 6 {
		wg.Go(func() {
			a := draft(fmt.Sprint("n", i))
			if i == 3 {
				a.AgentName = "a\x00b"
			}
			_, err := s.Append(t.Context(), a)
			if (err != nil) != (i == 3) || i == 3 && chat.AsError(err).Code != "invalid_text" {
				t.Errorf("message %d: %v", i, err)
			}
		})
	}
	waiting(t, s, 6)
	release()
	wg.Wait()
	if _, err := s.Conversation(t.Context(), "a\x00b"); chat.KindOf(err) != chat.Invalid {
		t.Errorf("a conversation named with a NUL: %v", err)
	}
	if _, err := s.Products(t.Context(), []chat.ProductID{"a\x00b"}); chat.KindOf(err) != chat.Invalid {
		t.Errorf("a product named with a NUL: %v", err)
	}
	if _, err := s.Conversation(t.Context(), "\xff"); chat.KindOf(err) != chat.Invalid {
		t.Errorf("a conversation named with no UTF-8: %v", err)
	}
}

// Two nodes whose connections are ended all the time: who repeats what was not
// acknowledged has everything stored, once.
func TestPostgresChaos(t *testing.T) {
	url := NewPostgres(t)
	nodes := []*Store{openPostgresInternal(t, url), openPostgresInternal(t, url)}
	c := mustAppend(t, nodes[0], "first").Conversation
	var over atomic.Bool
	var unknown atomic.Int64
	var killer, wg sync.WaitGroup
	op := operator(t, url)
	killer.Go(func() { killAtRandom(t, op, &over) })
	const senders, each = 12, 60
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

// killAtRandom ends some of the connections, again and again.
func killAtRandom(t *testing.T, op *pgx.Conn, over *atomic.Bool) {
	t.Helper()
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for !over.Load() {
		<-tick.C
		if _, err := op.Exec(t.Context(), strings.Replace(killOthers, "pid, 5000", "pid", 1)+" AND random() < 0.3"); err != nil {
			t.Error(err)
			return
		}
	}
}

// insist sends a message until it is acknowledged, to one node after the other.
func insist(t *testing.T, nodes []*Store, first int, a chat.Append, unknown *atomic.Int64) {
	t.Helper()
	for try := 0; ; try++ {
		_, err := nodes[(first+try)%len(nodes)].Append(t.Context(), a)
		if err == nil {
			return
		}
		e := chat.AsError(err)
		if e.Code == "outcome_unknown" {
			unknown.Add(1)
		}
		if e.Kind != chat.Unavailable || try > 1000 {
			t.Errorf("append: %v", err)
			return
		}
		<-time.After(5 * time.Millisecond)
	}
}

func show(t *testing.T, s *Store, setting string) (value string) {
	t.Helper()
	err := s.write(t.Context(), "", func(x tx) error {
		return x.query(func(r row) error { value = r.text(0); return nil }, "SELECT current_setting('"+setting+"')")
	})
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// What the server would rather do does not weaken an ack, and the address may say how
// long is too long.
func TestPostgresSettings(t *testing.T) {
	url := NewPostgres(t)
	op := operator(t, url)
	for name, want := range map[string]string{"off": "on", "local": "on", "remote_write": "on", "on": "on", "remote_apply": "remote_apply"} {
		carryOut(t, op, "ALTER DATABASE "+op.Config().Database+" SET synchronous_commit = "+name)
		s := openPostgresInternal(t, url)
		if got := show(t, s, "synchronous_commit"); got != want {
			t.Errorf("synchronous_commit is %s where the server has %s, want %s", got, name, want)
		}
	}
	s := openPostgresInternal(t, url+"&statement_timeout=7s&pool_max_conns=2")
	for setting, want := range map[string]string{
		"statement_timeout": "7s", "lock_timeout": "5s", "idle_in_transaction_session_timeout": "10s", "application_name": "haggle",
	} {
		if got := show(t, s, setting); got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	if got := s.db.Stats().MaxOpenConnections; got != 2 {
		t.Errorf("%d connections may read, want 2", got)
	}
}

// Text of every language needs UTF-8: another database is refused before it is touched.
func TestPostgresEncoding(t *testing.T) {
	op := operator(t, NewPostgres(t))
	carryOut(t, op, "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C'")
	config := op.Config()
	url := fmt.Sprintf("postgres://%s@%s:%d/latin?sslmode=disable", config.User, config.Host, config.Port)
	if _, err := OpenPostgres(t.Context(), url); err == nil || !strings.Contains(err.Error(), "encoding is LATIN1") {
		t.Errorf("error %v, want that the encoding is LATIN1", err)
	}
}

// Who leaves a search ends it on the server, and others keep their connections.
func TestPostgresGivenUp(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url+"&pool_max_conns=1")
	backend := func() (pid int64) {
		err := s.query(t.Context(), func(r row) error { pid = r.int(0); return nil }, "SELECT pg_backend_pid()")
		if err != nil {
			t.Fatal(err)
		}
		return pid
	}
	before := backend()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	start := time.Now()
	err := s.query(ctx, func(row) error { return nil }, "SELECT pg_sleep(20)::text WHERE 'a' LIKE 'a'")
	if e := chat.AsError(err); err == nil || e.Code != "canceled" || time.Since(start) > 10*time.Second {
		t.Errorf("error %v with code %q after %v", err, e.Code, time.Since(start))
	}
	if after := backend(); after != before {
		t.Error("the connection was given up, too")
	}
}

// After a failover the server one is connected to may be a standby: the next write looks
// for the one that takes writes.
func TestPostgresReadOnly(t *testing.T) {
	s := openPostgresInternal(t, NewPostgres(t))
	mustAppend(t, s, "before")
	err := s.write(t.Context(), "", func(x tx) error {
		_, err := x.exec("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY")
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
