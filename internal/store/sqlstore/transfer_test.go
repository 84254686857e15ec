package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// filled returns a store with something in every table that is copied, and more
// conversations and messages than a page holds.
func filled(t *testing.T, s *Store) *Store {
	t.Helper()
	ctx := t.Context()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(s.PutParticipant(ctx, "V_1", "Gift Card House 🎁", "https://shop.example/7.png"))
	must(s.PutProduct(ctx, chat.Product{ID: "p1", Merchant: "V_1", Title: "ÄPFEL", Price: chat.Money{Amount: 1, Currency: "CNY"}, Kind: chat.Physical}))
	must(s.PutPhrase(ctx, chat.Phrase{ID: "a", Owner: chat.PhraseOwner{Merchant: "V_1", Agent: "mei"}, Title: "t", Text: "b"}, 10))
	_, err := s.PutShopSettings(ctx, "V_1", chat.ShopSettings{})
	must(err)
	_, err = s.Secret(ctx, "tokens", []byte("0123456789"))
	must(err)
	for _, key := range []string{"a", "b"} {
		_, _, err := s.AddFile(ctx, chat.File{ID: chat.FileID("file" + key), Uploader: "U_1", Key: chat.Nonce(key), Hash: []byte{0, 1}, Type: "image/gif", CreatedAt: time.Now()})
		must(err)
	}
	var last chat.Appended
	for i := range transferPage + 40 {
		d := draft(fmt.Sprintf("n%d", i))
		if i%20 == 0 { // another conversation
			d.Start = &chat.Start{ID: chat.NewConversationID(), Buyer: chat.UID(fmt.Sprintf("U_%d", i)), Other: "V_1"}
			d.Sender = d.Start.Buyer
		}
		if i == 1 {
			d.Product = "p1"
			d.Blocks = append(d.Blocks, chat.Block{Type: chat.ImageBlock, Image: &chat.Image{File: "filea"}})
		}
		d.RemindAt = time.Now().Add(time.Hour)
		a, err := s.Append(ctx, d)
		must(err)
		if d.Sender == "U_1" {
			last = a
		}
	}
	id := last.Conversation.ID
	_, err = s.Advance(ctx, []chat.Mark{{Conversation: id, Side: chat.MerchantSide, Read: 3}})
	must(err)
	_, err = s.Recall(ctx, chat.RecallRequest{Conversation: id, Seq: 1, By: "U_1", At: time.Now(), NotBefore: time.UnixMilli(1)})
	must(err)
	_, err = s.SetFlag(ctx, id, chat.MerchantSide, chat.PinnedFlag, true)
	must(err)
	must(s.AddReport(ctx, chat.Report{Conversation: id, By: "U_1", Reason: "rude", At: time.Now()}))
	_, err = s.Numbers(ctx, id, []chat.Seq{5})
	must(err)
	return s
}

// everything returns how clients and the shop see a store.
func everything(t *testing.T, s *Store) map[string]any {
	t.Helper()
	all := make(map[string]any)
	keep := func(name string, v any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all[name] = v
	}
	ctx := t.Context()
	epoch, pos, err := s.Positions(ctx, []chat.UID{"U_1", "V_1"})
	keep("positions", pos, err)
	all["epoch"] = epoch
	cs, err := s.Conversations(ctx, chat.ConversationQuery{UID: "V_1", Order: chat.NewestFirst, Limit: 100})
	keep("conversations", cs, err)
	for _, filter := range []chat.Filter{chat.UnreadConversations, chat.WaitingConversations, chat.PinnedConversations} {
		for _, uid := range []chat.UID{"V_1", "U_1"} {
			cs, err := s.Conversations(ctx, chat.ConversationQuery{UID: uid, Filter: filter, Limit: 100})
			keep(fmt.Sprint(filter, " ones of ", uid), cs, err)
		}
	}
	c, err := s.ConversationBetween(ctx, "U_1", "V_1")
	keep("conversation", c, err)
	ms, err := s.MessagesAfter(ctx, c.ID, 0, 1000)
	keep("messages", ms, err)
	recalls, err := s.RecallsAfter(ctx, c.ID, 0, 100)
	keep("recalls", recalls, err)
	fs, err := s.Files(ctx, []chat.FileID{"filea", "fileb"})
	keep("files", fs, err)
	recalled, err := s.RecalledFiles(ctx, 100)
	keep("recalled files", recalled, err)
	people, err := s.Participants(ctx, []chat.UID{"V_1"})
	keep("participants", people, err)
	ps, err := s.ProductsOf(ctx, chat.ProductQuery{Merchant: "V_1", Limit: 10})
	keep("products", ps, err)
	asked, err := s.ProductsAsked(ctx, c.ID, 10)
	keep("asked", asked, err)
	reports, err := s.Reports(ctx, 0, 10)
	keep("reports", reports, err)
	phrases, err := s.Phrases(ctx, chat.PhraseOwner{Merchant: "V_1", Agent: "mei"})
	keep("phrases", phrases, err)
	secret, err := s.Secret(ctx, "tokens", []byte("another"))
	keep("secret", secret, err)
	numbers, err := s.Numbers(ctx, c.ID, []chat.Seq{5})
	keep("numbers", numbers, err)
	return all
}

func quiet(Transferred) {}

// engines are those that a test can have, by how a store of them is opened anew.
func engines(t *testing.T) map[string]func(t *testing.T) (open func() (*Store, error)) {
	t.Helper()
	return map[string]func(t *testing.T) func() (*Store, error){
		"sqlite": func(t *testing.T) func() (*Store, error) {
			t.Helper()
			path := filepath.Join(t.TempDir(), "chat.db")
			return func() (*Store, error) { return OpenSQLite(t.Context(), path) }
		},
		"postgres": func(t *testing.T) func() (*Store, error) {
			t.Helper()
			url := NewPostgres(t)
			return func() (*Store, error) { return OpenPostgres(t.Context(), url) }
		},
		"mariadb": func(t *testing.T) func() (*Store, error) {
			t.Helper()
			url := NewMariaDB(t)
			return func() (*Store, error) { return OpenMySQL(t.Context(), url) }
		},
	}
}

// What is copied to another engine is what it was: clients go on where they were, and
// what comes next gets the next numbers.
func TestTransfer(t *testing.T) {
	for source, openSource := range engines(t) {
		for target, openTarget := range engines(t) {
			t.Run(source+" to "+target, func(t *testing.T) { testTransfer(t, openSource(t), openTarget(t)) })
		}
	}
}

func testTransfer(t *testing.T, openSource, openTarget func() (*Store, error)) {
	t.Helper()
	from, err := openSource()
	from = filled(t, CloseWithTest(t, from, err))
	to, err := openTarget()
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(Transfer(t.Context(), from, to, quiet, nil), to.Close()); err != nil {
		t.Fatal(err)
	}
	to, err = openTarget() // as the server does
	CloseWithTest(t, to, err)
	if unfinished, err := to.Filling(t.Context()); unfinished != "" || err != nil {
		t.Errorf("it is still being filled from %s, %v", unfinished, err)
	}
	was := everything(t, from)
	if d := cmp.Diff(was, everything(t, to)); d != "" {
		t.Errorf("(-was +is):\n%s", d)
	}
	checkIndexed(t, to)
	checkGoesOn(t, from, to)
}

// checkIndexed wants everything that was said to be found in the end, also in
// conversations that nobody writes in any more.
func checkIndexed(t *testing.T, to *Store) {
	t.Helper()
	indexAll(t, to)
	for i := range transferPage + 40 {
		buyer := chat.UID("U_1")
		if i%20 == 0 {
			buyer = chat.UID(fmt.Sprintf("U_%d", i))
		}
		found, err := to.SearchMessages(t.Context(), chat.MessageQuery{UID: buyer, Text: "hello", Limit: 10})
		if err != nil || len(found) == 0 || buyer != "U_1" && len(found) != 1 {
			t.Fatalf("%s finds %d messages, %v", buyer, len(found), err)
		}
	}
}

// indexAll makes everything searchable.
func indexAll(t *testing.T, s *Store) {
	t.Helper()
	for n := 1; n > 0; {
		var err error
		if n, err = s.IndexMessages(t.Context(), 1000); err != nil {
			t.Fatal(err)
		}
	}
}

// checkGoesOn has the same said in both stores, and wants the same to come of it.
func checkGoesOn(t *testing.T, from, to *Store) {
	t.Helper()
	begin := draft("another buyer")
	begin.Start = &chat.Start{ID: chat.NewConversationID(), Buyer: "U_new", Other: "V_1"}
	begin.Sender = "U_new"
	for _, d := range []chat.Append{draft("n39"), draft("the next"), begin} {
		was, err := from.Append(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		is, err := to.Append(t.Context(), d)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(was, is); diff != "" {
			t.Errorf("%s (-was +is):\n%s", d.Nonce, diff)
		}
	}
	indexAll(t, to)
	found, err := to.SearchMessages(t.Context(), chat.MessageQuery{UID: "U_1", Text: "hello", Limit: 10})
	if err != nil || len(found) != 10 {
		t.Errorf("%d messages are found, %v; want a page of 10", len(found), err)
	}
}

// A transfer that is broken off, wherever, goes on where it was; until it is done the
// store says that it is none to serve from.
func TestTransferAgain(t *testing.T) {
	from := filled(t, openInternal(t))
	steps := 0
	if err := Transfer(t.Context(), from, openInternal(t), func(Transferred) { steps++ }, nil); err != nil {
		t.Fatal(err)
	}
	for _, stop := range []int{1, 4, 9, 20, steps / 2, steps - 1} {
		to := openInternal(t)
		ctx, cancel := context.WithCancel(t.Context())
		n := 0
		err := Transfer(ctx, from, to, func(Transferred) {
			if n++; n == stop {
				cancel()
			}
		}, nil)
		if cancel(); err == nil {
			t.Fatalf("stopped at %d of %d: it says that it is done", stop, steps)
		}
		if unfinished, err := to.Filling(t.Context()); unfinished == "" || err != nil {
			t.Errorf("stopped at %d: it says that it is whole, %v", stop, err)
		}
		if err := Transfer(t.Context(), from, to, quiet, nil); err != nil {
			t.Fatalf("stopped at %d, again: %v", stop, err)
		}
		is := everything(t, to)
		is["epoch"] = everything(t, from)["epoch"] // an open store keeps its own
		if d := cmp.Diff(everything(t, from), is); d != "" {
			t.Errorf("stopped at %d (-was +is):\n%s", stop, d)
		}
	}
}

// A database with data in it is not overwritten, nor mixed with another's.
func TestTransferRefuses(t *testing.T) {
	from, other := filled(t, openInternal(t)), filled(t, openInternal(t))
	if err := Transfer(t.Context(), from, other, quiet, nil); err == nil || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("into one that is in use: %v", err)
	}
	to := openInternal(t)
	ctx, cancel := context.WithCancel(t.Context())
	if err := Transfer(ctx, from, to, func(Transferred) { cancel() }, nil); err == nil {
		t.Fatal("it says that it is done")
	}
	if err := Transfer(t.Context(), other, to, quiet, nil); err == nil || !strings.Contains(err.Error(), "from another one") {
		t.Errorf("from another one: %v", err)
	}
	if err := Transfer(t.Context(), to, openInternal(t), quiet, nil); err == nil || !strings.Contains(err.Error(), "not filled to the end") {
		t.Errorf("from half of one: %v", err)
	}
}

// One database under two addresses was compared with itself, and said to be moved: who
// deleted the old one deleted the only one.
func TestTransferToItself(t *testing.T) {
	for engine, open := range engines(t) {
		t.Run(engine, func(t *testing.T) {
			from, err := open(t)()
			from = filled(t, CloseWithTest(t, from, err))
			did := 0
			err = Transfer(t.Context(), from, from, func(Transferred) { did++ }, &Errand{To: "a", Do: func(context.Context) error { did++; return nil }})
			if e := chat.AsError(err); err == nil || e.Code != "same_database" || did > 0 {
				t.Errorf("into itself: %v with code %q, after %d steps; want it refused", err, e.Code, did)
			}
			if left, err := from.Setting(t.Context(), probeName); left != nil || err != nil {
				t.Errorf("it still has %q, by which that was found out, %v", left, err)
			}
			if unfinished, err := from.Filling(t.Context()); unfinished != "" || err != nil {
				t.Errorf("it cannot be served from: being filled from %q, %v", unfinished, err)
			}
		})
	}
}

// Pictures that broke off are not left out, nor scattered over two places, by whoever
// goes on with the transfer.
func TestTransferKeepsItsErrand(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	broken, did := errors.New("no pictures"), 0
	toA := &Errand{To: "a", Do: func(context.Context) error {
		if did++; did == 1 {
			return broken
		}
		return nil
	}}
	if err := Transfer(t.Context(), from, to, quiet, toA); !errors.Is(err, broken) {
		t.Fatalf("transfer: %v, want %v", err, broken)
	}
	for _, other := range []*Errand{nil, {To: "b", Do: toA.Do}} {
		err := Transfer(t.Context(), from, to, quiet, other)
		if e, ok := errors.AsType[*ErrandError](err); !ok || e.Begun != "a" {
			t.Errorf("gone on with %+v: %v, want it to ask for a", other, err)
		}
		if unfinished, err := to.Filling(t.Context()); unfinished == "" || err != nil || did != 1 {
			t.Errorf("gone on with %+v: it says that it is whole, %v; done %d times", other, err, did)
		}
	}
	if err := Transfer(t.Context(), from, to, quiet, toA); err != nil || did != 2 {
		t.Errorf("gone on as it was begun: %v, done %d times", err, did)
	}
	if left, err := to.Setting(t.Context(), errandName); left != nil || err != nil {
		t.Errorf("in the end it still has %q noted, %v", left, err)
	}
}

// A database that was moved without its pictures could be served from while these were
// on their way: nothing said that they were not all there.
func TestTransferErrandLater(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	if err := Transfer(t.Context(), from, to, quiet, nil); err != nil {
		t.Fatal(err)
	}
	broken := errors.New("no pictures")
	later := &Errand{To: "a", Do: func(context.Context) error { return broken }}
	want := func(what string, err, wanted error, filling bool) {
		t.Helper()
		if unfinished, e := to.Filling(t.Context()); !errors.Is(err, wanted) || (unfinished != "") != filling || e != nil {
			t.Errorf("%s: %v, want %v; being filled from %q, %v", what, err, wanted, unfinished, e)
		}
	}
	want("broken off", Transfer(t.Context(), from, to, quiet, later), broken, true)
	if e, ok := errors.AsType[*ErrandError](Transfer(t.Context(), from, to, quiet, nil)); !ok || e.Begun != "a" {
		t.Errorf("gone on without it: %v, want it to ask for a", e)
	}
	var last Transferred
	later = &Errand{To: "b", Do: func(context.Context) error { return nil }} // a was a slip of the pen
	want("elsewhere", Transfer(t.Context(), from, to, func(d Transferred) { last = d }, later), nil, false)
	if left, err := to.Setting(t.Context(), errandName); left != nil || err != nil || !last.Already {
		t.Errorf("in the end it still has %q noted, %v, %+v", left, err, last)
	}
	mustAppend(t, to, "the next")
	want("when it has been served from", Transfer(t.Context(), from, to, quiet, later), errUsed, false)
}

// A bucket was marked, and filled, for a database that was then refused, as it had a mark
// of its own.
func TestTransferErrandRefused(t *testing.T) {
	for name, before := range map[string]bool{"the old one has its own": true, "the old one gets it": false} {
		from, to, did := filled(t, openInternal(t)), openInternal(t), 0
		if err := Transfer(t.Context(), from, to, quiet, nil); err != nil {
			t.Fatal(err)
		}
		own := func(s *Store, value string) error {
			_, err := s.Secret(t.Context(), "blobs_owner", []byte(value))
			return err
		}
		err := own(to, "x")
		if before {
			err = errors.Join(err, own(from, "y"))
		}
		if err != nil {
			t.Fatal(err)
		}
		err = Transfer(t.Context(), from, to, quiet, &Errand{To: "a", Secret: "blobs_owner", Do: func(context.Context) error {
			did++
			return own(from, "y")
		}})
		if unfinished, e := to.Filling(t.Context()); !errors.Is(err, errUsed) || did > 0 || unfinished != "" || e != nil {
			t.Errorf("%s: %v, and it was done %d times; being filled from %q, %v", name, err, did, unfinished, e)
		}
	}
}

// Who gives up while the last transaction is under way learns that it was stored.
func TestTransferCanceledAtItsEnd(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	err := Transfer(ctx, from, to, quiet, &Errand{To: "a", Do: func(context.Context) error {
		hook(t, to, cancel)
		return nil
	}})
	if unfinished, e := to.Filling(t.Context()); err != nil || unfinished != "" || e != nil || ctx.Err() == nil {
		t.Errorf("transfer: %v, being filled from %q, %v; want it done", err, unfinished, e)
	}
}

// deafConn loses the answer to one commit.
type deafConn struct {
	writerConn
	after int // how many others
}

func (c *deafConn) commit() error {
	err := c.writerConn.commit()
	if c.after--; c.after == -1 {
		return errors.Join(err, errors.New("connection lost"))
	}
	return err
}

// A transfer whose last answer got lost is done, and says so when it is run again. Once
// one of the databases has been written to it is refused: there is something to lose.
func TestTransferUnheardOf(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	deaf := &Errand{To: "a", Do: func(context.Context) error {
		return to.write(t.Context(), "", func(tx) error {
			to.writer.conn = &deafConn{to.writer.conn, 1}
			return nil
		})
	}}
	if err := Transfer(t.Context(), from, to, quiet, deaf); err == nil || !strings.Contains(err.Error(), "connection lost") {
		t.Fatalf("transfer: %v, want it to fail", err)
	}
	if unfinished, err := to.Filling(t.Context()); unfinished != "" || err != nil {
		t.Fatalf("being filled from %q, %v; the last transaction was not stored", unfinished, err)
	}
	var last Transferred
	if err := Transfer(t.Context(), from, to, func(d Transferred) { last = d }, nil); err != nil || !last.Already || last.Step != "verify" || last.Conversations != last.All {
		t.Errorf("again: %v, %+v; want it done already, and compared", err, last)
	}
	mustAppend(t, to, "the next")
	if err := Transfer(t.Context(), from, to, quiet, nil); !errors.Is(err, errUsed) || !strings.Contains(err.Error(), "not empty") {
		t.Errorf("when it has been served from: %v", err)
	}
}

// A database that was filled, and then got a secret of its own, keeps it.
func TestTransferKeepsSecrets(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	if err := Transfer(t.Context(), from, to, quiet, nil); err != nil {
		t.Fatal(err)
	}
	for i, s := range []*Store{to, from} {
		if err := Transfer(t.Context(), from, to, quiet, nil); err != nil {
			t.Errorf("with %d having the secret: %v", i, err)
		}
		if _, err := s.Secret(t.Context(), "later", []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := Transfer(t.Context(), from, to, quiet, nil); !errors.Is(err, errUsed) {
		t.Errorf("with another secret in each: %v", err)
	}
	if got, err := to.Secret(t.Context(), "later", nil); string(got) != "\x00" || err != nil {
		t.Errorf("the secret is %q, %v", got, err)
	}
}

// What has to be done besides is done before the store can be served from, or the
// transfer is none.
func TestTransferLast(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	broken := errors.New("no pictures")
	for _, want := range []error{broken, nil} {
		unfinished := chat.Epoch("")
		err := Transfer(t.Context(), from, to, quiet, &Errand{To: "shop", Do: func(ctx context.Context) (err error) {
			unfinished, err = to.Filling(ctx)
			return errors.Join(want, err)
		}})
		if !errors.Is(err, want) || unfinished == "" {
			t.Errorf("transfer: %v, want %v; it was being filled from %q when that was asked", err, want, unfinished)
		}
		if still, err := to.Filling(t.Context()); (still != "") != (want != nil) || err != nil {
			t.Errorf("after %v: being filled from %q, %v", want, still, err)
		}
	}
}

// Every file is found, once and in order.
func TestFilesAfter(t *testing.T) {
	for engine, open := range engines(t) {
		t.Run(engine, func(t *testing.T) {
			s, err := open(t)()
			CloseWithTest(t, s, err)
			for _, id := range []chat.FileID{"c", "a2", "b", "a"} {
				f := chat.File{ID: id, Uploader: "U_1", Key: chat.Nonce(id), Type: "image/gif", Bytes: 3, CreatedAt: time.Now()}
				if _, _, err := s.AddFile(t.Context(), f); err != nil {
					t.Fatal(err)
				}
			}
			for after, want := range map[chat.FileID][]chat.FileID{"": {"a", "a2", "b"}, "b": {"c"}, "c": nil} {
				page, err := s.FilesAfter(t.Context(), after, 3)
				if got := ids(page); !slices.Equal(got, want) || err != nil {
					t.Errorf("after %q: %v, %v; want %v", after, got, err, want)
				}
			}
			if n, err := s.CountFiles(t.Context()); n != 4 || err != nil {
				t.Errorf("%d files, %v; want 4", n, err)
			}
		})
	}
}

func ids(files []chat.File) (ids []chat.FileID) {
	for _, f := range files {
		ids = append(ids, f.ID)
	}
	return ids
}

// Whoever wants a database for itself learns that somebody has it, and when no longer.
func TestSessions(t *testing.T) {
	onServers(t, func(t *testing.T, d *dbServer) {
		url := d.database(t)
		s, err := d.open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		sessions := func() int64 {
			t.Helper()
			count := PostgresSessions
			if d.name == "mariadb" {
				count = MySQLSessions
			}
			n, err := count(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		if sessions() == 0 {
			t.Error("nobody is there while a store is open")
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		for tick := time.Tick(20 * time.Millisecond); sessions() > 0; { // the server may take a moment
			<-tick
		}
	})
}

// What is written while it is copied, past its lock, is found out.
func TestTransferWhileWritten(t *testing.T) {
	from, to := filled(t, openInternal(t)), openInternal(t)
	written := false
	err := Transfer(t.Context(), from, to, func(d Transferred) {
		if d.Step == "verify" && !written {
			written = true
			if _, err := from.Append(t.Context(), draft("late")); err != nil {
				t.Error(err)
			}
		}
	}, nil)
	if err == nil || !strings.Contains(err.Error(), "differ") {
		t.Errorf("transfer: %v, want it to say that they differ", err)
	}
	if unfinished, err := to.Filling(t.Context()); unfinished == "" || err != nil {
		t.Errorf("it says that it is whole, %v", err)
	}
}

// A table or a column that a migration adds is copied, or is said here not to be: what
// one engine alone has is made anew, or derived.
func TestTransferKnowsAllTables(t *testing.T) {
	left := named("goose_db_version sqlite_sequence settings login_codes tickets " +
		"search search_config search_data search_docsize search_idx search_rows search_words turns")
	columns := map[string]string{
		"sqlite":   "SELECT m.name, c.name FROM sqlite_schema m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'",
		"postgres": "SELECT table_name::text, column_name::text FROM information_schema.columns WHERE table_schema = current_schema()",
		"mariadb":  "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE()",
	}
	derived := map[string][]string{
		"mariadb": named("unindexed_at buyer_waiting_at buyer_pinned_at merchant_waiting_at merchant_pinned_at"),
	}
	for engine, open := range engines(t) {
		t.Run(engine, func(t *testing.T) {
			s, err := open(t)()
			CloseWithTest(t, s, err)
			known := make(map[string][]string)
			for _, one := range slices.Concat(flatTables(), []*table{conversationTable()}, withinTables(), lastTables()) {
				known[one.name] = one.columns()
			}
			known["conversations"] = slices.Concat(known["conversations"], named("indexed_seq"), derived[engine])
			there := make(map[string][]string)
			err = s.query(t.Context(), func(r row) error {
				there[r.text(0)] = append(there[r.text(0)], r.text(1))
				return nil
			}, columns[engine])
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range left {
				delete(there, name)
			}
			for _, columns := range []map[string][]string{known, there} {
				for name := range columns {
					slices.Sort(columns[name])
				}
			}
			if d := cmp.Diff(there, known); d != "" {
				t.Errorf("(-in the database +copied):\n%s", d)
			}
		})
	}
}
