package config

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
)

// Nodes says how several servers on one database tell each other what happens.
type Nodes struct {
	Bus            []string `group:"Several servers" help:"Addresses of a NATS through which several servers on one database (--store) tell each other what happens: one, or those of a cluster. Inside an address may stand USER:PASSWORD@ or TOKEN@, better in the environment or the file than on the command line. See docs/scaling.md." placeholder:"nats://HOST:4222"`
	BusPrefix      string   `group:"Several servers" help:"What the names of subjects on NATS begin with: installations with different ones can share a NATS." default:"haggle" placeholder:"NAME"`
	BusCA          string   `group:"Several servers" name:"bus-ca" help:"PEM file with the authorities that NATS's certificates are signed by. With it the connection is encrypted whatever its address says." placeholder:"FILE" type:"path"`
	BusCert        string   `group:"Several servers" help:"PEM file with the certificate to show to NATS." placeholder:"FILE" type:"path"`
	BusKey         string   `group:"Several servers" help:"PEM file with the certificate's key." placeholder:"FILE" type:"path"`
	BusCredentials string   `group:"Several servers" help:"File with the credentials of a NATS user (.creds)." placeholder:"FILE" type:"path"`

	DrainWait time.Duration `group:"Several servers" help:"How long a server that is told to stop says so at /readyz and takes everything as before, until it does stop: longer than the load balancer takes to ask. A second signal ends it at once." default:"0s" placeholder:"TIME"`
}

const (
	maxBusPrefix = 64

	// maxDrainWait is well below what anybody gives a server to stop in.
	maxDrainWait = 5 * time.Minute
)

// HasBus reports whether there are other servers to be told.
func (n *Nodes) HasBus() bool { return len(n.Bus) > 0 }

// BusHosts are the addresses of NATS without what lets one in.
func (n *Nodes) BusHosts() []string {
	var hosts []string
	for _, address := range n.Bus {
		if u, err := url.Parse(strings.TrimSpace(address)); err == nil {
			hosts = append(hosts, u.Scheme+"://"+u.Host)
		}
	}
	return hosts
}

// BusInClear reports whether what is said to NATS, and any password for it, may go over
// the network unencrypted.
func (n *Nodes) BusInClear() bool {
	return n.BusCA == "" && n.BusCert == "" && slices.ContainsFunc(n.Bus, func(address string) bool {
		u, err := url.Parse(strings.TrimSpace(address))
		return err == nil && u.Scheme == "nats" && !loopbackHost(u.Hostname())
	})
}

// checkNodes never repeats an address: there may be a password in it.
func (n *Nodes) checkNodes(store string) error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for i, address := range n.Bus {
		u, err := url.Parse(strings.TrimSpace(address))
		if err != nil || u.Scheme != "nats" && u.Scheme != "tls" || u.Hostname() == "" || u.RawQuery != "" || u.Fragment != "" || u.Path != "" && u.Path != "/" {
			add("--bus: address %d is none of NATS, like nats://nats.internal:4222 or tls://nats.internal:4222; in a password, write special characters as %%XX", i+1)
		}
	}
	if n.HasBus() && store == "" {
		add("--bus is for several servers on one database, and the one in --data is open to a single server: give --store, or leave --bus out")
	}
	if !isPrefix(n.BusPrefix) {
		add("--bus-prefix is %q; it has up to %d letters, digits, - and _, in parts with dots between them, like haggle or shop.chat", n.BusPrefix, maxBusPrefix)
	}
	if (n.BusCert == "") != (n.BusKey == "") {
		errs = append(errs, errors.New("--bus-cert and --bus-key go together: give both or neither"))
	}
	if !n.HasBus() && (n.BusCA != "" || n.BusCert != "" || n.BusCredentials != "") {
		errs = append(errs, errors.New("--bus-ca, --bus-cert and --bus-credentials are for a NATS: give its address with --bus"))
	}
	if n.DrainWait < 0 || n.DrainWait > maxDrainWait {
		add("--drain-wait is %v, allowed is 0 to %v", n.DrainWait, maxDrainWait)
	}
	return errors.Join(errs...)
}

func isPrefix(s string) bool {
	if len(s) > maxBusPrefix {
		return false
	}
	for part := range strings.SplitSeq(s, ".") {
		if part == "" || strings.ContainsFunc(part, func(c rune) bool {
			return (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '-' && c != '_'
		}) {
			return false
		}
	}
	return true
}
