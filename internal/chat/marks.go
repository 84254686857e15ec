package chat

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"
)

// maxPendingMarks bounds the delivered watermarks that wait for the store. One
// that finds no room is refused; the device's next one says the same and more.
const maxPendingMarks = 50_000

// marksEvery is how long delivered watermarks gather while more come in. The
// first after a quiet time goes at once; in a lively conversation one stands for
// many, which saves the store rows and the sender frames.
const marksEvery = 50 * time.Millisecond

// markKey is one side of one conversation.
type markKey struct {
	conversation ConversationID
	side         Side
}

// markQueue merges delivered watermarks until the store takes them: however many
// come in during one commit, the next carries one per conversation and side.
type markQueue struct {
	mu      sync.Mutex
	pending map[markKey]Seq // guarded by mu
	wake    chan struct{}   // holds one token while pending may have something
}

func newMarkQueue() *markQueue {
	return &markQueue{pending: make(map[markKey]Seq), wake: make(chan struct{}, 1)}
}

func (q *markQueue) put(key markKey, seq Seq) bool {
	q.mu.Lock()
	before, known := q.pending[key]
	full := !known && len(q.pending) >= maxPendingMarks
	if !full {
		q.pending[key] = max(before, seq)
	}
	q.mu.Unlock()
	select {
	case q.wake <- struct{}{}:
	default: // it will look anyhow
	}
	return !full
}

func (q *markQueue) takeAll() []Mark {
	q.mu.Lock()
	pending := q.pending
	q.pending = make(map[markKey]Seq)
	q.mu.Unlock()
	marks := make([]Mark, 0, len(pending))
	for key, seq := range pending {
		marks = append(marks, Mark{Conversation: key.conversation, Side: key.side, Delivered: seq})
	}
	return marks
}

// Delivered notes that a device of the actor has every message up to seq. It
// does not wait for the store: a lost one is repeated by the device's next.
func (s *Service) Delivered(ctx context.Context, actor Actor, id ConversationID, seq Seq) error {
	_, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return err
	}
	if seq < 1 {
		return errSeq()
	}
	if !s.marks.put(markKey{id, side}, seq) {
		return Codef(Unavailable, "busy", "too much to do, try again in a moment")
	}
	return nil
}

// Run keeps delivered watermarks until ctx ends, and then once more what is
// still pending. It returns when all that was asked for is stored or refused; what is
// asked for after that is carried out before its caller is answered.
func (s *Service) Run(ctx context.Context) error {
	defer s.work.end()
	pause := time.NewTimer(0)
	defer pause.Stop()
	for {
		select {
		case <-pause.C:
		case <-ctx.Done():
			s.keepMarks(context.WithoutCancel(ctx))
			return nil
		}
		select {
		case <-s.marks.wake:
			pause.Reset(marksEvery)
			s.keepMarks(ctx)
		case <-ctx.Done():
			s.keepMarks(context.WithoutCancel(ctx))
			return nil
		}
	}
}

func (s *Service) keepMarks(ctx context.Context) {
	marks := s.marks.takeAll()
	if len(marks) == 0 {
		return
	}
	if _, err := s.advance(ctx, marks); err != nil {
		s.log.WarnContext(ctx, "keep delivered watermarks", "marks", len(marks), "err", err)
		for _, m := range marks { // and try again with the next
			s.marks.put(markKey{m.Conversation, m.Side}, m.Delivered)
		}
	}
}

// advance moves watermarks forward and tells of those that moved.
func (s *Service) advance(ctx context.Context, marks []Mark) ([]Advanced, error) {
	return carry(ctx, s, &change[[]Advanced, []Advanced]{
		ask: func(ctx context.Context) ([]Advanced, error) { return s.store.Advance(ctx, marks) },
		tell: func(ctx context.Context, moved []Advanced) ([]Advanced, error) {
			for i := range moved {
				s.announceAdvanced(ctx, &moved[i])
			}
			return moved, nil
		},
		touched: func() []UID { return s.of(marks) },
	})
}

// of returns whom marks concern, as far as that is at hand.
func (s *Service) of(marks []Mark) []UID {
	var list []UID
	for i := range marks {
		if uids, ok := s.members.get(marks[i].Conversation); ok {
			list = append(list, uids[:]...)
		}
	}
	return uniq(list)
}

// Read notes that the actor has read every message up to seq, and so has its
// side: all agents of a merchant count as one reader.
func (s *Service) Read(ctx context.Context, actor Actor, id ConversationID, seq Seq) error {
	_, side, err := s.membersFor(ctx, actor, id)
	if err != nil {
		return err
	}
	if seq < 1 {
		return errSeq()
	}
	moved, err := s.advance(ctx, []Mark{{Conversation: id, Side: side, Read: seq}})
	if err != nil {
		return fmt.Errorf("read up to %d: %w", seq, err)
	}
	if len(moved) > 0 {
		return nil
	}
	conv, err := s.store.Conversation(ctx, id)
	if err == nil && seq > conv.LastSeq {
		return errSeq()
	}
	return err
}

func errSeq() error {
	return Codef(Invalid, "invalid_seq", "seq is 1 or more, and not beyond the last message")
}

// announceAdvanced tells both sides that something was read, and the other side
// that something was delivered.
func (s *Service) announceAdvanced(ctx context.Context, a *Advanced) {
	state := &a.Conversation.Sides[a.Side]
	ev := WatermarkEvent{
		Conversation: a.Conversation.ID, Rev: a.Conversation.Rev, Side: a.Side,
		Seq: state.Delivered, Unread: state.Unread,
	}
	pos := a.Conversation.Positions()
	if a.Read {
		ev.Seq = state.Read
		s.announce(ctx, a.Conversation.UIDs, Event{Pos: pos, Read: &ev})
		return
	}
	pos[a.Side] = 0
	topic := Topic{EventsOf, a.Conversation.UIDs[a.Side.Other()]}
	s.publish(ctx, []Topic{topic}, Event{Pos: pos, Delivered: &ev})
}

// uniq returns the distinct members of list, sorted.
func uniq[T ~string](list []T) []T {
	set := make(map[T]struct{}, len(list))
	for _, v := range list {
		set[v] = struct{}{}
	}
	return slices.Sorted(maps.Keys(set))
}
