package compat_test

import (
	"fmt"
	"testing"
	"time"

	"haggle/internal/chat"
)

// waiting stores a message for each of n buyers, while nobody's turn to ask for it comes.
func waiting(t *testing.T, w *world, n int) (release func(), uid func(i int) string) {
	t.Helper()
	uid = func(i int) string { return fmt.Sprintf("U_%d", i) }
	for i := range n {
		_, err := w.store.Append(t.Context(), chat.Append{
			Start: &chat.Start{ID: chat.NewConversationID(), Buyer: chat.UID(uid(i)), Other: "V_1"}, Sender: "V_1",
			Nonce: chat.Nonce(uid(i)), Hash: []byte("h"), SentAt: time.Now(), Blocks: []chat.Block{{Type: chat.TextBlock, Text: "for " + uid(i)}},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return w.server.HoldTurns(), uid
}

// Whose turn to be told of what is new has not come is here all the same: its pings and what
// PHP pushes come, however long that takes.
func TestTurn_whoWaitsIsWrittenTo(t *testing.T) {
	w := newWorld(t, setup{php: true, ping: 10 * time.Millisecond})
	release, uid := waiting(t, w, 1)
	p := w.bound(uid(0))
	for range 5 { // more than may go unanswered
		p.next("ping")
	}
	php := w.shopPHP()
	php.say(sendToUID, "", `["`+uid(0)+`"]`, `{"type":"order"}`)
	p.next("order")
	p.quiet("reception")
	release()
	if got := p.contents(1)[0]; got != "for "+uid(0) {
		t.Errorf("got %q", got)
	}
}

// Who goes while it waits keeps no turn from others.
func TestTurn_whoGoesWaitsNoMore(t *testing.T) {
	const pages = 100 // more than may ask at once
	w := newWorld(t, setup{})
	release, uid := waiting(t, w, pages+1)
	for i := range pages {
		w.bound(uid(i)).leave()
	}
	release()
	if got := w.bound(uid(pages)).contents(1)[0]; got != "for "+uid(pages) {
		t.Errorf("got %q", got)
	}
}

// The shop closes a socket that waits, too.
func TestTurn_kicked(t *testing.T) {
	w := newWorld(t, setup{php: true})
	release, uid := waiting(t, w, 1)
	defer release()
	p := w.bound(uid(0))
	w.shopPHP().say(kick, p.client, "", `{"type":"bye"}`)
	p.next("bye")
	p.closed()
}

// A server that is stopped does not wait for turns to come.
func TestTurn_shutdown(t *testing.T) {
	w := newWorld(t, setup{})
	_, uid := waiting(t, w, 3)
	for i := range 3 {
		w.bound(uid(i))
	}
	w.stop()
}

// A long absence is told in several turns, whole and in order.
func TestTurn_severalForALongAbsence(t *testing.T) {
	w := newWorld(t, setup{})
	const messages = 120
	for i := range messages {
		_, err := w.svc.Send(t.Context(), chat.Actor{UID: "U_7"}, chat.Draft{
			Product: "1001", Nonce: chat.Nonce(fmt.Sprint("n", i)), Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: fmt.Sprint("line ", i)}},
		}, "")
		if err != nil {
			t.Fatal(err)
		}
	}
	for i, got := range w.bound("V_1").contents(messages) {
		if want := fmt.Sprint("line ", i); got != want {
			t.Fatalf("got %q, want %q", got, want)
		}
	}
}
