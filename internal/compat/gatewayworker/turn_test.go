package gatewayworker

import (
	"encoding/binary"
	"fmt"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// PHP makes a connection for each call and waits for none of these. What it says to the
// second is still done after what it has said to the first.
func TestTurn_shortConnections(t *testing.T) {
	for _, secret := range []string{"", "s3cret"} {
		w := newWorld(t, func(o *Options) { o.Secret = secret })
		_, page := w.open()
		call := func(m packet) {
			p := w.php()
			var b []byte
			if secret != "" {
				b = (&packet{command: cmdGatewayClientConnect, flag: flagScalar, body: []byte(`{"secret_key":"s3cret"}`)}).append(nil)
			}
			p.write(m.append(b))
			_ = p.conn.Close()
		}
		for range 20 { // who says nothing keeps nobody waiting
			w.php()
		}
		var want []string
		for i := range 100 {
			n := fmt.Sprint(i)
			call(text(cmdBindUID, 1, "U_"+n, ""))
			call(text(cmdSendToUID, 0, `["U_`+n+`"]`, n))
			call(text(cmdSendToOne, 1, "", "then "+n))
			want = append(want, n, "then "+n)
		}
		if got := page.take(t, len(want)); !slices.Equal(got, want) {
			t.Errorf("with secret %q: %q came, want %q", secret, got, want)
		}
	}
}

// Who proves itself and says no more keeps the others waiting no longer than who says
// nothing, and so does who begins to say something.
func TestTurn_onlyTheSecret(t *testing.T) {
	secret := (&packet{command: cmdGatewayClientConnect, flag: flagScalar, body: []byte(`{}`)}).append(nil)
	half := (&packet{command: cmdSendToAll, flag: flagScalar, body: []byte("half")}).append(nil)[:30]
	for name, words := range map[string][]byte{"the secret": secret, "half a packet": half, "nothing": nil} {
		synctest.Test(t, func(t *testing.T) {
			var l line
			var running sync.WaitGroup
			here, there := net.Pipe()
			v := visitOf(there, &running)
			v.turn = l.join("10.0.0.1", v.flow)
			running.Go(func() { bareGate(t).talk(t.Context(), v) })
			_, _ = here.Write(words)
			second := l.join("10.0.0.1", silent{})
			defer second.end()
			began := time.Now()
			<-second.come
			if took := time.Since(began); took != sayWithin {
				t.Errorf("%s: the second waits for %v, want %v", name, took, sayWithin)
			}
			_ = here.Close()
			running.Wait()
		})
	}
}

// Nor does who says a large packet byte by byte, for long.
func TestTurn_trickle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		slow, second := l.join("10.0.0.1", slowly{}), l.join("10.0.0.1", silent{})
		defer second.end()
		defer slow.end()
		began := time.Now()
		<-second.come
		if took := time.Since(began); took != saidWithin {
			t.Errorf("the second waits for %v, want %v", took, saidWithin)
		}
	})
}

// What waits in vain for who came earlier says so: where that one says nothing, and where
// there is no room for what it says. Where nobody waits nothing is lost.
func TestTurn_inVainIsSaid(t *testing.T) {
	large := binary.BigEndian.AppendUint32(nil, maxPacket)
	for _, c := range []struct {
		name       string
		says       []byte
		waits, end bool
		want       float64
	}{
		{"a silent one", nil, true, false, 1},
		{"a large packet", large, true, false, 1},
		{"a silent one, and nobody waits", nil, false, false, 0},
		{"a large packet, and nobody waits", large, false, false, 0},
		{"one that goes", nil, true, true, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			g, logs := loggingGate(t)
			g.large.TryAcquire(maxLarge) // there is no room
			l := line{passBy: func(from string) { g.passBy(firstPacket, from) }}
			var running sync.WaitGroup
			here, there := net.Pipe()
			v := visitOf(there, &running)
			v.turn = l.join("10.0.0.1", v.flow)
			second := l.join("10.0.0.1", silent{})
			if c.waits {
				running.Go(func() { second.await(t.Context()); second.end() })
			}
			synctest.Wait()
			running.Go(func() { g.talk(t.Context(), v) })
			if _, _ = here.Write(c.says); c.end {
				_ = here.Close()
			}
			<-time.After(time.Second)
			if n := counted(t, g.stats.passedBy.WithLabelValues(firstPacket)); n != c.want || strings.Contains(logs.String(), "order may be lost") != (n > 0) {
				t.Errorf("%s: %v waits in vain are counted, want %v, and the log says %s", c.name, n, c.want, logs)
			}
			second.end()
			_ = here.Close()
			running.Wait()
		})
	}
}

// So does the gate that runs.
func TestTurn_inVainAtTheDoor(t *testing.T) {
	w := newWorld(t, nil)
	w.php()
	w.php().settle()
	becomes(t, "the log does not say so", func() bool {
		return strings.Contains(w.logs.String(), "order may be lost\" address=127.0.0.1 waited_for=first")
	})
}

// silent says nothing.
type silent struct{}

func (silent) quiet() bool    { return true }
func (silent) trickles() bool { return false }

// slowly says one byte after the other.
type slowly struct{}

func (slowly) quiet() bool    { return false }
func (slowly) trickles() bool { return true }

// waiting has said something that is not looked at until it is true.
type waiting struct{ looked atomic.Bool }

func (w *waiting) quiet() bool  { return w.looked.Load() }
func (*waiting) trickles() bool { return false }

// Who comes from elsewhere and says nothing keeps nobody waiting.
func TestTurn_fromElsewhere(t *testing.T) {
	var l line
	came := func(v *turn) bool {
		select {
		case <-v.come:
			return true
		default:
			return false
		}
	}
	stranger, first, second := l.join("10.0.0.9", silent{}), l.join("10.0.0.1", silent{}), l.join("10.0.0.1", silent{})
	if !came(first) || came(second) {
		t.Errorf("the first has its turn: %t, and the second of the same address: %t", came(first), came(second))
	}
	first.end()
	if !came(second) {
		t.Error("the second still waits for the first, which is done")
	}
	second.end()
	stranger.end()
	if n := len(l.turns); n != 0 {
		t.Errorf("%d addresses are remembered that nobody is at", n)
	}
}

// A machine so busy that it does not get to look at what has come does not carry out first
// what came later.
func TestTurn_busy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l line
		first, second := l.join("10.0.0.1", &waiting{}), l.join("10.0.0.1", &waiting{})
		defer second.end()
		<-time.After(time.Minute)
		synctest.Wait()
		select {
		case <-second.come:
			t.Error("the second goes before the first is looked at")
		default:
		}
		first.end()
		select {
		case <-second.come:
		default:
			t.Error("the second still waits for the first, which is done")
		}
	})
	synctest.Test(t, func(t *testing.T) {
		var l line
		first, second := l.join("10.0.0.1", silent{}), l.join("10.0.0.1", silent{})
		defer second.end()
		defer first.end()
		select {
		case <-second.come:
		case <-time.After(2 * sayWithin):
			t.Error("the second waits for one that says nothing")
		}
	})
}

// A BusinessWorker says bindUid over the connection that it keeps, and asks over another:
// the answer knows of it.
func TestTurn_keptConnection(t *testing.T) {
	for _, secret := range []string{"", "s3cret"} {
		w := newWorld(t, func(o *Options) { o.Secret = secret })
		w.open()
		hello := text(cmdGatewayClientConnect, 0, "", `{"secret_key":"`+secret+`"}`)
		keeps := w.php()
		keeps.say(text(cmdWorkerConnect, 0, "", `{"worker_key":"BW:0","secret_key":"`+secret+`"}`))
		keeps.settle()
		for i := range 500 {
			uid := fmt.Sprint("U_", i)
			keeps.say(text(cmdBindUID, 1, "before", ""))
			keeps.say(text(cmdBindUID, 1, uid, ""))
			asks := w.php()
			question := text(cmdGetClientIDByUID, 0, uid, "")
			asks.write(question.append(hello.append(nil)))
			if got := asks.reply(); got != "a:1:{i:0;i:1;}" {
				t.Fatalf("with secret %q, call %d: %s has %s", secret, i, uid, got)
			}
			_ = asks.conn.Close()
		}
	}
}

// Who has begun to say something and does not end keeps one call waiting for a moment, and
// not all that follow.
func TestTurn_keptConnectionStuck(t *testing.T) {
	w := newWorld(t, nil)
	_, page := w.open()
	keeps := w.php()
	keeps.settle()
	half := text(cmdSendToOne, 1, "", "at last")
	keeps.write(half.append(nil)[:30])
	w.php().settle()
	w.gate.peers.mu.Lock()
	flow := w.gate.peers.from["127.0.0.1"][0].flow
	w.gate.peers.mu.Unlock()
	for range 40 {
		if list := marks([]*inflow{flow}); len(list) > 0 {
			t.Fatal("somebody has waited in vain, and the next would wait again")
		}
		w.php().settle()
	}
	keeps.write(half.append(nil)[30:])
	if got := page.take(t, 1); got[0] != "at last" {
		t.Errorf("%q came", got)
	}
}
