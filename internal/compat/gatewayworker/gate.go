package gatewayworker

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"haggle/internal/chat"
)

// Peers leads to the other nodes.
type Peers interface {
	// Enlist tells the other nodes of address until leave is called, and calls changed
	// with theirs whenever those change. A node that has died is in none of the lists a
	// few seconds later.
	Enlist(address string, changed func(others []string)) (leave func(), err error)
}

// Options are what an installation may set, and what the rest of the server gives.
type Options struct {
	Register net.Listener // which PHP asks for addresses; Run closes it
	Inner    net.Listener // which PHP sends its packets to; Run closes it

	// Address is where PHP reaches Inner: IPv4, and no other node's. It is in every
	// client_id.
	Address netip.AddrPort

	Secret    string // that PHP proves itself with; "" lets everybody in who reaches the listeners
	PagesPort uint16 // that pages connect to, for workers that ask

	// Native hands what PHP pushes to a uid to the sessions of our own protocol that this
	// node has; payload is JSON of at most NativeBytes. [they are told nothing]
	Native      func(uid chat.UID, payload []byte)
	NativeBytes int

	Peers   Peers                 // [there are no other nodes]
	Metrics prometheus.Registerer // where to register the metrics [nowhere]
	Log     *slog.Logger
}

// Gate is this node's part of what GatewayWorker is to the shop's PHP. Its methods may be
// called concurrently.
type Gate struct {
	opts     Options
	ip       uint32
	port     uint16
	secret   secret
	table    *table
	workers  *workers
	peers    peers
	register *register
	large    *semaphore.Weighted // bytes of packets that are larger than most
	complain *complaints
	stats    *stats
}

const (
	// maxPacket is the largest packet that is taken, as GatewayWorker has it.
	maxPacket = 10 << 20

	// maxStranger is that of who has not proven itself yet.
	maxStranger = 4 << 10

	// maxLarge bounds the memory of large packets that are being read.
	maxLarge = 64 << 20

	// pingEvery is how often a worker of another machine is written to.
	pingEvery = 25 * time.Second
)

// New returns a Gate that takes sockets at once. PHP gets in once it runs.
func New(opts Options) (*Gate, error) {
	ip := opts.Address.Addr().Unmap()
	if !ip.Is4() || opts.Address.Port() == 0 {
		return nil, fmt.Errorf("a client_id has no room for the address %s: it has to be IPv4, with a port", opts.Address)
	}
	b, counted := ip.As4(), newStats(opts.Metrics)
	g := &Gate{
		opts: opts, ip: binary.BigEndian.Uint32(b[:]), port: opts.Address.Port(), secret: newSecret(opts.Secret),
		table: newTable(), workers: newWorkers(counted.workers), large: semaphore.NewWeighted(maxLarge),
		complain: newComplaints(opts.Log), stats: counted,
	}
	g.register = newRegister(g)
	return g, nil
}

// Address is where PHP reaches this node's inner protocol.
func (g *Gate) Address() string {
	return netip.AddrPortFrom(g.opts.Address.Addr().Unmap(), g.port).String()
}

// Run serves PHP until ctx ends. Call it once.
func (g *Gate) Run(ctx context.Context) error {
	leave, err := g.enlist(ctx)
	if err != nil {
		return errors.Join(err, g.opts.Register.Close(), g.opts.Inner.Close())
	}
	defer leave()
	work, ctx := errgroup.WithContext(ctx)
	work.Go(func() error {
		return g.serve(ctx, &door{name: "register", listener: g.opts.Register, most: maxRegister, secret: g.secret.set, handle: g.register.talk})
	})
	work.Go(func() error {
		passBy := func(from string) { g.passBy(firstPacket, from) }
		return g.serve(ctx, &door{name: "inner", listener: g.opts.Inner, most: maxInner, secret: g.secret.set, ordered: true, line: line{passBy: passBy}, handle: g.talk})
	})
	work.Go(func() error { return g.pingWorkers(ctx) })
	return work.Wait()
}

// enlist makes this node's address known to the Registers of all nodes.
func (g *Gate) enlist(ctx context.Context) (leave func(), err error) {
	if g.opts.Peers == nil {
		return func() {}, nil
	}
	own := g.Address()
	return g.opts.Peers.Enlist(own, func(others []string) {
		for _, address := range others {
			if address == own {
				g.opts.Log.ErrorContext(ctx, "another node has this one's inner address: pages cannot be bound, and PHP reaches only one of the nodes; give each its own --compat-gateway-inner or --compat-gateway-address", "address", own)
			}
		}
		g.register.setNodes(others)
	})
}

// pingWorkers keeps what stands between here and workers of other machines from
// forgetting their connections.
func (g *Gate) pingWorkers(ctx context.Context) error {
	if g.opts.Address.Addr().IsLoopback() {
		return nil
	}
	ticker := time.NewTicker(pingEvery)
	defer ticker.Stop()
	ping := (&packet{command: cmdPing, flag: flagScalar}).append(nil)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			for _, w := range g.workers.all() {
				w.out.offer(ping) // one that has more waiting needs none
			}
		}
	}
}
