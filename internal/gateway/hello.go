package gateway

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"time"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Verifier tells from a token who its bearer is. Its errors are chat.Errors: of
// kind Unauthenticated with code "token_expired", "token_invalid" or
// "token_revoked" when the token does not count.
type Verifier interface {
	Verify(ctx context.Context, token string) (chat.Identity, error)
}

// pageSize is how many changed conversations a welcome carries at the most; the
// client fetches the others over REST.
const pageSize = 50

// greet carries out the first frame.
func (s *session) greet(isText bool, data []byte) {
	ctx, cancel := context.WithTimeout(s.gw.ctx, handleWithin)
	defer cancel()
	var f wire.ClientFrame
	err := decode(isText, data, &f)
	s.gw.stats.in(kindOf(&f))
	if err == nil {
		err = checkOne(&f)
	}
	if err != nil {
		s.fail(f.ID, kindOf(&f), err)
	}
	if err != nil || f.Hello == nil {
		s.close(wire.Bye{Code: byeHelloExpected, Message: "the first frame is a hello"})
		return
	}
	if err := s.enter(ctx, f.ID, f.Hello); err != nil {
		s.turnAway(ctx, err)
		return
	}
	s.greeted = true
}

// turnAway says goodbye to a client that cannot come in.
func (s *session) turnAway(ctx context.Context, err error) {
	e := chat.AsError(err)
	switch e.Kind {
	case chat.Unauthenticated:
		s.gw.log.InfoContext(ctx, "hello refused", "code", e.Code, "reason", err)
		s.close(tokenBye(e))
		return
	case chat.RateLimited:
		s.close(wire.Bye{Code: byeFlood, Message: e.Msg, RetryAfterMS: wire.FromError(err, "").RetryAfterMS})
		return
	case chat.Internal, chat.Invalid, chat.Denied, chat.NotFound, chat.Conflict, chat.TooLarge, chat.Unavailable:
	}
	s.gw.log.ErrorContext(ctx, "hello", "uid", s.actor.UID, "err", err)
	s.close(unavailableBye())
}

// enter lets a client in. The hub knows the session before its position is read,
// and what happens meanwhile waits behind the welcome: whatever is committed is
// either in the one or in the other.
func (s *session) enter(ctx context.Context, id int64, h *wire.Hello) error {
	who, err := s.gw.verifier.Verify(ctx, h.Token)
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	s.admit(&who)
	if err := s.gw.svc.Allow(chat.ActionRequest, s.actor); err != nil { // a welcome costs as much as a page of changes
		return err
	}
	s.gw.log.DebugContext(ctx, "hello", "uid", s.actor.UID, "agent", s.actor.Agent, "client", h.Client)
	if err := s.gw.svc.Meet(ctx, who); err != nil { // how somebody is shown is no reason to keep them out
		s.gw.log.WarnContext(ctx, "meet", "uid", who.Actor.UID, "err", err)
	}
	s.hold()
	if err := s.gw.join(s); err != nil {
		return err
	}
	if err := s.stillValid(ctx); err != nil {
		return err
	}
	p, err := s.welcome(ctx, id, h.Position)
	if err != nil {
		return err
	}
	s.gw.arrive(ctx, s) // first: who has the welcome in hand counts as here
	s.release(p)
	return nil
}

// admit keeps what the token says. The strings are copied, or each would keep a
// whole token alive.
func (s *session) admit(who *chat.Identity) {
	s.actor = chat.Actor{
		UID:       chat.UID(strings.Clone(string(who.Actor.UID))),
		Agent:     chat.AgentID(strings.Clone(string(who.Actor.Agent))),
		AgentName: strings.Clone(who.Actor.AgentName),
		Address:   strings.Clone(who.Actor.Address),
	}
	s.setToken(who)
}

func (s *session) setToken(who *chat.Identity) {
	s.issued.Store(who.IssuedAt.UnixMilli())
	s.taken.Store(s.gw.now().UnixMilli())
	s.expires.Store(who.ExpiresAt.UnixMilli())
}

// stillValid looks for a revocation that came between the verification of the
// token and the session's entry in the hub: that event did not reach it.
func (s *session) stillValid(ctx context.Context) error {
	at, err := s.gw.svc.RevokedAt(ctx, s.actor.UID)
	if err == nil && !at.IsZero() && s.issued.Load() < at.UnixMilli() {
		err = chat.Codef(chat.Unauthenticated, byeTokenRevoked, "all sessions were ended")
	}
	return err
}

// welcome encodes the answer to hello, with as much of the first page of changes
// as one frame holds.
func (s *session) welcome(ctx context.Context, id int64, since *wire.Position) (packet, error) {
	w := wire.Welcome{
		ClientID: string(s.id), UID: string(s.actor.UID), Agent: string(s.actor.Agent),
		HeartbeatMS: s.gw.opts.Heartbeat.Milliseconds(), ServerTime: s.gw.wall().UnixMilli(),
	}
	now, err := s.gw.svc.Position(ctx, s.actor.UID)
	if err != nil {
		return packet{}, err
	}
	w.Position = wire.FromPosition(now)
	s.gw.epoch.Store(&now.Epoch)
	f := wire.ServerFrame{ID: id, Welcome: &w}
	for limit := pageSize; since != nil; limit /= 2 {
		if w.Changes, w.Reset, err = s.changes(ctx, since, limit); err != nil {
			return packet{}, err
		}
		p, err := text(&f)
		if err != nil || len(p.payload) <= s.gw.limits.FrameBytes {
			s.gw.stats.out(&f)
			return p, err
		}
	}
	s.gw.stats.out(&f)
	return text(&f)
}

// changes returns a page of what changed since a position. With limit 0 it is
// empty and says that there is more.
func (s *session) changes(ctx context.Context, since *wire.Position, limit int) (*wire.Changes, bool, error) {
	if limit == 0 {
		return &wire.Changes{Conversations: []wire.Conversation{}, Position: *since, More: true}, false, nil
	}
	c, err := s.gw.svc.ChangedSince(ctx, s.actor, chat.Position{Epoch: chat.Epoch(since.Epoch), Pos: chat.Pos(since.Pos)}, limit)
	if err != nil || c.Reset {
		return nil, c.Reset, err
	}
	return wire.FromChanges(&c, s.actor.Side()), false, nil
}

// renew takes a fresh token for the same person.
func (s *session) renew(ctx context.Context, f *wire.ClientFrame) error {
	who, err := s.gw.verifier.Verify(ctx, f.Token.Token)
	if e, ok := errors.AsType[*chat.Error](err); ok && e.Kind == chat.Unauthenticated {
		s.gw.log.InfoContext(ctx, "token refused", "uid", s.actor.UID, "code", e.Code, "reason", err)
		s.close(tokenBye(e))
		return nil
	}
	if err != nil {
		return fmt.Errorf("verify: %w", err)
	}
	if who.Actor.UID != s.actor.UID || who.Actor.Agent != s.actor.Agent {
		s.close(wire.Bye{Code: byeWrongIdentity, Message: "this token is somebody else's", Final: true})
		return nil
	}
	s.setToken(&who)
	s.ack(f.ID, wire.Ack{})
	return nil
}

// revoke ends the session if its token was issued before at. One that was here before
// at was: what it says of its own time may be from before the clock was set back.
func (s *session) revoke(at time.Time) {
	since := s.gw.wall().UnixMilli() - (s.gw.now().UnixMilli() - s.taken.Load())
	if min(s.issued.Load(), since) < at.UnixMilli() {
		s.close(wire.Bye{Code: byeTokenRevoked, Message: "all sessions were ended", Final: true})
	}
}

// newRequestID names a failure in the log and to its client.
func newRequestID() string { return strings.ToLower(rand.Text()[:12]) }

// newClientID names a session.
func newClientID() chat.ClientID { return chat.ClientID(strings.ToLower(rand.Text())) }
