package testkit

import (
	"context"
	"sync"

	"haggle/internal/chat"
)

// Relay lets the nodes of one process ask each other, as the bus does between those of
// several.
type Relay struct {
	mu   sync.Mutex
	held map[chat.ClientID]func(context.Context, []byte) []byte // guarded by mu
	err  error                                                  // guarded by mu
}

// NewRelay returns a relay by which nobody is held.
func NewRelay() *Relay {
	return &Relay{held: make(map[chat.ClientID]func(context.Context, []byte) []byte)}
}

// Hold has what a client is asked for answered.
func (r *Relay) Hold(id chat.ClientID, answer func(context.Context, []byte) []byte) (release func(), err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[id] = answer
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.held, id)
	}, nil
}

// Ask asks whoever holds a client, and reports whether anybody does.
func (r *Relay) Ask(ctx context.Context, id chat.ClientID, request []byte) (answer []byte, held bool, err error) {
	r.mu.Lock()
	holder, err := r.held[id], r.err
	r.mu.Unlock()
	if err != nil || holder == nil {
		return nil, false, err
	}
	return holder(ctx, request), true, nil
}

// Fail has Ask fail from now on; nil ends that.
func (r *Relay) Fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.err = err
}

// Holds reports whether a client is held.
func (r *Relay) Holds(id chat.ClientID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.held[id] != nil
}

// Count is how many clients are held.
func (r *Relay) Count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.held)
}
