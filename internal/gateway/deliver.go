package gateway

import (
	"context"

	"github.com/go-json-experiment/json/jsontext"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Online implements chat.Receiver.
func (g *Gateway) Online(uid chat.UID) bool { return g.hub.online(uid, g.now()) }

// Resync implements chat.Receiver: the next heartbeats, with their positions,
// come within seconds, and clients fetch what they find themselves to lack.
func (g *Gateway) Resync() { g.resync.Store(true) }

// Deliver implements chat.Receiver.
func (g *Gateway) Deliver(topic chat.Topic, ev chat.Event) {
	switch {
	case topic.Kind == chat.PresenceOf:
		g.deliverPresence(topic.UID, ev.Presence)
	case ev.Revoked != nil:
		for _, s := range g.hub.sessionsOf(topic.UID, nil) {
			s.revoke(ev.Revoked.At)
		}
	default:
		g.deliverEvent(topic.UID, &ev)
	}
}

// deliverEvent queues an event for the sessions of uid, encoded once for all of
// them.
func (g *Gateway) deliverEvent(uid chat.UID, ev *chat.Event) {
	var room [8]*session
	var p packet
	var f wire.ServerFrame
	for _, s := range g.hub.sessionsOf(uid, room[:0]) {
		if ev.Origin != "" && s.id == ev.Origin {
			continue
		}
		if p.payload == nil {
			var err error
			if f = frameOf(ev, uid.Side()); f == (wire.ServerFrame{}) {
				g.beatSoon(uid) // something has changed that is not said, or not in words of this version
				return
			}
			if p, err = g.fitting(&f, ev.Pos[uid.Side()]); err != nil {
				g.log.ErrorContext(g.ctx, "encode event", "err", err)
				return
			}
		}
		g.stats.out(&f)
		s.enqueue(p)
	}
}

// fitting encodes f. What is too large for a frame becomes a heartbeat with the
// new position, on which clients fetch the change.
func (g *Gateway) fitting(f *wire.ServerFrame, pos chat.Pos) (packet, error) {
	p, err := text(f)
	if err != nil || len(p.payload) <= g.limits.FrameBytes || pos == 0 {
		return p, err
	}
	*f = wire.ServerFrame{Heartbeat: &wire.Heartbeat{
		Position: &wire.Position{Epoch: string(*g.epoch.Load()), Pos: int64(pos)},
	}}
	return text(f)
}

// frameOf translates an event for the side that will read it.
func frameOf(ev *chat.Event, reader chat.Side) wire.ServerFrame {
	pos := int64(ev.Pos[reader])
	switch {
	case ev.Message != nil:
		return wire.ServerFrame{Message: &wire.MessageEvent{Pos: pos, Message: wire.FromMessage(ev.Message)}}
	case ev.Delivered != nil:
		return wire.ServerFrame{Delivered: markOf(ev.Delivered, pos)}
	case ev.Read != nil:
		return wire.ServerFrame{Read: markOf(ev.Read, pos)}
	case ev.Recall != nil:
		return wire.ServerFrame{Recall: &wire.RecallEvent{Pos: pos, Recall: wire.FromRecall(ev.Recall)}}
	case ev.Conversation != nil:
		return wire.ServerFrame{Conversation: &wire.ConversationEvent{Pos: pos, Conversation: wire.FromConversation(ev.Conversation, reader)}}
	case ev.Typing != nil:
		t := ev.Typing
		return wire.ServerFrame{Typing: &wire.TypingEvent{Conversation: string(t.Conversation), UID: string(t.UID), AgentName: t.AgentName}}
	case ev.Colleague != nil:
		c := ev.Colleague
		return wire.ServerFrame{Colleague: &wire.ColleagueEvent{
			Conversation: string(c.Conversation), Agent: string(c.Agent), AgentName: c.AgentName, Typing: c.Typing,
		}}
	case ev.Push != nil:
		return wire.ServerFrame{Push: &wire.PushEvent{Payload: jsontext.Value(ev.Push.Payload)}}
	}
	return wire.ServerFrame{}
}

func markOf(m *chat.WatermarkEvent, pos int64) *wire.WatermarkEvent {
	return &wire.WatermarkEvent{
		Pos: pos, Conversation: string(m.Conversation), Rev: int64(m.Rev),
		Side: wire.SideName(m.Side), Seq: int64(m.Seq), Unread: m.Unread,
	}
}

// deliverPresence tells those who watch uid. That it is offline may have been
// overtaken by its return, so it is told how things are now.
func (g *Gateway) deliverPresence(uid chat.UID, ev *chat.PresenceEvent) {
	if ev == nil {
		return
	}
	online := ev.Online || g.Online(uid)
	var room [8]*session
	watching := g.hub.watching(uid, online, room[:0])
	if len(watching) == 0 {
		return
	}
	f := wire.ServerFrame{Presence: &wire.PresenceEvent{
		UIDs: map[string]string{string(uid): wire.PresenceName(presenceOf(online))},
	}}
	p, err := text(&f)
	if err != nil {
		g.log.ErrorContext(g.ctx, "encode presence", "err", err)
		return
	}
	for _, s := range watching {
		g.stats.out(&f)
		s.enqueue(p)
	}
}

// announcePresence tells every node that uid came or went. A lost announcement
// is put right when a client asks again.
func (g *Gateway) announcePresence(ctx context.Context, uid chat.UID, online bool) {
	err := g.bus.Publish(ctx, []chat.Topic{{Kind: chat.PresenceOf, UID: uid}}, chat.Event{
		Presence: &chat.PresenceEvent{UID: uid, Online: online},
	})
	if err != nil {
		g.log.WarnContext(ctx, "announce presence", "uid", uid, "err", err)
	}
}
