package gateway

import (
	"context"
	"runtime"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// claimsAt is a Verifier that has something happen first.
type claimsAt struct {
	Verifier

	before func()
}

func (c claimsAt) Verify(ctx context.Context, token string) (chat.Identity, error) {
	c.before()
	return c.Verifier.Verify(ctx, token)
}

// A session can be closed while it is being let in. The race detector has the say.
func TestEnter_closedMeanwhile(t *testing.T) {
	n := newNode(t, nodeOptions{})
	for range 50 {
		sock := &fake{t: t, in: make(chan string), moved: make(chan struct{}), over: make(chan struct{})}
		s, ok := n.begin(sock)
		if !ok {
			t.Fatal("the gateway takes no session")
		}
		verifier := n.verifier
		n.verifier = claimsAt{verifier, func() {
			go s.close(wire.Bye{Code: byeShutdown})
			runtime.Gosched()
		}}
		s.receive(true, []byte(`{"id":1,"hello":{"token":"U_1"}}`))
		n.verifier = verifier
		<-sock.over
		s.gone()
	}
	if left := n.hub.all(); len(left) > 0 {
		t.Errorf("%d sessions are left", len(left))
	}
}
