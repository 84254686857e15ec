package torture

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// A position is up to where everything is known, whatever came out of order.
func TestTracker(t *testing.T) {
	var p tracker
	p.note(7) // nothing is known yet, so nothing follows from it
	if p.behind() {
		t.Error("behind, without a position")
	}
	p.begin(wire.Position{Epoch: "e", Pos: 41})
	for _, step := range []struct {
		note   int64
		want   int64
		behind bool
	}{
		{42, 42, false},
		{42, 42, false}, // told again
		{40, 42, false}, // told late
		{44, 42, true},  // 43 is on its way, or lost
		{45, 42, true},
		{43, 45, false},
	} {
		p.note(step.note)
		if p.at.Pos != step.want || p.behind() != step.behind {
			t.Errorf("after %d: at %d, behind is %v, want %d, %v", step.note, p.at.Pos, p.behind(), step.want, step.behind)
		}
	}
	p.target = 50
	if p.reach(49); !p.behind() {
		t.Error("at 49 of 50, and not behind")
	}
	if p.reach(50); p.behind() || p.at.Epoch != "e" {
		t.Errorf("at %+v, behind is %v", *p.at, p.behind())
	}
}

// A device has everything only up to the first gap, and a recall counts before its message.
func TestThread(t *testing.T) {
	message := func(seq int64) Entry {
		return entryOf(&wire.Message{Seq: seq, Sender: "V_1", Blocks: []wire.Block{{Type: chat.TextBlock, Text: "r.m0-0.1 and more"}}})
	}
	th := newThread("c")
	th.add(message(1))
	th.add(message(3))
	th.recall(2)
	if th.upTo != 1 || th.head != 3 {
		t.Errorf("up to %d of %d, want 1 of 3", th.upTo, th.head)
	}
	th.add(message(2))
	if e := th.entries[2]; th.upTo != 3 || !e.Recalled || e.ID != "r.m0-0.1" || e.Side != merchantSide {
		t.Errorf("up to %d with %+v", th.upTo, e)
	}
	th.add(Entry{Seq: 3, Side: merchantSide, Recalled: true}) // as a page has it
	th.add(message(3))                                        // an event that comes late
	if e := th.entries[3]; !e.Recalled {
		t.Error("what was recalled is back")
	}
	if th.add(message(3 + maxAside + 1)); len(th.entries) != 3 || th.head != 3+maxAside+1 {
		t.Errorf("%d messages are kept, head %d", len(th.entries), th.head)
	}
	th.mark(merchantSide, true, 9, 3)
	th.mark(merchantSide, true, 8, 1) // late
	if got := th.view().Marks[merchantSide]; got != (Marks{Delivered: 3, Read: 3}) {
		t.Errorf("marks %+v", got)
	}
}

// An event that comes again, at once or after others, changes nothing.
func TestDevice_repeats(t *testing.T) {
	hear := func(troubled bool) *device {
		d := &device{world: &world{ledger: NewLedger()}, name: "r.m0-0", uid: "V_1", side: merchantSide, troubled: troubled}
		d.forget()
		d.pos.begin(wire.Position{Epoch: "e"})
		d.link = &link{}
		for n := range int64(repeatEvery) {
			for _, f := range []*wire.ServerFrame{
				{Message: &wire.MessageEvent{Pos: 4*n + 1, Message: wire.Message{
					Conversation: "c", Seq: n + 1, Sender: "U_1", Blocks: []wire.Block{{Type: chat.TextBlock, Text: fmt.Sprintf("r.b0-0.%d and more", n+1)}},
				}}},
				{Read: &wire.WatermarkEvent{Pos: 4*n + 2, Conversation: "c", Rev: 4*n + 2, Side: "merchant", Seq: n + 1}},
				{ID: n + 1, Ack: &wire.Ack{}},
				{Delivered: &wire.WatermarkEvent{Pos: 4*n + 3, Conversation: "c", Rev: 4*n + 3, Side: "buyer", Seq: n + 1}},
				{Recall: &wire.RecallEvent{Pos: 4*n + 4, Recall: wire.Recall{Conversation: "c", Seq: n + 1, Rev: 4*n + 4}}},
			} {
				if _, err := d.took(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		return d
	}
	calm, troubled := hear(false), hear(true)
	if calm.repeated != 0 || troubled.repeated != 7 { // of 40 events, 4 at once and 3 later
		t.Errorf("%d events were repeated, and %d in calm, want 7 and 0", troubled.repeated, calm.repeated)
	}
	if diff := cmp.Diff(calm.timelines(), troubled.timelines()); diff != "" {
		t.Errorf("without repeats (-) and with them (+):\n%s", diff)
	}
	if troubled.pos.at.Pos != 40 || troubled.pos.behind() {
		t.Errorf("at %d, behind is %v, want 40, false", troubled.pos.at.Pos, troubled.pos.behind())
	}
	if v := troubled.world.ledger.Judge(nil, nil); v.Back+v.Changed > 0 {
		t.Errorf("what was repeated shows as %v", v.Faults)
	}
}
