package chat

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// ReminderID names what the shop is told of once. It stays the same however often
// that is tried, so that the shop can tell a repeat.
type ReminderID string

// Reminder is due: one side of a conversation has not read what the other wrote.
type Reminder struct {
	ID           ReminderID
	Lease        string // who has it; another one's ends this one's
	Conversation ConversationID
	Side         Side      // that has not read
	Seq          Seq       // the newest message of the other side that ID stands for
	Since        time.Time // when the first of them was sent that the shop has not been told of
	MadeAt       time.Time // since when ID stands for it
	TriedAt      time.Time // when the shop was first tried; zero: not yet
	Attempts     int       // that failed
}

// ReminderLease asks for reminders that are due.
type ReminderLease struct {
	Now   time.Time
	Until time.Time        // whoever has not settled it by then is taken for dead
	After [2]time.Duration // by the side that has not read: how long a message waits; 0: for ever
	Limit int
}

// ReminderOutcome says what became of a leased reminder. Exactly one of Told,
// GivenUp and RetryAt is set.
type ReminderOutcome struct {
	At      time.Time        // now
	After   [2]time.Duration // as for the lease
	Told    bool             // the shop knows
	GivenUp bool             // it stays with those that Undelivered lists
	RetryAt time.Time        // when to try again
	Failure string           // why it did not work; "" with RetryAt: it was not tried to the end
}

// Undelivered is a reminder that was given up.
type Undelivered struct {
	Num          ReminderNum
	ID           ReminderID
	Conversation ConversationID
	UIDs         [2]UID
	Side         Side
	Seq          Seq
	MadeAt       time.Time
	TriedAt      time.Time
	FailedAt     time.Time
	Attempts     int
	Failure      string
}

// ReminderNum counts reminders that were given up: a later one has a greater
// number.
type ReminderNum int64

// UndeliveredFor is how long a reminder that was given up is kept.
const UndeliveredFor = 30 * 24 * time.Hour

// ReminderStore keeps what the shop is to be reminded of. Append puts it there,
// in the message's own transaction: one reminder for each side of a conversation
// while it has something unread, however many messages that is. As with Store,
// every method is one atomic step.
type ReminderStore interface {
	// NextReminder returns when the earliest becomes due, or its lease ends; zero
	// when there is none.
	NextReminder(ctx context.Context) (time.Time, error)

	// LeaseReminders hands out what is due, the earliest first, and what is still
	// true of it at this moment: what has been read, recalled or blocked is dropped,
	// and what is younger than it seemed (the first messages were read, others
	// followed) is put off. A reminder that was tried before keeps its ID unless
	// there are newer messages by now: then it is another one.
	LeaseReminders(ctx context.Context, l ReminderLease) ([]Reminder, error)

	// SettleReminder ends a lease. Nothing happens where it is no longer the
	// caller's. Messages that came while the shop was told begin another reminder.
	SettleReminder(ctx context.Context, r Reminder, o ReminderOutcome) error

	// Undelivered returns up to limit reminders that were given up, with Num > after,
	// in order. They are kept for UndeliveredFor.
	Undelivered(ctx context.Context, after ReminderNum, limit int) ([]Undelivered, error)

	// RetryReminder makes one that was given up due again. Where the conversation has
	// another one under way, that one tells it all. One that is not there is NotFound.
	RetryReminder(ctx context.Context, id ReminderID, now time.Time) error

	// CountReminders returns how many wait and how many were given up.
	CountReminders(ctx context.Context) (waiting, undelivered int64, err error)
}

// remindAt returns when to is reminded of a message that is sent at sentAt; zero
// for never. Guests are nobody that the shop could reach.
func (l *Limits) remindAt(to UID, sentAt time.Time) time.Time {
	if to.IsGuest() || to.Side() == NoSide || l.RemindAfter[to.Side()] <= 0 {
		return time.Time{}
	}
	return sentAt.Add(l.RemindAfter[to.Side()])
}

// Reminded returns what there is to say of a reminder: the conversation as it is
// now, with the message that r stands for in Last.
func (b Backend) Reminded(ctx context.Context, r Reminder) (ConversationView, error) {
	conv, err := b.s.store.Conversation(ctx, r.Conversation)
	if err != nil {
		return ConversationView{}, fmt.Errorf("conversation %s: %w", r.Conversation, err)
	}
	found, err := b.s.store.MessagesAfter(ctx, r.Conversation, r.Seq-1, 1)
	if err != nil {
		return ConversationView{}, fmt.Errorf("message %d of %s: %w", r.Seq, r.Conversation, err)
	}
	if len(found) == 1 {
		conv.Last = &found[0]
	}
	views, err := b.s.views(ctx, []Conversation{conv})
	if err != nil {
		return ConversationView{}, err
	}
	return views[0], nil
}

// Preview returns the message's text as one plain line of at most limit
// characters, without what could reorder or hide what stands beside it. Without
// text it is the title of a product, else "".
func (m *Message) Preview(limit int) string {
	var texts []string
	for _, b := range m.Blocks {
		if b.Type == TextBlock {
			texts = append(texts, b.Text)
		}
	}
	if len(texts) == 0 {
		for _, b := range m.Blocks {
			if b.Product != nil {
				texts = append(texts, b.Product.Title)
			}
		}
	}
	return CleanName(strings.Join(texts, " "), limit)
}
