package storetest

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
)

// ReminderStore keeps what the shop is to be reminded of, beside what it is about.
type ReminderStore interface {
	chat.Store
	chat.ReminderStore
}

// RunReminders checks the stores that open returns, each empty and its own.
func RunReminders(t *testing.T, open func(t *testing.T) ReminderStore) {
	for name, run := range map[string]func(*testing.T, ReminderStore){
		"what nobody subscribes to is not kept":                 testRemindNobody,
		"a flood is one reminder":                               testRemindFlood,
		"what was read, recalled or blocked is dropped":         testRemindUntrue,
		"who read the first of it has time for the rest":        testRemindPutOff,
		"each side has its own":                                 testRemindSides,
		"an attempt keeps its id, newer messages get another":   testRemindAgain,
		"messages that come while the shop is told are told":    testRemindMeanwhile,
		"the shop is not told the same twice":                   testRemindOnce,
		"a lease that is over is another's":                     testRemindLease,
		"a clock that is set back tells nobody twice":           testRemindClockBack,
		"what was given up is listed, and can be tried again":   testRemindGivenUp,
		"what was given up does not keep newer messages back":   testRemindAfterGivenUp,
		"what is retried tells of all its messages":             testRemindRetryAll,
		"no message falls between two reminders":                testRemindGapless,
		"many at once: each conversation has one, none is lost": testRemindTogether,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

const patience = time.Minute

// reminded is a message that is told of after patience.
func reminded(sender, other chat.UID, nonce string, sentAt time.Time) chat.Append {
	a := from(sender, other, nonce)
	a.SentAt, a.RemindAt = sentAt, sentAt.Add(patience)
	return a
}

// lease takes up to ten reminders at now, for ten seconds.
func lease(t *testing.T, s ReminderStore, now time.Time, want int) []chat.Reminder {
	t.Helper()
	got, err := s.LeaseReminders(t.Context(), chat.ReminderLease{
		Now: now, Until: now.Add(10 * time.Second), After: [2]time.Duration{patience, patience}, Limit: 10,
	})
	if err != nil {
		t.Fatalf("lease: %v", err)
	}
	if len(got) != want {
		t.Fatalf("%d reminders at %v, want %d: %+v", len(got), now.Sub(at), want, got)
	}
	return got
}

func settle(t *testing.T, s ReminderStore, r chat.Reminder, o chat.ReminderOutcome) {
	t.Helper()
	o.After = [2]time.Duration{patience, patience}
	if err := s.SettleReminder(t.Context(), r, o); err != nil {
		t.Fatalf("settle: %v", err)
	}
}

func waiting(t *testing.T, s ReminderStore, waits, undelivered int64) {
	t.Helper()
	w, u, err := s.CountReminders(t.Context())
	if err != nil || w != waits || u != undelivered {
		t.Errorf("%d wait and %d were given up, %v, want %d and %d", w, u, err, waits, undelivered)
	}
}

func next(t *testing.T, s ReminderStore, want time.Time) {
	t.Helper()
	if got, err := s.NextReminder(t.Context()); err != nil || !got.Equal(want) {
		t.Errorf("the next one is due at %v, %v, want %v", got, err, want)
	}
}

func mustAdvance(t *testing.T, s ReminderStore, m chat.Mark) {
	t.Helper()
	if _, err := s.Advance(t.Context(), []chat.Mark{m}); err != nil {
		t.Fatalf("advance: %v", err)
	}
}

func testRemindNobody(t *testing.T, s ReminderStore) {
	next(t, s, time.Time{})
	mustAppend(t, s, from(buyer, merchant, "a"))
	waiting(t, s, 0, 0)
	next(t, s, time.Time{})
	lease(t, s, at.Add(time.Hour), 0)
}

func testRemindFlood(t *testing.T, s ReminderStore) {
	var last chat.Appended
	for i := range 30 {
		last = mustAppend(t, s, reminded(buyer, merchant, fmt.Sprint("n", i), at.Add(time.Duration(i)*time.Second)))
	}
	waiting(t, s, 1, 0)
	next(t, s, at.Add(patience)) // the first message's time counts
	lease(t, s, at.Add(patience-time.Millisecond), 0)
	r := lease(t, s, at.Add(patience), 1)[0]
	want := chat.Reminder{
		ID: r.ID, Lease: r.Lease, Conversation: last.Conversation.ID, Side: chat.MerchantSide, Seq: 30,
		Since: at, MadeAt: at.Add(patience),
	}
	look(t, "reminder", want, r)
	if r.ID == "" || r.Lease == "" {
		t.Errorf("a reminder without a name: %+v", r)
	}
	settle(t, s, r, chat.ReminderOutcome{At: at.Add(patience), Told: true})
	waiting(t, s, 0, 0)
}

func testRemindUntrue(t *testing.T, s ReminderStore) {
	read := mustAppend(t, s, reminded(buyer, merchant, "read", at)).Conversation
	recalled := mustAppend(t, s, reminded("U_2", merchant, "recalled", at)).Conversation
	blocked := mustAppend(t, s, reminded("U_3", merchant, "blocked", at)).Conversation
	muted := mustAppend(t, s, reminded("U_4", merchant, "muted", at)).Conversation
	waiting(t, s, 4, 0)
	mustAdvance(t, s, chat.Mark{Conversation: read.ID, Side: chat.MerchantSide, Read: 1})
	if _, err := s.Recall(t.Context(), chat.RecallRequest{Conversation: recalled.ID, Seq: 1, By: "U_2", At: at}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.SetBlocked(t.Context(), blocked.ID, chat.MerchantSide, true); err != nil {
		t.Fatal(err)
	}
	setFlag(t, s, muted.ID, chat.MerchantSide, chat.MutedFlag, true)
	lease(t, s, at.Add(patience), 0)
	waiting(t, s, 0, 0)
}

func testRemindPutOff(t *testing.T, s ReminderStore) {
	c := mustAppend(t, s, reminded(buyer, merchant, "a", at)).Conversation
	mustAppend(t, s, reminded(buyer, merchant, "b", at.Add(50*time.Second)))
	mustAdvance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 1})
	lease(t, s, at.Add(patience), 0)
	next(t, s, at.Add(50*time.Second+patience))
	if r := lease(t, s, at.Add(50*time.Second+patience), 1)[0]; r.Seq != 2 || !r.Since.Equal(at.Add(50*time.Second)) {
		t.Errorf("reminder %+v", r)
	}
}

func testRemindSides(t *testing.T, s ReminderStore) {
	c := mustAppend(t, s, reminded(buyer, merchant, "a", at)).Conversation
	mustAppend(t, s, reminded(merchant, buyer, "b", at.Add(time.Second)))
	waiting(t, s, 2, 0)
	mustAdvance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 2})
	if r := lease(t, s, at.Add(time.Hour), 1)[0]; r.Side != chat.BuyerSide || r.Seq != 2 {
		t.Errorf("reminder %+v, want the buyer's", r)
	}
	got, err := s.LeaseReminders(t.Context(), chat.ReminderLease{ // the shop no longer wants to know of buyers
		Now: at.Add(2 * time.Hour), Until: at.Add(3 * time.Hour), After: [2]time.Duration{0, patience}, Limit: 1,
	})
	if err != nil || len(got) > 0 {
		t.Errorf("%+v, %v", got, err)
	}
	waiting(t, s, 0, 0)
}

func testRemindAgain(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now := at.Add(patience)
	first := lease(t, s, now, 1)[0]
	settle(t, s, first, chat.ReminderOutcome{At: now, RetryAt: now.Add(time.Second), Failure: "no"})
	lease(t, s, now, 0)
	second := lease(t, s, now.Add(time.Second), 1)[0]
	if second.ID != first.ID || second.Attempts != 1 || !second.TriedAt.Equal(now) || !second.MadeAt.Equal(first.MadeAt) {
		t.Errorf("second attempt %+v of %+v", second, first)
	}
	// One that was interrupted is no attempt.
	settle(t, s, second, chat.ReminderOutcome{At: now, RetryAt: now.Add(2 * time.Second)})
	third := lease(t, s, now.Add(2*time.Second), 1)[0]
	if third.ID != first.ID || third.Attempts != 1 {
		t.Errorf("third attempt %+v of %+v", third, first)
	}
	mustAppend(t, s, reminded(buyer, merchant, "b", now))
	settle(t, s, third, chat.ReminderOutcome{At: now, RetryAt: now.Add(3 * time.Second), Failure: "no"})
	fourth := lease(t, s, now.Add(3*time.Second), 1)[0]
	// It is news, with a time of its own to be tried in; the shop is as hard to reach as before.
	if fourth.ID == first.ID || fourth.Seq != 2 || fourth.Attempts != 2 || !fourth.TriedAt.IsZero() {
		t.Errorf("with a newer message %+v, before it %+v", fourth, third)
	}
	waiting(t, s, 1, 0)
}

func testRemindMeanwhile(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now := at.Add(patience)
	r := lease(t, s, now, 1)[0]
	mustAppend(t, s, reminded(buyer, merchant, "b", now.Add(time.Second)))
	settle(t, s, r, chat.ReminderOutcome{At: now.Add(2 * time.Second), Told: true})
	next(t, s, now.Add(time.Second+patience))
	again := lease(t, s, now.Add(time.Second+patience), 1)[0]
	if again.ID == r.ID || again.Seq != 2 || !again.Since.Equal(now.Add(time.Second)) || again.Attempts != 0 {
		t.Errorf("after %+v comes %+v", r, again)
	}
}

func testRemindOnce(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now := at.Add(patience)
	settle(t, s, lease(t, s, now, 1)[0], chat.ReminderOutcome{At: now, Told: true})
	lease(t, s, now.Add(24*time.Hour), 0)
	mustAppend(t, s, reminded(buyer, merchant, "a", at)) // a repeat is no news
	lease(t, s, now.Add(24*time.Hour), 0)
	// Another message is; its being taken back leaves what was told before.
	b := mustAppend(t, s, reminded(buyer, merchant, "b", now)).Message
	if _, err := s.Recall(t.Context(), chat.RecallRequest{Conversation: b.Conversation, Seq: 2, By: buyer, At: now}); err != nil {
		t.Fatal(err)
	}
	lease(t, s, now.Add(24*time.Hour), 0)
	mustAppend(t, s, reminded(buyer, merchant, "c", now))
	if r := lease(t, s, now.Add(24*time.Hour), 1)[0]; r.Seq != 3 {
		t.Errorf("reminder %+v", r)
	}
}

func testRemindLease(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now := at.Add(patience)
	dead := lease(t, s, now, 1)[0]
	lease(t, s, now.Add(10*time.Second-time.Millisecond), 0)
	alive := lease(t, s, now.Add(10*time.Second), 1)[0]
	if alive.ID != dead.ID || alive.Lease == dead.Lease {
		t.Errorf("%+v after %+v", alive, dead)
	}
	settle(t, s, dead, chat.ReminderOutcome{At: now, Told: true}) // too late
	waiting(t, s, 1, 0)
	settle(t, s, alive, chat.ReminderOutcome{At: now, Told: true})
	waiting(t, s, 0, 0)
	settle(t, s, alive, chat.ReminderOutcome{At: now, GivenUp: true, Failure: "no"})
	waiting(t, s, 0, 0)
}

// Whoever's clock was set back finds nothing due that another has told of, or is telling.
func testRemindClockBack(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now, back := at.Add(patience), at.Add(patience-time.Hour)
	leased := lease(t, s, now, 1)[0]
	lease(t, s, back, 0)
	next(t, s, now.Add(10*time.Second))
	settle(t, s, leased, chat.ReminderOutcome{At: back, Told: true})
	waiting(t, s, 0, 0)
	mustAppend(t, s, reminded(buyer, merchant, "b", back))
	lease(t, s, back, 0)
	if r := lease(t, s, back.Add(patience), 1)[0]; r.Seq != 2 {
		t.Errorf("%+v, want what was sent after the clock was set back", r)
	}
	lease(t, s, now.Add(-time.Minute), 1) // ten seconds have long been over by this clock
	lease(t, s, now.Add(-time.Minute), 0)
}

func testRemindGivenUp(t *testing.T, s ReminderStore) {
	c := mustAppend(t, s, reminded(buyer, merchant, "a", at)).Conversation
	now := at.Add(patience)
	r := lease(t, s, now, 1)[0]
	settle(t, s, r, chat.ReminderOutcome{At: now.Add(time.Second), GivenUp: true, Failure: "410 Gone"})
	waiting(t, s, 0, 1)
	list, err := s.Undelivered(t.Context(), 0, 10)
	if err != nil || len(list) != 1 {
		t.Fatalf("undelivered %+v, %v", list, err)
	}
	look(t, "undelivered", chat.Undelivered{
		Num: list[0].Num, ID: r.ID, Conversation: c.ID, UIDs: c.UIDs, Side: chat.MerchantSide, Seq: 1,
		MadeAt: now, TriedAt: now.Add(time.Second), FailedAt: now.Add(time.Second), Attempts: 1, Failure: "410 Gone",
	}, list[0])
	if rest, err := s.Undelivered(t.Context(), list[0].Num, 10); err != nil || len(rest) != 0 {
		t.Errorf("after the last one %+v, %v", rest, err)
	}
	wantError(t, s.RetryReminder(t.Context(), "nothing", now), chat.NotFound, "")
	if err := s.RetryReminder(t.Context(), r.ID, now.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantError(t, s.RetryReminder(t.Context(), r.ID, now), chat.NotFound, "")
	waiting(t, s, 1, 0)
	again := lease(t, s, now.Add(time.Hour), 1)[0]
	if again.ID != r.ID || again.Attempts != 0 || again.Seq != 1 {
		t.Errorf("again %+v of %+v", again, r)
	}
	// It is told that it is old by its number: none comes twice.
	settle(t, s, again, chat.ReminderOutcome{At: now.Add(2 * time.Hour), GivenUp: true, Failure: "410 Gone"})
	if list2, err := s.Undelivered(t.Context(), list[0].Num, 10); err != nil || len(list2) != 1 {
		t.Errorf("given up again: %+v, %v", list2, err)
	}
	// A month later it is gone, once another one joins it.
	late := now.Add(2*time.Hour + chat.UndeliveredFor + time.Second)
	mustAppend(t, s, reminded("U_2", merchant, "a", late.Add(-patience)))
	settle(t, s, lease(t, s, late, 1)[0], chat.ReminderOutcome{At: late, GivenUp: true, Failure: "no"})
	waiting(t, s, 0, 1)
}

func testRemindAfterGivenUp(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "a", at))
	now := at.Add(patience)
	r := lease(t, s, now, 1)[0]
	mustAppend(t, s, reminded(buyer, merchant, "b", now))
	settle(t, s, r, chat.ReminderOutcome{At: now, GivenUp: true, Failure: "no"})
	waiting(t, s, 1, 1)
	if newer := lease(t, s, now.Add(patience), 1)[0]; newer.ID == r.ID || newer.Seq != 2 {
		t.Errorf("newer %+v after %+v", newer, r)
	}
	// The one under way tells all of it.
	if err := s.RetryReminder(t.Context(), r.ID, now); err != nil {
		t.Fatal(err)
	}
	waiting(t, s, 1, 0)
	all := lease(t, s, now.Add(patience+10*time.Second), 1)[0]
	if all.Seq != 2 || !all.Since.Equal(at) {
		t.Errorf("all of it is %+v", all)
	}
}

// What is retried tells of all the messages that it was about, not of the last alone.
func testRemindRetryAll(t *testing.T, s ReminderStore) {
	mustAppend(t, s, reminded(buyer, merchant, "told", at))
	settle(t, s, lease(t, s, at.Add(patience), 1)[0], chat.ReminderOutcome{At: at.Add(patience), Told: true})
	first := at.Add(2 * patience)
	mustAppend(t, s, reminded(buyer, merchant, "a", first))
	mustAppend(t, s, reminded(buyer, merchant, "b", first.Add(time.Second)))
	now := first.Add(patience)
	r := lease(t, s, now, 1)[0]
	settle(t, s, r, chat.ReminderOutcome{At: now, GivenUp: true, Failure: "no"})
	if _, err := s.Recall(t.Context(), chat.RecallRequest{Conversation: r.Conversation, Seq: 3, By: buyer, At: now}); err != nil {
		t.Fatal(err)
	}
	if err := s.RetryReminder(t.Context(), r.ID, now); err != nil {
		t.Fatal(err)
	}
	again := lease(t, s, now, 1)[0]
	if again.Seq != 2 || !again.Since.Equal(first) {
		t.Errorf("again %+v, want the message that is left", again)
	}
}

func testRemindTogether(t *testing.T, s ReminderStore) {
	const conversations, messages = 40, 5
	var wg sync.WaitGroup
	for i := range conversations {
		for n := range messages {
			wg.Go(func() {
				mustAppend(t, s, reminded(chat.UID(fmt.Sprint("U_", i)), merchant, fmt.Sprint(n), at))
			})
		}
	}
	wg.Wait()
	waiting(t, s, conversations, 0)
	seen := leaseTogether(t, s, conversations)
	for id, r := range seen {
		if r.Seq != messages {
			t.Errorf("%v is short: %+v", id, r)
		}
	}
	if len(seen) != conversations {
		t.Errorf("%d conversations were leased, want %d", len(seen), conversations)
	}
}

// leaseTogether has eight nodes lease all there is, each of rounds times.
func leaseTogether(t *testing.T, s ReminderStore, rounds int) map[chat.ConversationID]chat.Reminder {
	t.Helper()
	seen := make(map[chat.ConversationID]chat.Reminder)
	var mu sync.Mutex
	node := func() { // who meets another at the same rows gets none, and asks again
		got, err := s.LeaseReminders(t.Context(), chat.ReminderLease{
			Now: at.Add(patience), Until: at.Add(time.Hour), After: [2]time.Duration{patience, patience}, Limit: 7,
		})
		if err != nil {
			t.Error(err)
		}
		mu.Lock()
		defer mu.Unlock()
		for _, r := range got {
			if _, ok := seen[r.Conversation]; ok {
				t.Errorf("%v was leased twice", r.Conversation)
			}
			seen[r.Conversation] = r
		}
	}
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range rounds {
				node()
			}
		})
	}
	wg.Wait()
	return seen
}

// teller is a shop that is told, and now and then too busy for it.
type teller struct {
	told  map[chat.ConversationID]chat.Seq
	after [2]time.Duration
}

// tell takes what is due at now and reports how much that was.
func (l *teller) tell(t *testing.T, s ReminderStore, now time.Time) int {
	t.Helper()
	got, err := s.LeaseReminders(t.Context(), chat.ReminderLease{Now: now, Until: now.Add(time.Hour), After: l.after, Limit: 3})
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if r.Seq <= l.told[r.Conversation] {
			t.Errorf("%s was told of up to %d, and then of %d", r.Conversation, l.told[r.Conversation], r.Seq)
		}
		o := chat.ReminderOutcome{At: now, After: l.after, Told: true}
		if i == 1 {
			o = chat.ReminderOutcome{At: now, After: l.after, RetryAt: now, Failure: "busy"}
		} else {
			l.told[r.Conversation] = r.Seq
		}
		if err := s.SettleReminder(t.Context(), r, o); err != nil {
			t.Fatal(err)
		}
	}
	return len(got)
}

// testRemindGapless tells the shop while people go on writing, and looks whether each
// last message was told of in the end.
func testRemindGapless(t *testing.T, s ReminderStore) {
	const conversations, messages = 8, 60
	l := &teller{told: make(map[chat.ConversationID]chat.Seq), after: [2]time.Duration{time.Millisecond, time.Millisecond}}
	later := at.Add(time.Hour) // everything is due at once
	var writers sync.WaitGroup
	for i := range conversations {
		writers.Go(func() {
			for n := range messages {
				mustAppend(t, s, reminded(chat.UID(fmt.Sprint("U_", i)), merchant, fmt.Sprint(n), at))
			}
		})
	}
	done := make(chan struct{})
	go func() { writers.Wait(); close(done) }()
	for writing, due := true, 1; writing || due > 0; due = l.tell(t, s, later) {
		select {
		case <-done:
			writing = false
		default:
		}
	}
	waiting(t, s, 0, 0)
	for i := range conversations {
		c, err := s.ConversationBetween(t.Context(), chat.UID(fmt.Sprint("U_", i)), merchant)
		if err != nil || l.told[c.ID] != messages {
			t.Errorf("of %s the shop was told up to %d of %d, %v", c.ID, l.told[c.ID], messages, err)
		}
	}
}
