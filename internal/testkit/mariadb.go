package testkit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"time"
)

// MariaDB is a server of one's own, in a folder of its own, reached by a socket file.
// Its user root has no password.
type MariaDB struct {
	Socket string

	dir string
	cmd *exec.Cmd
}

// ErrNoMariaDB is returned where there is no MariaDB to start.
var ErrNoMariaDB = errors.New("there is no mariadbd; install mariadb-server")

// startWithin bounds the start of a server, on a busy machine.
const startWithin = time.Minute

// StartMariaDB starts a server. The caller stops it.
func StartMariaDB(ctx context.Context) (_ *MariaDB, err error) {
	daemon, err := lookUp("mariadbd", "mysqld")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	install, err := lookUp("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	m := new(MariaDB)
	if m.dir, err = os.MkdirTemp("", "haggle-mariadb-"); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Stop())
		}
	}()
	m.Socket = filepath.Join(m.dir, "s")
	args := []string{"--no-defaults", "--datadir=" + filepath.Join(m.dir, "data")}
	if os.Getuid() == 0 { // it refuses to run as root
		args = append(args, "--user=mysql")
		if err := giveTo(m.dir, "mysql"); err != nil {
			return nil, err
		}
	}
	out, err := exec.CommandContext(ctx, install, append(args, "--auth-root-authentication-method=normal", "--skip-test-db")...).CombinedOutput() //nolint:gosec // ours
	if err != nil {
		return nil, fmt.Errorf("make a database: %w: %s", err, out)
	}
	m.cmd = exec.CommandContext(context.WithoutCancel(ctx), daemon, append(args, //nolint:gosec // ours
		"--socket="+m.Socket, "--skip-networking", "--pid-file="+filepath.Join(m.dir, "pid"),
		"--innodb-flush-log-at-trx-commit=0", "--innodb-buffer-pool-size=64M", "--max-allowed-packet=64M")...)
	log, err := os.Create(filepath.Join(m.dir, "log"))
	if err != nil {
		return nil, err
	}
	m.cmd.Stdout, m.cmd.Stderr = log, log
	if err := errors.Join(m.cmd.Start(), log.Close()); err != nil {
		return nil, err
	}
	return m, m.await(ctx)
}

// await waits until the server takes connections.
func (m *MariaDB) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if m.Client(ctx, "SELECT 1").Run() == nil {
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
func (m *MariaDB) Client(ctx context.Context, sql string) *exec.Cmd {
	client, err := lookUp("mariadb", "mysql")
	if err != nil {
		client = "mariadb" // which fails, and says so
	}
	return exec.CommandContext(ctx, client, "--no-defaults", "--socket="+m.Socket, "--user=root", "--default-character-set=utf8mb4", "-e", sql) //nolint:gosec // ours
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
	if m.cmd != nil && m.cmd.Process != nil {
		_ = m.cmd.Process.Kill() // there is nothing to save
		_ = m.cmd.Wait()
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

// giveTo makes dir a user's own.
func giveTo(dir, name string) error {
	u, err := user.Lookup(name)
	if err != nil {
		return err
	}
	uid, err := strconv.Atoi(u.Uid)
	if err != nil {
		return err
	}
	gid, err := strconv.Atoi(u.Gid)
	if err != nil {
		return err
	}
	return os.Chown(dir, uid, gid)
}
