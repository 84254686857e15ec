package torture

import (
	"fmt"
	"io"
	"strings"
)

// Verdict is what a run came to. Of what must not happen it has the number, and the
// first ones in words.
type Verdict struct {
	Sent  int `json:"sent"`
	Acked int `json:"acked"`
	Once  int `json:"once"` // there once

	Twice      int `json:"twice"`      // there more than once, or acked as two
	Missing    int `json:"missing"`    // acked or seen, and not there
	Unacked    int `json:"unacked"`    // sent, and not acked even when all was well again
	Refused    int `json:"refused"`    // for a reason that does not pass
	Reordered  int `json:"reordered"`  // after a later one of the same device
	Gaps       int `json:"gaps"`       // seqs left out or given twice
	Changed    int `json:"changed"`    // another message than was told at that place
	Foreign    int `json:"foreign"`    // nobody sent it
	Back       int `json:"back"`       // watermarks that went back
	Unread     int `json:"unread"`     // counts that are not what they count
	Unrecalled int `json:"unrecalled"` // recalled, but not everywhere
	Behind     int `json:"behind"`     // messages that a device lacks after a heartbeat
	Stale      int `json:"stale"`      // conversations whose watermarks a device has wrong
	Late       int `json:"late"`       // devices that were not current a heartbeat after a fault
	Absent     int `json:"absent"`     // devices that did not know who is there 30 s after a fault
	Deaths     int `json:"deaths"`     // nodes that died by themselves

	Faults []string `json:"faults,omitempty"`
}

// OK reports whether no promise was broken, and anything was promised at all.
func (v *Verdict) OK() bool { return v.wrong() == 0 && v.Acked > 0 }

func (v *Verdict) wrong() int {
	sum := 0
	for _, c := range v.counts() {
		sum += c.n
	}
	return sum
}

// count is a number of things that must not happen.
type count struct {
	n    int
	name string
	what string
}

func (v *Verdict) counts() []count {
	return []count{
		{v.Twice, "seen twice", "stored, or acked, more than once"},
		{v.Missing, "missing", "acked or shown, and not there"},
		{v.Unacked, "not acked", "even after everything was well again"},
		{v.Refused, "refused", "for a reason that does not pass"},
		{v.Reordered, "reordered", "after a later one of the same device"},
		{v.Gaps, "gaps in seq", "numbers left out or given twice"},
		{v.Changed, "changed", "another message than was told at that place"},
		{v.Foreign, "foreign", "nobody sent them"},
		{v.Back, "watermarks back", "lower than they were"},
		{v.Unread, "unread wrong", "a count that is not what it counts"},
		{v.Unrecalled, "not recalled", "somewhere still to be read"},
		{v.Behind, "behind", "a device lacks them after a heartbeat"},
		{v.Stale, "stale", "a device has old watermarks after a heartbeat"},
		{v.Late, "late", "devices that were not current a heartbeat after a fault"},
		{v.Absent, "absent", "devices that took somebody for here or gone, 30 s after a fault"},
		{v.Deaths, "deaths", "nodes that died by themselves"},
	}
}

// Print writes v for people.
func (v *Verdict) Print(w io.Writer) error {
	var b strings.Builder
	line := func(n int, name, what string) { fmt.Fprintf(&b, "%-18s%8d  %s\n", name, n, what) }
	line(v.Sent, "sent", "")
	line(v.Acked, "acked", "")
	line(v.Once, "seen once", "in the history, as it has to be")
	for _, c := range v.counts() {
		line(c.n, c.name, c.what)
	}
	for i, fault := range v.Faults {
		const enough = 20
		if i == enough {
			fmt.Fprintf(&b, "FAULT  … (--json has more)\n")
			break
		}
		fmt.Fprintf(&b, "FAULT  %s\n", fault)
	}
	text := b.String()
	text = strings.ReplaceAll(text, "  \n", "\n")
	_, err := io.WriteString(w, text)
	return err
}
