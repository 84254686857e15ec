package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"time"

	"haggle/internal/testkit/natsserver"
)

// startWithin bounds the start of a server, stopWithin its end.
const (
	startWithin = 60 * time.Second
	stopWithin  = 20 * time.Second
)

// natsCommand is a NATS in a process of its own, so that its processor time is its own.
type natsCommand struct{}

// Run prints where it is, and serves until standard input ends.
func (natsCommand) Run() error {
	s, err := natsserver.Start(nil)
	if err != nil {
		return err
	}
	defer s.Stop()
	if _, err := fmt.Fprintln(os.Stdout, s.URL()); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// natsServer is such a process.
type natsServer struct {
	url string
	cmd *exec.Cmd
	end io.Closer
}

func startNATS(ctx context.Context) (*natsServer, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	n := &natsServer{cmd: exec.CommandContext(context.WithoutCancel(ctx), self, "nats")} //nolint:gosec // this program
	n.cmd.Stderr = os.Stderr
	n.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt is for this process, which stops the other
	if n.end, err = n.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := n.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := n.cmd.Start(); err != nil {
		return nil, err
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return nil, errors.Join(fmt.Errorf("start NATS: %w", err), n.stop())
	}
	n.url = strings.TrimSpace(line)
	return n, nil
}

func (n *natsServer) stop() error { return errors.Join(n.end.Close(), n.cmd.Wait()) }

// node is a haggle that serves.
type node struct {
	cmd        *exec.Cmd
	url, admin string
}

// startNode starts a haggle with its data and its log in dir.
func startNode(ctx context.Context, program, dir, store, bus string) (*node, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	out, err := os.Create(filepath.Join(dir, "log")) //nolint:gosec // ours
	if err != nil {
		return nil, err
	}
	cmd := exec.CommandContext(context.WithoutCancel(ctx), program, "serve", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0", //nolint:gosec // the user's own program
		"--data", filepath.Join(dir, "data"), "--rate-factor", "0", "--limit-sockets", "1000000", "--log-level", "warn")
	cmd.Env = append(os.Environ(), "HAGGLE_STORE="+store, "HAGGLE_BUS="+bus, "HAGGLE_TOKEN_SECRET="+secret, "HAGGLE_API_KEY="+apiKey)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	n := &node{cmd: cmd}
	if err := errors.Join(cmd.Start(), out.Close()); err != nil {
		return nil, err
	}
	if err := n.await(ctx, out.Name()); err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

// await waits until the node has said where it is.
func (n *node) await(ctx context.Context, log string) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	places := regexp.MustCompile(`(?s) serves (http\S+).*metrics +(http\S+)/metrics`)
	for {
		said, err := os.ReadFile(log) //nolint:gosec // ours
		if err != nil {
			return err
		}
		if at := places.FindStringSubmatch(string(said)); at != nil {
			n.url, n.admin = at[1], at[2]
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return fmt.Errorf("haggle does not start: %s", said)
		}
	}
}

func (n *node) stop() error {
	if err := n.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		return err
	}
	late := time.AfterFunc(stopWithin, func() { _ = n.cmd.Process.Kill() }) // then Wait tells
	defer late.Stop()
	return n.cmd.Wait()
}
