package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"testing"

	"haggle/internal/torture"
)

// errNotRoot says why nothing is done to networks and disks.
var errNotRoot = errors.New("networks and disks of its own need root, on Linux with iproute2")

// hasIslands reports whether there can be any.
func hasIslands() bool {
	_, err := exec.LookPath("ip")
	return err == nil && os.Getuid() == 0
}

// island is a network namespace on the far end of a cable, which leads to a switch.
type island struct {
	name       string // of the namespace, and what those of the devices begin with
	here, node string // the addresses at both ends
}

// newIsland makes one for as long as the test lasts.
func newIsland(t *testing.T) *island {
	t.Helper()
	n := rand.IntN(1 << 14)
	net := fmt.Sprintf("10.231.%d.%d", n>>6, n&63<<2)
	i := &island{name: fmt.Sprint("hgl", n)}
	dot := strings.LastIndexByte(net, '.')
	var last int
	if _, err := fmt.Sscan(net[dot+1:], &last); err != nil {
		t.Fatal(err)
	}
	i.here, i.node = fmt.Sprint(net[:dot+1], last+1), fmt.Sprint(net[:dot+1], last+2)
	t.Cleanup(func() {
		ctx := context.WithoutCancel(t.Context())
		if err := errors.Join(ip(ctx, "netns del "+i.name), ip(ctx, "link del "+i.name+"s")); err != nil {
			t.Error(err)
		}
	})
	for _, command := range []string{
		"link add NAMEs type bridge",
		"addr add HERE/30 dev NAMEs",
		"link set NAMEs up",
		"netns add NAME",
		"link add NAMEp type veth peer name NAMEn netns NAME",
		"link set NAMEp master NAMEs up",
		"-n NAME addr add NODE/30 dev NAMEn",
		"-n NAME link set NAMEn up",
		"-n NAME link set lo up",
	} {
		if err := ip(t.Context(), strings.NewReplacer("NAME", i.name, "HERE", i.here, "NODE", i.node).Replace(command)); err != nil {
			t.Fatal(err)
		}
	}
	return i
}

// plug puts the cable into the switch, or pulls it. The device at either end stays up,
// as it does when a switch between them fails.
func (i *island) plug(ctx context.Context, in bool) error {
	if in {
		return ip(ctx, "link set "+i.name+"p master "+i.name+"s")
	}
	return ip(ctx, "link set "+i.name+"p nomaster")
}

// reach returns the address at which a server of this machine is found from there: by
// way of somebody who passes everything on.
func (i *island) reach(t *testing.T, address string) string {
	t.Helper()
	u, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	p, err := torture.NewProxy(t.Context(), i.here, u.Host)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	u.Host = p.Addr()
	return u.String()
}

func ip(ctx context.Context, args string) error {
	if out, err := exec.CommandContext(ctx, "ip", strings.Fields(args)...).CombinedOutput(); err != nil {
		return fmt.Errorf("ip %s: %w: %s", args, err, out)
	}
	return nil
}
