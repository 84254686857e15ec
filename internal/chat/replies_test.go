package chat_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// asks has so many buyers ask, and each be answered after a time; 0: not at all.
func (w *world) asks(t *testing.T, waits ...time.Duration) {
	t.Helper()
	for _, wait := range waits {
		w.askers++
		who := chat.Actor{UID: chat.UID(fmt.Sprintf("U_asker-%d", w.askers))}
		done, err := w.Send(t.Context(), who, chat.Draft{Product: "1001", Nonce: "ask", Blocks: text("is it there?")}, "")
		if err != nil {
			t.Fatal(err)
		}
		if wait == 0 {
			continue
		}
		<-time.After(wait)
		d := chat.Draft{Conversation: done.Conversation.ID, Nonce: "answer", Blocks: text("yes")}
		if _, err := w.Send(t.Context(), seller, d, ""); err != nil {
			t.Fatal(err)
		}
		thanks := chat.Draft{Conversation: done.Conversation.ID, Nonce: "thanks", Blocks: text("thank you")}
		if _, err := w.Send(t.Context(), who, thanks, ""); err != nil {
			t.Fatal(err)
		}
	}
}

// What a buyer is told of how soon a shop replies is what it does.
func TestRepliesWithin(t *testing.T) {
	const minute, hour, day = time.Minute, time.Hour, 24 * time.Hour
	for _, c := range []struct {
		name  string
		waits []time.Duration
		later time.Duration // before it is asked for
		want  time.Duration
	}{
		{"nothing was ever asked", nil, 0, 0},
		{"too little to tell", []time.Duration{minute, minute, minute, minute}, 0, 0},
		{"at once, nearly always", []time.Duration{minute, 2 * minute, minute, 4 * minute, 3 * hour}, 0, 5 * minute},
		{"at once as often as not", []time.Duration{minute, minute, minute, 20 * minute, 50 * minute}, 0, hour},
		{"by the next day", []time.Duration{2 * hour, 5 * hour, 20 * hour, minute, 3 * hour}, 0, day},
		{"after days", []time.Duration{2 * day, 3 * day, 2 * day, minute, 2 * day}, 0, 0},
		{"two of six are never answered", []time.Duration{minute, minute, minute, minute, 0, 0}, 2 * day, 0},
		{"two of six have only just asked", []time.Duration{minute, minute, minute, minute, minute, 0, 0}, 0, 5 * minute},
		{"what was long ago says nothing", []time.Duration{minute, minute, minute, minute, minute}, 100 * day, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t)
				w.asks(t, c.waits...)
				<-time.After(c.later)
				if got, err := w.RepliesWithin(t.Context(), seller.UID); err != nil || got != c.want {
					t.Errorf("got %v, %v, want %v", got, err, c.want)
				}
			})
		})
	}
}

// A greeting is no answer, however fast it comes.
func TestRepliesWithin_automatic(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.set(t, true, false)
		w.asks(t, 3*time.Hour, 3*time.Hour, 3*time.Hour, 3*time.Hour, 3*time.Hour)
		if got, err := w.RepliesWithin(t.Context(), seller.UID); err != nil || got != 24*time.Hour {
			t.Errorf("got %v, %v", got, err)
		}
	})
}

// What was found out is gone by for a while, and not for ever.
func TestRepliesWithin_kept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		want := func(want time.Duration) {
			t.Helper()
			if got, err := w.RepliesWithin(t.Context(), seller.UID); err != nil || got != want {
				t.Errorf("got %v, %v, want %v", got, err, want)
			}
		}
		want(0)
		w.asks(t, time.Second, time.Second, time.Second, time.Second, time.Second)
		want(0)
		<-time.After(10 * time.Minute)
		want(5 * time.Minute)
	})
}

// Nobody is kept from opening a chat by what is only said in passing.
func TestBegin_repliesWithin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		w.asks(t, time.Second, time.Second, time.Second, time.Second, time.Second)
		b, err := w.Begin(t.Context(), buyer, "1001")
		if err != nil || b.RepliesWithin != 5*time.Minute {
			t.Errorf("got %v, %v", b.RepliesWithin, err)
		}
	})
}
