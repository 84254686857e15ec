package hplog

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"

	"github.com/go-sql-driver/mysql"

	"haggle/internal/chat"
)

const (
	dialWithin = 10 * time.Second
	readWithin = time.Minute // one page of rows

	// rowsAtOnce is how many rows are asked for in one query, and bytesAtOnce after how
	// much text its answer is left. It is read before anything is done with it: a server
	// ends a connection that does not take what it writes (net_write_timeout, a minute).
	rowsAtOnce  = 5000
	bytesAtOnce = 8 << 20
)

// OpenServer returns the table in a MySQL or MariaDB database. The address is like
// mysql://user:password@host:3306/database, or with ?socket=/path instead of a host.
// It is read with the rights that the user has, page by page along the primary key;
// the shop may go on writing to it.
func OpenServer(address, table string) (Source, error) {
	if err := checkTable(table); err != nil {
		return nil, err
	}
	cfg, err := parseAddress(address)
	if err != nil {
		return nil, err
	}
	connector, err := mysql.NewConnector(cfg)
	if err != nil {
		return nil, fmt.Errorf("open the old database: %w", err)
	}
	db := sql.OpenDB(connector)
	db.SetMaxOpenConns(1)
	return &server{db: db, table: table}, nil
}

func parseAddress(address string) (*mysql.Config, error) {
	u, err := url.Parse(address)
	bad := func() error {
		return chat.Codef(chat.Invalid, "invalid_address", "the old database's address is like mysql://user:password@host:3306/database")
	}
	if err != nil || u.Scheme != "mysql" || strings.Trim(u.Path, "/") == "" { // the error would repeat the password
		return nil, bad()
	}
	cfg := mysql.NewConfig()
	cfg.User = u.User.Username()
	cfg.Passwd, _ = u.User.Password()
	cfg.DBName = strings.Trim(u.Path, "/")
	cfg.Timeout, cfg.ReadTimeout, cfg.WriteTimeout = dialWithin, readWithin, dialWithin
	cfg.Net, cfg.Addr = "tcp", u.Host
	if u.Port() == "" {
		cfg.Addr = net.JoinHostPort(u.Hostname(), "3306")
	}
	for name, values := range u.Query() {
		switch name {
		case "socket":
			cfg.Net, cfg.Addr = "unix", values[0]
		case "tls":
			cfg.TLSConfig = values[0]
		default:
			return nil, bad()
		}
	}
	if cfg.Net == "tcp" && u.Hostname() == "" {
		return nil, bad()
	}
	return cfg, nil
}

type server struct {
	db    *sql.DB
	table string
}

// Total implements Source.
func (s *server) Total(ctx context.Context) (n int64, err error) {
	err = s.db.QueryRowContext(ctx, "SELECT count(*) FROM `"+s.table+"`").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the old table: %w", err)
	}
	return n, nil
}

// Rows implements Source. Texts are asked for as the bytes that are stored: what a
// column says of its encoding is not always so.
func (s *server) Rows(ctx context.Context, each func(*Row) error) error {
	query := "SELECT id, user_id, CAST(merchant_id AS BINARY), CAST(send_message AS BINARY), send_message_type, sender, send_time, read_status, acc_isonline " +
		"FROM `" + s.table + "` WHERE id > ? ORDER BY id LIMIT ?"
	for after := int64(-1); ; {
		page, err := s.page(ctx, query, after)
		if err != nil {
			return fmt.Errorf("read the old table: %w", err)
		}
		if len(page) == 0 {
			return nil
		}
		for i := range page {
			if err := each(&page[i]); err != nil {
				return err
			}
		}
		after = page[len(page)-1].ID
	}
}

// page returns the next rows, none at the end.
func (s *server) page(ctx context.Context, query string, after int64) (page []Row, err error) {
	rows, err := s.db.QueryContext(ctx, query, after, rowsAtOnce)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for size := 0; size < bytesAtOnce && rows.Next(); {
		var r Row
		var numbers [6]sql.NullInt64
		err := rows.Scan(&r.ID, &numbers[0], &r.Merchant, &r.Message, &numbers[1], &numbers[2], &numbers[3], &numbers[4], &numbers[5])
		if err != nil {
			return nil, err
		}
		r.User, r.Type, r.Sender = numbers[0].Int64, numbers[1].Int64, numbers[2].Int64
		r.Time, r.Read, r.Online = numbers[3].Int64, numbers[4].Int64, numbers[5].Int64
		page = append(page, r)
		size += len(r.Message)
	}
	return page, rows.Err()
}

// Close implements Source.
func (s *server) Close() error { return s.db.Close() }
