package sqlstore_test

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// openBench opens SQLite, or with HAGGLE_BENCH_STORE=postgres or mariadb a server that
// syncs as well.
func openBench(b *testing.B) *sqlstore.Store {
	b.Helper()
	switch os.Getenv("HAGGLE_BENCH_STORE") {
	case "postgres":
		return openPostgres(b, sqlstore.NewPostgres(b))
	case "mariadb":
		return openMySQL(b, sqlstore.NewMariaDB(b))
	}
	s, err := sqlstore.OpenSQLite(b.Context(), filepath.Join(b.TempDir(), "chat.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.Close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// BenchmarkAppend measures synced messages a second, and processor time of the
// whole process per message, from n buyers who each write to a merchant of their
// own and wait for the answer.
func BenchmarkAppend(b *testing.B) {
	for _, senders := range []int{1, 50, 200} {
		b.Run(fmt.Sprintf("senders=%d", senders), func(b *testing.B) { benchmarkAppend(b, senders, false, time.Time{}) })
	}
	// While what is said becomes searchable beside it, as in the running server.
	for _, senders := range []int{1, 200} {
		b.Run(fmt.Sprintf("senders=%d/indexed", senders), func(b *testing.B) { benchmarkAppendIndexed(b, senders) })
	}
	for _, senders := range []int{1, 200} {
		b.Run(fmt.Sprintf("senders=%d/marks", senders), func(b *testing.B) { benchmarkAppend(b, senders, true, time.Time{}) })
	}
	// Where the shop is told of what stays unread, and nothing is read.
	b.Run("senders=200/reminders", func(b *testing.B) { benchmarkAppend(b, 200, false, time.Now().Add(time.Hour)) })
}

func benchmarkAppend(b *testing.B, senders int, marks bool, remindAt time.Time) {
	appendAll(b, openBench(b), senders, marks, remindAt)
}

func appendAll(b *testing.B, s *sqlstore.Store, senders int, marks bool, remindAt time.Time) {
	b.Helper()
	convs := make([]chat.ConversationID, senders)
	for i := range convs {
		r, err := s.Append(b.Context(), begin(i, "begin"))
		if err != nil {
			b.Fatal(err)
		}
		convs[i] = r.Conversation.ID
	}
	b.ResetTimer()
	cpu, server := cpuTime(b), serverTime(b)
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	for i := range senders {
		wg.Go(func() {
			for n := left.Add(-1); n >= 0; n = left.Add(-1) {
				a := send(convs[i], i, strconv.FormatInt(n, 10))
				a.RemindAt = remindAt
				r, err := s.Append(b.Context(), a)
				if err != nil {
					b.Error(err)
					return
				}
				if !marks {
					continue
				}
				// The merchant's device acks what it got while the buyer goes on.
				wg.Go(func() {
					mark := chat.Mark{Conversation: convs[i], Side: chat.MerchantSide, Delivered: r.Message.Seq}
					if _, err := s.Advance(b.Context(), []chat.Mark{mark}); err != nil {
						b.Error(err)
					}
				})
			}
		})
	}
	wg.Wait()
	reportAppends(b, cpuTime(b)-cpu, serverTime(b)-server)
}

func reportAppends(b *testing.B, cpu, server time.Duration) {
	b.Helper()
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msgs/s")
	b.ReportMetric(float64(cpu.Microseconds())/float64(b.N), "cpu-µs/msg")
	if server > 0 {
		b.ReportMetric(float64(server.Microseconds())/float64(b.N), "server-cpu-µs/msg")
	}
}

func benchmarkAppendIndexed(b *testing.B, senders int) {
	s := openBench(b)
	ctx, cancel := context.WithCancel(b.Context())
	done := make(chan error, 1)
	go func() {
		service := chat.NewService(s, nil, nil, chat.DefaultLimits(), slog.New(slog.DiscardHandler))
		done <- service.Index(ctx)
	}()
	appendAll(b, s, senders, false, time.Time{})
	cancel()
	if err := <-done; err != nil {
		b.Error(err)
	}
}

// BenchmarkIndex makes messages searchable that were said before, in the steps in which
// the server does it.
func BenchmarkIndex(b *testing.B) {
	s := openBench(b)
	fill(b, s, 100, b.N/100+1)
	b.ResetTimer()
	for n := 0; n < b.N; {
		done, err := s.IndexMessages(b.Context(), 50)
		if err != nil || done == 0 {
			b.Fatal(done, err)
		}
		n += done
	}
}

// BenchmarkSearchMessages measures a page of 30 of what a merchant has among a hundred
// thousand messages, where all of them hold the word, where none does, and where all hold
// words that begin so.
func BenchmarkSearchMessages(b *testing.B) {
	s := openBench(b)
	fill(b, s, 1000, 100)
	for done := 1; done > 0; {
		var err error
		if done, err = s.IndexMessages(b.Context(), 2000); err != nil {
			b.Fatal(err)
		}
	}
	for name, text := range map[string]string{"all": "available", "none": "发货", "beginning": "a"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				if _, err := s.SearchMessages(b.Context(), chat.MessageQuery{UID: "V_1", Text: text, Limit: 30}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// serverTime is the processor time of the database's server, 0 where there is none.
func serverTime(b *testing.B) time.Duration {
	b.Helper()
	var used time.Duration
	var err error
	switch os.Getenv("HAGGLE_BENCH_STORE") {
	case "postgres":
		used, err = sqlstore.PostgresCPU()
	case "mariadb":
		used, err = sqlstore.MariaDBCPU()
	}
	if err != nil {
		b.Fatal(err)
	}
	return used
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func begin(i int, nonce string) chat.Append {
	a := send("", i, nonce)
	a.Start = &chat.Start{
		ID: chat.NewConversationID(), Buyer: a.Sender, Other: chat.UID(fmt.Sprintf("V_%d", i)),
	}
	return a
}

func send(id chat.ConversationID, i int, nonce string) chat.Append {
	return chat.Append{
		Conversation: id, Sender: chat.UID(fmt.Sprintf("U_%d", i)), Nonce: chat.Nonce("nonce-of-26-characters-" + nonce),
		Hash:   []byte("0123456789abcdef0123456789abcdef"),
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "Is this still available? I would like two of them, please."}},
		SentAt: time.UnixMilli(1_800_000_000_000),
	}
}

// BenchmarkOpen opens a database that is there, as a restart does.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "chat.db")
	for b.Loop() {
		s, err := sqlstore.OpenSQLite(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkHistoryPage(b *testing.B) {
	s := openBench(b)
	id := fill(b, s, 1, 1000)
	for b.Loop() {
		ms, err := s.MessagesBefore(b.Context(), id, 900, 50)
		if err != nil || len(ms) != 50 {
			b.Fatal(len(ms), err)
		}
	}
}

func BenchmarkInboxPage(b *testing.B) {
	for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
		b.Run(string(order), func(b *testing.B) {
			s := openBench(b)
			fill(b, s, 2000, 1)
			for b.Loop() {
				cs, err := s.Conversations(b.Context(), chat.ConversationQuery{UID: "V_1", Order: order, Limit: 50})
				if err != nil || len(cs) != 50 {
					b.Fatal(len(cs), err)
				}
			}
		})
	}
}

// BenchmarkInboxOfProduct measures the worst page about a product: nobody asked about it,
// and the shop has 4,000 conversations.
func BenchmarkInboxOfProduct(b *testing.B) {
	s := openBench(b)
	fill(b, s, 4000, 1)
	for b.Loop() {
		cs, err := s.Conversations(b.Context(), chat.ConversationQuery{UID: "V_1", Product: "p", Limit: 50})
		if err != nil || len(cs) != 0 {
			b.Fatal(len(cs), err)
		}
	}
}

// fill makes conversations of V_1 with so many messages each and returns the last.
func fill(b *testing.B, s *sqlstore.Store, conversations, messages int) chat.ConversationID {
	b.Helper()
	var wg sync.WaitGroup
	ids := make([]chat.ConversationID, conversations)
	for i := range conversations {
		wg.Go(func() {
			for n := range messages {
				a := begin(i, strconv.Itoa(n))
				a.Start.Other = "V_1"
				r, err := s.Append(b.Context(), a)
				if err != nil {
					b.Error(err)
					return
				}
				ids[i] = r.Conversation.ID
			}
		})
	}
	wg.Wait()
	return ids[conversations-1]
}
