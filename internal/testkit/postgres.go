package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
)

// Postgres is a PostgreSQL server. Everybody on the machine may use it, as its user
// postgres.
type Postgres struct {
	daemon

	secured bool // it takes connections over TLS alone
}

// ErrNoPostgres is returned where there is no PostgreSQL to start.
var ErrNoPostgres = errors.New("there is no postgres; install postgresql")

// HasPostgres reports whether there is one to start.
func HasPostgres() bool {
	_, err := lookUpPostgres("postgres")
	return err == nil
}

// StartPostgres starts a server. The caller stops it.
func StartPostgres(ctx context.Context) (*Postgres, error) { return StartPostgresIn(ctx, "") }

// StartPostgresIn starts a server on what is in dir, or on nothing yet, and leaves it
// there; with "" the folder is new, and gone with the server. The caller stops it.
func StartPostgresIn(ctx context.Context, dir string) (_ *Postgres, err error) {
	program, err := lookUpPostgres("postgres")
	if err != nil {
		return nil, ErrNoPostgres
	}
	install, err := lookUpPostgres("initdb")
	if err != nil {
		return nil, ErrNoPostgres
	}
	p := &Postgres{daemon: daemon{name: "postgres", pidFile: "data/postmaster.pid", cut: syscall.SIGQUIT}}
	p.answers = func(ctx context.Context) bool { return p.Exec(ctx, "postgres", "SELECT 1") == nil }
	p.gone = func(context.Context) bool {
		_, err := os.Stat(filepath.Join(p.dir, p.pidFile))
		return err != nil
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, p.Stop())
		}
	}()
	if err := p.settle(dir, "postgres", "nobody"); err != nil {
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
		program, "-D", data,
		"-c", "listen_addresses=127.0.0.1", "-c", "port=" + strconv.Itoa(p.port), "-c", "unix_socket_directories=" + p.dir,
		"-c", "fsync=on", "-c", "synchronous_commit=on", "-c", "max_connections=200", "-c", "shared_buffers=128MB",
	}
	return p, p.begin(ctx)
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

// Secure starts the server again with a certificate and its key, PEM: from then on it
// takes connections over TLS alone.
func (p *Postgres) Secure(ctx context.Context, cert, key []byte) error {
	certFile, keyFile, err := p.secure(cert, key)
	if err != nil {
		return err
	}
	// Whoever comes without is not let in.
	if err := os.WriteFile(filepath.Join(p.dir, "data", "pg_hba.conf"), []byte("hostssl all all 127.0.0.1/32 trust\n"), 0o600); err != nil {
		return err
	}
	p.args = append(p.args, "-c", "ssl=on", "-c", "ssl_cert_file="+certFile, "-c", "ssl_key_file="+keyFile)
	p.secured = true
	return p.Restart(ctx)
}

// URL is the address of a database.
func (p *Postgres) URL(database string) string {
	mode := "disable"
	if p.secured {
		mode = "require"
	}
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/%s?sslmode=%s", p.port, database, mode)
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
