package torture

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strconv"
	"time"

	"golang.org/x/sync/errgroup"

	"haggle/internal/bench"
	"haggle/internal/wire"
)

const (
	// devicesEach is how many devices a participant has.
	devicesEach = 2

	// buyersPerMerchant is in how many conversations a merchant is.
	buyersPerMerchant = 3

	// healTimeout bounds the time after the trouble, and once more the audit: what is not
	// well by then is not well.
	healTimeout = 60 * time.Second
)

// Options say what a run is about.
type Options struct {
	URLs  []string      // of the nodes to talk to; empty: the run starts its own
	Nodes int           // how many it starts
	Node  NodeOptions   // how
	Pairs int           // buyers with somebody to talk to
	For   time.Duration // how long there is trouble
	Seed  uint64        // what happens is chance's; the same seed chooses the same
	Kill  bool          // nodes are killed and stopped: only the run's own

	// Faults happen one after the other, each while everybody talks, instead of the
	// trouble that chance makes.
	Faults []Fault

	Run string // makes the names of this run unlike those of others on the same store

	APIKey string
	Mint   func(uid, agent string) (string, error) // a token, as the marketplace signs it
	Out    io.Writer                               // what the person at the terminal is told meanwhile
}

// Report is what a run came to.
type Report struct {
	Seed      uint64    `json:"seed"`
	Nodes     int       `json:"nodes"`
	Pairs     int       `json:"pairs"`
	Devices   int       `json:"devices"`
	Seconds   float64   `json:"seconds"`
	Inflicted Inflicted `json:"inflicted"`
	Rounds    []Round   `json:"rounds,omitempty"`
	Verdict   Verdict   `json:"verdict"`
}

// world is a run: nodes, what is between, devices.
type world struct {
	opts     *Options
	ledger   *Ledger
	nodes    []*Node // empty when they are not the run's own
	proxies  []*Proxy
	ends     []endpoint // through the proxies
	rest     *rest      // through them, too
	straight *rest      // past them
	devices  []*device
}

// Run gives the nodes a hard time and reports what came of it. An error is something
// else than a broken promise: the run could not be carried out.
func Run(ctx context.Context, opts *Options) (_ *Report, err error) {
	w := &world{opts: opts, ledger: NewLedger()}
	defer func() { err = errors.Join(err, w.stop()) }()
	urls, err := w.startNodes(ctx)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithCancel(ctx)
	g, ctx := errgroup.WithContext(ctx)
	var report *Report
	if err := w.openProxies(ctx, g, urls); err != nil {
		cancel()
		return nil, errors.Join(err, g.Wait())
	}
	g.Go(func() error {
		defer cancel()
		var err error
		report, err = w.work(ctx)
		return err
	})
	return report, g.Wait()
}

// stop ends what is still there.
func (w *world) stop() error {
	for _, d := range w.devices {
		d.hangUp()
	}
	var errs []error
	for _, n := range w.nodes {
		errs = append(errs, n.Kill())
	}
	return errors.Join(errs...)
}

func (w *world) startNodes(ctx context.Context) ([]string, error) {
	if len(w.opts.URLs) > 0 {
		return w.opts.URLs, nil
	}
	var urls []string
	for i := range w.opts.Nodes {
		n, err := newNode(ctx, &w.opts.Node, i)
		if err != nil {
			return nil, err
		}
		w.nodes = append(w.nodes, n)
		urls = append(urls, n.URL())
	}
	return urls, startAll(ctx, w.nodes)
}

// openProxies puts a proxy before each node.
func (w *world) openProxies(ctx context.Context, g *errgroup.Group, urls []string) error {
	through := make(map[string]string)
	for _, u := range urls {
		p, err := NewProxy(ctx, "127.0.0.1", hostPort(u))
		if err != nil {
			return err
		}
		w.proxies = append(w.proxies, p)
		w.ends = append(w.ends, endpoint{url: u, through: p.Addr()})
		through[hostPort(u)] = p.Addr()
		g.Go(func() error { return p.Run(ctx) })
	}
	w.rest, w.straight = newRest(through), newRest(nil)
	return nil
}

// any is the node that chance leads to.
func (w *world) any(rng *rand.Rand) endpoint { return w.ends[rng.IntN(len(w.ends))] }

// work has the devices live through it all.
func (w *world) work(ctx context.Context) (*Report, error) {
	start := time.Now()
	if err := w.open(ctx); err != nil {
		return nil, err
	}
	w.say("%d devices of %d buyers and their merchants, %d nodes, seed %d", len(w.devices), w.opts.Pairs, len(w.ends), w.opts.Seed)
	r := &Report{Seed: w.opts.Seed, Nodes: len(w.ends), Pairs: w.opts.Pairs, Devices: len(w.devices)}
	if err := w.endure(ctx, r); err != nil {
		return nil, err
	}
	r.Seconds = time.Since(start).Seconds()
	for _, n := range w.nodes {
		if died := n.diedAlone(); died > 0 {
			r.Verdict.Deaths += died
			r.Verdict.Faults = append(r.Verdict.Faults, fmt.Sprintf("%s died by itself, see %s", n.name, n.logFile()))
		}
	}
	return r, nil
}

// endure has the devices live through what there is to live through, and tells r.
func (w *world) endure(ctx context.Context, r *Report) (err error) {
	var before Verdict
	if len(w.opts.Faults) > 0 {
		r.Rounds, before, err = w.rounds(ctx)
		if r.Verdict = before; err != nil || !before.OK() {
			return err
		}
	} else {
		w.say("trouble for %v", w.opts.For)
		t := &tormentor{world: w, rng: w.chance(0), kill: w.opts.Kill && len(w.nodes) > 0}
		if err := w.trouble(ctx, t); err != nil {
			return err
		}
		r.Inflicted = t.done
		for _, d := range w.devices {
			r.Inflicted.Repeated += d.repeated
		}
	}
	r.Verdict, err = w.after(ctx)
	return err
}

// after ends all faults and looks twice: once everybody has come back, for what the
// trouble has left, and after they went on for a while, for what gets lost without any.
// The second time would not show what the talk in between has mended.
func (w *world) after(ctx context.Context) (Verdict, error) {
	w.say("all is well again: everybody comes back")
	if err := w.heal(ctx); err != nil {
		return Verdict{}, err
	}
	if err := w.absence(ctx); err != nil {
		return Verdict{}, err
	}
	v, err := w.look(ctx)
	if err != nil || !v.OK() {
		return v, err
	}
	w.say("everybody has everything, and goes on for a while")
	if err := w.together(ctx, w.devices, (*device).calm); err != nil {
		return Verdict{}, err
	}
	// The last word of all: who does not hear of it learns it by a heartbeat or not at all.
	first, _ := w.halves()
	if err := w.together(ctx, first, (*device).lastWords); err != nil {
		return Verdict{}, err
	}
	return w.look(ctx)
}

// absence has half of the devices be away while the others read and take back what was
// said: changes that no new message points at.
func (w *world) absence(ctx context.Context) error {
	first, second := w.halves()
	for _, d := range second {
		d.hangUp()
	}
	if err := w.together(ctx, first, (*device).quietly); err != nil {
		return err
	}
	return w.together(ctx, second, (*device).heal)
}

// halves are the first device of everybody, and the second one.
func (w *world) halves() (first, second []*device) {
	for i, d := range w.devices {
		if i%devicesEach == 0 {
			first = append(first, d)
		} else {
			second = append(second, d)
		}
	}
	return first, second
}

// look has everybody take in one heartbeat and judges what they have then.
func (w *world) look(ctx context.Context) (Verdict, error) {
	ctx, cancel := context.WithTimeout(ctx, healTimeout)
	defer cancel()
	histories, err := w.audit(ctx)
	if err != nil {
		return Verdict{}, err
	}
	var timelines []Timelines
	for _, d := range w.devices {
		timelines = append(timelines, d.timelines())
	}
	return w.ledger.Judge(histories, timelines), nil
}

func (w *world) say(format string, args ...any) {
	_, _ = fmt.Fprintf(w.opts.Out, format+"\n", args...) // nobody who reads it is no reason to stop
}

// chance is a source of its own for each who needs one.
func (w *world) chance(n uint64) *rand.Rand {
	return rand.New(rand.NewPCG(w.opts.Seed, n)) //nolint:gosec // a run has to be repeatable
}

// open makes the people, their devices and the goods.
func (w *world) open(ctx context.Context) error {
	var products []wire.Product
	add := func(uid, agent, name, product string, side int) {
		d := &device{
			world: w, name: name, uid: uid, side: side, product: product, rng: w.chance(uint64(len(w.devices)) + 1),
			mint: func() (string, error) { return w.opts.Mint(uid, agent) },
		}
		d.forget()
		w.devices = append(w.devices, d)
	}
	for i := range w.opts.Pairs {
		merchant := "V_t" + w.opts.Run + "-" + strconv.Itoa(i/buyersPerMerchant)
		product := "t" + w.opts.Run + "-" + strconv.Itoa(i)
		products = append(products, wire.Product{ID: product, Merchant: merchant, Title: "Torture", Currency: "CNY", Kind: "virtual"})
		for k := range devicesEach {
			add("U_t"+w.opts.Run+"-"+strconv.Itoa(i), "", fmt.Sprintf("%s.b%d-%d", w.opts.Run, i, k), product, buyerSide)
		}
		if i%buyersPerMerchant != 0 {
			continue
		}
		for k := range devicesEach {
			add(merchant, "agent"+strconv.Itoa(k), fmt.Sprintf("%s.m%d-%d", w.opts.Run, i/buyersPerMerchant, k), "", merchantSide)
		}
	}
	target := &bench.Target{URLs: []string{w.ends[0].url}, APIKey: w.opts.APIKey}
	return target.Stock(ctx, products)
}

// trouble lets the tormentor loose on everybody.
func (w *world) trouble(ctx context.Context, t *tormentor) error {
	ctx, cancel := context.WithTimeout(ctx, w.opts.For)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, d := range w.devices {
		g.Go(func() error {
			d.trouble(ctx)
			return nil
		})
	}
	g.Go(func() error { return t.work(ctx) })
	return g.Wait()
}

// heal ends all faults and has everybody come back.
func (w *world) heal(ctx context.Context) error {
	for _, n := range w.nodes {
		if err := n.Resume(); err != nil {
			return err
		}
	}
	for _, p := range w.proxies {
		p.Heal()
	}
	return w.together(ctx, w.devices, (*device).heal)
}

// together has devices do something at the same time, for not too long.
func (w *world) together(ctx context.Context, devices []*device, do func(d *device, ctx context.Context)) error {
	ctx, cancel := context.WithTimeout(ctx, healTimeout)
	defer cancel()
	var g errgroup.Group
	for _, d := range devices {
		g.Go(func() error {
			do(d, ctx)
			return nil
		})
	}
	return g.Wait()
}

// Print writes r for people.
func (r *Report) Print(out io.Writer) error {
	i := r.Inflicted
	what := fmt.Sprintf("inflicted: %d connections cut, %d frozen, %d half-open, %d slow spells, %d events repeated; %d kills, %d stops\n",
		i.Cut, i.Frozen, i.HalfOpen, i.Delayed, i.Repeated, i.Killed, i.Stopped)
	if len(r.Rounds) > 0 {
		what = table(r.Rounds)
	}
	if _, err := fmt.Fprintf(out, "%d nodes, %d buyers, %d devices, %.1f s, seed %d\n%s", r.Nodes, r.Pairs, r.Devices, r.Seconds, r.Seed, what); err != nil {
		return err
	}
	return r.Verdict.Print(out)
}

// OK reports whether no promise was broken.
func (r *Report) OK() bool { return r.Verdict.OK() }
