package app

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/bus/localbus"
	"haggle/internal/bus/natsbus"
	"haggle/internal/bus/sharedbus"
	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/doctor"
)

// busWithin is how long NATS may take to answer a doctor.
const busWithin = 5 * time.Second

// openBus returns the bus, and a second place on it for the PHP chat's pages where
// there are any.
func (a *app) openBus(ctx context.Context) (bus, second chat.Bus, err error) {
	bus = localbus.New()
	if a.cfg.HasBus() {
		if bus, err = a.openNATS(ctx); err != nil {
			return nil, nil, err
		}
	}
	if !a.cfg.Compat {
		return bus, nil, nil
	}
	shared := sharedbus.New(bus)
	return shared.Seat(), shared.Seat(), nil
}

// openNATS returns the bus to the other nodes, which need not be there yet.
func (a *app) openNATS(ctx context.Context) (*natsbus.Bus, error) {
	bus, err := natsbus.Open(ctx, natsOptions(&a.cfg.Nodes), a.log)
	if err != nil {
		return nil, fmt.Errorf("--bus: %w", err)
	}
	a.closers = append(a.closers, bus)
	a.registry.MustRegister(bus.Metrics()...)
	a.health.bus, a.nats = bus, bus
	return bus, nil
}

func natsOptions(n *config.Nodes) natsbus.Options {
	urls := make([]string, len(n.Bus))
	for i, address := range n.Bus {
		urls[i] = strings.TrimSpace(address)
	}
	name := "haggle"
	if host, err := os.Hostname(); err == nil {
		name += " " + host
	}
	return natsbus.Options{
		URLs: urls, Prefix: n.BusPrefix, Name: name,
		CAFile: n.BusCA, CertFile: n.BusCert, KeyFile: n.BusKey, CredentialsFile: n.BusCredentials,
	}
}

// bus looks whether NATS can be reached, and lets this installation say and hear things.
func (e *examiner) bus(ctx context.Context, tell *doctor.Teller) {
	if !e.cfg.HasBus() {
		tell.OK("there is none: this is the only server")
		return
	}
	if !e.cfg.HasBucket() {
		tell.Warning("mount the same folder there at every server, or name a bucket with --blobs",
			"pictures are in %s, where each server has to find those of the others", filepath.Join(e.cfg.Data, filesDir))
	}
	ctx, cancel := context.WithTimeout(ctx, busWithin)
	defer cancel()
	found, err := natsbus.Look(ctx, natsOptions(&e.cfg.Nodes))
	if err != nil {
		tell.Wrong("see that NATS runs at --bus, that its user may publish and subscribe to "+e.cfg.BusPrefix+".>, and that nothing on the way blocks it", "%v", err)
		return
	}
	tell.OK("NATS %s answers in %v", found.Server, found.Trip.Round(10*time.Microsecond))
	if e.cfg.BusInClear() {
		tell.Warning("use tls:// addresses, or --bus-ca", "what happens is told to NATS in the clear, passwords for it too")
	}
}

// nodeWarnings are what an operator of several servers may want to do something about.
func (a *app) nodeWarnings() []string {
	var w []string
	if a.cfg.BusInClear() {
		w = append(w, "what happens is told to NATS in the clear, passwords for it too (tls://, --bus-ca).")
	}
	if a.cfg.HasBus() && !a.cfg.HasBucket() {
		w = append(w, "pictures are in "+filepath.Join(a.cfg.Data, filesDir)+": all servers need the same folder there, or a bucket (--blobs).")
	}
	return w
}
