package gateway

import (
	"context"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// handle carries out a frame that holds exactly one request. An error is
// answered by its caller.
func (s *session) handle(ctx context.Context, f *wire.ClientFrame) error {
	switch {
	case f.Send != nil:
		return s.handleSend(ctx, f)
	case f.Delivered != nil:
		return s.handleDelivered(ctx, f)
	case f.Read != nil:
		return s.handleRead(ctx, f)
	case f.Recall != nil:
		return s.handleRecall(ctx, f)
	case f.Typing != nil:
		return s.handleTyping(ctx, f)
	case f.Viewing != nil:
		return s.handleViewing(ctx, f)
	case f.Watch != nil:
		return s.handleWatch(ctx, f)
	case f.Token != nil:
		return s.renew(ctx, f)
	case f.Heartbeat != nil:
		return s.handleHeartbeat(ctx, f)
	}
	return chat.Codef(chat.Invalid, "invalid_frame", "hello comes once, and first")
}

func (s *session) handleSend(ctx context.Context, f *wire.ClientFrame) error {
	began := s.gw.now()
	done, err := s.gw.svc.Send(ctx, s.actor, wire.ToDraft(f.Send), s.id)
	if err != nil {
		return err
	}
	s.gw.stats.sendSeconds.Observe(s.gw.now().Sub(began).Seconds())
	s.ack(f.ID, wire.FromAppended(&done, s.actor.Side()))
	return nil
}

func (s *session) handleDelivered(ctx context.Context, f *wire.ClientFrame) error {
	m := f.Delivered
	if err := s.gw.svc.Delivered(ctx, s.actor, chat.ConversationID(m.Conversation), chat.Seq(m.Seq)); err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{Conversation: m.Conversation, Seq: m.Seq})
	return nil
}

func (s *session) handleRead(ctx context.Context, f *wire.ClientFrame) error {
	m := f.Read
	if err := s.gw.svc.Read(ctx, s.actor, chat.ConversationID(m.Conversation), chat.Seq(m.Seq)); err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{Conversation: m.Conversation, Seq: m.Seq})
	return nil
}

func (s *session) handleRecall(ctx context.Context, f *wire.ClientFrame) error {
	r := f.Recall
	done, err := s.gw.svc.Recall(ctx, s.actor, chat.ConversationID(r.Conversation), chat.Seq(r.Seq), s.id)
	if err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{
		Conversation: r.Conversation, Seq: r.Seq, Rev: int64(done.Recall.Rev),
		Pos: int64(done.Conversation.Sides[s.actor.Side()].Pos),
	})
	return nil
}

func (s *session) handleTyping(ctx context.Context, f *wire.ClientFrame) error {
	if err := s.gw.svc.Typing(ctx, s.actor, chat.ConversationID(f.Typing.Conversation), s.id); err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{Conversation: f.Typing.Conversation})
	return nil
}

func (s *session) handleViewing(ctx context.Context, f *wire.ClientFrame) error {
	if err := s.gw.svc.Viewing(ctx, s.actor, chat.ConversationID(f.Viewing.Conversation), s.id); err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{Conversation: f.Viewing.Conversation})
	return nil
}

// handleHeartbeat answers a heartbeat that the client began: it has an id, while
// the answer to ours has none.
func (s *session) handleHeartbeat(ctx context.Context, f *wire.ClientFrame) error {
	if f.ID == 0 {
		return nil
	}
	now, err := s.gw.svc.Position(ctx, s.actor.UID)
	if err != nil {
		return err
	}
	position := wire.FromPosition(now)
	s.answer(&wire.ServerFrame{ID: f.ID, Heartbeat: &wire.Heartbeat{Position: &position}})
	return nil
}

// ack answers a frame that asked for an answer.
func (s *session) ack(id int64, a wire.Ack) {
	if id > 0 {
		s.answer(&wire.ServerFrame{ID: id, Ack: &a})
	}
}
