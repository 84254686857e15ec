package sqlstore

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// TestPostgresPlans sees to it that no list reads more than it returns: neither with
// plans made when the tables were empty nor with those made for any arguments.
func TestPostgresPlans(t *testing.T) {
	url := NewPostgres(t)
	config, _, err := postgresConfig(url)
	if err != nil {
		t.Fatal(err)
	}
	c, err := pgx.ConnectConfig(t.Context(), config)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close(t.Context()) }()
	carryOut(t, c, "SET plan_cache_mode = force_generic_plan")
	for _, state := range []string{"empty", "filled", "analyzed"} {
		switch state {
		case "filled":
			carryOut(t, c, "ANALYZE")
			fillPostgres(t, c)
		case "analyzed":
			carryOut(t, c, "ANALYZE")
		}
		for name, query := range postgresQueries() {
			for _, bad := range badSteps(t, c, query, strings.HasPrefix(name, "batch") || strings.Contains(name, "sorts")) {
				t.Errorf("%s, %s: %s", name, state, bad)
			}
		}
	}
}

// postgresQueries are those that are made often. The names of those that may sort the
// few rows they have found say so.
func postgresQueries() map[string]string {
	queries := map[string]string{
		"history after, sorts": selectMessagesAfter, "history before, sorts": selectMessagesBefore, "images, sorts": selectMessagesWithImages,
		"by nonce": selectMessageByNonce, "by nonce of a buyer, sorts": selectMessageOfBuyer,
		"recalls, sorts": selectRecallsAfter, "conversation": selectConversation, "between": selectConversationBetween,
		"positions": selectEpochAndPositions, "participants": selectParticipants, "products": selectProducts,
		"reports": selectReports, "last seq": selectLastSeq, "unindexed": selectUnindexed, "said": selectSaid,
		"files": selectFiles, "file by key": selectFileByKey, "unattached files": selectUnattachedFiles,
		"login code": selectLoginCode, "next reminder": selectNextReminder, "due reminders": selectDueReminders,
		"numbers": selectNumbers, "numbered": selectNumbered, "known numbers": selectKnownNumbers, "step, sorts": selectStep,
		"products of": selectProductsOf + byTitle, "asked about, sorts": selectAsked,

		"batch conversations": postgresConversations, "batch by nonce": postgresMessagesByNonce, "batch by seq": postgresMessagesBySeq,
		"batch files": postgresFiles, "batch update": postgresUpdate, "batch said": postgresSaid, "batch hold": postgresHold,
	}
	in := postgresInbox()
	for _, side := range []chat.Side{chat.BuyerSide, chat.MerchantSide} {
		queries[fmt.Sprint("changed since, side ", side)] = ofSide(selectChangedSince, side)
		queries[fmt.Sprint("unread, side ", side)] = ofSide(selectUnread, side)
		queries[fmt.Sprint("acquainted, side ", side)] = ofSide(selectAcquainted, side)
		for _, filter := range []chat.Filter{chat.AllConversations, chat.UnreadConversations, chat.WaitingConversations, chat.PinnedConversations} {
			for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
				for _, search := range []string{"", "x"} {
					query, _ := in.page(&chat.ConversationQuery{UID: "U_1", Order: order, Filter: filter, Search: search, Product: chat.ProductID(search), Limit: 1})
					name := fmt.Sprintf("inbox %s %s %q, side %d", filter, order, search, side)
					queries[name] = ofSide(query, side)
				}
			}
		}
		for _, id := range []chat.ConversationID{"", "c"} {
			query, _ := postgresSearch{}.search(&chat.MessageQuery{UID: "U_1", Conversation: id, Before: math.MaxInt64, Limit: 1}, terms.Parse("发货"))
			queries[fmt.Sprintf("search in %q, side %d, sorts", id, side)] = ofSide(query, side)
		}
	}
	return queries
}

func badSteps(t *testing.T, c *pgx.Conn, query string, sorts bool) (bad []string) {
	t.Helper()
	put := postgresWords().of(query).sql
	sd, err := c.Prepare(t.Context(), "", put)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	carryOut(t, c, "PREPARE p AS "+put)
	defer carryOut(t, c, "DEALLOCATE p")
	execute := "EXPLAIN EXECUTE p"
	if n := len(sd.ParamOIDs); n > 0 {
		execute += "(" + strings.Repeat(", NULL", n)[2:] + ")"
	}
	rows, err := c.Query(t.Context(), execute, pgx.QueryExecModeSimpleProtocol)
	if err != nil {
		t.Fatal(err)
	}
	steps, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	for _, step := range steps {
		if strings.Contains(step, "Seq Scan") || !sorts && strings.Contains(step, "Sort  (") {
			return []string{strings.Join(steps, "\n")}
		}
	}
	return nil
}

// fillPostgres fills the tables with a few shops' conversations.
func fillPostgres(t *testing.T, c *pgx.Conn) {
	t.Helper()
	for _, st := range []string{
		`
INSERT INTO conversations (
  id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked,
  merchant_waiting, buyer_waiting, merchant_pinned, buyer_pinned)
SELECT 'c' || i, 'U_' || i % 5000, 'V_' || i % 7, 'p', 3, 3, i, i, 3, 0, 0, 0, 0, i % 2, i, 0, 0, 0, 0, 0, 3, i % 2, i, 0, i % 2, i % 3 % 2, i % 2, i % 2
FROM generate_series(1, 20000) i`, `
INSERT INTO messages (conversation, seq, rev, side, ordinal, agent, agent_name, nonce, hash, blocks, sent_at, recalled_at)
SELECT c.num, j, j, 0, j, '', '', 'n' || j, '', '[]', c.num, 0 FROM conversations c, generate_series(1, 3) j`,
		`INSERT INTO participants (uid, pos) SELECT 'V_' || i, 1 FROM generate_series(1, 5000) i`,
		`INSERT INTO search_rows SELECT (conversation << 20) + seq, conversation, seq, ('''' || conversation || '''')::tsvector FROM messages`,
		`INSERT INTO conversation_products SELECT num, 'p', 1, 1 FROM conversations`,
		`INSERT INTO files SELECT 'f' || i, 'U_1', '', 'k' || i, '', '', 1, 1, 1, '', CASE i % 2 WHEN 0 THEN '' ELSE 'c' END, i FROM generate_series(1, 5000) i`,
		`INSERT INTO outbox SELECT num, 0, num, '', 0, '', 0, 0, 0, 0 FROM conversations`,
		`INSERT INTO legacy_numbers SELECT row_number() OVER (), conversation, seq FROM messages`,
	} {
		carryOut(t, c, st)
	}
}

// The planner's choice for two ranges of the inbox is as good as it is for one.
func TestPostgresInboxIsQuick(t *testing.T) {
	url := NewPostgres(t)
	s := openPostgresInternal(t, url)
	fillPostgres(t, operator(t, url))
	carryOut(t, operator(t, url), "ANALYZE")
	for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
		q := chat.ConversationQuery{UID: "V_1", Order: order, Limit: 30}
		for n := range 10 { // the later ones with the plan for any arguments
			start := time.Now()
			cs, err := s.Conversations(t.Context(), q)
			if err != nil || len(cs) != 30 {
				t.Fatal(len(cs), err)
			}
			if n == 9 {
				t.Logf("%s: %v", order, time.Since(start))
			}
			last := cs[29]
			q.After = &chat.ConversationCursor{Unread: last.Sides[1].HasUnread(), LastAt: last.LastAt, ID: last.ID}
		}
	}
}
