package bustest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// Network is what lies between the nodes of a bus.
type Network interface {
	// Cut takes all nodes off it; they know when it returns.
	Cut(t *testing.T)

	// Restore brings it back; all nodes are on it when it returns.
	Restore(t *testing.T)
}

// OpenNetwork returns two nodes or more and what lies between them. It calls attach
// for each before anything else happens on it.
type OpenNetwork func(t *testing.T, attach func(chat.Bus)) ([]chat.Bus, Network)

// RunNetwork checks a bus between processes: what becomes of it while the network is
// gone, and that only nodes that want an event get it.
func RunNetwork(t *testing.T, open OpenNetwork) {
	for name, test := range map[string]func(*testing.T, *cluster, Network){
		"who has left is told nothing":             leaves,
		"who does not subscribe is told nothing":   notToAll,
		"publishing goes on, and nobody waits":     publishesOn,
		"sessions look into the store":             looks,
		"events flow again":                        flowsAgain,
		"what is subscribed to meanwhile counts":   subscribesMeanwhile,
		"what is left meanwhile counts":            leavesMeanwhile,
		"nobody knows who is at the other nodes":   presenceUnknown,
		"a node with a stale session says nothing": presenceStale,
	} {
		t.Run(name, func(t *testing.T) {
			c := new(cluster)
			var network Network
			c.nodes, network = open(t, c.attach)
			c.check(t)
			if len(c.nodes) < 2 {
				t.Fatal("a network has two nodes or more")
			}
			test(t, c, network)
		})
	}
}

// expect fails unless exactly these numbers come next at r.
func (r *receiver) expect(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if got := string(r.next(t).event.Push.Payload); got != w {
			t.Fatalf("event %s came when %s was due", got, w)
		}
	}
}

func (r *receiver) awaitResync(t *testing.T) {
	t.Helper()
	select {
	case <-r.resyncs:
	case <-time.After(wait):
		t.Fatal("no resync")
	}
}

// forgetResyncs drops those there were until now.
func (r *receiver) forgetResyncs() {
	for len(r.resyncs) > 0 {
		<-r.resyncs
	}
}

func leaves(t *testing.T, c *cluster, _ Network) {
	left, kept := buyer("U_1"), buyer("U_2")
	c.subscribe(t, left, kept)
	for _, node := range c.nodes {
		if err := node.Unsubscribe(left); err != nil {
			t.Fatal(err)
		}
	}
	for from := range c.nodes {
		c.publish(t, from, numbered(1), left, kept)
		for to, r := range c.receivers {
			if got := r.next(t).topic; got != kept {
				t.Errorf("from node %d to %d: %v, want %v", from, to, got, kept)
			}
		}
	}
}

func notToAll(t *testing.T, c *cluster, _ Network) {
	all, one := buyer("U_all"), buyer("U_one")
	c.subscribe(t, all)
	if err := c.nodes[1].Subscribe(one); err != nil {
		t.Fatal(err)
	}
	c.publish(t, 0, numbered(1), one)
	c.publish(t, 0, numbered(2), all)
	c.receivers[0].expect(t, "2")
	c.receivers[1].expect(t, "1", "2")
}

func publishesOn(t *testing.T, c *cluster, network Network) {
	topic := buyer("U_1")
	c.subscribe(t, topic)
	network.Cut(t)
	began := time.Now()
	const n = 1000
	for i := range n {
		c.publish(t, 0, numbered(i), topic)
	}
	if took := time.Since(began); took > wait {
		t.Errorf("%d events took %v", n, took)
	}
	for i := range n { // one's own sessions need no network
		if got, want := c.receivers[0].next(t).event, numbered(i); !cmp.Equal(got, want) {
			t.Fatalf("got %+v, want %+v", got, want)
		}
	}
	network.Restore(t)
}

func looks(t *testing.T, c *cluster, network Network) {
	network.Cut(t)
	for _, r := range c.receivers { // again and again: there is no other way to news
		r.forgetResyncs()
		r.awaitResync(t)
		r.awaitResync(t)
	}
	network.Restore(t)
}

func flowsAgain(t *testing.T, c *cluster, network Network) {
	topic := buyer("U_1")
	c.subscribe(t, topic)
	for range 2 {
		network.Cut(t)
		network.Restore(t)
		for from := range c.nodes {
			c.publish(t, from, numbered(from), topic)
			for _, r := range c.receivers {
				r.expect(t, string(numbered(from).Push.Payload))
			}
		}
	}
}

func subscribesMeanwhile(t *testing.T, c *cluster, network Network) {
	topic := buyer("U_1")
	network.Cut(t)
	c.subscribe(t, topic)
	network.Restore(t)
	c.publish(t, 0, numbered(1), topic)
	for _, r := range c.receivers {
		r.expect(t, "1")
	}
}

func leavesMeanwhile(t *testing.T, c *cluster, network Network) {
	left, kept := buyer("U_1"), buyer("U_2")
	c.subscribe(t, left, kept)
	network.Cut(t)
	for _, node := range c.nodes {
		if err := node.Unsubscribe(left); err != nil {
			t.Fatal(err)
		}
	}
	network.Restore(t)
	c.publish(t, 0, numbered(1), left)
	c.publish(t, 0, numbered(2), kept)
	for _, r := range c.receivers {
		r.expect(t, "2")
	}
}

func presenceUnknown(t *testing.T, c *cluster, network Network) {
	c.subscribe(t, buyer("U_mine"), buyer("U_theirs"))
	c.receivers[0].setOnline("U_mine")
	c.receivers[1].setOnline("U_theirs")
	uids := []chat.UID{"U_mine", "U_theirs", "U_gone"}
	network.Cut(t)
	want := map[chat.UID]chat.Presence{"U_mine": chat.Online, "U_theirs": chat.PresenceUnknown, "U_gone": chat.PresenceUnknown}
	if diff := cmp.Diff(want, c.nodes[0].Presence(t.Context(), uids)); diff != "" {
		t.Errorf("while it is cut (-want +got):\n%s", diff)
	}
	network.Restore(t)
	want["U_theirs"], want["U_gone"] = chat.Online, chat.Offline
	if diff := cmp.Diff(want, c.nodes[0].Presence(t.Context(), uids)); diff != "" {
		t.Errorf("after it (-want +got):\n%s", diff)
	}
}

func presenceStale(t *testing.T, c *cluster, _ Network) {
	if err := c.nodes[1].Subscribe(buyer("U_1")); err != nil {
		t.Fatal(err)
	}
	want := map[chat.UID]chat.Presence{"U_1": chat.PresenceUnknown, "U_gone": chat.Offline}
	if diff := cmp.Diff(want, c.nodes[0].Presence(t.Context(), []chat.UID{"U_1", "U_gone"})); diff != "" {
		t.Errorf("Presence (-want +got):\n%s", diff)
	}
}
