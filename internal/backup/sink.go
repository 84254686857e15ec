package backup

import (
	"archive/tar"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// sink takes what a backup is made of. Nothing has the backup's name before keep.
type sink interface {
	// scratch is where a file can be made that add then takes.
	scratch(name string) string

	// add takes the file at path as an entry, and returns its hash and size. A file
	// that is not there is fs.ErrNotExist.
	add(name, path string) (sum []byte, size int64, err error)

	// put takes an entry that is not in a file.
	put(name string, data []byte) error

	// keep gives the backup its name, when all of it is on the disk.
	keep() error

	// drop removes what there is, unless it was kept.
	drop() error
}

// dirSink makes a directory.
type dirSink struct {
	out, temp string
	link      bool // rather than copy, where that can be
	made      map[string]bool
}

func newDirSink(out, temp string, link bool) (*dirSink, error) {
	if err := os.Mkdir(temp, 0o700); err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	return &dirSink{out: out, temp: temp, link: link, made: make(map[string]bool)}, nil
}

func (d *dirSink) scratch(name string) string { return filepath.Join(d.temp, name) }

func (d *dirSink) add(name, path string) (sum []byte, size int64, err error) {
	to := filepath.Join(d.temp, filepath.FromSlash(name))
	if to == path { // it was made in its place
		return hashFile(path)
	}
	// Shards are few, so the map is small; a picture's own directory is made once.
	if dir := filepath.Dir(to); !d.made[filepath.Dir(dir)] {
		if err := os.MkdirAll(filepath.Dir(dir), 0o700); err != nil {
			return nil, 0, err
		}
		d.made[filepath.Dir(dir)] = true
	}
	if err := os.Mkdir(filepath.Dir(to), 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, 0, err
	}
	if d.link {
		err := os.Link(path, to)
		if err == nil || errors.Is(err, fs.ErrNotExist) {
			if err != nil {
				return nil, 0, err
			}
			return hashFile(to)
		}
		d.link = false // another file system, or one without links: it stays so
	}
	return copyFile(path, to)
}

func (d *dirSink) put(name string, data []byte) error {
	_, _, err := writeFile(filepath.Join(d.temp, name), bytes.NewReader(data), sha256.New())
	return err
}

func (d *dirSink) keep() error {
	if err := errors.Join(syncTree(d.temp), notThere(d.out)); err != nil {
		return err
	}
	if err := os.Rename(d.temp, d.out); err != nil {
		return err
	}
	return syncDir(filepath.Dir(d.out))
}

func (d *dirSink) drop() error { return os.RemoveAll(d.temp) }

// tarSink makes one file.
type tarSink struct {
	out, temp string
	file      *os.File
	tar       *tar.Writer
}

func newTarSink(out, temp string) (*tarSink, error) {
	f, err := os.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, fmt.Errorf("make backup: %w", err)
	}
	return &tarSink{out: out, temp: temp, file: f, tar: tar.NewWriter(f)}, nil
}

func (t *tarSink) scratch(name string) string { return t.temp + "." + name }

func (t *tarSink) add(name, path string) (sum []byte, size int64, err error) {
	f, err := os.Open(path) //nolint:gosec // in the data directory
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	if err != nil {
		return nil, 0, err
	}
	if err := t.header(name, info.Size()); err != nil {
		return nil, 0, err
	}
	h := sha256.New()
	size, err = io.Copy(io.MultiWriter(t.tar, h), f)
	return h.Sum(nil), size, err
}

func (t *tarSink) header(name string, size int64) error {
	return t.tar.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: size, Mode: 0o600, ModTime: time.Now()})
}

func (t *tarSink) put(name string, data []byte) error {
	if err := t.header(name, int64(len(data))); err != nil {
		return err
	}
	_, err := t.tar.Write(data)
	return err
}

func (t *tarSink) keep() error {
	err := errors.Join(t.tar.Close(), t.file.Sync(), t.file.Close(), notThere(t.out))
	if err != nil {
		return err
	}
	if err := os.Rename(t.temp, t.out); err != nil {
		return err
	}
	return syncDir(filepath.Dir(t.out))
}

func (t *tarSink) drop() error {
	err := t.file.Close()
	if errors.Is(err, fs.ErrClosed) {
		err = nil
	}
	for _, path := range []string{t.temp, t.scratch(databaseName), t.scratch(sumsName)} {
		if gone := os.Remove(path); !errors.Is(gone, fs.ErrNotExist) {
			err = errors.Join(err, gone)
		}
	}
	return err
}

// notThere refuses to put anything in another's place.
func notThere(path string) error {
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(fmt.Errorf("%s is there already", path), err)
	}
	return nil
}

// hashFile also puts the file on the disk: it was written by others.
func hashFile(path string) (sum []byte, size int64, err error) {
	f, err := os.Open(path) //nolint:gosec // in the backup
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	h := sha256.New()
	size, err = io.Copy(h, f)
	return h.Sum(nil), size, errors.Join(err, f.Sync())
}

func copyFile(from, to string) (sum []byte, size int64, err error) {
	f, err := os.Open(from) //nolint:gosec // in the data directory
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	return writeFile(to, f, sha256.New())
}

// writeFile makes the file at path of what r gives, which it hashes. It is on the disk
// then, if its name may not be.
func writeFile(path string, r io.Reader, h hash.Hash) (sum []byte, size int64, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator's own path
	if err != nil {
		return nil, 0, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	size, err = io.Copy(io.MultiWriter(f, h), r)
	return h.Sum(nil), size, errors.Join(err, f.Sync())
}

// syncTree puts the names below dir on the disk.
func syncTree(dir string) error {
	return filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || !e.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(dir string) error {
	f, err := os.Open(dir) //nolint:gosec // the operator's own path
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
