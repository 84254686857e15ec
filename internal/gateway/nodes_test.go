package gateway

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// far is a bus that leads to another node, of which a test says who is there.
type far struct {
	chat.Bus

	mu    sync.Mutex
	there map[chat.UID]chat.Presence // guarded by mu
}

// seller says how it is with V_7 there.
func (f *far) seller(p chat.Presence) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.there["V_7"] = p
}

func (f *far) Presence(ctx context.Context, uids []chat.UID) map[chat.UID]chat.Presence {
	found := f.Bus.Presence(ctx, uids)
	f.mu.Lock()
	defer f.mu.Unlock()
	for uid, p := range f.there {
		if _, asked := found[uid]; asked {
			found[uid] = p
		}
	}
	return found
}

// newNodes starts a gateway that is one of several.
func newNodes(t *testing.T, via transport) (*node, *far) {
	t.Helper()
	f := &far{there: make(map[chat.UID]chat.Presence)}
	n := newNode(t, nodeOptions{via: via, Options: Options{Nodes: true}, bus: func(b chat.Bus) chat.Bus {
		f.Bus = b
		return f
	}})
	return n, f
}

func heartbeats(frames []wire.ServerFrame) (n int) {
	for _, f := range frames {
		if f.Heartbeat != nil {
			n++
		}
	}
	return n
}

// What another node publishes just before it learns that somebody is here is missed by
// nobody for long.
func TestNodes_firstHeartbeatIsSoon(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, _ := newNodes(t, via)
		if got := heartbeats(n.enterFake(t, "U_1").beat(4 * time.Second)); got != 1 {
			t.Errorf("%d heartbeats in the first 4 s, want 1", got)
		}
	})
}

// An event that another version publishes, or that was too large for the bus.
func TestNodes_somethingUnsaid(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, _ := newNodes(t, via)
		f, other := n.enterFake(t, "U_1"), n.enterFake(t, "U_2")
		f.beat(4*time.Second, other)
		n.Deliver(chat.Topic{Kind: chat.EventsOf, UID: "U_1"}, chat.Event{})
		if got := heartbeats(f.beat(2 * time.Second)); got != 1 {
			t.Errorf("%d heartbeats, want 1 at once", got)
		}
		if got := heartbeats(other.heard()); got != 0 {
			t.Errorf("somebody else got %d", got)
		}
	})
}

// Whose sign-out was lost on the bus is out with the next heartbeat.
func TestNodes_revocationWasLost(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, _ := newNodes(t, via)
		one, other := n.enterFake(t, "U_1"), n.enterFake(t, "U_2")
		one.beat(4*time.Second, other)
		if err := n.store.Revoke(t.Context(), "U_1", time.Now()); err != nil {
			t.Fatal(err)
		}
		other.beat(26 * time.Second)
		wantBye(t, one, byeTokenRevoked, true)
		if other.isOver() {
			t.Error("somebody else was signed out, too")
		}
	})
}

// A node that dies says goodbye for nobody.
func TestNodes_presenceOfADeadNode(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, far := newNodes(t, via)
		watcher := n.enterFake(t, "U_1")
		far.seller(chat.Online)
		watcher.say(`{"id":2,"watch":{"uids":["V_7"]}}`)
		if got := watcher.told("V_7"); fmt.Sprint(got) != "[online]" {
			t.Fatalf("told %v, want online", got)
		}
		told := func(d time.Duration) (all []string) {
			for _, f := range watcher.beat(d) {
				if f.Presence != nil {
					all = append(all, f.Presence.UIDs["V_7"])
				}
			}
			return all
		}
		far.seller(chat.PresenceUnknown) // it is slow to answer
		if got := told(35 * time.Second); got != nil {
			t.Errorf("told %v while nobody knows", got)
		}
		far.seller(chat.Offline)
		if got := told(35 * time.Second); fmt.Sprint(got) != "[offline]" {
			t.Errorf("told %v, want offline once", got)
		}
		far.seller(chat.Online)
		n.Resync()
		if got := told(3 * time.Second); fmt.Sprint(got) != "[online]" {
			t.Errorf("told %v after a resync, want online", got)
		}
		if got := told(70 * time.Second); got != nil {
			t.Errorf("told %v again", got)
		}
	})
}

// Who was told that nobody knew, as the node to ask stood still, was told no more when it
// went on: the others had been told "online" before, which was still so.
func TestNodes_presenceOfAFrozenNode(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, far := newNodes(t, via)
		watches := func(uid, want string) *fake {
			c := n.enterFake(t, uid)
			c.say(`{"id":2,"watch":{"uids":["V_7"]}}`)
			if got := c.told("V_7"); fmt.Sprint(got) != want {
				t.Fatalf("%s is told %v, want %s", uid, got, want)
			}
			return c
		}
		far.seller(chat.Online)
		early := watches("U_1", "[online]")
		far.seller(chat.PresenceUnknown)
		late := watches("U_2", "[unknown]")
		late.beat(20*time.Second, early)
		far.seller(chat.Online)
		var told []string
		for _, f := range late.beat(30*time.Second, early) {
			if f.Presence != nil {
				told = append(told, f.Presence.UIDs["V_7"])
			}
		}
		if fmt.Sprint(told) != "[online]" {
			t.Errorf("told %v within 30 s, want online", told)
		}
	})
}

// Other nodes ask for somebody where the events go: as long as a reload is not noticed
// here, nobody there may take it for a departure.
func TestNodes_reloadKeepsTheEvents(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n, _ := newNodes(t, via)
		counts := func() int {
			n.interest.mu.Lock()
			defer n.interest.mu.Unlock()
			return n.interest.counts[chat.Topic{Kind: chat.EventsOf, UID: "V_7"}]
		}
		n.enterFake(t, "V_7").leave()
		<-time.After(3 * time.Second)
		if counts() == 0 {
			t.Error("the events are gone during a reload")
		}
		second := n.enterFake(t, "V_7")
		second.beat(10 * time.Second)
		if got := counts(); got != 1 {
			t.Errorf("counted %d times, want once for the session that is here", got)
		}
		second.leave()
		<-time.After(10 * time.Second)
		if got := counts(); got != 0 {
			t.Errorf("counted %d times after the last has left", got)
		}
	})
}

// A client without a WebSocket is at the node that its stream comes from, and what it
// says may reach any.
func TestRelay(t *testing.T) {
	r := testkit.NewRelay()
	via := transport{name: "SSE", streams: true}
	opts := nodeOptions{via: via, Options: Options{Nodes: true, Relay: r}}
	a := newNode(t, opts).listen(t)
	b := newNode(t, opts).listen(t)
	c, _ := a.enter(t, "U_1", nil)
	c.sse().Move(b.base)
	c.say(wire.ClientFrame{ID: 7, Send: draft("n1", "over there")})
	if f := c.until(func(f *wire.ServerFrame) bool { return f.ID == 7 }); f.Ack == nil || f.Ack.Seq != 1 {
		t.Errorf("got %+v, want an ack", f)
	}
	post := func(batch int64, key string) int {
		answer, err := c.sse().Post(batch, key, `{"heartbeat":{}}`)
		if err != nil {
			t.Fatal(err)
		}
		return answer.Status
	}
	for _, p := range []struct {
		name  string
		batch int64
		key   string
		want  int
	}{
		{"a repeat", 1, c.sse().Session.Key, 204},
		{"one too early", 9, c.sse().Session.Key, 409},
		{"another's key", 2, "somebody-elses", 404},
		{"the next", 2, c.sse().Session.Key, 204},
	} {
		if got := post(p.batch, p.key); got != p.want {
			t.Errorf("%s: %d, want %d", p.name, got, p.want)
		}
	}
	r.Fail(context.DeadlineExceeded)
	if got := post(3, c.sse().Session.Key); got != 503 {
		t.Errorf("while the other node does not answer: %d, want 503, so that it is said again", got)
	}
	r.Fail(nil)
	if got := r.Count(); got != 1 {
		t.Errorf("%d sessions are held, want 1", got)
	}
	_ = c.Close()
	for deadline := time.After(10 * time.Second); r.Count() > 0; {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatal("a session is held after its end")
		}
	}
}
