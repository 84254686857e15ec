package hplog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path"
	"strings"
	"syscall"

	"golang.org/x/sync/errgroup"

	"haggle/internal/chat"
)

// pictureWorkers is how many pictures are decoded side by side.
const pictureWorkers = 4

// Uploader takes pictures in; *media.Service does. In a dry run it only looks at them.
type Uploader interface {
	Upload(ctx context.Context, actor chat.Actor, key chat.Nonce, data []byte) (chat.File, error)
}

// Uploads is the folder in which the old chat has kept its pictures.
type Uploads struct {
	root     *os.Root // nil: there is none
	uploader Uploader
	limit    int64 // bytes of a picture
}

// OpenUploads returns the pictures below dir, which is what the web root's ./upload
// is, or the web root itself. Without dir there are none. The caller closes them.
func OpenUploads(dir string, uploader Uploader, limit int64) (*Uploads, error) {
	u := &Uploads{uploader: uploader, limit: limit}
	if dir == "" {
		return u, nil
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("the old chat's uploads: %w", err)
	}
	u.root = root
	return u, nil
}

// Close lets go of the folder.
func (u *Uploads) Close() error {
	if u.root == nil {
		return nil
	}
	return u.root.Close()
}

// keep takes in the pictures of rows, and puts a block or a notice in place of each.
func (u *Uploads) keep(ctx context.Context, rows []converted) (kept int64, err error) {
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(pictureWorkers)
	counts := make([]int64, len(rows))
	for i := range rows {
		c := &rows[i]
		if !hasPicture(c) {
			continue
		}
		g.Go(func() error {
			for j := range c.pieces {
				if c.pieces[j].picture == "" {
					continue
				}
				ok, err := u.keepOne(ctx, c, j)
				if err != nil {
					return err
				}
				if ok {
					counts[i]++
				}
			}
			return nil
		})
	}
	err = g.Wait()
	for _, n := range counts {
		kept += n
	}
	return kept, err
}

func hasPicture(c *converted) bool {
	for _, p := range c.pieces {
		if p.picture != "" {
			return true
		}
	}
	return false
}

// keepOne takes in the j-th piece of a row. Its own error is one that has nothing to do
// with the picture.
func (u *Uploads) keepOne(ctx context.Context, c *converted, j int) (ok bool, err error) {
	m, name := &c.message, c.pieces[j].picture
	lost := func(reason Reason, code chat.NoticeCode) (bool, error) {
		shown, _, _ := decode([]byte(name))
		if len(shown) > maxShown {
			shown = strings.ToValidUTF8(shown[:maxShown], "") + "…"
		}
		c.note(int64(m.Num), reason, shown)
		c.pieces[j] = piece{block: chat.Block{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: code, Detail: shown}}}
		return false, nil
	}
	data, err := u.read(name)
	if errors.Is(err, fs.ErrNotExist) {
		return lost(ImageMissing, chat.NoticeImageMissing)
	}
	if isOurs(err) {
		return false, fmt.Errorf("picture of row %d: %w", m.Num, err)
	}
	if err != nil {
		return lost(ImageBroken, chat.NoticeImageBroken)
	}
	actor := chat.Actor{UID: [2]chat.UID{m.Buyer, m.Merchant}[m.Sender]}
	// The key is the row's: whoever imports again uploads nothing again. No ParseNonce
	// lets it through, so nobody else can have it.
	f, err := u.uploader.Upload(ctx, actor, chat.Nonce(fmt.Sprintf("hp:%d:%d", m.Num, j)), data)
	switch kind := chat.KindOf(err); {
	case err == nil:
		c.pieces[j] = piece{block: chat.Block{Type: chat.ImageBlock, Image: &chat.Image{File: f.ID, Width: f.Width, Height: f.Height, Preview: f.Preview}}}
		return true, nil
	case kind == chat.Invalid || kind == chat.TooLarge || kind == chat.Conflict:
		return lost(ImageBroken, chat.NoticeImageBroken)
	}
	return false, fmt.Errorf("picture of row %d: %w", m.Num, err)
}

// maxShown is how much of a path a notice shows.
const maxShown = 200

// errTooLarge is for a file that no picture may be as large as.
var errTooLarge = errors.New("too large")

// isOurs reports whether a file may be a good one that cannot be read now: what is
// noted of a picture stands, so the run has to end before it.
func isOurs(err error) bool {
	for _, target := range []error{fs.ErrPermission, syscall.EIO, syscall.ESTALE, syscall.EMFILE, syscall.ENFILE, syscall.ENOMEM} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// read returns a picture by the path that the old chat has written down, like
// ./upload/chat/2019/05/01/x.jpg or http://shop/upload/chat/x.jpg. Nothing outside of
// the folder can be reached.
func (u *Uploads) read(name string) ([]byte, error) {
	if u.root == nil {
		return nil, fs.ErrNotExist
	}
	if parsed, err := url.Parse(name); err == nil {
		name = parsed.Path
	}
	name = strings.TrimPrefix(path.Clean("/"+name), "/")
	_, below, found := strings.Cut(name, "/")
	candidates := []string{name}
	if found {
		candidates = append(candidates, below) // without upload/, which is the folder itself
	}
	for _, candidate := range candidates {
		if !fs.ValidPath(candidate) || candidate == "." {
			continue
		}
		data, err := u.readFile(candidate)
		if !errors.Is(err, fs.ErrNotExist) {
			return data, err
		}
	}
	return nil, fs.ErrNotExist
}

func (u *Uploads) readFile(name string) (_ []byte, err error) {
	f, err := u.root.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fs.ErrNotExist
	case info.Size() > u.limit:
		return nil, errTooLarge
	}
	return io.ReadAll(io.LimitReader(f, u.limit+1))
}
