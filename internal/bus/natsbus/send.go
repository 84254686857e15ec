package natsbus

import (
	"errors"
	"time"

	"github.com/nats-io/nats.go"
)

// push has the bus send something. It never waits: a queue that is full loses what
// comes, and the other nodes are told to look into the store once it moves again.
func (b *Bus) push(o outgoing) {
	select {
	case b.out <- o:
	default:
		if o.reply != "" { // a question
			b.stats.unasked.Inc()
			return
		}
		b.lose("queue_full", 1)
	}
}

// lose notes that others do not get to know of n events.
func (b *Bus) lose(why string, n int) {
	b.stats.lost.WithLabelValues(why).Add(float64(n))
	b.link.lost.Store(true)
}

// send sends what is pushed until the bus is closed, and what is left then.
func (b *Bus) send() {
	for {
		select {
		case o := <-b.out:
			b.transmit(o)
			continue
		case <-b.stop:
		}
		for until := time.Now().Add(closeWithin); len(b.out) > 0 && time.Now().Before(until); {
			b.transmit(<-b.out)
		}
		return
	}
}

// transmit may wait as long as stallWithin, when the network takes nothing.
func (b *Bus) transmit(o outgoing) {
	if limit := b.conn.MaxPayload(); limit > 0 && int64(len(o.data)) > limit {
		b.stats.lost.WithLabelValues("too_large").Inc()
		o.data = unsaid()
	}
	err := b.conn.PublishMsg(&nats.Msg{Subject: o.subject, Reply: o.reply, Data: o.data})
	switch {
	case err == nil:
		b.stats.published.Inc()
	case o.reply != "", errors.Is(err, nats.ErrConnectionClosed): // nobody waits for it, or not for long
	default:
		b.lose("disconnected", 1)
	}
}

// tellOthers has every other node look into the store, if they may have missed
// something of this node's.
func (b *Bus) tellOthers() {
	if b.link.connected() && b.link.lost.Swap(false) {
		b.push(outgoing{subject: b.opts.Prefix + resyncSubject, data: unsaid()})
	}
}
