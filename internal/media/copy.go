package media

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"golang.org/x/sync/errgroup"

	"haggle/internal/chat"
)

const (
	copyPage = 64 // files between two words about how far it is

	// copyAtOnce is how many files are copied at any one time. One blob of each is in
	// memory, and once more what is read back.
	copyAtOnce = 4

	// copyNamed is how many keys of missing blobs are kept.
	copyNamed = 5
)

// Lister lists what is known of files.
type Lister interface {
	// CountFiles returns how many there are.
	CountFiles(ctx context.Context) (int64, error)

	// FilesAfter returns up to limit files whose IDs come after one, in order.
	FilesAfter(ctx context.Context, after chat.FileID, limit int) ([]chat.File, error)
}

// Copied says how far a copy has come.
type Copied struct {
	Files   int64 // of All
	All     int64
	Blobs   int64    // at the new place, read there and compared
	Bytes   int64    // of Blobs
	Fresh   int64    // of Blobs, those that this copy has put
	Missing int64    // files of which the old place lacks a blob
	Keys    []string // of the first such blobs
}

// Copy copies the blobs of all files from one place to another, and reads each there.
// What is there already is not put again: broken off, it can be run again. What the
// old place does not have is counted, as nobody could be shown it; what is damaged
// there is an error. Nobody may write to either place, or to files, meanwhile.
func Copy(ctx context.Context, files Lister, from, to chat.Blobs, tell func(Copied)) error {
	all, err := files.CountFiles(ctx)
	if err != nil {
		return err
	}
	done := Copied{All: all}
	for after := chat.FileID(""); ; {
		page, err := files.FilesAfter(ctx, after, copyPage)
		if err != nil {
			return err
		}
		if err := done.copyFiles(ctx, page, from, to); err != nil {
			return err
		}
		tell(done)
		if len(page) < copyPage {
			break
		}
		after = page[len(page)-1].ID
	}
	switch {
	case done.Files != all:
		return fmt.Errorf("there were %d files, and now there are %d: nobody may write meanwhile", all, done.Files)
	case done.Missing > 0 && done.Blobs == 0: // of a wrong place, too
		return fmt.Errorf("the old place has none of the %d pictures that the database knows of, like %s", all, done.Keys[0])
	}
	return nil
}

// copyFiles copies a page, a few files at a time.
func (c *Copied) copyFiles(ctx context.Context, page []chat.File, from, to chat.Blobs) error {
	each := make([]Copied, len(page))
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(copyAtOnce)
	for i := range page {
		g.Go(func() error { return each[i].copyFile(ctx, &page[i], from, to) })
	}
	if err := g.Wait(); err != nil {
		return err
	}
	for i := range each {
		c.Files++
		c.Blobs += each[i].Blobs
		c.Bytes += each[i].Bytes
		c.Fresh += each[i].Fresh
		if len(each[i].Keys) > 0 {
			c.Missing++
			c.Keys = append(c.Keys, each[i].Keys...)
			c.Keys = c.Keys[:min(len(c.Keys), copyNamed)]
		}
	}
	return nil
}

func (c *Copied) copyFile(ctx context.Context, f *chat.File, from, to chat.Blobs) error {
	for _, v := range variants() {
		key := blobKey(f.ID, v)
		data, err := readBlob(ctx, from, key)
		if err != nil && chat.KindOf(err) == chat.NotFound {
			c.Keys = append(c.Keys, key)
			continue
		}
		if err == nil {
			err = checkBlob(data, f, v)
		}
		if err != nil {
			return fmt.Errorf("picture %s at the old place: %w", key, err)
		}
		fresh, err := place(ctx, to, key, data)
		if err != nil {
			return fmt.Errorf("picture %s at the new place: %w", key, err)
		}
		c.Blobs++
		c.Bytes += int64(len(data))
		if fresh {
			c.Fresh++
		}
	}
	return nil
}

// checkBlob says whether a blob is what the database says of it.
func checkBlob(data []byte, f *chat.File, v Variant) error {
	typ := StoredType(data)
	switch {
	case typ == "":
		return errNotOurs
	case v == Full && (typ != f.Type || int64(len(data)) != f.Bytes):
		return fmt.Errorf("it is damaged: %d bytes of %s, where the database has %d of %s", len(data), typ, f.Bytes, f.Type)
	}
	return nil
}

// place puts a blob, unless it is there, and looks whether it arrived.
func place(ctx context.Context, to chat.Blobs, key string, data []byte) (fresh bool, err error) {
	there, err := readBlob(ctx, to, key)
	if err == nil && bytes.Equal(there, data) {
		return false, nil
	}
	if err != nil && chat.KindOf(err) != chat.NotFound {
		return false, err
	}
	if err := to.Put(ctx, key, data); err != nil {
		return false, err
	}
	if there, err = readBlob(ctx, to, key); err == nil && !bytes.Equal(there, data) {
		err = errors.New("what comes back is not what was put")
	}
	return true, err
}

func readBlob(ctx context.Context, b chat.Blobs, key string) ([]byte, error) {
	r, err := b.Open(ctx, key)
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(r)
	return data, errors.Join(err, r.Close())
}
