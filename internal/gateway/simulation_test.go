package gateway

import (
	"cmp"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// TestSimulation has people talk over two nodes whose bus loses, repeats and reorders,
// and whose store fails before and after it has stored something, while they come and
// go between the nodes. Once all is well again everybody has everything, once and in
// order, one heartbeat later. HAGGLE_SEED is the first run's seed, the others count on.
func TestSimulation(t *testing.T) {
	seed := rand.Uint64()
	if text := os.Getenv("HAGGLE_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	// A run is named for its seed, which a failure, a deadlock and a timeout tell. A panic in
	// one does not: hence the first seed beforehand.
	fmt.Fprintf(os.Stderr, "TestSimulation begins with HAGGLE_SEED=%d\n", seed)
	for range simulations {
		if !t.Run(fmt.Sprintf("HAGGLE_SEED=%d", seed), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { simulate(t, seed) })
		}) {
			return
		}
		seed++
	}
}

// exchange leads events from each node's bus to all.
type exchange struct {
	mu   sync.Mutex
	ends []*exchangeEnd // guarded by mu
}

// exchangeEnd is one node's bus.
type exchangeEnd struct {
	exchange *exchange
	to       chat.Receiver
	topics   map[chat.Topic]bool // guarded by exchange.mu
}

func (x *exchange) end() *exchangeEnd {
	x.mu.Lock()
	defer x.mu.Unlock()
	e := &exchangeEnd{exchange: x, topics: make(map[chat.Topic]bool)}
	x.ends = append(x.ends, e)
	return e
}

func (e *exchangeEnd) Attach(r chat.Receiver) { e.to = r }

func (e *exchangeEnd) Publish(_ context.Context, topics []chat.Topic, ev chat.Event) error {
	for _, topic := range topics {
		for _, end := range e.exchange.interested(topic) {
			end.to.Deliver(topic, ev)
		}
	}
	return nil
}

func (x *exchange) interested(topic chat.Topic) (found []*exchangeEnd) {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, end := range x.ends {
		if end.topics[topic] {
			found = append(found, end)
		}
	}
	return found
}

func (e *exchangeEnd) Subscribe(topic chat.Topic) error { return e.set(topic, true) }

func (e *exchangeEnd) Unsubscribe(topic chat.Topic) error { return e.set(topic, false) }

func (e *exchangeEnd) set(topic chat.Topic, on bool) error {
	e.exchange.mu.Lock()
	defer e.exchange.mu.Unlock()
	e.topics[topic] = on
	return nil
}

func (e *exchangeEnd) Presence(context.Context, []chat.UID) map[chat.UID]chat.Presence { return nil }

func (e *exchangeEnd) Cached(chat.UID) chat.Presence { return chat.PresenceUnknown }

// troubledBus is lossy until all is well.
type troubledBus struct {
	chat.Bus

	lossy chat.Bus
	well  *atomic.Bool
}

func (b *troubledBus) Publish(ctx context.Context, topics []chat.Topic, ev chat.Event) error {
	if b.well.Load() {
		return b.Bus.Publish(ctx, topics, ev)
	}
	return b.lossy.Publish(ctx, topics, ev)
}

// simulation is one run.
type simulation struct {
	t      *testing.T
	store  *testkit.MemStore
	nodes  []*node
	well   atomic.Bool
	people []*person

	mu  sync.Mutex
	rng *rand.Rand // guarded by mu
}

func (s *simulation) dice(n int) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.rng.IntN(n)
}

// fails returns an error every so often, until all is well.
func (s *simulation) fails(oneIn int, code string) error {
	if s.well.Load() || s.dice(oneIn) > 0 {
		return nil
	}
	return chat.Codef(chat.Unavailable, code, "a fault of the simulation")
}

func simulate(t *testing.T, seed uint64) {
	s := &simulation{t: t, store: testkit.NewMemStore(), rng: rand.New(rand.NewPCG(seed, 1))}
	x := &exchange{}
	for i := range uint64(2) {
		s.nodes = append(s.nodes, newNode(t, nodeOptions{Options: Options{Nodes: true}, store: s.flaky, bus: func(chat.Bus) chat.Bus {
			end := x.end()
			return &troubledBus{Bus: end, lossy: testkit.NewLossyBus(end, seed+i), well: &s.well}
		}}))
	}
	if err := s.store.PutProduct(t.Context(), chat.Product{
		ID: "1001", Merchant: "V_7", Title: "A thing", Kind: chat.Virtual, Price: chat.Money{Amount: 100, Currency: "CNY"},
	}); err != nil {
		t.Fatal(err)
	}
	for _, token := range []string{"U_1", "U_1", "U_2", "V_7/alice", "V_7/bob"} {
		s.people = append(s.people, newPerson(s, token, len(s.people)))
	}
	for range 80 {
		s.people[s.dice(len(s.people))].act()
		s.listen()
	}
	s.heal()
	s.judge()
}

func (s *simulation) flaky(chat.Store) chat.Store {
	return &testkit.FlakyStore{
		Store:           s.store,
		BeforeAppend:    func(context.Context) error { return s.fails(8, "store_io") },
		AfterAppend:     func() error { return s.fails(8, "outcome_unknown") },
		LateAppend:      s.late,
		BeforePositions: func(context.Context) error { return s.fails(10, "store_io") },
	}
}

// late is how long a message takes to be stored whose sender does not wait for that.
func (s *simulation) late() time.Duration {
	if s.fails(8, "outcome_unknown") == nil {
		return 0
	}
	return time.Duration(1+s.dice(5000)) * time.Millisecond
}

func (s *simulation) listen() {
	for _, p := range s.people {
		p.listen()
	}
}

// heal ends the trouble and gives everybody what the protocol promises: an answer to
// what is still to be sent, and a heartbeat.
func (s *simulation) heal() {
	s.well.Store(true)
	for range 3 {
		for _, p := range s.people {
			p.come()
			p.resend()
		}
		s.listen()
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); {
		<-time.After(time.Second)
		s.listen()
	}
}

// judge holds what everybody has against the store.
func (s *simulation) judge() {
	for _, p := range s.people {
		if p.pending != "" {
			s.t.Errorf("%s: %q was never acked", p.name, p.pending)
		}
		convs, err := s.store.Conversations(s.t.Context(), chat.ConversationQuery{UID: p.uid, Limit: 100})
		if err != nil {
			s.t.Fatal(err)
		}
		stored := make(map[string]chat.Seq)
		for i := range convs {
			s.judgeThread(p, convs[i].ID, stored)
		}
		for text, seq := range p.acked {
			if stored[text] != seq {
				s.t.Errorf("%s: %q was acked as %d and is stored as %d", p.name, text, seq, stored[text])
			}
		}
	}
}

func (s *simulation) judgeThread(p *person, id chat.ConversationID, stored map[string]chat.Seq) {
	messages, err := s.store.MessagesAfter(s.t.Context(), id, 0, 1000)
	if err != nil {
		s.t.Fatal(err)
	}
	numbers := make(map[string]int) // of each device, what it said last
	for i := range messages {
		m := &messages[i]
		text := m.Blocks[0].Text
		if m.Seq != chat.Seq(i+1) || stored[text] != 0 {
			s.t.Errorf("%q is stored as %d, at place %d, and as %d", text, m.Seq, i+1, stored[text])
		}
		stored[text] = m.Seq
		var device string
		var number int
		if _, err := fmt.Sscanf(text, "%s %d", &device, &number); err != nil || number <= numbers[device] {
			s.t.Errorf("%q comes after number %d (%v)", text, numbers[device], err)
		}
		numbers[device] = number
		if got := p.threads[id][m.Seq]; got != text {
			s.t.Errorf("%s has %q as %d, stored is %q", p.name, got, m.Seq, text)
		}
	}
	if has := len(p.threads[id]); has != len(messages) {
		s.t.Errorf("%s has %d messages of %d", p.name, has, len(messages))
	}
}

// person is one at a device: a client as the protocol wants it.
type person struct {
	s           *simulation
	name, token string
	uid         chat.UID
	f           *fake // nil without a connection
	position    wire.Position
	threads     map[chat.ConversationID]map[chat.Seq]string
	said        int
	pending     string              // what is to be sent, until it is acked; its nonce, too
	to          chat.ConversationID // where it goes; "" to the seller of the product
	acked       map[string]chat.Seq
}

func newPerson(s *simulation, token string, n int) *person {
	id, err := claims{time.Now, time.Hour}.Verify(s.t.Context(), token)
	if err != nil {
		s.t.Fatal(err)
	}
	return &person{
		s: s, name: fmt.Sprintf("%s-%d", token, n), token: token, uid: id.Actor.UID,
		threads: make(map[chat.ConversationID]map[chat.Seq]string), acked: make(map[string]chat.Seq),
	}
}

func (p *person) act() {
	switch n := p.s.dice(10); {
	case n == 0 && p.f != nil:
		p.f.leave()
		p.f = nil
	case n < 3:
		<-time.After(time.Duration(p.s.dice(5000)) * time.Millisecond)
	case n == 3 && p.f != nil:
		p.mark()
	case p.f == nil:
		p.come()
	case p.pending != "":
		p.resend()
	default:
		p.write()
	}
}

// come connects to any node.
func (p *person) come() {
	if p.f != nil {
		return
	}
	p.f = p.s.nodes[p.s.dice(len(p.s.nodes))].connect(p.s.t)
	if p.position.Epoch == "" {
		p.f.say(`{"id":1,"hello":{"token":%q}}`, p.token)
	} else {
		p.f.say(`{"id":1,"hello":{"token":%q,"position":{"epoch":%q,"pos":%d}}}`, p.token, p.position.Epoch, p.position.Pos)
	}
	p.listen()
}

func (p *person) write() {
	p.to = ""
	if p.uid.Side() == chat.MerchantSide {
		for id := range p.threads {
			p.to = max(p.to, id)
		}
		if p.to == "" {
			return // nobody has asked
		}
	}
	p.said++
	p.pending = fmt.Sprintf("%s %d", p.name, p.said)
	p.resend()
}

func (p *person) resend() {
	if p.pending == "" || p.f == nil {
		return
	}
	nonce := fmt.Sprintf("nonce-%s-%d", p.name[len(p.name)-1:], p.said) // two devices are one sender
	if p.to == "" {
		p.f.say(`{"id":2,"send":{"product":"1001","nonce":%q,"blocks":[{"type":"text","text":%q}]}}`, nonce, p.pending)
	} else {
		p.f.say(`{"id":2,"send":{"conversation":%q,"nonce":%q,"blocks":[{"type":"text","text":%q}]}}`, p.to, nonce, p.pending)
	}
	p.listen()
}

func (p *person) mark() {
	for id := range p.threads {
		if last := p.last(id); last > 0 {
			p.f.say(`{"delivered":{"conversation":%q,"seq":%d}}`, id, last)
			return
		}
	}
}

// last is up to where everything is here.
func (p *person) last(id chat.ConversationID) (seq chat.Seq) {
	for p.threads[id][seq+1] != "" {
		seq++
	}
	return seq
}

func (p *person) listen() {
	if p.f == nil {
		return
	}
	for _, frame := range p.f.heard() {
		p.take(&frame)
	}
	if p.f != nil && p.f.isOver() {
		p.f = nil
	}
}

func (p *person) take(f *wire.ServerFrame) {
	switch {
	case f.Welcome != nil:
		if f.Welcome.Reset {
			p.s.t.Errorf("%s is told to forget everything", p.name)
		}
		p.head(f.Welcome.Position)
	case f.Heartbeat != nil:
		if f.Heartbeat.Position != nil {
			p.head(*f.Heartbeat.Position)
		}
		if f.ID == 0 && !p.f.isOver() {
			p.f.say(`{"heartbeat":{}}`)
		}
	case f.Ack != nil && f.ID == 2:
		if f.Ack.Seq > 0 && p.pending != "" {
			p.acked[p.pending] = chat.Seq(f.Ack.Seq)
			p.pending = ""
		}
		p.fetch()
	case f.Message != nil:
		m := &f.Message.Message
		p.put(chat.ConversationID(m.Conversation), chat.Seq(m.Seq), m.Blocks[0].Text)
		p.follow(f.Message.Pos)
	case f.Delivered != nil:
		p.follow(f.Delivered.Pos)
	case f.Conversation != nil: // it is complete, so it says how far the messages go
		if id := chat.ConversationID(f.Conversation.Conversation.ID); int64(p.last(id)) < f.Conversation.Conversation.LastSeq {
			p.fetchThread(id)
		}
		p.follow(f.Conversation.Pos)
	case f.Error != nil && f.Error.Code != "store_io" && f.Error.Code != "outcome_unknown":
		p.s.t.Errorf("%s is refused: %+v", p.name, f.Error)
	}
}

// follow takes in that a change is here. One that does not follow the last has others
// before it.
func (p *person) follow(pos int64) {
	switch {
	case pos == p.position.Pos+1:
		p.position.Pos = pos
	case pos > p.position.Pos:
		p.fetch()
	}
}

// head compares where the participant stands with what is here.
func (p *person) head(at wire.Position) {
	p.position.Epoch = cmp.Or(p.position.Epoch, at.Epoch)
	if at.Epoch != p.position.Epoch {
		p.s.t.Errorf("%s: the epoch is %s and was %s", p.name, at.Epoch, p.position.Epoch)
	}
	if at.Pos > p.position.Pos {
		p.fetch()
	}
}

// fetch asks for what has changed, as over REST.
func (p *person) fetch() {
	changed, err := p.s.store.ChangedSince(p.s.t.Context(), p.uid, chat.Pos(p.position.Pos), 100)
	if err != nil {
		p.s.t.Fatal(err)
	}
	for i := range changed {
		c := &changed[i]
		p.fetchThread(c.ID)
		p.position.Pos = max(p.position.Pos, int64(c.Sides[p.uid.Side()].Pos))
	}
}

func (p *person) fetchThread(id chat.ConversationID) {
	messages, err := p.s.store.MessagesAfter(p.s.t.Context(), id, p.last(id), 1000)
	if err != nil {
		p.s.t.Fatal(err)
	}
	for i := range messages {
		p.put(id, messages[i].Seq, messages[i].Blocks[0].Text)
	}
}

func (p *person) put(id chat.ConversationID, seq chat.Seq, text string) {
	if p.threads[id] == nil {
		p.threads[id] = make(map[chat.Seq]string)
	}
	if had := p.threads[id][seq]; had != "" && had != text {
		p.s.t.Errorf("%s was told %q as %d, and before that %q", p.name, text, seq, had)
	}
	p.threads[id][seq] = text
}
