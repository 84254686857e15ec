package main

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// What is filled in past the store is as the store itself would have left it: its counters
// are those of the messages, everything goes on from there, and what is said can be found.
func TestFill(t *testing.T) {
	e, err := openEngine(t.Context(), "sqlite", filepath.Join(t.TempDir(), "growth"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := e.close(); err != nil {
			t.Error(err)
		}
	}()
	e.perStretch = 2 * merchants
	fillUp(t, e, true)
	goesOn(t, e, 7)
	fillUp(t, e, true) // after somebody has written
	fillUp(t, e, false)
	if n, err := e.filled(t.Context()); err != nil || n != 3 {
		t.Errorf("%d stretches are there, %v, want 3", n, err)
	}
	for _, i := range []int{7, 0, 199, 399, 599, 300} {
		holds(t, e, i)
	}
	found, err := e.store.SearchMessages(t.Context(), chat.MessageQuery{UID: "V_g3", Text: commonWord, Limit: 100})
	if err != nil || len(found) == 0 || len(found) == 100 {
		t.Errorf("%d messages are found, %v, want one in a hundred of 400", len(found), err)
	}
	if _, n, err := e.index(t.Context()); err != nil || n != 0 {
		t.Errorf("%d messages were still to be indexed, %v", n, err)
	}
}

func fillUp(t *testing.T, e *engine, searchable bool) {
	t.Helper()
	n, err := e.filled(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := e.fill(t.Context(), n, searchable); err != nil {
		t.Fatal(err)
	}
	if _, _, err := e.index(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// holds compares a conversation with its messages.
func holds(t *testing.T, e *engine, i int) {
	t.Helper()
	c, err := e.store.Conversation(t.Context(), chat.ConversationID(idOf(i)))
	if err != nil {
		t.Fatal(err)
	}
	ms, err := e.store.MessagesAfter(t.Context(), c.ID, 0, 1000)
	if err != nil {
		t.Fatal(err)
	}
	type counts struct{ Total, Unread int64 }
	var got, want [2]counts
	for n, m := range ms {
		if m.Seq != chat.Seq(n+1) {
			t.Errorf("%s: message %d has seq %d", c.ID, n+1, m.Seq)
		}
		for side := range want {
			switch uid := c.UIDs[side]; {
			case m.Sender == uid:
				want[side].Total++
			case m.Seq > c.Sides[side].Read:
				want[side].Unread++
			}
		}
	}
	for side := range got {
		got[side] = counts{c.Sides[side].Total, c.Sides[side].Unread}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("%s (-counted +stored):\n%s", c.ID, d)
	}
	if int(c.LastSeq) != len(ms) || !c.LastAt.Equal(ms[len(ms)-1].SentAt) {
		t.Errorf("%s ends at %d, %v, and has %d messages, to %v", c.ID, c.LastSeq, c.LastAt, len(ms), ms[len(ms)-1].SentAt)
	}
	_, pos, err := e.store.Positions(t.Context(), c.UIDs[:])
	if err != nil || pos[c.UIDs[0]] < c.Sides[0].Pos || pos[c.UIDs[1]] < c.Sides[1].Pos {
		t.Errorf("%s is at %d and %d of %v, %v", c.ID, c.Sides[0].Pos, c.Sides[1].Pos, pos, err)
	}
}

// goesOn says something in a conversation, which is the next message there, and a change
// like any other.
func goesOn(t *testing.T, e *engine, i int) {
	t.Helper()
	_, before, err := e.store.Positions(t.Context(), []chat.UID{chat.UID(merchantOf(i))})
	if err != nil {
		t.Fatal(err)
	}
	q := &questions{store: e.store, run: "test"}
	if err := q.send(t.Context(), i); err != nil {
		t.Fatal(err)
	}
	c, err := e.store.Conversation(t.Context(), chat.ConversationID(idOf(i)))
	if err != nil || c.LastSeq != perConversation+1 || c.Sides[chat.MerchantSide].Pos != before[c.UIDs[1]]+1 {
		t.Errorf("%+v, %v, want message %d at %d", c, err, perConversation+1, before[c.UIDs[1]]+1)
	}
}
