package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// SharedStore is a node's view of a database that several nodes share.
type SharedStore interface {
	chat.Store
	chat.ReminderStore
	legacy.Store
	TicketStore
}

// RunShared checks stores that share a database as those of nodes do. Each call of
// open returns two on an empty one.
func RunShared(t *testing.T, open func(t *testing.T) [2]SharedStore) {
	for _, c := range []testCase{
		{"begun once by many at a time", testBeginRace},
		{"many senders, no gaps", testSendRace},
		{"the same message from many connections is stored once", testRepeatRace},
		{"watermarks from many at a time only go forward", testMarkRace},
		{"recalled once", testRecallRace},
		{"one file in two messages at a time", testAttachRace},
		{"a login code is taken once", testLoginCodeRace},
		{"a secret is the first one", testSecret},
		{"settings changed by two", testShopSettingsConflict},
		{"what is recalled is not found, whenever it was indexed", testFindRecalled},
		{"random steps of many at a time", testStorm},
	} {
		t.Run(c.name, func(t *testing.T) { c.run(t, spread(open(t))) })
	}
	for name, run := range map[string]func(*testing.T, *nodes){
		"numbers that are asked for at once are one each":          func(t *testing.T, s *nodes) { testLegacyNumbersTogether(t, s) },
		"messages said meanwhile and messages coming in get along": func(t *testing.T, s *nodes) { testImportTogether(t, s) },
		"a lease that is over is another's":                        func(t *testing.T, s *nodes) { testRemindLease(t, s) },
		"many at once: each conversation has one, none is lost":    func(t *testing.T, s *nodes) { testRemindTogether(t, s) },
		"one of many fetches, until it has or its time":            func(t *testing.T, s *nodes) { testTicketLease(t, s) },
		"who reads reports by their numbers misses none":           testReportsInOrder,
		"no more phrases than there may be":                        testPhrasesTogether,
		"a message is indexed by one":                              testIndexTogether,
		"what is recalled while it is indexed is not found":        testIndexRecalled,
		"a file goes into one conversation":                        testAttachTogether,
		"a reminder is leased by one":                              testLeaseTogether,
		"another node tells of a new epoch":                        testEpochOfAnother,
		"shops of which all talk at once":                          testCrossed,
	} {
		t.Run(name, func(t *testing.T) { run(t, spread(open(t))) })
	}
}

// nodes carry out each call on another of them than the one before, as a load balancer
// would have it. Calls that are not listed here go to the first.
type nodes struct {
	SharedStore
	all  [2]SharedStore
	turn atomic.Int64
}

func spread(all [2]SharedStore) *nodes { return &nodes{SharedStore: all[0], all: all} }

func (s *nodes) next() SharedStore { return s.all[s.turn.Add(1)%2] }

// Append implements SharedStore.
func (s *nodes) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	return s.next().Append(ctx, a)
}

// Advance implements SharedStore.
func (s *nodes) Advance(ctx context.Context, marks []chat.Mark) ([]chat.Advanced, error) {
	return s.next().Advance(ctx, marks)
}

// Recall implements SharedStore.
func (s *nodes) Recall(ctx context.Context, r chat.RecallRequest) (chat.Recalled, error) {
	return s.next().Recall(ctx, r)
}

// SetBlocked implements SharedStore.
func (s *nodes) SetBlocked(ctx context.Context, id chat.ConversationID, side chat.Side, blocked bool) (chat.Conversation, error) {
	return s.next().SetBlocked(ctx, id, side, blocked)
}

// SetFlag implements SharedStore.
func (s *nodes) SetFlag(ctx context.Context, id chat.ConversationID, side chat.Side, flag chat.Flag, on bool) (chat.Conversation, error) {
	return s.next().SetFlag(ctx, id, side, flag, on)
}

// Conversation implements SharedStore.
func (s *nodes) Conversation(ctx context.Context, id chat.ConversationID) (chat.Conversation, error) {
	return s.next().Conversation(ctx, id)
}

// MessagesAfter implements SharedStore.
func (s *nodes) MessagesAfter(ctx context.Context, id chat.ConversationID, after chat.Seq, limit int) ([]chat.Message, error) {
	return s.next().MessagesAfter(ctx, id, after, limit)
}

// ChangedSince implements SharedStore.
func (s *nodes) ChangedSince(ctx context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	return s.next().ChangedSince(ctx, uid, after, limit)
}

// Positions implements SharedStore.
func (s *nodes) Positions(ctx context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	return s.next().Positions(ctx, uids)
}

// AddReport implements SharedStore.
func (s *nodes) AddReport(ctx context.Context, r chat.Report) error {
	return s.next().AddReport(ctx, r)
}

// AddFile implements SharedStore.
func (s *nodes) AddFile(ctx context.Context, f chat.File) (stored chat.File, fresh bool, err error) {
	return s.next().AddFile(ctx, f)
}

// Secret implements SharedStore.
func (s *nodes) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	return s.next().Secret(ctx, name, fresh)
}

// TakeLoginCode implements SharedStore.
func (s *nodes) TakeLoginCode(ctx context.Context, hash []byte, now time.Time) (chat.LoginCode, error) {
	return s.next().TakeLoginCode(ctx, hash, now)
}

// PutPhrase implements SharedStore.
func (s *nodes) PutPhrase(ctx context.Context, p chat.Phrase, most int) error {
	return s.next().PutPhrase(ctx, p, most)
}

// PutShopSettings implements SharedStore.
func (s *nodes) PutShopSettings(ctx context.Context, merchant chat.UID, set chat.ShopSettings) (chat.ShopSettings, error) {
	return s.next().PutShopSettings(ctx, merchant, set)
}

// IndexMessages implements SharedStore.
func (s *nodes) IndexMessages(ctx context.Context, limit int) (int, error) {
	return s.next().IndexMessages(ctx, limit)
}

// LeaseReminders implements SharedStore.
func (s *nodes) LeaseReminders(ctx context.Context, l chat.ReminderLease) ([]chat.Reminder, error) {
	return s.next().LeaseReminders(ctx, l)
}

// SettleReminder implements SharedStore.
func (s *nodes) SettleReminder(ctx context.Context, r chat.Reminder, o chat.ReminderOutcome) error {
	return s.next().SettleReminder(ctx, r, o)
}

// Numbers implements SharedStore.
func (s *nodes) Numbers(ctx context.Context, id chat.ConversationID, seqs []chat.Seq) (map[chat.Seq]legacy.Num, error) {
	return s.next().Numbers(ctx, id, seqs)
}

// Import implements SharedStore.
func (s *nodes) Import(ctx context.Context, messages []legacy.Message) ([]legacy.Outcome, error) {
	return s.next().Import(ctx, messages)
}

// LeaseTicket implements SharedStore.
func (s *nodes) LeaseTicket(ctx context.Context, name string, now, until time.Time) (bool, error) {
	return s.next().LeaseTicket(ctx, name, now, until)
}

// testReportsInOrder reads while both write: a number that comes up behind a higher one
// would never be read.
func testReportsInOrder(t *testing.T, s *nodes) {
	c := talk(t, s, 1)
	const each = 40
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			for n := range each {
				r := chat.Report{Conversation: c.ID, By: merchant, Reason: fmt.Sprint(i, "-", n), At: at.Add(time.Duration(i*each+n) * time.Second)}
				if err := s.AddReport(t.Context(), r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	var over atomic.Bool
	go func() { wg.Wait(); over.Store(true) }()
	seen := map[string]bool{}
	for after := chat.ReportNum(0); ; {
		last := over.Load() // before the read that then finds everything
		page, err := s.Reports(t.Context(), after, 1000)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			seen[r.Reason], after = true, r.Num
		}
		if last {
			break
		}
	}
	if len(seen) != 4*each {
		t.Errorf("%d reports were read, want %d", len(seen), 4*each)
	}
}

func testPhrasesTogether(t *testing.T, s *nodes) {
	owner := chat.PhraseOwner{Merchant: merchant}
	var wg sync.WaitGroup
	for i := range 12 {
		wg.Go(func() {
			p := chat.Phrase{ID: chat.PhraseID(fmt.Sprint("p", i)), Owner: owner, Text: "hi"}
			if err := s.PutPhrase(t.Context(), p, 5); err != nil {
				wantError(t, err, chat.TooLarge, "too_many_phrases")
			}
		})
	}
	wg.Wait()
	if ps, err := s.Phrases(t.Context(), owner); err != nil || len(ps) != 5 {
		t.Errorf("%d phrases, %v, want 5", len(ps), err)
	}
}

// indexTogether lets both index until there is nothing left.
func indexTogether(t *testing.T, s *nodes) {
	t.Helper()
	var wg sync.WaitGroup
	for _, node := range s.all {
		wg.Go(func() {
			for range 20 {
				if _, err := node.IndexMessages(t.Context(), 3); err != nil {
					t.Errorf("index: %v", err)
				}
			}
		})
	}
	wg.Wait()
	indexAll(t, s)
	indexAll(t, s) // the other one
}

func testIndexTogether(t *testing.T, s *nodes) {
	want := map[string]int{}
	for i := range 30 {
		what := fmt.Sprintf("parcel %d", i)
		say(t, s, chat.UID(fmt.Sprintf("U_%d", i%7)), merchant, i/3, what)
		want[what] = 1
	}
	indexTogether(t, s)
	got := map[string]int{}
	for _, what := range found(t, s, chat.MessageQuery{UID: merchant, Text: "parcel"}) {
		got[what]++
	}
	look(t, "found", want, got)
}

func testIndexRecalled(t *testing.T, s *nodes) {
	var ms []chat.Message
	for i := range 20 {
		ms = append(ms, say(t, s, buyer, merchant, i, fmt.Sprintf("parcel %d", i)))
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, m := range ms {
			r := chat.RecallRequest{Conversation: m.Conversation, Seq: m.Seq, By: buyer, At: at.Add(time.Second)}
			if _, err := s.Recall(t.Context(), r); err != nil {
				t.Error(err)
			}
		}
	})
	indexTogether(t, s)
	wg.Wait()
	indexTogether(t, s)
	look(t, "found", []string(nil), found(t, s, chat.MessageQuery{UID: merchant, Text: "parcel"}))
}

func testAttachTogether(t *testing.T, s *nodes) {
	for i := range 20 {
		f := mustAddFile(t, s, fileOf(merchant, fmt.Sprint("k", i)))
		var wg sync.WaitGroup
		var attached atomic.Int32
		for n, node := range s.all {
			wg.Go(func() {
				a := withFiles(from(merchant, chat.UID(fmt.Sprintf("U_%d", n)), fmt.Sprint("n", i)), f.ID)
				if _, err := node.Append(t.Context(), a); err == nil {
					attached.Add(1)
				} else {
					wantError(t, err, chat.Denied, "file_not_yours")
				}
			})
		}
		wg.Wait()
		if n := attached.Load(); n != 1 {
			t.Errorf("a file is in %d conversations", n)
		}
	}
}

func testLeaseTogether(t *testing.T, s *nodes) {
	const conversations = 12
	for i := range conversations {
		mustAppend(t, s, reminded(chat.UID(fmt.Sprintf("U_%d", i)), merchant, "n", at))
	}
	now := at.Add(2 * patience)
	var wg sync.WaitGroup
	var mu sync.Mutex
	taken := map[chat.ConversationID]int{}
	for range 6 {
		wg.Go(func() {
			got, err := s.LeaseReminders(t.Context(), chat.ReminderLease{
				Now: now, Until: now.Add(10 * time.Second), After: [2]time.Duration{patience, patience}, Limit: 5,
			})
			if err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			for _, r := range got {
				taken[r.Conversation]++
			}
		})
	}
	wg.Wait()
	for id, n := range taken {
		if n != 1 {
			t.Errorf("%s was leased %d times", id, n)
		}
	}
	if len(taken) == 0 {
		t.Error("nothing was leased")
	}
}

func testEpochOfAnother(t *testing.T, s *nodes) {
	fresh, err := s.all[0].NewEpoch(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for i, node := range s.all {
		if epoch, _, err := node.Positions(t.Context(), []chat.UID{buyer}); err != nil || epoch != fresh {
			t.Errorf("node %d tells of epoch %q, %v, want %q", i, epoch, err, fresh)
		}
	}
}

// testCrossed lets both nodes write to the same few conversations and participants, in
// every order, in batches: rows that are not locked in one order would be a deadlock,
// which ends, after a second each, in an error.
func testCrossed(t *testing.T, s *nodes) {
	const senders, rounds, merchants = 24, 30, 4
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for n := range rounds {
				b, m := chat.UID(fmt.Sprintf("U_%d", (i+n)%5)), chat.UID(fmt.Sprintf("V_%d", (i*7+n*3)%merchants))
				a := from(b, m, fmt.Sprintf("n-%d-%d", i, n))
				if (i+n)%3 == 0 {
					a.Sender = m
				}
				crossedStep(t, s, &a, b, chat.Side(i%2))
			}
		})
	}
	wg.Wait()
	total := 0
	for i := range merchants {
		cs, err := s.ChangedSince(t.Context(), chat.UID(fmt.Sprintf("V_%d", i)), 0, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range cs {
			total += dense(t, s, &c)
		}
	}
	if total != senders*rounds {
		t.Errorf("%d messages are there, %d were acknowledged", total, senders*rounds)
	}
}

func crossedStep(t *testing.T, s *nodes, a *chat.Append, named chat.UID, reader chat.Side) {
	t.Helper()
	r, err := s.Append(t.Context(), *a)
	if err != nil {
		t.Error(err)
		return
	}
	if err := s.next().PutParticipant(t.Context(), named, "name", ""); err != nil {
		t.Error(err)
	}
	mark := chat.Mark{Conversation: r.Conversation.ID, Side: reader, Read: r.Message.Seq}
	if _, err := s.Advance(t.Context(), []chat.Mark{mark}); err != nil {
		t.Error(err)
	}
}

// dense returns how many messages c has, which are numbered without a gap.
func dense(t *testing.T, s chat.Store, c *chat.Conversation) int {
	t.Helper()
	ms := mustMessages(t, s, c.ID)
	for n, m := range ms {
		if m.Seq != chat.Seq(n+1) {
			t.Errorf("message %d of %s has seq %d", n, c.ID, m.Seq)
		}
	}
	if int(c.LastSeq) != len(ms) {
		t.Errorf("%s ends at %d and has %d messages", c.ID, c.LastSeq, len(ms))
	}
	return len(ms)
}
