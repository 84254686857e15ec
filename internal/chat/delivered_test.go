package chat_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
)

// The first message of a conversation is ticked at once. In a lively one a tick
// stands for all that came in meanwhile, and still comes soon.
func TestDelivered_gathers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		var id chat.ConversationID
		for i := range 9 {
			d := chat.Draft{Product: "1001", Nonce: chat.Nonce(fmt.Sprint("n", i)), Blocks: text("hi")}
			sent, err := w.Send(t.Context(), buyer, d, "")
			if err != nil {
				t.Fatal(err)
			}
			id = sent.Message.Conversation
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
		ticks := func() (seqs []chat.Seq) {
			for _, ev := range w.bus.take() {
				seqs = append(seqs, ev.Delivered.Seq)
			}
			return seqs
		}
		w.bus.take()
		delivered(1)
		if got := ticks(); fmt.Sprint(got) != "[1]" {
			t.Errorf("at once: %v, want the first", got)
		}
		for seq := range chat.Seq(8) {
			delivered(seq + 2)
		}
		if got := ticks(); got != nil {
			t.Errorf("in the same moment: %v, want nothing more", got)
		}
		<-time.After(60 * time.Millisecond)
		synctest.Wait()
		if got := ticks(); fmt.Sprint(got) != "[9]" {
			t.Errorf("after 60 ms: %v, want the last for all", got)
		}
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
}
