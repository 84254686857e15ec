// Package natsbus is the chat.Bus of several nodes, over NATS (its core: nothing is
// kept there).
//
// Each uid has a subject for its events, which a node subscribes to while it holds a
// session of that uid, and one for the news of its presence. Whether somebody is there
// is asked on the former: where nobody subscribes, NATS says so at once, and of those
// who do, only nodes with a fresh session answer.
//
// What is published here reaches this node's own receiver without NATS, so a node that
// is cut off goes on serving its own. What others may have missed meanwhile they are
// told to look for in the store: by Resync, when a connection comes back, a queue
// overflowed or another node says that it lost something.
package natsbus

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/nats-io/nats.go"

	"haggle/internal/chat"
)

// closeWithin is how long what is on its way may take when the bus is closed.
const closeWithin = 2 * time.Second

// Bus is a node's place on the bus. Its methods may be called concurrently.
type Bus struct {
	opts  Options
	log   *slog.Logger
	conn  *nats.Conn
	stats *stats

	receiver atomic.Pointer[chat.Receiver]
	link     link
	in       chan *nats.Msg // of all subscriptions; being full loses events, see lossy
	out      chan outgoing  // to NATS; being full loses events, see lost
	asked    *questions
	known    *known
	sessions *sessions
	roll     roll

	stop    chan struct{} // closed by Close
	cancel  func()        // ends what is done for other nodes
	closing sync.Once
	work    sync.WaitGroup

	// subscribing is held while NATS is told, which may wait for a network that takes
	// nothing; mu is not, as publishers need it.
	subscribing sync.Mutex
	mu          sync.RWMutex
	topics      map[chat.Topic]*nats.Subscription // changed with both, read with either
}

var _ chat.Bus = (*Bus)(nil)

// outgoing is a message on its way to NATS.
type outgoing struct {
	subject string
	reply   string
	data    []byte
}

// Open returns a Bus on the NATS that opts name, which works until Close, whatever
// becomes of ctx. One that is not there, or does not let
// this node in, is no error: it is tried again until Close, and Connected says no until
// then. What is wrong with the options themselves is an error.
func Open(ctx context.Context, opts Options, log *slog.Logger) (*Bus, error) {
	opts = opts.withDefaults()
	b := &Bus{
		opts: opts, log: log, stats: newStats(),
		in: make(chan *nats.Msg, opts.Receiving), out: make(chan outgoing, opts.Sending),
		asked: newQuestions(opts.Prefix), known: newKnown(), sessions: newSessions(), stop: make(chan struct{}),
		topics: make(map[chat.Topic]*nats.Subscription),
	}
	b.link.began, b.link.wake = time.Now(), make(chan struct{}, 1)
	ctx = context.WithoutCancel(ctx)
	settings, err := opts.nats()
	if err != nil {
		return nil, err
	}
	if b.conn, err = nats.Connect(strings.Join(opts.URLs, ","), append(settings, b.handlers(ctx)...)...); err != nil {
		return nil, fmt.Errorf("connect to NATS: %w", plain(err))
	}
	ctx, b.cancel = context.WithCancel(ctx)
	b.link.begin(b.conn.IsConnected())
	for _, subject := range []string{b.opts.Prefix + resyncSubject, b.asked.inbox + ".*.*"} {
		if _, err := b.conn.ChanSubscribe(subject, b.in); err != nil {
			b.cancel()
			b.conn.Close()
			return nil, fmt.Errorf("subscribe: %w", err)
		}
	}
	b.work.Go(func() { b.receive(ctx) })
	b.work.Go(b.send)
	b.work.Go(func() { b.lookUp(ctx) })
	return b, nil
}

// Close sends what waits to be sent, leaves all subjects and ends the connection.
// Nothing is delivered any more when it returns.
func (b *Bus) Close() error {
	b.closing.Do(func() {
		close(b.stop)
		b.cancel()
		b.work.Wait()
		if b.conn.IsConnected() {
			// What is buffered goes out; with the connection the subscriptions end.
			if err := b.conn.FlushTimeout(closeWithin); err != nil {
				b.log.Warn("the last events before the stop may not have reached the bus", "err", err)
			}
		}
		b.conn.Close()
	})
	return nil
}

// Attach implements chat.Bus.
func (b *Bus) Attach(r chat.Receiver) { b.receiver.Store(&r) }

// Publish implements chat.Bus. It hands ev to this node's receiver and leaves the rest
// to a goroutine of the bus: what NATS does, or does not, is not its caller's. Its only
// error is an event that cannot be encoded.
func (b *Bus) Publish(_ context.Context, topics []chat.Topic, ev chat.Event) error {
	if r := b.receiver.Load(); r != nil {
		for _, topic := range topics {
			if b.subscribes(topic) {
				(*r).Deliver(topic, ev)
			}
		}
	}
	if !b.link.connected() {
		b.lose("disconnected", len(topics))
		return nil
	}
	data, err := encode(&ev)
	if err != nil {
		return err
	}
	for _, topic := range topics {
		b.push(outgoing{subject: b.subject(topic), data: data})
	}
	return nil
}

// Subscribe implements chat.Bus. NATS learns of it a moment later.
func (b *Bus) Subscribe(topic chat.Topic) error {
	b.subscribing.Lock()
	defer b.subscribing.Unlock()
	if b.topics[topic] != nil {
		return nil
	}
	sub, err := b.conn.ChanSubscribe(b.subject(topic), b.in)
	if err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.topics[topic] = sub
	return nil
}

// Unsubscribe implements chat.Bus.
func (b *Bus) Unsubscribe(topic chat.Topic) error {
	b.subscribing.Lock()
	defer b.subscribing.Unlock()
	sub := b.topics[topic]
	if sub == nil {
		return nil
	}
	b.mu.Lock()
	delete(b.topics, topic)
	b.mu.Unlock()
	if topic.Kind == chat.PresenceOf {
		b.known.forget(topic.UID) // nobody tells us of changes any more
	}
	if err := sub.Unsubscribe(); err != nil && !errors.Is(err, nats.ErrConnectionClosed) {
		return fmt.Errorf("unsubscribe: %w", err)
	}
	return nil
}

// Flush returns once NATS has taken all subscriptions so far.
func (b *Bus) Flush(ctx context.Context) error { return b.conn.FlushWithContext(ctx) }

func (b *Bus) subscribes(topic chat.Topic) bool {
	b.mu.RLock()
	defer b.mu.RUnlock()
	return b.topics[topic] != nil
}

// The parts of subjects behind the prefix.
const (
	eventsSubject   = ".u." // the events of a uid, and the question whether it is there
	presenceSubject = ".p." // the news of its presence
	resyncSubject   = ".resync"
)

// subject names a topic. A uid may hold dots, which mean something to NATS.
func (b *Bus) subject(topic chat.Topic) string {
	kind := eventsSubject
	if topic.Kind == chat.PresenceOf {
		kind = presenceSubject
	}
	return b.opts.Prefix + kind + base64.RawURLEncoding.EncodeToString([]byte(topic.UID))
}

// topic is what a subject names.
func (b *Bus) topic(subject string) (t chat.Topic, ok bool) {
	rest, ok := strings.CutPrefix(subject, b.opts.Prefix)
	if !ok {
		return t, false
	}
	name, ok := strings.CutPrefix(rest, eventsSubject)
	if !ok {
		t.Kind = chat.PresenceOf
		if name, ok = strings.CutPrefix(rest, presenceSubject); !ok {
			return t, false
		}
	}
	uid, err := base64.RawURLEncoding.DecodeString(name)
	t.UID = chat.UID(uid)
	return t, err == nil
}
