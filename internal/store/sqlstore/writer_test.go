package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

func openInternal(t *testing.T) *Store {
	t.Helper()
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	return CloseWithTest(t, s, err)
}

func draft(nonce string) chat.Append {
	return chat.Append{
		Start:  &chat.Start{ID: chat.NewConversationID(), Buyer: "U_1", Other: "V_1"},
		Sender: "U_1", Nonce: chat.Nonce(nonce), Hash: []byte(nonce), SentAt: time.UnixMilli(1_800_000_000_000),
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "hello"}},
	}
}

func mustAppend(t *testing.T, s *Store, nonce string) chat.Appended {
	t.Helper()
	r, err := s.Append(t.Context(), draft(nonce))
	if err != nil {
		t.Fatalf("append %s: %v", nonce, err)
	}
	return r
}

// hold keeps the writer busy until the returned function is called, so that what
// is sent meanwhile waits and then shares a batch.
func hold(t *testing.T, s *Store) (release func()) {
	t.Helper()
	busy, free := make(chan struct{}), make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		once := sync.OnceFunc(func() { close(busy) })
		err := s.write(t.Context(), "", func(tx) error {
			once()
			<-free
			return nil
		})
		if err != nil {
			t.Errorf("hold: %v", err)
		}
	})
	<-busy
	return func() { close(free); wg.Wait() }
}

// waiting returns when n requests are in the queue.
func waiting(t *testing.T, s *Store, n int) {
	t.Helper()
	for len(s.writer.queue) < n {
		if t.Context().Err() != nil {
			t.Fatal("the queue does not fill")
		}
		time.Sleep(time.Millisecond) //nolint:forbidigo // a channel does not tell when it holds n
	}
}

// TestState makes the database refuse what is written, the way a full disk and a
// read-only one do, and lets it recover.
func TestState(t *testing.T) {
	for _, tc := range []struct{ code, set, unset string }{
		{"store_readonly", "PRAGMA query_only = 1", "PRAGMA query_only = 0"},
		{"store_full", "PRAGMA max_page_count = 1", "PRAGMA max_page_count = 1073741823"},
	} {
		t.Run(tc.code, func(t *testing.T) {
			s := openInternal(t)
			c := mustAppend(t, s, "before").Conversation
			pragma(t, s, tc.set)
			stored := appendUntilRefused(t, s, c.ID, tc.code)
			pragma(t, s, tc.unset)
			if err := s.Ping(t.Context()); err != nil {
				t.Errorf("ping of a store that has recovered: %v", err)
			}
			r := mustAppend(t, s, "after")
			ms, err := s.MessagesAfter(t.Context(), c.ID, 0, 1000)
			if err != nil || len(ms) != int(r.Message.Seq) || len(ms) != stored+2 {
				t.Errorf("%d messages, last seq %d, %d were acknowledged, %v", len(ms), r.Message.Seq, stored+2, err)
			}
		})
	}
}

// appendUntilRefused uses up the room that is left in the pages there are and
// returns how many messages it held. What is refused must not be there.
func appendUntilRefused(t *testing.T, s *Store, id chat.ConversationID, code string) int {
	t.Helper()
	for i := range 1000 {
		a := draft(fmt.Sprint("n", i))
		a.Blocks[0].Text = strings.Repeat("long ", 700)
		_, err := s.Append(t.Context(), a)
		if err == nil {
			continue
		}
		if e := chat.AsError(err); e.Kind != chat.Unavailable || e.Code != code {
			t.Fatalf("error %v with code %q, want Unavailable with %q", err, e.Code, code)
		}
		if _, _, err := s.MessageByNonce(t.Context(), id, "U_1", a.Nonce); chat.KindOf(err) != chat.NotFound {
			t.Fatalf("refused and yet stored: %v", err)
		}
		return i
	}
	t.Fatal("nothing was refused")
	return 0
}

// TestReadyWhileEveryWriteFails: the store could be read, so it was called ready.
// Clients were told of it neither in words of theirs nor when to come back.
func TestReadyWhileEveryWriteFails(t *testing.T) {
	s := openInternal(t)
	mustAppend(t, s, "before")
	connect := s.writer.connect // between two writes nobody else looks at it
	s.writer.connect = func(ctx context.Context) (writerConn, error) {
		c, err := connect(ctx)
		if err != nil {
			return nil, err
		}
		return c, c.query(func(row) error { return nil }, "PRAGMA query_only = 1")
	}
	pragma(t, s, "PRAGMA query_only = 1")
	if err := s.Ping(t.Context()); err != nil {
		t.Fatalf("ping before any write has failed: %v", err)
	}
	if _, err := s.Append(t.Context(), draft("refused")); err == nil {
		t.Fatal("the append was stored")
	}
	for range 2 {
		e := chat.AsError(s.Ping(t.Context()))
		if e.Code != "store_readonly" || e.RetryAfter == 0 || e.Err == nil || strings.Contains(e.Msg, e.Err.Error()) {
			t.Errorf("ping: %q with code %q, again after %v, because of %v; want store_readonly, when, and why apart",
				e.Msg, e.Code, e.RetryAfter, e.Err)
		}
	}
	if n := failures(t, s, "store_readonly"); n != 3 {
		t.Errorf("%v failures counted, want the append and the pings", n)
	}
	s.writer.connect = connect
	for range 2 {
		if err := s.Ping(t.Context()); err != nil {
			t.Errorf("ping of a store that has recovered: %v", err)
		}
	}
	if r := mustAppend(t, s, "refused"); !r.Fresh {
		t.Error("what was refused is there")
	}
}

// failures returns how many writes failed with the code, as an operator sees it.
func failures(t *testing.T, s *Store, code string) float64 {
	t.Helper()
	r := prometheus.NewRegistry()
	r.MustRegister(s.Metrics()...)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "haggle_store_write_failures_total" && m.GetLabel()[0].GetValue() == code {
				return m.GetCounter().GetValue()
			}
		}
	}
	return 0
}

func pragma(t *testing.T, s *Store, query string) {
	t.Helper()
	if err := s.write(t.Context(), "", func(x tx) error { return x.query(func(row) error { return nil }, query) }); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
}

// TestOneBadMember lets a request break in the middle of a batch.
func TestOneBadMember(t *testing.T) {
	s := openInternal(t)
	mustAppend(t, s, "first")
	release := hold(t, s)
	broken := errors.New("broken")
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			if i == 7 {
				err := s.write(t.Context(), "", func(x tx) error {
					if _, err := x.exec(putLoginCode, []byte("half"), "U_1", "", "", int64(1)); err != nil {
						return err
					}
					return broken
				})
				if !errors.Is(err, broken) {
					t.Errorf("the bad one: %v", err)
				}
				return
			}
			if _, err := s.Append(t.Context(), draft(fmt.Sprint("n", i))); err != nil {
				t.Errorf("a good one: %v", err)
			}
		})
	}
	waiting(t, s, 20)
	release()
	wg.Wait()
	if c, err := s.ConversationBetween(t.Context(), "U_1", "V_1"); err != nil || c.LastSeq != 20 || c.Sides[0].Pos != 20 {
		t.Errorf("conversation %+v, %v, want all 19 good ones and the first", c, err)
	}
	if _, err := s.TakeLoginCode(t.Context(), []byte("half"), time.UnixMilli(0)); chat.KindOf(err) != chat.NotFound {
		t.Errorf("half of the bad one was stored: %v", err)
	}
}

// countingConn counts transactions.
type countingConn struct {
	writerConn
	begun *int // the writer's goroutine's until the store is closed
}

func (c countingConn) begin() error { *c.begun++; return c.writerConn.begin() }

// TestRepeatsInOneBatch sends one message many times while a commit is under way:
// the batch that follows finds out by itself, without the database refusing it.
func TestRepeatsInOneBatch(t *testing.T) {
	s, err := OpenSQLite(t.Context(), filepath.Join(t.TempDir(), "chat.db"))
	if err != nil {
		t.Fatal(err)
	}
	begun := 0
	if err := s.write(t.Context(), "", func(tx) error {
		s.writer.conn = countingConn{s.writer.conn, &begun}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range 30 {
		wg.Go(func() {
			if r := mustAppend(t, s, fmt.Sprint("n", i%3)); r.Message.Seq > 3 {
				t.Errorf("seq %d for the third of three", r.Message.Seq)
			}
		})
	}
	waiting(t, s, 30)
	release()
	wg.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if begun != 2 { // hold's and one more
		t.Errorf("%d transactions, want 2", begun)
	}
}

// TestCallerLeaves lets a caller stop waiting for what is in the queue.
func TestCallerLeaves(t *testing.T) {
	s := openInternal(t)
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	left := make(chan error)
	go func() {
		_, err := s.Append(ctx, draft("left"))
		left <- err
	}()
	waiting(t, s, 1)
	cancel()
	err := <-left
	if e := chat.AsError(err); e.Kind != chat.Unavailable || e.Code != "outcome_unknown" {
		t.Errorf("error %v with code %q, want outcome_unknown", e, e.Code)
	}
	late, ok := errors.AsType[*chat.UnsettledError[chat.Appended]](err)
	if !ok {
		t.Fatalf("error %v tells nothing of what comes of it", err)
	}
	release()
	if r, err := late.Settled(); err != nil || !r.Fresh || r.Message.Seq != 1 {
		t.Errorf("what came of it: fresh %v, seq %d, %v", r.Fresh, r.Message.Seq, err)
	}
	if r := mustAppend(t, s, "left"); r.Fresh || r.Message.Seq != 1 {
		t.Errorf("the repeat: fresh %v, seq %d, want what was stored meanwhile", r.Fresh, r.Message.Seq)
	}
}

// Whoever gives up looks at nothing that is still written to: the race detector says so.
func TestIndex_givenUp(t *testing.T) {
	s := openInternal(t)
	mustAppend(t, s, "said")
	release := hold(t, s)
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan error, 1)
	go func() {
		_, err := s.IndexMessages(ctx, 10)
		given <- err
	}()
	waiting(t, s, 1)
	cancel()
	released := make(chan struct{})
	time.AfterFunc(50*time.Millisecond, func() { // nothing but time between the one and the other
		release()
		close(released)
	})
	if err := <-given; err != nil && chat.AsError(err).Code != "outcome_unknown" {
		t.Errorf("given up: %v", err)
	}
	<-released
	<-time.After(50 * time.Millisecond) // and nothing else before it is stored
	if n, err := s.IndexMessages(t.Context(), 10); n != 0 || err != nil {
		t.Errorf("%d more are indexed, %v", n, err)
	}
}

func TestQueueFull(t *testing.T) {
	s := openInternal(t)
	release := hold(t, s)
	var wg sync.WaitGroup
	for range queueLen {
		wg.Go(func() {
			if err := s.write(t.Context(), "", func(tx) error { return nil }); err != nil {
				t.Errorf("waiting: %v", err)
			}
		})
	}
	waiting(t, s, queueLen)
	if e := chat.AsError(s.write(t.Context(), "", func(tx) error { return nil })); e.Code != "store_busy" || e.RetryAfter == 0 {
		t.Errorf("one more: %v with code %q, want store_busy and when to come back", e, e.Code)
	}
	release()
	wg.Wait()
}

// TestCloseStoresWhatWaits closes the store over a full queue.
func TestCloseStoresWhatWaits(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	s, err := OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	release := hold(t, s)
	var wg sync.WaitGroup
	for i := range 50 {
		wg.Go(func() { mustAppend(t, s, fmt.Sprint("n", i)) })
	}
	waiting(t, s, 50)
	closed := make(chan error)
	go func() { closed <- s.Close() }()
	release()
	if err := <-closed; err != nil {
		t.Errorf("close: %v", err)
	}
	wg.Wait()
	s, err = OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if c, err := s.ConversationBetween(t.Context(), "U_1", "V_1"); err != nil || c.LastSeq != 50 {
		t.Errorf("conversation %+v, %v, want 50 messages", c, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// brokenConn is a connection that is lost in the middle of a transaction.
type brokenConn struct{ writerConn }

var errLost = errors.New("connection lost")

func (brokenConn) commit() error   { return errLost }
func (brokenConn) rollback() error { return errLost }

func TestBrokenConnection(t *testing.T) {
	s := openInternal(t)
	mustAppend(t, s, "before")
	err := s.write(t.Context(), "", func(x tx) error {
		s.writer.conn = brokenConn{s.writer.conn} // on the writer's own goroutine
		_, err := x.exec(putLoginCode, []byte("lost"), "U_1", "", "", int64(1))
		return err
	})
	if !errors.Is(err, errLost) {
		t.Errorf("error %v, want that the connection is lost", err)
	}
	if s.writer.broken.Load() == nil {
		t.Error("the store does not know that its last commit failed")
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("ping: %v, want the new connection to do", err)
	}
	if r := mustAppend(t, s, "after"); r.Message.Seq != 2 {
		t.Errorf("seq %d, want 2", r.Message.Seq)
	}
	if _, err := s.TakeLoginCode(t.Context(), []byte("lost"), time.UnixMilli(0)); chat.KindOf(err) != chat.NotFound {
		t.Errorf("refused and yet stored: %v", err)
	}
}

// exempt are the steps that would be wrong elsewhere, and why they are right.
var exempt = map[string]string{
	"asked about: USE TEMP B-TREE FOR ORDER BY": "what one conversation came to be about, which is little; its times change, and an index of them would be written each time",
	"phrases: USE TEMP B-TREE FOR ORDER BY":     "a page holds all phrases of an owner, who may have so many and no more",

	"count reminders: SCAN outbox USING COVERING INDEX outbox_due_at":              "counts what there is, by the narrowest index; only metrics ask",
	"count reminders: SCAN undelivered USING COVERING INDEX undelivered_failed_at": "the same, and what is old is swept",
	"count reminders: SCAN CONSTANT ROW":                                           "no table",
	"recalled files: SCAN recalled_files":                                          "in the order of its key, up to the limit",
	"unindexed: SCAN c USING INDEX conversations_unindexed":                        "holds nothing else, in its order, up to the limit",
}

// TestPlans sees to it that no list reads more than it returns, or says in exempt why.
// A plan does not show how many of an inbox's rows a filter by product or name passes
// over: those walk the inbox in its order until a page is full, which takes 0.7 ms where
// none of 4,000 is about the product (BenchmarkInboxOfProduct). An index by product
// halves that at best, and makes a page of a popular one slower: it is not in the order
// of the inbox.
func TestPlans(t *testing.T) {
	s := openInternal(t)
	seen := map[string]bool{}
	for name, query := range plannedQueries(s) {
		args := make([]any, max(strings.Count(query, "?"), strings.Count(query, "$7")*7))
		for i := range args {
			args[i] = "[]"
		}
		for step := range strings.SplitSeq(planOf(t, s, query, args...), "\n") {
			key := name + ": " + step
			seen[key] = true
			if reads := strings.Contains(step, "SCAN") && !scansKeys(step); (reads || strings.Contains(step, "TEMP B-TREE")) && exempt[key] == "" {
				t.Error(key)
			}
		}
	}
	for key := range exempt {
		if !seen[key] {
			t.Errorf("%s: is in no plan any more", key)
		}
	}
}

// scansKeys says whether a step goes through what it was given, or asks the full-text
// index for rows by word (M) or place (=): to SQLite all of a virtual table is a scan.
func scansKeys(step string) bool {
	place, found := strings.CutPrefix(step, "SCAN search VIRTUAL TABLE INDEX ")
	return strings.HasPrefix(step, "SCAN json_each") || strings.HasPrefix(step, "SCAN k ") ||
		found && strings.ContainsAny(place, "M=")
}

func plannedQueries(s *Store) map[string]string {
	queries := map[string]string{
		"history after": selectMessagesAfter, "history before": selectMessagesBefore, "images": selectMessagesWithImages, "by nonce": selectMessageByNonce, "by nonce of a buyer": selectMessageOfBuyer,
		"recalls": selectRecallsAfter, "conversation": selectConversation, "between": selectConversationBetween,
		"positions": selectPositions, "participants": selectParticipants, "products": selectProducts,

		"reports": selectReports, "last seq": selectLastSeq,
		"files": selectFiles, "file by key": selectFileByKey, "unattached files": selectUnattachedFiles, "recalled files": selectRecalledFiles,
		"batch by id": sqliteConversationsByID, "batch between": sqliteConversationsBetween,
		"batch by nonce": sqliteMessagesByNonce, "batch by seq": sqliteMessagesBySeq,
		"update": sqliteUpdate, "login code": selectLoginCode, "delete login code": deleteLoginCode, "delete login codes": deleteLoginCodes,
		"ended login": selectEndedLogin, "delete ended logins": deleteEndedLogins, "shop settings": selectShopSettings,

		"asked about": selectAsked, "phrases": selectPhrases, "other phrases": countOtherPhrases,
		"products of": selectProductsOf + byTitle, "products of, next": selectProductsOf + ofLaterTitle + byTitle,
		"products of, by title": selectProductsOf + ofTitle + byTitle,

		"next reminder": selectNextReminder, "due reminders": selectDueReminders, "leased reminder": selectLeasedReminder,
		"update reminder": updateReminder, "delete reminder": deleteReminder,
		"first message of": selectFirstOf, "newest message of": selectNewestMessageOf,
		"undelivered": selectUndelivered, "undelivered by id": selectUndeliveredByID,
		"sweep undelivered": sweepUndelivered, "delete undelivered": deleteUndelivered, "count reminders": countReminders,

		"unindexed": selectUnindexed, "said": selectSaid,
		"next place": sqliteNextPlace, "drop said": sqliteDropSaid, "drop place": sqliteDropPlace,
	}
	lists := map[string]string{"changed since": selectChangedSince, "unread": selectUnread, "acquainted": selectAcquainted}
	lists["messages"], _ = s.dialect.search.search(&chat.MessageQuery{UID: "U_1", Limit: 1}, terms.Parse("x"))
	for q := range inboxQueries {
		name := fmt.Sprintf("inbox %s %s product %q search %q", q.Filter, q.Order, q.Product, q.Search)
		lists[name], _ = s.dialect.inbox.page(&q)
	}
	for name, query := range lists {
		for _, side := range []chat.Side{chat.BuyerSide, chat.MerchantSide} {
			queries[fmt.Sprintf("%s, side %d", name, side)] = ofSide(query, side)
		}
	}
	return queries
}

// inboxQueries yields every kind of page of conversations.
func inboxQueries(yield func(chat.ConversationQuery) bool) {
	cursor := &chat.ConversationCursor{Unread: true, LastAt: time.UnixMilli(1), ID: "x"}
	for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
		for _, filter := range []chat.Filter{chat.AllConversations, chat.UnreadConversations, chat.WaitingConversations, chat.PinnedConversations} {
			for _, with := range [][2]string{{"", ""}, {"p", ""}, {"", "x"}, {"p", "x"}} {
				if !yield(chat.ConversationQuery{
					UID: "U_1", Order: order, Filter: filter, Product: chat.ProductID(with[0]), Search: with[1], After: cursor, Limit: 1,
				}) {
					return
				}
			}
		}
	}
}

// A commit of which nobody knows the end was said to be refused for good, by what else
// the error told: who believed that did not send again what was stored.
func TestUnknownStaysUnknown(t *testing.T) {
	s := openInternal(t)
	broken := fmt.Errorf("%w: %w", errOutcome, &pgconn.PgError{Code: "22021"})
	err := s.write(t.Context(), "", func(tx) error {
		s.writer.dialect.failure, s.writer.dialect.refusal = postgresFailure, postgresRefusal
		s.writer.conn = failingCommit{s.writer.conn, broken}
		return nil
	})
	wantUnknown(t, err)
}

// failingCommit commits nothing.
type failingCommit struct {
	writerConn
	err error
}

func (c failingCommit) commit() error { return c.err }
