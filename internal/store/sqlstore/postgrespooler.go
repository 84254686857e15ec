package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

const (
	// poolerRounds is how often two connections are compared: others at the same pooler
	// may hide that they share.
	poolerRounds = 3

	poolerTimeout = 20 * time.Second
)

// errLent says why a pooler is refused.
var errLent = errors.New("the pooler before the database lends connections by the transaction or the statement, " +
	"so that the settings of one are not the next one's, and what is acknowledged may not be on the disk: " +
	"set its pool_mode to session, or connect to the database itself")

// checkPooler refuses a pooler whose connections are not the server's own for as long as
// they last.
func checkPooler(ctx context.Context, config *pgx.ConnConfig) (err error) {
	ctx, cancel := context.WithTimeout(ctx, poolerTimeout)
	defer cancel()
	var asked [2]func(query string) (uint32, error)
	for i := range asked {
		c, err := pgx.ConnectConfig(ctx, config)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, c.Close(context.WithoutCancel(ctx))) }()
		asked[i] = func(query string) (uint32, error) { return backendOf(ctx, c.PgConn(), query) }
		if pid, err := asked[i](""); err != nil || pid == c.PgConn().PID() {
			return err // nothing between has made up another number
		}
	}
	return checkBackends(asked)
}

// checkBackends wants each of two connections to have a process of the server's to itself.
// While the second one keeps its own by a transaction, the first one, if it has none, gets
// another; and a process that has just been given back is the next that is lent, or the last.
func checkBackends(asked [2]func(query string) (uint32, error)) error {
	var known [2]uint32
	for range poolerRounds {
		for _, next := range []struct {
			who   int
			query string
		}{{0, ""}, {1, "BEGIN; "}, {0, ""}, {1, "COMMIT; "}, {1, ""}} {
			pid, err := asked[next.who](next.query)
			if err != nil {
				return fmt.Errorf("see whether it is behind a pooler: %w", err)
			}
			if known[next.who] == 0 {
				known[next.who] = pid
			}
			if known[next.who] != pid || known[0] == known[1] {
				return errLent
			}
		}
	}
	return nil
}

// backendOf says which process of the server's carries a query out. It is not prepared: that
// would fail by itself, sometimes.
func backendOf(ctx context.Context, c *pgconn.PgConn, query string) (uint32, error) {
	results, err := c.Exec(ctx, query+"SELECT pg_backend_pid()").ReadAll()
	if err != nil {
		return 0, err
	}
	pid, err := strconv.ParseUint(string(results[len(results)-1].Rows[0][0]), 10, 32)
	return uint32(pid), err
}
