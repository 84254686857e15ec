package torture

import (
	"context"
	"errors"
	"io"
	"os/exec"
	"time"

	"golang.org/x/sync/errgroup"
)

// frozenFor is longer than any wait that a node, its database or its bus bounds.
const frozenFor = 20 * time.Second

// KillOne kills a node and starts it again.
func KillOne() Fault {
	return Fault{"kill -9 of a node", func(ctx context.Context, nodes []*Node) error { return again(ctx, nodes[0], (*Node).Kill) }}
}

// KillAll kills all nodes at once.
func KillAll() Fault {
	return Fault{"kill -9 of all nodes", func(ctx context.Context, nodes []*Node) error {
		var g errgroup.Group
		for _, n := range nodes {
			g.Go(func() error { return again(ctx, n, (*Node).Kill) })
		}
		return g.Wait()
	}}
}

// Restart stops one node after the other as an update does, and starts it again before
// the next one.
func Restart() Fault {
	return Fault{"rolling restart", func(ctx context.Context, nodes []*Node) error {
		for _, n := range nodes {
			if err := again(ctx, n, (*Node).Stop); err != nil {
				return err
			}
		}
		return nil
	}}
}

// Freeze stops a node where it stands, for 20 seconds.
func Freeze() Fault {
	return Fault{"a node frozen for 20 s", func(ctx context.Context, nodes []*Node) error {
		if err := nodes[0].Pause(); err != nil {
			return err
		}
		return errors.Join(Wait(ctx, frozenFor), nodes[0].Resume())
	}}
}

// Command carries out a command line, which does something to the nodes or to what they
// stand on, and ends when all is well again.
func Command(line string, out io.Writer) Fault {
	return Fault{line, func(ctx context.Context, _ []*Node) error {
		cmd := exec.CommandContext(ctx, "sh", "-c", line) //nolint:gosec // the user's own
		cmd.Stdout, cmd.Stderr = out, out
		return cmd.Run()
	}}
}

// again ends a node in one way and starts it.
func again(ctx context.Context, n *Node, end func(*Node) error) error {
	if err := end(n); err != nil {
		return err
	}
	return n.Start(ctx)
}

// Wait lets d pass, unless ctx ends before.
func Wait(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
