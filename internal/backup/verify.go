package backup

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"haggle/internal/store/sqlstore"
)

// errNoRoom says that a database cannot be copied to where it was to be for a moment.
var errNoRoom = errors.New("its database goes beside it for a moment, or where TMPDIR says")

// Verify reads all of the backup at from, a directory or a tar, and says what is in it
// or what is wrong with it: every byte is as it was, the database is whole, and it is
// the one that the manifest is about. The database is copied for as long as that takes:
// beside the backup, where there is room for one, else, if nothing can be made there or it
// does not fit, into the system's folder for such things.
func Verify(ctx context.Context, from string) (Manifest, error) {
	m, err := verifyIn(ctx, filepath.Dir(from), from)
	if !errors.Is(err, errNoRoom) {
		return m, err
	}
	m, other := verifyIn(ctx, os.TempDir(), from)
	if errors.Is(other, errNoRoom) {
		return m, fmt.Errorf("verify backup: %w", errors.Join(err, other))
	}
	return m, other
}

// verifyIn copies the database to a folder of its own in dir.
func verifyIn(ctx context.Context, dir, from string) (m Manifest, err error) {
	temp, err := os.MkdirTemp(dir, ".verify-")
	if err != nil {
		return m, fmt.Errorf("%w: %w", errNoRoom, err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(temp)) }()
	unpacked := filepath.Join(temp, databaseName)
	m, err = read(ctx, from, func(name string, data io.Reader) error {
		if name != databaseName {
			_, err := io.Copy(io.Discard, data)
			return err
		}
		_, _, err := writeFile(unpacked, data, sha256.New())
		if errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) {
			return fmt.Errorf("%w: %w", errNoRoom, err)
		}
		return err
	})
	if err != nil {
		return m, err
	}
	return m, checkDatabase(ctx, unpacked, &m)
}

// checkDatabase compares the database at path with what the manifest says.
func checkDatabase(ctx context.Context, path string, m *Manifest) (err error) {
	r, err := sqlstore.OpenReader(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	facts, err := r.Facts(ctx)
	if err != nil {
		return err
	}
	if facts != m.Database {
		return fmt.Errorf("the database holds %+v, the manifest says %+v", facts, m.Database)
	}
	return nil
}

// read hands each entry of a backup to put, and compares all of it with the manifest
// when it has come to its end: what put was given counts for nothing before that.
func read(ctx context.Context, from string, put func(name string, data io.Reader) error) (m Manifest, err error) {
	s, err := openSource(from)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	r := reading{put: put}
	sums := sha256.New()
	for {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		e, err := s.next()
		if errors.Is(err, io.EOF) {
			return m, errNoBackup
		}
		if err != nil {
			return m, err
		}
		if !ordinary(e.name) {
			return m, fmt.Errorf("the backup holds %q, which is no part of one", e.name)
		}
		switch e.name {
		case manifestName:
			return r.finish(e.data, sums.Sum(nil))
		case sumsName:
			h := sha256.New()
			if _, err := io.Copy(h, e.data); err != nil {
				return m, fmt.Errorf("read %s: %w", sumsName, err)
			}
			r.listed = h.Sum(nil)
		default:
			sum, err := r.entry(&e)
			if err != nil {
				return m, err
			}
			_, _ = sums.Write([]byte(sumLine(sum, e.name))) // a hash takes everything
		}
	}
}

// reading is how far a backup has been read.
type reading struct {
	put     func(name string, data io.Reader) error
	entries int64
	bytes   int64
	listed  []byte // hash of the list of hashes; nil before it
}

// entry reads one of those that are listed, and returns its hash.
func (r *reading) entry(e *entry) ([]byte, error) {
	if r.listed != nil {
		return nil, fmt.Errorf("the backup holds %q behind its end", e.name)
	}
	h := sha256.New()
	counted := &counter{r: io.TeeReader(e.data, h)}
	if err := r.put(e.name, counted); err != nil {
		return nil, fmt.Errorf("read %s: %w", e.name, err)
	}
	r.entries++
	r.bytes += counted.n
	sum := h.Sum(nil)
	if e.want != nil && !bytes.Equal(sum, e.want) {
		return nil, fmt.Errorf("%s is not what was backed up: its hash is another", e.name)
	}
	return sum, nil
}

// finish compares what was read with the manifest.
func (r *reading) finish(data io.Reader, sums []byte) (m Manifest, err error) {
	text, err := io.ReadAll(io.LimitReader(data, maxManifest))
	if err != nil {
		return m, fmt.Errorf("read manifest: %w", err)
	}
	if m, err = decodeManifest(text); err != nil {
		return m, err
	}
	switch want, err := hex.DecodeString(m.Sums); {
	case err != nil || !bytes.Equal(want, r.listed):
		return m, fmt.Errorf("%s is not what was backed up: its hash is another", sumsName)
	case !bytes.Equal(want, sums):
		return m, fmt.Errorf("the backup is not what it was: unpack it, and \"sha256sum -c %s\" says where", sumsName)
	case r.entries != m.Entries || r.bytes != m.Bytes:
		return m, fmt.Errorf("the backup holds %d entries of %d bytes, the manifest says %d of %d", r.entries, r.bytes, m.Entries, m.Bytes)
	}
	return m, nil
}

// counter counts what is read through it.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}
