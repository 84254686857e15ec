package natsbus_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"haggle/internal/bus/bustest"
	"haggle/internal/bus/natsbus"
	"haggle/internal/bus/sharedbus"
	"haggle/internal/chat"
	"haggle/internal/testkit/natsserver"
)

const wait = 10 * time.Second

func start(t testing.TB, configure func(*server.Options)) *natsserver.Server {
	t.Helper()
	s, err := natsserver.Start(configure)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	return s
}

// quick are options for tests that look at what takes its time.
func quick(url string) natsbus.Options {
	return natsbus.Options{URLs: []string{url}, LookEvery: 50 * time.Millisecond, RetryEvery: 20 * time.Millisecond}
}

func open(t testing.TB, opts natsbus.Options) *natsbus.Bus {
	t.Helper()
	b, err := natsbus.Open(t.Context(), opts, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// settled is a bus whose subscriptions hold when Subscribe returns, as far as there is a
// server.
type settled struct {
	*natsbus.Bus

	t testing.TB
}

func (s settled) Subscribe(topic chat.Topic) error {
	if err := s.Bus.Subscribe(topic); err != nil || !s.Connected() {
		return err
	}
	ctx, cancel := context.WithTimeout(s.t.Context(), wait)
	defer cancel()
	return s.Flush(ctx)
}

// eventually waits until ok does.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	deadline := time.After(wait)
	for !ok() {
		select {
		case <-tick.C:
		case <-deadline:
			t.Fatalf("%s: not within %v", what, wait)
		}
	}
}

// network is a server and the nodes on it.
type network struct {
	server *natsserver.Server
	nodes  []*natsbus.Bus
}

func (n *network) Cut(t *testing.T) {
	t.Helper()
	n.server.Stop()
	for _, b := range n.nodes {
		eventually(t, "the nodes know that they are cut off", func() bool { return !b.Connected() })
	}
}

func (n *network) Restore(t *testing.T) {
	t.Helper()
	if err := n.server.Start(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	defer cancel()
	for _, b := range n.nodes {
		eventually(t, "the nodes are back", b.Connected)
		if err := b.Flush(ctx); err != nil {
			t.Fatal(err)
		}
	}
}

func openNetwork(nodes int) bustest.OpenNetwork {
	return func(t *testing.T, attach func(chat.Bus)) ([]chat.Bus, bustest.Network) {
		n := &network{server: start(t, nil)}
		var buses []chat.Bus
		for range nodes {
			b := open(t, quick(n.server.URL()))
			n.nodes = append(n.nodes, b)
			attach(b)
			buses = append(buses, settled{b, t})
		}
		return buses, n
	}
}

func TestBus(t *testing.T) {
	for name, nodes := range map[string]int{"alone": 1, "two nodes": 2, "three nodes": 3} {
		t.Run(name, func(t *testing.T) {
			bustest.Run(t, func(t *testing.T, attach func(chat.Bus)) []chat.Bus {
				buses, _ := openNetwork(nodes)(t, attach)
				return buses
			})
		})
	}
}

func TestBus_network(t *testing.T) {
	bustest.RunNetwork(t, openNetwork(2))
}

// Two receivers of a node are as good on NATS as one.
func TestBus_shared(t *testing.T) {
	bustest.Run(t, func(t *testing.T, attach func(chat.Bus)) []chat.Bus {
		s := start(t, nil)
		var buses []chat.Bus
		for range 2 {
			shared := sharedbus.New(settled{open(t, quick(s.URL())), t})
			for range 2 {
				seat := shared.Seat()
				attach(seat)
				buses = append(buses, seat)
			}
		}
		return buses
	})
}
