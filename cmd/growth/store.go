package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"haggle/internal/chat"
)

type storeCommand struct {
	Engine     string        `help:"Which engine: sqlite, postgres or mariadb." enum:"sqlite,postgres,mariadb" default:"sqlite"`
	Messages   []int         `help:"How many messages there are when the store is asked; one size grows into the next." default:"100000,1000000" placeholder:"N"`
	Searchable int           `help:"How many of them are made searchable, the first ones. Of the rest nothing is found." default:"1000000" placeholder:"N"`
	Dir        string        `help:"Keep what was stored there, and go on with what is there. Without it, a temporary folder is used and removed." type:"path" placeholder:"DIR"`
	PastStore  bool          `help:"MariaDB's words are stored past the store, too, in the order of their table: the same rows, many times as fast."`
	Memory     int           `help:"MiB that MariaDB keeps pages in while it is filled. It has 128 again when it is asked." default:"128" placeholder:"MIB"`
	Each       time.Duration `help:"How long each question is asked again and again." default:"5s" placeholder:"TIME"`
}

// Run fills the store to one size after the other, and measures at each.
func (c *storeCommand) Run(ctx context.Context) (err error) {
	slices.Sort(c.Messages)
	if len(c.Messages) == 0 || c.Messages[0] < messagesAtOnce {
		return fmt.Errorf("--messages is %d or more, as so many are stored at once", messagesAtOnce)
	}
	if (c.PastStore || c.Memory != usualMemory) && c.Engine != "mariadb" {
		return errors.New("--past-store and --memory are for MariaDB")
	}
	dir := c.Dir
	if dir == "" {
		if dir, err = openTemp(); err != nil {
			return err
		}
		defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	}
	e, err := openEngine(ctx, c.Engine, dir)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, e.close()) }()
	var lines [][]string
	for _, size := range c.Messages {
		if err := c.grow(ctx, e, size); err != nil {
			return fmt.Errorf("fill: %w", err)
		}
		line, err := c.measure(ctx, e, size)
		if err != nil {
			return fmt.Errorf("measure: %w", err)
		}
		lines = append(lines, line)
	}
	return c.print(e, lines)
}

// openTemp makes a folder that a database server's user may enter.
func openTemp() (string, error) {
	dir, err := os.MkdirTemp("", "haggle-growth-")
	if err != nil {
		return "", err
	}
	return dir, os.Chmod(dir, 0o711) //nolint:gosec // see above: to enter, and not to read
}

// grow fills the store up to size.
func (c *storeCommand) grow(ctx context.Context, e *engine, size int) error {
	n, err := e.filled(ctx)
	if err != nil {
		return err
	}
	if err := e.remember(ctx, c.Memory); err != nil {
		return err
	}
	if c.PastStore {
		if n, err = c.growPastStore(ctx, e, n, size); err != nil {
			return err
		}
	}
	for ; n < size/messagesAtOnce; n++ {
		if err := c.growOnce(ctx, e, n); err != nil {
			return err
		}
	}
	if _, _, err := e.index(ctx); err != nil { // what a run before has left
		return err
	}
	if _, err = e.db.ExecContext(ctx, e.settled); err != nil {
		return err
	}
	return e.remember(ctx, usualMemory)
}

// growOnce stores the n-th stretch, and has the store make it searchable.
func (c *storeCommand) growOnce(ctx context.Context, e *engine, n int) error {
	start := time.Now()
	searchable := (n+1)*messagesAtOnce <= c.Searchable
	if err := e.fill(ctx, n, searchable); err != nil {
		return err
	}
	say("%d messages: the last %d in %.1f s", (n+1)*messagesAtOnce, messagesAtOnce, time.Since(start).Seconds())
	if !searchable {
		return nil
	}
	took, indexed, err := e.index(ctx)
	if err != nil {
		return err
	}
	say("  and made searchable: %d in %.1f s", indexed, took.Seconds())
	if e.merged == "" {
		return nil
	}
	start = time.Now()
	if _, err := e.db.ExecContext(ctx, e.merged); err != nil {
		return err
	}
	say("  and merged in %.1f s", time.Since(start).Seconds())
	return nil
}

// growPastStore stores what is to be searchable from the n-th stretch on, with its words,
// and returns the stretch after it. The words come first: of a run that was broken off
// those that nobody finds yet stay.
func (c *storeCommand) growPastStore(ctx context.Context, e *engine, n, size int) (int, error) {
	for last := min(size, c.Searchable) / messagesAtOnce; n < last; {
		start := time.Now()
		end := min(n+stretchesAtOnce, last)
		if err := e.fillWords(ctx, n, end); err != nil {
			return n, err
		}
		say("%d messages to come: their words in %.1f s", (end-n)*messagesAtOnce, time.Since(start).Seconds())
		start = time.Now()
		for ; n < end; n++ {
			if err := e.fill(ctx, n, false); err != nil {
				return n, err
			}
		}
		say("%d messages: the last ones in %.1f s", n*messagesAtOnce, time.Since(start).Seconds())
	}
	return n, nil
}

// measure asks the store all questions, and returns a row of the table.
func (c *storeCommand) measure(ctx context.Context, e *engine, size int) ([]string, error) {
	q := &questions{store: e.store, conversations: size / perConversation, run: strconv.FormatInt(time.Now().UnixNano(), 36), random: rand.New(rand.NewPCG(1, 2))} //nolint:gosec // the same at each run
	var bytes int64
	if err := e.db.QueryRowContext(ctx, e.size).Scan(&bytes); err != nil {
		return nil, err
	}
	line := []string{strconv.Itoa(size), strconv.Itoa(min(size, c.Searchable-c.Searchable%messagesAtOnce)), fmt.Sprintf("%.2f GiB", float64(bytes)/(1<<30))}
	rate, err := q.together(ctx, c.Each)
	if err != nil {
		return nil, err
	}
	for _, ask := range []func(ctx context.Context) error{
		q.append, q.history, q.inbox(chat.NewestFirst), q.inbox(chat.UnreadFirst), q.search(rareWord), q.search(commonWord), q.search(noWord),
	} {
		took, err := again(ctx, c.Each, ask)
		if err != nil {
			return nil, err
		}
		line = append(line, span(took))
	}
	return slices.Insert(line, len(line)-6, rate), nil
}

func (c *storeCommand) print(e *engine, lines [][]string) error {
	say("%s %s; p50 / p99", c.Engine, e.about)
	err := header(os.Stdout, "messages", "searchable", "size", "append", fmt.Sprintf("append, %d at a time", senders), "history page", "conversation list, newest",
		"unread first", "search: a word of 1 in 10,000", "of 1 in 100", "of none")
	for _, line := range lines {
		err = errors.Join(err, row(os.Stdout, line...))
	}
	return err
}

// again asks a question for some time, and returns how long the answers took.
func again(ctx context.Context, d time.Duration, ask func(ctx context.Context) error) ([]time.Duration, error) {
	var took []time.Duration
	for end := time.Now().Add(d); time.Now().Before(end); {
		start := time.Now()
		if err := ask(ctx); err != nil {
			return nil, err
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	return took, nil
}

// questions is what a store is asked for, of any of its conversations.
type questions struct {
	store         chat.Store
	conversations int
	run           string // makes its nonces unlike those of other runs
	said          atomic.Int64
	random        *rand.Rand
}

const (
	senders  = 50
	pageSize = 50
	foundMax = 30
)

func (q *questions) append(ctx context.Context) error {
	return q.send(ctx, q.random.IntN(q.conversations))
}

func (q *questions) send(ctx context.Context, conversation int) error {
	n := q.said.Add(1)
	a := chat.Append{
		Conversation: chat.ConversationID(idOf(conversation)), Sender: chat.UID(buyerOf(conversation)),
		Nonce: chat.Nonce(fmt.Sprintf("growth-%s-%d", q.run, n)), Hash: []byte("0123456789abcdef0123456789abcdef"),
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "Is it still available? 还有货吗，什么时候能发货？"}}, SentAt: time.Now(),
	}
	r, err := q.store.Append(ctx, a)
	if err == nil && !r.Fresh {
		return errors.New("what was appended is not new")
	}
	return err
}

// together appends from many senders for some time.
func (q *questions) together(ctx context.Context, d time.Duration) (rate string, err error) {
	before, start := q.said.Load(), time.Now()
	end := start.Add(d)
	errs := make([]error, senders)
	var wg sync.WaitGroup
	for i := range errs {
		random := rand.New(rand.NewPCG(uint64(i), 3)) //nolint:gosec // the same at each run
		wg.Go(func() {
			for time.Now().Before(end) && errs[i] == nil {
				errs[i] = q.send(ctx, random.IntN(q.conversations))
			}
		})
	}
	wg.Wait()
	return fmt.Sprintf("%.0f/s", float64(q.said.Load()-before)/time.Since(start).Seconds()), errors.Join(errs...)
}

func (q *questions) history(ctx context.Context) error {
	before := chat.Seq(pageSize + 1 + q.random.IntN(perConversation-pageSize))
	ms, err := q.store.MessagesBefore(ctx, chat.ConversationID(idOf(q.random.IntN(q.conversations))), before, pageSize)
	if err == nil && len(ms) != pageSize {
		return fmt.Errorf("a page has %d messages", len(ms))
	}
	return err
}

func (q *questions) merchant() chat.UID { return chat.UID(merchantOf(q.random.IntN(merchants))) }

func (q *questions) inbox(order chat.Order) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		cs, err := q.store.Conversations(ctx, chat.ConversationQuery{UID: q.merchant(), Order: order, Limit: pageSize})
		if err == nil && len(cs) != min(pageSize, q.conversations/merchants) {
			return fmt.Errorf("a page has %d conversations", len(cs))
		}
		return err
	}
}

func (q *questions) search(word string) func(ctx context.Context) error {
	return func(ctx context.Context) error {
		found, err := q.store.SearchMessages(ctx, chat.MessageQuery{UID: q.merchant(), Text: word, Limit: foundMax})
		if err == nil && word == noWord && len(found) > 0 {
			return errors.New("a word was found that nobody has said")
		}
		return err
	}
}
