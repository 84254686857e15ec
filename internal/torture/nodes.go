package torture

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
	readyEvery   = 20 * time.Millisecond
	readyTimeout = 2 * time.Second
)

// NodeOptions say how nodes are started.
type NodeOptions struct {
	Binary string   // the haggle that serves
	Dir    string   // each node has a folder in it, for its data and its log
	Args   []string // what serve is told besides: --store, --bus
	Env    []string // the environment, without any HAGGLE_ variable; the secrets come on top

	TokenSecret string // of the marketplace
	APIKey      string

	Places []Place // where the first nodes run; the others run here
}

// Place is where a node runs, if not beside the run itself.
type Place struct {
	Host    string   // the address it listens at; "" for loopback
	Command []string // what starts its program there
	Args    []string // what serve is told besides, there
	Env     []string // and the environment, over that of all nodes
}

// Node is a server of the run's own.
type Node struct {
	opts  *NodeOptions
	place Place
	name  string
	addr  string

	mu      sync.Mutex
	cmd     *exec.Cmd     // guarded by mu; nil while there is none
	exited  chan struct{} // guarded by mu; closed once cmd is gone
	wanted  bool          // guarded by mu; an end is what was asked for
	stopped bool          // guarded by mu; frozen by a signal
	deaths  int           // guarded by mu; how often it ended unasked
}

// newNode returns a node that has not been started. Its address stays the same.
func newNode(ctx context.Context, opts *NodeOptions, i int) (*Node, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("a port for a node: %w", err)
	}
	n := &Node{opts: opts, name: "node" + strconv.Itoa(i), addr: l.Addr().String()}
	if i < len(opts.Places) {
		n.place = opts.Places[i]
	}
	if n.place.Host != "" { // where that port is as likely to be free as any
		_, port, _ := net.SplitHostPort(n.addr) // the net package's own
		n.addr = net.JoinHostPort(n.place.Host, port)
	}
	return n, l.Close()
}

// URL is where the node serves.
func (n *Node) URL() string { return "http://" + n.addr }

// Start starts the process and waits until it serves.
func (n *Node) Start(ctx context.Context) error {
	exited, err := n.launch(ctx)
	if err != nil {
		return fmt.Errorf("start %s: %w", n.name, err)
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	tick := time.NewTicker(readyEvery)
	defer tick.Stop()
	for !n.ready(ctx) {
		select {
		case <-tick.C:
		case <-exited:
			return fmt.Errorf("start %s: it ended at once, see %s", n.name, n.logFile())
		case <-ctx.Done():
			return fmt.Errorf("start %s: not ready in time, see %s: %w", n.name, n.logFile(), context.Cause(ctx))
		}
	}
	return nil
}

func (n *Node) logFile() string { return filepath.Join(n.opts.Dir, n.name+".log") }

func (n *Node) launch(ctx context.Context) (<-chan struct{}, error) {
	log, err := os.OpenFile(n.logFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return nil, err
	}
	defer func() { _ = log.Close() }() // the process has a copy of its own
	args := slices.Concat(n.place.Command, []string{
		n.opts.Binary, "serve", "--data", filepath.Join(n.opts.Dir, n.name), "--listen", n.addr, "--admin-listen", "off",
		"--rate-factor", "0", "--log-level", "warn",
	}, n.opts.Args, n.place.Args)
	// A process outlives ctx until stop: it is killed when the run says so.
	cmd := exec.CommandContext(context.WithoutCancel(ctx), args[0], args[1:]...) //nolint:gosec // the user's own program
	cmd.Env = slices.Concat(n.opts.Env, n.place.Env, []string{"HAGGLE_TOKEN_SECRET=" + n.opts.TokenSecret, "HAGGLE_API_KEY=" + n.opts.APIKey})
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan struct{})
	n.mu.Lock()
	n.cmd, n.exited, n.wanted, n.stopped = cmd, exited, false, false
	n.mu.Unlock()
	go func() { // ends with the process, for which stop waits
		_ = cmd.Wait() // how it ended is in its log
		n.mu.Lock()
		defer n.mu.Unlock()
		if !n.wanted {
			n.deaths++
		}
		close(exited)
	}()
	return exited, nil
}

func (n *Node) ready(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, n.URL()+"/readyz", http.NoBody)
	if err != nil {
		return false
	}
	resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(req)
	if err != nil {
		return false
	}
	return resp.Body.Close() == nil && resp.StatusCode == http.StatusOK
}

// Kill ends the process with SIGKILL, and waits until it is gone. One that is not there
// is no error.
func (n *Node) Kill() error { return n.end((*os.Process).Kill) }

// Stop has the process end as it does for an update, and waits until it is gone. One
// that takes too long is killed, which is an error.
func (n *Node) Stop() error { return n.end(terminateProcess) }

// end asks the process to end in one way, then kills it.
func (n *Node) end(ask func(p *os.Process) error) error {
	n.mu.Lock()
	cmd, exited := n.cmd, n.exited
	n.wanted = true
	n.mu.Unlock()
	if cmd == nil {
		return nil
	}
	if err := ask(cmd.Process); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("end %s: %w", n.name, err)
	}
	timer := time.NewTimer(stopTimeout)
	defer timer.Stop()
	select {
	case <-exited:
		return nil
	case <-timer.C:
	}
	err := cmd.Process.Kill()
	<-exited
	return errors.Join(fmt.Errorf("end %s: it took longer than %v", n.name, stopTimeout), err)
}

// Pause freezes the process, as a machine that swaps or is migrated does.
func (n *Node) Pause() error { return n.signalFreeze(true) }

// Resume lets a process that was paused go on.
func (n *Node) Resume() error { return n.signalFreeze(false) }

func (n *Node) signalFreeze(on bool) error {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.cmd == nil || n.wanted || n.stopped == on {
		return nil
	}
	if err := freezeProcess(n.cmd.Process, on); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("freeze %s: %w", n.name, err)
	}
	n.stopped = on
	return nil
}

// diedAlone returns how often the node ended unasked.
func (n *Node) diedAlone() int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.deaths
}

// startAll starts nodes one after the other first and then together: the first one
// prepares the store.
func startAll(ctx context.Context, nodes []*Node) error {
	if len(nodes) == 0 {
		return nil
	}
	if err := nodes[0].Start(ctx); err != nil {
		return err
	}
	var g errgroup.Group
	for _, n := range nodes[1:] {
		g.Go(func() error { return n.Start(ctx) })
	}
	return g.Wait()
}

// Environment returns env without what would be settings of a node.
func Environment(env []string) []string {
	return slices.DeleteFunc(slices.Clone(env), func(v string) bool { return strings.HasPrefix(v, "HAGGLE_") })
}
