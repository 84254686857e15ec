package torture

import (
	"context"
	"fmt"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"haggle/internal/wire"
)

const (
	// readers is how many conversations or devices are looked at together.
	readers = 8

	// auditRounds bounds how often everything is read again because something was still
	// on its way: watermarks are stored a little later than they are said.
	auditRounds = 20
	auditPause  = 200 * time.Millisecond
)

// audit reads what the store has kept, has every device take in one heartbeat, and reads
// it again: once nothing has changed in between, everybody has to have all of it.
func (w *world) audit(ctx context.Context) ([]History, error) {
	for range auditRounds {
		before, revs, err := w.histories(ctx)
		if err != nil {
			return nil, err
		}
		g, gctx := errgroup.WithContext(ctx)
		g.SetLimit(readers)
		for _, d := range w.devices {
			g.Go(func() error {
				for err := d.current(gctx); err != nil; err = d.current(gctx) {
					if gctx.Err() != nil {
						return fmt.Errorf("%s does not become current: %w", d.name, err)
					}
					d.pause(gctx, retryPause)
				}
				return nil
			})
		}
		if err := g.Wait(); err != nil {
			return nil, err
		}
		_, now, err := w.histories(ctx)
		if err != nil {
			return nil, err
		}
		if slices.Equal(revs, now) {
			return before, nil
		}
		w.devices[0].pause(ctx, auditPause)
	}
	return nil, fmt.Errorf("the server does not come to rest: in %d rounds there was always another change", auditRounds)
}

// histories reads all conversations of the run, in a fixed order, with their revs.
func (w *world) histories(ctx context.Context) ([]History, []int64, error) {
	ids := w.ledger.conversations()
	histories, revs := make([]History, len(ids)), make([]int64, len(ids))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(readers)
	for i, id := range ids {
		g.Go(func() error {
			var err error
			histories[i], revs[i], err = w.history(gctx, id)
			return err
		})
	}
	return histories, revs, g.Wait()
}

// history reads a conversation as both of its sides see it.
func (w *world) history(ctx context.Context, id string) (History, int64, error) {
	h := History{Conversation: id}
	device := w.memberOf(id)
	if device == nil {
		return h, 0, fmt.Errorf("nobody is in %s", id)
	}
	base := w.ends[0].url + "/v1/conversations/" + id
	var c wire.Conversation
	if err := w.straight.get(ctx, base, device.token, &c); err != nil {
		return h, 0, fmt.Errorf("conversation %s: %w", id, err)
	}
	h.UIDs, h.LastSeq = [2]string{c.Buyer.UID, c.Merchant.UID}, c.LastSeq
	h.Marks = [2]Marks{{c.BuyerAt.Delivered, c.BuyerAt.Read}, {c.MerchantAt.Delivered, c.MerchantAt.Read}}
	for side, uid := range h.UIDs {
		d := w.deviceOf(uid)
		if d == nil {
			return h, 0, fmt.Errorf("%s is between strangers: %v", id, h.UIDs)
		}
		var seen wire.Conversation
		if err := w.straight.get(ctx, base, d.token, &seen); err != nil {
			return h, 0, fmt.Errorf("conversation %s of %s: %w", id, uid, err)
		}
		h.Unread[side] = seen.Unread
	}
	for after := int64(0); ; {
		var page wire.MessagePage
		if err := w.straight.get(ctx, fmt.Sprintf("%s/messages?after=%d&limit=100", base, after), device.token, &page); err != nil {
			return h, 0, fmt.Errorf("messages of %s: %w", id, err)
		}
		for i := range page.Messages {
			h.Entries = append(h.Entries, entryOf(&page.Messages[i]))
			after = max(after, page.Messages[i].Seq)
		}
		if !page.More || len(page.Messages) == 0 {
			return h, c.Rev, nil
		}
	}
}

// memberOf returns a device that knows a conversation, nil if there is none.
func (w *world) memberOf(conversation string) *device {
	i := slices.IndexFunc(w.devices, func(d *device) bool { return d.threads[conversation] != nil })
	if i < 0 {
		return nil
	}
	return w.devices[i]
}

// deviceOf returns a device of a participant, nil if there is none.
func (w *world) deviceOf(uid string) *device {
	i := slices.IndexFunc(w.devices, func(d *device) bool { return d.uid == uid })
	if i < 0 {
		return nil
	}
	return w.devices[i]
}
