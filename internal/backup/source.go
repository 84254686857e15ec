package backup

import (
	"archive/tar"
	"bufio"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// entry is a part of a backup as it is read.
type entry struct {
	name string
	data io.Reader
	want []byte // its hash, where that is known before it is read; else nil
}

// source gives a backup's entries in the order in which they were written.
type source interface {
	// next returns the next entry, io.EOF after the last. Its data is good until the
	// next call.
	next() (entry, error)

	Close() error
}

// errNoBackup says what a thing without a manifest is not.
var errNoBackup = errors.New("this is no backup: it has no " + manifestName + ", which is written when all the rest is there")

func openSource(from string) (source, error) {
	info, err := os.Stat(from)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	if !info.IsDir() {
		f, err := os.Open(from) //nolint:gosec // the operator's own path
		if err != nil {
			return nil, fmt.Errorf("open backup: %w", err)
		}
		return &tarSource{f, tar.NewReader(bufio.NewReaderSize(f, 1<<20))}, nil
	}
	root, err := os.OpenRoot(from)
	if err != nil {
		return nil, fmt.Errorf("open backup: %w", err)
	}
	if _, err := root.Stat(manifestName); err != nil {
		return nil, errors.Join(errNoBackup, root.Close())
	}
	list, err := root.Open(sumsName)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open backup: %w", err), root.Close())
	}
	return &dirSource{root: root, list: list, lines: bufio.NewScanner(list), rest: []string{sumsName, manifestName}}, nil
}

type tarSource struct {
	file *os.File
	tar  *tar.Reader
}

func (t *tarSource) next() (entry, error) {
	h, err := t.tar.Next()
	if errors.Is(err, io.EOF) {
		return entry{}, io.EOF
	}
	if err != nil {
		return entry{}, fmt.Errorf("read backup: %w", err)
	}
	// Another tar, made of a backup's directory, has entries for directories too.
	if h.Typeflag == tar.TypeDir {
		return t.next()
	}
	if h.Typeflag != tar.TypeReg {
		return entry{}, fmt.Errorf("the backup holds %q, which is no file", h.Name)
	}
	return entry{name: strings.TrimPrefix(h.Name, "./"), data: t.tar}, nil
}

// Close implements source.
func (t *tarSource) Close() error { return t.file.Close() }

// dirSource goes by the list of hashes: what else is in the directory is no part of
// the backup.
type dirSource struct {
	root  *os.Root
	list  *os.File
	lines *bufio.Scanner
	rest  []string
	open  *os.File
}

func (d *dirSource) next() (entry, error) {
	if err := d.done(); err != nil {
		return entry{}, err
	}
	var e entry
	switch {
	case d.lines.Scan():
		sum, name, ok := strings.Cut(d.lines.Text(), "  ")
		want, err := hex.DecodeString(sum)
		if !ok || err != nil {
			return entry{}, fmt.Errorf("%s holds a line that is none", sumsName)
		}
		e.name, e.want = name, want
	case d.lines.Err() != nil:
		return entry{}, fmt.Errorf("read %s: %w", sumsName, d.lines.Err())
	case len(d.rest) > 0:
		e.name, d.rest = d.rest[0], d.rest[1:]
	default:
		return entry{}, io.EOF
	}
	if !ordinary(e.name) {
		return entry{}, fmt.Errorf("the backup lists %q, which is no part of one", e.name)
	}
	f, err := d.root.Open(filepath.FromSlash(e.name))
	if errors.Is(err, fs.ErrNotExist) {
		return entry{}, fmt.Errorf("%s is missing from the backup", e.name)
	}
	if err != nil {
		return entry{}, fmt.Errorf("read backup: %w", err)
	}
	d.open, e.data = f, f
	return e, nil
}

func (d *dirSource) done() error {
	if d.open == nil {
		return nil
	}
	f := d.open
	d.open = nil
	return f.Close()
}

// Close implements source.
func (d *dirSource) Close() error { return errors.Join(d.done(), d.list.Close(), d.root.Close()) }
