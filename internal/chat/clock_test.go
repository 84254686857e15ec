package chat_test

import (
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// When a server's clock is set, what is said after it has the wrong time, and is in its
// place all the same: after what was said before, and unread.
func TestClock_isSet(t *testing.T) {
	for _, by := range []time.Duration{-time.Hour, time.Hour} {
		t.Run(by.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { clockIsSet(t, by) })
		})
	}
}

func clockIsSet(t *testing.T, by time.Duration) {
	w := newWorld(t)
	id := w.begin(t)
	w.GoBy(func() time.Time { return time.Now().Add(by) })
	second, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "n2", Blocks: text("and?")}, "")
	if err != nil {
		t.Fatal(err)
	}
	if m := second.Message; m.Seq != 2 || !m.SentAt.Equal(time.Now().Add(by).Truncate(time.Millisecond)) {
		t.Errorf("seq %d, sent at %v", m.Seq, m.SentAt)
	}
	again, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "first", Product: "1001", Blocks: text("hi")}, "")
	if err != nil || again.Fresh || again.Message.Seq != 1 {
		t.Errorf("what was sent before, repeated: %+v, %v", again, err)
	}
	page, err := w.MessagesAfter(t.Context(), seller, id, 0, 3)
	if err != nil || len(page) != 2 || page[0].Nonce != "first" || page[1].Nonce != "n2" {
		t.Errorf("page = %+v, %v; want them as they were said", page, err)
	}
	if unread := second.Conversation.Sides[chat.MerchantSide].Unread; unread != 2 {
		t.Errorf("%d are unread, want 2", unread)
	}
	// What was said after it is taken back within two minutes, as ever.
	if _, err := w.Recall(t.Context(), buyer, id, 2, ""); err != nil {
		t.Error(err)
	}
	// What was said before is by the clock: for an hour longer, or not any more.
	<-time.After(time.Hour)
	_, err = w.Recall(t.Context(), buyer, id, 1, "")
	if by < 0 && err != nil {
		t.Errorf("an hour later: %v", err)
	} else if by > 0 {
		wantCode(t, err, "recall_too_late")
	}
}
