package natsbus

import (
	"encoding/json"
	"fmt"

	"haggle/internal/chat"
)

// version is the first byte of what is published. It changes when what follows means
// something else; a field more does not change it, as older nodes skip it. testdata
// holds what this version looks like.
const version = '1'

// question is what is published with a reply subject, in place of an event.
const question = '?'

// event is chat.Event with names for the bus. Inside of it are the domain's own types,
// and so the names of their fields.
type event struct {
	Origin       chat.ClientID        `json:"origin,omitempty"`
	Pos          [2]chat.Pos          `json:"pos"`
	Message      *chat.Message        `json:"message,omitempty"`
	Delivered    *chat.WatermarkEvent `json:"delivered,omitempty"`
	Read         *chat.WatermarkEvent `json:"read,omitempty"`
	Recall       *chat.Recall         `json:"recall,omitempty"`
	Conversation *conversation        `json:"conversation,omitempty"`
	Typing       *chat.TypingEvent    `json:"typing,omitempty"`
	Colleague    *chat.ColleagueEvent `json:"colleague,omitempty"`
	Presence     *chat.PresenceEvent  `json:"presence,omitempty"`
	Push         *chat.PushEvent      `json:"push,omitempty"`
	Revoked      *chat.RevokedEvent   `json:"revoked,omitempty"`
}

// conversation is chat.ConversationView, whose two fields named Product would be one in
// JSON.
type conversation struct {
	Conversation chat.Conversation   `json:"conversation"`
	Participants [2]chat.Participant `json:"participants"`
	Product      *chat.Product       `json:"product,omitempty"`
}

func encode(ev *chat.Event) ([]byte, error) {
	w := event{
		Origin: ev.Origin, Pos: ev.Pos, Message: ev.Message, Delivered: ev.Delivered, Read: ev.Read,
		Recall: ev.Recall, Typing: ev.Typing, Colleague: ev.Colleague, Presence: ev.Presence, Push: ev.Push, Revoked: ev.Revoked,
	}
	if c := ev.Conversation; c != nil {
		w.Conversation = &conversation{c.Conversation, c.Participants, c.Product}
	}
	data, err := json.Marshal(&w)
	if err != nil {
		return nil, fmt.Errorf("encode event: %w", err)
	}
	return append([]byte{version}, data...), nil
}

// unsaid stands for an event that is not said: it is too large for NATS. The sessions
// look into the store.
func unsaid() []byte { return []byte{version} }

// decode returns what a node of this version, or of another one, has published. What it
// does not understand is an event of no kind: something has changed.
func decode(data []byte) (ev chat.Event, understood bool) {
	if len(data) == 1 && data[0] == version {
		return chat.Event{}, true
	}
	var w event
	if len(data) == 0 || data[0] != version || json.Unmarshal(data[1:], &w) != nil {
		return chat.Event{}, false
	}
	ev = chat.Event{
		Origin: w.Origin, Pos: w.Pos, Message: w.Message, Delivered: w.Delivered, Read: w.Read,
		Recall: w.Recall, Typing: w.Typing, Colleague: w.Colleague, Presence: w.Presence, Push: w.Push, Revoked: w.Revoked,
	}
	if c := w.Conversation; c != nil {
		ev.Conversation = &chat.ConversationView{Conversation: c.Conversation, Participants: c.Participants, Product: c.Product}
	}
	return ev, true
}
