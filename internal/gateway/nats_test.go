package gateway

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/bus/natsbus"
	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/testkit/natsserver"
	"haggle/internal/wire"
)

// Two nodes and a network that loses, repeats and reorders: a seller at one is told
// within a heartbeat where a buyer at the other has got to.
func TestNodes_lossyNetwork(t *testing.T) {
	const seed = 42
	s, err := natsserver.Start(nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(s.Stop)
	store := testkit.NewMemStore()
	p := chat.Product{ID: "1001", Merchant: "V_7", Title: "A thing", Kind: chat.Virtual, Price: chat.Money{Amount: 100, Currency: "CNY"}}
	if err := store.PutProduct(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	open := func() *node {
		bus, err := natsbus.Open(t.Context(), natsbus.Options{URLs: []string{s.URL()}}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if err := bus.Close(); err != nil {
				t.Error(err)
			}
		})
		return newNode(t, nodeOptions{
			Options: Options{Nodes: true, Heartbeat: 3 * time.Second},
			store:   func(chat.Store) chat.Store { return store },
			bus:     func(chat.Bus) chat.Bus { return testkit.NewLossyBus(bus, seed) },
		}).listen(t)
	}
	a, b := open(), open()
	buyer, _ := a.enter(t, "U_1", nil)
	seller, _ := b.enter(t, "V_7", nil)
	const count = 100
	for i := range count {
		buyer.say(wire.ClientFrame{ID: int64(i + 2), Send: draft(fmt.Sprint("n", i), fmt.Sprint(i))})
		f := buyer.until(func(f *wire.ServerFrame) bool { return f.ID > 0 })
		if f.Ack == nil || f.Ack.Seq != int64(i+1) {
			t.Fatalf("seed %d: answer %+v: a lossy network must not touch a send", seed, f)
		}
	}
	_, positions, err := store.Positions(t.Context(), []chat.UID{"V_7"})
	if err != nil {
		t.Fatal(err)
	}
	if events := hearsOf(t, seller, int64(positions["V_7"])); events == 0 {
		t.Errorf("seed %d: no message came over the bus: this test says nothing", seed)
	}
}

// hearsOf reads up to a heartbeat that tells of pos, and returns how many messages came
// before it.
func hearsOf(t *testing.T, c *client, pos int64) (messages int) {
	t.Helper()
	for deadline := time.Now().Add(8 * time.Second); ; {
		data, err := c.Read()
		var f wire.ServerFrame
		if err != nil || json.Unmarshal(data, &f) != nil || time.Now().After(deadline) {
			t.Fatalf("nobody tells of position %d: %s, %v", pos, data, err)
		}
		if f.Message != nil {
			messages++
		}
		if f.Heartbeat != nil && f.Heartbeat.Position != nil && f.Heartbeat.Position.Pos >= pos {
			return messages
		}
	}
}
