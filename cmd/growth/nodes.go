package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"haggle/internal/auth"
	"haggle/internal/bench"
	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// The nodes' secrets. Nobody but this program reaches them.
const (
	secret = "a-secret-of-thirty-two-bytes-or-more"
	apiKey = "a-key-of-26-characters-or-more" //nolint:gosec // see above
)

type nodesCommand struct {
	Haggle   string        `help:"The program to measure." default:"bin/haggle" type:"existingfile"`
	Nodes    []int         `help:"How many nodes." default:"1,2,4" placeholder:"N"`
	Pairs    int           `help:"How many pairs of a buyer and a seller talk, at different nodes where there are several." default:"200" placeholder:"N"`
	Duration time.Duration `help:"How long each load is." default:"30s" placeholder:"TIME"`
	Rate     int           `help:"Messages a second of the load that does not wait, which shows what a message takes where nobody is in its way." default:"500" placeholder:"N"`
	Sessions int           `help:"How many idle connections the memory of one is measured by." default:"5000" placeholder:"N"`
}

// cost is what one number of nodes came to.
type cost struct {
	nodes int
	idle  *bench.IdleReport
	pairs *bench.Report
	rate  *bench.Report
}

// errBroken ends a load that the nodes did not come through.
var errBroken = errors.New("a node lost, doubled, reordered or refused something, see above")

// Run measures one number of nodes after the other, each on a database of its own.
func (c *nodesCommand) Run(ctx context.Context) (err error) {
	dir, err := os.MkdirTemp("", "haggle-growth-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	database, err := testkit.StartPostgres(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, database.Stop()) }()
	var costs []cost
	for _, n := range c.Nodes {
		measured, err := c.measure(ctx, filepath.Join(dir, strconv.Itoa(n)), database, n)
		if err != nil {
			return fmt.Errorf("%d nodes: %w", n, err)
		}
		costs = append(costs, measured)
	}
	return c.print(costs)
}

func (c *nodesCommand) measure(ctx context.Context, dir string, database *testkit.Postgres, n int) (_ cost, err error) {
	say("%d nodes", n)
	bus, err := startNATS(ctx)
	if err != nil {
		return cost{}, err
	}
	defer func() { err = errors.Join(err, bus.stop()) }()
	store, err := database.NewDatabase(ctx, "")
	if err != nil {
		return cost{}, err
	}
	target := &bench.Target{APIKey: apiKey, Mint: mint, Beside: []func() (time.Duration, error){
		database.CPU, func() (time.Duration, error) { return bench.CPUTime(bus.cmd.Process.Pid) },
	}}
	for i := range n {
		one, err := startNode(ctx, c.Haggle, filepath.Join(dir, strconv.Itoa(i)), store, bus.url)
		if err != nil {
			return cost{}, err
		}
		defer func() { err = errors.Join(err, one.stop()) }()
		target.URLs = append(target.URLs, one.url)
		target.Admins = append(target.Admins, one.admin)
		target.PIDs = append(target.PIDs, one.cmd.Process.Pid)
	}
	return c.load(ctx, target, n)
}

// load puts each load on the nodes, one after the other.
func (c *nodesCommand) load(ctx context.Context, target *bench.Target, n int) (cost, error) {
	idle, err := bench.Idle(ctx, target, c.Sessions, 10*time.Second)
	if err != nil {
		return cost{}, err
	}
	pairs, err := bench.Pairs(ctx, target, c.Pairs, c.Duration)
	if err != nil {
		return cost{}, err
	}
	rate, err := bench.Rate(ctx, target, c.Pairs, c.Rate, c.Duration)
	if err != nil {
		return cost{}, err
	}
	for _, r := range []*bench.Report{pairs, rate} {
		if err := r.Print(os.Stderr); err != nil {
			return cost{}, err
		}
	}
	if !idle.OK() || !pairs.OK() || !rate.OK() {
		return cost{}, errBroken
	}
	return cost{n, idle, pairs, rate}, nil
}

// mint signs a token as the marketplace does.
func mint(name string) (string, error) {
	now := time.Now()
	claims := auth.ShopClaims{UID: chat.UID(name), IssuedAt: now, ExpiresAt: now.Add(auth.MaxTokenLife)}
	if claims.UID.Side() == chat.MerchantSide {
		claims.Agent = "bench"
	}
	return auth.SignShopToken([]byte(secret), claims)
}

func (c *nodesCommand) print(costs []cost) error {
	err := header(os.Stdout, "nodes", fmt.Sprintf("messages/s, %d pairs", c.Pairs), "CPU a message: nodes", "PostgreSQL", "NATS",
		"send → ack, p50 / p99", "send → received, p50 / p99", fmt.Sprintf("the same at %d messages/s", c.Rate), "memory of an idle connection")
	for i := range costs {
		r := costs[i].pairs
		each := func(d time.Duration) string {
			return fmt.Sprintf("%.0f µs", float64(d.Microseconds())/float64(max(1, r.Received)))
		}
		memory := float64(costs[i].idle.AfterKiB-costs[i].idle.BeforeKiB) / float64(costs[i].idle.Sessions)
		err = errors.Join(err, row(os.Stdout, strconv.Itoa(costs[i].nodes), fmt.Sprintf("%.0f", float64(r.Received)/r.Took.Seconds()),
			each(r.CPU), each(r.Beside[0]), each(r.Beside[1]), span(r.Acks), span(r.Delivered), span(costs[i].rate.Delivered),
			fmt.Sprintf("%.1f KiB", memory)))
	}
	return err
}

// span words the middle and the slowest hundredth of sorted durations.
func span(sorted []time.Duration) string {
	const milli = 1000.0
	return fmt.Sprintf("%.2f / %.2f ms", float64(bench.Quantile(sorted, 0.50).Microseconds())/milli, float64(bench.Quantile(sorted, 0.99).Microseconds())/milli)
}
