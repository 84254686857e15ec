package chat

import (
	"context"
	"fmt"
	"time"
)

// What is said is indexed in small steps: each holds up the sends that come
// meanwhile.
const (
	indexTurn   = 500 * time.Millisecond // between looks for what is new
	indexBatch  = 50                     // messages in a step
	indexWithin = 10 * time.Second
	indexYield  = 4 // with much to do, the others get this many times what a step took
)

// FoundMessageView is a message that was searched for, with what is needed to draw it.
type FoundMessageView struct {
	Message      Message
	Conversation ConversationView // Last is nil
	Place        SearchPlace
}

// SearchMessages returns a page of the messages in the actor's conversations that hold
// q.Text, the latest first. q.UID is the actor's whatever it says.
func (s *Service) SearchMessages(ctx context.Context, actor Actor, q MessageQuery) ([]FoundMessageView, error) {
	q.UID, q.Limit = actor.UID, s.pageSize(q.Limit)
	if q.Conversation != "" {
		if _, _, err := s.membersFor(ctx, actor, q.Conversation); err != nil {
			return nil, err
		}
	}
	found, err := s.store.SearchMessages(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("search messages: %w", err)
	}
	convs := make([]Conversation, len(found))
	for i := range found {
		convs[i] = found[i].Conversation
	}
	views, err := s.views(ctx, convs)
	if err != nil {
		return nil, err
	}
	list := make([]FoundMessageView, len(found))
	for i := range found {
		list[i] = FoundMessageView{Message: found[i].Message, Conversation: views[i], Place: found[i].Place}
	}
	return list, nil
}

// Index makes what is said searchable, until ctx ends. A store that does not take it
// is tried again: nothing but a search waits for it.
func (s *Service) Index(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
		}
		began := time.Now()
		n, err := s.index(ctx)
		wait := indexTurn
		switch {
		case err != nil && ctx.Err() == nil:
			s.log.WarnContext(ctx, "index messages", "err", err)
			wait = indexWithin
		case n == indexBatch:
			wait = indexYield * time.Since(began)
		}
		timer.Reset(wait)
	}
}

func (s *Service) index(ctx context.Context) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, indexWithin)
	defer cancel()
	return s.store.IndexMessages(ctx, indexBatch)
}
