package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// startWithin bounds the start of a server, on a busy machine.
const startWithin = time.Minute

// daemon is a database server of one's own, in a folder of its own, on a loopback port.
// It ends with whoever started it. What it says is stored is synced to the disk.
type daemon struct {
	name string
	dir  string
	kept bool // the folder is somebody else's
	port int
	args []string // the program, and what it is told
	as   *syscall.Credential
	cmd  *exec.Cmd
	stop io.Closer    // its end is the server's
	made atomic.Int64 // databases

	pidFile string                         // below dir
	cut     syscall.Signal                 // what ends it as a power cut would
	answers func(ctx context.Context) bool // it takes connections
	gone    func(ctx context.Context) bool // it does not run any more
}

// watched runs a server that ends with whoever started it, however that ends: then
// standard input does.
const watched = `"$@" & read -r _; kill -QUIT $!; wait; cd /; rm -rf "$DIR"`

// settle makes the server's folder, which outlives it unless dir is "", that of the first
// of users there is: as root servers refuse to run.
func (d *daemon) settle(dir string, users ...string) (err error) {
	if dir == "" {
		d.dir, err = os.MkdirTemp("", "haggle-"+d.name+"-")
	} else {
		d.dir, d.kept, err = dir, true, os.MkdirAll(dir, 0o700)
	}
	if err != nil || os.Getuid() != 0 {
		return err
	}
	for _, name := range users {
		if d.as, err = runAs(d.dir, name); err == nil {
			return nil
		}
	}
	return err
}

// begin runs the server, and returns once it takes connections.
func (d *daemon) begin(ctx context.Context) error {
	d.cmd = exec.CommandContext(context.WithoutCancel(ctx), "sh", append([]string{"-c", watched, "sh"}, d.args...)...) //nolint:gosec // ours
	d.cmd.Dir, d.cmd.Env = d.dir, append(os.Environ(), "DIR="+d.doomed())
	d.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: d.as, Setpgid: true} // an interrupt is for the tests
	log, err := os.OpenFile(filepath.Join(d.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	d.cmd.Stdout, d.cmd.Stderr = log, log
	if d.stop, err = d.cmd.StdinPipe(); err != nil {
		return errors.Join(err, log.Close())
	}
	if err := errors.Join(d.cmd.Start(), log.Close()); err != nil {
		return err
	}
	return d.await(ctx)
}

// doomed is the folder that is removed with the server; "" for none.
func (d *daemon) doomed() string {
	if d.kept {
		return ""
	}
	return d.dir
}

// await waits until the server takes connections.
func (d *daemon) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !d.answers(ctx) {
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(d.dir, "log")) // best effort, for the error
			return fmt.Errorf("%s does not start: %s", d.name, log)
		}
	}
	return nil
}

// pid is the server's process.
func (d *daemon) pid() (int, error) {
	text, err := os.ReadFile(filepath.Join(d.dir, d.pidFile))
	if err != nil {
		return 0, err
	}
	first, _, _ := strings.Cut(string(text), "\n")
	return strconv.Atoi(strings.TrimSpace(first))
}

// Restart ends the server at once, as a power cut would, and starts it again on what it
// had stored.
func (d *daemon) Restart(ctx context.Context) error {
	pid, err := d.pid()
	if err != nil {
		return err
	}
	if err := syscall.Kill(pid, d.cut); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !d.gone(ctx) && ctx.Err() == nil {
		<-tick.C
	}
	before := joined{before: d.stop, old: d.cmd} // what watched over it would remove the folder
	if err := d.begin(ctx); err != nil {
		return err
	}
	before.now = d.stop
	d.stop = before
	return nil
}

// joined ends what was started again, and what was left of the one before.
type joined struct {
	now, before io.Closer
	old         *exec.Cmd
}

// Close implements io.Closer.
func (j joined) Close() error {
	err := errors.Join(j.now.Close(), j.before.Close())
	_ = j.old.Wait() // it was killed, which is an error
	return err
}

// Stop ends the server and removes what it kept.
func (d *daemon) Stop() error {
	if d.stop != nil && d.cmd.Process != nil {
		if pid, err := d.pid(); err == nil {
			_ = syscall.Kill(pid, d.cut) // there is nothing to save
		}
		_ = d.stop.Close()
		_ = d.cmd.Wait() // it is stopped by a signal, which is an error
	}
	if d.kept || d.dir == "" {
		return nil
	}
	return os.RemoveAll(d.dir)
}

// secure leaves a certificate and its key where the server finds them, in files that are
// the server's alone.
func (d *daemon) secure(cert, key []byte) (certFile, keyFile string, err error) {
	certFile, keyFile = filepath.Join(d.dir, "tls.pem"), filepath.Join(d.dir, "tls.key")
	for file, data := range map[string][]byte{certFile: cert, keyFile: key} {
		if err := os.WriteFile(file, data, 0o600); err != nil {
			return "", "", err
		}
		if d.as != nil {
			if err := os.Chown(file, int(d.as.Uid), int(d.as.Gid)); err != nil {
				return "", "", err
			}
		}
	}
	return certFile, keyFile, nil
}

// cpuOf is the processor time that a process has taken.
func cpuOf(pid string) (time.Duration, error) {
	stat, err := os.ReadFile(filepath.Join("/proc", pid, "stat")) //nolint:gosec // of our own process
	if err != nil {
		return 0, err
	}
	var ticks int64
	fields := strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))
	for _, field := range fields[11:13] { // user and system time
		n, err := strconv.ParseInt(field, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	const tick = 10 * time.Millisecond // of the kernel's counters
	return time.Duration(ticks) * tick, nil
}

func freePort(ctx context.Context) (int, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	port := 0
	if addr, ok := l.Addr().(*net.TCPAddr); ok {
		port = addr.Port
	}
	return port, l.Close()
}

// runAs makes dir a user's own, and returns who that is.
func runAs(dir, name string) (*syscall.Credential, error) {
	u, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(u.Uid, 10, 32)
	if err != nil {
		return nil, err
	}
	gid, err := strconv.ParseUint(u.Gid, 10, 32)
	if err != nil {
		return nil, err
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, os.Chown(dir, int(uid), int(gid))
}
