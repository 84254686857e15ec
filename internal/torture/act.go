package torture

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"time"

	"haggle/internal/wire"
)

const (
	// recallWithin is how old a message a device still takes back: the server's limit is
	// two minutes, and an ack may take its time.
	recallWithin = 60 * time.Second

	retryPause = 50 * time.Millisecond

	// calmMessages is what each device says once all is well.
	calmMessages = 3
)

// trouble lives through a time of faults: it does this and that, and comes back
// whenever its connection is lost. It returns at the end of ctx.
func (d *device) trouble(ctx context.Context) {
	d.troubled = true
	defer func() { d.troubled = false }()
	for ctx.Err() == nil {
		err := d.live(ctx, d.act)
		if err == nil {
			continue
		}
		d.pause(ctx, time.Duration(d.rng.IntN(100))*time.Millisecond)
	}
}

// live connects if need be, and does one thing.
func (d *device) live(ctx context.Context, act func(context.Context) error) error {
	if d.link == nil {
		if err := d.connect(ctx); err != nil {
			return err
		}
	}
	if err := act(ctx); err != nil {
		return err
	}
	return d.listen(ctx, time.Duration(10+d.rng.IntN(150))*time.Millisecond)
}

// act does one thing, as chance has it.
func (d *device) act(ctx context.Context) error {
	switch dice := d.rng.IntN(100); {
	case dice < 87:
		return d.talk(ctx)
	case dice < 93: // somebody goes on with another device
		d.hangUp()
		d.pause(ctx, time.Duration(50+d.rng.IntN(1200))*time.Millisecond)
	case dice < 95: // a new device, or one whose storage was cleared
		d.forget()
	}
	return nil
}

// talk does one thing of those that people do who stay.
func (d *device) talk(ctx context.Context) error {
	switch dice := d.rng.IntN(87); {
	case dice < 55:
		return d.say(ctx)
	case dice < 70:
		return d.sayRead(ctx)
	case dice < 77:
		return d.takeBack(ctx)
	}
	return d.probe(ctx)
}

func (d *device) pause(ctx context.Context, while time.Duration) {
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}

// probe asks the server whether it is there, and where it stands.
func (d *device) probe(ctx context.Context) error {
	got, err := d.ask(ctx, &wire.ClientFrame{Heartbeat: &wire.Heartbeat{}})
	if err == nil && got.Error != nil {
		err = errLost
	}
	return err
}

// say sends what waits to be sent, or composes a new message first.
func (d *device) say(ctx context.Context) error {
	if d.out == nil && !d.compose() {
		return nil
	}
	d.out.tries++
	if d.out.tries > 1 && d.rng.IntN(4) == 0 {
		return d.sendByREST(ctx)
	}
	return d.sendBySocket(ctx)
}

// compose writes a message, which stays d.out until the server has answered for it. A
// merchant has nothing to say before somebody asks.
func (d *device) compose() bool {
	switch {
	case len(d.order) > 0:
		d.composeIn(wire.Send{Conversation: d.order[d.rng.IntN(len(d.order))]})
	case d.product != "":
		d.composeIn(wire.Send{Product: d.product})
	default:
		return false
	}
	return true
}

func (d *device) composeIn(send wire.Send) {
	d.sent++
	id := d.name + "." + strconv.Itoa(d.sent)
	send.Nonce = id
	send.Blocks = []wire.DraftBlock{{Type: "text", Text: id + " 还有货吗 🙂"}}
	d.world.ledger.Sent(d.name, id)
	d.out = &outgoing{id: id, send: send, since: time.Now()}
}

func (d *device) sendBySocket(ctx context.Context) error {
	out := d.out
	if d.rng.IntN(10) == 0 { // the same frame twice, as a hasty client does
		out.tries++
		if err := d.tell(&wire.ClientFrame{Send: &out.send}); err != nil {
			return err
		}
	}
	first := out.tries == 1
	got, err := d.ask(ctx, &wire.ClientFrame{Send: &out.send})
	if err != nil {
		return err
	}
	switch {
	case got.Error != nil:
		return d.refused(ctx, got.Error)
	case got.Ack == nil:
		d.hangUp()
		return fmt.Errorf("an answer that is none: %w", errLost)
	}
	d.acked(got.Ack)
	if first { // a repeat's pos is that of now: what led there may not be known here
		d.pos.note(got.Ack.Pos)
	}
	return nil
}

func (d *device) sendByREST(ctx context.Context) error {
	var ack wire.Ack
	err := d.world.rest.do(ctx, http.MethodPost, d.world.any(d.rng).url+"/v1/messages", d.token, &d.out.send, &ack)
	if r, ok := errors.AsType[*refusal](err); ok {
		return d.refused(ctx, &r.why)
	}
	if err != nil {
		return err
	}
	d.acked(&ack)
	return nil
}

// acked takes in that the message is stored.
func (d *device) acked(ack *wire.Ack) {
	out := d.out
	d.out, d.longest = nil, max(d.longest, time.Since(out.since))
	d.world.ledger.Acked(out.id, ack.Conversation, ack.Seq)
	d.thread(ack.Conversation).add(Entry{Seq: ack.Seq, ID: out.id, Side: d.side})
	d.stands, d.recallBy = &place{ack.Conversation, ack.Seq}, time.Now().Add(recallWithin)
	if d.rng.IntN(5) == 0 {
		d.recall, d.stands = d.stands, nil
	}
}

// refused takes in that the message was not stored, or may not be.
func (d *device) refused(ctx context.Context, e *wire.Error) error {
	if passes(e) {
		d.world.ledger.Told(e.Code)
		d.pause(ctx, retryPause)
		return nil
	}
	if e.Code == "token_expired" {
		d.token = ""
		d.hangUp()
		return errLost
	}
	d.world.ledger.Refused(d.out.id, e.Code)
	d.out = nil
	return nil
}

// takeBack recalls a message of this device's, again until the server has answered.
func (d *device) takeBack(ctx context.Context) error {
	at := d.recall
	if at == nil {
		return nil
	}
	if time.Now().After(d.recallBy) {
		d.recall = nil
		return nil
	}
	got, err := d.ask(ctx, &wire.ClientFrame{Recall: &wire.RecallReq{Conversation: at.conversation, Seq: at.seq}})
	switch {
	case err != nil:
		return err
	case got.Error != nil && passes(got.Error):
		d.pause(ctx, retryPause)
		return nil
	case got.Error == nil:
		d.world.ledger.Recalled(at.conversation, at.seq)
		d.thread(at.conversation).recall(at.seq)
	}
	d.recall = nil
	return nil
}

// sayRead says that everything here was read, in one thread.
func (d *device) sayRead(ctx context.Context) error {
	if len(d.order) == 0 {
		return nil
	}
	t := d.threads[d.order[d.rng.IntN(len(d.order))]]
	upTo := t.upTo
	if upTo == 0 || t.marks[d.side][1].seq >= upTo {
		return nil
	}
	got, err := d.ask(ctx, &wire.ClientFrame{Read: &wire.Mark{Conversation: t.id, Seq: upTo}})
	if err == nil && got.Error == nil {
		d.world.ledger.Read(t.id, d.side, upTo)
	}
	return err
}

// sayDelivered says up to where this device has everything.
func (d *device) sayDelivered() error {
	for _, id := range d.order {
		t := d.threads[id]
		if t.upTo <= t.said {
			continue
		}
		t.said = t.upTo
		if err := d.tell(&wire.ClientFrame{Delivered: &wire.Mark{Conversation: id, Seq: t.upTo}}); err != nil {
			return err
		}
	}
	return nil
}

// heal comes back once everything is well, and does what was left undone.
func (d *device) heal(ctx context.Context) {
	d.hangUp()
	d.finish(ctx)
}

// finish does what was left undone: every message has to be acked now. What is left at
// the end of ctx shows in the ledger.
func (d *device) finish(ctx context.Context) {
	for ctx.Err() == nil {
		err := d.settleUp(ctx)
		if err == nil && d.out == nil && d.recall == nil {
			return
		}
		d.pause(ctx, retryPause)
	}
}

func (d *device) settleUp(ctx context.Context) error {
	if d.link == nil {
		if err := d.connect(ctx); err != nil {
			return err
		}
	}
	if d.out != nil {
		if err := d.say(ctx); err != nil {
			return err
		}
	}
	return d.takeBack(ctx)
}

// calm talks on without any faults, and does not leave: what is lost now is found by
// the next heartbeat or not at all.
func (d *device) calm(ctx context.Context) {
	for range calmMessages {
		err := d.say(ctx)
		for _, do := range []func() error{
			func() error { return d.takeBack(ctx) },
			func() error { return d.sayRead(ctx) },
			func() error { return d.listen(ctx, time.Duration(20+d.rng.IntN(100))*time.Millisecond) },
		} {
			if err == nil {
				err = do()
			}
		}
		if err != nil {
			d.finish(ctx)
		}
	}
	d.finish(ctx)
}

// quietly reads everything and takes a message back, and says nothing.
func (d *device) quietly(ctx context.Context) {
	for range d.order {
		_ = d.sayRead(ctx) // one that fails is one fewer
	}
	if d.stands != nil {
		d.recall, d.stands = d.stands, nil
	}
	d.finish(ctx)
}

// lastWords are a merchant's, one in each conversation.
func (d *device) lastWords(ctx context.Context) {
	if d.side == buyerSide {
		return
	}
	for _, id := range slices.Clone(d.order) {
		d.composeIn(wire.Send{Conversation: id})
		d.finish(ctx)
	}
}

// current takes in one heartbeat and what it leads to. After that the device has all
// that was stored before.
func (d *device) current(ctx context.Context) error {
	if d.link == nil {
		if err := d.connect(ctx); err != nil {
			return err
		}
	}
	if err := d.probe(ctx); err != nil {
		return err
	}
	return d.catchUp(ctx)
}

// timelines returns what the device has, for the judge.
func (d *device) timelines() Timelines {
	t := Timelines{Device: d.name, UID: d.uid, Side: d.side, Views: make(map[string]View, len(d.threads))}
	for id, th := range d.threads {
		t.Views[id] = th.view()
	}
	return t
}
