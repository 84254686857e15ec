package hplog

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"html"
	"io"
	"strconv"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// Format is how rows are written.
type Format string

// The formats.
const (
	SQL Format = "sql" // CREATE TABLE and INSERTs, for MySQL and MariaDB
	CSV Format = "csv" // RFC 4180, with a header
)

const (
	// exportRows is how many messages are read at once, and how many stand in one INSERT.
	exportRows = 500

	// insertBytes ends an INSERT before it has so many rows: servers refuse statements
	// beyond max_allowed_packet, which is 4 MiB in MySQL 5.7.
	insertBytes = 512 << 10
)

// Exported says what went out.
type Exported struct {
	Rows     int64
	Recalled int64 // left out: taken back by who said them
	Foreign  int64 // left out: of a buyer without a number, whom the column user_id cannot name
}

// Export writes every message as a row of the table, in the order of ids. With onlyNew
// it writes what was said in Haggle alone, without ids: rows for a table that has the
// others already and gives ids itself.
func Export(ctx context.Context, store legacy.Store, out io.Writer, format Format, onlyNew bool) (done Exported, err error) {
	buffered := bufio.NewWriterSize(out, 1<<20)
	w, err := newRowWriter(buffered, format, onlyNew)
	if err != nil {
		return done, err
	}
	if err := w.begin(); err != nil {
		return done, fmt.Errorf("write export: %w", err)
	}
	for after, more := legacy.Num(0), true; more; {
		page, err := store.Export(ctx, after, exportRows)
		if err != nil {
			return done, err
		}
		if more = len(page) == exportRows; more {
			after = page[len(page)-1].Num
		}
		if err := done.rows(page, w, onlyNew); err != nil {
			return done, fmt.Errorf("write export: %w", err)
		}
	}
	if err = w.end(); err == nil {
		err = buffered.Flush()
	}
	if err != nil {
		return done, fmt.Errorf("write export: %w", err)
	}
	return done, nil
}

func (e *Exported) rows(page []legacy.Numbered, w rowWriter, onlyNew bool) error {
	for i := range page {
		n := &page[i]
		if onlyNew && n.Num < legacy.FirstOwn {
			continue
		}
		if onlyNew {
			n.Num = 0
		}
		if err := e.row(n, w); err != nil {
			return err
		}
	}
	return nil
}

func newRowWriter(out *bufio.Writer, format Format, existing bool) (rowWriter, error) {
	switch format {
	case SQL:
		return &sqlWriter{out: out, existing: existing}, nil
	case CSV:
		return &csvWriter{out: csv.NewWriter(out)}, nil
	}
	return nil, chat.Codef(chat.Invalid, "invalid_format", "the formats are %s and %s", SQL, CSV)
}

func (e *Exported) row(n *legacy.Numbered, w rowWriter) error {
	user, ok := numberOf(n.Buyer)
	switch {
	case n.Message.Recalled():
		e.Recalled++
		return nil
	case !ok:
		e.Foreign++
		return nil
	}
	e.Rows++
	return w.row(rowOf(n, user))
}

// numberOf returns a buyer's number, if it has one that the column user_id can hold.
func numberOf(buyer chat.UID) (int64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(string(buyer), chat.PrefixBuyer), 10, 32)
	return int64(n), err == nil
}

// rowOf is the inverse of convert, as far as there is one.
func rowOf(n *legacy.Numbered, user int64) *Row {
	m := &n.Message
	r := &Row{
		ID: int64(n.Num), User: user,
		Merchant: []byte(n.Merchant), Sender: senderBuyer, Time: m.SentAt.Unix(),
	}
	if m.Sender.Side() == chat.MerchantSide {
		r.Sender = senderMerchant
	}
	if n.Read {
		r.Read = 1
	}
	if m.RecipientOnline != nil && *m.RecipientOnline {
		r.Online = 1
	}
	var message string
	r.Type, message = messageOf(m)
	r.Message = []byte(message)
	return r
}

// messageOf returns what the old chat would have stored of a message.
func messageOf(m *chat.Message) (kind int64, message string) {
	var paths []string
	said := make([]chat.Block, 0, len(m.Blocks))
	for i := range m.Blocks {
		switch b := m.Blocks[i]; b.Type {
		case chat.ImageBlock:
			paths = append(paths, picturePath(b.Image.File))
			said = append(said, b)
		case chat.NoticeBlock:
			if b.Notice.Code == chat.NoticeImageMissing || b.Notice.Code == chat.NoticeImageBroken {
				paths = append(paths, b.Notice.Detail)
				said = append(said, b)
			}
		case chat.TextBlock, chat.ProductBlock:
			said = append(said, b)
		}
	}
	switch {
	case len(paths) > 0 && len(paths) == len(said):
		return typeImages, list(paths)
	case len(said) == 1 && said[0].Product != nil:
		return typeLink, productRow(said[0].Product)
	case m.Sender.Side() == chat.MerchantSide:
		return typeText, markup(said)
	}
	return typeText, plain(said)
}

// picturePath names a picture that Haggle has. It is a name and no address: pictures
// are only shown to those who took part, see the API's POST /v1/files/urls.
func picturePath(file chat.FileID) string { return "/files/" + string(file) + "/image" }

func list(paths []string) string {
	data, err := json.Marshal(paths)
	if err != nil { // of strings there is nothing that cannot be encoded
		return "[]"
	}
	return string(data)
}

// productRow is a product as the old chat stored it, by the names that most shops give
// its columns.
func productRow(p *chat.ProductCard) string {
	data, err := json.Marshal(struct {
		ID    chat.ProductID `json:"product_id"`
		Title string         `json:"product_name"`
		Image string         `json:"product_image"`
		URL   string         `json:"product_url"`
	}{p.ID, p.Title, p.Image, p.URL})
	if err != nil {
		return "{}"
	}
	return string(data)
}

// markup is a merchant's message, whose rows are HTML.
func markup(blocks []chat.Block) string {
	var b strings.Builder
	for i := range blocks {
		switch bl := &blocks[i]; bl.Type {
		case chat.TextBlock:
			b.WriteString(html.EscapeString(bl.Text))
		case chat.ImageBlock:
			b.WriteString(`<img src="` + html.EscapeString(picturePath(bl.Image.File)) + `">`)
		case chat.NoticeBlock:
			b.WriteString(`<img src="` + html.EscapeString(bl.Notice.Detail) + `">`)
		case chat.ProductBlock:
			b.WriteString(html.EscapeString(bl.Product.Title + " " + bl.Product.URL))
		}
	}
	return b.String()
}

// plain is a buyer's message that is neither pictures nor a product alone, which the
// old chat had no such thing for: a line for each part.
func plain(blocks []chat.Block) string {
	lines := make([]string, len(blocks))
	for i := range blocks {
		switch bl := &blocks[i]; bl.Type {
		case chat.TextBlock:
			lines[i] = bl.Text
		case chat.ImageBlock:
			lines[i] = picturePath(bl.Image.File)
		case chat.NoticeBlock:
			lines[i] = bl.Notice.Detail
		case chat.ProductBlock:
			lines[i] = strings.TrimSpace(bl.Product.Title + " " + bl.Product.URL)
		}
	}
	return strings.Join(lines, "\n")
}

type rowWriter interface {
	begin() error
	row(r *Row) error
	end() error
}

func (r *Row) numbers() [7]int64 {
	return [7]int64{r.ID, r.User, r.Type, r.Sender, r.Time, r.Read, r.Online}
}

type csvWriter struct{ out *csv.Writer }

func (w *csvWriter) begin() error { return w.out.Write(strings.Split(columns, ", ")) }

func (w *csvWriter) row(r *Row) error {
	n := r.numbers()
	text := func(i int) string {
		if i == 0 && n[0] == 0 {
			return ""
		}
		return strconv.FormatInt(n[i], 10)
	}
	return w.out.Write([]string{text(0), text(1), string(r.Merchant), string(r.Message), text(2), text(3), text(4), text(5), text(6)})
}

func (w *csvWriter) end() error {
	w.out.Flush()
	return w.out.Error()
}

// session says how what follows is to be read, and that what does not fit is an error.
const session = `-- hp_chat_log, written by Haggle
SET NAMES utf8mb4;
SET SESSION sql_mode = 'STRICT_ALL_TABLES';

`

// widenTable makes room in a table that is there: for every character, and for names
// and texts as long as Haggle's. Where it cannot, nothing has been added yet.
const widenTable = `ALTER TABLE ` + "`hp_chat_log`" + `
  CONVERT TO CHARACTER SET utf8mb4,
  MODIFY merchant_id varchar(66) CHARACTER SET utf8mb4 NOT NULL DEFAULT '',
  MODIFY send_message mediumtext CHARACTER SET utf8mb4;

`

// createTable makes the table as it was, but for what was wrong with it: it holds every
// character, and what is asked of it has an index.
const createTable = `CREATE TABLE IF NOT EXISTS ` + "`hp_chat_log`" + ` (
  id int unsigned NOT NULL AUTO_INCREMENT,
  user_id int unsigned NOT NULL DEFAULT 0 COMMENT 'the buyer, without prefix',
  merchant_id varchar(66) NOT NULL DEFAULT '' COMMENT 'the merchant, with V_ or E_',
  send_message mediumtext COMMENT 'text, or JSON of a product, or a JSON array of paths; of merchants HTML',
  send_message_type tinyint NOT NULL DEFAULT 1 COMMENT '1 text, 2 product, 3 pictures',
  sender tinyint NOT NULL DEFAULT 1 COMMENT '1 the buyer, 2 the merchant',
  send_time int unsigned NOT NULL DEFAULT 0 COMMENT 'Unix seconds',
  read_status tinyint unsigned NOT NULL DEFAULT 0,
  acc_isonline tinyint NOT NULL DEFAULT 0 COMMENT 'the receiver was online',
  PRIMARY KEY (id),
  KEY between_two (user_id, merchant_id, id)
) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;

`

type sqlWriter struct {
	out      *bufio.Writer
	existing bool // the table is there
	n        int  // rows in the INSERT that is being written
	size     int  // and their bytes
}

func (w *sqlWriter) begin() error {
	head := session + createTable
	if w.existing {
		head = session + widenTable
	}
	_, err := w.out.WriteString(head)
	return err
}

func (w *sqlWriter) row(r *Row) error {
	start := ",\n"
	if w.n == 0 {
		start = "INSERT INTO `hp_chat_log` (" + columns + ") VALUES\n"
	}
	n := r.numbers()
	id := "NULL"
	if n[0] != 0 {
		id = strconv.FormatInt(n[0], 10)
	}
	size, err := fmt.Fprintf(w.out, "%s(%s,%d,%s,%s,%d,%d,%d,%d,%d)", start, id, n[1], quoteSQL(r.Merchant), quoteSQL(r.Message), n[2], n[3], n[4], n[5], n[6])
	w.n++
	if w.size += size; err == nil && (w.n == exportRows || w.size >= insertBytes) {
		err = w.end()
	}
	return err
}

func (w *sqlWriter) end() error {
	if w.n == 0 {
		return nil
	}
	w.n, w.size = 0, 0
	_, err := w.out.WriteString(";\n")
	return err
}

// quoteSQL writes a string literal of MySQL (manual of 8.0, section 11.1.1), with the
// backslashes that session's sql_mode leaves in force.
func quoteSQL(text []byte) string {
	return "'" + strings.NewReplacer(
		`\`, `\\`, `'`, `\'`, "\x00", `\0`, "\n", `\n`, "\r", `\r`, "\x1a", `\Z`,
	).Replace(string(text)) + "'"
}
