package natsbus_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/bus/natsbus"
	"haggle/internal/chat"
)

// sessions is a receiver that holds things up for as long as a test wants.
type sessions struct {
	events  chan chat.Event
	resyncs chan struct{}
	online  bool
	hold    chan struct{} // nil: not; else Deliver waits until it is closed
}

func newSessions() *sessions {
	return &sessions{events: make(chan chat.Event, 4096), resyncs: make(chan struct{}, 4096)}
}

func (s *sessions) Deliver(_ chat.Topic, ev chat.Event) {
	if s.hold != nil {
		<-s.hold
	}
	s.events <- ev
}
func (s *sessions) Online(chat.UID) bool { return s.online }
func (s *sessions) Resync()              { s.resyncs <- struct{}{} }

func (s *sessions) next(t *testing.T) chat.Event {
	t.Helper()
	select {
	case ev := <-s.events:
		return ev
	case <-time.After(wait):
		t.Fatal("nothing arrived")
		return chat.Event{}
	}
}

func (s *sessions) awaitResync(t *testing.T) {
	t.Helper()
	select {
	case <-s.resyncs:
	case <-time.After(wait):
		t.Fatal("no resync")
	}
}

// quiet waits until what follows the connection is over: the looks at once and later.
func (s *sessions) quiet(t *testing.T) {
	t.Helper()
	for {
		select {
		case <-s.resyncs:
		case <-time.After(500 * time.Millisecond):
			return
		}
	}
}

func node(t testing.TB, opts natsbus.Options) (*natsbus.Bus, *sessions) {
	t.Helper()
	b, s := open(t, opts), newSessions()
	b.Attach(s)
	return b, s
}

// soon is a context that ends.
func soon(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), wait)
	t.Cleanup(cancel)
	return ctx
}

func subscribe(t *testing.T, b *natsbus.Bus, topics ...chat.Topic) {
	t.Helper()
	for _, topic := range topics {
		if err := (settled{b, t}).Subscribe(topic); err != nil {
			t.Fatal(err)
		}
	}
}

func publish(t *testing.T, b *natsbus.Bus, topic chat.Topic, payload string) {
	t.Helper()
	if err := b.Publish(t.Context(), []chat.Topic{topic}, chat.Event{Push: &chat.PushEvent{Payload: []byte(payload)}}); err != nil {
		t.Fatal(err)
	}
}

func topicOf(uid chat.UID) chat.Topic { return chat.Topic{Kind: chat.EventsOf, UID: uid} }

// metric returns the sum of a metric's values.
func metric(t *testing.T, b *natsbus.Bus, name string) float64 {
	t.Helper()
	r := prometheus.NewPedanticRegistry()
	r.MustRegister(b.Metrics()...)
	families, err := r.Gather()
	if err != nil {
		t.Fatal(err)
	}
	sum := 0.0
	for _, f := range families {
		if f.GetName() == name {
			for _, m := range f.GetMetric() {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

// proxy is a way to the server that one node takes, and that can be cut.
type proxy struct {
	l net.Listener

	mu    sync.Mutex
	conns []net.Conn // guarded by mu
	shut  bool       // guarded by mu
}

func newProxy(t *testing.T, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p := &proxy{l: l}
	var work sync.WaitGroup
	work.Go(func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			p.mu.Lock()
			if p.shut || err != nil {
				_ = in.Close()
				if out != nil {
					_ = out.Close()
				}
				p.mu.Unlock()
				continue
			}
			p.conns = append(p.conns, in, out)
			p.mu.Unlock()
			work.Go(func() { _, _ = io.Copy(in, out); _ = in.Close() })
			work.Go(func() { _, _ = io.Copy(out, in); _ = out.Close() })
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		p.set(true)
		work.Wait()
	})
	return p
}

// set cuts the way, or opens it.
func (p *proxy) set(shut bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.shut = shut
	for _, c := range p.conns {
		_ = c.Close()
	}
	p.conns = nil
}

// A node that was cut off by itself has the others look for what it could not tell them:
// they have seen nothing of its absence.
func TestBus_oneNodeCutOff(t *testing.T) {
	s := start(t, nil)
	way := newProxy(t, s.Addr())
	a, _ := node(t, quick("nats://"+way.l.Addr().String()))
	b, atB := node(t, quick(s.URL()))
	subscribe(t, b, topicOf("U_1"))
	atB.quiet(t)
	way.set(true)
	eventually(t, "a node knows that it is cut off", func() bool { return !a.Connected() })
	publish(t, a, topicOf("U_1"), "lost")
	if got := metric(t, a, "haggle_bus_lost_total"); got != 1 {
		t.Errorf("%v events are counted as lost, want 1", got)
	}
	way.set(false)
	atB.awaitResync(t)
	if !b.Connected() {
		t.Error("the other node was cut off, too: this test says nothing")
	}
	eventually(t, "the node is back", a.Connected)
	publish(t, a, topicOf("U_1"), "again")
	if got := string(atB.next(t).Push.Payload); got != "again" {
		t.Errorf("got %s, want what came after it", got)
	}
}

// What came between the last look and the connection is looked for once that is back.
func TestBus_looksWhenItIsBack(t *testing.T) {
	s := start(t, nil)
	opts := quick(s.URL())
	opts.LookEvery = time.Hour // so that nothing else makes it look
	b, sess := node(t, opts)
	sess.quiet(t)
	s.Stop()
	eventually(t, "the node knows", func() bool { return !b.Connected() })
	sess.quiet(t)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	sess.awaitResync(t)
}

// A node that cannot keep up drops, says so, and has its sessions look once it has.
func TestBus_slowConsumer(t *testing.T) {
	s := start(t, nil)
	a, _ := node(t, quick(s.URL()))
	slow := quick(s.URL())
	slow.Receiving = 16
	b, atB := node(t, slow)
	atB.hold = make(chan struct{})
	subscribe(t, b, topicOf("V_1"))
	atB.quiet(t)
	for i := range 200 {
		publish(t, a, topicOf("V_1"), fmt.Sprint(i))
	}
	eventually(t, "events are dropped", func() bool { return metric(t, b, "haggle_bus_slow_consumer_total") > 0 })
	if len(atB.resyncs) > 0 {
		t.Error("the sessions looked while events were still being dropped")
	}
	close(atB.hold)
	atB.awaitResync(t)
	if got := len(atB.events); got == 0 || got >= 200 {
		t.Errorf("%d of 200 events came: this test says nothing", got)
	}
}

// What is more than NATS takes is looked up instead.
func TestBus_tooLarge(t *testing.T) {
	s := start(t, func(o *server.Options) { o.MaxPayload = 4096; o.MaxPending = 1 << 20 })
	a, _ := node(t, quick(s.URL()))
	b, atB := node(t, quick(s.URL()))
	subscribe(t, b, topicOf("U_1"))
	publish(t, a, topicOf("U_1"), strings.Repeat("x", 8192))
	publish(t, a, topicOf("U_1"), "small")
	if ev := atB.next(t); ev.Push != nil {
		t.Errorf("got %d bytes", len(ev.Push.Payload))
	}
	if got := string(atB.next(t).Push.Payload); got != "small" {
		t.Errorf("got %s, want what came after it", got)
	}
}

// A node of a later version says what this one does not understand.
func TestBus_anotherVersion(t *testing.T) {
	s := start(t, nil)
	b, atB := node(t, quick(s.URL()))
	subscribe(t, b, topicOf("U_1"))
	other, err := nats.Connect(s.URL())
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	for _, data := range []string{`2{"message":{}}`, `{"v":7}`, "", "\x00\xff"} {
		if err := other.Publish("haggle.u.VV8x", []byte(data)); err != nil {
			t.Fatal(err)
		}
		if ev := atB.next(t); ev != (chat.Event{}) {
			t.Errorf("%q became %+v", data, ev)
		}
	}
	for _, subject := range []string{"haggle.u.***", "haggle.u.", "haggle.nothing", "haggle.inbox.x"} {
		_ = other.Publish(subject, []byte("1")) // nobody subscribes, and nothing breaks
	}
	publish(t, b, topicOf("U_1"), "own")
	if got := string(atB.next(t).Push.Payload); got != "own" {
		t.Errorf("got %s", got)
	}
}

// Two installations on one NATS do not hear each other.
func TestBus_prefix(t *testing.T) {
	s := start(t, nil)
	one, two := quick(s.URL()), quick(s.URL())
	two.Prefix = "haggle.u" // even where one's name looks like the other's subjects
	a, atA := node(t, one)
	b, atB := node(t, two)
	atB.online = true
	subscribe(t, a, topicOf("U_1"))
	subscribe(t, b, topicOf("U_1"))
	publish(t, a, topicOf("U_1"), "a")
	publish(t, b, topicOf("U_1"), "b")
	if x, y := string(atA.next(t).Push.Payload), string(atB.next(t).Push.Payload); x != "a" || y != "b" {
		t.Errorf("they got %s and %s", x, y)
	}
	if got := a.Presence(t.Context(), []chat.UID{"U_1"})["U_1"]; got != chat.Offline {
		t.Errorf("U_1 is %v at the other installation's", got)
	}
}

// A NATS that is not there at the start is waited for.
func TestOpen_natsIsDown(t *testing.T) {
	s := start(t, nil)
	url := s.URL()
	s.Stop()
	b, sess := node(t, quick(url))
	if err := b.Health(t.Context()); err == nil || b.Connected() {
		t.Errorf("Health = %v, Connected = %v without a server", err, b.Connected())
	}
	if err := b.Subscribe(topicOf("U_1")); err != nil {
		t.Fatalf("Subscribe = %v", err)
	}
	publish(t, b, topicOf("U_1"), "own")
	if got := string(sess.next(t).Push.Payload); got != "own" {
		t.Errorf("got %s", got)
	}
	sess.awaitResync(t)
	if err := s.Start(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the node is ready", func() bool { return b.Health(t.Context()) == nil && b.Connected() })
	a, _ := node(t, quick(url))
	if err := b.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	publish(t, a, topicOf("U_1"), "other")
	if got := string(sess.next(t).Push.Payload); got != "other" {
		t.Errorf("got %s", got)
	}
	s.Stop()
	eventually(t, "the node knows", func() bool { return !b.Connected() })
	if err := b.Health(t.Context()); err != nil {
		t.Errorf("a NATS that went away later: Health = %v, want nil, as all nodes lose it at once", err)
	}
}

// What a sender wants to know of the recipient is not asked while it waits, but is known
// the next time.
func TestBus_cached(t *testing.T) {
	s := start(t, nil)
	a, _ := node(t, quick(s.URL()))
	if got := a.Cached("U_1"); got != chat.PresenceUnknown {
		t.Errorf("Cached = %v before anybody asked", got)
	}
	eventually(t, "the node knows", func() bool { return a.Cached("U_1") == chat.Offline })
	b, atB := node(t, quick(s.URL()))
	atB.online = true
	subscribe(t, b, topicOf("U_2"))
	eventually(t, "the node knows", func() bool { return a.Cached("U_2") == chat.Online })
	news := chat.Topic{Kind: chat.PresenceOf, UID: "U_2"}
	subscribe(t, a, news)
	if err := b.Publish(t.Context(), []chat.Topic{news}, chat.Event{Presence: &chat.PresenceEvent{UID: "U_2"}}); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the news is known", func() bool { return a.Cached("U_2") == chat.Offline })
	if got := b.Cached("U_2"); got != chat.Online {
		t.Errorf("Cached = %v where it is", got)
	}
}

// When the last session has left, NATS sends nothing of it here any more.
func TestBus_leavesNothingBehind(t *testing.T) {
	s := start(t, nil)
	b, _ := node(t, quick(s.URL()))
	if err := b.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	before := s.Subscriptions()
	for i := range 1000 {
		subscribe(t, b, topicOf(chat.UID(fmt.Sprint("U_", i))))
	}
	eventually(t, "the server knows", func() bool { return s.Subscriptions() == before+1000 })
	for i := range 1000 {
		if err := b.Unsubscribe(topicOf(chat.UID(fmt.Sprint("U_", i)))); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the server forgets", func() bool { return s.Subscriptions() == before })
	if err := b.Unsubscribe(topicOf("U_1")); err != nil {
		t.Errorf("leaving twice: %v", err)
	}
}

// What was said before the stop is sent.
func TestBus_closeSends(t *testing.T) {
	s := start(t, nil)
	a, err := natsbus.Open(t.Context(), quick(s.URL()), discard())
	if err != nil {
		t.Fatal(err)
	}
	b, atB := node(t, quick(s.URL()))
	subscribe(t, b, topicOf("U_1"))
	const n = 2000
	for i := range n {
		publish(t, a, topicOf("U_1"), fmt.Sprint(i))
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if got := string(atB.next(t).Push.Payload); got != fmt.Sprint(i) {
			t.Fatalf("got %s, want %d", got, i)
		}
	}
	publish(t, a, topicOf("U_1"), "late") // and does no harm
	if err := a.Subscribe(topicOf("U_1")); err == nil {
		t.Error("a bus that is closed takes subscriptions")
	}
	if err := a.Close(); err != nil {
		t.Error(err)
	}
}

// A server that takes nothing holds nobody up who publishes.
func TestBus_stalledNetwork(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		c, err := l.Accept()
		if err != nil {
			return
		}
		_, _ = io.WriteString(c, `INFO {"server_id":"x","version":"2.15.2","headers":true,"proto":1,"max_payload":1048576}`+"\r\n")
		buf := make([]byte, 4096)
		for got := ""; !strings.Contains(got, "PING"); { // CONNECT, PING; and then it reads no more
			n, err := c.Read(buf)
			if err != nil {
				return
			}
			got += string(buf[:n])
		}
		_, _ = io.WriteString(c, "PONG\r\n")
		<-t.Context().Done()
		_ = c.Close()
	}()
	opts := quick("nats://" + l.Addr().String())
	opts.Sending = 64
	b, _ := node(t, opts)
	eventually(t, "it looks connected", b.Connected)
	large := strings.Repeat("x", 60_000)
	var slowest time.Duration
	for range 500 {
		began := time.Now()
		publish(t, b, topicOf("U_1"), large)
		slowest = max(slowest, time.Since(began))
	}
	if slowest > 1500*time.Millisecond { // a write waits for 2 s
		t.Errorf("publishing took %v", slowest)
	}
	if got := metric(t, b, "haggle_bus_lost_total"); got == 0 {
		t.Error("30 MB went into a network that takes nothing, and none is lost: this test says nothing")
	}
}

// Nodes on different servers of a cluster of NATS are one bus.
func TestBus_cluster(t *testing.T) {
	cluster := server.ClusterOpts{Name: "c", Host: "127.0.0.1", Port: server.RANDOM_PORT}
	one := start(t, func(o *server.Options) { o.ServerName, o.Cluster = "one", cluster })
	two := start(t, func(o *server.Options) {
		o.ServerName, o.Cluster, o.Routes = "two", cluster, server.RoutesFromStr("nats://"+one.ClusterAddr())
	})
	eventually(t, "the servers find each other", func() bool { return one.Routes() > 0 && two.Routes() > 0 })
	a, atA := node(t, quick(one.URL()))
	b, atB := node(t, quick(two.URL()))
	atB.online = true
	subscribe(t, a, topicOf("U_1"))
	subscribe(t, b, topicOf("V_1"))
	ask := func() chat.Presence { return a.Presence(t.Context(), []chat.UID{"V_1"})["V_1"] }
	eventually(t, "the other server knows", func() bool { return ask() == chat.Online })
	publish(t, a, topicOf("V_1"), "to the other")
	publish(t, b, topicOf("U_1"), "and back")
	if x, y := string(atB.next(t).Push.Payload), string(atA.next(t).Push.Payload); x != "to the other" || y != "and back" {
		t.Errorf("they got %q and %q", x, y)
	}
	// One server goes, the node that was on it finds the other: it was told of it.
	two.Stop()
	eventually(t, "the other knows that nobody is there, or that it is back", func() bool { return b.Connected() && ask() == chat.Online })
	publish(t, a, topicOf("V_1"), "at the same")
	if got := string(atB.next(t).Push.Payload); got != "at the same" {
		t.Errorf("got %q", got)
	}
}

// What is said for a session at another node is answered there, by one who is not kept
// from the events meanwhile.
func TestBus_ask(t *testing.T) {
	s := start(t, nil)
	a, _ := node(t, quick(s.URL()))
	b, atB := node(t, quick(s.URL()))
	subscribe(t, b, topicOf("U_1"))
	asked, answered := make(chan string), make(chan string)
	release, err := b.Hold("s1", func(_ context.Context, request []byte) []byte {
		asked <- string(request)
		return []byte(<-answered)
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	go func() {
		if got := <-asked; got != "question" {
			t.Errorf("asked %q", got)
		}
		publish(t, a, topicOf("U_1"), "meanwhile")
		atB.next(t)
		answered <- "answer"
	}()
	got, found, err := a.Ask(soon(t), "s1", []byte("question"))
	if string(got) != "answer" || !found || err != nil {
		t.Errorf("Ask = %q, %v, %v", got, found, err)
	}
	release()
	if err := b.Flush(soon(t)); err != nil {
		t.Fatal(err)
	}
	if _, found, err := a.Ask(soon(t), "s1", nil); found || err != nil {
		t.Errorf("Ask = %v, %v after it has ended", found, err)
	}
	s.Stop()
	eventually(t, "the node knows", func() bool { return !a.Connected() })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, found, err := a.Ask(ctx, "s1", nil); found || err == nil {
		t.Errorf("Ask = %v, %v without NATS, want an error", found, err)
	}
}
