// Package bustest is the test that every chat.Bus passes.
package bustest

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
)

// wait is how long an event may take on a bus that is well.
const wait = 5 * time.Second

// Open returns the nodes of one bus, one or more. It calls attach for each
// before anything else happens on it.
type Open func(t *testing.T, attach func(chat.Bus)) []chat.Bus

// Run checks the bus that open returns.
func Run(t *testing.T, open Open) {
	for name, test := range map[string]func(*testing.T, *cluster){
		"reaches every node that subscribes":   reachesAll,
		"once per topic":                       oncePerTopic,
		"keeps what an event says":             keepsEvents,
		"in order, from one node":              inOrder,
		"again after leaving and coming back":  comesBack,
		"presence is asked of every node":      asksPresence,
		"publishing does not wait for anybody": doesNotBlock,
		"every uid is its own":                 everyUID,
		"many uids":                            manyUIDs,
		"many publishers":                      manyPublishers,
		"that something has changed, unsaid":   unsaid,
		"presence of many":                     presenceOfMany,
	} {
		t.Run(name, func(t *testing.T) {
			c := new(cluster)
			c.nodes = open(t, c.attach)
			c.check(t)
			test(t, c)
		})
	}
}

func (c *cluster) attach(b chat.Bus) {
	r := &receiver{
		events: make(chan delivery, 4096), resyncs: make(chan struct{}, 4096), online: make(map[chat.UID]bool),
	}
	c.receivers = append(c.receivers, r)
	b.Attach(r)
}

func (c *cluster) check(t *testing.T) {
	t.Helper()
	if len(c.nodes) == 0 || len(c.nodes) != len(c.receivers) {
		t.Fatalf("%d nodes, %d of them attached", len(c.nodes), len(c.receivers))
	}
}

// cluster is the nodes of a bus and who is attached to each.
type cluster struct {
	nodes     []chat.Bus
	receivers []*receiver
}

func (c *cluster) subscribe(t *testing.T, topics ...chat.Topic) {
	t.Helper()
	for _, node := range c.nodes {
		for _, topic := range topics {
			if err := node.Subscribe(topic); err != nil {
				t.Fatalf("Subscribe(%v) = %v", topic, err)
			}
		}
	}
}

func (c *cluster) publish(t *testing.T, from int, ev chat.Event, topics ...chat.Topic) {
	t.Helper()
	if err := c.nodes[from].Publish(t.Context(), topics, ev); err != nil {
		t.Fatalf("Publish = %v", err)
	}
}

type delivery struct {
	topic chat.Topic
	event chat.Event
}

type receiver struct {
	events  chan delivery
	resyncs chan struct{}

	mu     sync.Mutex
	online map[chat.UID]bool // guarded by mu
}

// Deliver implements chat.Receiver.
func (r *receiver) Deliver(topic chat.Topic, ev chat.Event) { r.events <- delivery{topic, ev} }

// Online implements chat.Receiver.
func (r *receiver) Online(uid chat.UID) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.online[uid]
}

// Resync implements chat.Receiver.
func (r *receiver) Resync() {
	select {
	case r.resyncs <- struct{}{}:
	default: // that many are enough
	}
}

func (r *receiver) setOnline(uid chat.UID) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.online[uid] = true
}

// next returns what is delivered next.
func (r *receiver) next(t *testing.T) delivery {
	t.Helper()
	select {
	case d := <-r.events:
		return d
	case <-time.After(wait):
		t.Fatal("nothing arrived")
		return delivery{}
	}
}

func buyer(uid chat.UID) chat.Topic    { return chat.Topic{Kind: chat.EventsOf, UID: uid} }
func presence(uid chat.UID) chat.Topic { return chat.Topic{Kind: chat.PresenceOf, UID: uid} }

// numbered is an event that can be told from others.
func numbered(n int) chat.Event {
	return chat.Event{Push: &chat.PushEvent{Payload: fmt.Appendf(nil, "%d", n)}}
}

func reachesAll(t *testing.T, c *cluster) {
	topic := buyer("U_a.b-c_d") // a dot means something to some buses
	c.subscribe(t, topic)
	for from := range c.nodes {
		c.publish(t, from, numbered(from), topic)
		for to, r := range c.receivers {
			got := r.next(t)
			if diff := cmp.Diff(delivery{topic, numbered(from)}, got, cmp.AllowUnexported(delivery{})); diff != "" {
				t.Errorf("from node %d to %d (-want +got):\n%s", from, to, diff)
			}
		}
	}
}

func oncePerTopic(t *testing.T, c *cluster) {
	topics := []chat.Topic{buyer("U_1"), buyer("V_1"), presence("U_1")}
	c.subscribe(t, topics...)
	c.publish(t, 0, numbered(1), topics...)
	c.publish(t, 0, numbered(2), buyer("U_1"))
	for to, r := range c.receivers {
		count := make(map[chat.Topic]int)
		for range len(topics) + 1 {
			count[r.next(t).topic]++
		}
		want := map[chat.Topic]int{topics[0]: 2, topics[1]: 1, topics[2]: 1}
		if diff := cmp.Diff(want, count); diff != "" {
			t.Errorf("node %d, deliveries by topic (-want +got):\n%s", to, diff)
		}
	}
}

// everyEvent has one event of each kind, with all its fields set.
func everyEvent() []chat.Event {
	at := time.UnixMilli(1763935200123).UTC()
	message := chat.Message{
		Conversation: "c1", Seq: 12, Rev: 31, Sender: "V_7", Agent: "alice", AgentName: "Alice", Nonce: "n",
		Blocks: []chat.Block{
			{Type: chat.TextBlock, Text: "还有货吗 🙂\u202e"},
			{Type: chat.ImageBlock, Image: &chat.Image{File: "f", Width: 3, Height: 4, Preview: "p"}},
			{Type: chat.ProductBlock, Product: &chat.ProductCard{ID: "1001", Title: "t", Amount: 5, Currency: "CNY", Kind: chat.Virtual}},
		},
		SentAt: at, Ordinal: 3, RecipientOnline: new(false),
	}
	mark := chat.WatermarkEvent{Conversation: "c1", Rev: 9, Side: chat.MerchantSide, Seq: 4, Unread: 2}
	view := chat.ConversationView{
		Conversation: chat.Conversation{
			ID: "c1", UIDs: [2]chat.UID{"U_1", "V_7"}, Product: "1001", LastSeq: 12, Rev: 31,
			Sides: [2]chat.SideState{
				{Total: 1, Delivered: 2, Read: 3, Unread: 4, Pos: 5},
				{Total: 6, Delivered: 7, Read: 8, Unread: 9, Pos: 10, Blocked: true, Waiting: true, Pinned: true, Muted: true, Marked: true},
			},
			CreatedAt: at, LastAt: at, Last: &message,
		},
		Participants: [2]chat.Participant{{UID: "U_1", Name: "小明"}, {UID: "V_7", Avatar: "/a.png"}},
		Product:      &chat.Product{ID: "1001", Merchant: "V_7", Title: "t", Price: chat.Money{Amount: 5, Currency: "CNY"}, Kind: chat.Virtual, Stock: new(int64(0))},
	}
	pos := [2]chat.Pos{41, 977}
	return []chat.Event{
		{Origin: "s1", Pos: pos, Message: &message},
		{Pos: [2]chat.Pos{41, 0}, Delivered: &mark},
		{Pos: pos, Read: &mark},
		{Pos: pos, Recall: &chat.Recall{Conversation: "c1", Seq: 12, Rev: 32, By: "V_7", At: at}},
		{Pos: pos, Conversation: &view},
		{Typing: &chat.TypingEvent{Conversation: "c1", UID: "V_7", Agent: "alice", AgentName: "Alice"}},
		{Colleague: &chat.ColleagueEvent{Conversation: "c1", Agent: "alice", AgentName: "Alice", Typing: true}},
		{Presence: &chat.PresenceEvent{UID: "V_7", Online: true}},
		{Push: &chat.PushEvent{Payload: []byte(`{"paid":true}`)}},
		{Revoked: &chat.RevokedEvent{At: at}},
	}
}

func keepsEvents(t *testing.T, c *cluster) {
	topic := buyer("U_1")
	c.subscribe(t, topic)
	for _, want := range everyEvent() {
		c.publish(t, 0, want, topic)
		for to, r := range c.receivers {
			if diff := cmp.Diff(want, r.next(t).event); diff != "" {
				t.Errorf("at node %d (-want +got):\n%s", to, diff)
			}
		}
	}
}

func inOrder(t *testing.T, c *cluster) {
	const n = 500
	topic := buyer("U_1")
	c.subscribe(t, topic)
	for i := range n {
		c.publish(t, 0, numbered(i), topic)
	}
	for to, r := range c.receivers {
		for i := range n {
			if got, want := string(r.next(t).event.Push.Payload), fmt.Sprint(i); got != want {
				t.Fatalf("at node %d: event %s came when %s was due", to, got, want)
			}
		}
	}
}

func comesBack(t *testing.T, c *cluster) {
	topic := buyer("U_1")
	c.subscribe(t, topic)
	for _, node := range c.nodes {
		if err := node.Unsubscribe(topic); err != nil {
			t.Fatalf("Unsubscribe = %v", err)
		}
	}
	c.subscribe(t, topic)
	c.publish(t, 0, numbered(1), topic)
	for to, r := range c.receivers {
		if got := string(r.next(t).event.Push.Payload); got != "1" {
			t.Errorf("node %d got %s, want 1", to, got)
		}
	}
}

func asksPresence(t *testing.T, c *cluster) {
	c.subscribe(t, buyer("U_here"))
	c.receivers[len(c.receivers)-1].setOnline("U_here")
	want := map[chat.UID]chat.Presence{"U_here": chat.Online, "U_gone": chat.Offline}
	for from, node := range c.nodes {
		if diff := cmp.Diff(want, node.Presence(t.Context(), []chat.UID{"U_here", "U_gone"})); diff != "" {
			t.Errorf("asked at node %d (-want +got):\n%s", from, diff)
		}
	}
	if got := c.nodes[0].Presence(t.Context(), nil); len(got) != 0 {
		t.Errorf("presence of nobody = %v", got)
	}
}

// A publisher holds the sender's answer back, so it must not wait for readers,
// not even for as many as this.
func doesNotBlock(t *testing.T, c *cluster) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 2000 {
			// Nobody subscribes: there is nobody to wait for.
			if err := c.nodes[0].Publish(t.Context(), []chat.Topic{buyer("U_nobody")}, numbered(i)); err != nil {
				t.Errorf("Publish = %v", err)
				return
			}
		}
	}()
	select {
	case <-done:
	case <-time.After(wait):
		t.Fatal("still publishing")
	}
}

// everyUID: some are alike to a bus that makes names of its own of them.
func everyUID(t *testing.T, c *cluster) {
	uids := []chat.UID{"U_a", "U_A", "U_a.b", "U_a.B", "U_a_b", "U_a-b", "U_>", "U_*", "U_ä", "V_a", "E_a", chat.UID("U_" + strings.Repeat("x", 64))}
	for _, uid := range uids {
		c.subscribe(t, buyer(uid))
	}
	for i, uid := range uids {
		c.publish(t, 0, numbered(i), buyer(uid))
	}
	for to, r := range c.receivers {
		for i, uid := range uids {
			want := delivery{buyer(uid), numbered(i)}
			if diff := cmp.Diff(want, r.next(t), cmp.AllowUnexported(delivery{})); diff != "" {
				t.Errorf("at node %d (-want +got):\n%s", to, diff)
			}
		}
	}
}

func manyUIDs(t *testing.T, c *cluster) {
	const n = 2000
	topics := make([]chat.Topic, n)
	for i := range topics {
		topics[i] = buyer(chat.UID(fmt.Sprint("U_", i)))
	}
	c.subscribe(t, topics...)
	for i, topic := range topics {
		c.publish(t, i%len(c.nodes), numbered(i), topic)
	}
	for to, r := range c.receivers {
		got := make(map[chat.UID]string, n)
		for range n {
			d := r.next(t)
			got[d.topic.UID] = string(d.event.Push.Payload)
		}
		for i, topic := range topics {
			if got[topic.UID] != fmt.Sprint(i) {
				t.Fatalf("node %d: %s was told %q, want %d", to, topic.UID, got[topic.UID], i)
			}
		}
	}
}

// manyPublishers: what one goroutine publishes stays in order among what others do.
func manyPublishers(t *testing.T, c *cluster) {
	const publishers, each = 8, 100
	topic := buyer("V_1")
	c.subscribe(t, topic)
	var work sync.WaitGroup
	for p := range publishers {
		work.Go(func() {
			for i := range each {
				ev := chat.Event{Origin: chat.ClientID(fmt.Sprint(p)), Push: numbered(i).Push}
				if err := c.nodes[p%len(c.nodes)].Publish(t.Context(), []chat.Topic{topic}, ev); err != nil {
					t.Errorf("Publish = %v", err)
				}
			}
		})
	}
	work.Wait()
	for to, r := range c.receivers {
		next := make(map[chat.ClientID]int)
		for range publishers * each {
			ev := r.next(t).event
			if got, want := string(ev.Push.Payload), fmt.Sprint(next[ev.Origin]); got != want {
				t.Fatalf("at node %d, of publisher %s: event %s came when %s was due", to, ev.Origin, got, want)
			}
			next[ev.Origin]++
		}
	}
}

// unsaid: an event of no kind tells sessions to look into the store.
func unsaid(t *testing.T, c *cluster) {
	topic := buyer("U_1")
	c.subscribe(t, topic)
	c.publish(t, 0, chat.Event{}, topic)
	for to, r := range c.receivers {
		if diff := cmp.Diff(delivery{topic, chat.Event{}}, r.next(t), cmp.AllowUnexported(delivery{})); diff != "" {
			t.Errorf("at node %d (-want +got):\n%s", to, diff)
		}
	}
}

// presenceOfMany: as many as a session may watch, every third of them there, at one
// node or another, or at all.
func presenceOfMany(t *testing.T, c *cluster) {
	want := make(map[chat.UID]chat.Presence)
	var uids []chat.UID
	for i := range 200 {
		uid := chat.UID(fmt.Sprint("U_", i))
		uids = append(uids, uid)
		want[uid] = chat.Offline
		if i%3 != 0 {
			continue
		}
		want[uid] = chat.Online
		for at, node := range c.nodes {
			if i%2 == 0 || at == i%len(c.nodes) {
				if err := node.Subscribe(buyer(uid)); err != nil {
					t.Fatal(err)
				}
				c.receivers[at].setOnline(uid)
			}
		}
	}
	for from, node := range c.nodes {
		if diff := cmp.Diff(want, node.Presence(t.Context(), append(uids, uids[0]))); diff != "" {
			t.Errorf("asked at node %d (-want +got):\n%s", from, diff)
		}
	}
}
