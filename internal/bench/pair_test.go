package bench

import (
	"bytes"
	"strings"
	"testing"
	"time"
)

// sent returns a pair that has sent n messages, all acked.
func sent(n int) *pair {
	p := &pair{product: "bench-0", run: "r", lastMessage: -1, refused: map[string]int{}, step: make(chan struct{}, 1)}
	for range n {
		p.due = append(p.due, time.Now())
		p.acked = append(p.acked, time.Millisecond)
		p.seen = append(p.seen, 0)
	}
	return p
}

func TestReport_tellsWhatMustNotHappen(t *testing.T) {
	type arrival struct {
		nonce string
		seq   int64
	}
	for _, tc := range []struct {
		name   string
		arrive []arrival
		want   string // part of the one fault; "" for none
	}{
		{"all in order", []arrival{{"r-0", 5}, {"r-1", 6}, {"r-2", 7}}, ""},
		{"one lost", []arrival{{"r-0", 5}, {"r-1", 6}}, "message 2 was acked and never received"},
		{"one twice", []arrival{{"r-0", 5}, {"r-1", 6}, {"r-1", 6}, {"r-2", 7}}, "message 1 came twice"},
		{"out of order", []arrival{{"r-0", 5}, {"r-2", 6}, {"r-1", 7}}, "message 2 with seq 6 came after message 0"},
		{"a hole in seq", []arrival{{"r-0", 5}, {"r-1", 7}, {"r-2", 8}}, "message 1 with seq 7 came after message 0 with seq 5"},
		{"somebody else's", []arrival{{"r-0", 5}, {"x-1", 6}, {"r-1", 7}, {"r-2", 8}}, "nobody sent"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := sent(3)
			for _, a := range tc.arrive {
				p.receive(a.nonce, a.seq, time.Now())
			}
			r := newReport([]*pair{p}, time.Second, 0)
			if r.OK() != (tc.want == "") {
				t.Errorf("OK = %v with faults %q", r.OK(), r.Faults)
			}
			if tc.want != "" && !strings.Contains(strings.Join(r.Faults, "\n"), tc.want) {
				t.Errorf("faults %q, want one with %q", r.Faults, tc.want)
			}
		})
	}
}

// Live and acked, but gone after a reload.
func TestPair_ackedAndNotKept(t *testing.T) {
	p := sent(2)
	p.seqs = []int64{5, 6}
	p.compare(map[int64]string{5: "r-0", 6: "r-1"})
	if len(p.faults) != 0 {
		t.Errorf("faults %q, want none", p.faults)
	}
	p.compare(map[int64]string{5: "r-0"})
	if len(p.faults) != 1 || !strings.Contains(p.faults[0], "message 1 was acked as seq 6") {
		t.Errorf("faults %q, want one about message 1", p.faults)
	}
}

// A refusal at the end is no reason to look nowhere for what was acked before.
func TestPair_ackedRangeWithARefusalAtTheEnd(t *testing.T) {
	p := sent(3)
	p.seqs, p.acked[2] = []int64{5, 6, 0}, 0
	if first, last := p.ackedRange(); first != 5 || last != 6 {
		t.Errorf("range %d to %d, want 5 to 6", first, last)
	}
	p.acked[0], p.acked[1] = 0, 0
	if first, last := p.ackedRange(); first <= last {
		t.Errorf("range %d to %d, want none", first, last)
	}
}

func TestReport_refusalIsNoSuccess(t *testing.T) {
	p := sent(1)
	p.acked[0] = 0
	p.refused["rate_limited"]++
	r := newReport([]*pair{p}, time.Second, 0)
	var b bytes.Buffer
	if err := r.Print(&b); err != nil || r.OK() || !strings.Contains(b.String(), "1 with rate_limited") {
		t.Errorf("OK = %v, err = %v, report:\n%s", r.OK(), err, b.String())
	}
}

func TestPercentiles(t *testing.T) {
	var ds []time.Duration
	for i := range 1000 {
		ds = append(ds, time.Duration(i+1)*time.Millisecond)
	}
	const want = "p50 501.00 ms, p90 901.00 ms, p99 991.00 ms, p99.9 1000.00 ms, max 1000.00 ms"
	if got := percentiles(ds); got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
