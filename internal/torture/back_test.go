package torture

import "testing"

// Whoever lacks something is not taken for current, and whoever takes somebody for here
// who is gone is not taken for knowing.
func TestDevice_isBack(t *testing.T) {
	stored := []History{{
		Conversation: "c", UIDs: [2]string{"U", "V"}, LastSeq: 2, Entries: []Entry{{Seq: 1, Recalled: true}, {Seq: 2, ID: "b"}},
		Marks: [2]Marks{{Delivered: 2, Read: 1}, {Delivered: 2, Read: 2}},
	}, {Conversation: "of others", UIDs: [2]string{"U_2", "V"}, LastSeq: 9}}
	for _, c := range []struct {
		name    string
		change  func(th *thread)
		current bool
	}{
		{"all of it", func(*thread) {}, true},
		{"more than that", func(th *thread) { th.add(Entry{Seq: 3}) }, true},
		{"a message is missing", func(th *thread) { th.upTo = 1 }, false},
		{"a recall is missing", func(th *thread) { th.entries[1] = Entry{Seq: 1} }, false},
		{"the other side's read is missing", func(th *thread) { th.marks[merchantSide][1] = mark{1, 1} }, false},
		{"one's own read elsewhere is missing", func(th *thread) { th.marks[buyerSide][1] = mark{} }, false},
		{"what one's own devices have is nobody's business", func(th *thread) { th.marks[buyerSide][0] = mark{} }, true},
	} {
		th := newThread("c")
		th.add(Entry{Seq: 1, Recalled: true})
		th.add(Entry{Seq: 2, ID: "b"})
		th.marks = [2][2]mark{{{1, 2}, {1, 1}}, {{1, 2}, {1, 2}}}
		c.change(th)
		d := &device{uid: "U", threads: map[string]*thread{"c": th}}
		if got := d.hasAll(stored); got != c.current {
			t.Errorf("%s: current is %v, want %v", c.name, got, c.current)
		}
	}
	d := &device{link: new(link), watches: []string{"V", "V_2"}, presence: map[string]string{"V": "online", "V_2": "offline"}}
	for _, c := range []struct {
		here map[string]bool
		want bool
	}{
		{map[string]bool{"V": true}, true},
		{map[string]bool{"V": true, "V_2": true}, false},
		{nil, false},
	} {
		if got := d.knows(c.here); got != c.want {
			t.Errorf("with %v here: %v, want %v", c.here, got, c.want)
		}
	}
	if d.presence["V"] = "unknown"; d.knows(map[string]bool{"V": true}) {
		t.Error("who is not known of is taken for known")
	}
}
