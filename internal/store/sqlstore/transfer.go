package sqlstore

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"math"
	"slices"
	"strings"
	"time"

	"haggle/internal/chat"
)

const (
	// transferPage is how many rows are read, and stored in one transaction, at a time.
	transferPage = 512

	// transferRows is how many rows one statement stores at the most.
	transferRows = 128

	// transferName is the setting of a store that is being filled: whose data comes.
	transferName = "transfer"

	// errandName is the setting beside it: where the errand of the transfer leads to.
	errandName = "transfer_errand"

	// finishTimeout is how long the last transaction of a transfer may take.
	finishTimeout = time.Minute
)

// Transferred says how far a transfer has come.
type Transferred struct {
	Step          string // "copy" or "verify"
	Conversations int64  // of All
	All           int64
	Rows          int64 // in this step, of all tables
	Already       bool  // an earlier transfer had come to its end: nothing is copied
}

// Errand is what belongs to a transfer besides rows, like the copying of pictures.
type Errand struct {
	// To says where it leads to, without secrets. It is kept until the transfer is done:
	// whoever goes on with it has to name the same.
	To string

	// Secret names what Do makes in the old store, by Store.Secret, if it is not there; ""
	// for nothing. A store that was filled before may have no other of that name.
	Secret string

	// Do does it, or what is still to be done of it. It may be called again after its end.
	Do func(context.Context) error
}

// ErrandError refuses to go on with a transfer without its errand, or with another one.
type ErrandError struct {
	Begun string // where the transfer's leads to
	Given string // where that which was given leads to, "" without one
}

func (e *ErrandError) Error() string {
	return fmt.Sprintf("this transfer was begun with %s, and %q is given now", e.Begun, e.Given)
}

// Transfer copies everything that from keeps into to, which may be of another engine,
// and compares what has arrived with what was there, conversation by conversation.
// Positions, epoch and secrets stay: clients go on as if nothing had happened. What is
// said can be searched for anew, after a while. Nobody may write to either meanwhile.
//
// To is empty, or was begun to be filled from the same store: then it goes on where it
// was. One that was filled to the end, which who began it may not have heard, is compared
// once more. A store that is not filled to the end says so by Filling. The errand, nil
// without one, is done before that end: when all is compared, and nobody may serve from
// it yet. That holds for a store that had been filled without it, too.
func Transfer(ctx context.Context, from, to *Store, tell func(Transferred), errand *Errand) error {
	t := transfer{from: from, to: to, tell: tell, errand: errand}
	if t.errand == nil {
		t.errand = &Errand{Do: func(context.Context) error { return nil }}
	}
	already, err := t.begin(ctx)
	if err != nil {
		return err
	}
	all, err := from.count(ctx, "conversations")
	if err != nil {
		return err
	}
	if !already {
		t.done = Transferred{Step: "copy", All: all}
		if err := t.copyAll(ctx); err != nil {
			return fmt.Errorf("copy: %w", err)
		}
	}
	t.done = Transferred{Step: "verify", All: all, Already: already}
	if err := t.verifyAll(ctx); err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if already && t.errand.To != "" {
		if err := t.mark(ctx); err != nil {
			return fmt.Errorf("note the errand: %w", err)
		}
	}
	if err := t.errand.Do(ctx); err != nil {
		return err
	}
	if err := t.finish(ctx); err != nil {
		return fmt.Errorf("finish: %w", err)
	}
	return nil
}

// Filling returns the epoch of the store that a transfer into s, which has not come to
// its end, is from; "" without one. Nobody may serve from such a store.
func (s *Store) Filling(ctx context.Context) (chat.Epoch, error) {
	value, err := s.Setting(ctx, transferName)
	return chat.Epoch(value), err
}

// Setting returns the value of a setting, like that which Secret makes; nil without one.
func (s *Store) Setting(ctx context.Context, name string) (value []byte, err error) {
	err = s.query(ctx, func(r row) error {
		value = slices.Clone(r.bytes(0))
		return nil
	}, selectSetting, name)
	if err != nil {
		return nil, fmt.Errorf("read setting: %w", err)
	}
	return value, nil
}

func (s *Store) count(ctx context.Context, table string) (n int64, err error) {
	err = s.query(ctx, func(r row) error {
		n = r.int(0)
		return nil
	}, "SELECT count(*) FROM "+table)
	if err != nil {
		return 0, fmt.Errorf("count %s: %w", table, err)
	}
	return n, nil
}

// table is one that is copied. A column is in one of the three lists, by what it holds.
type table struct {
	name    string
	key     []string // by which it is read, unique
	texts   []string
	numbers []string
	blobs   []string
}

// columns returns all of them, texts first, then numbers, then blobs.
func (t *table) columns() []string { return slices.Concat(t.texts, t.numbers, t.blobs) }

// list returns the columns as a statement names them: some are words of an engine's.
func (t *table) list() string { return `"` + strings.Join(t.columns(), `", "`) + `"` }

// values returns a row as all engines take it.
func (t *table) values(r row) []any {
	args := make([]any, 0, len(r))
	for i := range r {
		switch {
		case r[i] == nil:
			args = append(args, nil)
		case i < len(t.texts):
			args = append(args, r.text(i))
		case i < len(t.texts)+len(t.numbers):
			args = append(args, r.int(i))
		default:
			args = append(args, slices.Clone(r.bytes(i)))
		}
	}
	return args
}

// keyOf returns the key in a row that values made.
func (t *table) keyOf(values []any) []any {
	columns := t.columns()
	key := make([]any, len(t.key))
	for i, name := range t.key {
		key[i] = values[slices.Index(columns, name)]
	}
	return key
}

// first returns a key before all others.
func (t *table) first() []any {
	key := make([]any, len(t.key))
	for i, name := range t.key {
		key[i] = any(int64(math.MinInt64))
		if slices.Contains(t.texts, name) {
			key[i] = ""
		}
	}
	return key
}

// page returns the query for the rows after a key. A table of a conversation's is read
// within one.
func (t *table) page() string {
	key := strings.Join(t.key, ", ")
	after := key + " > ?"
	switch {
	case t.ofConversation():
		after = "conversation = ? AND " + t.key[1] + " > ?"
	case len(t.key) > 1:
		after = "(" + key + ") > (" + marks(len(t.key)) + ")"
	}
	return "SELECT " + t.list() + "\nFROM " + t.name + "\nWHERE " + after + "\nORDER BY " + key + "\nLIMIT ?"
}

// last returns the query for the greatest key.
func (t *table) last() string {
	where, order := "", strings.Join(t.key, " DESC, ")+" DESC"
	if t.ofConversation() {
		where, order = "\nWHERE conversation = ?", t.key[1]+" DESC"
	}
	return "SELECT " + t.list() + "\nFROM " + t.name + where + "\nORDER BY " + order + "\nLIMIT 1"
}

func (t *table) insert(rows int) string {
	one := "(" + marks(len(t.columns())) + ")"
	return "INSERT INTO " + t.name + " (" + t.list() + ")\nVALUES " + one + strings.Repeat(", "+one, rows-1)
}

func (t *table) ofConversation() bool { return t.key[0] == "conversation" }

func marks(n int) string { return "?" + strings.Repeat(", ?", n-1) }

// transfer is one under way.
type transfer struct {
	from, to *Store
	tell     func(Transferred)
	errand   *Errand
	source   []byte // the epoch of from
	done     Transferred
}

// begin marks the store that is filled, unless it is already: then it has the epoch of
// the other one, which comes in the last transaction of a transfer. It is marked again
// once it is compared, if there is an errand: one that was written to since is served
// from, and has to be.
func (t *transfer) begin(ctx context.Context) (already bool, err error) {
	if t.source, err = t.from.Setting(ctx, epochName); err != nil {
		return false, err
	}
	if unfinished, err := t.from.Filling(ctx); err != nil || unfinished != "" {
		return false, errors.Join(err, errors.New("what is to be copied was itself not filled to the end"))
	}
	own, err := t.to.Setting(ctx, epochName)
	if err != nil {
		return false, err
	}
	begun, err := t.to.Filling(ctx)
	if err != nil {
		return false, err
	}
	already = bytes.Equal(own, t.source)
	if already { // also when it is the same one
		if err := t.checkApart(ctx); err != nil {
			return false, err
		}
	}
	switch {
	case begun == chat.Epoch(t.source) && already && t.errand.To != "":
		// All is there but what the errand brings, and that may be another one.
	case begun == chat.Epoch(t.source):
		err = t.checkErrand(ctx)
	case begun != "":
		err = errors.New("a transfer into this database was begun from another one: empty it first")
	case !already:
		err = t.to.checkEmpty(ctx)
	}
	if err != nil {
		return false, err
	}
	if already {
		return true, t.checkSettings(ctx)
	}
	return false, t.mark(ctx)
}

// mark notes whose data comes, and with what errand: nobody serves from the store until
// finish takes that away.
func (t *transfer) mark(ctx context.Context) error {
	return t.to.write(ctx, "", func(tx tx) error {
		if t.errand.To != "" {
			if _, err := tx.exec(replaceSetting, errandName, []byte(t.errand.To)); err != nil {
				return err
			}
		}
		_, err := tx.exec(replaceSetting, transferName, t.source)
		return err
	})
}

// checkApart wants two databases, whatever their addresses look like: what is written to
// the one is not to be read from the other. Compared with itself a database is as it was;
// who took that for the end of a transfer, and deleted the old one, deleted all.
func (t *transfer) checkApart(ctx context.Context) error {
	mark := []byte(rand.Text())
	err := t.to.write(ctx, "", func(tx tx) error {
		_, err := tx.exec(replaceSetting, probeName, mark)
		return err
	})
	if err != nil {
		return err
	}
	found, err := t.from.Setting(ctx, probeName)
	if bytes.Equal(found, mark) {
		err = chat.Codef(chat.Conflict, "same_database", "both addresses are of one database: give that of another one to fill")
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return errors.Join(err, t.to.write(ctx, "", func(tx tx) error {
		_, err := tx.exec(deleteSetting, probeName)
		return err
	}))
}

// checkErrand wants the errand that the transfer was begun with, if it was with one.
func (t *transfer) checkErrand(ctx context.Context) error {
	begun, err := t.to.Setting(ctx, errandName)
	if err != nil || begun == nil || string(begun) == t.errand.To {
		return err
	}
	return &ErrandError{Begun: string(begun), Given: t.errand.To}
}

// checkEmpty wants a store that nobody has used.
func (s *Store) checkEmpty(ctx context.Context) error {
	for _, name := range []string{"conversations", "participants", "products", "files"} {
		n, err := s.count(ctx, name)
		if err != nil {
			return err
		}
		if n > 0 {
			return fmt.Errorf("the database to fill is not empty: it has %d %s", n, name)
		}
	}
	return nil
}

func (t *transfer) copyAll(ctx context.Context) error {
	for _, one := range flatTables() {
		if err := t.copyTable(ctx, one); err != nil {
			return err
		}
	}
	if err := t.copyConversations(ctx); err != nil {
		return err
	}
	for _, one := range lastTables() {
		if err := t.copyTable(ctx, one); err != nil {
			return err
		}
	}
	return nil
}

// copyTable copies what comes after the last row that is there.
func (t *transfer) copyTable(ctx context.Context, one *table) error {
	after, err := t.to.lastKey(ctx, one)
	if err != nil {
		return err
	}
	return t.copyAfter(ctx, one, after)
}

// lastKey returns the greatest key of a table, one before all others if it is empty.
// Of a conversation's table, within is its number.
func (s *Store) lastKey(ctx context.Context, one *table, within ...any) ([]any, error) {
	key := append(slices.Clone(within), one.first()[len(within):]...)
	err := s.query(ctx, func(r row) error {
		key = one.keyOf(one.values(r))
		return nil
	}, one.last(), within...)
	if err != nil {
		return nil, fmt.Errorf("look for the end of %s: %w", one.name, err)
	}
	return key, nil
}

func (t *transfer) copyAfter(ctx context.Context, one *table, after []any) error {
	for {
		rows, err := t.from.rowsAfter(ctx, one, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := t.store(ctx, one, rows); err != nil {
			return err
		}
		after = one.keyOf(rows[len(rows)-1])
		if len(rows) < transferPage {
			return nil
		}
	}
}

// rowsAfter returns a page of a table.
func (s *Store) rowsAfter(ctx context.Context, one *table, after []any) (rows [][]any, err error) {
	err = s.query(ctx, func(r row) error {
		rows = append(rows, one.values(r))
		return nil
	}, one.page(), append(slices.Clone(after), int64(transferPage))...)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", one.name, err)
	}
	return rows, nil
}

// store keeps rows, in the order of their keys, in one transaction. The number of rows of a statement is a power of
// two, so that there are few statements to prepare.
func (t *transfer) store(ctx context.Context, one *table, rows [][]any) error {
	err := t.to.write(ctx, "", func(tx tx) error {
		for left := rows; len(left) > 0; {
			n := transferRows
			for n > len(left) {
				n /= 2
			}
			if _, err := tx.exec(one.insert(n), slices.Concat(left[:n]...)...); err != nil {
				return err
			}
			left = left[n:]
		}
		if derive := t.to.dialect.derived[one.name]; derive != "" {
			_, err := tx.exec(derive, append(one.keyOf(rows[0]), one.keyOf(rows[len(rows)-1])...)...)
			return err
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store %s: %w", one.name, err)
	}
	t.done.Rows += int64(len(rows))
	t.tell(t.done)
	return nil
}

// copyConversations copies conversations, a page at a time, and what is in each.
func (t *transfer) copyConversations(ctx context.Context) error {
	one := conversationTable()
	have, err := t.to.lastKey(ctx, one)
	if err != nil {
		return err
	}
	there, _ := have[0].(int64)
	for after := one.first(); ; {
		rows, err := t.from.rowsAfter(ctx, one, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		fresh := slices.Clone(rows)
		fresh = slices.DeleteFunc(fresh, func(values []any) bool { return number(one, values) <= there })
		if len(fresh) > 0 {
			if err := t.store(ctx, one, fresh); err != nil {
				return err
			}
		}
		for _, values := range rows {
			if err := t.copyWithin(ctx, number(one, values), number(one, values) <= there); err != nil {
				return err
			}
			t.done.Conversations++
			t.tell(t.done)
		}
		after = one.keyOf(rows[len(rows)-1])
	}
}

// number returns the num of a conversation's row.
func number(one *table, values []any) int64 {
	num, _ := one.keyOf(values)[0].(int64)
	return num
}

// copyWithin copies what is in a conversation. Begun says that some of it may be there.
func (t *transfer) copyWithin(ctx context.Context, num int64, begun bool) error {
	for _, one := range withinTables() {
		after := []any{num, one.first()[1]}
		if begun {
			var err error
			if after, err = t.to.lastKey(ctx, one, num); err != nil {
				return err
			}
		}
		if err := t.copyAfter(ctx, one, after); err != nil {
			return err
		}
	}
	return nil
}

func (t *transfer) verifyAll(ctx context.Context) error {
	for _, one := range slices.Concat(flatTables(), lastTables()) {
		if err := t.compare(ctx, one, one.first()); err != nil {
			return err
		}
	}
	one := conversationTable()
	if err := t.compare(ctx, one, one.first()); err != nil {
		return err
	}
	for after := one.first(); ; {
		rows, err := t.from.rowsAfter(ctx, one, after)
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, values := range rows {
			for _, within := range withinTables() {
				if err := t.compare(ctx, within, []any{number(one, values), within.first()[1]}); err != nil {
					return fmt.Errorf("conversation %v: %w", values[0], err)
				}
			}
			t.done.Conversations++
			t.tell(t.done)
		}
		after = one.keyOf(rows[len(rows)-1])
	}
}

// compare wants as many rows on both sides, and the same.
func (t *transfer) compare(ctx context.Context, one *table, after []any) error {
	was, n, err := t.from.digest(ctx, one, after)
	if err != nil {
		return err
	}
	is, m, err := t.to.digest(ctx, one, after)
	if err != nil {
		return err
	}
	switch same := n == m && was == is; {
	case !same && t.done.Already:
		return fmt.Errorf("%s: %w", one.name, errUsed)
	case !same:
		return fmt.Errorf("%s: %d rows were there, %d have arrived, and they differ: nobody may write to either database meanwhile", one.name, n, m)
	}
	t.done.Rows += n
	t.tell(t.done)
	return nil
}

// errUsed says that a transfer which had come to its end is not the last word.
var errUsed = errors.New("the database to fill is not empty: it was filled from this one, and then one of them was written to")

// digest returns a hash of the rows after a key, and how many there are.
func (s *Store) digest(ctx context.Context, one *table, after []any) (sum [sha256.Size]byte, n int64, err error) {
	h := sha256.New()
	for {
		rows, err := s.rowsAfter(ctx, one, after)
		if err != nil {
			return sum, n, err
		}
		for _, values := range rows {
			for i := range values {
				hashValue(h, values[i])
			}
		}
		n += int64(len(rows))
		if len(rows) < transferPage {
			return [sha256.Size]byte(h.Sum(nil)), n, nil
		}
		after = one.keyOf(rows[len(rows)-1])
	}
}

// hashValue adds a value so that no two lists of values give the same bytes.
func hashValue(h hash.Hash, v any) {
	var kind byte
	var text []byte
	switch v := v.(type) {
	case nil:
	case int64:
		kind, text = 'i', binary.BigEndian.AppendUint64(nil, uint64(v)) //nolint:gosec // its bits
	case string:
		kind, text = 't', []byte(v)
	case []byte:
		kind, text = 'b', v
	}
	_, _ = h.Write(binary.BigEndian.AppendUint64([]byte{kind}, uint64(len(text)))) // a hash takes everything
	_, _ = h.Write(text)
}

const selectSettings = `
SELECT name, value
FROM settings
ORDER BY name`

const deleteSetting = `
DELETE FROM settings
WHERE name = ?`

// setting is one and its value.
type setting struct {
	name  string
	value []byte
}

// settings returns all of them that mean something to another store, too.
func (s *Store) settings(ctx context.Context) (all []setting, err error) {
	err = s.query(ctx, func(r row) error {
		if name := r.text(0); name != probeName {
			all = append(all, setting{name, slices.Clone(r.bytes(1))})
		}
		return nil
	}, selectSettings)
	if err != nil {
		return nil, fmt.Errorf("read settings: %w", err)
	}
	return all, nil
}

// finish takes over secrets and epoch, and the marks away: from here on it is the store.
// Who gives up meanwhile still learns what became of it.
func (t *transfer) finish(ctx context.Context) error {
	all, err := t.from.settings(ctx)
	if err != nil {
		return err
	}
	if t.done.Already {
		if err := t.compareSettings(ctx, all); err != nil {
			return err
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), finishTimeout)
	defer cancel()
	return t.to.write(ctx, "", func(tx tx) error {
		for _, one := range all {
			if _, err := tx.exec(replaceSetting, one.name, one.value); err != nil {
				return err
			}
		}
		if t.to.dialect.renumber != nil {
			if err := t.to.dialect.renumber(tx); err != nil {
				return err
			}
		}
		for _, mark := range []string{errandName, transferName} {
			if _, err := tx.exec(deleteSetting, mark); err != nil {
				return err
			}
		}
		return nil
	})
}

// checkSettings finds out before the errand what compareSettings would after it, when
// there is something to take back.
func (t *transfer) checkSettings(ctx context.Context) error {
	all, err := t.from.settings(ctx)
	if err != nil {
		return err
	}
	isErrands := func(one setting) bool { return one.name == t.errand.Secret }
	if t.errand.Secret != "" && !slices.ContainsFunc(all, isErrands) {
		all = append(all, setting{t.errand.Secret, nil}) // Do makes it: no other one is it
	}
	return t.compareSettings(ctx, all)
}

// compareSettings wants no setting of a store that was filled to the end to be another
// one now: it would be lost. One that only the source has is no reason.
func (t *transfer) compareSettings(ctx context.Context, all []setting) error {
	for _, one := range all {
		value, err := t.to.Setting(ctx, one.name)
		if err != nil {
			return err
		}
		if value != nil && !bytes.Equal(value, one.value) {
			return fmt.Errorf("setting %s: %w", one.name, errUsed)
		}
	}
	return nil
}
