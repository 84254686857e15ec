package compat

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lxzan/gws"

	"haggle/internal/chat"
)

const (
	// maxLive is how many new messages of one conversation are kept until they are
	// told. Beyond it they are read from the store.
	maxLive = 16

	pageSize     = 50               // messages, or conversations, read from the store at once
	tellWithin   = 15 * time.Second // the store's part in telling a page of messages
	lookUpWithin = 30 * time.Second // finding out what is undelivered

	// askingAtOnce is how many sockets ask the store at a time: enough to keep it busy.
	// However many pages come back at once, each has its time from when its turn comes,
	// and is written to until then.
	askingAtOnce = 32
)

// thread is what a socket knows of a conversation.
type thread struct {
	told    chat.Seq // the page has been told up to here
	known   bool     // what follows has been looked up
	source  string
	product chat.ProductID
}

// news is what is new in a conversation since the writer last looked.
type news struct {
	shown   shownPage       // what the page has drawn of it, in its history
	look    bool            // there may be more than the events say
	low     chat.Seq        // the lowest that events have told of; 0: they told of none
	live    []*chat.Message // from events
	own     []chat.Seq      // said by this very page, which has drawn them itself
	product chat.ProductID  // "": as it was
}

// learn takes an event of the socket's participant. It does not wait.
func (s *socket) learn(ev *chat.Event) {
	s.mu.Lock()
	if s.gone { // it has ended, and is about to be forgotten
		s.mu.Unlock()
		return
	}
	s.follow(ev.Pos[s.owner.Actor.Side()])
	switch {
	case ev.Message != nil:
		s.newsOf(ev.Message.Conversation).add(ev.Message, ev.Origin == s.id && s.isOwn(ev.Message))
	case ev.Conversation != nil:
		s.newsOf(ev.Conversation.ID).product = ev.Conversation.Conversation.Product
	}
	s.mu.Unlock()
	s.wake()
}

// isOwn reports whether the socket's person has said m. A message names the socket that
// it was said at, and anybody can name one.
func (s *socket) isOwn(m *chat.Message) bool {
	return m.Sender == s.owner.Actor.UID && m.Agent == s.owner.Actor.Agent
}

// maxAhead bounds the events whose forerunners are still to come. Beyond it they
// are looked up.
const maxAhead = 256

// follow notes that an event has told of a change of the participant's. Each change
// has a position of its own, so a gap that stays is an event that was lost. The
// caller holds mu.
func (s *socket) follow(pos chat.Pos) {
	if pos <= s.since.Pos {
		return
	}
	if s.ahead == nil {
		s.ahead = make(map[chat.Pos]struct{})
	}
	s.ahead[pos] = struct{}{}
	s.catchUp()
	if len(s.ahead) > maxAhead {
		s.list = s.begun
		s.ahead = nil
	}
}

// catchUp moves since on over what events have told without a gap; the caller holds
// mu.
func (s *socket) catchUp() {
	for {
		next := s.since.Pos + 1
		if _, ok := s.ahead[next]; !ok {
			return
		}
		delete(s.ahead, next)
		s.since.Pos = next
	}
}

// newsOf returns the news of a conversation; the caller holds mu.
func (s *socket) newsOf(id chat.ConversationID) *news {
	n := s.news[id]
	if n == nil {
		n = new(news)
		if s.news == nil {
			s.news = make(map[chat.ConversationID]*news)
		}
		s.news[id] = n
	}
	return n
}

func (n *news) add(m *chat.Message, own bool) {
	if n.low == 0 || m.Seq < n.low {
		n.low = m.Seq
	}
	if own {
		n.own = append(n.own, m.Seq)
	}
	if len(n.live) < maxLive {
		n.live = append(n.live, m)
	} else {
		n.look = true
	}
}

// following returns the live messages after told, if they are all that follow as
// far as anybody knows. The bus may have repeated, reordered and lost some.
func (n *news) following(told chat.Seq) (ms []*chat.Message, whole bool) {
	if n.look {
		return nil, false
	}
	slices.SortFunc(n.live, func(a, b *chat.Message) int { return cmp.Compare(a.Seq, b.Seq) })
	for _, m := range n.live {
		switch {
		case m.Seq <= told:
		case m.Seq == told+1:
			ms = append(ms, m)
			told = m.Seq
		default:
			return nil, false
		}
	}
	return ms, true
}

// lookUp finds out which conversations hold what the page has not been told. A store
// that does not answer ends the socket: the page comes back.
func (s *socket) lookUp() error {
	defer s.endTurn()
	s.looked = true
	ctx, cancel := context.WithTimeout(s.ctx, lookUpWithin)
	defer cancel()
	s.mu.Lock()
	since := s.since
	s.mu.Unlock()
	ids, at, err := s.changed(ctx, since)
	if err != nil {
		s.giveUp(ctx, err)
		return nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.since = at
	maps.DeleteFunc(s.ahead, func(pos chat.Pos, _ struct{}) bool { return pos <= at.Pos })
	s.catchUp()
	for _, id := range ids {
		s.newsOf(id).look = true
	}
	return nil
}

// changed returns the conversations that changed since a position; all with anything
// undelivered if it means nothing, as at first.
func (s *socket) changed(ctx context.Context, since chat.Position) (ids []chat.ConversationID, at chat.Position, err error) {
	for since.Epoch != "" {
		page, err := s.srv.svc.ChangedSince(ctx, s.owner.Actor, since, pageSize)
		if err != nil {
			return nil, since, err
		}
		if page.Reset {
			break
		}
		for i := range page.Conversations {
			ids = append(ids, page.Conversations[i].ID)
		}
		since = page.Position
		if !page.More {
			return ids, since, nil
		}
	}
	// The position first: what changes while the list is read is told twice, and
	// known to be old the second time.
	if at, err = s.srv.svc.Position(ctx, s.owner.Actor.UID); err != nil {
		return nil, at, err
	}
	undelivered, err := s.undelivered(ctx)
	return append(ids, undelivered...), at, err
}

// undelivered returns the conversations with messages that the page's person has
// not acknowledged, and begins their threads there. All of them are unread, so the
// list ends where those do.
func (s *socket) undelivered(ctx context.Context) (ids []chat.ConversationID, err error) {
	q := chat.ConversationQuery{Order: chat.UnreadFirst, Limit: pageSize}
	side := s.owner.Actor.Side()
	for {
		page, err := s.srv.svc.Conversations(ctx, s.owner.Actor, q)
		if err != nil {
			return nil, err
		}
		for i := range page {
			v := &page[i]
			state := &v.Sides[side]
			if state.Unread == 0 {
				return ids, nil
			}
			if state.Delivered < v.LastSeq {
				if s.threads[v.ID] == nil {
					s.threads[v.ID] = &thread{told: state.Delivered}
				}
				ids = append(ids, v.ID)
			}
			q.After = &chat.ConversationCursor{Unread: true, LastAt: v.LastAt, ID: v.ID}
		}
		if len(page) < pageSize {
			return ids, nil
		}
	}
}

// giveUp ends the socket because the server cannot do its part, unless it ends already.
func (s *socket) giveUp(ctx context.Context, err error) {
	if s.ctx.Err() != nil {
		return
	}
	s.srv.log.ErrorContext(ctx, "tell an old page", "uid", s.owner.Actor.UID, "err", err)
	s.close(closeRetry, "unavailable")
}

// The turn of a socket to ask the store.
type turn int

const (
	noTurn     turn = iota
	waitsForIt      // awaitTurn runs
	hasTurn         // it counts among those that ask
)

// asks reports whether the writer is to ask the store now. If its turn is yet to come, it is
// awaited. The caller holds mu.
func (s *socket) asks() bool {
	if !s.list && (!s.begun || len(s.news) == 0) {
		return false
	}
	switch s.turn {
	case hasTurn:
		return true
	case noTurn:
		select {
		case s.srv.asking <- struct{}{}: // nobody waits
			s.turn = hasTurn
			return true
		default:
			s.turn = waitsForIt
			s.srv.running.Add(1)
			go s.awaitTurn()
		}
	case waitsForIt:
	}
	return false
}

// awaitTurn waits for the socket's turn, in the order in which they came, and wakes the
// writer, which has other things to do meanwhile.
func (s *socket) awaitTurn() {
	defer s.srv.running.Done()
	select {
	case s.srv.asking <- struct{}{}:
	case <-s.ctx.Done():
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone || s.closing != nil || s.writing { // a writer that is busy asks anew when it comes to it
		s.turn = noTurn
		<-s.srv.asking
		return
	}
	s.turn = hasTurn
	s.startWriter()
}

// endTurn lets the next one ask, if it was the socket's turn.
func (s *socket) endTurn() {
	s.mu.Lock()
	had := s.turn == hasTurn
	s.turn = noTurn
	s.mu.Unlock()
	if had {
		<-s.srv.asking
	}
}

// tell hands the page what is new in a conversation, in order and once. Its own
// error is the connection's.
func (s *socket) tell(id chat.ConversationID, n *news) error {
	s.looked = false
	th, ms, frames, ok := s.nextPage(id, n)
	if !ok {
		return nil
	}
	for i, m := range ms {
		if frames[i] != nil {
			if err := s.writeFrame(gws.OpcodeText, frames[i]); err != nil {
				return err
			}
			s.srv.stats.told.Inc()
		}
		th.told = m.Seq
		s.told[id] = m.Seq
	}
	if len(ms) == pageSize {
		s.goOn(id, n)
	}
	return nil
}

// goOn has the writer look for more of a conversation, in another turn: a long absence may
// take many.
func (s *socket) goOn(id chat.ConversationID, n *news) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.gone {
		return
	}
	next := s.newsOf(id)
	next.look = true
	next.own = append(n.own, next.own...)
}

// nextPage returns what the page is to be told next of a conversation, a frame for
// each message or nil; fewer than pageSize are the last. A full page may be, too. Not ok:
// the socket ends.
func (s *socket) nextPage(id chat.ConversationID, n *news) (th *thread, ms []*chat.Message, frames [][]byte, ok bool) {
	defer s.endTurn()
	ctx, cancel := context.WithTimeout(s.ctx, tellWithin)
	defer cancel()
	th, ms, frames, err := s.ask(ctx, id, n)
	if err != nil {
		s.giveUp(ctx, err)
		return nil, nil, nil, false
	}
	return th, ms, frames, true
}

func (s *socket) ask(ctx context.Context, id chat.ConversationID, n *news) (th *thread, ms []*chat.Message, frames [][]byte, err error) {
	if th, err = s.thread(ctx, id, n); err != nil {
		return nil, nil, nil, err
	}
	if n.product != "" {
		th.product = n.product
	}
	ms, whole := n.following(th.told)
	if !whole {
		if ms, err = s.page(ctx, id, th.told); err != nil {
			return nil, nil, nil, err
		}
	}
	frames, err = s.frames(ctx, id, th, ms, n.own)
	return th, ms, frames, err
}

func (s *socket) page(ctx context.Context, id chat.ConversationID, after chat.Seq) ([]*chat.Message, error) {
	found, err := s.srv.svc.MessagesAfter(ctx, s.owner.Actor, id, after, pageSize)
	if err != nil {
		return nil, err
	}
	ms := make([]*chat.Message, len(found))
	for i := range found {
		ms[i] = &found[i]
	}
	return ms, nil
}

// thread returns what the socket knows of a conversation.
func (s *socket) thread(ctx context.Context, id chat.ConversationID, n *news) (*thread, error) {
	th := s.threads[id]
	if th != nil && th.known {
		return th, nil
	}
	v, err := s.srv.svc.Conversation(ctx, s.owner.Actor, id)
	if err != nil {
		return nil, fmt.Errorf("thread: %w", err)
	}
	if th == nil {
		th = &thread{told: v.Sides[s.owner.Actor.Side()].Delivered}
		if n.low > 0 { // an event's message is told, whatever another device has acknowledged since
			th.told = min(th.told, n.low-1)
		}
		s.threads[id] = th
	}
	if n.shown.last > 0 && n.shown.first <= th.told+1 { // else something is missing before it
		th.told, s.told[id] = n.shown.last, n.shown.last
		n.look = true
	}
	n.shown = shownPage{}
	th.known = true
	th.product = v.Conversation.Product
	th.source = string(v.UIDs[chat.MerchantSide])
	if s.owner.Actor.Side() == chat.MerchantSide {
		th.source = s.srv.codes.Buyer(v.UIDs[chat.MerchantSide], v.UIDs[chat.BuyerSide])
	}
	return th, nil
}

// frames encodes messages for the page; nil for one that it is not to be told of.
func (s *socket) frames(ctx context.Context, id chat.ConversationID, th *thread, ms []*chat.Message, own []chat.Seq) ([][]byte, error) {
	var seqs []chat.Seq
	for _, m := range ms {
		if !m.Recalled() && !slices.Contains(own, m.Seq) {
			seqs = append(seqs, m.Seq)
		}
	}
	frames := make([][]byte, len(ms))
	if len(seqs) == 0 {
		return frames, nil
	}
	numbers, err := s.srv.numbers.Numbers(ctx, id, seqs)
	if err != nil {
		return nil, fmt.Errorf("numbers: %w", err)
	}
	for i, m := range ms {
		if !slices.Contains(seqs, m.Seq) {
			continue
		}
		r, err := s.srv.receptionOf(m, s.owner.Actor)
		if err != nil {
			return nil, err
		}
		r.Primary, r.Source, r.Product = int64(numbers[m.Seq]), th.source, string(th.product)
		if frames[i], err = encode(r); err != nil {
			return nil, fmt.Errorf("encode reception: %w", err)
		}
	}
	return frames, nil
}
