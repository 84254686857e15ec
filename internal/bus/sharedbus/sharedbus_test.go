package sharedbus_test

import (
	"slices"
	"testing"

	"haggle/internal/bus/bustest"
	"haggle/internal/bus/localbus"
	"haggle/internal/bus/sharedbus"
	"haggle/internal/chat"
)

// A receiver that shares a bus sees what it would see alone.
func TestBus(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, attach func(chat.Bus)) []chat.Bus {
		bus := sharedbus.New(localbus.New())
		bus.Seat().Attach(&receiver{})
		seat := bus.Seat()
		attach(seat)
		return []chat.Bus{seat}
	})
}

// Two receivers of one node are two nodes to each other.
func TestBus_together(t *testing.T) {
	bustest.Run(t, func(_ *testing.T, attach func(chat.Bus)) []chat.Bus {
		bus := sharedbus.New(localbus.New())
		seats := []chat.Bus{bus.Seat(), bus.Seat()}
		for _, s := range seats {
			attach(s)
		}
		return seats
	})
}

type receiver struct {
	online  chat.UID
	resyncs int
}

func (r *receiver) Deliver(chat.Topic, chat.Event) {}
func (r *receiver) Online(uid chat.UID) bool       { return uid == r.online }
func (r *receiver) Resync()                        { r.resyncs++ }

func TestBus_anyoneOnline(t *testing.T) {
	shared := sharedbus.New(localbus.New())
	old, young := &receiver{online: "U_1"}, &receiver{online: "U_2"}
	shared.Seat().Attach(old)
	shared.Seat().Attach(young)
	for uid, want := range map[chat.UID]chat.Presence{"U_1": chat.Online, "U_2": chat.Online, "U_3": chat.Offline} {
		if got := shared.Seat().Cached(uid); got != want {
			t.Errorf("Cached(%s) = %v, want %v", uid, got, want)
		}
	}
	shared.Resync()
	if old.resyncs != 1 || young.resyncs != 1 {
		t.Errorf("resyncs %d and %d, want 1 each", old.resyncs, young.resyncs)
	}
}

// noted is a bus that notes subscriptions.
type noted struct {
	chat.Bus

	calls []string
}

func (n *noted) Subscribe(t chat.Topic) error {
	n.calls = append(n.calls, "+"+string(t.UID))
	return nil
}

func (n *noted) Unsubscribe(t chat.Topic) error {
	n.calls = append(n.calls, "-"+string(t.UID))
	return nil
}

func TestBus_subscribesOnceForAll(t *testing.T) {
	below := &noted{Bus: localbus.New()}
	shared := sharedbus.New(below)
	a, b := shared.Seat(), shared.Seat()
	topic := chat.Topic{Kind: chat.EventsOf, UID: "U_1"}
	for _, call := range []func(chat.Topic) error{
		a.Subscribe, b.Subscribe, a.Unsubscribe, a.Subscribe, b.Unsubscribe, a.Unsubscribe, b.Subscribe,
	} {
		if err := call(topic); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"+U_1", "-U_1", "+U_1"}; !slices.Equal(below.calls, want) {
		t.Errorf("the bus was told %v, want %v", below.calls, want)
	}
}
