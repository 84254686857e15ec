package torture

import (
	"context"
	"errors"
	"slices"
	"time"
)

// arrival is how long after a fault a device had everything, and knew who is there.
type arrival struct{ current, present time.Duration }

// goOn talks until calm is closed, and comes back whenever the connection is lost.
func (d *device) goOn(ctx context.Context, calm <-chan struct{}) error {
	for {
		select {
		case <-calm:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		default:
		}
		if err := d.live(ctx, d.talk); err != nil {
			d.pause(ctx, time.Duration(d.rng.IntN(100))*time.Millisecond)
		}
	}
}

// linger stays as long as its connection does, and leaves when calm is closed.
func (d *device) linger(ctx context.Context, calm <-chan struct{}) error {
	defer d.hangUp()
	if d.link == nil && d.connect(ctx) != nil {
		return ctx.Err()
	}
	for {
		timer := time.NewTimer(listenFor)
		_, err := d.next(ctx, timer.C)
		timer.Stop()
		select {
		case <-calm:
			return nil
		default:
		}
		if err != nil {
			return ctx.Err()
		}
	}
}

// arrive takes in what comes until the device has all that is in histories, and knows
// who is here; not for longer than it may take.
func (d *device) arrive(ctx context.Context, histories []History, here map[string]bool, healed time.Time) arrival {
	a, limit := arrival{-1, -1}, max(d.period, presentWithin)+presentSlack
	for {
		took := time.Since(healed)
		done := took > limit || ctx.Err() != nil
		if a.current < 0 && (done || d.hasAll(histories)) {
			a.current = took
		}
		if a.present < 0 && (done || d.knows(here)) {
			a.present = took
		}
		if a.current >= 0 && a.present >= 0 {
			return a
		}
		if d.hear(ctx) != nil {
			d.pause(ctx, retryPause)
		}
	}
}

// hasAll reports whether the device has what histories have of its participant's
// conversations. What it has beyond that is younger.
func (d *device) hasAll(histories []History) bool {
	return !slices.ContainsFunc(histories, func(h History) bool { return h.UIDs[d.side] == d.uid && !d.has(&h) })
}

func (d *device) has(h *History) bool {
	t := d.threads[h.Conversation]
	if t == nil || t.upTo < h.LastSeq {
		return false
	}
	if slices.ContainsFunc(h.Entries, func(e Entry) bool { return e.Recalled && !t.entries[e.Seq].Recalled }) {
		return false
	}
	got := t.view().Marks
	got[d.side].Delivered = h.Marks[d.side].Delivered // a side is not told how far its own devices have received
	for side, want := range h.Marks {
		if got[side].Delivered < want.Delivered || got[side].Read < want.Read {
			return false
		}
	}
	return true
}

// knows reports whether the device was told rightly who is here.
func (d *device) knows(here map[string]bool) bool {
	if d.link == nil {
		return false
	}
	for _, uid := range d.watches {
		if want := map[bool]string{true: "online", false: "offline"}[here[uid]]; d.presence[uid] != want {
			return false
		}
	}
	return true
}

// listenFor is how long a device listens before it fetches what it knows to lack.
const listenFor = 50 * time.Millisecond

// hear takes in what comes next. It comes back when the connection is lost, or silent
// for longer than a connection may be, and asks for nothing but what it was told of.
// What the server has not answered for yet is sent again.
func (d *device) hear(ctx context.Context) error {
	if d.link != nil && time.Since(d.heard) > d.period*3/2 {
		d.hangUp()
	}
	if d.link == nil {
		return d.connect(ctx)
	}
	if d.out != nil {
		if err := d.say(ctx); err != nil {
			return err
		}
	}
	timer := time.NewTimer(listenFor)
	defer timer.Stop()
	f, err := d.next(ctx, timer.C)
	if err != nil || f != nil {
		return err
	}
	return errors.Join(d.sayDelivered(), d.catchUp(ctx))
}

// meets reports whether two devices have a conversation in common.
func (d *device) meets(other *device) bool {
	return slices.ContainsFunc(d.order, func(id string) bool { return other.threads[id] != nil })
}
