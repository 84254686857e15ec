package torture

import (
	"maps"
	"slices"
)

// Entry is a message as a history or a device has it.
type Entry struct {
	Seq      int64
	ID       string // from its text; "" once that is gone
	Side     int    // whose it is, 0 the buyer
	Recalled bool
	Auto     bool // the server wrote it
}

// Marks are the watermarks of one side.
type Marks struct{ Delivered, Read int64 }

// History is a conversation as the store has kept it.
type History struct {
	Conversation string
	UIDs         [2]string // buyer, merchant
	LastSeq      int64
	Entries      []Entry // in the order of the store
	Marks        [2]Marks
	Unread       [2]int64
}

// View is a conversation as one device has it.
type View struct {
	UpTo    int64 // it has everything up to here
	Entries map[int64]Entry
	Marks   [2]Marks
}

// Timelines are all that one device has.
type Timelines struct {
	Device string
	UID    string
	Side   int
	Views  map[string]View
}

// Judge compares what was noted with what the store has kept and what the devices
// have. Nothing may be under way any more.
func (l *Ledger) Judge(histories []History, devices []Timelines) Verdict {
	l.mu.Lock()
	defer l.mu.Unlock()
	j := &judge{Ledger: l, found: make(map[string][]place), kept: make(map[place]Entry)}
	j.faults = faults{list: slices.Clone(l.faults.list)}
	j.v.Changed, j.v.Back, j.v.Twice = l.changed, l.back, l.twice
	for i := range histories {
		j.history(&histories[i])
	}
	j.messages()
	j.places()
	j.promises(histories)
	j.watermarks()
	for i := range devices {
		for k := range histories {
			j.device(&devices[i], &histories[k])
		}
	}
	j.v.Faults = j.faults.list
	return j.v
}

type judge struct {
	*Ledger

	faults faults
	v      Verdict
	found  map[string][]place // where the histories have a message
	kept   map[place]Entry
}

// history looks at a conversation by itself: numbers without gaps, the order of each
// device, unread counts that fit.
func (j *judge) history(h *History) {
	last := make(map[string]int)
	var unread [2]int64
	for i, e := range h.Entries {
		at := place{h.Conversation, e.Seq}
		if want := int64(i) + 1; e.Seq != want {
			j.v.Gaps++
			j.faults.add("%s: message %d of the history has seq %d", h.Conversation, want, e.Seq)
		}
		if e.ID == "" && e.Recalled {
			e.ID = j.byPlace[at]
		}
		j.kept[at] = e
		if other := 1 - e.Side; e.Seq > h.Marks[other].Read {
			unread[other]++
		}
		n := j.notes[e.ID]
		switch {
		case e.Auto, n == nil && e.Recalled: // a recalled one that nobody got to see keeps no name
			continue
		case n == nil:
			j.v.Foreign++
			j.faults.add("%v holds %q, which nobody sent", at, e.ID)
			continue
		}
		j.found[e.ID] = append(j.found[e.ID], at)
		if n.number < last[n.device] {
			j.v.Reordered++
			j.faults.add("%v holds message %d of %s, after its message %d", at, n.number, n.device, last[n.device])
		}
		last[n.device] = max(last[n.device], n.number)
	}
	if n := int64(len(h.Entries)); h.LastSeq != n {
		j.v.Gaps++
		j.faults.add("%s: the last seq is %d, and there are %d messages", h.Conversation, h.LastSeq, n)
	}
	for side, m := range h.Marks {
		if unread[side] != h.Unread[side] {
			j.v.Unread++
			j.faults.add("%s: %d are unread by the %s, and the server says %d", h.Conversation, unread[side], sideName(side), h.Unread[side])
		}
		if m.Read > m.Delivered || m.Delivered > h.LastSeq {
			j.v.Back++
			j.faults.add("%s: the %s has read up to %d, received up to %d, of %d", h.Conversation, sideName(side), m.Read, m.Delivered, h.LastSeq)
		}
	}
}

// messages looks for each message that was sent: acked ones are there once, others
// once or not at all.
func (j *judge) messages() {
	for _, n := range j.order {
		j.v.Sent++
		acked := n.acked != (place{})
		if acked {
			j.v.Acked++
		}
		found := j.found[n.id]
		switch {
		case len(found) == 1:
			j.v.Once++
		case len(found) > 1:
			j.v.Twice++
			j.faults.add("%s is there %d times: %v", n.id, len(found), found)
		case acked:
			j.v.Missing++
			j.faults.add("%s was acked as %v and is not there", n.id, n.acked)
		}
		if acked && len(found) > 0 && !slices.Contains(found, n.acked) {
			j.v.Changed++
			j.faults.add("%s was acked as %v and is kept as %v", n.id, n.acked, found)
		}
		switch {
		case n.refused != "":
			j.v.Refused++
			j.faults.add("%s was refused: %s", n.id, n.refused)
		case !acked:
			j.v.Unacked++
			j.faults.add("%s was not acked, even after everything was well again", n.id)
		}
	}
}

// places looks whether what was shown to somebody is there.
func (j *judge) places() {
	for at, id := range j.byPlace {
		e, there := j.kept[at]
		switch n := j.notes[id]; {
		case e.Auto, there && (e.ID == id || e.ID == ""):
		case n == nil:
			j.v.Foreign++
			j.faults.add("%v was shown as %q, which nobody sent", at, id)
		case n.acked == at: // counted as missing or changed already
		case !there && len(j.found[id]) == 0:
			j.v.Missing++
			j.faults.add("%s was shown as %v and is not there", id, at)
		default:
			j.v.Changed++
			j.faults.add("%s was shown as %v, where %q is kept", id, at, e.ID)
		}
	}
}

// promises looks whether acked recalls and reads have lasted.
func (j *judge) promises(histories []History) {
	for at := range j.recalled {
		if e, there := j.kept[at]; there && !e.Recalled {
			j.v.Unrecalled++
			j.faults.add("%v was recalled, and is there again", at)
		}
	}
	for i := range histories {
		h := &histories[i]
		for side, m := range h.Marks {
			if want := j.read[markKey{h.Conversation, side, true}]; m.Read < want {
				j.v.Back++
				j.faults.add("%s: the %s was acked to have read up to %d, and has up to %d", h.Conversation, sideName(side), want, m.Read)
			}
		}
	}
}

// watermarks looks whether each only moved forward, from rev to rev.
func (j *judge) watermarks() {
	for key, revs := range j.marks {
		var before, at int64
		for _, rev := range slices.Sorted(maps.Keys(revs)) {
			if seq := revs[rev]; seq < before {
				j.v.Back++
				j.faults.add("%v was at %d at rev %d, and back at %d at rev %d", key, before, at, seq, rev)
			} else {
				before, at = seq, rev
			}
		}
	}
}

// device looks whether a device has all of a conversation that its participant is in.
func (j *judge) device(d *Timelines, h *History) {
	if d.UID != h.UIDs[d.Side] {
		return
	}
	view := d.Views[h.Conversation]
	var behind []int64
	for _, e := range h.Entries {
		got, there := view.Entries[e.Seq]
		switch {
		case !there || e.Seq > view.UpTo:
			behind = append(behind, e.Seq)
		case e.ID != "" && got.ID != "" && got.ID != e.ID:
			j.v.Changed++
			j.faults.add("%s has %s as %s/%d, where %s is kept", d.Device, got.ID, h.Conversation, e.Seq, e.ID)
		case e.Recalled != got.Recalled:
			j.v.Unrecalled++
			j.faults.add("%s/%d: recalled is %v, on %s it is %v", h.Conversation, e.Seq, e.Recalled, d.Device, got.Recalled)
		}
	}
	if len(behind) > 0 {
		j.v.Behind += len(behind)
		j.faults.add("%s does not have %s/%v", d.Device, h.Conversation, behind)
	}
	// A side is not told how far its own devices have received.
	want, got := h.Marks, view.Marks
	want[d.Side].Delivered, got[d.Side].Delivered = 0, 0
	if len(h.Entries) > 0 && want != got {
		j.v.Stale++
		j.faults.add("%s has the watermarks of %s at %v, and they stand at %v", d.Device, h.Conversation, got, want)
	}
}

// sideName names a side.
func sideName(side int) string {
	if side == buyerSide {
		return "buyer"
	}
	return "merchant"
}

// The sides of a conversation.
const (
	buyerSide    = 0
	merchantSide = 1
)
