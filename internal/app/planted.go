//go:build planted

package app

import (
	"context"
	"crypto/rand"
	"fmt"
	mathrand "math/rand/v2"
	"os"
	"sync"
	"time"

	"haggle/internal/chat"
)

// plantedFault names the fault that is planted; not in serve's own environment, so that
// no setting can be taken for it.
const plantedFault = "PLANTED_FAULT"

// planted breaks one promise of the store or the bus, for "haggle torture" to find.
func planted(store chat.Store, bus chat.Bus) (chat.Store, chat.Bus, error) {
	switch fault := os.Getenv(plantedFault); fault {
	case "":
		return store, bus, nil
	case "dedupe":
		return forgetfulStore{store}, bus, nil
	case "ack-before-sync":
		return &hastyStore{Store: store, pending: make(map[chat.ConversationID]int64)}, bus, nil
	case "resync-by-time":
		return &clockStore{Store: store, since: make(map[timeKey]time.Time)}, bus, nil
	case "seq-before-lock":
		return unlockedStore{store}, bus, nil
	case "lost-events":
		s := &blindStore{Store: store, told: make(map[chat.UID]chat.Pos)}
		return s, &deafBus{Bus: bus, store: s}, nil
	default:
		return nil, nil, fmt.Errorf("%s is %q, which is no fault", plantedFault, fault)
	}
}

// forgetfulStore stores a repeat again.
type forgetfulStore struct{ chat.Store }

// Append implements chat.Store.
func (s forgetfulStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	a.Nonce = chat.Nonce(rand.Text())
	return s.Store.Append(ctx, a)
}

// MessageByNonce implements chat.Store.
func (s forgetfulStore) MessageByNonce(context.Context, chat.ConversationID, chat.UID, chat.Nonce) (chat.Message, []byte, error) {
	return chat.Message{}, nil, chat.Errorf(chat.NotFound, "forgotten")
}

// hastyStore answers for a message first and stores it soon after: what was answered for
// is lost when the process dies in between.
type hastyStore struct {
	chat.Store

	mu      sync.Mutex
	pending map[chat.ConversationID]int64 // guarded by mu; answered for and not stored
}

// hastyDelay is how long a message that was answered for is not stored.
const hastyDelay = 300 * time.Millisecond

// Append implements chat.Store. What begins a conversation, and repeats, go the right way.
func (s *hastyStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	if _, _, err := s.MessageByNonce(ctx, a.Conversation, a.Sender, a.Nonce); a.Start != nil || chat.KindOf(err) != chat.NotFound {
		return s.Store.Append(ctx, a)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	conv, err := s.Conversation(ctx, a.Conversation)
	if err != nil {
		return chat.Appended{}, err
	}
	s.pending[a.Conversation]++
	ahead := s.pending[a.Conversation]
	conv.LastSeq += chat.Seq(ahead)
	conv.Rev += chat.Rev(ahead)
	for side := range conv.Sides {
		conv.Sides[side].Pos += chat.Pos(ahead)
	}
	ctx = context.WithoutCancel(ctx)
	time.AfterFunc(hastyDelay, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.pending[a.Conversation]--
		_, _ = s.Store.Append(ctx, a) // nobody waits for it
	})
	return chat.Appended{Fresh: true, Conversation: conv, Message: chat.Message{
		Conversation: conv.ID, Seq: conv.LastSeq, Rev: conv.Rev, Sender: a.Sender, Agent: a.Agent, AgentName: a.AgentName,
		Nonce: a.Nonce, Blocks: a.Blocks, SentAt: a.SentAt,
	}}, nil
}

// clockStore finds what changed since the time at which a position was handed out, by
// the time of the last message, in place of what changed since the position.
type clockStore struct {
	chat.Store

	mu    sync.Mutex
	since map[timeKey]time.Time // guarded by mu
}

type timeKey struct {
	uid chat.UID
	pos chat.Pos
}

// handedOut notes the first time that somebody knew of a position.
func (s *clockStore) handedOut(uid chat.UID, pos chat.Pos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, known := s.since[timeKey{uid, pos}]; !known {
		s.since[timeKey{uid, pos}] = time.Now()
	}
}

// Positions implements chat.Store.
func (s *clockStore) Positions(ctx context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	epoch, all, err := s.Store.Positions(ctx, uids)
	for uid, pos := range all {
		s.handedOut(uid, pos)
	}
	return epoch, all, err
}

// Append implements chat.Store.
func (s *clockStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	done, err := s.Store.Append(ctx, a)
	if err == nil {
		for side, uid := range done.Conversation.UIDs {
			s.handedOut(uid, done.Conversation.Sides[side].Pos)
		}
	}
	return done, err
}

// ChangedSince implements chat.Store.
func (s *clockStore) ChangedSince(ctx context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	all, err := s.Store.ChangedSince(ctx, uid, after, limit)
	s.mu.Lock()
	since, known := s.since[timeKey{uid, after}]
	s.mu.Unlock()
	if err != nil || !known || after == 0 {
		return all, err
	}
	var some []chat.Conversation
	for _, c := range all {
		if c.LastAt.After(since) {
			some = append(some, c)
		}
	}
	return some, nil
}

// unlockedStore takes the next seq from what it read before it had the conversation to
// itself. The store's own constraints keep that from being stored, so it is answered.
type unlockedStore struct{ chat.Store }

// unlockedFor makes the race a little wider.
const unlockedFor = 10 * time.Millisecond

// Append implements chat.Store.
func (s unlockedStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	if a.Start != nil {
		return s.Store.Append(ctx, a)
	}
	conv, err := s.Conversation(ctx, a.Conversation)
	if err != nil {
		return chat.Appended{}, err
	}
	<-time.After(unlockedFor)
	done, err := s.Store.Append(ctx, a)
	if err == nil && done.Fresh {
		done.Message.Seq = conv.LastSeq + 1
	}
	return done, err
}

// blindStore knows of positions only what was told: by events that were not lost, and by
// its own answers. So heartbeats tell nobody of what they missed.
type blindStore struct {
	chat.Store

	mu   sync.Mutex
	told map[chat.UID]chat.Pos // guarded by mu
}

// tell notes that somebody was told of a position.
func (s *blindStore) tell(uid chat.UID, pos chat.Pos) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.told[uid] = max(s.told[uid], pos)
}

// Positions implements chat.Store. What was there before the process began is known.
func (s *blindStore) Positions(ctx context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	epoch, all, err := s.Store.Positions(ctx, uids)
	s.mu.Lock()
	defer s.mu.Unlock()
	for uid, pos := range all {
		if told, known := s.told[uid]; known {
			all[uid] = min(told, pos)
		} else {
			s.told[uid] = pos
		}
	}
	return epoch, all, err
}

// Append implements chat.Store.
func (s *blindStore) Append(ctx context.Context, a chat.Append) (chat.Appended, error) {
	done, err := s.Store.Append(ctx, a)
	if err == nil {
		s.tell(a.Sender, done.Conversation.Sides[a.Sender.Side()].Pos)
	}
	return done, err
}

// ChangedSince implements chat.Store.
func (s *blindStore) ChangedSince(ctx context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	some, err := s.Store.ChangedSince(ctx, uid, after, limit)
	if n := len(some); n > 0 {
		s.tell(uid, some[n-1].Sides[uid.Side()].Pos)
	}
	return some, err
}

// deafBus loses two of three events.
type deafBus struct {
	chat.Bus

	store *blindStore
}

// Publish implements chat.Bus.
func (b *deafBus) Publish(ctx context.Context, topics []chat.Topic, ev chat.Event) error {
	if mathrand.IntN(3) > 0 { //nolint:gosec // what is lost is nobody's secret
		return nil
	}
	for _, t := range topics {
		if side := t.UID.Side(); side != chat.NoSide {
			b.store.tell(t.UID, ev.Pos[side])
		}
	}
	return b.Bus.Publish(ctx, topics, ev)
}
