package sqlstore

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"haggle/internal/chat"
)

var _ chat.ReminderStore = (*Store)(nil)

const selectNextReminder = `
SELECT MIN(due_at)
FROM outbox`

const selectDueReminders = `
SELECT c.num, c.id, o.side, o.due_at, o.lease, o.told, o.id, o.seq, o.made_at, o.tried_at, o.attempts
FROM outbox o
JOIN conversations c ON c.num = o.conversation
WHERE o.due_at <= ?
ORDER BY o.due_at
LIMIT ?`

const selectLeasedReminder = `
SELECT c.num, c.id, o.side, o.due_at, o.lease, o.told, o.id, o.seq, o.made_at, o.tried_at, o.attempts
FROM outbox o
JOIN conversations c ON c.num = o.conversation
WHERE c.id = ? AND o.side = ? AND o.lease = ?`

// Of two nodes that found the same row, one changes it.
const updateReminder = `
UPDATE outbox
SET due_at = ?, lease = ?, told = ?, id = ?, seq = ?, made_at = ?, tried_at = ?, attempts = ?
WHERE conversation = ? AND side = ? AND due_at = ? AND lease = ?`

const deleteReminder = `
DELETE FROM outbox
WHERE conversation = ? AND side = ? AND due_at = ? AND lease = ?`

const selectFirstOf = `
SELECT seq, sent_at
FROM messages
WHERE conversation = ? AND seq > ? AND side = ? AND recalled_at = 0
ORDER BY seq
LIMIT 1`

const selectNewestMessageOf = `
SELECT seq, sent_at
FROM messages
WHERE conversation = ? AND seq > ? AND side = ? AND recalled_at = 0
ORDER BY seq DESC
LIMIT 1`

const insertUndelivered = `
INSERT INTO undelivered (id, conversation, side, told, seq, made_at, tried_at, failed_at, attempts, failure)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

const sweepUndelivered = `
DELETE FROM undelivered
WHERE failed_at < ?`

const deleteUndelivered = `
DELETE FROM undelivered
WHERE id = ?`

const selectUndelivered = `
SELECT u.num, u.id, c.id, c.buyer, c.merchant, u.side, u.seq, u.made_at, u.tried_at, u.failed_at, u.attempts, u.failure
FROM undelivered u
JOIN conversations c ON c.num = u.conversation
WHERE u.num > ?
ORDER BY u.num
LIMIT ?`

const selectUndeliveredByID = `
SELECT conversation, side, told, seq, made_at
FROM undelivered
WHERE id = ?`

// What is retried goes by its old name, unless the conversation has another one
// under way, which then tells of its messages too.
const reviveReminder = `
INSERT INTO outbox (conversation, side, due_at, lease, told, id, seq, made_at, tried_at, attempts)
VALUES (?, ?, ?, '', ?, ?, ?, ?, 0, 0)
ON CONFLICT (conversation, side) DO UPDATE
SET told = excluded.told
WHERE outbox.told > excluded.told`

const countReminders = `
SELECT (SELECT COUNT(*) FROM outbox), (SELECT COUNT(*) FROM undelivered)`

// reminder is a row of the outbox, as it was read.
type reminder struct {
	num          int64
	conversation chat.ConversationID
	side         chat.Side
	dueAt        int64
	lease        string
	told         int64

	id       string
	seq      int64
	madeAt   int64
	triedAt  int64
	attempts int64
}

func decodeReminder(r row) reminder {
	return reminder{
		num: r.int(0), conversation: chat.ConversationID(r.text(1)), side: chat.Side(r.int(2)), //nolint:gosec // 0 or 1
		dueAt: r.int(3), lease: r.text(4), told: r.int(5), id: r.text(6), seq: r.int(7),
		madeAt: r.int(8), triedAt: r.int(9), attempts: r.int(10),
	}
}

// put stores next in place of r, and reports whether r was still there.
func (r *reminder) put(t tx, next *reminder) (bool, error) {
	n, err := t.exec(updateReminder, next.dueAt, next.lease, next.told, next.id, next.seq, next.madeAt, next.triedAt, next.attempts,
		r.num, int64(r.side), r.dueAt, r.lease)
	return n == 1, err
}

func (r *reminder) remove(t tx) error {
	_, err := t.exec(deleteReminder, r.num, int64(r.side), r.dueAt, r.lease)
	return err
}

// untold returns the first and the newest message of the other side that r's side
// has not read and that is this row's matter; seq 0: there is none.
func (r *reminder) untold(t tx, c *conversation) (first, newest spoken, err error) {
	if c.Sides[r.side].Blocked || c.Sides[r.side].Muted {
		return first, newest, nil // it does not want to hear of it
	}
	after := max(r.told, int64(c.Sides[r.side].Read))
	for query, to := range map[string]*spoken{selectFirstOf: &first, selectNewestMessageOf: &newest} {
		keep := func(r row) error {
			*to = spoken{r.int(0), r.int(1)}
			return nil
		}
		if err := t.query(keep, query, r.num, after, int64(r.side.Other())); err != nil {
			return first, newest, err
		}
	}
	return first, newest, nil
}

// spoken is when a message was said.
type spoken struct{ seq, at int64 }

// remindOf adds a reminder to what the batch writes. The first one counts.
func (b *batch) remindOf(c *conversation, side chat.Side, m *message, at time.Time) {
	if at.IsZero() || c.reminded[side] {
		return
	}
	c.reminded[side] = true
	b.reminders = append(b.reminders, newReminder{c, side, millis(at), int64(m.Seq) - 1})
}

// newReminder is one to be stored with its message.
type newReminder struct {
	conversation *conversation
	side         chat.Side
	dueAt, told  int64
}

func (b *batch) saveReminders() error {
	if len(b.reminders) == 0 {
		return nil
	}
	if err := b.stmts.remind(b.reminders); err != nil {
		return fmt.Errorf("insert reminders: %w", err)
	}
	return nil
}

// NextReminder implements chat.ReminderStore.
func (s *Store) NextReminder(ctx context.Context) (at time.Time, err error) {
	err = s.query(ctx, func(r row) error { at = r.time(0); return nil }, selectNextReminder)
	if err != nil {
		return time.Time{}, fmt.Errorf("next reminder: %w", err)
	}
	return at, nil
}

// LeaseReminders implements chat.ReminderStore.
func (s *Store) LeaseReminders(ctx context.Context, l chat.ReminderLease) ([]chat.Reminder, error) {
	o := &leaseOp{l: l}
	done, err := outcome(ctx, s.writer, o, &o.result)
	if err != nil {
		return nil, fmt.Errorf("lease reminders: %w", err)
	}
	return done, nil
}

type leaseOp struct {
	l      chat.ReminderLease
	due    []reminder
	result []chat.Reminder
}

func (o *leaseOp) begin(b *batch) error {
	o.due = o.due[:0]
	err := b.tx.query(func(r row) error {
		o.due = append(o.due, decodeReminder(r))
		return nil
	}, selectDueReminders, millis(o.l.Now), int64(o.l.Limit))
	for i := range o.due {
		b.need(o.due[i].conversation)
	}
	return err
}

func (o *leaseOp) look(*batch) error { return nil }

func (o *leaseOp) apply(b *batch) error {
	o.result = nil
	for i := range o.due {
		r, ok, err := o.take(b, &o.due[i])
		if err != nil {
			return fmt.Errorf("take reminder: %w", err)
		}
		if ok {
			o.result = append(o.result, r)
		}
	}
	return nil
}

// take leases one row if it is still true, and puts it right if not.
func (o *leaseOp) take(b *batch, due *reminder) (_ chat.Reminder, ok bool, err error) {
	none := chat.Reminder{}
	c := b.byID[due.conversation]
	after := o.l.After[due.side]
	first, newest, err := due.untold(b.tx, c)
	switch {
	case err != nil:
		return none, false, err
	case first.seq == 0 || after <= 0:
		return none, false, due.remove(b.tx)
	}
	next := *due
	next.lease = ""
	if next.dueAt = first.at + after.Milliseconds(); next.dueAt > millis(o.l.Now) {
		_, err := due.put(b.tx, &next)
		return none, false, err
	}
	if newest.seq != due.seq { // not what was told before
		next.id, next.seq, next.madeAt, next.triedAt = strings.ToLower(rand.Text()), newest.seq, millis(o.l.Now), 0
	}
	next.dueAt, next.lease = millis(o.l.Until), rand.Text()
	if ok, err = due.put(b.tx, &next); !ok || err != nil {
		return none, false, err
	}
	return chat.Reminder{
		ID: chat.ReminderID(next.id), Lease: next.lease, Conversation: c.ID, Side: next.side, Seq: chat.Seq(next.seq),
		Since: fromMillis(first.at), MadeAt: fromMillis(next.madeAt), TriedAt: fromMillis(next.triedAt), Attempts: int(next.attempts),
	}, true, nil
}

func (o *leaseOp) finish(*batch) error { return nil }

func (o *leaseOp) settle(*batch) {}

// SettleReminder implements chat.ReminderStore.
func (s *Store) SettleReminder(ctx context.Context, r chat.Reminder, outcome chat.ReminderOutcome) error {
	if err := s.writer.do(ctx, &settleOp{r: r, outcome: outcome}); err != nil {
		return fmt.Errorf("settle reminder: %w", err)
	}
	return nil
}

type settleOp struct {
	r       chat.Reminder
	outcome chat.ReminderOutcome
}

func (o *settleOp) begin(b *batch) error {
	b.need(o.r.Conversation)
	return nil
}

func (o *settleOp) look(*batch) error { return nil }

func (o *settleOp) apply(b *batch) error {
	var held reminder
	err := b.tx.query(func(r row) error {
		held = decodeReminder(r)
		return nil
	}, selectLeasedReminder, string(o.r.Conversation), int64(o.r.Side), o.r.Lease)
	if err != nil || held.num == 0 {
		return err
	}
	if !o.outcome.RetryAt.IsZero() {
		return o.again(b.tx, &held)
	}
	if o.outcome.GivenUp {
		if err := o.giveUp(b, &held); err != nil {
			return err
		}
	}
	return o.goOn(b, &held)
}

// again puts the row off. One that was not tried to the end is as it was.
func (o *settleOp) again(t tx, held *reminder) error {
	next := *held
	next.lease, next.dueAt = "", millis(o.outcome.RetryAt)
	if o.outcome.Failure != "" {
		next.attempts++
		if next.triedAt == 0 {
			next.triedAt = millis(o.outcome.At)
		}
	}
	_, err := held.put(t, &next)
	return err
}

func (o *settleOp) giveUp(b *batch, held *reminder) error {
	t := b.tx
	if err := b.dialect.serialize(t, numberingUndelivered); err != nil { // see AddReport
		return err
	}
	if _, err := t.exec(sweepUndelivered, millis(o.outcome.At.Add(-chat.UndeliveredFor))); err != nil {
		return err
	}
	tried := held.triedAt
	if tried == 0 {
		tried = millis(o.outcome.At)
	}
	_, err := t.exec(insertUndelivered, held.id, held.num, int64(held.side), held.told, held.seq, held.madeAt,
		tried, millis(o.outcome.At), held.attempts+1, o.outcome.Failure)
	return err
}

// goOn begins another reminder with what came meanwhile, if anything did.
func (o *settleOp) goOn(b *batch, held *reminder) error {
	rest := *held
	rest.told = held.seq
	first, _, err := rest.untold(b.tx, b.byID[held.conversation])
	if err != nil {
		return err
	}
	if first.seq == 0 {
		return held.remove(b.tx)
	}
	next := reminder{told: rest.told, dueAt: first.at + o.outcome.After[held.side].Milliseconds()}
	_, err = held.put(b.tx, &next)
	return err
}

func (o *settleOp) finish(*batch) error { return nil }

func (o *settleOp) settle(*batch) {}

// Undelivered implements chat.ReminderStore.
func (s *Store) Undelivered(ctx context.Context, after chat.ReminderNum, limit int) ([]chat.Undelivered, error) {
	var list []chat.Undelivered
	err := s.query(ctx, func(r row) error {
		list = append(list, chat.Undelivered{
			Num: chat.ReminderNum(r.int(0)), ID: chat.ReminderID(r.text(1)), Conversation: chat.ConversationID(r.text(2)),
			UIDs: [2]chat.UID{chat.UID(r.text(3)), chat.UID(r.text(4))},
			Side: chat.Side(r.int(5)), Seq: chat.Seq(r.int(6)), //nolint:gosec // 0 or 1
			MadeAt: r.time(7), TriedAt: r.time(8), FailedAt: r.time(9), Attempts: int(r.int(10)), Failure: r.text(11),
		})
		return nil
	}, selectUndelivered, int64(after), limit)
	if err != nil {
		return nil, fmt.Errorf("undelivered: %w", err)
	}
	return list, nil
}

// RetryReminder implements chat.ReminderStore.
func (s *Store) RetryReminder(ctx context.Context, id chat.ReminderID, now time.Time) error {
	err := s.write(ctx, "", func(t tx) error {
		var num, side, told, seq, madeAt int64
		err := t.query(func(r row) error {
			num, side, told, seq, madeAt = r.int(0), r.int(1), r.int(2), r.int(3), r.int(4)
			return nil
		}, selectUndeliveredByID, string(id))
		if err != nil {
			return err
		}
		if num == 0 {
			return errNotGivenUp()
		}
		n, err := t.exec(deleteUndelivered, string(id))
		if err == nil && n == 0 { // another node was faster
			return errNotGivenUp()
		}
		if err != nil {
			return err
		}
		_, err = t.exec(reviveReminder, num, side, millis(now), told, string(id), seq, madeAt)
		return err
	})
	if err != nil {
		return fmt.Errorf("retry reminder: %w", err)
	}
	return nil
}

func errNotGivenUp() error {
	return chat.Errorf(chat.NotFound, "no delivery that was given up has this id")
}

// CountReminders implements chat.ReminderStore.
func (s *Store) CountReminders(ctx context.Context) (waiting, undelivered int64, err error) {
	err = s.query(ctx, func(r row) error { waiting, undelivered = r.int(0), r.int(1); return nil }, countReminders)
	if err != nil {
		return 0, 0, fmt.Errorf("count reminders: %w", err)
	}
	return waiting, undelivered, nil
}
