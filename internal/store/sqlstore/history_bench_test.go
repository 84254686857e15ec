package sqlstore_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// perConversation is how many messages each conversation of a big store has.
const perConversation = 1000

// BenchmarkHistoryPageOfMany measures a page of 50 from a random place of a
// random conversation in a store with HAGGLE_BENCH_MESSAGES messages, and how
// long the slowest percent took. The store is filled before the clock starts.
func BenchmarkHistoryPageOfMany(b *testing.B) {
	messages, err := strconv.Atoi(os.Getenv("HAGGLE_BENCH_MESSAGES"))
	if err != nil {
		b.Skip("HAGGLE_BENCH_MESSAGES is not set; 10000000 takes a few minutes and 3 GB")
	}
	conversations := max(1, messages/perConversation)
	path := filepath.Join(b.TempDir(), "chat.db")
	fillRaw(b, path, conversations)
	s, err := sqlstore.OpenSQLite(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	}()
	random := rand.New(rand.NewPCG(1, 2))
	var took []time.Duration
	for b.Loop() {
		id := chat.ConversationID(fmt.Sprintf("c%d", 1+random.IntN(conversations)))
		before := chat.Seq(51 + random.IntN(perConversation-50))
		start := time.Now()
		ms, err := s.MessagesBefore(b.Context(), id, before, 50)
		took = append(took, time.Since(start))
		if err != nil || len(ms) != 50 {
			b.Fatal(len(ms), err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
}

const insertConversations = `
WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)
INSERT INTO conversations (
  num, id, buyer, merchant, product, last_seq, rev, created_at, last_at,
  buyer_total, buyer_delivered, buyer_read, buyer_seen, buyer_unread, buyer_has_unread, buyer_pos, buyer_blocked,
  merchant_total, merchant_delivered, merchant_read, merchant_seen, merchant_unread, merchant_has_unread, merchant_pos, merchant_blocked,
  merchant_waiting)
SELECT i, 'c' || i, 'U_' || i, 'V_' || (i % 100), '', 1000, 1000, 0, 1000000 + i,
       1000, 0, 0, 0, 0, 0, i, 0,
       0, 0, 0, 0, 1000, 1, i, 0,
       1
FROM n`

const insertMessages = `
WITH RECURSIVE
  c (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM c WHERE i < ?),
  m (j) AS (SELECT ? UNION ALL SELECT j + 1 FROM m WHERE j < ?)
INSERT INTO messages
SELECT i, j, j, 0, j, '', '', 'nonce-0123456789-' || j, x'000102030405060708090a0b0c0d0e0f',
       '[{"type":"text","text":"Is it still available? 还有货吗，什么时候能发货？"}]', 1700000000000 + j, 1, 0
FROM c, m`

// fillRaw makes a store with so many conversations. They grow side by side, ten
// messages at a time, so that their pages lie among each other as in real life.
func fillRaw(b *testing.B, path string, conversations int) {
	b.Helper()
	s, err := sqlstore.OpenSQLite(b.Context(), path)
	if err != nil {
		b.Fatal(err)
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	db, err := sql.Open("sqlite", "file:"+path+"?_pragma=synchronous(off)&_pragma=cache_size(-1000000)")
	if err != nil {
		b.Fatal(err)
	}
	db.SetMaxOpenConns(1)
	exec := func(query string, args ...any) {
		if _, err := db.ExecContext(b.Context(), query, args...); err != nil {
			b.Fatal(err)
		}
	}
	exec(insertConversations, conversations)
	const step = 10
	for from := 1; from <= perConversation; from += step {
		exec(insertMessages, conversations, from, from+step-1)
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
}
