package compat

import (
	"testing"
	"testing/synctest"

	"haggle/internal/chat"
)

// An agent's colleagues look at conversations all day long: what an old page does not show
// does not wake the goroutine that writes to it.
func TestDeliver_wakesForWhatIsShown(t *testing.T) {
	for name, c := range map[string]struct {
		ev    chat.Event
		wakes bool
	}{
		"a message":            {chat.Event{Message: &chat.Message{Conversation: "c", Seq: 1}}, true},
		"something not said":   {chat.Event{Pos: [2]chat.Pos{1, 1}}, true},
		"a colleague looks":    {chat.Event{Colleague: &chat.ColleagueEvent{Conversation: "c"}}, false},
		"somebody writes":      {chat.Event{Typing: &chat.TypingEvent{Conversation: "c"}}, false},
		"what the shop pushes": {chat.Event{Push: &chat.PushEvent{Payload: []byte("1")}}, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s, woken := new(Server), false
				page := &socket{srv: s, owner: chat.Identity{Actor: chat.Actor{UID: "V_7"}}, begun: true}
				page.writer = func() {
					defer s.running.Done()
					woken = true
				}
				s.bound = map[chat.UID]map[*socket]struct{}{"V_7": {page: {}}}
				s.Deliver(chat.Topic{Kind: chat.EventsOf, UID: "V_7"}, c.ev)
				synctest.Wait()
				if woken != c.wakes {
					t.Errorf("woken = %t", woken)
				}
			})
		})
	}
}
