package main

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"time"

	"haggle/internal/chat"
)

// What is stored, as it would be if all of it had been sent: conversations of buyers who
// each talk to one of a hundred merchants, in turns, the merchant having the last word.
// One in ten merchants has not read the last ten messages.
const (
	merchants       = 100
	perConversation = 100 // messages
	inRow           = 10  // messages of one conversation that are stored next to each other

	// Conversations that grow side by side and are stored together, a stretch.
	perStretch     = 1000
	messagesAtOnce = perStretch * perConversation

	firstSent = 1_700_000_000_000 // in Unix milliseconds
	interval  = 1000              // milliseconds between two messages of all

	// Words that are asked for: of one message in a hundred, of one in ten thousand, and
	// of none.
	commonWord, commonIn = "parcel", 100
	rareWord, rareIn     = "heirloom", 10_000
	noWord               = "zeppelin"
)

// How each side of a conversation stands at the end.
const (
	said       = perConversation / 2
	unreadLast = 10
	changes    = perConversation + 1 // a message each, and that it was read
)

func buyerOf(conversation int) string    { return fmt.Sprintf("U_g%d", conversation) }
func merchantOf(conversation int) string { return fmt.Sprintf("V_g%d", conversation%merchants) }
func idOf(conversation int) string       { return fmt.Sprintf("growth-%d", conversation) }

// filled returns how many stretches there are. Each is all there or not at all.
func (e *engine) filled(ctx context.Context) (int, error) {
	n := 0
	err := e.db.QueryRowContext(ctx, "SELECT COUNT(*) FROM conversations").Scan(&n)
	return n / e.perStretch, err
}

// stretch is some of the conversations, on their way into the database.
type stretch struct {
	*engine

	first      int              // number of its first conversation
	base       map[string]int64 // where its merchants were before, by uid
	searchable bool             // its messages are still to be indexed; else they are never found
	random     *rand.Rand
	zipf       *rand.Zipf
}

// stretch is the n-th one.
func (e *engine) stretch(n int, searchable bool) *stretch {
	random := rand.New(rand.NewPCG(1, uint64(n))) //nolint:gosec // the same at each run
	return &stretch{engine: e, first: n * e.perStretch, searchable: searchable, random: random, zipf: rand.NewZipf(random, 1.1, 1, 49_999)}
}

// fill stores one more stretch.
func (e *engine) fill(ctx context.Context, n int, searchable bool) (err error) {
	s := e.stretch(n, searchable)
	tx, err := e.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tx.Close()) }()
	if _, err := tx.ExecContext(ctx, "BEGIN"); err != nil {
		return err
	}
	if err := s.store(ctx, tx); err != nil {
		_, undone := tx.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
		return errors.Join(err, undone)
	}
	_, err = tx.ExecContext(ctx, "COMMIT")
	return err
}

func (s *stretch) store(ctx context.Context, tx *sql.Conn) error {
	if err := s.begin(ctx, tx); err != nil {
		return fmt.Errorf("participants: %w", err)
	}
	if err := s.load(ctx, tx, "conversations", s.conversationColumns(), s.conversations()); err != nil {
		return fmt.Errorf("conversations: %w", err)
	}
	columns := []string{"conversation", "seq", "rev", "side", "ordinal", "agent", "agent_name", "nonce", "hash", "blocks", "sent_at", "recalled_at"}
	if err := s.load(ctx, tx, "messages", columns, s.messages()); err != nil {
		return fmt.Errorf("messages: %w", err)
	}
	return nil
}

// begin stores who talks. The merchants go on from where they were.
func (s *stretch) begin(ctx context.Context, tx *sql.Conn) error {
	s.base = make(map[string]int64)
	rows, err := tx.QueryContext(ctx, "SELECT uid, pos FROM participants WHERE uid LIKE 'V%'")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // below it matters
	for rows.Next() {
		var uid string
		var pos int64
		if err := rows.Scan(&uid, &pos); err != nil {
			return err
		}
		s.base[uid] = pos
	}
	if err := errors.Join(rows.Err(), rows.Close()); err != nil {
		return err
	}
	more := int64(s.perStretch / merchants * changes)
	move := "UPDATE participants SET pos = " + s.placeholder(1) + " WHERE uid = " + s.placeholder(2) //nolint:gosec // how the engine names arguments
	for uid, pos := range s.base {
		if _, err := tx.ExecContext(ctx, move, pos+more, uid); err != nil {
			return err
		}
	}
	return s.load(ctx, tx, "participants", []string{"uid", "pos"}, func(yield func([]any) bool) {
		for i := range merchants {
			if uid := merchantOf(i); len(s.base) == 0 && !yield([]any{uid, more}) {
				return
			}
		}
		for i := range s.perStretch {
			if !yield([]any{buyerOf(s.first + i), int64(changes)}) {
				return
			}
		}
	})
}

func (s *stretch) conversationColumns() []string {
	columns := []string{"num", "id", "product", "last_seq", "rev", "created_at", "last_at", "indexed_seq"}
	for _, side := range []string{"buyer", "merchant"} {
		columns = append(columns, side)
		for _, column := range []string{"total", "delivered", "read", "seen", "unread", "has_unread", "pos", "blocked", "waiting"} {
			columns = append(columns, side+"_"+column)
		}
	}
	if s.unindexedAt {
		columns = append(columns, "buyer_waiting_at", "unindexed_at")
	}
	return columns
}

func (s *stretch) conversations() iter.Seq[[]any] {
	const last, zero, one = int64(perConversation), int64(0), int64(1)
	return func(yield func([]any) bool) {
		for i := range s.perStretch {
			n := s.first + i
			at := sentAt(s.number(i, perConversation-1))
			indexed, unindexed := last, any(nil)
			if s.searchable {
				indexed, unindexed = 0, at
			}
			read, seen, unread, has := last, int64(said), zero, zero
			if n/merchants%10 == 0 {
				read, seen, unread, has = last-unreadLast, said-unreadLast/2, unreadLast/2, one
			}
			values := []any{
				int64(n + 1), idOf(n), "", last, int64(changes), sentAt(s.number(i, 0)), at, indexed,
				buyerOf(n), int64(said), last, last, int64(said), zero, zero, int64(changes), zero, one,
				merchantOf(n), int64(said), last, read, seen, unread, has, s.base[merchantOf(n)] + int64((i/merchants+1)*changes), zero, zero,
			}
			if s.unindexedAt {
				values = append(values, at, unindexed)
			}
			if !yield(values) {
				return
			}
		}
	}
}

// number is the how-manieth message of all is the j-th of the stretch's i-th conversation.
func (s *stretch) number(i, j int) int {
	return s.first*perConversation + (j/inRow*s.perStretch+i)*inRow + j%inRow
}

func sentAt(number int) int64 { return firstSent + int64(number)*interval }

func (s *stretch) messages() iter.Seq[[]any] {
	return func(yield func([]any) bool) {
		for from := 0; from < perConversation; from += inRow {
			for i := range s.perStretch {
				for j := from; j < from+inRow; j++ {
					if !yield(s.message(i, j)) {
						return
					}
				}
			}
		}
	}
}

func (s *stretch) message(i, j int) []any {
	number := s.number(i, j)
	nonce := fmt.Sprintf("%026d", number) // as long as those of clients, which begin with the time as well
	hash := sha256.Sum256([]byte(nonce))
	return []any{
		int64(s.first + i + 1), int64(j + 1), int64(j + 1), int64(j % 2), int64(j/2 + 1), "", "", nonce, hash[:],
		`[{"type":"text","text":"` + s.sentence() + `"}]`, sentAt(number), int64(0),
	}
}

// sentence is ten words of a language in which the n-th word is said 1/n as often as the
// first; one in ten is a number, and some are Chinese.
func (s *stretch) sentence() string {
	const words = 10
	var b strings.Builder
	for range words {
		switch n := s.zipf.Uint64(); s.random.IntN(10) {
		case 0:
			fmt.Fprint(&b, s.random.IntN(1000), " ")
		case 1:
			b.WriteString([]string{"今天发货", "发了吗", "有货吗", "发票"}[s.random.IntN(4)] + " ")
		default:
			fmt.Fprintf(&b, "%c%d ", 'a'+rune(n%26), n)
		}
	}
	if s.random.IntN(rareIn) == 0 {
		b.WriteString(rareWord + " ")
	}
	if s.random.IntN(commonIn) == 0 {
		b.WriteString(commonWord + " ")
	}
	return strings.TrimSpace(b.String())
}

// index makes all messages searchable that are to be, in the store's own way. Where the
// store was too busy it tries again, as the server does after a while.
func (e *engine) index(ctx context.Context) (time.Duration, int, error) {
	start, total, busy := time.Now(), 0, 0
	for {
		n, err := e.store.IndexMessages(ctx, indexAtOnce)
		if chat.KindOf(err) == chat.Unavailable && busy < busyMost && ctx.Err() == nil {
			say("  again: %v", err)
			busy++
			continue
		}
		if err != nil || n == 0 {
			return time.Since(start), total, err
		}
		total, busy = total+n, 0
	}
}

const (
	indexAtOnce = 1000
	busyMost    = 10 // times, one after the other
)
