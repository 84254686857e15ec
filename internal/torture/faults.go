package torture

import (
	"context"
	"math/rand/v2"
	"time"

	"golang.org/x/sync/errgroup"
)

// Inflicted is what was done to the nodes and their connections.
type Inflicted struct {
	Cut      int `json:"cut"`       // connections
	Delayed  int `json:"delayed"`   // times that a node's connections were slow for a while
	Frozen   int `json:"frozen"`    // connections, for a while
	HalfOpen int `json:"half_open"` // connections, for good
	Killed   int `json:"killed"`    // nodes, with SIGKILL
	Repeated int `json:"repeated"`  // events that a device was told again
	Stopped  int `json:"stopped"`   // nodes, for a while
}

// tormentor does things to nodes and connections, as the seed has it.
type tormentor struct {
	world *world
	rng   *rand.Rand
	kill  bool
	done  Inflicted
}

// work goes on until ctx ends. What it started to do to a node is over when it returns.
func (t *tormentor) work(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	nextKill := time.Now().Add(killEvery(t.world.opts.For))
	for {
		timer.Reset(time.Duration(100+t.rng.IntN(400)) * time.Millisecond)
		select {
		case <-timer.C:
		case <-ctx.Done():
			return nil
		}
		if t.kill && time.Now().After(nextKill) {
			if err := t.killSome(ctx); err != nil {
				return err
			}
			nextKill = time.Now().Add(killEvery(t.world.opts.For))
			continue
		}
		if err := t.one(ctx); err != nil {
			return err
		}
	}
}

// killEvery is how long nodes are left alive: often enough that a short run has a death
// or two in it, seldom enough that something happens in between.
func killEvery(length time.Duration) time.Duration {
	return min(max(length/4, 700*time.Millisecond), 5*time.Second)
}

// one does one thing to one node.
func (t *tormentor) one(ctx context.Context) error {
	i := t.rng.IntN(len(t.world.proxies))
	p := t.world.proxies[i]
	pick := func() bool { return t.rng.IntN(3) == 0 }
	switch dice := t.rng.IntN(12); {
	case dice < 4:
		t.done.Cut += p.Cut(pick)
	case dice < 6:
		t.done.Delayed++
		p.Delay(time.Duration(t.rng.IntN(150)) * time.Millisecond)
	case dice < 8:
		t.done.Frozen += p.Freeze(false, pick)
	case dice < 9:
		t.done.HalfOpen += p.Freeze(true, pick)
	case dice < 11:
		p.Delay(0)
		p.Thaw()
	case t.kill && i < len(t.world.nodes):
		return t.stopFor(ctx, t.world.nodes[i], time.Duration(100+t.rng.IntN(1500))*time.Millisecond)
	}
	return nil
}

// stopFor freezes a node for a while.
func (t *tormentor) stopFor(ctx context.Context, n *Node, while time.Duration) error {
	if err := n.Pause(); err != nil {
		return err
	}
	t.done.Stopped++
	timer := time.NewTimer(while)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
	return n.Resume()
}

// killSome kills one node, or all of them at once, and starts them again.
func (t *tormentor) killSome(ctx context.Context) error {
	victims := t.world.nodes
	if t.rng.IntN(3) > 0 {
		i := t.rng.IntN(len(victims))
		victims = victims[i : i+1]
	}
	var g errgroup.Group
	for _, n := range victims {
		t.done.Killed++
		g.Go(func() error {
			if err := n.Kill(); err != nil {
				return err
			}
			return n.Start(context.WithoutCancel(ctx)) // it has a deadline of its own
		})
	}
	return g.Wait()
}
