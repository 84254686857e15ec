package natsbus_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"haggle/internal/chat"
)

func message() chat.Event {
	return chat.Event{Pos: [2]chat.Pos{41, 977}, Message: &chat.Message{
		Conversation: "c_0123456789abcdef", Seq: 12, Rev: 31, Sender: "U_42", Nonce: "n_0123456789abcdef",
		Blocks: []chat.Block{{Type: chat.TextBlock, Text: "还有货吗? Is it still available?"}}, SentAt: time.UnixMilli(1763935200123).UTC(), Ordinal: 3,
	}}
}

// arrived lets a benchmark wait for what is delivered.
type arrived struct{ c chan struct{} }

func (a arrived) Deliver(chat.Topic, chat.Event) { a.c <- struct{}{} }
func (arrived) Online(chat.UID) bool             { return true }
func (arrived) Resync()                          {}

// BenchmarkBus_publish is from Publish at one node to Deliver at another, one at a time.
func BenchmarkBus_publish(b *testing.B) {
	s := start(b, nil)
	from, to := open(b, quick(s.URL())), open(b, quick(s.URL()))
	at := arrived{make(chan struct{}, 1)}
	to.Attach(at)
	topics := []chat.Topic{{Kind: chat.EventsOf, UID: "V_7"}}
	if err := (settled{to, b}).Subscribe(topics[0]); err != nil {
		b.Fatal(err)
	}
	ev := message()
	for b.Loop() {
		if err := from.Publish(b.Context(), topics, ev); err != nil {
			b.Fatal(err)
		}
		<-at.c
	}
}

// BenchmarkBus_stream is as many as go through, a thousand of them on their way.
func BenchmarkBus_stream(b *testing.B) {
	s := start(b, nil)
	from, to := open(b, quick(s.URL())), open(b, quick(s.URL()))
	at := arrived{make(chan struct{}, 1000)}
	to.Attach(at)
	topics := []chat.Topic{{Kind: chat.EventsOf, UID: "V_7"}}
	if err := (settled{to, b}).Subscribe(topics[0]); err != nil {
		b.Fatal(err)
	}
	ev := message()
	way := 0
	for b.Loop() {
		if err := from.Publish(b.Context(), topics, ev); err != nil {
			b.Fatal(err)
		}
		if way++; way >= 1000 {
			<-at.c
			way--
		}
	}
	for ; way > 0; way-- {
		<-at.c
	}
}

// BenchmarkBus_presence asks for as many as a session may watch.
func BenchmarkBus_presence(b *testing.B) {
	for _, online := range []int{0, 100, 200} {
		b.Run(fmt.Sprintf("%d of 200 online", online), func(b *testing.B) {
			s := start(b, nil)
			from, to := open(b, quick(s.URL())), open(b, quick(s.URL()))
			to.Attach(arrived{make(chan struct{}, 1)})
			var uids []chat.UID
			for i := range 200 {
				uid := chat.UID(fmt.Sprint("U_", i))
				uids = append(uids, uid)
				if i < online {
					if err := (settled{to, b}).Subscribe(chat.Topic{Kind: chat.EventsOf, UID: uid}); err != nil {
						b.Fatal(err)
					}
				}
			}
			for b.Loop() {
				if got := from.Presence(b.Context(), uids)["U_0"]; got == chat.PresenceUnknown {
					b.Fatal("nobody knows")
				}
			}
		})
	}
}

// BenchmarkBus_subscription says how much of a node's memory one takes. There is no
// server, whose memory would be this process's, too.
func BenchmarkBus_subscription(b *testing.B) {
	const n = 100_000
	for b.Loop() {
		bus := open(b, quick("nats://127.0.0.1:1"))
		uids := make([]chat.UID, n)
		for i := range uids {
			uids[i] = chat.UID(fmt.Sprint("U_", i))
		}
		before := heap()
		for _, uid := range uids {
			if err := bus.Subscribe(chat.Topic{Kind: chat.EventsOf, UID: uid}); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(heap()-before)/n, "B/subscription")
		if err := bus.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
