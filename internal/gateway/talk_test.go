package gateway

import (
	"fmt"
	"testing"

	"haggle/internal/wire"
)

// A buyer asks, the seller has it, both see the ticks.
func TestTalk(t *testing.T) { onEach(t, testTalk) }

func testTalk(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via}).listen(t)
	seller, _ := n.enter(t, "V_7/alice", nil)
	buyer, welcome := n.enter(t, "U_1", nil)
	if welcome.UID != "U_1" || welcome.Position.Epoch != "e1" || welcome.Changes != nil || welcome.Reset {
		t.Errorf("welcome = %+v", welcome)
	}

	buyer.say(wire.ClientFrame{ID: 2, Send: draft("n1", "还有货吗")})
	ack := buyer.until(func(f *wire.ServerFrame) bool { return f.ID == 2 }).Ack
	if ack == nil || ack.Seq != 1 || !ack.Begun || ack.Pos == 0 || ack.Conversation == "" {
		t.Fatalf("ack = %+v", ack)
	}
	conv := seller.hear().Conversation
	if conv == nil || conv.Conversation.ID != ack.Conversation {
		t.Fatalf("the seller is not told of the new conversation first: %+v", conv)
	}
	m := seller.hear().Message
	if m == nil || m.Message.Seq != 1 || m.Message.Sender != "U_1" || m.Message.Blocks[0].Text != "还有货吗" || m.Pos == 0 {
		t.Fatalf("message = %+v", m)
	}
	if m.Message.RecipientOnline == nil || !*m.Message.RecipientOnline {
		t.Errorf("recipient_online = %v, want true", m.Message.RecipientOnline)
	}

	seller.say(wire.ClientFrame{Delivered: &wire.Mark{Conversation: ack.Conversation, Seq: 1}})
	d := buyer.until(func(f *wire.ServerFrame) bool { return f.Delivered != nil }).Delivered
	if d.Side != "merchant" || d.Seq != 1 {
		t.Errorf("delivered = %+v", d)
	}
	seller.say(wire.ClientFrame{ID: 3, Read: &wire.Mark{Conversation: ack.Conversation, Seq: 1}})
	r := buyer.until(func(f *wire.ServerFrame) bool { return f.Read != nil }).Read
	if r.Side != "merchant" || r.Seq != 1 || r.Unread != 0 {
		t.Errorf("read = %+v", r)
	}

	buyer.say(wire.ClientFrame{ID: 4, Heartbeat: &wire.Heartbeat{}})
	if h := buyer.until(func(f *wire.ServerFrame) bool { return f.ID == 4 }).Heartbeat; h == nil || h.Position == nil || h.Position.Pos < r.Pos {
		t.Errorf("heartbeat = %+v, want a position of at least %d", h, r.Pos)
	}
}

// What one client sends in one go comes out in that order, on every device.
func TestTalk_inOrderOnEveryDevice(t *testing.T) { onEach(t, testTalkInOrderOnEveryDevice) }

func testTalkInOrderOnEveryDevice(t *testing.T, via transport) {
	t.Helper()
	n := newNode(t, nodeOptions{via: via}).listen(t)
	devices := make(map[string]*client)
	for _, name := range []string{"V_7/alice", "V_7/bob", "V_7"} {
		devices[name], _ = n.enter(t, name, nil)
	}
	devices["U_1, the other"], _ = n.enter(t, "U_1", nil)
	buyer, _ := n.enter(t, "U_1", nil)
	const count = 60
	for i := range count {
		buyer.say(wire.ClientFrame{ID: int64(i + 2), Send: draft(fmt.Sprint("n", i), fmt.Sprint(i))})
	}
	for i := range count {
		f := buyer.until(func(f *wire.ServerFrame) bool { return f.ID > 0 })
		if f.Ack == nil || f.ID != int64(i+2) || f.Ack.Seq != int64(i+1) {
			t.Fatalf("answer %d = %+v", i, f)
		}
	}
	for name, c := range devices {
		for i := range count {
			m := c.until(func(f *wire.ServerFrame) bool { return f.Message != nil }).Message
			if m.Message.Seq != int64(i+1) || m.Message.Blocks[0].Text != fmt.Sprint(i) {
				t.Fatalf("%s: message %d is seq %d, %q", name, i, m.Message.Seq, m.Message.Blocks[0].Text)
			}
		}
	}
}
