package torture

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/url"

	"haggle/internal/wire"
)

// apply takes in what the server says by itself.
func (d *device) apply(f *wire.ServerFrame) {
	switch {
	case f.Message != nil:
		d.message(&f.Message.Message)
		d.pos.note(f.Message.Pos)
	case f.Delivered != nil:
		d.watermark(f.Delivered, false)
	case f.Read != nil:
		d.watermark(f.Read, true)
	case f.Recall != nil:
		t := d.thread(f.Recall.Recall.Conversation)
		t.recall(f.Recall.Recall.Seq)
		d.pos.note(f.Recall.Pos)
	case f.Conversation != nil:
		d.conversation(&f.Conversation.Conversation)
		d.pos.note(f.Conversation.Pos)
	case f.Presence != nil:
		maps.Copy(d.presence, f.Presence.UIDs)
	case f.Heartbeat != nil:
		if f.Heartbeat.Position != nil {
			d.heartbeat(f.Heartbeat.Position)
		}
		if f.ID == 0 {
			_ = d.tell(&wire.ClientFrame{Heartbeat: &wire.Heartbeat{}}) // a lost connection shows at the next frame
		}
	}
}

// heartbeat compares the server's position with one's own.
func (d *device) heartbeat(at *wire.Position) {
	switch {
	case d.pos.at == nil:
	case d.pos.at.Epoch != at.Epoch:
		d.forget()
	default:
		d.pos.target = max(d.pos.target, at.Pos)
	}
}

func (d *device) thread(id string) *thread {
	t := d.threads[id]
	if t == nil {
		t = newThread(id)
		d.threads[id] = t
		d.order = append(d.order, id)
	}
	return t
}

func (d *device) message(m *wire.Message) {
	e := entryOf(m)
	if e.ID != "" && !e.Auto {
		d.world.ledger.Seen(d.name, m.Conversation, m.Seq, e.ID)
	}
	d.thread(m.Conversation).add(e)
}

func (d *device) watermark(w *wire.WatermarkEvent, read bool) {
	side := buyerSide
	if w.Side == sideName(merchantSide) {
		side = merchantSide
	}
	d.markAt(w.Conversation, side, read, w.Rev, w.Seq)
	d.pos.note(w.Pos)
}

func (d *device) markAt(conversation string, side int, read bool, rev, seq int64) {
	d.world.ledger.Mark(d.name, conversation, side, read, rev, seq)
	d.thread(conversation).mark(side, read, rev, seq)
}

// conversation takes in a complete conversation: what it says is there and is not here
// has to be fetched.
func (d *device) conversation(c *wire.Conversation) *thread {
	t := d.thread(c.ID)
	t.head, t.rev = max(t.head, c.LastSeq), max(t.rev, c.Rev)
	for side, at := range []wire.SideProgress{c.BuyerAt, c.MerchantAt} {
		d.markAt(c.ID, side, false, c.Rev, at.Delivered)
		d.markAt(c.ID, side, true, c.Rev, at.Read)
	}
	if c.Last != nil {
		d.message(c.Last)
	}
	return t
}

// welcomed takes in a welcome, and goes on with the changes where it ends.
func (d *device) welcomed(ctx context.Context, w *wire.Welcome) error {
	switch {
	case w.Reset || d.pos.at == nil || d.pos.at.Epoch != w.Position.Epoch:
		l := d.link
		d.link = nil // it stays
		d.forget()
		d.link = l
		// Everything is what changed since the beginning.
		d.pos.begin(wire.Position{Epoch: w.Position.Epoch})
	case w.Changes != nil:
		if err := d.page(ctx, w.Changes); err != nil {
			return err
		}
	}
	d.pos.target = max(d.pos.target, w.Position.Pos)
	return d.catchUp(ctx)
}

// catchUp fetches what changed, if something did, and what is missing in threads.
func (d *device) catchUp(ctx context.Context) error {
	for d.pos.behind() {
		at := *d.pos.at
		var page wire.Changes
		err := d.get(ctx, fmt.Sprintf("/v1/changes?epoch=%s&pos=%d", url.QueryEscape(at.Epoch), at.Pos), &page)
		if r, ok := errors.AsType[*refusal](err); ok && r.why.Code == "reset" {
			d.hangUp() // the next welcome says where to begin
			return errLost
		}
		if err != nil {
			return err
		}
		if err := d.page(ctx, &page); err != nil {
			return err
		}
		if !page.More { // what is beyond is another change, on its way
			clear(d.pos.seen)
			d.pos.target = d.pos.at.Pos
		}
	}
	for _, id := range d.order {
		if t := d.threads[id]; t.upTo < t.head {
			if err := d.complete(ctx, t); err != nil {
				return err
			}
		}
	}
	return nil
}

// page takes in a page of changes. Only when all of it is here does the position move.
func (d *device) page(ctx context.Context, c *wire.Changes) error {
	for i := range c.Conversations {
		if err := d.complete(ctx, d.conversation(&c.Conversations[i])); err != nil {
			return err
		}
	}
	d.pos.reach(c.Position.Pos)
	return nil
}

// complete fetches the messages and the recalls that a thread lacks.
func (d *device) complete(ctx context.Context, t *thread) error {
	for t.upTo < t.head {
		var page wire.MessagePage
		if err := d.get(ctx, fmt.Sprintf("/v1/conversations/%s/messages?after=%d&limit=100", t.id, t.upTo), &page); err != nil {
			return err
		}
		before := t.upTo
		for i := range page.Messages {
			d.message(&page.Messages[i])
		}
		if t.upTo == before { // it is not there: the judge will see
			break
		}
	}
	for rev := t.rev; t.recallRev < rev; {
		var page wire.RecallPage
		if err := d.get(ctx, fmt.Sprintf("/v1/conversations/%s/recalls?after=%d&limit=100", t.id, t.recallRev), &page); err != nil {
			return err
		}
		for i := range page.Recalls {
			t.recall(page.Recalls[i].Seq)
			t.recallRev = max(t.recallRev, page.Recalls[i].Rev)
		}
		if !page.More {
			t.recallRev = max(t.recallRev, rev)
		}
	}
	return nil
}

// get asks any node.
func (d *device) get(ctx context.Context, path string, out any) error {
	return d.world.rest.get(ctx, d.world.any(d.rng).url+path, d.token, out)
}
