package media_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"image/png"
	"io"
	"iter"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/media"
)

// memory is a media.Blobs.
type memory struct {
	mu    sync.Mutex // guards what follows
	blobs map[string][]byte
	at    map[string]time.Time
	puts  int
	fail  error // what Put returns
	stuck error // what Delete returns
}

func newMemory() *memory { return &memory{blobs: map[string][]byte{}, at: map[string]time.Time{}} }

func (m *memory) put(key string, data []byte) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.blobs[key], m.at[key] = bytes.Clone(data), time.Now()
}

// stick makes every Delete fail with err, or none.
func (m *memory) stick(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stuck = err
}

func (m *memory) Put(_ context.Context, key string, data []byte) error {
	m.mu.Lock()
	m.puts++
	m.mu.Unlock()
	if m.fail != nil {
		return m.fail
	}
	m.put(key, data)
	return nil
}

func (m *memory) Open(_ context.Context, key string) (io.ReadSeekCloser, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	data, ok := m.blobs[key]
	if !ok {
		return nil, chat.Errorf(chat.NotFound, "no such file")
	}
	return struct {
		io.ReadSeeker
		io.Closer
	}{bytes.NewReader(data), io.NopCloser(nil)}, nil
}

func (m *memory) Delete(_ context.Context, key string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stuck != nil {
		return m.stuck
	}
	delete(m.blobs, key)
	return nil
}

func (m *memory) List(_ context.Context, dir string) iter.Seq2[media.Blob, error] {
	return func(yield func(media.Blob, error) bool) {
		for _, key := range m.keys() {
			if strings.HasPrefix(key, dir+"/") && !yield(media.Blob{Key: key, ModifiedAt: m.at[key]}, nil) {
				return
			}
		}
	}
}

func (m *memory) keys() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []string
	for key := range m.blobs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

// rows is a chat.FileStore.
type rows struct {
	files map[chat.FileID]chat.File
	fail  error             // what AddFile returns
	race  func() *chat.File // what another request has stored by then
	sweep sync.Mutex        // held while the sweep removes a row, and to look at what is left

	recalled []chat.FileID // sweep's
}

// recall does what the recall of a message does to its picture.
func (r *rows) recall(id chat.FileID) {
	r.sweep.Lock()
	defer r.sweep.Unlock()
	delete(r.files, id)
	r.recalled = append(r.recalled, id)
}

func (r *rows) RecalledFiles(_ context.Context, limit int) ([]chat.FileID, error) {
	r.sweep.Lock()
	defer r.sweep.Unlock()
	return slices.Clone(r.recalled[:min(len(r.recalled), limit)]), nil
}

func (r *rows) ForgetRecalledFile(_ context.Context, id chat.FileID) error {
	r.sweep.Lock()
	defer r.sweep.Unlock()
	r.recalled = slices.DeleteFunc(r.recalled, func(f chat.FileID) bool { return f == id })
	return nil
}

// left returns how many rows there are, and whether id has one.
func (r *rows) left(id chat.FileID) (n int, ok bool) {
	r.sweep.Lock()
	defer r.sweep.Unlock()
	_, ok = r.files[id]
	return len(r.files), ok
}

func (r *rows) FileByKey(_ context.Context, uploader chat.UID, key chat.Nonce) (chat.File, error) {
	for _, f := range r.files {
		if f.Uploader == uploader && f.Key == key {
			return f, nil
		}
	}
	return chat.File{}, chat.Errorf(chat.NotFound, "no such file")
}

func (r *rows) AddFile(_ context.Context, f chat.File) (chat.File, bool, error) {
	if r.race != nil {
		return *r.race(), false, nil
	}
	if r.fail == nil {
		r.files[f.ID] = f
	}
	return f, true, r.fail
}

func (r *rows) Files(_ context.Context, ids []chat.FileID) (map[chat.FileID]chat.File, error) {
	found := make(map[chat.FileID]chat.File)
	for _, id := range ids {
		if f, ok := r.files[id]; ok {
			found[id] = f
		}
	}
	return found, nil
}

func (r *rows) UnattachedFiles(_ context.Context, t time.Time, limit int) ([]chat.File, error) {
	var found []chat.File
	for _, f := range r.files {
		if f.Conversation == "" && f.CreatedAt.Before(t) && len(found) < limit {
			found = append(found, f)
		}
	}
	return found, nil
}

func (r *rows) DeleteUnattachedFile(_ context.Context, id chat.FileID) (bool, error) {
	r.sweep.Lock()
	defer r.sweep.Unlock()
	_, ok := r.files[id]
	delete(r.files, id)
	return ok, nil
}

// allowance is a media.Limiter.
type allowance struct {
	left  int
	taken []chat.Action
}

func (a *allowance) Allow(action chat.Action, _ chat.Actor) error {
	if len(a.taken) == a.left {
		return chat.Errorf(chat.RateLimited, "too many requests")
	}
	a.taken = append(a.taken, action)
	return nil
}

type fixture struct {
	*media.Service
	rows  *rows
	blobs *memory
	allow *allowance
}

func service() fixture {
	f := fixture{rows: &rows{files: map[chat.FileID]chat.File{}}, blobs: newMemory(), allow: &allowance{left: 100}}
	limits := chat.DefaultLimits()
	f.Service = media.NewService(f.rows, f.blobs, f.allow, media.NewLine(limits), limits, slog.New(slog.DiscardHandler))
	return f
}

var (
	buyer = chat.Actor{UID: "U_42"}
	agent = chat.Actor{UID: "V_7", Agent: "li"}
)

func picture(t *testing.T, shade byte) []byte {
	t.Helper()
	img := image.NewGray(image.Rect(0, 0, 30, 20))
	for i := range img.Pix {
		img.Pix[i] = shade
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, img); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

func TestUpload(t *testing.T) {
	s := service()
	f, err := s.Upload(t.Context(), agent, "k1", picture(t, 10))
	if err != nil {
		t.Fatal(err)
	}
	if f.ID == "" || f.Uploader != "V_7" || f.Agent != "li" || f.Type != "image/png" || f.Width != 30 || f.Height != 20 ||
		f.Preview == "" || f.Bytes == 0 || f.Conversation != "" || f.CreatedAt.IsZero() {
		t.Errorf("file = %+v", f)
	}
	dir := string(f.ID[:2]) + "/" + string(f.ID)
	if got := s.blobs.keys(); !slices.Equal(got, []string{dir + "/image", dir + "/thumb"}) {
		t.Errorf("blobs = %v, want the picture and its thumbnail", got)
	}
	if _, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10)); err != nil {
		t.Errorf("the same key of somebody else: %v", err)
	}
	if want := []chat.Action{chat.ActionUploadAgent, chat.ActionUploadBuyer}; !slices.Equal(s.allow.taken, want) {
		t.Errorf("counted as %v, want %v", s.allow.taken, want)
	}
}

// A phone that lost the answer asks again and gets the same file, even when its
// allowance is used up; it pays once.
func TestUploadAgain(t *testing.T) {
	s := service()
	s.allow.left = 1
	first, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10))
	if err != nil {
		t.Fatal(err)
	}
	again, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10))
	if err != nil || again.ID != first.ID || s.blobs.puts != 2 {
		t.Errorf("again = %s after %d puts, %v; want %s after 2", again.ID, s.blobs.puts, err, first.ID)
	}
	if _, err := s.Upload(t.Context(), buyer, "k1", picture(t, 99)); chat.AsError(err).Code != "nonce_reused" {
		t.Errorf("another picture under the same key: %v, want nonce_reused", err)
	}
	if _, err := s.Upload(t.Context(), buyer, "k2", picture(t, 99)); chat.KindOf(err) != chat.RateLimited {
		t.Errorf("one too many: %v, want RateLimited", err)
	}
}

// Two requests of one upload cross: both get the same file, and the bytes of the
// later one do not stay.
func TestUploadTwiceAtOnce(t *testing.T) {
	s := service()
	winner := chat.File{ID: chat.NewFileID(), Uploader: buyer.UID, Key: "k1"}
	s.rows.race = func() *chat.File { return &winner }
	f, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10))
	if err != nil || f.ID != winner.ID {
		t.Errorf("file = %s, %v; want the first one's, %s", f.ID, err, winner.ID)
	}
	if keys := s.blobs.keys(); len(keys) != 0 {
		t.Errorf("left behind: %v", keys)
	}
}

// No file without bytes, and no bytes lost of a file that may be there.
func TestUploadFails(t *testing.T) {
	down := errors.New("disk full")
	s := service()
	s.blobs.fail = down
	if _, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10)); !errors.Is(err, down) || len(s.rows.files) != 0 {
		t.Errorf("no room for bytes: %v, %d rows; want the cause and no row", err, len(s.rows.files))
	}
	s = service()
	s.rows.fail = down
	if _, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10)); !errors.Is(err, down) || len(s.blobs.keys()) != 2 {
		t.Errorf("row uncertain: %v, %d blobs; want the cause and both", err, len(s.blobs.keys()))
	}
	s = service()
	if _, err := s.Upload(t.Context(), buyer, "k1", []byte("<svg/>")); chat.AsError(err).Code != "unsupported_image" || s.blobs.puts != 0 {
		t.Errorf("an SVG: %v, want unsupported_image and nothing stored", err)
	}
}

// Uploads that no message carried go after eight days, bytes without a row within
// a day or so; what is in a conversation or under way stays.
func TestSweep(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service()
		attached, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10))
		if err != nil {
			t.Fatal(err)
		}
		attached.Conversation = "c1"
		s.rows.files[attached.ID] = attached
		unattached, err := s.Upload(t.Context(), buyer, "k2", picture(t, 20))
		if err != nil {
			t.Fatal(err)
		}
		for range 250 {
			id := string(chat.NewFileID())
			s.blobs.put(id[:2]+"/"+id+"/image", []byte("orphan"))
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()

		<-time.After(time.Hour)
		synctest.Wait()
		if n := len(s.blobs.keys()); n != 254 {
			t.Errorf("after an hour %d blobs are left, want all 254: they may belong to uploads under way", n)
		}
		<-time.After(30 * time.Hour)
		synctest.Wait()
		if n := len(s.blobs.keys()); n != 4 {
			t.Errorf("after a day %d blobs are left, want the 4 that have a row", n)
		}
		<-time.After(6 * 24 * time.Hour)
		synctest.Wait()
		if _, ok := s.rows.left(unattached.ID); !ok {
			t.Error("an upload was swept although an outbox may still hold its message")
		}
		<-time.After(2 * 24 * time.Hour)
		synctest.Wait()
		dir := string(attached.ID[:2]) + "/" + string(attached.ID)
		rows, _ := s.rows.left(attached.ID)
		if got := s.blobs.keys(); !slices.Equal(got, []string{dir + "/image", dir + "/thumb"}) || rows != 1 {
			t.Errorf("after nine days: %v and %d rows, want the attached file alone", got, rows)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
}

// A picture that its sender took back was there for ever, for whoever had its
// URL. It goes within seconds, also after a disk that would not let it go.
func TestRecalledPictureStays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := service()
		f, err := s.Upload(t.Context(), buyer, "k1", picture(t, 10))
		if err != nil {
			t.Fatal(err)
		}
		kept, err := s.Upload(t.Context(), buyer, "k2", picture(t, 20))
		if err != nil {
			t.Fatal(err)
		}
		s.blobs.stick(errors.New("disk hangs"))
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- s.Run(ctx) }()
		synctest.Wait()

		s.rows.recall(f.ID)
		<-time.After(10 * time.Second)
		synctest.Wait()
		if n := len(s.blobs.keys()); n != 4 {
			t.Fatalf("%d blobs on a disk that lets none go, want 4", n)
		}
		s.blobs.stick(nil)
		<-time.After(10 * time.Second)
		synctest.Wait()
		dir := string(kept.ID[:2]) + "/" + string(kept.ID)
		if got := s.blobs.keys(); !slices.Equal(got, []string{dir + "/image", dir + "/thumb"}) {
			t.Errorf("ten seconds after the recall: %v, want the other picture alone", got)
		}
		if left, err := s.rows.RecalledFiles(ctx, 10); err != nil || len(left) != 0 {
			t.Errorf("%v, %v are still to be deleted, want none", left, err)
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("run ended with %v", err)
		}
	})
}
