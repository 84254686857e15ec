package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"haggle/internal/chat"
)

// dbServer is an engine whose connections fail.
type dbServer struct {
	name     string
	database func(t testing.TB) (url string) // empty, the test's own
	bare     func(t testing.TB) (url string) // without tables, too
	open     func(ctx context.Context, url string, tell ...func(Migration)) (*Store, error)

	// kill ends the connections to a database that chosen says, all but the one of who
	// asks for it, and waits until they are gone.
	kill func(t *testing.T, url string) (kill func(chosen func() bool))

	// connect is how the writer connects to a database; what the server says goes through
	// wrap.
	connect func(t *testing.T, url string, wrap func(net.Conn) net.Conn) connect

	nowhere  string            // the address of no server
	standby  string            // makes a connection one to a server that takes no writes
	takeBack map[string]string // statements that fail as a transaction does that somebody else's is in the way of
	failures func(error) error
}

// onServers runs a test on each of them.
func onServers(t *testing.T, test func(t *testing.T, d *dbServer)) {
	t.Helper()
	for _, d := range []dbServer{
		{
			name: "postgres", database: NewPostgres, bare: barePostgres, open: OpenPostgres, kill: killsPostgres, connect: connectsPostgres,
			nowhere: "postgres://postgres@127.0.0.1:1/nowhere?sslmode=disable",
			standby: "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", failures: postgresFailure,
			takeBack: map[string]string{
				"serialization": "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40001'; END $$",
				"deadlock":      "DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '40P01'; END $$",
			},
		},
		{
			name: "mariadb", database: NewMariaDB, bare: bareMariaDB, open: OpenMySQL, kill: killsMySQL, connect: connectsMySQL,
			nowhere: "mysql://root@127.0.0.1:1/nowhere",
			standby: "SET SESSION TRANSACTION READ ONLY", failures: mysqlFailure,
			takeBack: map[string]string{
				"changed since": "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1020, MESSAGE_TEXT = 'x'",
				"lock wait":     "SIGNAL SQLSTATE 'HY000' SET MYSQL_ERRNO = 1205, MESSAGE_TEXT = 'x'",
				"deadlock":      "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'x'",
			},
		},
	} {
		t.Run(d.name, func(t *testing.T) { test(t, &d) })
	}
}

func (d *dbServer) openAt(t *testing.T, url string) *Store {
	t.Helper()
	s, err := d.open(t.Context(), url)
	return CloseWithTest(t, s, err)
}

// endPostgres ends a connection and waits, for five seconds, until it is gone.
const endPostgres = `
SELECT pg_terminate_backend($1, 5000)`

const othersOfPostgres = `
SELECT pid
FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend'`

func killsPostgres(t *testing.T, url string) func(chosen func() bool) {
	t.Helper()
	op := operator(t, url)
	return func(chosen func() bool) {
		t.Helper()
		rows, _ := op.Query(t.Context(), othersOfPostgres) // collecting them tells what is wrong
		pids, err := pgx.CollectRows(rows, pgx.RowTo[int32])
		if err != nil {
			t.Error(err)
			return
		}
		for _, pid := range pids {
			if !chosen() {
				continue
			}
			if _, err := op.Exec(t.Context(), endPostgres, pid); err != nil {
				t.Error(err)
				return
			}
		}
	}
}

func killsMySQL(t *testing.T, url string) func(chosen func() bool) {
	t.Helper()
	op := oneOperator(t, url)
	return func(chosen func() bool) {
		t.Helper()
		for _, id := range connectionsOf(t, op) {
			if !chosen() {
				continue
			}
			_, _ = op.ExecContext(t.Context(), fmt.Sprint("KILL ", id)) // it may have ended by itself
			for askMySQL(t, op, "SELECT COUNT(*) FROM information_schema.processlist WHERE id = ?", id) != "0" {
				<-time.After(time.Millisecond)
			}
		}
	}
}

func connectsPostgres(t *testing.T, url string, wrap func(net.Conn) net.Conn) connect {
	t.Helper()
	config, _, err := postgresConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		return wrap(c), err
	}
	return connectPostgres(config)
}

func connectsMySQL(t *testing.T, url string, wrap func(net.Conn) net.Conn) connect {
	t.Helper()
	at, err := parseMySQL(url)
	if err != nil {
		t.Fatal(err)
	}
	at.config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := new(net.Dialer).DialContext(ctx, network, addr)
		return wrap(c), err
	}
	connector, err := at.connector(&mysqlServer{isMariaDB: true})
	if err != nil {
		t.Fatal(err)
	}
	return connectMySQL(connector)
}

func everyone() bool { return true }

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

// hookedConn does something before a commit.
type hookedConn struct {
	writerConn
	before func()
}

func (c hookedConn) commit() error {
	c.before()
	return c.writerConn.commit()
}

// hook has before called at the next commit that writes.
func hook(t *testing.T, s *Store, before func()) {
	t.Helper()
	err := s.write(t.Context(), "", func(tx) error {
		if _, hooked := s.writer.conn.(hookedConn); hooked {
			return errors.New("it is hooked already")
		}
		once := sync.OnceFunc(before)
		skipped := false
		s.writer.conn = hookedConn{s.writer.conn, func() {
			if skipped {
				once()
			}
			skipped = true // that of this write itself
		}}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func wantUnknown(t *testing.T, err error) {
	t.Helper()
	if e := chat.AsError(err); err == nil || e.Kind != chat.Unavailable || e.Code != "outcome_unknown" {
		t.Fatalf("error %v with code %q, want outcome_unknown", err, e.Code)
	}
}

// A server that was started again, or has hung up, is nobody's matter, as long as nothing
// was said meanwhile.
func TestServerConnectionsEnded(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		s := d.openAt(t, url)
		c := mustAppend(t, s, "before").Conversation
		kill := d.kill(t, url)
		for i := range 3 {
			kill(everyone)
			if r := mustAppend(t, s, fmt.Sprint("after ", i)); int(r.Message.Seq) != i+2 {
				t.Errorf("seq %d, want %d", r.Message.Seq, i+2)
			}
			kill(everyone)
			if ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 10); err != nil || len(ms) != i+2 {
				t.Errorf("%d messages, %v, want %d", len(ms), err, i+2)
			}
		}
	})
}

// The connection is ended before the server has got the COMMIT. Either that is noticed
// before anything is sent, and the batch is tried again, or what became of it is not
// known, and the sender repeats it. It is stored once.
func TestServerKilledBeforeCommit(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		s := d.openAt(t, url)
		mustAppend(t, s, "before")
		kill := d.kill(t, url)
		hook(t, s, func() { kill(everyone) })
		if _, err := s.Append(t.Context(), draft("lost")); err != nil {
			wantUnknown(t, err)
		}
		if r := mustAppend(t, s, "lost"); r.Message.Seq != 2 {
			t.Errorf("seq %d, want 2", r.Message.Seq)
		}
	})
}

// The server has committed, and the connection is lost before it says so: what became of
// it is not known, and the sender's repeat gets the first result.
func TestServerAnswerLost(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		s := d.openAt(t, url)
		var cut atomic.Bool
		mustAppend(t, s, "before")
		reconnect := s.writer.connect // between two writes nobody else looks at it
		s.writer.connect = d.connect(t, url, func(c net.Conn) net.Conn { return cutConn{c, &cut} })
		d.kill(t, url)(everyone)
		mustAppend(t, s, "through it")
		hook(t, s, func() { cut.Store(true) })
		_, err := s.Append(t.Context(), draft("lost"))
		wantUnknown(t, err)
		cut.Store(false)
		s.writer.connect = reconnect
		if r := mustAppend(t, s, "lost"); r.Fresh || r.Message.Seq != 3 {
			t.Errorf("fresh %v with seq %d, want what was stored, as 3", r.Fresh, r.Message.Seq)
		}
	})
}

// A server that cannot be reached is not asked again and again, and is when it is back.
func TestServerUnreachable(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		s := d.openAt(t, url)
		mustAppend(t, s, "before")
		back := s.writer.connect
		s.writer.connect = d.connect(t, d.nowhere, func(c net.Conn) net.Conn { return c })
		d.kill(t, url)(everyone)
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
		if err := d.failures(errAway); chat.AsError(err).Code != "store_unreachable" {
			t.Error(err)
		}
	})
}

// Two nodes whose connections are ended all the time: who repeats what was not
// acknowledged has everything stored, once.
func TestServerChaos(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		nodes := []*Store{d.openAt(t, url), d.openAt(t, url)}
		c := mustAppend(t, nodes[0], "first").Conversation
		over := make(chan struct{})
		var unknown atomic.Int64
		var killer, wg sync.WaitGroup
		kill := d.kill(t, url)
		killer.Go(func() { killAtRandom(kill, over) })
		const senders, each = 12, 60
		for i := range senders {
			wg.Go(func() {
				for n := range each {
					insist(t, nodes, i, draft(fmt.Sprintf("n-%d-%d", i, n)), &unknown)
				}
			})
		}
		wg.Wait()
		close(over)
		killer.Wait()
		t.Logf("%d outcomes were not known", unknown.Load())
		wantAllOnce(t, nodes[0], c.ID, senders*each+1)
	})
}

// killAtRandom ends some of the connections, again and again.
func killAtRandom(kill func(chosen func() bool), over <-chan struct{}) {
	tick := time.NewTicker(30 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			kill(func() bool { return rand.N(10) < 3 })
		case <-over:
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

// wantAllOnce wants so many messages, numbered without a gap, none of them twice.
func wantAllOnce(t *testing.T, s *Store, id chat.ConversationID, n int) {
	t.Helper()
	ms, err := s.MessagesAfter(t.Context(), id, 0, 10_000)
	if err != nil {
		t.Fatal(err)
	}
	if len(ms) != n {
		t.Errorf("%d messages, want %d", len(ms), n)
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
// connects anew, to the one that takes writes.
func TestServerReadOnly(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		s := d.openAt(t, d.database(t))
		mustAppend(t, s, "before")
		err := s.write(t.Context(), "", func(x tx) error {
			_, err := x.exec(d.standby)
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
	})
}

// What the server takes back because somebody else is in the way is tried again, with all
// that shares its transaction. If somebody is in the way each time, nothing of it is
// stored, and the senders are told to try later.
func TestServerTakesBack(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		for name, statement := range d.takeBack {
			t.Run(name, func(t *testing.T) {
				s := d.openAt(t, d.database(t))
				ran, errs := takenBack(t, s, statement, 1)
				if want := [3]int{2, 2, 1}; ran != want || errors.Join(errs[:]...) != nil {
					t.Errorf("tried %v times, want %v, %v", ran, want, errs)
				}
				ran, errs = takenBack(t, s, statement, 1+rivals)
				if want := [3]int{1 + rivals, 1 + rivals, 0}; ran != want {
					t.Errorf("tried %v times, want %v", ran, want)
				}
				for i, err := range errs {
					wantBusy(t, err)
					wantSecret(t, s, fmt.Sprint("w", i), "taken back 1")
				}
				mustAppend(t, s, "after")
			})
		}
	})
}

func wantBusy(t *testing.T, err error) {
	t.Helper()
	if e := chat.AsError(err); err == nil || e.Kind != chat.Unavailable || e.Code != "store_busy" {
		t.Errorf("error %v with code %q, want store_busy", err, e.Code)
	}
}

func wantSecret(t *testing.T, s *Store, name, want string) {
	t.Helper()
	if got, err := s.Secret(t.Context(), name, []byte("none")); err != nil || string(got) != want {
		t.Errorf("%s is %q, %v, want %q", name, got, err, want)
	}
}

// takenBack has three writes share a transaction, whose second fails so many times. It
// returns how often each was tried, and what came of it.
func takenBack(t *testing.T, s *Store, statement string, times int) (ran [3]int, errs [3]error) {
	t.Helper()
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range ran {
		wg.Go(func() {
			name := fmt.Sprint("w", i)
			errs[i] = s.write(t.Context(), name, func(x tx) error {
				ran[i]++
				if _, err := x.exec(replaceSetting, name, fmt.Append(nil, "taken back ", times)); err != nil || i != 1 || ran[i] > times {
					return err
				}
				_, err := x.exec(statement)
				return err
			})
		})
	}
	waiting(t, s, len(ran))
	release()
	wg.Wait()
	return ran, errs
}
