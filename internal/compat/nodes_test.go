package compat_test

import (
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// An old page's requests may reach another node than its socket does.
func TestNodes_pageAndSocketApart(t *testing.T) {
	r := testkit.NewRelay()
	w := newWorld(t, setup{relay: r})
	there := *w
	there.web = there.far
	buyer, seller := w.open("U_7"), w.open("V_1")
	buyer.w, seller.w = &there, &there
	buyer.mustBind()
	seller.mustBind()
	buyer.mustAsk("over there")
	seller.next("reception")
	seller.mustAnswer("<p>and back</p>")
	buyer.next("reception")

	stranger := w.open("U_8")
	stranger.w = &there
	if a := stranger.bind(buyer.client); a["status"] == 1.0 {
		t.Errorf("somebody else's socket was bound: %v", a)
	}
	if a := stranger.bind("0123456789abcdef0123"); a["status"] == 1.0 {
		t.Errorf("no socket was bound: %v", a)
	}
	buyer.leave()
	for deadline := time.After(wait); r.Holds(chat.ClientID(buyer.client)); {
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatal("a socket is held after its end")
		}
	}
}
