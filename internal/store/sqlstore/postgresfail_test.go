package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"haggle/internal/bus/localbus"
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

// wordedConn is to a server that says otherwise, as long as it is, what kind of message an
// error is.
type wordedConn struct {
	net.Conn
	as []byte
}

func (c wordedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.ReplaceAll(b[:n], []byte("SERROR\x00VERROR\x00"), c.as))
	return n, err
}

// inLanguages runs a test with a server that speaks English, with one that does not, and with
// one whose errors come without what is never translated.
func inLanguages(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Helper()
	t.Run("English", func(t *testing.T) {
		test(t, openPostgresInternal(t, NewPostgres(t)))
	})
	for name, as := range map[string]string{"translated": "SEROOR\x00VERROR\x00", "short": "SERROR\x00xERROR\x00"} {
		t.Run(name, func(t *testing.T) {
			url := NewPostgres(t)
			s := openPostgresInternal(t, url)
			s.writer.connect = connectsPostgres(t, url, func(c net.Conn) net.Conn { return wordedConn{c, []byte(as)} }) // before anything is written
			killsPostgres(t, url)(everyone)
			test(t, s)
		})
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

// So is what it takes back only when it is to be committed, in whatever language it says
// so: nothing of that is stored.
func TestPostgresTakenBackAtCommit(t *testing.T) {
	inLanguages(t, func(t *testing.T, s *Store) {
		mustAppend(t, s, "before")
		var fail string
		err := s.write(t.Context(), "", func(tx tx) error {
			w, ok := tx.(*postgresWriter)
			if !ok {
				return fmt.Errorf("%T writes", tx)
			}
			s.writer.conn = lateConn{w, &fail}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, code := range []string{"40001", "40P01", "23505"} { // serialization, deadlock, unique
			fail = code // nobody writes now
			if r, err := s.Append(t.Context(), draft(code)); err != nil || !r.Fresh || int(r.Message.Seq) != i+2 {
				t.Errorf("%s: %+v, %v", code, r.Message, err)
			}
		}
	})
}

// lateConn has the next commit fail with a code.
type lateConn struct {
	*postgresWriter
	code *string
}

func (c lateConn) commit() error {
	if *c.code != "" {
		c.later("DO $$ BEGIN RAISE EXCEPTION 'x' USING ERRCODE = '"+*c.code+"'; END $$", -1)
		*c.code = ""
	}
	return c.postgresWriter.commit()
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

// PostgreSQL stores no NUL: who sends one is told, and nobody else suffers, whatever
// language the server speaks.
func TestPostgresNUL(t *testing.T) {
	inLanguages(t, func(t *testing.T, s *Store) {
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
	})
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
	wants := postgresParams()
	wants["statement_timeout"] = "7s"
	for setting, want := range wants {
		var read string
		err := s.query(t.Context(), func(r row) error { read = r.text(0); return nil }, "SELECT current_setting('"+setting+"')")
		if written := show(t, s, setting); written != want || read != want || err != nil {
			t.Errorf("%s is %s for writing and %s for reading, want %s, %v", setting, written, read, want, err)
		}
	}
	if got := s.db.Stats().MaxOpenConnections; got != 2 {
		t.Errorf("%d connections may read, want 2", got)
	}
}

// A database that had been served from was refused for settings of its own, of its role's or
// of the address's.
func TestPostgresSettingsOfOthers(t *testing.T) {
	url := NewPostgres(t)
	op := operator(t, url)
	for _, setting := range []string{"standard_conforming_strings = off", "client_encoding = 'latin1'"} {
		carryOut(t, op, "ALTER DATABASE "+op.Config().Database+" SET "+setting)
	}
	s := openPostgresInternal(t, url+"&log_disconnections=on&client_encoding=latin1&standard_conforming_strings=off")
	for setting, want := range map[string]string{"standard_conforming_strings": "on", "client_encoding": "UTF8", "log_disconnections": "on"} {
		if got := show(t, s, setting); got != want {
			t.Errorf("%s is %s, want %s", setting, got, want)
		}
	}
	d := draft("n")
	d.Blocks[0].Text = `c:\new 今天发货 'o'`
	if r, err := s.Append(t.Context(), d); err != nil || r.Message.Blocks[0].Text != d.Blocks[0].Text {
		t.Errorf("%+v, %v", r, err)
	}
}

// Behind a pooler in session mode nobody got in: it refuses to begin a connection with
// most settings. What the address says of them counts all the same.
func TestPostgresPooler(t *testing.T) {
	url := NewPostgres(t)
	config, _, err := postgresConfig(url + "&search_path=o'brien%5C&statement_timeout=7s&application_name=moving")
	if err != nil {
		t.Fatal(err)
	}
	var first firstWords
	dial := config.DialFunc
	config.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := dial(ctx, network, addr)
		first = firstWords{c, new([]byte)}
		return first, err
	}
	for timeout, config := range map[string]*pgx.ConnConfig{"7s": config, "0": patientPostgres(config)} {
		c, err := pgx.ConnectConfig(t.Context(), config)
		if err != nil {
			t.Fatal(err)
		}
		said := strings.Split(strings.TrimRight(string((*first.said)[8:]), "\x00"), "\x00") // after length and version
		for i := 0; i < len(said); i += 2 {
			if !slices.Contains([]string{"user", "database", "application_name", "client_encoding", "standard_conforming_strings"}, said[i]) {
				t.Errorf("it begins with %q", said)
			}
		}
		for setting, want := range map[string]string{
			"application_name": "moving", "statement_timeout": timeout, "enable_seqscan": "off", "search_path": `o'brien\`,
		} {
			var got string
			if err := c.QueryRow(t.Context(), "SELECT current_setting('"+setting+"')").Scan(&got); err != nil || got != want {
				t.Errorf("%s is %s, %v, want %s", setting, got, err, want)
			}
		}
		if err := c.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

// firstWords keeps what is said first.
type firstWords struct {
	net.Conn
	said *[]byte
}

func (c firstWords) Write(b []byte) (int, error) {
	if len(*c.said) == 0 {
		*c.said = bytes.Clone(b)
	}
	return c.Conn.Write(b)
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

// A database that was put back while nodes run, older and with an epoch from before, is
// noticed by all of them, and so is the new one that it is given: none goes on with what
// it remembers of the other, neither its epoch, nor what it has stored there, nor who
// takes part in what is lost.
func TestPostgresPutBack(t *testing.T) {
	url := NewPostgres(t) // without a server it skips
	config, _, err := postgresConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	p, err := postgresServer()
	if err != nil {
		t.Fatal(err)
	}
	nodes := []*Store{openPostgresInternal(t, url), openPostgresInternal(t, url)}
	wantAt := func(what string, epoch chat.Epoch, pos chat.Pos) {
		t.Helper()
		for i, s := range nodes {
			if got, at, err := s.Positions(t.Context(), []chat.UID{"V_1"}); err != nil || got != epoch || at["V_1"] != pos {
				t.Errorf("%s: node %d tells of epoch %q and position %d, %v, want %q and %d", what, i, got, at["V_1"], err, epoch, pos)
			}
		}
	}
	newEpoch := func(s *Store) chat.Epoch {
		t.Helper()
		epoch, err := s.NewEpoch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return epoch
	}
	operate := func(statements ...string) {
		t.Helper()
		for _, s := range statements {
			if err := p.Exec(t.Context(), "postgres", s); err != nil {
				t.Fatal(err)
			}
		}
	}
	name := config.Database
	hangUp := "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE datname = '" + name + "'"

	old := newEpoch(nodes[0])
	kept := mustAppend(t, nodes[1], "kept")
	wantAt("before", old, kept.Conversation.Sides[chat.MerchantSide].Pos)
	operate(hangUp, "CREATE DATABASE "+name+"_backup TEMPLATE "+name)

	newEpoch(nodes[1])
	later := newEpoch(nodes[0]) // now no node's last one is the old one
	service := chat.NewService(nodes[0], localbus.New(), unlimited{}, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
	gone := begunBy(t, nodes[0], "U_2")
	wantKnown(t, service, gone, true)
	lost := mustAppend(t, nodes[0], "lost")
	wantAt("later", later, lost.Conversation.Sides[chat.MerchantSide].Pos)
	operate(hangUp, "DROP DATABASE "+name, "ALTER DATABASE "+name+"_backup RENAME TO "+name)

	wantAt("put back", old, kept.Conversation.Sides[chat.MerchantSide].Pos)
	wantKnown(t, service, gone, false)
	wantAt("given a new one", newEpoch(openPostgresInternal(t, url)), kept.Conversation.Sides[chat.MerchantSide].Pos)
	for i, s := range nodes { // the first has stored it before
		if r := mustAppend(t, s, "lost"); r.Fresh != (i == 0) || r.Message.Seq != 2 {
			t.Errorf("what was lost and is sent again, by node %d, is fresh: %v, as %d", i, r.Fresh, r.Message.Seq)
		}
	}
}

// unlimited is a limiter that allows all.
type unlimited struct{}

func (unlimited) Allow(chat.Action, string) (time.Duration, bool) { return 0, true }

// begunBy has somebody begin a conversation with the shop.
func begunBy(t *testing.T, s *Store, buyer chat.UID) chat.ConversationID {
	t.Helper()
	a := draft("begins")
	a.Start, a.Sender = &chat.Start{ID: chat.NewConversationID(), Buyer: buyer, Other: "V_1"}, buyer
	r, err := s.Append(t.Context(), a)
	if err != nil {
		t.Fatal(err)
	}
	return r.Conversation.ID
}

// wantKnown has the shop do with a conversation what can be done. Where it is not there,
// each is told so, and none of a fault.
func wantKnown(t *testing.T, s *chat.Service, id chat.ConversationID, known bool) {
	t.Helper()
	ctx, shop := t.Context(), chat.Actor{UID: "V_1", Agent: "mei", AgentName: "Mei"}
	for name, do := range map[string]func() error{
		"conversation":    func() error { _, err := s.Conversation(ctx, shop, id); return err },
		"messages after":  func() error { _, err := s.MessagesAfter(ctx, shop, id, 0, 10); return err },
		"messages before": func() error { _, err := s.MessagesBefore(ctx, shop, id, 0, 10); return err },
		"pictures":        func() error { _, err := s.MessagesWithImages(ctx, shop, id, 0, 10); return err },
		"recalls":         func() error { _, err := s.RecallsAfter(ctx, shop, id, 0, 10); return err },
		"read":            func() error { return s.Read(ctx, shop, id, 1) },
		"pin":             func() error { _, err := s.SetFlag(ctx, shop, id, chat.PinnedFlag, true); return err },
		"block":           func() error { _, err := s.SetBlocked(ctx, shop, id, false); return err },
		"send": func() error {
			blocks := []chat.DraftBlock{{Type: chat.TextBlock, Text: "hello"}}
			_, err := s.Send(ctx, shop, chat.Draft{Conversation: id, Nonce: "answer", Blocks: blocks}, "")
			return err
		},
	} {
		if err := do(); known && err != nil || !known && (err == nil || chat.KindOf(err) != chat.NotFound) {
			t.Errorf("%s, of a conversation that is there: %v: %v", name, known, err)
		}
	}
}
