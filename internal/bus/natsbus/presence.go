package natsbus

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats.go"

	"haggle/internal/chat"
)

// maxAsking bounds how many calls of Presence wait at once. One more is answered that
// nobody knows.
const maxAsking = 1024

// questions are the calls of Presence that wait for answers. An answer comes to the
// subject inbox.CALL.PLACE, where PLACE is that of the uid among those asked for.
type questions struct {
	inbox string

	mu    sync.Mutex
	last  uint64                      // guarded by mu
	calls map[string]chan<- *nats.Msg // by CALL; guarded by mu
}

func newQuestions(prefix string) *questions {
	return &questions{
		inbox: prefix + ".inbox." + nats.NewInbox()[len(nats.InboxPrefix):],
		calls: make(map[string]chan<- *nats.Msg),
	}
}

// begin makes room for n answers, from two nodes each, and names the call.
func (q *questions) begin(n int) (call string, answers <-chan *nats.Msg, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.calls) >= maxAsking {
		return "", nil, false
	}
	q.last++
	call = strconv.FormatUint(q.last, 36)
	c := make(chan *nats.Msg, 2*n)
	q.calls[call] = c
	return call, c, true
}

func (q *questions) end(call string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	delete(q.calls, call)
}

// take hands an answer to who waits for it, and reports whether m is one.
func (q *questions) take(m *nats.Msg) bool {
	rest, ok := strings.CutPrefix(m.Subject, q.inbox+".")
	if !ok {
		return false
	}
	call, _, _ := strings.Cut(rest, ".")
	q.mu.Lock()
	answers := q.calls[call]
	q.mu.Unlock()
	if answers != nil {
		select {
		case answers <- m:
		default: // many nodes hold sessions of the same people: one answer each is enough
		}
	}
	return true
}

// place returns which of the uids asked for an answer is about.
func place(m *nats.Msg, n int) (int, bool) {
	i, err := strconv.Atoi(m.Subject[strings.LastIndexByte(m.Subject, '.')+1:])
	return i, err == nil && i >= 0 && i < n
}

// nobody reports whether NATS answered for want of anybody who might.
func nobody(m *nats.Msg) bool { return len(m.Data) == 0 && m.Header.Get("Status") == "503" }

// Presence implements chat.Bus: one message for each uid that is not here, all at once.
// Whom nobody subscribes to is offline, whom a node answers for is online. Where nodes
// subscribe and none answers, which is what a frozen one does, nobody knows.
func (b *Bus) Presence(ctx context.Context, uids []chat.UID) map[chat.UID]chat.Presence {
	found := make(map[chat.UID]chat.Presence, len(uids))
	ask := make([]chat.UID, 0, len(uids))
	for _, uid := range uids {
		if _, already := found[uid]; already {
			continue
		}
		found[uid] = chat.PresenceUnknown
		if b.here(uid) {
			found[uid] = chat.Online
		} else {
			ask = append(ask, uid)
		}
	}
	if len(ask) == 0 || !b.link.connected() {
		return found
	}
	call, answers, ok := b.asked.begin(len(ask))
	if !ok {
		b.stats.unasked.Inc()
		return found
	}
	defer b.asked.end(call)
	ctx, cancel := context.WithTimeout(ctx, b.opts.AnswerWithin)
	defer cancel()
	for i, uid := range ask {
		b.push(outgoing{
			subject: b.subject(chat.Topic{Kind: chat.EventsOf, UID: uid}),
			reply:   b.asked.inbox + "." + call + "." + strconv.Itoa(i), data: []byte{question},
		})
	}
	for left := len(ask); left > 0; {
		select {
		case m := <-answers:
			if i, ok := place(m, len(ask)); ok && found[ask[i]] == chat.PresenceUnknown {
				found[ask[i]] = presenceOf(!nobody(m))
				b.known.note(ask[i], found[ask[i]], time.Now())
				left--
			}
		case <-ctx.Done():
			return found
		}
	}
	return found
}

func (b *Bus) here(uid chat.UID) bool {
	r := b.receiver.Load()
	return r != nil && (*r).Online(uid)
}

// Cached implements chat.Bus: what was heard lately. What was not is asked, and known
// the next time.
func (b *Bus) Cached(uid chat.UID) chat.Presence {
	if b.here(uid) {
		return chat.Online
	}
	p, fresh := b.known.of(uid, time.Now())
	if !fresh {
		select {
		case b.known.wanted <- uid:
		default: // so many are being looked up that one stays unknown
		}
	}
	return p
}

// lookedUp is how many are asked for at once where nobody waits.
const lookedUp = 200

// lookUp asks for those whom Cached did not know, until the bus is closed.
func (b *Bus) lookUp(ctx context.Context) {
	for {
		var uids []chat.UID
		select {
		case uid := <-b.known.wanted:
			uids = append(uids, uid)
		case <-b.stop:
			return
		}
		for len(uids) < lookedUp && len(b.known.wanted) > 0 {
			uids = append(uids, <-b.known.wanted)
		}
		b.Presence(ctx, uids)
	}
}

const (
	knownFor   = time.Minute      // how long what was heard counts
	freshFor   = 20 * time.Second // how long before it is asked again
	maxKnown   = 16_384           // of one generation
	maxUnknown = 1024             // that wait to be looked up
)

// known is what was heard of people on other nodes. It keeps two generations: when the
// young one is full, the old one is dropped.
type known struct {
	wanted chan chat.UID

	mu         sync.Mutex
	young, old map[chat.UID]heard // guarded by mu
}

type heard struct {
	presence chat.Presence
	at       time.Time
}

func newKnown() *known {
	return &known{wanted: make(chan chat.UID, maxUnknown), young: make(map[chat.UID]heard)}
}

// of returns what was heard of uid, and whether that needs no asking yet.
func (k *known) of(uid chat.UID, now time.Time) (p chat.Presence, fresh bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	h, ok := k.young[uid]
	if !ok {
		h, ok = k.old[uid]
	}
	if age := now.Sub(h.at); ok && age < knownFor {
		return h.presence, age < freshFor
	}
	return chat.PresenceUnknown, false
}

func (k *known) note(uid chat.UID, p chat.Presence, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.young) >= maxKnown {
		k.old, k.young = k.young, make(map[chat.UID]heard)
	}
	k.young[uid] = heard{p, now}
}

func (k *known) forget(uid chat.UID) {
	k.mu.Lock()
	defer k.mu.Unlock()
	delete(k.young, uid)
	delete(k.old, uid)
}

func presenceOf(online bool) chat.Presence {
	if online {
		return chat.Online
	}
	return chat.Offline
}
