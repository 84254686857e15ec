package hplog

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// batchRows is how many rows are stored in one step.
const batchRows = 1000

// Importer brings a table in.
type Importer struct {
	Source  Source
	Store   legacy.Store // nil in a dry run
	Uploads *Uploads

	Late     bool // keep rows that are older than what was said in Haggle, at the end
	MarkRead bool // take everything for read

	Issues   io.Writer // gets a line of JSON for each Issue; nil for nobody
	Progress io.Writer // gets a line about how far it is, now and then
}

// Report says what became of the rows. Read is Stored + Known + Refused; in a dry run,
// Stored is what would be stored or is known.
type Report struct {
	Read     int64
	Stored   int64 // Late among them
	Late     int64
	Known    int64
	Refused  int64
	Pictures int64
	Issues   map[Reason]int64 // of the rows that were not known
	Took     time.Duration
	Pictured time.Duration // of that, for pictures
	DryRun   bool
}

// Run imports all rows, in the order of ids, and may be called again after anything:
// what is there is known. The report is true also when it returns an error.
func (m *Importer) Run(ctx context.Context) (Report, error) {
	r := &run{Importer: m, start: time.Now(), report: Report{Issues: make(map[Reason]int64), DryRun: m.Store == nil}}
	var err error
	if r.total, err = m.Source.Total(ctx); err != nil {
		return r.report, err
	}
	r.converter = newConverter(m.MarkRead, m.Late)
	err = m.Source.Rows(ctx, func(row *Row) error {
		r.batch = append(r.batch, r.converter.convert(row))
		if len(r.batch) < batchRows {
			return ctx.Err()
		}
		return r.flush(ctx)
	})
	if err == nil {
		err = r.flush(ctx)
	}
	r.report.Took = time.Since(r.start)
	r.progress(true)
	return r.report, err
}

// run is an import under way.
type run struct {
	*Importer

	report    Report
	converter *converter
	batch     []converted
	total     int64
	start     time.Time
	told      time.Time
}

// flush stores the batch and counts what became of it.
func (r *run) flush(ctx context.Context) error {
	if len(r.batch) == 0 {
		return nil
	}
	start := time.Now()
	kept, err := r.Uploads.keep(ctx, r.batch)
	if err != nil {
		return err
	}
	r.report.Pictures += kept
	r.report.Pictured += time.Since(start)
	outcomes, err := r.store(ctx)
	if err != nil {
		return err
	}
	for i := range r.batch {
		if err := r.count(&r.batch[i], outcomes[i]); err != nil {
			return err
		}
	}
	clear(r.batch)
	r.batch = r.batch[:0]
	r.progress(false)
	return nil
}

// store returns the outcome of each row of the batch.
func (r *run) store(ctx context.Context) ([]legacy.Outcome, error) {
	outcomes := make([]legacy.Outcome, len(r.batch))
	var messages []legacy.Message
	var index []int
	for i := range r.batch {
		c := &r.batch[i]
		if c.refused {
			outcomes[i] = legacy.Refused
			continue
		}
		c.message.Blocks = make([]chat.Block, len(c.pieces))
		for j := range c.pieces {
			c.message.Blocks[j] = c.pieces[j].block
		}
		messages = append(messages, c.message)
		index = append(index, i)
	}
	if r.Store == nil || len(messages) == 0 {
		return outcomes, nil
	}
	done, err := r.Store.Import(ctx, messages)
	if err != nil {
		return nil, fmt.Errorf("store rows %d to %d: %w", messages[0].Num, messages[len(messages)-1].Num, err)
	}
	for i, o := range done {
		outcomes[index[i]] = o
	}
	return outcomes, nil
}

// count adds a row to the report.
func (r *run) count(c *converted, o legacy.Outcome) error {
	r.report.Read++
	switch o {
	case legacy.Stored:
		r.report.Stored++
	case legacy.StoredLate:
		r.report.Stored++
		r.report.Late++
		c.note(int64(c.message.Num), AddedLater, "")
	case legacy.Known:
		r.report.Known++ // and is listed again: the run that stored it may have been killed before its report was written
	case legacy.Taken:
		r.report.Refused++
		c.issues = []Issue{{int64(c.message.Num), IDTaken, ""}}
	case legacy.Refused:
		r.report.Refused++
		if !c.refused {
			c.issues = []Issue{{int64(c.message.Num), OlderThanNew, ""}}
		}
	}
	for _, issue := range c.issues {
		r.report.Issues[issue.Reason]++
		if r.Issues == nil {
			continue
		}
		line, err := json.Marshal(issue)
		if err == nil {
			_, err = r.Issues.Write(append(line, '\n'))
		}
		if err != nil {
			return fmt.Errorf("write report: %w", err)
		}
	}
	return nil
}

// progressEvery is how often somebody who waits is told.
const progressEvery = time.Second

func (r *run) progress(last bool) {
	now := time.Now()
	if r.Progress == nil || !last && now.Sub(r.told) < progressEvery {
		return
	}
	r.told = now
	took := now.Sub(r.start)
	line := fmt.Sprintf("%d of %d rows, %.0f a second", r.report.Read, r.total, float64(r.report.Read)/took.Seconds())
	if r.report.Pictures > 0 {
		line += fmt.Sprintf(", %d pictures", r.report.Pictures)
	}
	if left := r.total - r.report.Read; left > 0 && r.report.Read > 0 {
		line += fmt.Sprintf(", about %v left", (took * time.Duration(left) / time.Duration(r.report.Read)).Round(time.Second))
	}
	_, _ = fmt.Fprintln(r.Progress, line) // a closed terminal is no reason not to go on
}

// String returns the report as a person reads it.
func (r Report) String() string {
	var b strings.Builder
	line := func(name string, n int64, words string) {
		fmt.Fprintf(&b, "%9d  %-14s %s\n", n, name, words)
	}
	if r.DryRun {
		b.WriteString("Nothing was stored: this was a dry run.\n")
	}
	line("read", r.Read, "")
	if r.DryRun {
		line("usable", r.Stored, "would be stored, unless they are known")
	} else {
		line("stored", r.Stored, "")
		line("known", r.Known, "from before")
	}
	line("refused", r.Refused, "")
	if r.Late > 0 {
		line("late", r.Late, "of the stored ones stand behind younger messages, with a notice")
	}
	text := r.Took - r.Pictured
	fmt.Fprintf(&b, "%9s  in all", r.Took.Round(time.Millisecond))
	if text > 0 {
		fmt.Fprintf(&b, "; %.0f rows a second without the time for pictures", float64(r.Read)/text.Seconds())
	}
	b.WriteByte('\n')
	if r.Pictures > 0 {
		fmt.Fprintf(&b, "%9d  pictures, %.1f a second\n", r.Pictures, float64(r.Pictures)/r.Pictured.Seconds())
	}
	if len(r.Issues) > 0 {
		b.WriteString("\nNot as they should be:\n")
	}
	for _, reason := range slices.Sorted(maps.Keys(r.Issues)) {
		line(string(reason), r.Issues[reason], explain(reason))
	}
	return b.String()
}

// explain words a reason.
func explain(r Reason) string {
	switch r {
	case NoBuyer:
		return "refused: user_id is 0"
	case NoMerchant:
		return "refused: merchant_id is not V_… or E_…"
	case NoSender:
		return "refused: sender is neither 1 nor 2"
	case BadID:
		return "refused: the id is 0 or too large"
	case IDTaken:
		return "refused: their ids are those of other messages that came in before, from another table; see docs/history.md"
	case OlderThanNew:
		return "refused: older than a message that was said in Haggle; --append keeps such rows at the end"
	case AddedLater:
		return "kept behind younger messages, with a notice"
	case NoTime:
		return "without a time: they have that of the row before"
	case Mended:
		return "were encoded twice, and are mended"
	case BadBytes:
		return "held bytes that are no text"
	case CardBroken:
		return "product links without a product: kept as text, with a notice"
	case ListBroken:
		return "lists of pictures that are none: kept as text, with a notice"
	case UnknownType:
		return "of an unknown type: kept as text, with a notice"
	case ImageMissing:
		return "pictures that are not in --uploads: a notice stands for each"
	case ImageBroken:
		return "pictures that cannot be shown: a notice stands for each"
	case Empty:
		return "empty"
	}
	return ""
}
