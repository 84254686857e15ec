package app

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"

	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit/s3server"
)

// fakeBucket returns settings of a bucket that gofakes3 keeps in this process's
// memory: a stand-in for S3 that checks neither signatures nor rights.
func fakeBucket(t *testing.T) *config.Blobs {
	t.Helper()
	s3, err := s3server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(s3)
	t.Cleanup(s.Close)
	return &config.Blobs{
		Blobs:  "s3://shop/chat?style=path&endpoint=" + url.QueryEscape(s.URL),
		S3Keys: config.S3Keys{S3AccessKey: "AK", S3SecretKey: config.Secrets{"hush"}},
	}
}

func openStoreIn(t *testing.T, dir string) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.OpenSQLite(t.Context(), dir+"/"+DatabaseFile)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// Two databases with one bucket: the sweep of each would have taken the other's
// pictures away.
func TestTwoDatabasesInOneBucket(t *testing.T) {
	cfg := fakeBucket(t)
	one, other := openStoreIn(t, t.TempDir()), openStoreIn(t, t.TempDir())
	blobs, err := openBlobs(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 { // the second is another server with the same database
		if err := claimBlobs(t.Context(), one, blobs.bucket); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := one.NewEpoch(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := claimBlobs(t.Context(), one, blobs.bucket); err != nil {
		t.Errorf("after a restore: %v", err)
	}
	if err := claimBlobs(t.Context(), other, blobs.bucket); err == nil || !strings.Contains(err.Error(), "belong to another database") {
		t.Errorf("another database: %v", err)
	}
}

// slow is a bucket that another server looks at, too, before this one has left its mark.
type slow struct {
	claimable

	meanwhile func()
}

func (s *slow) Open(ctx context.Context, key string) (io.ReadSeekCloser, error) {
	r, err := s.claimable.Open(ctx, key)
	if s.meanwhile != nil {
		do := s.meanwhile
		s.meanwhile = nil
		do()
	}
	return r, err
}

// Two databases that began at once with one bucket each put their mark there, and neither
// looked whose it was in the end.
func TestTwoDatabasesBeginAtOnce(t *testing.T) {
	cfg := fakeBucket(t)
	one, other := openStoreIn(t, t.TempDir()), openStoreIn(t, t.TempDir())
	blobs, err := openBlobs(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	bucket := &slow{claimable: blobs.bucket, meanwhile: func() {
		if err := claimBlobs(t.Context(), one, blobs.bucket); err != nil {
			t.Error(err)
		}
	}}
	if err := claimBlobs(t.Context(), other, bucket); err == nil || !strings.Contains(err.Error(), "belong to another database") {
		t.Errorf("the slower one: %v", err)
	}
	if err := claimBlobs(t.Context(), one, blobs.bucket); err != nil {
		t.Errorf("the faster one, once more: %v", err)
	}
}

// crossing is a bucket in which another's mark is being put for so many tries.
type crossing struct {
	claimable

	tries int
	other string // the other's mark, which is there then, if it comes
	mark  string
}

func (c *crossing) Open(context.Context, string) (io.ReadSeekCloser, error) {
	if c.mark == "" {
		return nil, chat.Errorf(chat.NotFound, "no such file")
	}
	return readCloser{strings.NewReader(c.mark)}, nil
}

type readCloser struct{ io.ReadSeeker }

func (readCloser) Close() error { return nil }

func (c *crossing) PutNew(_ context.Context, _ string, data []byte) error {
	c.tries--
	switch {
	case c.tries >= 0:
		return chat.Errorf(chat.Conflict, "there is such a file already")
	case c.other != "":
		c.mark = c.other
		return chat.Errorf(chat.Conflict, "there is such a file already")
	}
	c.mark = string(data)
	return nil
}

// ownStore is of a database whose mark is "own".
type ownStore struct{ chat.AccessStore }

func (ownStore) Secret(context.Context, string, []byte) ([]byte, error) { return []byte("own"), nil }

// Servers that began at once were told that the pictures belong to another database, though
// nobody's mark was there yet.
func TestMarkThatIsNotThereYet(t *testing.T) {
	for name, tc := range map[string]struct {
		tries int
		other string
		want  string
	}{
		"the same database's":     {3, "own", ""},
		"another's":               {3, "others", "belong to another database"},
		"one that does not come":  {3, "", ""},
		"one that is never there": {1 << 20, "", "could not mark the bucket"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				err := claimBlobs(t.Context(), ownStore{}, &crossing{tries: tc.tries, other: tc.other})
				if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
					t.Errorf("%v, want %q", err, tc.want)
				}
			})
		})
	}
}

const (
	pictured = chat.FileID("abcdefghijklmnopqrstuvwxyz")
	pixel    = "GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;"
)

// pictures returns a handler whose bucket has one, the signer of its addresses and
// the origin of the bucket.
func pictures(t *testing.T, redirect bool) (http.Handler, *media.Signer, string) {
	t.Helper()
	cfg := fakeBucket(t)
	cfg.BlobsRedirect = redirect
	blobs, err := openBlobs(t.Context(), cfg, t.TempDir(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := blobs.Put(t.Context(), "ab/"+string(pictured)+"/image", []byte(pixel)); err != nil {
		t.Fatal(err)
	}
	signer, err := media.NewSigner(make([]byte, 32), chat.DefaultLimits().FileURLTTL)
	if err != nil {
		t.Fatal(err)
	}
	fail := func(w http.ResponseWriter, _ *http.Request, status int, _ *chat.Error) { w.WriteHeader(status) }
	return media.NewHandler(signer, blobs, blobs.links, false, fail), signer, blobs.origin
}

func checkHeaders(t *testing.T, res *httptest.ResponseRecorder) {
	t.Helper()
	for name, want := range map[string]string{
		"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "default-src 'none'; sandbox", "Cross-Origin-Resource-Policy": "same-origin",
	} {
		if got := res.Header().Get(name); got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Pictures from a bucket look to browsers like those from the disk.
func TestPicturesFromBucket(t *testing.T) {
	h, signer, _ := pictures(t, false)
	address, _ := signer.URL(pictured, media.Full)
	res := ask(t, h, address)
	checkHeaders(t, res)
	if res.Code != http.StatusOK || res.Body.String() != pixel || res.Header().Get("Content-Type") != "image/gif" {
		t.Errorf("passed through: %d, %d bytes of %s", res.Code, res.Body.Len(), res.Header().Get("Content-Type"))
	}
	if res := ask(t, h, address, "Range", "bytes=1-3"); res.Code != http.StatusPartialContent || res.Body.String() != pixel[1:4] {
		t.Errorf("a part: %d %q", res.Code, res.Body)
	}
}

// With --blobs-redirect they come from the bucket, to those who may see them.
func TestSentOnToBucket(t *testing.T) {
	h, signer, origin := pictures(t, true)
	address, _ := signer.URL(pictured, media.Full)
	res := ask(t, h, address)
	checkHeaders(t, res)
	if got := res.Header().Get("Cache-Control"); res.Code != http.StatusFound || got != "private, max-age=240" {
		t.Errorf("sent on: %d, cached %q; want 302, for less than the address is good", res.Code, got)
	}
	checkSentOn(t, res.Header().Get("Location"), origin, pixel)
	if missing, _ := signer.URL("zyxwvutsrqponmlkjihgfedcba", media.Full); ask(t, h, missing).Code != http.StatusNotFound {
		t.Error("somebody is sent on to a picture that is not there")
	}
	if res := ask(t, h, "/files/"+string(pictured)+"/image"); res.Code != http.StatusNotFound {
		t.Errorf("without a signature: %d", res.Code)
	}
}

// checkSentOn goes where a browser is sent, which its page's policy has to allow.
func checkSentOn(t *testing.T, location, origin, want string) {
	t.Helper()
	if !strings.HasPrefix(location, origin+"/") {
		t.Errorf("sent to %s, which is not at %s", location, origin)
	}
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, location, http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	got, err := (&http.Client{}).Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer got.Body.Close() //nolint:errcheck // it was only read
	body, err := io.ReadAll(got.Body)
	if err != nil || got.StatusCode != http.StatusOK || string(body) != want {
		t.Errorf("there: %d, %d bytes, %v", got.StatusCode, len(body), err)
	}
}

// Browsers draw a picture only if the page's policy names where they are sent.
func TestPagesAllowTheBucket(t *testing.T) {
	for _, origin := range []string{"", "https://shop.s3.example.com"} {
		p := &pages{pictures: origin}
		w := httptest.NewRecorder()
		p.header(w, nil)
		var images []string
		for directive := range strings.SplitSeq(w.Header().Get("Content-Security-Policy"), "; ") {
			if sources, ok := strings.CutPrefix(directive, "img-src "); ok {
				images = strings.Fields(sources)
			}
		}
		if origin == "" && len(images) != 5 || origin != "" && images[len(images)-1] != origin {
			t.Errorf("with pictures at %q img-src is %v", origin, images)
		}
	}
}
