package webhook

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Allow is what the guard lets through although it is not on the open internet.
type Allow struct {
	Networks []netip.Prefix
	Hosts    []string // names, as in the address of the webhook
}

// guard keeps a webhook from reaching what is not meant to be reached from outside:
// this machine, the network that it stands in, a cloud's metadata. It looks at the
// address that is dialled, after the name has been resolved: a name may mean
// another address each time.
type guard struct {
	allow  Allow
	closed []netip.Prefix
	global netip.Prefix
}

func newGuard(allow Allow) *guard {
	g := &guard{allow: allow, global: netip.MustParsePrefix("2000::/3")}
	for _, network := range []string{
		"0.0.0.0/8",       // this network
		"100.64.0.0/10",   // a carrier's own, and a cloud's metadata
		"192.0.0.0/24",    // protocols' own
		"192.0.2.0/24",    // examples
		"192.88.99.0/24",  // relays into IPv6
		"198.18.0.0/15",   // benchmarks
		"198.51.100.0/24", // examples
		"203.0.113.0/24",  // examples
		"240.0.0.0/4",     // reserved, and broadcast
		"2001::/23",       // protocols' own: Teredo holds an IPv4 address
		"2001:db8::/32",   // examples
		"2002::/16",       // 6to4 holds an IPv4 address
		"3fff::/20",       // examples
	} {
		g.closed = append(g.closed, netip.MustParsePrefix(network))
	}
	return g
}

// check refuses an address that is closed and not allowed.
func (g *guard) check(addr netip.Addr) error {
	addr = addr.WithZone("").Unmap()
	in := func(p netip.Prefix) bool { return p.Contains(addr) }
	switch {
	case slices.ContainsFunc(g.allow.Networks, in):
		return nil
	case !addr.IsValid(), addr.IsLoopback(), addr.IsPrivate(), addr.IsUnspecified(), addr.IsMulticast(), addr.IsLinkLocalUnicast(),
		addr.Is6() && !g.global.Contains(addr), slices.ContainsFunc(g.closed, in):
		return &ClosedError{addr}
	}
	return nil
}

// ClosedError says that an address is one that a webhook may not reach.
type ClosedError struct{ Addr netip.Addr }

// Error names the address and the way out.
func (e *ClosedError) Error() string {
	return fmt.Sprintf("the address %s is not on the open internet; --webhook-allow lets a webhook reach it", e.Addr)
}

// dial connects to addr, whose host has not been resolved yet.
func (g *guard) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	d := &net.Dialer{Timeout: dialTimeout, KeepAlive: time.Minute}
	if host, _, err := net.SplitHostPort(addr); err != nil || !g.allowsHost(host) {
		d.Control = g.control
	}
	return d.DialContext(ctx, network, addr)
}

func (g *guard) allowsHost(host string) bool {
	return slices.ContainsFunc(g.allow.Hosts, func(h string) bool { return strings.EqualFold(h, strings.TrimSuffix(host, ".")) })
}

// control sees each address that is about to be connected to.
func (g *guard) control(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("address %q: %w", address, err)
	}
	return g.check(at.Addr())
}
