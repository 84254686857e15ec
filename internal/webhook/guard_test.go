package webhook

import (
	"errors"
	"net/netip"
	"testing"
)

// A webhook must not become a way into the network that the server stands in.
func TestGuard(t *testing.T) {
	const closed, open = false, true
	for addr, want := range map[string]bool{
		"8.8.8.8": open, "93.184.216.34": open, "2606:2800:220:1::1": open, "2a00:1450:4001::8a": open,
		"127.0.0.1": closed, "127.255.255.254": closed, "::1": closed, "0.0.0.0": closed, "::": closed, "0.1.2.3": closed,
		"10.0.0.1": closed, "172.16.0.1": closed, "172.31.255.255": closed, "192.168.1.1": closed, "172.32.0.1": open,
		"169.254.169.254": closed, "169.254.0.1": closed, "100.100.100.200": closed, "100.64.0.1": closed, "100.128.0.1": open,
		"192.0.0.192": closed, "198.18.0.1": closed, "224.0.0.1": closed, "255.255.255.255": closed, "240.0.0.1": closed,
		"fe80::1": closed, "fe80::1%eth0": closed, "fc00::1": closed, "fd00:ec2::254": closed, "ff02::1": closed, "fec0::1": closed,
		"::ffff:127.0.0.1": closed, "::ffff:10.0.0.1": closed, "::ffff:169.254.169.254": closed, "::ffff:8.8.8.8": open,
		"::127.0.0.1": closed, "64:ff9b::7f00:1": closed, "64:ff9b::a9fe:a9fe": closed, "2002:7f00:1::": closed, "2001:0:a9fe:a9fe::": closed,
		"2001:db8::1": closed, "192.0.2.1": closed, "203.0.113.9": closed,
	} {
		err := newGuard(Allow{}).check(netip.MustParseAddr(addr))
		if (err == nil) != want {
			t.Errorf("%s: %v, want open %v", addr, err, want)
		}
		if _, ok := errors.AsType[*ClosedError](err); err != nil && !ok {
			t.Errorf("%s: %v is no ClosedError", addr, err)
		}
	}
}

func TestGuard_allow(t *testing.T) {
	g := newGuard(Allow{
		Networks: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd12::/32"), netip.MustParsePrefix("::1/128")},
		Hosts:    []string{"shop.internal"},
	})
	for addr, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd12::7": true, "fd13::7": false, "::1": true, "127.0.0.1": false,
	} {
		if err := g.check(netip.MustParseAddr(addr)); (err == nil) != want {
			t.Errorf("%s: %v, want open %v", addr, err, want)
		}
	}
	for host, want := range map[string]bool{"shop.internal": true, "Shop.Internal.": true, "x.shop.internal": false, "10.2.0.1": false} {
		if got := g.allowsHost(host); got != want {
			t.Errorf("host %s allowed %v, want %v", host, got, want)
		}
	}
}
