package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// ticks returns up to where what was sent is announced as delivered, since the
// last call.
func (r *recorder) ticks() (seqs []chat.Seq) {
	for _, ev := range r.take() {
		if ev.Delivered != nil {
			seqs = append(seqs, ev.Delivered.Seq)
		}
	}
	return seqs
}

// The first message of a conversation is ticked at once. In a lively one a tick
// stands for all that came in meanwhile, and still comes soon.
func TestDelivered_gathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		for i := range 8 {
			d := chat.Draft{Conversation: id, Nonce: chat.Nonce(fmt.Sprint("more", i)), Blocks: text("hi")}
			if _, err := w.Send(t.Context(), buyer, d, ""); err != nil {
				t.Fatal(err)
			}
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- w.Run(ctx) }()
		delivered := func(seq chat.Seq) {
			t.Helper()
			if err := w.Delivered(t.Context(), seller, id, seq); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
		}
		w.bus.take()
		delivered(1)
		if got := w.bus.ticks(); fmt.Sprint(got) != "[1]" {
			t.Errorf("at once: %v, want the first", got)
		}
		for seq := range chat.Seq(8) {
			delivered(seq + 2)
		}
		if got := w.bus.ticks(); got != nil {
			t.Errorf("in the same moment: %v, want nothing more", got)
		}
		<-time.After(60 * time.Millisecond)
		synctest.Wait()
		if got := w.bus.ticks(); fmt.Sprint(got) != "[9]" {
			t.Errorf("after 60 ms: %v, want the last for all", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
