package natsbus

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"haggle/internal/chat"
)

const (
	sessionSubject = ".s." // what is asked for one session

	// maxAnswering bounds the requests of other nodes that are being answered. One more
	// waits until whoever asked gives up.
	maxAnswering = 64

	// answerWithin is how long one of them may take.
	answerWithin = 15 * time.Second
)

// sessions are those that other nodes ask something for.
type sessions struct {
	answering chan struct{} // as many as are being answered

	mu   sync.Mutex
	held map[chat.ClientID]func(ctx context.Context, request []byte) []byte // guarded by mu
}

func newSessions() *sessions {
	return &sessions{
		answering: make(chan struct{}, maxAnswering),
		held:      make(map[chat.ClientID]func(context.Context, []byte) []byte),
	}
}

// Hold has what other nodes ask for id answered here, until release is called. answer is
// called from a goroutine of its own; its context ends when nobody waits any more. id is
// of letters and digits.
func (b *Bus) Hold(id chat.ClientID, answer func(ctx context.Context, request []byte) []byte) (release func(), err error) {
	b.sessions.mu.Lock()
	b.sessions.held[id] = answer
	b.sessions.mu.Unlock()
	sub, err := b.conn.ChanSubscribe(b.opts.Prefix+sessionSubject+string(id), b.in)
	forget := func() {
		b.sessions.mu.Lock()
		defer b.sessions.mu.Unlock()
		delete(b.sessions.held, id)
	}
	if err != nil {
		forget()
		return nil, fmt.Errorf("subscribe: %w", err)
	}
	return func() {
		forget()
		_ = sub.Unsubscribe() // a connection that is closed has no subscriptions
	}, nil
}

// Ask returns what the node that holds id answers; found is false if none does. An error
// says that nobody knows whether the request was carried out.
func (b *Bus) Ask(ctx context.Context, id chat.ClientID, request []byte) (answer []byte, found bool, err error) {
	m, err := b.conn.RequestWithContext(ctx, b.opts.Prefix+sessionSubject+string(id), request)
	switch {
	case errors.Is(err, nats.ErrNoResponders):
		return nil, false, nil
	case err != nil:
		return nil, false, fmt.Errorf("ask another node: %w", err)
	}
	return m.Data, true, nil
}

// take has a request answered, and reports whether m is one.
func (s *sessions) take(ctx context.Context, b *Bus, m *nats.Msg) bool {
	id, ok := strings.CutPrefix(m.Subject, b.opts.Prefix+sessionSubject)
	if !ok {
		return false
	}
	s.mu.Lock()
	answer := s.held[chat.ClientID(id)]
	s.mu.Unlock()
	if answer == nil || m.Reply == "" {
		return true
	}
	select {
	case s.answering <- struct{}{}:
	default:
		b.stats.unasked.Inc()
		return true
	}
	b.work.Go(func() {
		defer func() { <-s.answering }()
		ctx, cancel := context.WithTimeout(ctx, answerWithin)
		defer cancel()
		b.push(outgoing{subject: m.Reply, data: answer(ctx, m.Data)})
	})
	return true
}
