package gateway

import (
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// onAClock runs a test with a gateway whose clock can be set.
func onAClock(t *testing.T, test func(t *testing.T, n *node, clock *testkit.Clock)) {
	t.Helper()
	inTime(t, func(t *testing.T, via transport) {
		clock := new(testkit.Clock)
		test(t, newNode(t, nodeOptions{via: via, wall: clock.Now, limits: func(l *chat.Limits) {
			l.Rates[chat.ActionRequest] = []chat.Rate{{Burst: 5, Window: 5 * time.Second}}
		}}), clock)
	})
}

// When the clock was set back by an hour there was no heartbeat for an hour, whoever had
// gone without a word was there for an hour, and no frame was allowed. When it was set
// forward everybody was taken for gone.
func TestClock_isSet(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, 30 * time.Minute} {
		t.Run(by.String(), func(t *testing.T) {
			onAClock(t, func(t *testing.T, n *node, clock *testkit.Clock) {
				here, silent := n.enterFake(t, "U_1"), n.enterFake(t, "V_7")
				here.beat(5*time.Second, silent)
				clock.Set(by)
				here.say(`{"id":2,"heartbeat":{}}`)
				if got := here.heard(); len(got) != 1 || got[0].Heartbeat == nil {
					t.Errorf("a frame was answered with %+v", got)
				}
				if got := heartbeats(here.beat(60 * time.Second)); got < 2 || got > 3 {
					t.Errorf("%d heartbeats in a minute", got)
				}
				if here.isOver() {
					t.Error("somebody who answers was closed")
				}
				if !silent.isOver() || n.Online("V_7") {
					t.Error("who is silent still counts as here")
				}
			})
		})
	}
}

// A token ends by the clock, and sessions from before the clock was set back can be
// ended: their tokens seem to be of a time that has not come.
func TestClock_tokens(t *testing.T) {
	onAClock(t, func(t *testing.T, n *node, clock *testkit.Clock) {
		before := n.enterFake(t, "U_1")
		clock.Set(-30 * time.Minute)
		before.beat(time.Second)
		if err := n.store.Revoke(t.Context(), "U_1", clock.Now()); err != nil {
			t.Fatal(err)
		}
		n.Deliver(chat.Topic{Kind: chat.EventsOf, UID: "U_1"}, chat.Event{Revoked: &chat.RevokedEvent{At: clock.Now()}})
		wantBye(t, before, byeTokenRevoked, true)
	})
	onAClock(t, func(t *testing.T, n *node, clock *testkit.Clock) {
		one := n.enterFake(t, "U_1") // its token is good for an hour
		clock.Set(50 * time.Minute)
		one.beat(9 * time.Minute)
		if one.isOver() {
			t.Fatal("the token ended before its time")
		}
		var code string
		for _, f := range one.beat(2 * time.Minute) {
			if f.Bye != nil {
				code = f.Bye.Code
			}
		}
		if code != byeTokenExpired {
			t.Errorf("the bye was %q, want that the token has expired", code)
		}
	})
}
