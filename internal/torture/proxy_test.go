package torture

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// within bounds what has to happen; soon is how long something is looked for that must
// not.
const (
	within = 10 * time.Second
	soon   = 50 * time.Millisecond
)

// echo answers every line with itself, behind a proxy.
func echo(t *testing.T) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewProxy(t.Context(), "127.0.0.1", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	var g errgroup.Group
	g.Go(func() error { return p.Run(ctx) })
	g.Go(func() error {
		for {
			c, err := l.Accept()
			if errors.Is(err, net.ErrClosed) {
				return nil
			}
			if err != nil {
				return err
			}
			g.Go(func() error {
				_, _ = io.Copy(c, c)
				return c.Close()
			})
		}
	})
	t.Cleanup(func() {
		cancel()
		_ = l.Close()
		if err := g.Wait(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// talker is a connection through the proxy.
type talker struct {
	net.Conn

	in *bufio.Reader
}

func talk(t *testing.T, p *Proxy) *talker {
	t.Helper()
	c, err := net.Dial("tcp", p.Addr())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	k := &talker{c, bufio.NewReader(c)}
	k.say(t, "hello")
	k.hears(t, "hello") // so it is known to the proxy
	return k
}

func (k *talker) say(t *testing.T, line string) {
	t.Helper()
	if _, err := io.WriteString(k, line+"\n"); err != nil {
		t.Fatal(err)
	}
}

func (k *talker) hears(t *testing.T, want string) {
	t.Helper()
	if err := k.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	if got, err := k.in.ReadString('\n'); err != nil || got != want+"\n" {
		t.Errorf("heard %q, %v, want %q", got, err, want)
	}
}

func (k *talker) hearsNothing(t *testing.T) {
	t.Helper()
	if err := k.SetReadDeadline(time.Now().Add(soon)); err != nil {
		t.Fatal(err)
	}
	if got, err := k.in.ReadString('\n'); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("heard %q, %v, want nothing", got, err)
	}
}

func (k *talker) isCut(t *testing.T) {
	t.Helper()
	if err := k.SetReadDeadline(time.Now().Add(within)); err != nil {
		t.Fatal(err)
	}
	if got, err := k.in.ReadString('\n'); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("heard %q, %v, want the end", got, err)
	}
}

func TestProxy_cutsTheOnesItIsToldTo(t *testing.T) {
	p := echo(t)
	first, second := talk(t, p), talk(t, p)
	n := 0
	if cut := p.Cut(func() bool { n++; return n == 1 }); cut != 1 {
		t.Errorf("cut %d, want 1", cut)
	}
	first.isCut(t)
	second.say(t, "still here")
	second.hears(t, "still here")
}

// A frozen connection is open and says nothing; what was held back comes later, in order.
func TestProxy_freezesAndThaws(t *testing.T) {
	p := echo(t)
	k := talk(t, p)
	p.Freeze(false, all)
	k.say(t, "one")
	k.say(t, "two")
	k.hearsNothing(t)
	talk(t, p) // others come in as ever
	p.Thaw()
	k.hears(t, "one")
	k.hears(t, "two")
}

// A half-open connection never says anything again, until everything is well: then it ends.
func TestProxy_halfOpen(t *testing.T) {
	p := echo(t)
	k := talk(t, p)
	p.Freeze(true, all)
	k.say(t, "lost")
	p.Thaw()
	k.hearsNothing(t)
	p.Heal()
	k.isCut(t)
}

func TestProxy_delays(t *testing.T) {
	p := echo(t)
	k := talk(t, p)
	p.Delay(time.Hour)
	k.say(t, "late")
	k.hearsNothing(t)
	p.Delay(0)
	talk(t, p)
}

// Who comes while the node is down is cut, as a node that is down does itself.
func TestProxy_nodeIsDown(t *testing.T) {
	p, err := NewProxy(t.Context(), "127.0.0.1", "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	if c, err := net.Dial("tcp", p.Addr()); err == nil { // else it was cut even sooner
		(&talker{c, bufio.NewReader(c)}).isCut(t)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
