package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-sql-driver/mysql"
)

const (
	mysqlBackoff    = 100 * time.Millisecond
	mysqlBackoffMax = 5 * time.Second
)

// mysqlConnector makes connections with the settings that Haggle relies on.
type mysqlConnector struct {
	driver.Connector

	settings []string // statements
}

// Connect implements driver.Connector.
func (c mysqlConnector) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := c.Connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errAway, err)
	}
	for _, set := range c.settings {
		if err := carryOutAtOnce(ctx, conn, set); err != nil {
			return nil, errors.Join(fmt.Errorf("settings of a connection: %w", err), conn.Close())
		}
	}
	return conn, nil
}

// carryOutAtOnce carries out a statement that is not prepared.
func carryOutAtOnce(ctx context.Context, conn driver.Conn, query string) error {
	x, ok := conn.(driver.ExecerContext)
	if !ok {
		return fmt.Errorf("%T cannot execute", conn)
	}
	_, err := x.ExecContext(ctx, query, nil)
	return err
}

// mysqlWriter is the connection that writes. A transaction begins with its first
// statement, without a trip to the server for it.
type mysqlWriter struct {
	*conn

	stale bool // the server does not take writes any more; another may
}

var _ writerConn = (*mysqlWriter)(nil)

// mysqlByHand leaves the end of a transaction to the writer.
const mysqlByHand = `SET autocommit = 0`

// connectMySQL connects for writing. After a failure the next ones come at once, until
// it is time to try again.
func connectMySQL(connector driver.Connector) connect {
	var wait time.Duration
	var next time.Time
	put := mysqlWords()
	return func(ctx context.Context) (writerConn, error) {
		if time.Now().Before(next) {
			return nil, errAway
		}
		w, err := dialMySQL(context.WithoutCancel(ctx), connector, put)
		if err != nil {
			wait = min(max(2*wait, mysqlBackoff), mysqlBackoffMax)
			next = time.Now().Add(wait/2 + rand.N(wait/2)) //nolint:gosec // when is no secret
			return nil, err
		}
		wait, next = 0, time.Time{}
		return w, nil
	}
}

func dialMySQL(ctx context.Context, connector driver.Connector, put *words) (*mysqlWriter, error) {
	d, err := connector.Connect(ctx)
	if err != nil {
		return nil, fmt.Errorf("open writer: %w", err)
	}
	if err := carryOutAtOnce(ctx, d, mysqlByHand); err != nil {
		return nil, errors.Join(fmt.Errorf("open writer: %w", err), d.Close())
	}
	c := newConn(ctx, d, put)
	c.reuses = true
	return &mysqlWriter{conn: c}, nil
}

// begin only looks whether the server has hung up: what is noticed now costs nobody
// anything.
func (w *mysqlWriter) begin() error {
	if r, ok := w.driver.(driver.SessionResetter); ok {
		return r.ResetSession(w.ctx)
	}
	return nil
}

func (w *mysqlWriter) exec(query string, args ...any) (int64, error) {
	n, err := w.conn.exec(query, args...)
	return n, w.noticed(err)
}

func (w *mysqlWriter) query(each func(row) error, query string, args ...any) error {
	return w.noticed(w.conn.query(each, query, args...))
}

// noticed keeps in mind that a server does not take writes any more.
func (w *mysqlWriter) noticed(err error) error {
	if isReadOnly(err) {
		w.stale = true
	}
	return err
}

// commit says of an error whether the transaction may be stored all the same: it is not
// where the server has undone it, or was not asked.
func (w *mysqlWriter) commit() error {
	err := w.noticed(carryOutAtOnce(w.ctx, w.driver, "COMMIT"))
	if err == nil || errors.Is(err, driver.ErrBadConn) || mysqlUndone(err) || isReadOnly(err) {
		return err
	}
	return fmt.Errorf("%w: %w", errOutcome, err)
}

func (w *mysqlWriter) rollback() error {
	if err := carryOutAtOnce(w.ctx, w.driver, "ROLLBACK"); err != nil {
		return err
	}
	if w.stale {
		return errStale
	}
	return nil
}

// close says goodbye, which a server that has hung up does not hear; its statements end
// with the connection.
func (w *mysqlWriter) close() error {
	_ = w.driver.Close()
	return nil
}

// mysqlErrorNumber is the number of what the server says is wrong, 0 where it says nothing.
func mysqlErrorNumber(err error) uint16 {
	if e, ok := errors.AsType[*mysql.MySQLError](err); ok {
		return e.Number
	}
	return 0
}
