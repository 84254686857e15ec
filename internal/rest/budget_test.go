package rest

import (
	"testing"
	"testing/synctest"

	"haggle/internal/chat"
)

// Somebody who opens upload after upload takes neither the server's memory nor
// everybody else's turn.
func TestUploadBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newUploadBudget(100, 2)
		one, two := chat.Actor{UID: "U_1"}, chat.Actor{UID: "U_2"}
		free, err := b.take(t.Context(), one, 40)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := b.take(t.Context(), one, 40); err != nil {
			t.Fatal(err)
		}
		if _, err := b.take(t.Context(), one, 1); chat.AsError(err).Code != "too_many_uploads" || chat.AsError(err).RetryAfter == 0 {
			t.Errorf("a third at once: %v", err)
		}
		if _, err := b.take(t.Context(), two, 40); chat.KindOf(err) != chat.Unavailable {
			t.Errorf("beyond the memory there is: %v", err)
		}
		got := make(chan error)
		go func() {
			_, err := b.take(t.Context(), two, 40)
			got <- err
		}()
		synctest.Wait()
		free()
		if err := <-got; err != nil {
			t.Errorf("after another is done: %v", err)
		}
		if _, err := b.take(t.Context(), one, 10); err != nil {
			t.Errorf("after one's own is done: %v", err)
		}
	})
}

// An agent with a new name in each token had uploads without end.
func TestUploadBudget_agentNameMadeRoom(t *testing.T) {
	b := newUploadBudget(100, 1)
	anna := chat.Actor{UID: "V_1", Agent: "anna", AgentName: "Anna"}
	free, err := b.take(t.Context(), anna, 1)
	if err != nil {
		t.Fatal(err)
	}
	anna.AgentName = "Anna S."
	if _, err := b.take(t.Context(), anna, 1); chat.AsError(err).Code != "too_many_uploads" {
		t.Errorf("the same agent under another name: %v", err)
	}
	if _, err := b.take(t.Context(), chat.Actor{UID: "V_1", Agent: "bo"}, 1); err != nil {
		t.Errorf("another agent: %v", err)
	}
	free()
	if _, err := b.take(t.Context(), anna, 1); err != nil {
		t.Errorf("after one's own is done: %v", err)
	}
}
