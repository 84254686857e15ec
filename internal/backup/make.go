package backup

import (
	"bufio"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/chat"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
)

// page is how many files are listed at a time.
const page = 1000

// Options say what is backed up, and into what.
type Options struct {
	Version  string
	Database string // the file of the live database
	Files    string // the directory of its pictures; "" when they are elsewhere
	Pictures string // where that is
	Out      string // a directory to make, or a file that ends in .tar
	Link     bool   // link pictures into a directory, where that can be, in place of copying
}

// Make backs a database and its pictures up while a server works with them, and
// returns what it made. The database comes first: pictures never change and are there
// before the database knows of them, so that all it names are found afterwards, but
// for those that are deleted meanwhile, which are counted. Unless it returns nil,
// nothing has the name of the backup.
func Make(ctx context.Context, o *Options) (m Manifest, err error) {
	if err := notThere(o.Out); err != nil {
		return m, err
	}
	temp := o.Out + ".partial-" + strings.ToLower(rand.Text()[:8])
	var to sink
	if strings.HasSuffix(o.Out, ".tar") {
		to, err = newTarSink(o.Out, temp)
	} else {
		to, err = newDirSink(o.Out, temp, o.Link)
	}
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, to.drop()) }()
	k := maker{Options: o, to: to}
	k.m = Manifest{Format: format, Version: o.Version, MadeAt: time.Now().UTC(), Pictures: PicturesInside}
	if o.Files == "" {
		k.m.Pictures = o.Pictures
	}
	if err := k.make(ctx); err != nil {
		return m, err
	}
	return k.m, nil
}

type maker struct {
	*Options

	to   sink
	m    Manifest
	sums *bufio.Writer
}

func (k *maker) make(ctx context.Context) (err error) {
	list, err := os.OpenFile(k.to.scratch(sumsName), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("make backup: %w", err)
	}
	h := sha256.New()
	k.sums = bufio.NewWriter(io.MultiWriter(list, h))
	err = k.entries(ctx)
	if err = errors.Join(err, k.sums.Flush(), list.Close()); err != nil {
		return err
	}
	if _, _, err := k.to.add(sumsName, list.Name()); err != nil {
		return fmt.Errorf("add %s: %w", sumsName, err)
	}
	k.m.Sums = hex.EncodeToString(h.Sum(nil))
	data, err := k.m.encode()
	if err != nil {
		return fmt.Errorf("encode manifest: %w", err)
	}
	if err := k.to.put(manifestName, data); err != nil {
		return fmt.Errorf("add manifest: %w", err)
	}
	if err := k.to.keep(); err != nil {
		return fmt.Errorf("keep backup: %w", err)
	}
	return nil
}

// entries adds the database and then what it names.
func (k *maker) entries(ctx context.Context) (err error) {
	path := k.to.scratch(databaseName)
	if err := sqlstore.CopySQLite(ctx, k.Database, path); err != nil {
		return err
	}
	if err := k.add(databaseName, path); err != nil {
		return err
	}
	snapshot, err := sqlstore.OpenReader(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, snapshot.Close()) }()
	if k.m.Database, err = snapshot.Facts(ctx); err != nil || k.Files == "" {
		return err
	}
	live, err := sqlstore.OpenReader(k.Database, false)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, live.Close()) }()
	var after chat.FileID
	for {
		ids, err := snapshot.FilesAfter(ctx, after, page)
		if err != nil {
			return err
		}
		for _, id := range ids {
			if err := k.picture(ctx, id, live); err != nil {
				return err
			}
		}
		if len(ids) < page {
			return nil
		}
		after = ids[len(ids)-1]
	}
}

// picture adds a file's blobs. One that is not there was deleted since, or is lost.
func (k *maker) picture(ctx context.Context, id chat.FileID, live *sqlstore.Reader) error {
	for _, key := range media.BlobKeys(id) {
		if err := media.CheckKey(ctx, key); err != nil {
			return fmt.Errorf("picture %q: %w", id, err)
		}
		err := k.add(filesName+"/"+key, filepath.Join(k.Files, filepath.FromSlash(key)))
		if err == nil {
			continue
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		known, err := live.HasFile(ctx, id)
		switch {
		case err != nil:
			return err
		case !known:
			k.m.Gone++
		default:
			if k.m.Missing++; len(k.m.MissingFiles) < maxNamed {
				k.m.MissingFiles = append(k.m.MissingFiles, string(id))
			}
		}
		return nil
	}
	return nil
}

func (k *maker) add(name, path string) error {
	sum, size, err := k.to.add(name, path)
	if err != nil {
		return fmt.Errorf("add %s: %w", name, err)
	}
	k.m.Entries++
	k.m.Bytes += size
	_, err = k.sums.WriteString(sumLine(sum, name))
	return err
}
