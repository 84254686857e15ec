package natsbus

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"haggle/internal/chat"
)

// link is what is known of the connection.
type link struct {
	state atomic.Int32
	lossy atomic.Bool   // this node's sessions may have missed something
	lost  atomic.Bool   // other nodes' sessions may have missed something of this one
	wake  chan struct{} // holds one token while receive is to look at lossy

	began time.Time

	again atomic.Int64 // when to look once more, as now has it: the servers of a cluster find each other again one by one; 0: not

	logged atomic.Int64 // when there was last something to complain about, as now has it
}

// now is a time in ms that goes on whatever the clock is set to, and says nothing of the
// day.
func (l *link) now() int64 { return l.began.Add(time.Since(l.began)).UnixMilli() }

// The states of a link.
const (
	connecting int32 = iota // not once there yet
	connected
	disconnected
	closed
)

func (l *link) connected() bool { return l.state.Load() == connected }

// begin says how the first attempt went, unless a later one has been told of already.
func (l *link) begin(there bool) {
	if there {
		l.state.CompareAndSwap(connecting, connected)
	}
}

// resync has this node's sessions look into the store, soon.
func (l *link) resync() {
	l.lossy.Store(true)
	select {
	case l.wake <- struct{}{}:
	default: // it will look anyhow
	}
}

// The reasons of Health.
var (
	errNeverThere = errors.New("NATS has not been reached yet")
	errClosed     = errors.New("the connection to NATS is closed for good")
)

// Health says why this node should get no clients: NATS was never reached since the
// start, as where its address is wrong. A NATS that is lost later is no reason: all nodes
// lose it at once, and they go on without, see Options.LookEvery.
func (b *Bus) Health(context.Context) error {
	switch b.link.state.Load() {
	case connecting:
		return errNeverThere
	case closed:
		return errClosed
	}
	return nil
}

// Connected reports whether the bus reaches other nodes now.
func (b *Bus) Connected() bool { return b.link.connected() }

// handlers are told by the connection, one after the other, in a goroutine of its own.
func (b *Bus) handlers(ctx context.Context) []nats.Option {
	return []nats.Option{
		nats.ConnectHandler(func(c *nats.Conn) { b.joined(ctx, c) }),
		nats.ReconnectHandler(func(c *nats.Conn) {
			b.stats.reconnects.Inc()
			b.joined(ctx, c)
		}),
		nats.DisconnectErrHandler(func(_ *nats.Conn, err error) {
			if b.link.state.CompareAndSwap(connected, disconnected) {
				b.log.ErrorContext(ctx, "the bus is lost: until it is back, other nodes' events come late, from the store", "err", err)
			}
			b.link.lost.Store(true) // what was on its way
			b.link.resync()
		}),
		nats.ReconnectErrHandler(func(_ *nats.Conn, err error) {
			b.complain("not reached", "err", err)
		}),
		nats.ErrorHandler(b.failed),
		nats.ClosedHandler(func(*nats.Conn) {
			b.link.state.Store(closed)
			b.log.ErrorContext(ctx, "the bus is closed for good")
		}),
	}
}

func (b *Bus) joined(ctx context.Context, c *nats.Conn) {
	b.link.state.Store(connected)
	b.link.again.Store(b.link.now() + b.opts.LookEvery.Milliseconds())
	b.log.InfoContext(ctx, "the bus is connected", "server", c.ConnectedAddr(), "name", c.ConnectedServerName(), "cluster", c.ConnectedClusterName())
	b.link.resync()
}

// failed is told what goes wrong while the connection stands.
func (b *Bus) failed(_ *nats.Conn, sub *nats.Subscription, err error) {
	if errors.Is(err, nats.ErrSlowConsumer) {
		b.stats.overruns.Inc()
		b.link.resync()
		b.complain("events come faster than they are told: some were dropped, sessions look into the store")
		return
	}
	subject := ""
	if sub != nil {
		subject = sub.Subject
	}
	if strings.Contains(err.Error(), "ermissions") {
		b.stats.refused.Inc()
	}
	b.complain("something failed", "subject", subject, "err", err)
}

// complainEvery keeps a fault that repeats itself from filling the log.
const complainEvery = 10 * time.Second

func (b *Bus) complain(message string, args ...any) {
	now := b.link.now()
	last := b.link.logged.Load()
	if now-last < complainEvery.Milliseconds() || !b.link.logged.CompareAndSwap(last, now) {
		return
	}
	b.log.Warn("bus: "+message, args...) //nolint:sloglint // one of the constants below and above
}

// receive hands on what comes until the bus is closed.
func (b *Bus) receive(ctx context.Context) {
	var last time.Time // when sessions were sent to the store
	tick := time.NewTicker(min(turn, b.opts.LookEvery))
	defer tick.Stop()
	for {
		select {
		case m := <-b.in:
			if len(b.in) >= cap(b.in)-1 { // it was full: perhaps another one was dropped
				b.link.lossy.Store(true)
			}
			b.take(ctx, m)
			continue
		case <-b.link.wake:
		case <-tick.C:
		case <-b.stop:
			return
		}
		now := time.Now()
		if again := b.link.again.Load(); again > 0 && again <= b.link.now() && b.link.again.CompareAndSwap(again, 0) {
			b.link.lossy.Store(true)
			b.link.lost.Store(true)
		}
		b.tellOthers()
		if b.looks(now.Sub(last)) {
			last = now
			b.stats.resyncs.Inc()
			if r := b.receiver.Load(); r != nil {
				(*r).Resync()
			}
		}
	}
}

// turn is how often sessions are sent to the store at the most.
const turn = time.Second

// looks reports whether to send the sessions to the store, as since ago was the last
// time. While events are still being dropped it waits: what is dropped after they have
// looked would be missed.
func (b *Bus) looks(since time.Duration) bool {
	if !b.link.connected() {
		if since >= b.opts.LookEvery {
			b.link.lossy.Store(false)
			return true
		}
		return false
	}
	if since < min(turn, b.opts.LookEvery) || len(b.in) > cap(b.in)/2 {
		return false
	}
	return b.link.lossy.Swap(false)
}

// take hands on one message.
func (b *Bus) take(ctx context.Context, m *nats.Msg) {
	if b.asked.take(m) || b.sessions.take(ctx, b, m) || b.takeRoll(m) {
		return
	}
	if m.Subject == b.opts.Prefix+resyncSubject {
		b.link.resync()
		return
	}
	r := b.receiver.Load()
	topic, ok := b.topic(m.Subject)
	if r == nil || !ok {
		return
	}
	if m.Reply != "" {
		if topic.Kind == chat.EventsOf && (*r).Online(topic.UID) {
			b.push(outgoing{subject: m.Reply, data: []byte{version}})
		}
		return
	}
	b.stats.received.Inc()
	ev, understood := decode(m.Data)
	if !understood {
		b.stats.unknown.Inc()
		b.complain("another node says what this version does not understand: sessions look into the store")
	}
	if ev.Presence != nil {
		b.known.note(topic.UID, presenceOf(ev.Presence.Online), time.Now())
	}
	if b.subscribes(topic) {
		(*r).Deliver(topic, ev)
	}
}
