package torture

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// place is where a message stands.
type place struct {
	conversation string
	seq          int64
}

// note is what the ledger knows of one message.
type note struct {
	id      string
	device  string
	number  int // which of its device's messages it is, from 1
	acked   place
	refused string // the code
}

// markKey is one watermark.
type markKey struct {
	conversation string
	side         int
	read         bool
}

// Ledger is what the devices of a run say they did and saw. Its methods may be called
// concurrently. It grows with the run.
type Ledger struct {
	mu       sync.Mutex
	notes    map[string]*note
	order    []*note
	numbers  map[string]int
	byPlace  map[place]string // who stands there, as somebody was told first
	recalled map[place]bool   // acked as taken back
	marks    map[markKey]map[int64]int64
	read     map[markKey]int64 // acked as read up to
	faults   faults
	changed  int
	back     int
	twice    int
	told     map[string]int // codes of refusals that passed
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{
		notes: make(map[string]*note), numbers: make(map[string]int), byPlace: make(map[place]string),
		recalled: make(map[place]bool), marks: make(map[markKey]map[int64]int64), read: make(map[markKey]int64),
		told: make(map[string]int),
	}
}

// Sent notes that device is about to send the message that carries id, and has not
// sent it before. A device sends one message at a time, so this is their order.
func (l *Ledger) Sent(device, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.numbers[device]++
	n := &note{id: id, device: device, number: l.numbers[device]}
	l.notes[id] = n
	l.order = append(l.order, n)
}

// Acked notes that the server says that it has stored a message, and where. An ack
// for the same message has to say the same.
func (l *Ledger) Acked(id, conversation string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	n, at := l.notes[id], place{conversation, seq}
	if n == nil {
		l.changed++
		l.faults.add("an ack for %q, which nobody sent", id)
		return
	}
	if n.acked != (place{}) && n.acked != at {
		l.twice++
		l.faults.add("%s was acked as %v and again as %v", id, n.acked, at)
	}
	n.acked = at
	l.stands(id, at, "acked to "+n.device)
}

// Refused notes that the server will not have a message, with this code.
func (l *Ledger) Refused(id, code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if n := l.notes[id]; n != nil {
		n.refused = code
	}
}

// Told notes that the server would not have a message just then, with this code.
func (l *Ledger) Told(code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.told[code]++
}

// takeTold returns what was told since the last time.
func (l *Ledger) takeTold() map[string]int {
	l.mu.Lock()
	defer l.mu.Unlock()
	told := l.told
	l.told = make(map[string]int)
	return told
}

// Seen notes that a device was shown a message at a place. At one place there is one
// message, for everybody and for good.
func (l *Ledger) Seen(device, conversation string, seq int64, id string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stands(id, place{conversation, seq}, "seen by "+device)
}

// stands notes that id stands at a place. The caller holds mu.
func (l *Ledger) stands(id string, at place, how string) {
	switch before, known := l.byPlace[at]; {
	case !known:
		l.byPlace[at] = id
	case before != id:
		l.changed++
		l.faults.add("%v was %s, and %s as %s", at, before, how, id)
	}
}

// Recalled notes that the server says that it has taken a message back.
func (l *Ledger) Recalled(conversation string, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.recalled[place{conversation, seq}] = true
}

// Read notes that the server says that a side has read up to seq.
func (l *Ledger) Read(conversation string, side int, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := markKey{conversation, side, true}
	l.read[key] = max(l.read[key], seq)
}

// Mark notes that a device was told of a watermark, as it was at rev.
func (l *Ledger) Mark(device, conversation string, side int, read bool, rev, seq int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	key := markKey{conversation, side, read}
	revs := l.marks[key]
	if revs == nil {
		revs = make(map[int64]int64)
		l.marks[key] = revs
	}
	switch before, known := revs[rev]; {
	case !known:
		revs[rev] = seq
	case before != seq:
		l.back++
		l.faults.add("%s was told that %v stands at %d at rev %d, where others heard %d", device, key, seq, rev, before)
	}
}

// String implements fmt.Stringer.
func (p place) String() string { return fmt.Sprintf("%s/%d", p.conversation, p.seq) }

// String implements fmt.Stringer.
func (k markKey) String() string {
	name := "delivered"
	if k.read {
		name = "read"
	}
	return fmt.Sprintf("%s of the %s in %s", name, sideName(k.side), k.conversation)
}

// faults keeps the first of what went wrong, in words.
type faults struct{ list []string }

// maxFaults is how many are kept: the first ones tell, the numbers say how many.
const maxFaults = 50

func (f *faults) add(format string, args ...any) {
	if len(f.list) < maxFaults {
		f.list = append(f.list, fmt.Sprintf(format, args...))
	}
}

// conversations returns all that somebody was told of, in order.
func (l *Ledger) conversations() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	known := make(map[string]struct{})
	for at := range l.byPlace {
		known[at.conversation] = struct{}{}
	}
	return slices.Sorted(maps.Keys(known))
}
