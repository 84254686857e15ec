package sqlstore

import (
	"database/sql"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// planned is a query with arguments as it is made often.
type planned struct {
	query string
	args  []any
	sorts bool // the few rows that it has found
}

// TestMariaDBPlans sees to it that no query reads a table or an index from end to end, and
// that no list reads more than it returns: with empty tables, with full ones and old
// statistics, and with new ones.
func TestMariaDBPlans(t *testing.T) {
	url := NewMariaDB(t)
	openMySQLInternal(t, url)
	at, err := parseMySQL(url)
	if err != nil {
		t.Fatal(err)
	}
	connector, err := at.connector(&mysqlServer{isMariaDB: true})
	if err != nil {
		t.Fatal(err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	defer func() { _ = db.Close() }()
	put := mysqlWords()
	for _, state := range []string{"empty", "filled", "analyzed"} {
		switch state {
		case "filled":
			fillMySQL(t, mysqlOperator(t, url))
			before := rowsRead(t, db)
			countRows(t, db, "SELECT seq FROM messages WHERE conversation > 0", nil)
			if n := rowsRead(t, db) - before; n < 9000 {
				t.Errorf("9000 rows are counted as %d: this tests nothing", n)
			}
		case "analyzed":
			carryOutMySQL(t, db, "ANALYZE TABLE conversations, messages, participants, products, files, outbox, search_rows, search_words, legacy_numbers")
		}
		for name, q := range mysqlQueries() {
			wantStretch(t, db, name+", "+state, put.of(q.query), &q)
		}
	}
}

// wantStretch complains of a query that reads more than it should.
func wantStretch(t *testing.T, db *sql.DB, name string, is wording, q *planned) {
	t.Helper()
	plan := askMySQL(t, db, "EXPLAIN FORMAT=JSON "+is.sql, is.pick(q.args)...)
	if bad := wholeTables(plan); len(bad) > 0 || !q.sorts && strings.Contains(plan, "filesort") {
		t.Errorf("%s: %v\n%s", name, bad, plan)
	}
	if strings.HasPrefix(strings.TrimSpace(is.sql), "UPDATE") {
		return
	}
	before := rowsRead(t, db)
	countRows(t, db, is.sql, is.pick(q.args))
	if n := rowsRead(t, db) - before; n > 150 {
		t.Errorf("%s: reads %d rows", name, n)
	}
}

var tableAccess = regexp.MustCompile(`"table_name": "([^"]+)",\s*(?:"table_type": "[^"]*",\s*)?"access_type": "(ALL|index)"`)

// wholeTables are tables that are read from end to end, but for what was made for the
// query itself.
func wholeTables(plan string) []string {
	var bad []string
	for _, found := range tableAccess.FindAllStringSubmatch(plan, -1) {
		made := strings.HasPrefix(found[1], "<") || slices.Contains([]string{"k", "p", "o", "u", "hits", "step", "s0", "s1"}, found[1])
		if !made {
			bad = append(bad, found[1]+" "+found[2])
		}
	}
	return bad
}

// rowsRead is how many rows the connection has been given by indexes of tables.
func rowsRead(t *testing.T, db *sql.DB) (n int64) {
	t.Helper()
	const read = "SELECT SUM(variable_value) FROM information_schema.session_status WHERE variable_name IN " +
		"('Handler_read_key', 'Handler_read_next', 'Handler_read_prev', 'Handler_read_rnd', 'Handler_read_first', 'Handler_read_last')"
	var sum float64
	if err := db.QueryRowContext(t.Context(), read).Scan(&sum); err != nil {
		t.Fatal(err)
	}
	return int64(sum)
}

func countRows(t *testing.T, db *sql.DB, query string, args []any) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), query, args...)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer func() { _ = rows.Close() }()
	n := 0
	for rows.Next() {
		n++
	}
	if rows.Err() != nil {
		t.Fatalf("%s: %v", query, rows.Err())
	}
}

func mysqlQueries() map[string]planned {
	const limit = int64(5)
	queries := map[string]planned{
		"history after":         {selectMessagesAfter, []any{"c77", 1, limit}, false},
		"history before":        {selectMessagesBefore, []any{"c77", 3, limit}, false},
		"images":                {selectMessagesWithImages, []any{"c77", 3, limit}, false},
		"by nonce":              {selectMessageByNonce, []any{"c77", "U_77", "n1"}, false},
		"by nonce of a buyer":   {selectMessageOfBuyer, []any{"U_77", "n1-77"}, true},
		"recalls":               {selectRecallsAfter, []any{"c77", 0, limit}, false},
		"conversation":          {selectConversation, []any{"c77"}, false},
		"between":               {selectConversationBetween, []any{"U_77", "V_0"}, false},
		"positions":             {selectEpochAndPositions, []any{`["V_1","V_2"]`}, false},
		"participants":          {selectParticipants, []any{`["V_1","V_2"]`}, false},
		"products":              {selectProducts, []any{`["p1","p2"]`}, false},
		"products of":           {selectProductsOf + byTitle, []any{"V_1", limit}, false},
		"products of, next":     {selectProductsOf + ofLaterTitle + byTitle, []any{"V_1", "p1500", limit}, false},
		"asked about":           {selectAsked, []any{"c77", limit}, true},
		"reports":               {selectReports, []any{0, limit}, false},
		"last seq":              {selectLastSeq, []any{"c77"}, false},
		"unindexed":             {selectUnindexed, []any{limit}, false},
		"files":                 {selectFiles, []any{`["f1","f2"]`}, false},
		"file by key":           {selectFileByKey, []any{"U_1", "k1"}, false},
		"unattached files":      {selectUnattachedFiles, []any{3000, limit}, false},
		"login code":            {selectLoginCode, []any{[]byte("x")}, false},
		"next reminder":         {selectNextReminder, nil, false},
		"due reminders":         {selectDueReminders, []any{3000, limit}, false},
		"leased reminder":       {selectLeasedReminder, []any{"c77", 0, ""}, false},
		"numbers":               {selectNumbers, []any{`[1,2]`, "c77"}, false},
		"numbered":              {selectNumbered, []any{100, limit}, false},
		"known numbers":         {selectKnownNumbers, []any{`[7,8]`}, false},
		"imported":              {countImported, []any{`[7,8]`, 1 << 40}, true},
		"step":                  {selectStep, []any{50, 1, limit}, true},
		"batch conversations":   {mysqlConversations, []any{`["c7","c5"]`, `[["U_77","V_0"]]`}, true},
		"batch by nonce":        {mysqlMessagesByNonce, []any{`[[77,0,"n1-77"],[5,0,"x"]]`}, false},
		"batch by seq":          {mysqlMessagesBySeq, []any{`[[77,1],[5,2]]`}, false},
		"batch files":           {mysqlFiles, []any{`["f1","f2"]`}, false},
		"batch positions":       {mysqlRaised, []any{`[["V_1",1]]`}, false},
		"batch begun":           {mysqlBegun, []any{`["c7"]`}, false},
		"batch update":          {mysqlUpdate, []any{`[[7]]`}, false},
		"batch attach":          {mysqlAttach, []any{`[["f1","c7"]]`}, false},
		"indexing, said":        {mysqlSaid, []any{`[[7,1],[7,2]]`}, false},
		"indexing, hold":        {mysqlHold, []any{`[7,8]`}, false},
		"indexing, next place":  {mysqlNextPlace, []any{7 << 20, 8 << 20}, false},
		"indexing, dropped":     {mysqlPlaced, []any{7, 1}, false},
		"indexing, to the next": {mysqlIndexed, []any{`[[7,1]]`}, false},
	}
	in := mysqlInbox()
	for _, side := range []chat.Side{chat.BuyerSide, chat.MerchantSide} {
		uid := []chat.UID{"U_77", "V_1"}[side]
		queries[fmt.Sprint("changed since, side ", side)] = planned{ofSide(selectChangedSince, side), []any{string(uid), 1000, limit}, false}
		queries[fmt.Sprint("acquainted, side ", side)] = planned{ofSide(selectAcquainted, side), []any{string(uid), `["V_0","U_78"]`}, false}
		for q := range inboxQueries {
			if q.Search != "" || q.Product != "" && side == chat.MerchantSide {
				continue // it may walk a whole inbox
			}
			q.UID, q.Limit = uid, int(limit)
			for _, lastAt := range []int64{1, 1500} {
				q.After.LastAt = fromMillis(lastAt)
				query, args := in.page(&q)
				name := fmt.Sprintf("inbox %s %s %q after %d, side %d", q.Filter, q.Order, q.Product, lastAt, side)
				// Two lists that are put together are sorted, of which each has a page.
				queries[name] = planned{ofSide(query, side), args, strings.Contains(query, "UNION")}
			}
		}
		query, args := mysqlSearch{}.search(&chat.MessageQuery{UID: uid, Before: math.MaxInt64, Limit: int(limit)}, terms.Parse("发货"))
		queries[fmt.Sprint("search, side ", side)] = planned{ofSide(query, side), args, true}
	}
	return queries
}

// fillMySQL fills the tables with a few shops' conversations.
func fillMySQL(t *testing.T, db *sql.DB) {
	t.Helper()
	owner := ownerNumber("V_1")
	for _, st := range []string{
		`
INSERT INTO conversations (
  num, id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked,
  merchant_waiting, buyer_waiting, merchant_waiting_at, merchant_pinned_at, buyer_waiting_at, unindexed_at)
SELECT seq, CONCAT('c', seq), CONCAT('U_', seq), CONCAT('V_', seq % 7), 'p', 3, 3, seq, seq, 3, 0, 0, 0, 0, seq % 2, seq, 0, 0, 0, 0, 0, 3, seq % 2, seq, 0,
  1, 1, IF(seq % 2, seq, NULL), IF(seq % 3, seq, NULL), seq, IF(seq % 2, seq, NULL)
FROM seq_1_to_3000`,
		`
INSERT INTO messages (conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recalled_at)
SELECT c.num, j.seq, j.seq, 0, j.seq, '', '', CONCAT('n', j.seq, '-', c.num), '', '[]', c.num, 0 FROM conversations c JOIN seq_1_to_3 j`,
		`INSERT INTO participants (uid, pos) SELECT CONCAT('V_', seq), 1 FROM seq_1_to_3000`,
		`INSERT INTO products SELECT CONCAT('p', seq), CONCAT('V_', seq % 3), 't', CONCAT('t', LPAD(seq, 5, '0')), 1, '', '', '', '', 1, 0 FROM seq_1_to_3000`,
		`INSERT INTO search_rows SELECT (conversation << 20) + seq, conversation, seq FROM messages`,
		`INSERT INTO search_words SELECT ` + fmt.Sprint(owner) + `, '发货', id, 1 FROM search_rows`,
		`INSERT INTO search_words SELECT seq, '发货', 1, 1 FROM seq_1_to_3000`,
		`INSERT INTO conversation_products SELECT num, 'p', 1, 1 FROM conversations`,
		`INSERT INTO files SELECT CONCAT('f', seq), 'U_1', '', CONCAT('k', seq), '', '', 1, 1, 1, '', IF(seq % 2, '', 'c'), seq FROM seq_1_to_3000`,
		`INSERT INTO outbox SELECT num, 0, num, '', 0, '', 0, 0, 0, 0 FROM conversations`,
		`INSERT INTO legacy_numbers SELECT (conversation - 1) * 3 + seq, conversation, seq FROM messages`,
	} {
		carryOutMySQL(t, db, st)
	}
}
