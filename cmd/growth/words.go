package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/go-sql-driver/mysql"
	"golang.org/x/sync/errgroup"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// stretchesAtOnce is how many stretches' words are sorted together.
const stretchesAtOnce = 20

// wordList is what MariaDB is told of the words of many messages, past the store: each word
// of each message once for either side, in the order of the table's key. The store writes
// the same, for fifty messages at a time, all over the table: of ten million that is hours.
type wordList struct {
	rows   []wordRow
	places []placeRow
	words  []string // each once
	number map[string]int32
}

// wordRow is a row of search_words.
type wordRow struct {
	owner, place int64
	word         int32 // index in words
	nth          int32
}

// placeRow is a row of search_rows.
type placeRow struct{ id, conversation, seq int64 }

// placesPerMilli is how many messages of one millisecond have a place of their own. This and
// ownerNumber are as in sqlstore, which the test holds.
const placesPerMilli = 1 << 20

// add adds all that is said in the n-th stretch.
func (l *wordList) add(e *engine, n int) error {
	for values := range e.stretch(n, false).messages() {
		num, seq, at := values[0].(int64), values[1].(int64), values[10].(int64) //nolint:errcheck // see message
		var blocks []chat.Block
		if err := json.Unmarshal([]byte(values[9].(string)), &blocks); err != nil { //nolint:errcheck // see message
			return err
		}
		place := at * placesPerMilli // there is one message in each millisecond
		l.places = append(l.places, placeRow{place, num, seq})
		conversation, words := int(num-1), terms.Cut(blocks[0].Text)
		for _, uid := range []string{buyerOf(conversation), merchantOf(conversation)} {
			owner := ownerNumber(uid)
			for nth, word := range words {
				l.rows = append(l.rows, wordRow{owner: owner, place: place, word: l.numberOf(word), nth: int32(nth)})
			}
		}
	}
	return nil
}

func (l *wordList) numberOf(word string) int32 {
	n, ok := l.number[word]
	if !ok {
		n = int32(len(l.words)) //nolint:gosec // fifty thousand or so
		l.number[word] = n
		l.words = append(l.words, word)
	}
	return n
}

// ownerNumber is the name of uid in search_words: the first eight bytes of its SHA-256.
func ownerNumber(uid string) int64 {
	sum := sha256.Sum256([]byte(uid))
	return int64(binary.BigEndian.Uint64(sum[:8])) //nolint:gosec // any number will do
}

// sort puts the rows in the order of their keys.
func (l *wordList) sort() {
	rank := make([]int32, len(l.words))
	byWord := make([]int32, len(l.words))
	for i := range byWord {
		byWord[i] = int32(i)
	}
	slices.SortFunc(byWord, func(a, b int32) int { return cmp.Compare(l.words[a], l.words[b]) })
	for i, word := range byWord {
		rank[word] = int32(i)
	}
	slices.SortFunc(l.rows, func(a, b wordRow) int {
		return cmp.Or(cmp.Compare(a.owner, b.owner), cmp.Compare(rank[a.word], rank[b.word]), cmp.Compare(a.place, b.place), cmp.Compare(a.nth, b.nth))
	})
	slices.SortFunc(l.places, func(a, b placeRow) int { return cmp.Compare(a.id, b.id) })
}

// fillWords stores the words of the stretches from n up to end, which are yet to be filled
// in themselves. What is there already, of a run that was broken off, stays.
func (e *engine) fillWords(ctx context.Context, n, end int) error {
	l := &wordList{number: make(map[string]int32)}
	for ; n < end; n++ {
		if err := l.add(e, n); err != nil {
			return err
		}
	}
	l.sort()
	half := len(l.rows) / 2
	both, until := errgroup.WithContext(ctx)
	for _, rows := range [][]wordRow{l.rows[:half], l.rows[half:]} {
		both.Go(func() error {
			return loadFile(until, e.db, "search_words", "owner, word, place, nth", rows, func(w io.Writer, r wordRow) error {
				_, err := fmt.Fprintf(w, "%d\t%s\t%d\t%d\n", r.owner, l.words[r.word], r.place, r.nth)
				return err
			})
		})
	}
	if err := both.Wait(); err != nil {
		return fmt.Errorf("words: %w", err)
	}
	err := loadFile(ctx, e.db, "search_rows", "id, conversation, seq", l.places, func(w io.Writer, r placeRow) error {
		_, err := fmt.Fprintf(w, "%d\t%d\t%d\n", r.id, r.conversation, r.seq)
		return err
	})
	if err != nil {
		return fmt.Errorf("places: %w", err)
	}
	return nil
}

// linesAtOnce is how many lines one LOAD DATA has.
const linesAtOnce = 500_000

// loadFile has MariaDB load rows as a file of lines.
func loadFile[T any](ctx context.Context, db *sql.DB, table, columns string, rows []T, write func(w io.Writer, row T) error) error {
	name := fmt.Sprintf("growth-%p", rows)
	defer mysql.DeregisterReaderHandler(name)
	for part := range slices.Chunk(rows, linesAtOnce) {
		mysql.RegisterReaderHandler(name, func() io.Reader {
			r, w := io.Pipe()
			go func() {
				lines := bufio.NewWriterSize(w, 1<<20)
				var err error
				for _, row := range part {
					if err = write(lines, row); err != nil {
						break
					}
				}
				_ = w.CloseWithError(errors.Join(err, lines.Flush())) // nil is the end; who reads has the error
			}()
			return r
		})
		query := "LOAD DATA LOCAL INFILE 'Reader::" + name + "' IGNORE INTO TABLE " + table + " CHARACTER SET utf8mb4 FIELDS ESCAPED BY '' (" + columns + ")" //nolint:gosec // all of it is ours
		if _, err := db.ExecContext(ctx, query); err != nil {
			return err
		}
	}
	return nil
}
