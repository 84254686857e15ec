package testkit

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/go-sql-driver/mysql"
)

// MariaDB is a server of MariaDB's, reached by a socket file, too. Its user root has no
// password.
type MariaDB struct {
	daemon

	Socket string
}

// ErrNoMariaDB is returned where there is no MariaDB to start.
var ErrNoMariaDB = errors.New("there is no mariadbd; install mariadb-server")

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
	program, err := lookUp("mariadbd", "mysqld")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	install, err := lookUp("mariadb-install-db", "mysql_install_db")
	if err != nil {
		return nil, ErrNoMariaDB
	}
	m := &MariaDB{daemon: daemon{name: "mariadb", pidFile: "pid", cut: syscall.SIGKILL}}
	m.answers = func(ctx context.Context) bool { return m.Exec(ctx, "", "DO 1") == nil }
	m.gone = func(ctx context.Context) bool { return !m.answers(ctx) }
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Stop())
		}
	}()
	if err := m.settle(dir, "mysql"); err != nil {
		return nil, err
	}
	m.Socket = filepath.Join(m.dir, "s")
	args := []string{"--no-defaults", "--datadir=" + filepath.Join(m.dir, "data")}
	if err := m.initialize(ctx, install, args); err != nil {
		return nil, err
	}
	if m.port, err = freePort(ctx); err != nil {
		return nil, err
	}
	m.args = append([]string{program}, append(
		args, "--socket="+m.Socket, "--bind-address=127.0.0.1", "--port="+strconv.Itoa(m.port), "--pid-file="+filepath.Join(m.dir, m.pidFile),
		"--skip-name-resolve", "--character-set-server=latin1", // another than ours, as many have it
		"--innodb-flush-log-at-trx-commit=1", "--innodb-buffer-pool-size=128M", "--max-allowed-packet=64M", "--max-connections=300")...)
	return m, m.begin(ctx)
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

// Secure starts the server again with a certificate and its key, PEM: from then on it
// takes connections over TLS alone, but for those by the socket file.
func (m *MariaDB) Secure(ctx context.Context, cert, key []byte) error {
	certFile, keyFile, err := m.secure(cert, key)
	if err != nil {
		return err
	}
	m.args = append(m.args, "--ssl-cert="+certFile, "--ssl-key="+keyFile, "--require-secure-transport=ON")
	return m.Restart(ctx)
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
	pid, err := m.pid()
	if err != nil {
		return 0, err
	}
	return cpuOf(strconv.Itoa(pid))
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
