package bench

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a load of messages came to.
type Report struct {
	Pairs     int
	Sent      int
	Acked     int
	Received  int
	Took      time.Duration
	CPU       time.Duration   // of the server, while it took; 0 when unknown
	Beside    []time.Duration // of those beside it, as in Target
	Acks      []time.Duration // sorted
	Delivered []time.Duration // sorted
	Refused   map[string]int  // sends by error code
	Faults    []string
}

// newReport adds up the accounts of pairs.
func newReport(pairs []*pair, took, cpu time.Duration) *Report {
	r := &Report{Pairs: len(pairs), Took: took, CPU: cpu, Refused: make(map[string]int)}
	for _, p := range pairs {
		p.mu.Lock()
		r.Sent += len(p.due)
		for n := range p.due {
			switch {
			case p.acked[n] != 0 && p.seen[n] == 0:
				r.Faults = append(r.Faults, fmt.Sprintf("%s: message %d was acked and never received", p.product, n))
			case p.acked[n] == 0 && len(p.refused) == 0:
				r.Faults = append(r.Faults, fmt.Sprintf("%s: message %d was never acked", p.product, n))
			}
			if p.acked[n] != 0 {
				r.Acks = append(r.Acks, p.acked[n])
			}
			if p.seen[n] != 0 {
				r.Delivered = append(r.Delivered, p.seen[n])
			}
		}
		for code, count := range p.refused {
			r.Refused[code] += count
		}
		r.Faults = append(r.Faults, p.faults...)
		p.mu.Unlock()
	}
	r.Acked, r.Received = len(r.Acks), len(r.Delivered)
	slices.Sort(r.Acks)
	slices.Sort(r.Delivered)
	return r
}

// OK reports whether nothing was lost, doubled, out of order or refused.
func (r *Report) OK() bool { return len(r.Faults) == 0 && len(r.Refused) == 0 && r.Sent > 0 }

// Print writes r for people.
func (r *Report) Print(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "pairs                 %d\n", r.Pairs)
	fmt.Fprintf(&b, "messages              %d sent, %d acked, %d received in %.2f s\n", r.Sent, r.Acked, r.Received, r.Took.Seconds())
	fmt.Fprintf(&b, "messages/s            %.0f\n", float64(r.Received)/r.Took.Seconds())
	if r.CPU > 0 && r.Received > 0 {
		fmt.Fprintf(&b, "server CPU/message    %.1f µs\n", float64(r.CPU.Microseconds())/float64(r.Received))
	}
	fmt.Fprintf(&b, "send → ack            %s\n", percentiles(r.Acks))
	fmt.Fprintf(&b, "send → received       %s\n", percentiles(r.Delivered))
	for _, code := range slices.Sorted(maps.Keys(r.Refused)) {
		fmt.Fprintf(&b, "refused               %d with %s\n", r.Refused[code], code)
	}
	if r.Refused["rate_limited"] > 0 {
		b.WriteString("                      rate limits are made for people: start the server with --rate-factor 0\n")
	}
	for i, fault := range r.Faults {
		const enough = 20
		if i == enough {
			fmt.Fprintf(&b, "FAULT                 and %d more\n", len(r.Faults)-enough)
			break
		}
		fmt.Fprintf(&b, "FAULT                 %s\n", fault)
	}
	if r.OK() {
		b.WriteString("lost, doubled or out of order: none\n")
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// percentiles words the distribution of sorted durations.
func percentiles(sorted []time.Duration) string {
	if len(sorted) == 0 {
		return "nothing measured"
	}
	var parts []string
	for _, q := range []struct {
		name string
		at   float64
	}{{"p50", 0.50}, {"p90", 0.90}, {"p99", 0.99}, {"p99.9", 0.999}, {"max", 1}} {
		parts = append(parts, fmt.Sprintf("%s %.2f ms", q.name, float64(Quantile(sorted, q.at).Microseconds())/1000))
	}
	return strings.Join(parts, ", ")
}

// Quantile returns the duration that a part of the sorted ones are below; 0 of none.
func Quantile(sorted []time.Duration, part float64) time.Duration {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))]
}
