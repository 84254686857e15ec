package gatewayworker

import (
	"context"
	"slices"
	"sync"
	"time"
)

// sayWithin is how long others wait for a connection that has said nothing yet: GatewayClient
// has its command written as soon as it is connected. What has come by then, and is not
// looked at as the machine is busy, is waited for.
const sayWithin = 250 * time.Millisecond

// saidWithin is how long they wait at the most for one whose packet comes in pieces, as
// small as may be. What has come whole, and is not looked at, is waited for longer.
const saidWithin = 500 * time.Millisecond

// followWithin is how long a call waits at the most for what has come over all of the
// connections before it. GatewayClient has waited a second for all of an answer.
const followWithin = 500 * time.Millisecond

// line is the order in which the first commands of an address's connections are carried
// out: that in which they came. GatewayClient makes a connection for each call and waits
// for none that has no answer, and still what PHP says first is to be done first: bindUid,
// say, then sendToUid. Nobody waits for who comes from elsewhere.
type line struct {
	passBy func(from string) // told, unless nil, that somebody at an address has waited in vain

	mu    sync.Mutex
	turns map[string][]*turn // of those that others wait for, in order, by address; guarded by mu
}

// turn is a connection's place in the line. Its methods are for one goroutine; a nil one
// waits for nobody.
type turn struct {
	line  *line
	from  string
	come  chan struct{} // closed once it is this one's turn
	flow  talker
	timer *time.Timer

	since time.Time // the others wait for it to say something; guarded by the line's mu
	said  bool      // guarded by the line's mu
	over  bool      // nobody waits for it; guarded by the line's mu
}

// talker is what comes over a connection, as far as it makes others wait.
type talker interface {
	quiet() bool    // all that has come is looked at
	trickles() bool // a packet has begun that did not come at once
}

// join gives a connection the last place of those from its address.
func (l *line) join(from string, flow talker) *turn {
	t := &turn{line: l, from: from, flow: flow, come: make(chan struct{}), since: time.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	t.timer = time.AfterFunc(sayWithin, t.expire)
	if l.turns == nil {
		l.turns = make(map[string][]*turn)
	}
	l.turns[from] = append(l.turns[from], t)
	l.settle(from)
	return t
}

// settle lets those from an address go on whose turn it is; the caller holds mu.
func (l *line) settle(from string) {
	for len(l.turns[from]) > 0 {
		t := l.turns[from][0]
		select {
		case <-t.come:
		default:
			close(t.come)
		}
		if !t.over {
			return
		}
		l.turns[from][0], l.turns[from] = nil, l.turns[from][1:]
	}
	delete(l.turns, from)
}

// expire has the others wait no longer if there is nothing to wait for.
func (t *turn) expire() {
	if t.giveUp() && t.line.passBy != nil {
		t.line.passBy(t.from)
	}
}

// giveUp does so, and reports whether somebody has waited.
func (t *turn) giveUp() (waited bool) {
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	switch {
	case t.said || t.over:
		return false
	case !t.flow.quiet() && (time.Since(t.since) < saidWithin || !t.flow.trickles()):
		t.timer.Reset(sayWithin)
		return false
	}
	return t.letGo()
}

// letGo has nobody wait for the connection any more, and reports whether somebody has: who
// has said something and came later. The caller holds mu.
func (t *turn) letGo() (waited bool) {
	all := t.line.turns[t.from]
	later := all[slices.Index(all, t)+1:]
	waited = slices.ContainsFunc(later, func(other *turn) bool { return other.said && !other.over })
	t.timer.Stop()
	t.over = true
	t.line.settle(t.from)
	return waited
}

// await returns when the connection's command may be carried out, or ctx has ended. The
// others wait until end.
func (t *turn) await(ctx context.Context) {
	if t == nil {
		return
	}
	t.line.mu.Lock()
	t.said = true
	t.line.mu.Unlock()
	select {
	case <-t.come:
	case <-ctx.Done():
	}
}

// more has the others wait once more as for one that has said nothing: what it has said
// comes before a command.
func (t *turn) more() {
	if t == nil {
		return
	}
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	if !t.over {
		t.said, t.since = false, time.Now()
		t.timer.Reset(sayWithin)
	}
}

// end has nobody wait for the connection any more, and reports whether somebody has.
func (t *turn) end() (waited bool) {
	if t == nil {
		return false
	}
	t.line.mu.Lock()
	defer t.line.mu.Unlock()
	return !t.over && t.letGo()
}
