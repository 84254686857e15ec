package gateway

import (
	"context"
	"maps"
	"slices"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// handleWatch replaces what the session watches and tells how things stand. The
// node subscribes before it asks, and changes that come in meanwhile follow the
// answer, so the last a client hears is the latest.
func (s *session) handleWatch(ctx context.Context, f *wire.ClientFrame) error {
	uids, err := s.toWatch(f.Watch.UIDs)
	if err != nil {
		return err
	}
	known, err := s.gw.svc.Watchable(ctx, s.actor, uids)
	if err != nil {
		return err
	}
	hidden := without(uids, known)
	uids = known
	added, ended, ok := s.gw.hub.watch(s, uids)
	if !ok {
		return nil // it has just ended
	}
	err = s.gw.interest.add(chat.PresenceOf, added)
	s.gw.interest.drop(chat.PresenceOf, ended)
	if err != nil {
		return err
	}
	s.ack(f.ID, wire.Ack{})
	if len(hidden) > 0 {
		s.tell(hidden)
	}
	there, err := s.gw.svc.Presence(ctx, uids)
	if err == nil && len(there) > 0 {
		s.gw.hub.unsure(there)
		s.tell(there)
		s.gw.correct(there)
	}
	for news := s.gw.hub.newsFor(s); len(news) > 0; news = s.gw.hub.newsFor(s) {
		changed := make(map[chat.UID]chat.Presence, len(news))
		for uid, online := range news {
			changed[uid] = presenceOf(online)
		}
		s.tell(changed)
	}
	return err
}

// toWatch checks the uids of a watch and returns them sorted, each once.
func (s *session) toWatch(names []string) ([]chat.UID, error) {
	if limit := s.gw.limits.Watched; len(names) > limit {
		return nil, chat.Codef(chat.TooLarge, "too_many_uids", "at most %d uids at a time", limit)
	}
	set := make(map[chat.UID]struct{}, len(names))
	for _, name := range names {
		uid, err := chat.ParseUID(name)
		if err != nil {
			return nil, err
		}
		set[uid] = struct{}{}
	}
	return slices.Sorted(maps.Keys(set)), nil
}

// without returns what is answered for those of asked that are not the actor's
// business.
func without(asked, known []chat.UID) map[chat.UID]chat.Presence {
	hidden := make(map[chat.UID]chat.Presence)
	for _, uid := range asked {
		if !slices.Contains(known, uid) {
			hidden[uid] = chat.PresenceUnknown
		}
	}
	return hidden
}

func (s *session) tell(known map[chat.UID]chat.Presence) {
	uids := make(map[string]string, len(known))
	for uid, p := range known {
		uids[string(uid)] = wire.PresenceName(p)
	}
	s.answer(&wire.ServerFrame{Presence: &wire.PresenceEvent{UIDs: uids}})
}
