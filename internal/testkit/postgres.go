package testkit

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server of one's own, in a folder of its own, on a loopback
// port. Everybody on the machine may use it, as its user postgres. What it says is
// stored is synced to the disk.
type Postgres struct {
	dir  string
	kept bool // the folder is somebody else's
	port int
	cmd  *exec.Cmd
	stop io.Closer // its end is the server's
	args []string
	as   *syscall.Credential
	made atomic.Int64
}

// ErrNoPostgres is returned where there is no PostgreSQL to start.
var ErrNoPostgres = errors.New("there is no postgres; install postgresql")

// HasPostgres reports whether there is one to start.
func HasPostgres() bool {
	_, err := lookUpPostgres("postgres")
	return err == nil
}

// watched runs a server that ends with whoever started it, however that ends: then
// standard input does.
const watched = `"$@" & read -r _; kill -QUIT $!; wait; cd /; rm -rf "$DIR"`

// StartPostgres starts a server. The caller stops it.
func StartPostgres(ctx context.Context) (*Postgres, error) { return StartPostgresIn(ctx, "") }

// StartPostgresIn starts a server on what is in dir, or on nothing yet, and leaves it
// there; with "" the folder is new, and gone with the server. The caller stops it.
func StartPostgresIn(ctx context.Context, dir string) (_ *Postgres, err error) {
	daemon, err := lookUpPostgres("postgres")
	if err != nil {
		return nil, ErrNoPostgres
	}
	install, err := lookUpPostgres("initdb")
	if err != nil {
		return nil, ErrNoPostgres
	}
	p := new(Postgres)
	if p.dir, p.kept, err = serverDir(dir, "haggle-postgres-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Stop())
		}
	}()
	if p.as, err = p.owner(); err != nil {
		return nil, err
	}
	data := filepath.Join(p.dir, "data")
	if err := p.initialize(ctx, install, data); err != nil {
		return nil, err
	}
	if p.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	p.args = []string{
		daemon, "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(p.port), "-c", "unix_socket_directories=" + p.dir,
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=200", "-c", "shared_buffers=128MB",
	}
	return p, p.start(ctx)
}

// serverDir makes a folder for a server, and reports whether it outlives that.
func serverDir(dir, prefix string) (_ string, kept bool, err error) {
	if dir == "" {
		dir, err = os.MkdirTemp("", prefix)
		return dir, false, err
	}
	return dir, true, os.MkdirAll(dir, 0o700)
}

// initialize makes the database cluster, unless it is there.
func (p *Postgres) initialize(ctx context.Context, install, data string) error {
	if _, err := os.Stat(filepath.Join(data, "PG_VERSION")); err == nil {
		return nil
	}
	// Another order of letters than that of bytes, as most databases have one.
	initdb := exec.CommandContext(ctx, install, "--pgdata="+data, "--username=postgres", "--auth=trust", "--encoding=UTF8", //nolint:gosec // ours
		"--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = p.dir, &syscall.SysProcAttr{Credential: p.as}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("make a database cluster: %w: %s", err, out)
	}
	return nil
}

func (p *Postgres) start(ctx context.Context) error {
	p.cmd = exec.CommandContext(context.WithoutCancel(ctx), "sh", append([]string{"-c", watched, "sh"}, p.args...)...) //nolint:gosec // ours
	p.cmd.Dir, p.cmd.Env = p.dir, append(os.Environ(), "DIR="+doomed(p.dir, p.kept))
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: p.as, Setpgid: true} // an interrupt is for the tests
	log, err := os.OpenFile(filepath.Join(p.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if p.stop, err = p.cmd.StdinPipe(); err != nil {
		return errors.Join(err, log.Close())
	}
	if err := errors.Join(p.cmd.Start(), log.Close()); err != nil {
		return err
	}
	return p.await(ctx)
}

// Restart ends the server at once, as a power cut would, and starts it again on what it
// had stored.
func (p *Postgres) Restart(ctx context.Context) error {
	const kept = "data/postmaster.pid" // as long as the server runs
	pid, err := os.ReadFile(filepath.Join(p.dir, kept))
	if err != nil {
		return err
	}
	first, _, _ := strings.Cut(string(pid), "\n")
	n, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	if err := syscall.Kill(n, syscall.SIGQUIT); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for err == nil && ctx.Err() == nil {
		<-tick.C
		_, err = os.Stat(filepath.Join(p.dir, kept))
	}
	before := joined{before: p.stop, old: p.cmd} // what watched over it would remove the folder
	if err := p.start(ctx); err != nil {
		return err
	}
	before.now = p.stop
	p.stop = before
	return nil
}

// doomed is the folder that is removed with a server; "" for none.
func doomed(dir string, kept bool) string {
	if kept {
		return ""
	}
	return dir
}

// owner makes the folder that of a user whom the server agrees to run as; nil is
// oneself.
func (p *Postgres) owner() (*syscall.Credential, error) {
	if os.Getuid() != 0 { // it refuses to run as root
		return nil, nil
	}
	as, err := runAs(p.dir, "postgres")
	if err != nil {
		return runAs(p.dir, "nobody")
	}
	return as, nil
}

// URL is the address of a database.
func (p *Postgres) URL(database string) string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=disable", p.port, database)
}

// Exec carries out SQL in a database.
func (p *Postgres) Exec(ctx context.Context, database, sql string) (err error) {
	c, err := pgx.Connect(ctx, p.URL(database))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, c.Close(ctx)) }()
	_, err = c.Exec(ctx, sql)
	return err
}

// NewDatabase makes a database that is a copy of template, or empty where that is "",
// and returns its address. Nobody may be using the template.
func (p *Postgres) NewDatabase(ctx context.Context, template string) (url string, err error) {
	name := fmt.Sprint("test_", p.made.Add(1))
	if template == "" {
		template = "template0"
	}
	return p.URL(name), p.Exec(ctx, "postgres", "CREATE DATABASE "+name+" TEMPLATE "+template)
}

// CPU is the processor time that the server's processes have taken, of those that still
// run.
func (p *Postgres) CPU() (time.Duration, error) {
	processes, err := filepath.Glob("/proc/[0-9]*/cwd")
	if err != nil {
		return 0, err
	}
	var sum time.Duration
	for _, cwd := range processes {
		if dir, err := os.Readlink(cwd); err != nil || dir != filepath.Join(p.dir, "data") {
			continue
		}
		if used, err := cpuOf(filepath.Base(filepath.Dir(cwd))); err == nil { // otherwise it has ended meanwhile
			sum += used
		}
	}
	return sum, nil
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

// await waits until the server takes connections.
func (p *Postgres) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if p.Exec(ctx, "postgres", "SELECT 1") == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(p.dir, "log")) // best effort, for the error
			return fmt.Errorf("postgres does not start: %s", log)
		}
	}
}

// Stop ends the server and removes what it kept.
func (p *Postgres) Stop() error {
	if p.stop != nil && p.cmd.Process != nil {
		_ = p.stop.Close()
		_ = p.cmd.Wait() // it is stopped by a signal, which is an error
	}
	if p.kept {
		return nil
	}
	return os.RemoveAll(p.dir)
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

// lookUpPostgres finds a program of the newest version. Debian has them beside the path.
func lookUpPostgres(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil || len(found) == 0 {
		return "", errors.Join(exec.ErrNotFound, err)
	}
	version := func(path string) int {
		n, _ := strconv.Atoi(strings.Split(path, "/")[4]) // what is no number is older than all
		return n
	}
	return slices.MaxFunc(found, func(a, b string) int { return version(a) - version(b) }), nil
}
