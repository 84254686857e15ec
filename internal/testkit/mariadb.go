package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MariaDB is a server of one's own, in a folder of its own, reached by a socket file and
// on a loopback port. Its user root has no password. What it says is stored is synced to
// the disk.
type MariaDB struct {
	Socket string

	dir  string
	kept bool // the folder is somebody else's
	port int
	cmd  *exec.Cmd
	stop io.Closer // its end is the server's
	args []string
	as   *syscall.Credential
	made *atomic.Int64
}

// ErrNoMariaDB is returned where there is no MariaDB to start.
var ErrNoMariaDB = errors.New("there is no mariadbd; install mariadb-server")

// startWithin bounds the start of a server, on a busy machine.
const startWithin = time.Minute

// HasMariaDB reports whether there is one to start.
func HasMariaDB() bool {
	_, err := lookUp("mariadbd", "mysqld")
	return err == nil
}

// StartMariaDB starts a server. The caller stops it.
func StartMariaDB(ctx context.Context) (*MariaDB, error) { return StartMariaDBIn(ctx, "") }

// StartMariaDBIn starts a server on what is in dir, or on nothing yet, and leaves it there;
// with "" the folder is new, and gone with the server. The caller stops it.
func StartMariaDBIn(ctx context.Context, dir string) (_ *MariaDB, err error) {
	daemon, err := lookUp("mariadbd", "mysqld")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	install, err := lookUp("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	m := &MariaDB{made: new(atomic.Int64)}
	if m.dir, m.kept, err = serverDir(dir, "haggle-mariadb-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Stop())
		}
	}()
	m.Socket = filepath.Join(m.dir, "s")
	if os.Getuid() == 0 { // it refuses to run as root
		if m.as, err = runAs(m.dir, "mysql"); err != nil {
			return nil, err
		}
	}
	args := []string{"--no-defaults", "--datadir=" + filepath.Join(m.dir, "data")}
	if err := m.initialize(ctx, install, args); err != nil {
		return nil, err
	}
	if m.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	m.args = append([]string{daemon}, append(
		args, "--socket="+m.Socket, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(m.port), "--pid-file="+filepath.Join(m.dir, "pid"),
		"--skip-name-resolve", "--character-set-server=latin1", // another than ours, as many have it
		"--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=128M", "--max-allowed-packet=64M", "--max-connections=300")...)
	return m, m.start(ctx)
}

// initialize makes the server's own database, unless it is there.
func (m *MariaDB) initialize(ctx context.Context, install string, args []string) error {
	if _, err := os.Stat(filepath.Join(m.dir, "data", "mysql")); err == nil {
		return nil
	}
	made := exec.CommandContext(ctx, install, append(args, "--auth-root-authentication-method=normal", "--skip-test-db")...) //nolint:gosec // ours
	made.Dir, made.SysProcAttr = m.dir, &syscall.SysProcAttr{Credential: m.as}
	if out, err := made.CombinedOutput(); err != nil {
		return fmt.Errorf("make a database: %w: %s", err, out)
	}
	return nil
}

func (m *MariaDB) start(ctx context.Context) error {
	m.cmd = exec.CommandContext(context.WithoutCancel(ctx), "sh", append([]string{"-c", watched, "sh"}, m.args...)...) //nolint:gosec // ours
	m.cmd.Dir, m.cmd.Env = m.dir, append(os.Environ(), "DIR="+doomed(m.dir, m.kept))
	m.cmd.SysProcAttr = &syscall.SysProcAttr{Credential: m.as, Setpgid: true} // an interrupt is for the tests
	log, err := os.OpenFile(filepath.Join(m.dir, "log"), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return err
	}
	m.cmd.Stdout, m.cmd.Stderr = log, log
	if m.stop, err = m.cmd.StdinPipe(); err != nil {
		return errors.Join(err, log.Close())
	}
	if err := errors.Join(m.cmd.Start(), log.Close()); err != nil {
		return err
	}
	return m.await(ctx)
}

// Restart kills the server, as a power cut would, and starts it again on what it had
// stored.
func (m *MariaDB) Restart(ctx context.Context) error {
	pid, err := os.ReadFile(filepath.Join(m.dir, "pid"))
	if err != nil {
		return err
	}
	n, err := strconv.Atoi(strings.TrimSpace(string(pid)))
	if err != nil {
		return err
	}
	if err := syscall.Kill(n, syscall.SIGKILL); err != nil {
		return err
	}
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for m.Exec(ctx, "", "DO 1") == nil { // until it is gone
		<-tick.C
	}
	again := *m // its own standard input is the new one's end, the old one's would remove the folder
	if err := again.start(ctx); err != nil {
		return err
	}
	old := m.cmd
	m.cmd, m.stop = again.cmd, joined{again.stop, m.stop, old}
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

// NewDatabase makes an empty database and returns its address.
func (m *MariaDB) NewDatabase(ctx context.Context) (url string, err error) {
	name := fmt.Sprint("test_", m.made.Add(1))
	return m.URL(name), m.Exec(ctx, "", "CREATE DATABASE "+name)
}

// URL is the address of a database.
func (m *MariaDB) URL(database string) string {
	return fmt.Sprintf("mysql://root@127.0.0.1:%d/%s", m.port, database)
}

// Open opens a database, "" for none, as its operator would. The caller closes it.
func (m *MariaDB) Open(database string) (*sql.DB, error) {
	cfg := mysql.NewConfig()
	cfg.User, cfg.Net, cfg.Addr, cfg.DBName = "root", "unix", m.Socket, database
	cfg.MultiStatements, cfg.Logger = true, new(mysql.NopLogger)
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, err
	}
	return sql.OpenDB(connector), nil
}

// Exec carries out SQL, of several statements if need be, in a database.
func (m *MariaDB) Exec(ctx context.Context, database, query string) (err error) {
	db, err := m.Open(database)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.ExecContext(ctx, query)
	return err
}

// CPU is the processor time that the server has taken.
func (m *MariaDB) CPU() (time.Duration, error) {
	pid, err := os.ReadFile(filepath.Join(m.dir, "pid"))
	if err != nil {
		return 0, err
	}
	return cpuOf(strings.TrimSpace(string(pid)))
}

// await waits until the server takes connections.
func (m *MariaDB) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if m.Exec(ctx, "", "DO 1") == nil {
			return nil
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			log, _ := os.ReadFile(filepath.Join(m.dir, "log")) // best effort, for the error
			return fmt.Errorf("mariadbd does not start: %s", log)
		}
	}
}

// Client returns a client that carries out SQL as root.
func (m *MariaDB) Client(ctx context.Context, query string) *exec.Cmd {
	client, err := lookUp("mariadb", "mysql")
	if err != nil {
		client = "mariadb" // which fails, and says so
	}
	return exec.CommandContext(ctx, client, "--no-defaults", "--socket="+m.Socket, "--user=root", "--default-character-set=utf8mb4", "-e", query) //nolint:gosec // ours
}

// Dump returns mysqldump with arguments.
func (m *MariaDB) Dump(ctx context.Context, args ...string) *exec.Cmd {
	dump, err := lookUp("mariadb-dump", "mysqldump")
	if err != nil {
		dump = "mariadb-dump"
	}
	return exec.CommandContext(ctx, dump, append([]string{"--no-defaults", "--socket=" + m.Socket, "--user=root"}, args...)...) //nolint:gosec // ours
}

// Stop ends the server and removes what it kept.
func (m *MariaDB) Stop() error {
	if m.stop != nil && m.cmd.Process != nil {
		if pid, err := os.ReadFile(filepath.Join(m.dir, "pid")); err == nil { // there is nothing to save
			if n, err := strconv.Atoi(strings.TrimSpace(string(pid))); err == nil {
				_ = syscall.Kill(n, syscall.SIGKILL)
			}
		}
		_ = m.stop.Close()
		_ = m.cmd.Wait() // it is stopped by a signal, which is an error
	}
	if m.kept {
		return nil
	}
	return os.RemoveAll(m.dir)
}

func lookUp(names ...string) (string, error) {
	var err error
	for _, name := range names {
		for _, candidate := range []string{name, "/usr/sbin/" + name} {
			var path string
			if path, err = exec.LookPath(candidate); err == nil {
				return path, nil
			}
		}
	}
	return "", err
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
