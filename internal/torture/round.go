package torture

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	// lead is how long everybody talks before a fault begins.
	lead = time.Second

	// presentWithin is how soon after a fault everybody has to know who is there. Turns
	// and a busy machine come on top.
	presentWithin = 30 * time.Second
	presentSlack  = 5 * time.Second

	// storedTimeout bounds asking what is stored, right after a fault.
	storedTimeout = 30 * time.Second
)

// Fault is one thing that happens to the nodes, or to what they stand on, while
// everybody talks.
type Fault struct {
	Name string

	// Inflict does it and undoes it: when it returns, all is well again. The nodes are
	// the run's own, none if there are no such.
	Inflict func(ctx context.Context, nodes []*Node) error
}

// Round is what one fault came to.
type Round struct {
	Fault   string         `json:"fault"`
	Lasted  float64        `json:"lasted"`         // seconds, from its beginning until all was well
	Sent    int            `json:"sent"`           // messages, from before it until everybody had caught up
	Acked   int            `json:"acked"`          // of them
	Lost    int            `json:"lost"`           // of all so far, newly found
	Doubled int            `json:"doubled"`        // likewise
	Wrong   int            `json:"wrong"`          // every other broken promise, likewise
	Longest float64        `json:"longest"`        // seconds that somebody waited for an ack
	Told    map[string]int `json:"told,omitempty"` // codes of the refusals that passed
	Current float64        `json:"current"`        // seconds from all is well until everybody had everything
	Present float64        `json:"present"`        // and until everybody knew who is there
}

// rounds has everybody live through one fault after the other. It ends early when a
// promise was broken.
func (w *world) rounds(ctx context.Context) (rounds []Round, v Verdict, err error) {
	if err := w.together(ctx, w.devices, (*device).calm); err != nil {
		return nil, v, err
	}
	w.acquaint()
	for i := range w.opts.Faults {
		r, now, err := w.round(ctx, &w.opts.Faults[i], &v)
		if err != nil {
			return rounds, v, fmt.Errorf("%s: %w", w.opts.Faults[i].Name, err)
		}
		rounds, v = append(rounds, r), now
		if !v.OK() {
			return rounds, v, nil
		}
	}
	return rounds, v, nil
}

// acquaint has everybody watch whom they talk to, from their next connection on.
func (w *world) acquaint() {
	for _, d := range w.devices {
		for _, other := range w.devices {
			if d.side != other.side && other.meets(d) {
				d.watches = append(d.watches, other.uid)
			}
		}
		slices.Sort(d.watches)
		d.watches = slices.Compact(d.watches)
		d.hangUp()
	}
}

// round has everybody live through one fault: before is what was wrong already.
func (w *world) round(ctx context.Context, f *Fault, before *Verdict) (r Round, v Verdict, err error) {
	w.say("%s", f.Name)
	w.ledger.takeTold()
	var leavers []*device // they have a connection, and do not come back when it is lost
	for _, d := range w.devices {
		d.longest = 0
		if d.uid == w.devices[0].uid {
			leavers = append(leavers, d)
		}
	}
	stay := w.devices[len(leavers):]
	began := time.Now()
	if err := w.during(ctx, f, stay, leavers); err != nil {
		return r, v, err
	}
	healed := time.Now()
	back, err := w.comeBack(ctx, stay, healed)
	if err != nil {
		return r, v, err
	}
	if err := w.together(ctx, w.devices, (*device).finish); err != nil {
		return r, v, err
	}
	if v, err = w.look(ctx); err != nil {
		return r, v, err
	}
	v.Late, v.Absent = before.Late+back.late, before.Absent+back.absent
	v.Faults = append(v.Faults, back.faults.list...)
	r = Round{
		Fault: f.Name, Lasted: (healed.Sub(began) - lead).Seconds(), Sent: v.Sent - before.Sent, Acked: v.Acked - before.Acked,
		Lost: v.Missing - before.Missing, Doubled: v.Twice - before.Twice, Told: w.ledger.takeTold(),
		Current: back.current.Seconds(), Present: back.present.Seconds(),
	}
	r.Wrong = v.wrong() - before.wrong() - r.Lost - r.Doubled
	for _, d := range w.devices {
		r.Longest = max(r.Longest, d.longest.Seconds())
	}
	return r, v, nil
}

// during inflicts a fault while everybody talks, but for those who leave. It returns
// when all is well again.
func (w *world) during(ctx context.Context, f *Fault, stay, leavers []*device) error {
	calm := make(chan struct{})
	var g errgroup.Group
	for _, d := range stay {
		g.Go(func() error { return d.goOn(ctx, calm) })
	}
	for _, d := range leavers {
		g.Go(func() error { return d.linger(ctx, calm) })
	}
	w.devices[0].pause(ctx, lead)
	err := f.Inflict(ctx, w.nodes)
	close(calm)
	return errors.Join(err, g.Wait())
}

// comeback is how everybody came back.
type comeback struct {
	current, present time.Duration // the last one's
	late, absent     int           // who did not in time
	faults           faults
}

// comeBack waits until everybody has, without asking for it, all that was stored, and
// knows who is there.
func (w *world) comeBack(ctx context.Context, stay []*device, healed time.Time) (*comeback, error) {
	histories, err := w.stored(ctx)
	if err != nil {
		return nil, err
	}
	here := make(map[string]bool)
	for _, d := range stay {
		here[d.uid] = true
	}
	found := make([]arrival, len(stay))
	var g errgroup.Group
	for i, d := range stay {
		g.Go(func() error {
			found[i] = d.arrive(ctx, histories, here, healed)
			return ctx.Err()
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	c := new(comeback)
	for i, a := range found {
		c.current, c.present = max(c.current, a.current), max(c.present, a.present)
		if a.current > stay[i].period+presentSlack {
			c.late++
			c.faults.add("%s was not current within a heartbeat", stay[i].name)
		}
		if a.present > presentWithin+presentSlack {
			c.absent++
			c.faults.add("%s takes %v for who is there", stay[i].name, stay[i].presence)
		}
	}
	return c, nil
}

// stored reads what the store has kept, right after a fault: not at once, perhaps.
func (w *world) stored(ctx context.Context) ([]History, error) {
	ctx, cancel := context.WithTimeout(ctx, storedTimeout)
	defer cancel()
	for {
		histories, _, err := w.histories(ctx)
		if err == nil || ctx.Err() != nil {
			return histories, err
		}
		w.devices[0].pause(ctx, retryPause)
	}
}

// table shows rounds to people.
func table(rounds []Round) string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	row := func(cells ...string) { _, _ = fmt.Fprintln(t, strings.Join(cells, "\t")) } // into memory
	row("fault", "lasted", "acked", "lost", "doubled", "wrong", "longest ack", "to current", "to presence", "told meanwhile")
	for i := range rounds {
		r := &rounds[i]
		row(r.Fault, seconds(r.Lasted), fmt.Sprintf("%d/%d", r.Acked, r.Sent), strconv.Itoa(r.Lost), strconv.Itoa(r.Doubled), strconv.Itoa(r.Wrong),
			seconds(r.Longest), seconds(r.Current), seconds(r.Present), cmp.Or(r.told(), "-"))
	}
	_ = t.Flush() // into memory
	return b.String()
}

// seconds writes a time for people.
func seconds(s float64) string { return strconv.FormatFloat(s, 'f', 1, 64) + " s" }

// told names what senders were told, the most frequent first.
func (r *Round) told() string {
	codes := slices.SortedFunc(maps.Keys(r.Told), func(a, b string) int {
		return cmp.Or(r.Told[b]-r.Told[a], strings.Compare(a, b))
	})
	for i, code := range codes {
		codes[i] = fmt.Sprint(code, " ×", r.Told[code])
	}
	return strings.Join(codes, ", ")
}
