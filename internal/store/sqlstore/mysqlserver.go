package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"
)

// leastPacket is how much a server has to take at once: several times mysqlInsertBytes,
// as what is sent is longer than the text in it.
const leastPacket = 4 << 20

// mysqlServer is what a server says of itself.
type mysqlServer struct {
	version   string
	flush     int64 // innodb_flush_log_at_trx_commit
	binlog    int64
	sync      int64 // sync_binlog
	packet    int64
	isMariaDB bool
}

const selectMySQLServer = `
SELECT VERSION(), @@innodb_flush_log_at_trx_commit, @@log_bin, @@sync_binlog, @@max_allowed_packet`

// inspect looks at a server, and refuses one that cannot keep what Haggle promises.
func (at *mysqlAddress) inspect(ctx context.Context) (s *mysqlServer, err error) {
	err = at.visit(ctx, func(ctx context.Context, db *sql.DB) error {
		s, err = at.ask(ctx, db)
		return err
	})
	return s, err
}

// visit does something on a connection that has the server's own settings.
func (at *mysqlAddress) visit(ctx context.Context, do func(ctx context.Context, db *sql.DB) error) (err error) {
	ctx, cancel := context.WithTimeout(ctx, at.config.Timeout+at.statement)
	defer cancel()
	base, err := mysql.NewConnector(at.config)
	if err != nil {
		return fmt.Errorf("address of the database: %w", err)
	}
	db := sql.OpenDB(base)
	defer func() { err = errors.Join(err, db.Close()) }()
	return do(ctx, db)
}

// ask has a server say what it is, and refuses as inspect does.
func (at *mysqlAddress) ask(ctx context.Context, db *sql.DB) (_ *mysqlServer, err error) {
	var s mysqlServer
	if err := db.QueryRowContext(ctx, selectMySQLServer).Scan(&s.version, &s.flush, &s.binlog, &s.sync, &s.packet); err != nil {
		return nil, fmt.Errorf("ask the database what it is: %w", err)
	}
	if s.isMariaDB, err = knownMySQL(s.version); err != nil {
		return nil, err
	}
	return &s, s.check(at.unsynced)
}

// knownMySQL says whether a version is one of MariaDB's, and refuses those that are too
// old.
func knownMySQL(version string) (isMariaDB bool, err error) {
	isMariaDB = strings.Contains(strings.ToLower(version), "mariadb")
	number := version
	if isMariaDB {
		number = strings.TrimPrefix(number, "5.5.5-") // which some put before theirs, for old clients
	}
	var parts [3]int
	for i, part := range strings.SplitN(number, ".", 3) {
		digits := strings.IndexFunc(part, func(r rune) bool { return r < '0' || r > '9' })
		if digits >= 0 {
			part = part[:digits]
		}
		if parts[i], err = strconv.Atoi(part); err != nil {
			return false, fmt.Errorf("the database is of version %q, which is none of MySQL's or MariaDB's", version)
		}
	}
	least, name := [3]int{8, 0, 19}, "MySQL"
	if isMariaDB {
		least, name = [3]int{10, 6, 0}, "MariaDB"
	}
	for i := range parts {
		if parts[i] > least[i] {
			break
		}
		if parts[i] < least[i] {
			return isMariaDB, fmt.Errorf("the database is %s %s, which is too old: Haggle needs MySQL 8.0.19 or MariaDB 10.6, or a newer one", name, version)
		}
	}
	return isMariaDB, nil
}

// check refuses a server that would take back what it has said is stored.
func (s *mysqlServer) check(unsynced bool) error {
	if s.packet < leastPacket {
		return fmt.Errorf("the database takes %d bytes at once: set max_allowed_packet to %d or more", s.packet, leastPacket)
	}
	if unsynced {
		return nil
	}
	const why = "without it a crash takes back messages that were acknowledged; whoever accepts that adds unsynced=true to the address"
	if s.flush != 1 {
		return fmt.Errorf("the database does not sync what it commits: set innodb_flush_log_at_trx_commit to 1, not %d; %s", s.flush, why)
	}
	// After a crash, what is in no binary log is rolled back.
	if s.binlog != 0 && s.sync != 1 {
		return fmt.Errorf("the database does not sync its binary log: set sync_binlog to 1, not %d; %s", s.sync, why)
	}
	return nil
}

// settings are the statements for a new connection. They do not depend on how the server
// is set up: any text that does not fit is an error, and names may be in double quotes. A
// node that hangs in a transaction holds rows that others wait for, so MariaDB ends it;
// MySQL cannot, and bounds the time of a statement for reads only.
func (s *mysqlServer) settings(at *mysqlAddress) []string {
	set := "SET sql_mode = 'TRADITIONAL,ONLY_FULL_GROUP_BY,ANSI_QUOTES', time_zone = '+00:00', innodb_lock_wait_timeout = " +
		strconv.FormatInt(int64((at.lock+time.Second-1)/time.Second), 10)
	if s.isMariaDB {
		set += ", max_statement_time = " + strconv.FormatFloat(at.statement.Seconds(), 'f', 3, 64) + ", idle_transaction_timeout = 10"
	} else {
		set += ", max_execution_time = " + strconv.FormatInt(at.statement.Milliseconds(), 10)
	}
	return []string{"SET NAMES utf8mb4", set, "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED"}
}
