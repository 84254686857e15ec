package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgtype"
)

const (
	// postgresTransaction bounds a transaction, whatever the server and the network
	// between do.
	postgresTransaction = 30 * time.Second

	// postgresClose bounds saying goodbye.
	postgresClose = 2 * time.Second

	postgresBackoff    = 100 * time.Millisecond
	postgresBackoffMax = 5 * time.Second
)

// errStale makes the writer look for the server that takes writes now.
var errStale = errors.New("the server has become a standby")

// postgresWriter is the connection that writes. A trip to the server costs more than
// most statements, so what nobody has to see the result of waits for the next one that
// somebody has, or for the commit: a batch takes four trips.
type postgresWriter struct {
	conn    *pgx.Conn
	words   *words
	pending *pgx.Batch
	wants   []int64 // of pending: rows to be changed; -1: any number
	open    bool    // the server knows of the transaction
	stale   bool    // the server does not take writes any more; another may
	row     row     // reused by every row

	// base never ends; tx is the transaction's, which ends when it takes too long.
	base, tx context.Context //nolint:containedctx // the writer's callers have none to give: no caller's cancels a batch
	cancel   context.CancelFunc
}

var _ writerConn = (*postgresWriter)(nil)

// connectPostgres connects for writing. After a failure the next ones come at once,
// until it is time to try again.
func connectPostgres(config *pgx.ConnConfig) connect {
	put := postgresWords()
	var wait time.Duration
	var next time.Time
	return func(ctx context.Context) (writerConn, error) {
		if time.Now().Before(next) {
			return nil, errAway
		}
		w, err := dialPostgres(context.WithoutCancel(ctx), config, put)
		if err != nil {
			wait = min(max(2*wait, postgresBackoff), postgresBackoffMax)
			next = time.Now().Add(wait/2 + rand.N(wait/2)) //nolint:gosec // when is no secret
			return nil, err
		}
		wait, next = 0, time.Time{}
		return w, nil
	}
}

// Without this an ack would say more than is true after a crash of the server.
const postgresDurable = `
SELECT set_config('synchronous_commit', 'on', false)
WHERE current_setting('synchronous_commit') IN ('off', 'local', 'remote_write')`

func dialPostgres(ctx context.Context, config *pgx.ConnConfig, w *words) (*postgresWriter, error) {
	limited, cancel := context.WithTimeout(ctx, postgresTransaction)
	defer cancel()
	c, err := pgx.ConnectConfig(limited, config)
	if err != nil {
		return nil, fmt.Errorf("open writer: %w", err)
	}
	if _, err = c.Exec(limited, postgresDurable); err != nil {
		return nil, errors.Join(fmt.Errorf("open writer: %w", err), c.Close(limited))
	}
	return &postgresWriter{conn: c, words: w, base: ctx, pending: new(pgx.Batch)}, nil
}

func (w *postgresWriter) begin() error {
	w.tx, w.cancel = context.WithTimeout(w.base, postgresTransaction)
	w.later("BEGIN", -1)
	return nil
}

// later queues a statement that is to change so many rows.
func (w *postgresWriter) later(query string, want int64, args ...any) { //nolint:unparam // postgresBatch has others
	for i, a := range args {
		if b, ok := a.([]byte); ok && b == nil {
			args[i] = []byte{} // no bytes, not NULL
		}
	}
	put := w.words.of(query)
	w.pending.Queue(put.sql, put.pick(args)...)
	w.wants = append(w.wants, want)
}

// send carries out what is queued; read takes the result of the last statement.
func (w *postgresWriter) send(read func(pgx.BatchResults) error) (err error) {
	defer func() {
		if e, ok := errors.AsType[*pgconn.PgError](err); ok && e.Code == "25006" {
			w.stale = true
		}
	}()
	batch, wants := w.pending, w.wants
	w.pending, w.wants = new(pgx.Batch), w.wants[:0]
	w.open = true
	results := w.conn.SendBatch(w.tx, batch)
	for i, want := range wants[:len(wants)-1] {
		tag, err := results.Exec()
		if err == nil && want >= 0 && tag.RowsAffected() != want {
			err = fmt.Errorf("%d rows changed, not %d: %.60s", tag.RowsAffected(), want, batch.QueuedQueries[i].SQL)
		}
		if err != nil {
			_ = results.Close() // it says the same again
			return err
		}
	}
	if err := read(results); err != nil {
		_ = results.Close() // as above
		return err
	}
	return results.Close()
}

func (w *postgresWriter) exec(query string, args ...any) (n int64, err error) {
	w.later(query, -1, args...)
	err = w.send(func(results pgx.BatchResults) error {
		tag, err := results.Exec()
		n = tag.RowsAffected()
		return err
	})
	return n, err
}

func (w *postgresWriter) query(each func(row) error, query string, args ...any) error {
	w.later(query, -1, args...)
	return w.send(func(results pgx.BatchResults) error {
		rows, err := results.Query()
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := w.decode(rows); err != nil {
				return err
			}
			if err := each(w.row); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// decode fills the row. What is in it stays good after the next one has come.
func (w *postgresWriter) decode(rows pgx.Rows) error {
	fields := rows.FieldDescriptions()
	w.row = w.row[:0]
	for i, raw := range rows.RawValues() {
		v, err := decodePostgres(&fields[i], raw)
		if err != nil {
			return err
		}
		w.row = append(w.row, v)
	}
	return nil
}

func decodePostgres(f *pgconn.FieldDescription, raw []byte) (any, error) {
	switch {
	case raw == nil:
		return nil, nil
	case f.DataTypeOID == pgtype.Int8OID && f.Format == pgtype.BinaryFormatCode:
		return int64(binary.BigEndian.Uint64(raw)), nil //nolint:gosec // that is how it was written
	case f.DataTypeOID == pgtype.Int4OID && f.Format == pgtype.BinaryFormatCode:
		return int64(int32(binary.BigEndian.Uint32(raw))), nil //nolint:gosec // as above
	case f.DataTypeOID == pgtype.TextOID:
		return string(raw), nil
	case f.DataTypeOID == pgtype.ByteaOID && f.Format == pgtype.BinaryFormatCode:
		return bytes.Clone(raw), nil
	}
	return nil, fmt.Errorf("column %s is of type %d in format %d, which nothing here should be", f.Name, f.DataTypeOID, f.Format)
}

// commit says of an error whether the transaction may be stored all the same: it is
// not where the server has said that something is wrong with it: in words that it does not
// translate, or, where what stands between leaves those out, in the others.
func (w *postgresWriter) commit() error {
	defer w.cancel()
	if !w.open && len(w.wants) == 1 { // the BEGIN alone
		w.pending, w.wants = new(pgx.Batch), w.wants[:0]
		return nil
	}
	w.later("COMMIT", -1)
	var tag pgconn.CommandTag
	err := w.send(func(results pgx.BatchResults) (err error) {
		tag, err = results.Exec()
		return err
	})
	if err == nil && tag.String() != "COMMIT" {
		return fmt.Errorf("the server answers COMMIT with %s", tag)
	}
	if err == nil {
		w.open = false
		return nil
	}
	_, unsent := errors.AsType[pgx.ErrPreprocessingBatch](err)
	if e, ok := errors.AsType[*pgconn.PgError](err); ok && cmp.Or(e.SeverityUnlocalized, e.Severity) == "ERROR" || unsent || pgconn.SafeToRetry(err) {
		return err
	}
	return fmt.Errorf("%w: %w", errOutcome, err)
}

func (w *postgresWriter) rollback() error {
	w.cancel()
	w.pending, w.wants = new(pgx.Batch), w.wants[:0]
	if !w.open {
		return nil
	}
	ctx, cancel := context.WithTimeout(w.base, postgresClose)
	defer cancel()
	if _, err := w.conn.Exec(ctx, "ROLLBACK"); err != nil {
		return err
	}
	w.open = false
	if w.stale {
		return errStale
	}
	return nil
}

func (w *postgresWriter) close() error {
	ctx, cancel := context.WithTimeout(w.base, postgresClose)
	defer cancel()
	return w.conn.Close(ctx)
}
