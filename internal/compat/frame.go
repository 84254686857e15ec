package compat

import (
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"haggle/internal/chat"
)

// clock is how the old pages write the time of day: PHP's date('H:i:s').
const clock = "15:04:05"

// dated is clock with the day before it: PHP's date('Y/m/d H:i:s').
const dated = "2006/01/02 15:04:05"

// The types of frames. An old page passes over those that it does not know.
const (
	typeHandshake = "handshake"
	typePing      = "ping"
	typePong      = "pong"
	typeSend      = "send"
	typeReception = "reception"
	typeSent      = "sent" // as reception, of what the same person said elsewhere
	typeError     = "error"
)

// handshake tells a page what its connection is called.
type handshake struct {
	Type     string `json:"type"`
	ClientID string `json:"client_id"`
	Time     string `json:"time"`
}

// reception is a message on its way to a page. All of its fields are always there,
// each with one type but for content, whose type goes with c_type. The last three
// are not the old chat's.
type reception struct {
	Type      string `json:"type"`
	Content   any    `json:"content"`
	Time      string `json:"time"`
	Timestamp int64  `json:"timestamp"` // Unix seconds
	Kind      int    `json:"c_type"`
	Primary   int64  `json:"primary"`
	Source    string `json:"source"` // towards a merchant the buyer's code, towards a buyer the merchant's uid

	Conversation string `json:"conversation"`
	Seq          int64  `json:"seq"`
	Product      string `json:"pid"` // last talked about; "" for none
}

// errorFrame answers a frame that is refused.
type errorFrame struct {
	Type    string `json:"type"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// encode writes a frame, or an answer, as JSON that may stand in a script too.
func encode(v any) ([]byte, error) {
	return json.Marshal(v, jsontext.EscapeForHTML(true), jsontext.EscapeForJS(true))
}

// typeOf returns the type of a frame of a page's; "" for what is none.
func typeOf(data []byte) string {
	var f struct {
		Type any `json:"type"`
	}
	if err := json.Unmarshal(data, &f); err != nil {
		return ""
	}
	t, _ := f.Type.(string) // a frame whose type is no string is no frame
	return t
}

// receptionOf returns m for a reader, without its number and what the conversation
// knows.
func (s *Server) receptionOf(m *chat.Message, reader chat.Actor) (reception, error) {
	content, kind, err := s.draw.content(m.Blocks)
	if err != nil {
		return reception{}, err
	}
	at := m.SentAt.In(s.opts.Location)
	r := reception{
		Type: typeReception, Content: content, Kind: kind,
		Time: at.Format(clock), Timestamp: at.Unix(),
		Conversation: string(m.Conversation), Seq: int64(m.Seq),
	}
	if m.Sender == reader.UID {
		r.Type = typeSent
	}
	return r, nil
}

func (s *Server) clock(t time.Time) string { return t.In(s.opts.Location).Format(clock) }
