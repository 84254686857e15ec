package media

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path"
	"strings"
	"time"

	"haggle/internal/chat"
)

// Blobs is what the package needs of a blob store: chat's port and a way to find
// what nobody knows of any more. Package blobtest holds the test that every
// implementation passes.
type Blobs interface {
	chat.Blobs

	// List returns the blobs whose key begins with dir and a slash, in no
	// particular order. One that is added or removed meanwhile may be missed.
	List(ctx context.Context, dir string) iter.Seq2[Blob, error]
}

// Linker makes addresses at which a store of blobs gives a picture out by itself.
type Linker interface {
	// Link returns an address that is good for a short while, whatever becomes of the
	// asker, and under which the picture has the type it was stored with and no other.
	// A missing one is NotFound, what is no picture of ours an error.
	Link(ctx context.Context, key string, good time.Duration) (string, error)
}

// Blob is what a listing says of a blob.
type Blob struct {
	Key        string
	ModifiedAt time.Time
}

// tempDir holds what is being written. No key leads into it.
const tempDir = ".tmp"

// tempFor is how long a file in tempDir may be somebody's unfinished work.
const tempFor = time.Hour

// Disk keeps blobs as files below one directory. A blob is there whole or not at
// all, and once Put has returned it survives a power cut. Only the process's own
// user can read it.
type Disk struct {
	root *os.Root // nothing outside is reachable, not even by a symbolic link
}

// OpenDisk returns the blobs in dir, which it creates unless it is there. The
// caller closes it.
func OpenDisk(dir string) (*Disk, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("create blob directory: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open blob directory: %w", err)
	}
	d := &Disk{root: root}
	if err := d.clearTemp(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

// Close ends the use of the directory.
func (d *Disk) Close() error { return d.root.Close() }

// clearTemp removes what a crash left half written. Another process may share the
// directory, so what is young stays.
func (d *Disk) clearTemp() error {
	if err := d.root.MkdirAll(tempDir, 0o700); err != nil {
		return fmt.Errorf("create temporary directory: %w", err)
	}
	entries, err := fs.ReadDir(d.root.FS(), tempDir)
	if err != nil {
		return fmt.Errorf("read temporary directory: %w", err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || time.Since(info.ModTime()) < tempFor {
			continue
		}
		if err := d.root.Remove(path.Join(tempDir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("remove unfinished blob: %w", err)
		}
	}
	return nil
}

// Put implements chat.Blobs.
func (d *Disk) Put(ctx context.Context, key string, data []byte) error {
	if err := CheckKey(ctx, key); err != nil {
		return err
	}
	temp := path.Join(tempDir, rand.Text())
	err := d.writeSynced(temp, data)
	if err == nil {
		err = d.move(temp, key)
	}
	if err != nil {
		_ = d.root.Remove(temp) // clearTemp gets what stays
		return fmt.Errorf("put blob: %w", err)
	}
	return d.syncDirs(path.Dir(key))
}

// writeSynced creates the file name with data, on the disk when it returns.
func (d *Disk) writeSynced(name string, data []byte) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// move puts the file at its key. A Delete of the directory's last blob takes the
// directory along, perhaps between the two steps here.
func (d *Disk) move(temp, key string) error {
	var err error
	for range 3 {
		if err = d.root.MkdirAll(path.Dir(key), 0o700); err != nil {
			return err
		}
		if err = d.root.Rename(temp, key); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return err
}

// syncDirs makes the names in dir, and the name of dir itself, survive a crash.
func (d *Disk) syncDirs(dir string) error {
	for ; ; dir = path.Dir(dir) {
		f, err := d.root.Open(dir)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil {
			return fmt.Errorf("sync blob directory: %w", err)
		}
		if dir == "." {
			return nil
		}
	}
}

// Open implements chat.Blobs.
func (d *Disk) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	if err := CheckKey(ctx, key); err != nil {
		return nil, err
	}
	f, err := d.root.Open(key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, chat.Errorf(chat.NotFound, "no such file")
	}
	if err != nil {
		return nil, fmt.Errorf("open blob: %w", err)
	}
	return f, nil
}

// Delete implements chat.Blobs.
func (d *Disk) Delete(ctx context.Context, key string) error {
	if err := CheckKey(ctx, key); err != nil {
		return err
	}
	if err := d.root.Remove(key); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("delete blob: %w", err)
	}
	if dir := path.Dir(key); strings.Contains(dir, "/") {
		_ = d.root.Remove(dir) // refused while others are in it
	}
	return nil
}

// List implements Blobs.
func (d *Disk) List(ctx context.Context, dir string) iter.Seq2[Blob, error] {
	return func(yield func(Blob, error) bool) {
		if err := CheckKey(ctx, dir); err != nil {
			yield(Blob{}, err)
			return
		}
		err := fs.WalkDir(d.root.FS(), dir, func(key string, e fs.DirEntry, err error) error {
			if err == nil && ctx.Err() != nil {
				err = ctx.Err()
			}
			var info fs.FileInfo
			if err == nil && e.Type().IsRegular() {
				info, err = e.Info()
			}
			switch {
			case errors.Is(err, fs.ErrNotExist): // gone since its directory was read
				return nil
			case err != nil:
				return err
			case info != nil && !yield(Blob{Key: key, ModifiedAt: info.ModTime()}, nil):
				return fs.SkipAll
			}
			return nil
		})
		if err != nil {
			yield(Blob{}, fmt.Errorf("list blobs: %w", err))
		}
	}
}

// maxKey is the longest key in bytes; none of ours comes near.
const maxKey = 200

// CheckKey refuses keys that are not 1 to 200 of A-Za-z0-9._- in parts between
// slashes, none of them empty or beginning with a dot, and says when ctx has ended.
// Every Blobs does so first.
func CheckKey(ctx context.Context, key string) error {
	if len(key) > maxKey {
		return chat.Errorf(chat.Invalid, "invalid blob key")
	}
	for part := range strings.SplitSeq(key, "/") {
		if part == "" || part[0] == '.' || strings.ContainsFunc(part, notKeyRune) {
			return chat.Errorf(chat.Invalid, "invalid blob key")
		}
	}
	return ctx.Err()
}

func notKeyRune(r rune) bool {
	switch {
	case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9', r == '.', r == '_', r == '-':
		return false
	}
	return true
}
