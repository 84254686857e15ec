// Package localbus is the chat.Bus of an installation with one process.
package localbus

import (
	"context"
	"sync/atomic"

	"haggle/internal/chat"
)

// Bus hands events to its one receiver in the publisher's goroutine. It keeps
// nothing by uid: the receiver looks up who is interested anyhow, so with
// hundreds of thousands of sessions a list of topics here would be a copy of its.
type Bus struct {
	receiver atomic.Pointer[chat.Receiver]
}

var _ chat.Bus = (*Bus)(nil)

// New returns a Bus that nobody is attached to yet. Until then what is published
// goes nowhere.
func New() *Bus { return new(Bus) }

// Attach implements chat.Bus.
func (b *Bus) Attach(r chat.Receiver) { b.receiver.Store(&r) }

// Publish implements chat.Bus. It never fails.
func (b *Bus) Publish(_ context.Context, topics []chat.Topic, ev chat.Event) error {
	if r := b.receiver.Load(); r != nil {
		for _, topic := range topics {
			(*r).Deliver(topic, ev)
		}
	}
	return nil
}

// Subscribe implements chat.Bus: every topic reaches the receiver.
func (b *Bus) Subscribe(chat.Topic) error { return nil }

// Unsubscribe implements chat.Bus.
func (b *Bus) Unsubscribe(chat.Topic) error { return nil }

// Presence implements chat.Bus. As there is no other node, it always knows.
func (b *Bus) Presence(_ context.Context, uids []chat.UID) map[chat.UID]chat.Presence {
	found := make(map[chat.UID]chat.Presence, len(uids))
	for _, uid := range uids {
		found[uid] = b.Cached(uid)
	}
	return found
}

// Cached implements chat.Bus.
func (b *Bus) Cached(uid chat.UID) chat.Presence {
	r := b.receiver.Load()
	switch {
	case r == nil:
		return chat.PresenceUnknown
	case (*r).Online(uid):
		return chat.Online
	}
	return chat.Offline
}
