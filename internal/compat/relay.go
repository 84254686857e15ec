package compat

import (
	"context"
	"encoding/json"
	"time"

	"haggle/internal/chat"
)

// Relay leads to the node that holds a socket. It is gateway.Relay.
type Relay interface {
	// Hold has what is asked for id answered here until release is called.
	Hold(id chat.ClientID, answer func(ctx context.Context, request []byte) []byte) (release func(), err error)

	// Ask returns the answer of the node that holds id; found is false if none does.
	Ask(ctx context.Context, id chat.ClientID, request []byte) (answer []byte, found bool, err error)
}

// relayWithin is how long another node may take.
const relayWithin = 5 * time.Second

// relayed is what is asked of the node that holds a socket: whether it is live, or to
// bind it.
type relayed struct {
	Bind     bool          `json:"bind"`
	Identity chat.Identity `json:"identity"`
	History  string        `json:"history"`
}

// relayedAnswer is what it says. Code is "" where nothing is wrong.
type relayedAnswer struct {
	Live bool      `json:"live"`
	Kind chat.Kind `json:"kind"`
	Code string    `json:"code"`
	Msg  string    `json:"msg"`
}

// elsewhere asks the node that holds a socket which is not here; found is false where
// none does.
func (s *Server) elsewhere(ctx context.Context, client chat.ClientID, r *relayed) (a relayedAnswer, found bool, err error) {
	if s.opts.Relay == nil || !isClientID(client) {
		return a, false, nil
	}
	request, err := json.Marshal(r)
	if err != nil {
		return a, false, err
	}
	ctx, cancel := context.WithTimeout(ctx, relayWithin)
	defer cancel()
	answer, found, err := s.opts.Relay.Ask(ctx, client, request)
	if err == nil && found {
		err = json.Unmarshal(answer, &a)
	}
	if err != nil {
		err = chat.Codef(chat.Unavailable, "unavailable", "the server of this connection does not answer: %w", err)
	}
	return a, found, err
}

// bindElsewhere is Bind for a socket that is not here.
func (s *Server) bindElsewhere(ctx context.Context, id *chat.Identity, history string, client chat.ClientID) error {
	a, found, err := s.elsewhere(ctx, client, &relayed{Bind: true, Identity: *id, History: history})
	switch {
	case err != nil:
		return err
	case !found:
		return chat.Codef(chat.NotFound, "no_such_socket", "there is no connection of that client_id")
	case a.Code != "":
		return chat.Codef(a.Kind, a.Code, "%s", a.Msg)
	}
	return nil
}

// holdSocket has other nodes' requests about a socket answered here.
func (s *Server) holdSocket(client chat.ClientID) (release func()) {
	if s.opts.Relay == nil {
		return func() {}
	}
	release, err := s.opts.Relay.Hold(client, func(ctx context.Context, request []byte) []byte {
		answer, err := json.Marshal(s.answerRelayed(ctx, client, request))
		if err != nil {
			return nil
		}
		return answer
	})
	if err != nil {
		s.log.WarnContext(s.ctx, "hold a socket for other nodes", "err", err)
		return func() {}
	}
	return release
}

func (s *Server) answerRelayed(ctx context.Context, client chat.ClientID, request []byte) relayedAnswer {
	var r relayed
	err := json.Unmarshal(request, &r)
	switch {
	case err != nil:
	case !r.Bind:
		return relayedAnswer{Live: s.liveHere(r.Identity.Actor, client)}
	case s.find(client) == nil: // it has just ended
		err = chat.Codef(chat.NotFound, "no_such_socket", "there is no connection of that client_id")
	default:
		err = s.Bind(ctx, &r.Identity, r.History, client)
	}
	if err == nil {
		return relayedAnswer{Live: true}
	}
	e := chat.AsError(err)
	return relayedAnswer{Kind: e.Kind, Code: e.Code, Msg: e.Msg}
}
