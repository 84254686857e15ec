package sqlstore

import (
	"context"
	"time"

	"github.com/pressly/goose/v3"

	"haggle/internal/chat"
)

// Dialect is what a database engine does its own way. A list is one argument, a JSON
// array of strings.
type Dialect struct {
	name  string // folder under migrations
	goose goose.Dialect

	words *words
	inbox inbox

	// failure makes a chat.Error of what the engine says about its own state (the
	// disk is full, the database is locked); nil means that the request is at
	// fault or nobody knows.
	failure func(err error) error

	// rival says whether err is the doing of somebody else who writes to the same
	// database, or of a connection that was lost before anything was stored: the same
	// transaction may well succeed when it is tried again at once. Nil: never.
	rival func(err error) bool

	// refusal makes a chat.Error of one that the request itself is at fault for; nil
	// is none. The field is nil where the engine takes everything.
	refusal func(err error) error

	// shared says that other processes may write to the same database: what they can
	// change is asked for at each use.
	shared bool

	// prepares says that the driver prepares a statement anew at each use, unless it is
	// kept.
	prepares bool

	// timeout bounds a read where it leaves the process; 0 where it does not.
	timeout time.Duration

	// alone waits until no other transaction, of any process, that has called it for
	// the same thing is open: what one makes of what it has read, such as the next
	// number, holds until it is committed. Where there is one writer it is nil.
	alone func(t tx, thing string) error

	// renumber sees to it that the next number of a table comes after those that were
	// stored with one. Nil where the engine does so itself.
	renumber func(t tx) error

	// derived is, by table, the statement that sets the columns that this engine alone has,
	// from those that all have, in rows from one key to another. Whoever inserts rows with
	// the common columns only has it follow in the same transaction.
	derived map[string]string

	search fullText

	// batch returns the statements of a batch over an open transaction.
	batch func(t tx) statements
}

// tx is an open transaction of the writer. Statements are prepared once per
// connection. Arguments are int64, string, []byte or nil.
type tx interface {
	// exec returns the number of rows it changed.
	exec(query string, args ...any) (int64, error)

	// query calls each for every row. The row is good until each returns, what
	// was decoded from it for ever.
	query(each func(row) error, query string, args ...any) error
}

// statements is what a batch asks of its engine: a fixed number of statements,
// however many requests are in the batch. Rows are locked in the order of their
// ids, conversations before participants.
type statements interface {
	// conversations locks and returns those that exist of the conversations with these
	// ids and of those between these {buyer, merchant}; one of both may come twice.
	conversations(ids []string, pairs [][2]string, each func(row) error) error

	// files locks and returns the files that exist: fileColumns.
	files(ids []string, each func(row) error) error

	// messagesByNonce finds messages by their senders' nonces. The first column
	// of a row is the index of its key.
	messagesByNonce(keys []nonceKey, each func(row) error) error

	// messagesBySeq finds what marks and recalls have to know of messages:
	// conversation, seq, side, ordinal, sent_at, recalled_at and the rev of the
	// recall.
	messagesBySeq(keys []seqKey, each func(row) error) error

	// raise adds to participants' positions and tells the new ones: uid, pos.
	raise(by []raised, each func(row) error) error

	// begin inserts conversations and sets their nums.
	begin(cs []*conversation) error

	// update stores the changed conversations.
	update(cs []*conversation) error

	// insert stores new messages.
	insert(ms []*message) error

	// insertWithImages notes which of the new messages carry images.
	insertWithImages(ms []*message) error

	// number stores the numbers that new messages have in the PHP chat's table.
	number(ns []numbered) error

	// attach stores which conversations files have gone into.
	attach(fs []*chat.File) error

	// remind stores new reminders, but where the conversation has one for that side
	// already. No two are for the same.
	remind(rs []newReminder) error

	// asked stores what conversations came to be about. Of those that are for the
	// same the last counts, but for the first time.
	asked(as []asked) error
}

type nonceKey struct {
	num   int64
	side  int64
	nonce string
}

type seqKey struct{ num, seq int64 }

type raised struct {
	uid string
	by  int64
}

// writerConn is the one connection that writes.
type writerConn interface {
	tx
	begin() error
	commit() error
	rollback() error
	close() error
}

// serialize calls the engine's alone where it has one.
func (d *Dialect) serialize(t tx, thing string) error {
	if d.alone == nil {
		return nil
	}
	return d.alone(t, thing)
}

// Things that transactions do one after the other.
const (
	numberingReports     = "reports"
	numberingUndelivered = "undelivered"
	numberingMessages    = "legacy_numbers"
	countingPhrases      = "phrases of "
)

// connect opens the connection that writes.
type connect func(ctx context.Context) (writerConn, error)
