package bench

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"time"

	"haggle/internal/wire"
)

// text is what the buyers say: 44 characters, as chat messages are.
const text = "Is it still available? 还有货吗，什么时候能发货？"

// markDelay is how long delivered watermarks gather, as in the web client: one
// stands for every message that came meanwhile.
const markDelay = 200 * time.Millisecond

// pair is a buyer and a seller, and the account of what was said between them.
type pair struct {
	product string
	run     string // makes nonces of this run unlike those of runs before
	buyer   *client
	seller  *client

	mu           sync.Mutex
	conversation string          // guarded by mu; known from the first ack
	due          []time.Time     // guarded by mu; by message, when it was to be sent
	acked        []time.Duration // guarded by mu; by message, 0 while it is not
	seen         []time.Duration // guarded by mu; by message, 0 while it is not
	seqs         []int64         // guarded by mu; by message, as acked
	lastSeq      int64           // guarded by mu; of what the seller received
	marking      bool            // guarded by mu; a watermark will be sent soon
	lastMessage  int             // guarded by mu; number of the message the seller received last
	faults       []string        // guarded by mu; what must never happen
	refused      map[string]int  // guarded by mu; error codes of sends
	step         chan struct{}   // holds a token when something above has changed
}

func (t *Target) connectPair(ctx context.Context, i int, run string) (*pair, error) {
	p := &pair{
		product: productID(i), run: run, lastMessage: -1,
		refused: make(map[string]int), step: make(chan struct{}, 1),
	}
	var err error
	if p.seller, err = t.connect(ctx, merchantUID(i), i, 2*i, p.onSellerFrame); err != nil {
		return nil, err
	}
	if p.buyer, err = t.connect(ctx, buyerUID(i), i+1, 2*i+1, p.onBuyerFrame); err != nil {
		return nil, fmt.Errorf("%w (and the seller: %w)", err, p.seller.close())
	}
	return p, nil
}

// send sends the next message. due is when that was to happen: latencies count
// from there, so that a generator that falls behind does not hide it.
func (p *pair) send(due time.Time) error {
	p.mu.Lock()
	n := len(p.due)
	p.due = append(p.due, due)
	p.acked = append(p.acked, 0)
	p.seen = append(p.seen, 0)
	p.seqs = append(p.seqs, 0)
	send := &wire.Send{
		Conversation: p.conversation, Nonce: p.run + "-" + strconv.Itoa(n),
		Blocks: []wire.DraftBlock{{Type: "text", Text: text}},
	}
	if p.conversation == "" {
		send.Product = p.product
	}
	p.mu.Unlock()
	return p.buyer.send(&wire.ClientFrame{ID: int64(n) + 2, Send: send})
}

func (p *pair) onBuyerFrame(f *frame) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	n := int(f.ID) - 2
	switch {
	case f.Bye != nil:
		p.fault("buyer was told goodbye: %s", f.Bye.Code)
	case f.Ack != nil && 0 <= n && n < len(p.due):
		if p.acked[n] != 0 {
			p.fault("message %d was acked twice", n)
		}
		p.acked[n] = max(1, now.Sub(p.due[n]))
		p.seqs[n] = f.Ack.Seq
		p.conversation = f.Ack.Conversation
	case f.Error != nil:
		p.refused[f.Error.Code]++
	default:
		return
	}
	p.changed()
}

func (p *pair) onSellerFrame(f *frame) {
	now := time.Now()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case f.Bye != nil:
		p.fault("seller was told goodbye: %s", f.Bye.Code)
	case f.Message != nil:
		m := &f.Message.Message
		p.receive(m.Nonce, m.Seq, now)
		if !p.marking {
			p.marking = true
			time.AfterFunc(markDelay, func() { p.mark(m.Conversation) })
		}
	default:
		return
	}
	p.changed()
}

// mark acknowledges all that the seller has received so far.
func (p *pair) mark(conversation string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.marking = false
	frame := &wire.ClientFrame{Delivered: &wire.Mark{Conversation: conversation, Seq: p.lastSeq}}
	if err := p.seller.send(frame); err != nil && !p.seller.sock.Leaving() {
		p.fault("acknowledge: %v", err)
	}
}

// receive checks that a message is one that was sent, that it is the next one,
// and that it is here for the first time. The caller holds mu.
func (p *pair) receive(nonce string, seq int64, now time.Time) {
	n, err := strconv.Atoi(strings.TrimPrefix(nonce, p.run+"-"))
	switch {
	case err != nil || n < 0 || n >= len(p.due):
		p.fault("received a message nobody sent: %q", nonce)
		return
	case p.seen[n] != 0:
		p.fault("message %d came twice", n)
		return
	case n != p.lastMessage+1 || (p.lastSeq != 0 && seq != p.lastSeq+1):
		p.fault("message %d with seq %d came after message %d with seq %d", n, seq, p.lastMessage, p.lastSeq)
	}
	p.seen[n] = max(1, now.Sub(p.due[n]))
	p.lastMessage, p.lastSeq = n, seq
}

// fault notes what must never happen; the caller holds mu.
func (p *pair) fault(format string, args ...any) {
	const enough = 10
	if len(p.faults) < enough {
		p.faults = append(p.faults, p.product+": "+fmt.Sprintf(format, args...))
	}
}

func (p *pair) changed() {
	select {
	case p.step <- struct{}{}:
	default:
	}
}

// await waits until every message that was sent is acked and received, and says
// whether that came about. It ends early when something was refused or broke.
func (p *pair) await(ctx context.Context) bool {
	for {
		p.mu.Lock()
		n := len(p.due)
		complete := n == 0 || (p.acked[n-1] != 0 && p.seen[n-1] != 0 && p.missing() == 0)
		broken := len(p.faults) > 0 || len(p.refused) > 0
		p.mu.Unlock()
		if complete || broken {
			return complete
		}
		select {
		case <-p.step:
		case <-ctx.Done():
			return false
		}
	}
}

// missing counts the messages that were acked and not received. Only the last
// few can be on their way; the caller holds mu.
func (p *pair) missing() int {
	missing := 0
	for n := len(p.due) - 1; n >= 0 && n > p.lastMessage; n-- {
		if p.acked[n] != 0 && p.seen[n] == 0 {
			missing++
		}
	}
	return missing
}
