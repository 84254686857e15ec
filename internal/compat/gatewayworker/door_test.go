package gatewayworker

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// Who has to prove itself has ten seconds, and a packet that has begun thirty. Who may be
// here may stay for as long as it likes.
func TestPeer_silence(t *testing.T) {
	ask := (&packet{command: cmdIsOnline}).append(nil)
	for name, c := range map[string]struct {
		secret string
		says   []byte
		ends   time.Duration // 0: never
	}{
		"a stranger":              {"s3cret", nil, strangerWithin},
		"a stranger's half":       {"s3cret", ask[:10], packetWithin},
		"nothing, without secret": {"", nil, 0},
		"a packet":                {"", ask, 0},
		"half a packet":           {"", ask[:10], packetWithin},
		"a packet and a half":     {"", append(bytes.Clone(ask), ask[:3]...), packetWithin},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				g := bareGate(t)
				g.secret = newSecret(c.secret)
				endsAfter(t, g.talk, c.says, c.ends)
			})
		})
	}
}

// Who asks and does not read is not waited for by anybody but itself, and is let go.
func TestPeer_readsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := bareGate(t)
		c := g.Connect(newFakePage(), netip.AddrPort{}, httptest.NewRequest(http.MethodGet, "/", http.NoBody))
		here, there := net.Pipe()
		var running sync.WaitGroup
		began := time.Now()
		ended := make(chan struct{})
		go func() {
			g.talk(t.Context(), there, nil, &running)
			close(ended)
		}()
		go func() {
			large := fmt.Sprintf(`a:1:{i:0;s:60000:"%060000d";}`, 0)
			set := text(cmdSetSession, c.number, large, "")
			_, _ = here.Write(set.append(nil))
			ask := (&packet{command: cmdGetSessionByClientID, connection: c.number}).append(nil)
			for {
				if _, err := here.Write(ask); err != nil {
					return
				}
			}
		}()
		<-ended
		if after := time.Since(began); after != writeWithin {
			t.Errorf("it ended after %v, want %v", after, writeWithin)
		}
		_ = here.Close()
		running.Wait()
	})
}

// One connection too many is closed, and there is room again when another has ended.
func TestDoor_full(t *testing.T) {
	d := &door{most: 1, open: make(map[net.Conn]struct{})}
	first, _ := net.Pipe()
	second, _ := net.Pipe()
	if !d.enter(first) || d.enter(second) {
		t.Error("there is room for one, and one alone")
	}
	d.leave(first)
	if !d.enter(second) {
		t.Error("there is no room after the first has left")
	}
	d.closeAll()
	if d.enter(first) {
		t.Error("somebody gets in after the end")
	}
}
