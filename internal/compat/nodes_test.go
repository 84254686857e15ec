package compat_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"haggle/internal/chat"
)

// relays is a Relay between the nodes of one process.
type relays struct {
	mu   sync.Mutex
	held map[chat.ClientID]func(context.Context, []byte) []byte // guarded by mu
}

func (r *relays) Hold(id chat.ClientID, answer func(context.Context, []byte) []byte) (func(), error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.held[id] = answer
	return func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		delete(r.held, id)
	}, nil
}

func (r *relays) Ask(ctx context.Context, id chat.ClientID, request []byte) ([]byte, bool, error) {
	r.mu.Lock()
	answer := r.held[id]
	r.mu.Unlock()
	if answer == nil {
		return nil, false, nil
	}
	return answer(ctx, request), true, nil
}

// An old page's requests may reach another node than its socket does.
func TestNodes_pageAndSocketApart(t *testing.T) {
	r := &relays{held: make(map[chat.ClientID]func(context.Context, []byte) []byte)}
	w := newWorld(t, setup{relay: r})
	there := *w
	there.web = there.far
	buyer, seller := w.open("U_7"), w.open("V_1")
	buyer.w, seller.w = &there, &there
	buyer.mustBind()
	seller.mustBind()
	buyer.mustAsk("over there")
	seller.next("reception")
	seller.mustAnswer("<p>and back</p>")
	buyer.next("reception")

	stranger := w.open("U_8")
	stranger.w = &there
	if a := stranger.bind(buyer.client); a["status"] == 1.0 {
		t.Errorf("somebody else's socket was bound: %v", a)
	}
	if a := stranger.bind("0123456789abcdef0123"); a["status"] == 1.0 {
		t.Errorf("no socket was bound: %v", a)
	}
	buyer.leave()
	for deadline := time.After(wait); ; {
		r.mu.Lock()
		_, held := r.held[chat.ClientID(buyer.client)]
		r.mu.Unlock()
		if !held {
			break
		}
		select {
		case <-time.After(5 * time.Millisecond):
		case <-deadline:
			t.Fatal("a socket is held after its end")
		}
	}
}
