package compat

import (
	"testing"

	"haggle/internal/compat/gatewayworker"
)

// A socket takes what is known of a push as it is told, and reads none itself: it would do
// so under the lock that messages wait for.
func TestPush_isNotRead(t *testing.T) {
	const data = `{"type":"ping"}`
	for _, c := range []struct {
		push   gatewayworker.Push
		pings  int
		unsure bool
	}{
		{gatewayworker.Push{Data: []byte(data), Pings: 3, Sure: true}, 3, false},
		{gatewayworker.Push{Data: []byte(data), Raw: true, Sure: true}, 0, false},
		{gatewayworker.Push{Data: []byte(data), Pings: 1}, 1, true},
	} {
		s := &socket{pushes: []gatewayworker.Push{c.push}}
		s.nextPush()
		if s.pings != c.pings || s.unsure != c.unsure {
			t.Errorf("of %+v a socket notes %d pings (unsure: %t), want %d (%t)", c.push, s.pings, s.unsure, c.pings, c.unsure)
		}
	}
}
