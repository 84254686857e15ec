package gateway

import (
	"errors"
	"fmt"
	"sync"

	"haggle/internal/chat"
)

// interest counts who wants a topic, and subscribes this node at the first and
// unsubscribes it at the last.
type interest struct {
	bus chat.Bus

	// mu is held across calls of the bus, which only note the topic and do not
	// wait for the network: two that overtake each other would leave the node
	// without what a session needs.
	mu     sync.Mutex
	counts map[chat.Topic]int // guarded by mu
}

func newInterest(bus chat.Bus) *interest {
	return &interest{bus: bus, counts: make(map[chat.Topic]int)}
}

// add counts one more for each. Those that the bus refuses are counted too, as
// the session that wants them will drop them.
func (i *interest) add(kind chat.TopicKind, uids []chat.UID) error {
	i.mu.Lock()
	defer i.mu.Unlock()
	var errs []error
	for _, uid := range uids {
		topic := chat.Topic{Kind: kind, UID: uid}
		switch i.counts[topic]++; i.counts[topic] {
		case 0: // its session has ended, and dropped it already
			delete(i.counts, topic)
		case 1:
			if err := i.bus.Subscribe(topic); err != nil {
				errs = append(errs, fmt.Errorf("subscribe: %w", err))
			}
		}
	}
	return errors.Join(errs...)
}

// drop counts one less for each; one that is dropped before it is added, by a
// session that ends meanwhile, leaves a debt that add pays. An error of the bus
// leaves the node with events that nobody wants, which does no harm.
func (i *interest) drop(kind chat.TopicKind, uids []chat.UID) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for _, uid := range uids {
		topic := chat.Topic{Kind: kind, UID: uid}
		if i.counts[topic]--; i.counts[topic] != 0 {
			continue
		}
		delete(i.counts, topic)
		_ = i.bus.Unsubscribe(topic)
	}
}
