package natsbus

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/nats-io/nats.go"
)

const (
	rollSubject = ".nodes" // where nodes say under which address they are found

	// rollEvery is how often one says it again.
	rollEvery = 2 * time.Second

	// silentFor is after how long nobody counts on one that has said nothing.
	silentFor = 7 * time.Second

	// maxNodes bounds how many are remembered.
	maxNodes = 256
)

// ErrEnlisted says that this node has an address on the roll already.
var ErrEnlisted = errors.New("this node is on the roll already")

// roll is who else is there, by what they say of themselves.
type roll struct {
	mu      sync.Mutex
	own     string // guarded by mu; "" while this node is not on it
	changed func(others []string)
	others  map[string]time.Time // when each was heard of last; guarded by mu
	told    []string             // what changed was called with last; guarded by mu

	// telling is held while changed is called, so that the last call is the latest.
	telling sync.Mutex
}

// entry is what a node says of itself.
type entry struct {
	Address string `json:"address"`
	New     bool   `json:"new,omitempty"`  // it wants to hear of the others
	Gone    bool   `json:"gone,omitempty"` // it is about to leave
}

// Enlist tells the other nodes that this one is found at address, until leave is called,
// and calls changed with the addresses of the others whenever those change; not from
// this call. One that says goodbye is gone at once, one that dies within seconds. While
// NATS is away nobody can be heard, and the others stay on the roll. A node has one
// address at a time.
func (b *Bus) Enlist(address string, changed func(others []string)) (leave func(), err error) {
	b.roll.mu.Lock()
	if b.roll.own != "" {
		b.roll.mu.Unlock()
		return nil, ErrEnlisted
	}
	b.roll.own, b.roll.changed, b.roll.others, b.roll.told = address, changed, make(map[string]time.Time), nil
	b.roll.mu.Unlock()
	sub, err := b.conn.ChanSubscribe(b.opts.Prefix+rollSubject, b.in)
	if err != nil {
		b.roll.end()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	stop := make(chan struct{})
	b.work.Go(func() { b.callRoll(address, stop) })
	// It is off the roll before it says goodbye: see sayOwn.
	return sync.OnceFunc(func() {
		close(stop)
		_ = sub.Unsubscribe() // a connection that is closed has no subscriptions
		b.roll.end()
		b.say(entry{Address: address, Gone: true})
	}), nil
}

// callRoll says again and again that this node is there, and drops who does not.
func (b *Bus) callRoll(address string, stop <-chan struct{}) {
	b.sayOwn(address, true)
	tick := time.NewTicker(rollEvery)
	defer tick.Stop()
	for was := b.link.connected(); ; {
		select {
		case <-stop:
			return
		case <-b.stop:
			return
		case now := <-tick.C:
			is := b.link.connected()
			if !is || !was { // who could not be heard has its time again
				b.roll.touch(now)
			}
			b.sayOwn(address, is && !was)
			was = is
			b.roll.tell(now)
		}
	}
}

// sayOwn says that this node is there, unless it has left: what is said while mu is held
// comes before its goodbye, and nothing after that.
func (b *Bus) sayOwn(address string, isNew bool) {
	b.roll.mu.Lock()
	defer b.roll.mu.Unlock()
	if address != "" && b.roll.own == address {
		b.say(entry{Address: address, New: isNew})
	}
}

// say does not block.
func (b *Bus) say(e entry) {
	data, err := json.Marshal(&e)
	if err != nil || !b.link.connected() { // it is said again
		return
	}
	select {
	case b.out <- outgoing{subject: b.opts.Prefix + rollSubject, data: append([]byte{version}, data...)}:
	default: // it is said again
	}
}

// takeRoll notes what a node says of itself, and reports whether m is that.
func (b *Bus) takeRoll(m *nats.Msg) bool {
	if m.Subject != b.opts.Prefix+rollSubject {
		return false
	}
	var e entry
	if len(m.Data) == 0 || m.Data[0] != version || json.Unmarshal(m.Data[1:], &e) != nil || e.Address == "" {
		return true
	}
	now := time.Now()
	own := b.roll.note(&e, now)
	if e.New {
		b.sayOwn(own, false)
	}
	b.roll.tell(now)
	return true
}

func (r *roll) note(e *entry, now time.Time) (own string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, known := r.others[e.Address]
	switch {
	case r.own == "":
	case e.Gone:
		delete(r.others, e.Address)
	case known || len(r.others) < maxNodes:
		r.others[e.Address] = now
	}
	return r.own
}

// touch gives all that are known their time again.
func (r *roll) touch(now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for address := range r.others {
		r.others[address] = now
	}
}

// tell drops who has been silent for too long, and tells if there is a change.
func (r *roll) tell(now time.Time) {
	r.telling.Lock()
	defer r.telling.Unlock()
	r.mu.Lock()
	maps.DeleteFunc(r.others, func(_ string, at time.Time) bool { return now.Sub(at) > silentFor })
	list := slices.Sorted(maps.Keys(r.others))
	changed := r.changed
	same := slices.Equal(list, r.told)
	r.told = list
	r.mu.Unlock()
	if changed != nil && !same {
		changed(list)
	}
}

func (r *roll) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.own, r.changed, r.others, r.told = "", nil, nil, nil
}
