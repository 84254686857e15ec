package torture

import (
	"fmt"
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// told is a small history that is well: one conversation, two devices of the buyer and
// one of the merchant, three messages, of which the second was recalled.
type told struct {
	ledger  *Ledger
	history History
	devices []Timelines
}

func tell() *told {
	l := NewLedger()
	for n, id := range []string{"a1", "a2", "b1"} {
		device, seq := map[byte]string{'a': "a", 'b': "b"}[id[0]], int64(n+1)
		l.Sent(device, id)
		l.Acked(id, "c", seq)
		l.Seen("b", "c", seq, id)
	}
	l.Recalled("c", 2)
	l.Read("c", merchantSide, 2)
	l.Mark("a", "c", merchantSide, true, 4, 1)
	l.Mark("a", "c", merchantSide, true, 5, 2)
	l.Mark("b", "c", merchantSide, true, 5, 2)
	entries := []Entry{{Seq: 1, ID: "a1"}, {Seq: 2, Recalled: true}, {Seq: 3, ID: "b1", Side: merchantSide}}
	marks := [2]Marks{{Delivered: 3}, {Delivered: 2, Read: 2}}
	t := &told{ledger: l, history: History{
		Conversation: "c", UIDs: [2]string{"U", "V"}, LastSeq: 3, Entries: entries, Marks: marks, Unread: [2]int64{1, 0},
	}}
	for i, name := range []string{"a", "a'", "b"} {
		d := Timelines{Device: name, UID: "U"}
		if i == 2 {
			d.UID, d.Side = "V", merchantSide
		}
		view := View{UpTo: 3, Entries: make(map[int64]Entry), Marks: marks}
		for _, e := range entries {
			view.Entries[e.Seq] = e
		}
		d.Views = map[string]View{"c": view}
		t.devices = append(t.devices, d)
	}
	return t
}

// change gives a device of its own another view.
func (t *told) change(device int, f func(v *View)) {
	v := t.devices[device].Views["c"]
	v.Entries = maps.Clone(v.Entries)
	f(&v)
	t.devices[device].Views["c"] = v
}

// Each promise that is broken shows under its own name, and under no other.
func TestJudge_plantedHistories(t *testing.T) {
	for _, tc := range []struct {
		name  string
		plant func(t *told)
		want  Verdict // only what differs from a history that is well
	}{
		{"all is well", func(*told) {}, Verdict{}},
		{"a repeat is stored again", func(t *told) {
			t.history.Entries = append(t.history.Entries, Entry{Seq: 4, ID: "b1", Side: merchantSide})
			t.history.LastSeq, t.history.Unread[buyerSide] = 4, 2
			for i := range t.devices {
				t.change(i, func(v *View) { v.UpTo, v.Entries[4] = 4, t.history.Entries[3] })
			}
		}, Verdict{Twice: 1, Once: -1}},
		{"a repeat is acked as another", func(t *told) { t.ledger.Acked("b1", "d", 1) }, Verdict{Twice: 1, Changed: 1}},
		{"acked and lost", func(t *told) {
			t.ledger.Sent("a", "a3")
			t.ledger.Acked("a3", "c", 4)
		}, Verdict{Sent: 1, Acked: 1, Missing: 1}},
		{"shown and lost", func(t *told) {
			t.ledger.Sent("a", "a3")
			t.ledger.Seen("b", "c", 4, "a3")
		}, Verdict{Sent: 1, Missing: 1, Unacked: 1}},
		{"never acked", func(t *told) { t.ledger.Sent("a", "a3") }, Verdict{Sent: 1, Unacked: 1}},
		{"refused", func(t *told) {
			t.ledger.Sent("a", "a3")
			t.ledger.Refused("a3", "blocked")
		}, Verdict{Sent: 1, Refused: 1}},
		{"in another order than sent", func(t *told) {
			l := NewLedger()
			l.Sent("a", "a2")
			l.Sent("a", "a1")
			l.Sent("b", "b1")
			l.Acked("a1", "c", 1)
			l.Acked("a2", "c", 2)
			l.Acked("b1", "c", 3)
			t.ledger = l
		}, Verdict{Reordered: 1}},
		{"a hole in seq", func(t *told) {
			t.history.Entries[2].Seq = 4
			t.change(2, func(*View) {})
		}, Verdict{Gaps: 1, Behind: 3, Changed: 1}},
		{"one seq for two", func(t *told) {
			t.ledger.Sent("a", "a3")
			t.ledger.Acked("a3", "c", 3)
		}, Verdict{Sent: 1, Acked: 1, Missing: 1, Changed: 1}},
		{"somebody else's", func(t *told) { t.ledger.Seen("b", "c", 4, "x") }, Verdict{Foreign: 1}},
		{"an ack for nothing", func(t *told) { t.ledger.Acked("x", "c", 9) }, Verdict{Changed: 1}},
		{"a watermark goes back", func(t *told) { t.ledger.Mark("b", "c", merchantSide, true, 6, 1) }, Verdict{Back: 1}},
		{"two marks at one rev", func(t *told) { t.ledger.Mark("b", "c", merchantSide, true, 5, 1) }, Verdict{Back: 1}},
		{"an acked read is lost", func(t *told) { t.ledger.Read("c", merchantSide, 3) }, Verdict{Back: 1}},
		{"read, but not received", func(t *told) { t.history.Marks[merchantSide].Delivered = 1 }, Verdict{Back: 1, Stale: 2}},
		{"a wrong count", func(t *told) { t.history.Unread[merchantSide] = 1 }, Verdict{Unread: 1}},
		{"a recall is lost", func(t *told) {
			t.history.Entries[1] = Entry{Seq: 2, ID: "a2"}
			for i := range t.devices {
				t.change(i, func(v *View) { v.Entries[2] = t.history.Entries[1] })
			}
		}, Verdict{Unrecalled: 1}},
		{"a device still shows it", func(t *told) {
			t.change(1, func(v *View) { v.Entries[2] = Entry{Seq: 2, ID: "a2"} })
		}, Verdict{Unrecalled: 1}},
		{"a device lacks the last", func(t *told) {
			t.change(1, func(v *View) {
				v.UpTo = 2
				delete(v.Entries, 3)
			})
		}, Verdict{Behind: 1}},
		{"a device knows nothing", func(t *told) { t.devices[2].Views = nil }, Verdict{Behind: 3, Stale: 1}},
		{"a device has another text", func(t *told) {
			t.change(2, func(v *View) { v.Entries[1] = Entry{Seq: 1, ID: "a2"} })
		}, Verdict{Changed: 1}},
		{"a device has old ticks", func(t *told) {
			t.change(0, func(v *View) { v.Marks[merchantSide].Read = 1 })
		}, Verdict{Stale: 1}},
		{"how far its own side has received is not told", func(t *told) {
			t.change(0, func(v *View) { v.Marks[buyerSide].Delivered = 1 })
		}, Verdict{}},
		{"the server's own words", func(t *told) {
			t.history.Entries = append(t.history.Entries, Entry{Seq: 4, Side: merchantSide, Auto: true})
			t.history.LastSeq, t.history.Unread[buyerSide] = 4, 2
			for i := range t.devices {
				t.change(i, func(v *View) { v.UpTo, v.Entries[4] = 4, t.history.Entries[3] })
			}
		}, Verdict{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := tell()
			tc.plant(h)
			got := h.ledger.Judge([]History{h.history}, h.devices)
			want := tc.want
			want.Sent += 3
			want.Acked += 3
			want.Once += 3
			words := got.Faults
			got.Faults = nil
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("want -, got +\n%s\n%s", diff, strings.Join(words, "\n"))
			}
			if wrong := got.wrong(); got.OK() != (wrong == 0) || (wrong > 0) != (len(words) > 0) {
				t.Errorf("OK = %v with %d wrong and %q", got.OK(), wrong, words)
			}
		})
	}
}

// A run in which nothing came through is no success.
func TestVerdict_nothing(t *testing.T) {
	if v := NewLedger().Judge(nil, nil); v.OK() {
		t.Error("nothing was sent, and all is well")
	}
}

// What is printed names every number, and not every fault.
func TestVerdict_Print(t *testing.T) {
	v := Verdict{Sent: 12, Acked: 11, Missing: 3}
	for i := range 30 {
		v.Faults = append(v.Faults, fmt.Sprint("fault ", i))
	}
	var b strings.Builder
	if err := v.Print(&b); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"sent                    12\n", "missing                  3  acked", "watermarks back", "fault 19", "--json has more"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("nothing like %q in\n%s", want, b.String())
		}
	}
	if strings.Contains(b.String(), "fault 20") {
		t.Error("all faults are printed")
	}
}
