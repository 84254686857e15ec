package gateway

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Who has a conversation before them, and who writes in it, is told to all of the staff's
// sessions but the one that said so. The buyer is told of the writing alone.
func TestColleague(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		buyer := n.enterFake(t, "U_1")
		buyer.say(`{"id":2,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"?"}]}}`)
		sent := slices.IndexFunc(buyer.heard(), func(f wire.ServerFrame) bool { return f.Ack != nil })
		if sent < 0 {
			t.Fatal("the buyer's message was not taken")
		}
		views, err := n.svc.Conversations(t.Context(), chat.Actor{UID: "U_1"}, chat.ConversationQuery{Limit: 1})
		if err != nil || len(views) != 1 {
			t.Fatalf("%v, %v", views, err)
		}
		id := string(views[0].ID)
		alice, window, bob, rival := n.enterFake(t, "V_7/alice"), n.enterFake(t, "V_7/alice"), n.enterFake(t, "V_7/bob"), n.enterFake(t, "E_9/carol")
		for _, kind := range []string{"viewing", "typing"} {
			alice.say(`{"id":3,%q:{"conversation":%q}}`, kind, id)
			want := func(name string, f *fake, want ...wire.ServerFrame) {
				t.Helper()
				if diff := cmp.Diff(want, f.heard()); diff != "" {
					t.Errorf("%s: %s hears (-want +got):\n%s", kind, name, diff)
				}
			}
			told := wire.ServerFrame{Colleague: &wire.ColleagueEvent{Conversation: id, Agent: "alice", Typing: kind == "typing"}}
			want("who said so", alice, wire.ServerFrame{ID: 3, Ack: &wire.Ack{Conversation: id}})
			want("another window of theirs", window, told)
			want("a colleague", bob, told)
			want("another shop", rival)
			if kind == "typing" {
				want("the buyer", buyer, wire.ServerFrame{Typing: &wire.TypingEvent{Conversation: id, UID: "V_7"}})
			} else {
				want("the buyer", buyer)
			}
		}
	})
}

// hungStore finds no conversation for an hour.
type hungStore struct{ chat.Store }

func (s hungStore) Conversation(ctx context.Context, _ chat.ConversationID) (chat.Conversation, error) {
	select {
	case <-ctx.Done():
		return chat.Conversation{}, ctx.Err()
	case <-time.After(time.Hour):
		return chat.Conversation{}, chat.Errorf(chat.NotFound, "no such conversation")
	}
}

// What is said in passing asks the store who takes part. When that hangs the session, with
// its heartbeats, does not for ever.
func TestColleague_storeHangs(t *testing.T) {
	for _, kind := range []string{"viewing", "typing"} {
		t.Run(kind, func(t *testing.T) {
			inTime(t, func(t *testing.T, via transport) {
				n := newNode(t, nodeOptions{via: via, store: func(s chat.Store) chat.Store { return hungStore{s} }})
				f := n.enterFake(t, "V_7/alice")
				f.say(`{"id":7,%q:{"conversation":"c"}}`, kind)
				<-time.After(handleWithin)
				heard := f.heard()
				if !slices.ContainsFunc(heard, func(f wire.ServerFrame) bool { return f.ID == 7 && f.Error != nil && f.Error.Code == "timeout" }) {
					t.Errorf("heard %+v, want timeout", heard)
				}
			})
		})
	}
}
