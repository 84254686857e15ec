package compat_test

import (
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// revokeAt ends all sign-ins of V_1 by the clock, a moment from now.
func (w *world) revokeAt(clock *testkit.Clock) (at time.Time) {
	w.t.Helper()
	at = clock.Now().Add(time.Second)
	if err := w.store.Revoke(w.t.Context(), "V_1", at); err != nil {
		w.t.Fatal(err)
	}
	return at
}

func (p *page) wantRevoked() {
	p.w.t.Helper()
	if bye := p.next("close"); bye["code"] != uint16(1008) || bye["reason"] != "token_revoked" {
		p.w.t.Errorf("the socket ends with %v, want 1008 token_revoked", bye)
	}
}

// Pages from before the clock was set back could not be ended: their tokens seemed to be of
// a time that had not come.
func TestClock_revoke(t *testing.T) {
	clock := new(testkit.Clock)
	w := newWorld(t, setup{wall: clock.Now})
	page := w.bound("V_1")
	clock.Set(-30 * time.Minute)
	at := w.revokeAt(clock)
	w.server.Deliver(chat.Topic{Kind: chat.EventsOf, UID: "V_1"}, chat.Event{Revoked: &chat.RevokedEvent{At: at}})
	page.wantRevoked()
}

// Nor could those that had yet to bind themselves.
func TestClock_revokeBeforeItBinds(t *testing.T) {
	clock := new(testkit.Clock)
	w := newWorld(t, setup{wall: clock.Now})
	page := w.open("V_1")
	clock.Set(-30 * time.Minute)
	w.revokeAt(clock)
	if a := page.bind(page.client); a["code"] != "token_revoked" {
		t.Fatalf("a bind of a socket from before: %v", a)
	}
	page.wantRevoked()
}

// A page stays that came after the revocation, whichever way the clock was set.
func TestClock_revokedBefore(t *testing.T) {
	for name, c := range map[string]struct{ before, after, revoked time.Duration }{
		"set back, and then it came":    {-30 * time.Minute, -30 * time.Minute, -31 * time.Minute},
		"it came, and then set forward": {0, 30 * time.Minute, -time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			clock := new(testkit.Clock)
			w := newWorld(t, setup{wall: clock.Now})
			clock.Set(c.before)
			page := w.bound("V_1")
			clock.Set(c.after)
			at := time.Now().Add(c.revoked)
			w.server.Deliver(chat.Topic{Kind: chat.EventsOf, UID: "V_1"}, chat.Event{Revoked: &chat.RevokedEvent{At: at}})
			page.quiet("close")
		})
	}
}

// When the clock was set forward, every old page was away until its next pong.
func TestClock_online(t *testing.T) {
	for _, by := range []time.Duration{-30 * time.Minute, 30 * time.Minute} {
		clock := new(testkit.Clock)
		w := newWorld(t, setup{wall: clock.Now})
		w.bound("U_7")
		clock.Set(by)
		if !w.server.Online("U_7") {
			t.Errorf("the clock was set by %v, and who is here is not", by)
		}
	}
}
