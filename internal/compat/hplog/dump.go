package hplog

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"haggle/internal/chat"
)

// OpenDump returns the table in a file that mysqldump, or mariadb-dump, has written;
// one whose name ends in .gz is unpacked. Other tables in it are passed over.
func OpenDump(path, table string) (Source, error) {
	if err := checkTable(table); err != nil {
		return nil, err
	}
	d := &dump{path: path, table: table}
	f, err := d.open()
	if err != nil {
		return nil, err
	}
	return d, f.Close()
}

type dump struct {
	path, table string
	looked      bool
	total       int64
	unordered   bool // rows are not in the order of ids, as in tables that had rows deleted
}

func (d *dump) open() (io.ReadCloser, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, fmt.Errorf("open dump: %w", err)
	}
	if !strings.HasSuffix(d.path, ".gz") {
		return f, nil
	}
	z, err := gzip.NewReader(f)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("unpack dump: %w", err), f.Close())
	}
	return unpacked{z, f}, nil
}

type unpacked struct {
	*gzip.Reader

	file *os.File
}

// Close closes both.
func (u unpacked) Close() error { return errors.Join(u.Reader.Close(), u.file.Close()) }

// read goes through the file once.
func (d *dump) read(ctx context.Context, each func(*Row) error) (err error) {
	f, err := d.open()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return parseDump(f, d.table, func(r *Row) error {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		return each(r)
	})
}

// Total implements Source: it reads the file through, which also shows whether it
// can be read and in which order it is.
func (d *dump) Total(ctx context.Context) (int64, error) {
	if d.looked {
		return d.total, nil
	}
	last := int64(-1)
	d.total = 0
	err := d.read(ctx, func(r *Row) error {
		d.total++
		d.unordered = d.unordered || r.ID <= last
		last = r.ID
		return nil
	})
	d.looked = err == nil
	return d.total, err
}

// Rows implements Source. Rows that are not in order are sorted in memory.
func (d *dump) Rows(ctx context.Context, each func(*Row) error) error {
	if _, err := d.Total(ctx); err != nil {
		return err
	}
	if !d.unordered {
		return d.read(ctx, each)
	}
	rows := make([]Row, 0, d.total)
	err := d.read(ctx, func(r *Row) error {
		rows = append(rows, *r)
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(rows, func(a, b Row) int { return int(min(1, max(-1, a.ID-b.ID))) })
	for i := range rows {
		if err := each(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

// Close implements Source.
func (d *dump) Close() error { return nil }

const (
	dumpBuffer = 1 << 20
	maxValue   = 64 << 20 // of one value: more than any column of the table holds
)

// parseDump calls each for every row of the table that is inserted in the SQL that r
// reads. It reads what mysqldump writes, with any of its options, as the manual of
// MySQL 8.0 has it in sections 6.5.4 and 11.1.1.
func parseDump(r io.Reader, table string, each func(*Row) error) error {
	p := &dumpParser{in: bufio.NewReaderSize(r, dumpBuffer), table: table, each: each}
	for {
		err := p.statement()
		if errors.Is(err, errEnd) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("dump, byte %d: %w", p.at, err)
		}
	}
}

// errEnd is the end of the file between statements.
var errEnd = errors.New("end")

func errSyntax(format string, args ...any) error {
	return chat.Codef(chat.Invalid, "invalid_dump", "this is not what mysqldump writes: "+format, args...)
}

type dumpParser struct {
	in    *bufio.Reader
	at    int64
	table string
	each  func(*Row) error

	created []string // the table's columns, once CREATE TABLE has told them
}

func (p *dumpParser) next() (byte, error) {
	c, err := p.in.ReadByte()
	if err == nil {
		p.at++
	} else if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return c, err
}

func (p *dumpParser) peek() byte {
	b, err := p.in.Peek(1)
	if err != nil {
		return 0
	}
	return b[0]
}

// space passes over blanks and comments. It reports whether the file has ended.
func (p *dumpParser) space() (ended bool, err error) {
	for {
		b, err := p.in.Peek(2)
		if len(b) == 0 {
			if errors.Is(err, io.EOF) {
				return true, nil
			}
			return false, err
		}
		switch {
		case b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r' || b[0] == ';':
			_, err = p.next()
		case b[0] == '#' || len(b) == 2 && b[0] == '-' && b[1] == '-':
			err = p.until("\n")
		case len(b) == 2 && b[0] == '/' && b[1] == '*':
			err = p.until("*/")
		default:
			return false, nil
		}
		if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) {
			return false, err
		}
	}
}

// until passes over everything up to the end of a mark.
func (p *dumpParser) until(mark string) error {
	for matched := 0; matched < len(mark); {
		c, err := p.next()
		if err != nil {
			return err
		}
		switch c {
		case mark[matched]:
			matched++
		case mark[0]:
			matched = 1
		default:
			matched = 0
		}
	}
	return nil
}

// word reads a keyword, in capitals; "" where there is none.
func (p *dumpParser) word() (string, error) {
	if _, err := p.space(); err != nil {
		return "", err
	}
	var w []byte
	for {
		c := p.peek()
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' || len(w) > 64 {
			return strings.ToUpper(string(w)), nil
		}
		w = append(w, c)
		_, _ = p.next() // it was seen
	}
}

// name reads an identifier, quoted or not, without its database.
func (p *dumpParser) name() (string, error) {
	for {
		if _, err := p.space(); err != nil {
			return "", err
		}
		var name string
		if c := p.peek(); c == '`' || c == '"' {
			s, err := p.quoted()
			if err != nil {
				return "", err
			}
			name = string(s)
		} else {
			for c := p.peek(); c > ' ' && !strings.ContainsRune("(),;.`'\"", rune(c)) && len(name) <= 64; c = p.peek() {
				name += string(rune(c))
				_, _ = p.next() // it was seen
			}
		}
		if name == "" {
			return "", errSyntax("a name is missing")
		}
		if p.peek() != '.' {
			return name, nil
		}
		_, _ = p.next() // it was seen
	}
}

// statement reads one statement.
func (p *dumpParser) statement() error {
	if ended, err := p.space(); err != nil || ended {
		if err == nil {
			err = errEnd
		}
		return err
	}
	verb, err := p.word()
	if err != nil {
		return err
	}
	switch verb {
	case "CREATE":
		return p.create()
	case "INSERT", "REPLACE":
		return p.insert()
	}
	return p.skip()
}

// skip passes over the rest of a statement.
func (p *dumpParser) skip() error {
	for {
		if ended, err := p.blankOrEnd(); err != nil || ended {
			return err
		}
		switch c := p.peek(); c {
		case '\'', '"', '`':
			if _, err := p.quoted(); err != nil {
				return err
			}
		default:
			if _, err := p.next(); err != nil {
				return err
			}
		}
	}
}

// blankOrEnd passes over blanks and comments, and over the semicolon that ends the
// statement, which it reports. A file that ends before it was cut off.
func (p *dumpParser) blankOrEnd() (ended bool, err error) {
	for {
		b, err := p.in.Peek(2)
		switch {
		case len(b) == 0 && errors.Is(err, io.EOF):
			return false, io.ErrUnexpectedEOF
		case len(b) == 0:
			return false, err
		case b[0] == ';':
			_, err = p.next()
			return true, err
		case len(b) == 2 && b[0] == '/' && b[1] == '*':
			err = p.until("*/")
		case b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r':
			_, err = p.next()
		default:
			return false, nil
		}
		if err != nil {
			return false, err
		}
	}
}

// create learns the columns of the table.
func (p *dumpParser) create() error {
	if what, err := p.word(); err != nil || what != "TABLE" {
		return errors.Join(err, p.skip())
	}
	if err := p.words("IF", "NOT", "EXISTS"); err != nil {
		return err
	}
	name, err := p.name()
	if err != nil {
		return err
	}
	if ended, err := p.blankOrEnd(); err != nil || ended || name != p.table || p.peek() != '(' {
		if ended {
			return err
		}
		return errors.Join(err, p.skip())
	}
	_, _ = p.next() // the bracket
	return p.definitions()
}

// definitions reads what is in the brackets of a CREATE TABLE, and passes over the
// rest.
func (p *dumpParser) definitions() error {
	p.created = nil
	for {
		if ended, err := p.blankOrEnd(); err != nil || ended {
			return err
		}
		if c := p.peek(); c == '`' || c == '"' { // the latter with --compatible=ansi
			column, err := p.quoted()
			if err != nil {
				return err
			}
			p.created = append(p.created, string(column))
		}
		if more, err := p.definition(); err != nil || !more {
			return errors.Join(err, p.skip())
		}
	}
}

// definition passes over what is said of a column, and reports whether there is
// another.
func (p *dumpParser) definition() (more bool, err error) {
	for depth := 0; ; {
		if ended, err := p.blankOrEnd(); err != nil || ended {
			return false, err
		}
		if c := p.peek(); c == '\'' || c == '"' || c == '`' {
			if _, err := p.quoted(); err != nil {
				return false, err
			}
			continue
		}
		c, err := p.next()
		if err != nil {
			return false, err
		}
		switch {
		case c == '(':
			depth++
		case c == ')' && depth == 0:
			return false, nil
		case c == ')':
			depth--
		case c == ',' && depth == 0:
			return true, nil
		}
	}
}

// words passes over those keywords that are there.
func (p *dumpParser) words(keywords ...string) error {
	for {
		if _, err := p.space(); err != nil {
			return err
		}
		b, _ := p.in.Peek(16) // fewer at the end of the file
		found := slices.IndexFunc(keywords, func(w string) bool {
			return len(b) > len(w) && strings.EqualFold(string(b[:len(w)]), w) && (b[len(w)] <= ' ' || b[len(w)] == '`' || b[len(w)] == '(')
		})
		if found < 0 {
			return nil
		}
		if _, err := p.word(); err != nil {
			return err
		}
	}
}

// insert reads rows of the table, if they are.
func (p *dumpParser) insert() error {
	if err := p.words("IGNORE", "LOW_PRIORITY", "DELAYED", "INTO"); err != nil {
		return err
	}
	name, err := p.name()
	if err != nil {
		return err
	}
	if name != p.table {
		return p.skip()
	}
	if _, err := p.space(); err != nil {
		return err
	}
	named := p.created
	if p.peek() == '(' {
		if named, err = p.names(); err != nil {
			return err
		}
	}
	if named == nil {
		return errSyntax("the rows of %s say not which columns they have, and no CREATE TABLE does", p.table)
	}
	if values, err := p.word(); err != nil || values != "VALUES" && values != "VALUE" {
		return errors.Join(err, errSyntax("there is no VALUES after INSERT"))
	}
	fields, err := fieldsOf(named)
	if err != nil {
		return err
	}
	return p.rows(fields)
}

// names reads a list of columns.
func (p *dumpParser) names() (list []string, err error) {
	for {
		if c, err := p.next(); err != nil || c != '(' && c != ',' {
			return nil, errors.Join(err, errSyntax("a list of columns is not one"))
		}
		name, err := p.name()
		if err != nil {
			return nil, err
		}
		list = append(list, name)
		if _, err := p.space(); err != nil {
			return nil, err
		}
		if p.peek() == ')' {
			_, err = p.next()
			return list, err
		}
	}
}

// fieldsOf returns what each column is set to.
func fieldsOf(names []string) ([]func(*Row, value) error, error) {
	known := map[string]func(*Row, value) error{
		"id":                number(func(r *Row) *int64 { return &r.ID }),
		"user_id":           number(func(r *Row) *int64 { return &r.User }),
		"send_message_type": number(func(r *Row) *int64 { return &r.Type }),
		"sender":            number(func(r *Row) *int64 { return &r.Sender }),
		"send_time":         number(func(r *Row) *int64 { return &r.Time }),
		"read_status":       number(func(r *Row) *int64 { return &r.Read }),
		"acc_isonline":      number(func(r *Row) *int64 { return &r.Online }),
		"merchant_id":       func(r *Row, v value) error { r.Merchant = v.data; return nil },
		"send_message":      func(r *Row, v value) error { r.Message = v.data; return nil },
	}
	fields := make([]func(*Row, value) error, len(names))
	for i, name := range names {
		fields[i] = known[strings.ToLower(name)]
		if fields[i] == nil { // a column that a shop has added
			fields[i] = func(*Row, value) error { return nil }
		}
	}
	if !slices.ContainsFunc(names, func(n string) bool { return strings.EqualFold(n, "id") }) {
		return nil, errSyntax("the table has no column id")
	}
	return fields, nil
}

func number(field func(*Row) *int64) func(*Row, value) error {
	return func(r *Row, v value) error {
		if v.null {
			return nil
		}
		n, err := strconv.ParseInt(string(v.data), 10, 64)
		if err != nil {
			return errSyntax("%.40q is no number", v.data)
		}
		*field(r) = n
		return nil
	}
}

// rows reads tuples until the statement ends.
func (p *dumpParser) rows(fields []func(*Row, value) error) error {
	for {
		if ended, err := p.blankOrEnd(); err != nil || ended {
			return err
		}
		c, err := p.next()
		if err != nil {
			return err
		}
		if c == ',' {
			continue
		}
		if c != '(' {
			return p.skip() // ON DUPLICATE KEY UPDATE
		}
		var r Row
		if err := p.tuple(&r, fields); err != nil {
			return err
		}
		if err := p.each(&r); err != nil {
			return err
		}
	}
}

func (p *dumpParser) tuple(r *Row, fields []func(*Row, value) error) error {
	for i, set := range fields {
		v, err := p.value()
		if err != nil {
			return err
		}
		if err := set(r, v); err != nil {
			return err
		}
		if _, err := p.space(); err != nil {
			return err
		}
		c, err := p.next()
		if err != nil {
			return err
		}
		if want := map[bool]byte{false: ',', true: ')'}[i == len(fields)-1]; c != want {
			return errSyntax("a row has not the %d values of its columns", len(fields))
		}
	}
	return nil
}

// value is a literal.
type value struct {
	data []byte
	null bool
}

// value reads a literal: a string, a number, hexadecimal digits, NULL.
func (p *dumpParser) value() (value, error) {
	if err := p.words("_binary"); err != nil {
		return value{}, err
	}
	if _, err := p.space(); err != nil {
		return value{}, err
	}
	if c := p.peek(); c == '\'' || c == '"' {
		s, err := p.quoted()
		return value{data: s}, err
	}
	var bare []byte
	for c := p.peek(); c > ' ' && c != ',' && c != ')' && c != '\''; c = p.peek() {
		if len(bare) > maxValue {
			return value{}, errSyntax("a value is longer than %d bytes", maxValue)
		}
		bare = append(bare, c)
		_, _ = p.next() // it was seen
	}
	text := string(bare)
	switch {
	case strings.EqualFold(text, "NULL"):
		return value{null: true}, nil
	case len(text) > 2 && (strings.HasPrefix(text, "0x") || strings.HasPrefix(text, "0X")):
		return hexValue(text[2:])
	case strings.EqualFold(text, "x") && p.peek() == '\'':
		s, err := p.quoted()
		if err != nil {
			return value{}, err
		}
		return hexValue(string(s))
	case text == "":
		return value{}, errSyntax("a value is missing")
	}
	return value{data: bare}, nil
}

func hexValue(digits string) (value, error) {
	data := make([]byte, len(digits)/2)
	for i := range data {
		n, err := strconv.ParseUint(digits[2*i:2*i+2], 16, 8)
		if err != nil {
			return value{}, errSyntax("%.10q is not hexadecimal", digits)
		}
		data[i] = byte(n)
	}
	return value{data: data}, nil
}

// quoted reads what is between two quotes, of any of the three kinds.
func (p *dumpParser) quoted() ([]byte, error) {
	quote, err := p.next()
	if err != nil {
		return nil, err
	}
	var out []byte
	for len(out) <= maxValue {
		c, err := p.next()
		if err != nil {
			return nil, err
		}
		switch {
		case c == quote && p.peek() == quote:
			_, _ = p.next() // doubled, it is itself
			out = append(out, quote)
		case c == quote:
			return out, nil
		case c == '\\' && quote != '`':
			if c, err = p.next(); err != nil {
				return nil, err
			}
			out = append(out, unescape(c)...)
		default:
			out = append(out, c)
		}
	}
	return nil, errSyntax("a value is longer than %d bytes", maxValue)
}

// unescape returns what a backslash and c stand for (MySQL 8.0 manual, table 11.1).
func unescape(c byte) []byte {
	switch c {
	case '0':
		return []byte{0}
	case 'b':
		return []byte{'\b'}
	case 'n':
		return []byte{'\n'}
	case 'r':
		return []byte{'\r'}
	case 't':
		return []byte{'\t'}
	case 'Z':
		return []byte{26}
	case '%', '_':
		return []byte{'\\', c}
	}
	return []byte{c}
}
