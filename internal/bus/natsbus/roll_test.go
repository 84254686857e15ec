package natsbus_test

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"haggle/internal/bus/natsbus"
)

// heard is what a node was told of the others.
type heard struct {
	mu     sync.Mutex
	others []string   // the last of all; guarded by mu
	all    [][]string // guarded by mu
}

func (h *heard) changed(others []string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.others, h.all = others, append(h.all, others)
}

// first is the first list that an address was in.
func (h *heard) first(address string) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	i := slices.IndexFunc(h.all, func(list []string) bool { return slices.Contains(list, address) })
	if i < 0 {
		return nil
	}
	return h.all[i]
}

func (h *heard) is(t *testing.T, want ...string) {
	t.Helper()
	eventually(t, "a node hears of "+join(want), func() bool {
		h.mu.Lock()
		defer h.mu.Unlock()
		return slices.Equal(h.others, want)
	})
}

func join(list []string) (s string) {
	for _, item := range list {
		s += item + " "
	}
	return s
}

func enlist(t *testing.T, b *natsbus.Bus, address string) (*heard, func()) {
	t.Helper()
	h := new(heard)
	leave, err := b.Enlist(address, h.changed)
	if err != nil {
		t.Fatal(err)
	}
	return h, leave
}

// Nodes hear of each other at once, of one that leaves at once, and of one that dies
// within seconds.
func TestBus_roll(t *testing.T) {
	nats := start(t, nil)
	a, b := open(t, quick(nats.URL())), open(t, quick(nats.URL()))
	way := newProxy(t, nats.Addr())
	c := open(t, quick("nats://"+way.l.Addr().String()))
	ha, leaveA := enlist(t, a, "10.0.0.1:2900")
	hb, leaveB := enlist(t, b, "10.0.0.2:2900")
	defer leaveB()
	ha.is(t, "10.0.0.2:2900")
	hb.is(t, "10.0.0.1:2900")
	hc, leaveC := enlist(t, c, "10.0.0.3:2900")
	defer leaveC()
	hc.is(t, "10.0.0.1:2900", "10.0.0.2:2900")
	hb.is(t, "10.0.0.1:2900", "10.0.0.3:2900")
	if _, err := a.Enlist("10.0.0.9:2900", ha.changed); !errors.Is(err, natsbus.ErrEnlisted) {
		t.Errorf("a second address of one node: %v", err)
	}
	leaveA()
	leaveA()
	hb.is(t, "10.0.0.3:2900")
	hc.is(t, "10.0.0.2:2900")

	// The one behind the proxy falls silent. It keeps what it knew: it cannot hear.
	way.set(true)
	hb.is(t)
	hc.is(t, "10.0.0.2:2900")
	way.set(false)
	hb.is(t, "10.0.0.3:2900")
}

// One that leaves is on no list by the time that another comes: it has said goodbye. To be
// told only once it has been silent for a while, others would go on to send PHP there.
func TestBus_rollGoodbye(t *testing.T) {
	nats := start(t, nil)
	a, b := open(t, quick(nats.URL())), open(t, quick(nats.URL()))
	hb, leaveB := enlist(t, b, "10.0.0.2:2900")
	defer leaveB()
	_, leaveA := enlist(t, a, "10.0.0.1:2900")
	hb.is(t, "10.0.0.1:2900")
	leaveA()
	_, leaveA = enlist(t, a, "10.0.0.3:2900")
	defer leaveA()
	eventually(t, "the one that has come is heard of", func() bool { return hb.first("10.0.0.3:2900") != nil })
	if got := hb.first("10.0.0.3:2900"); len(got) != 1 {
		t.Errorf("when it has come the others are %q, and one of them has left", got)
	}
}

// A node that left said once more that it is there, after its goodbye, and others went on to
// send PHP there for seconds.
func TestBus_rollNothingAfterGoodbye(t *testing.T) {
	nats := start(t, nil)
	a, b := open(t, quick(nats.URL())), open(t, quick(nats.URL()))
	hb, leaveB := enlist(t, b, "10.0.0.2:2900")
	defer leaveB()
	for i := range 200 { // fewer than are remembered; the first hello of each is on its way
		_, leaveA := enlist(t, a, fmt.Sprintf("10.0.1.0:%d", i))
		leaveA()
	}
	_, leaveA := enlist(t, a, "10.0.0.4:2900")
	defer leaveA()
	eventually(t, "the one that has come is heard of", func() bool { return hb.first("10.0.0.4:2900") != nil })
	if got := hb.first("10.0.0.4:2900"); len(got) != 1 {
		t.Errorf("when it has come the others are %q, and those before it have left", got)
	}
}

// The roll is of installations with the same prefix, and a node may leave and come again.
func TestBus_rollAgain(t *testing.T) {
	nats := start(t, nil)
	a, b := open(t, quick(nats.URL())), open(t, quick(nats.URL()))
	stranger := quick(nats.URL())
	stranger.Prefix = "other"
	hs, leave := enlist(t, open(t, stranger), "10.0.0.7:2900")
	defer leave()
	ha, leaveA := enlist(t, a, "10.0.0.1:2900")
	defer leaveA()
	for range 2 {
		_, leaveB := enlist(t, b, "10.0.0.2:2900")
		ha.is(t, "10.0.0.2:2900")
		leaveB()
		ha.is(t)
	}
	hs.is(t)
}
