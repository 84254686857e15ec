package main

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/testkit/natsserver"
	"haggle/internal/torture"
)

// outage is how long something is away that comes back by itself.
const outage = 8 * time.Second

// Whatever happens to three nodes, and to what they stand on, while everybody talks:
// what was acked is there, once and in order, and when it is over everybody has all of
// it within a heartbeat, and knows within 30 s who is there.
func TestFaults(t *testing.T) {
	t.Parallel()
	for _, e := range testkit.Engines() {
		t.Run(e.Name, func(t *testing.T) {
			t.Parallel()
			db, nats := e.Database(t), startNATS(t)
			opts := tortured(t, 3)
			opts.Node.Env = append(opts.Node.Env, "HAGGLE_STORE="+db.URL, "HAGGLE_BUS="+nats.URL(), "HAGGLE_BUS_PREFIX=faults")
			opts.Faults = []torture.Fault{
				torture.KillOne(), torture.KillAll(), torture.Restart(), torture.Freeze(),
				{Name: "NATS gone for a while", Inflict: func(ctx context.Context, _ []*torture.Node) error {
					nats.Stop()
					return errors.Join(torture.Wait(ctx, outage), nats.Start())
				}},
				{Name: "the database dies and is restarted", Inflict: func(ctx context.Context, _ []*torture.Node) error { return db.Restart(ctx) }},
			}
			t.Run("a network of its own", func(t *testing.T) { testkit.Need(t, hasIslands(), errNotRoot) })
			if hasIslands() {
				opts.Faults = append(opts.Faults, cutOff(t, opts, db.URL, nats))
			}
			endure(t, opts)
		})
	}
}

// startNATS starts a server for as long as the test lasts.
func startNATS(t *testing.T) *natsserver.Server {
	t.Helper()
	nats, err := natsserver.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(nats.Stop)
	return nats
}

// tortured is what a run needs that starts nodes of this program.
func tortured(t *testing.T, nodes int) *torture.Options {
	t.Helper()
	secret, seed := rand.Text()+rand.Text(), uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	opts := &torture.Options{
		Nodes: nodes, Pairs: 6, Seed: seed, Run: strconv.FormatUint(seed, 36), Out: t.Output(), APIKey: rand.Text() + rand.Text(),
		Mint: func(uid, agent string) (string, error) {
			now := time.Now()
			return auth.SignShopToken([]byte(secret), auth.ShopClaims{
				UID: chat.UID(uid), Agent: chat.AgentID(agent), IssuedAt: now, ExpiresAt: now.Add(time.Hour),
			})
		},
	}
	opts.Node = torture.NodeOptions{
		Binary: "haggle", Dir: t.TempDir(), Env: torture.Environment(os.Environ()), TokenSecret: secret, APIKey: opts.APIKey,
	}
	return opts
}

// endure carries a run out, and wants no promise broken.
func endure(t *testing.T, opts *torture.Options) *torture.Report {
	t.Helper()
	r, err := torture.Run(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	var words strings.Builder
	if err := r.Print(&words); err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", &words)
	if !r.OK() {
		t.Error("a promise was broken, see above")
	}
	return r
}

// cutOff puts the first node into a network of its own, and pulls the plug: nothing gets
// through, and no end is told of it.
func cutOff(t *testing.T, opts *torture.Options, store string, nats *natsserver.Server) torture.Fault {
	t.Helper()
	far := newIsland(t)
	opts.Node.Places = []torture.Place{{
		Host: far.node, Command: []string{"ip", "netns", "exec", far.name},
		Args: []string{"--behind-proxy", "--base-url", "https://chat.example.com", "--trusted-proxies", far.here + "/32"},
		Env:  []string{"HAGGLE_STORE=" + far.reach(t, store), "HAGGLE_BUS=" + far.reach(t, nats.URL())},
	}}
	return torture.Fault{Name: "a node cut off for a while", Inflict: func(ctx context.Context, _ []*torture.Node) error {
		return errors.Join(far.plug(ctx, false), torture.Wait(ctx, outage), far.plug(ctx, true))
	}}
}
