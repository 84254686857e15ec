package sqlstore

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
)

// conn is a connection of a database/sql driver, used without the pool above it:
// what database/sql does around a statement (locks, conversions by reflection, a
// *sql.Tx per transaction) costs as much as SQLite does inside it. One goroutine
// uses it at a time.
type conn struct {
	driver driver.Conn
	words  *words
	stmts  map[string]prepared
	args   []driver.NamedValue // reused by every statement
	vals   []driver.Value      // reused by every row
	row    row                 // reused by every row
	reuses bool                // the driver's bytes are good until the next row only

	// ctx is for the driver alone and never ends: no caller's context cancels
	// what others share, and one that could end costs a goroutine per statement.
	ctx context.Context //nolint:containedctx // see above: it carries nothing and never ends
}

var _ tx = (*conn)(nil)

// prepared is a statement, and where its arguments go.
type prepared struct {
	driver.Stmt

	wording wording
}

func newConn(ctx context.Context, d driver.Conn, w *words) *conn {
	return &conn{driver: d, words: w, stmts: make(map[string]prepared), ctx: context.WithoutCancel(ctx)}
}

func (c *conn) exec(query string, args ...any) (int64, error) {
	st, err := c.prepare(query)
	if err != nil {
		return 0, err
	}
	x, ok := st.Stmt.(driver.StmtExecContext)
	if !ok {
		return 0, fmt.Errorf("%T cannot execute", st.Stmt)
	}
	res, err := x.ExecContext(c.ctx, c.bind(st.wording.pick(args)))
	if err != nil {
		return 0, err
	}
	return res.RowsAffected()
}

func (c *conn) query(each func(row) error, query string, args ...any) (err error) {
	st, err := c.prepare(query)
	if err != nil {
		return err
	}
	x, ok := st.Stmt.(driver.StmtQueryContext)
	if !ok {
		return fmt.Errorf("%T cannot query", st.Stmt)
	}
	rows, err := x.QueryContext(c.ctx, c.bind(st.wording.pick(args)))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()

	// The callback may run statements of its own only after the rows are read:
	// nobody does.
	n := len(rows.Columns())
	c.grow(n)
	for {
		err := rows.Next(c.vals[:n])
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		for i, v := range c.vals[:n] {
			if b, ok := v.([]byte); ok && c.reuses {
				v = string(b)
			}
			c.row[i] = v
		}
		if err := each(c.row[:n]); err != nil {
			return err
		}
	}
}

func (c *conn) grow(n int) {
	for len(c.vals) < n {
		c.vals = append(c.vals, nil)
		c.row = append(c.row, nil)
	}
}

func (c *conn) prepare(query string) (prepared, error) {
	if st, ok := c.stmts[query]; ok {
		return st, nil
	}
	p, ok := c.driver.(driver.ConnPrepareContext)
	if !ok {
		return prepared{}, fmt.Errorf("%T cannot prepare", c.driver)
	}
	put := c.words.of(query)
	ready, err := p.PrepareContext(c.ctx, put.sql)
	if err != nil {
		return prepared{}, fmt.Errorf("prepare: %w", err)
	}
	st := prepared{ready, put}
	c.stmts[query] = st
	return st, nil
}

func (c *conn) bind(args []any) []driver.NamedValue {
	c.args = c.args[:0]
	for i, a := range args {
		if b, ok := a.([]byte); ok && b == nil {
			a = []byte{} // no bytes, not NULL
		}
		c.args = append(c.args, driver.NamedValue{Ordinal: i + 1, Value: a})
	}
	return c.args
}

func (c *conn) close() error {
	var err error
	for _, st := range c.stmts {
		err = errors.Join(err, st.Close())
	}
	return errors.Join(err, c.driver.Close())
}
