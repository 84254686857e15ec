// Package sharedbus lets several receivers of one node be on one chat.Bus, each
// as if it were alone there: the sockets of our own protocol and those of the PHP
// chat, say.
package sharedbus

import (
	"context"
	"slices"
	"sync"
	"sync/atomic"

	"haggle/internal/chat"
)

// Bus has several receivers where chat.Bus has one.
type Bus struct {
	bus       chat.Bus
	receivers atomic.Pointer[[]chat.Receiver] // never changed, only replaced

	// mu is held across calls of the bus, which only note the topic and do not wait
	// for the network: two that overtake each other would leave a receiver without
	// what it needs.
	mu     sync.Mutex
	counts map[chat.Topic]int // guarded by mu
}

// New attaches itself to bus, which has no receiver yet.
func New(bus chat.Bus) *Bus {
	b := &Bus{bus: bus, counts: make(map[chat.Topic]int)}
	b.receivers.Store(new([]chat.Receiver))
	bus.Attach(b)
	return b
}

var _ chat.Receiver = (*Bus)(nil)

// Deliver implements chat.Receiver. A receiver also gets what only another one
// has subscribed to, and has nobody to tell it to.
func (b *Bus) Deliver(topic chat.Topic, ev chat.Event) {
	for _, r := range *b.receivers.Load() {
		r.Deliver(topic, ev)
	}
}

// Online implements chat.Receiver.
func (b *Bus) Online(uid chat.UID) bool {
	return slices.ContainsFunc(*b.receivers.Load(), func(r chat.Receiver) bool { return r.Online(uid) })
}

// Resync implements chat.Receiver.
func (b *Bus) Resync() {
	for _, r := range *b.receivers.Load() {
		r.Resync()
	}
}

// Seat returns the bus for one more receiver.
func (b *Bus) Seat() chat.Bus { return seat{b} }

type seat struct{ *Bus }

var _ chat.Bus = seat{}

// Attach implements chat.Bus.
func (s seat) Attach(r chat.Receiver) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := append(slices.Clone(*s.receivers.Load()), r)
	s.receivers.Store(&all)
}

// Publish implements chat.Bus.
func (s seat) Publish(ctx context.Context, topics []chat.Topic, ev chat.Event) error {
	return s.bus.Publish(ctx, topics, ev)
}

// Subscribe implements chat.Bus: the node subscribes for the first of its
// receivers.
func (s seat) Subscribe(topic chat.Topic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[topic]++; s.counts[topic] > 1 {
		return nil
	}
	return s.bus.Subscribe(topic)
}

// Unsubscribe implements chat.Bus: the node leaves with the last of them.
func (s seat) Unsubscribe(topic chat.Topic) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.counts[topic]--; s.counts[topic] > 0 {
		return nil
	}
	delete(s.counts, topic)
	return s.bus.Unsubscribe(topic)
}

// Presence implements chat.Bus.
func (s seat) Presence(ctx context.Context, uids []chat.UID) map[chat.UID]chat.Presence {
	return s.bus.Presence(ctx, uids)
}

// Cached implements chat.Bus.
func (s seat) Cached(uid chat.UID) chat.Presence { return s.bus.Cached(uid) }
