package media_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/media"
)

// listed is a media.Lister, in order.
type listed []chat.File

func (l listed) CountFiles(context.Context) (int64, error) { return int64(len(l)), nil }

func (l listed) FilesAfter(_ context.Context, after chat.FileID, limit int) ([]chat.File, error) {
	for len(l) > 0 && l[0].ID <= after {
		l = l[1:]
	}
	return l[:min(len(l), limit)], nil
}

// shelf returns files, and their blobs at a place.
func shelf(n int) (listed, *memory) {
	var files listed
	at := newMemory()
	for i := range n {
		f := chat.File{ID: chat.FileID(fmt.Sprintf("ab%03d", i)), Type: "image/gif"}
		for _, key := range media.BlobKeys(f.ID) {
			data := []byte("GIF89a" + key)
			f.Bytes = int64(len(data)) // those of a thumbnail are as many
			at.put(key, data)
		}
		files = append(files, f)
	}
	return files, at
}

// copied copies and returns what was told last.
func copied(t *testing.T, files media.Lister, from, to chat.Blobs) (last media.Copied, err error) {
	t.Helper()
	err = media.Copy(t.Context(), files, from, to, func(c media.Copied) { last = c })
	return last, err
}

// Wherever a copy is broken off, the next one puts the rest, and nothing twice.
func TestCopy(t *testing.T) {
	const n = 150
	files, from := shelf(n)
	to, gone := newMemory(), errors.New("the bucket is gone")
	if err := media.Copy(t.Context(), files, from, to, func(media.Copied) { to.fail = gone }); !errors.Is(err, gone) {
		t.Fatalf("broken off: %v", err)
	}
	first := len(to.blobs)
	if first == 0 || first >= 2*n {
		t.Fatalf("%d puts before it was broken off", first)
	}
	to.fail, to.puts = nil, first
	for _, fresh := range []int64{int64(2*n - first), 0} {
		done, err := copied(t, files, from, to)
		if err != nil || done.Files != n || done.All != n || done.Blobs != 2*n || done.Fresh != fresh || done.Missing != 0 {
			t.Errorf("%+v, %v; want all %d, %d of them fresh", done, err, n, fresh)
		}
	}
	if to.puts != 2*n {
		t.Errorf("%d puts of %d blobs", to.puts, 2*n)
	}
	for key, want := range from.blobs {
		if !bytes.Equal(to.blobs[key], want) {
			t.Errorf("%s is %q, want %q", key, to.blobs[key], want)
		}
	}
}

// What is at the new place and is not the picture does not stay there.
func TestCopyOverOther(t *testing.T) {
	files, from := shelf(1)
	to := newMemory()
	key := media.BlobKeys(files[0].ID)[0]
	to.put(key, []byte("GIF89a half of"))
	if done, err := copied(t, files, from, to); err != nil || done.Fresh != 2 || !bytes.Equal(to.blobs[key], from.blobs[key]) {
		t.Errorf("%+v, %v: %q is there", done, err, to.blobs[key])
	}
}

// A damaged picture is named, so that somebody can look for a whole one.
func TestCopyDamaged(t *testing.T) {
	for name, tc := range map[string]struct {
		blob int
		data string
	}{
		"cut off":        {0, "GIF89a"},
		"another type":   {0, "\x89PNG\r\n\x1a\nb001/imag"},
		"no picture":     {0, "0123456789abcdefgh"},
		"a thumb's, too": {1, "0123456789abcdefgh"},
	} {
		files, from := shelf(3)
		key := media.BlobKeys(files[1].ID)[tc.blob]
		from.put(key, []byte(tc.data))
		if _, err := copied(t, files, from, newMemory()); err == nil || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v, want an error that names %s", name, err, key)
		}
	}
}

// What was lost before keeps nobody from moving, unless all was: then it is the wrong
// place.
func TestCopyMissing(t *testing.T) {
	files, from := shelf(9)
	lost := media.BlobKeys(files[4].ID)
	delete(from.blobs, lost[1])
	for _, f := range files[6:] {
		for _, key := range media.BlobKeys(f.ID) {
			delete(from.blobs, key)
		}
	}
	done, err := copied(t, files, from, newMemory())
	if err != nil || done.Missing != 4 || done.Blobs != 11 || len(done.Keys) != 5 || done.Keys[0] != lost[1] {
		t.Errorf("%+v, %v; want 4 pictures missing, the first %s", done, err, lost[1])
	}
	if _, err := copied(t, files, newMemory(), newMemory()); err == nil || !strings.Contains(err.Error(), "none of the 9") {
		t.Errorf("from a wrong place: %v", err)
	}
}

// forgetful says that it keeps what it does not.
type forgetful struct{ *memory }

func (f forgetful) Put(ctx context.Context, key string, data []byte) error {
	return f.memory.Put(ctx, key, data[:len(data)-1])
}

// A place is believed when it gives back what was put there.
func TestCopyReadsBack(t *testing.T) {
	files, from := shelf(1)
	if _, err := copied(t, files, from, forgetful{newMemory()}); err == nil || !strings.Contains(err.Error(), "what comes back") {
		t.Errorf("%v, want it to be found out", err)
	}
}
