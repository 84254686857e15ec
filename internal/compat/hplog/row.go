package hplog

import (
	"context"
	"regexp"

	"haggle/internal/chat"
)

// The values of the table's columns.
const (
	typeText   = 1
	typeLink   = 2
	typeImages = 3

	senderBuyer    = 1
	senderMerchant = 2
)

// columns are the table's, in its order.
const columns = "id, user_id, merchant_id, send_message, send_message_type, sender, send_time, read_status, acc_isonline"

// Row is a row of the table, texts as the bytes that are in it.
type Row struct {
	ID       int64
	User     int64  // the buyer's number, without prefix
	Merchant []byte // with prefix
	Message  []byte
	Type     int64
	Sender   int64
	Time     int64 // Unix seconds
	Read     int64
	Online   int64
}

// Source is a table, wherever it is.
type Source interface {
	// Total returns how many rows there are, as far as anybody knows.
	Total(ctx context.Context) (int64, error)

	// Rows calls each for every row, in the order of ids. The row is good until
	// each returns.
	Rows(ctx context.Context, each func(*Row) error) error

	// Close lets go of it.
	Close() error
}

// tableName is what a table may be called: it becomes part of a query.
var tableName = regexp.MustCompile(`^[A-Za-z0-9_$]{1,64}$`)

func checkTable(name string) error {
	if !tableName.MatchString(name) {
		return chat.Codef(chat.Invalid, "invalid_table", "%q is no name of a table", name)
	}
	return nil
}
