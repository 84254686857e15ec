package s3blobs_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/media"
	"haggle/internal/media/blobtest"
	"haggle/internal/media/s3blobs"
	"haggle/internal/testkit/s3server"
)

const (
	accessKey = "AKIAHAGGLETEST"
	secretKey = "the-secret-that-nobody-sees"
)

// fake is a stand-in for S3 that counts, and answers otherwise where a test wants it.
type fake struct {
	*httptest.Server

	requests atomic.Int64
	hash     atomic.Pointer[string]           // that the last Put came with
	refuse   atomic.Pointer[http.HandlerFunc] // answers in its place
}

func newFake(t *testing.T) *fake {
	t.Helper()
	f := &fake{}
	s3, err := s3server.Handler()
	if err != nil {
		t.Fatal(err)
	}
	f.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		f.requests.Add(1)
		if hash := r.Header.Get("X-Amz-Content-Sha256"); r.Method == http.MethodPut {
			f.hash.Store(&hash)
		}
		if refuse := f.refuse.Load(); refuse != nil {
			(*refuse)(w, r)
			return
		}
		s3.ServeHTTP(w, r)
	}))
	t.Cleanup(f.Close)
	return f
}

func (f *fake) answer(t *testing.T, h http.HandlerFunc) {
	t.Helper()
	f.refuse.Store(&h)
}

func open(t *testing.T, f *fake, prefix string, log io.Writer) *s3blobs.S3 {
	t.Helper()
	u, err := url.Parse(f.URL)
	if err != nil {
		t.Fatal(err)
	}
	s, err := s3blobs.New(&s3blobs.Config{
		Endpoint: u, Region: "us-east-1", Bucket: "shop", Prefix: prefix, Style: s3blobs.PathStyle, AccessKey: accessKey, SecretKey: secretKey,
	}, slog.New(slog.NewTextHandler(log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestS3(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) media.Blobs { return open(t, newFake(t), "pictures/of the shop", io.Discard) })
}

// A service that is told the hash of a blob refuses one that was changed on its way.
func TestPutSaysItsHash(t *testing.T) {
	f := newFake(t)
	if err := open(t, f, "", io.Discard).Put(t.Context(), "ab/abc/image", []byte("picture")); err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte("picture"))
	if got := *f.hash.Load(); got != hex.EncodeToString(sum[:]) {
		t.Errorf("the hash of the upload is said to be %q", got)
	}
}

// Of two who put a blob that was not there, one comes second and is told.
func TestPutNew(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	if err := s.PutNew(t.Context(), "ab/abc/image", []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := s.PutNew(t.Context(), "ab/abc/image", []byte("second")); chat.KindOf(err) != chat.Conflict || err == nil {
		t.Errorf("the second one: %v", err)
	}
	if got := read(t, s, "ab/abc/image"); string(got) != "first" {
		t.Errorf("%q is there", got)
	}
	f.answer(t, s3Error(409, "ConditionalRequestConflict"))
	if err := s.PutNew(t.Context(), "ab/abc/image", []byte("third")); chat.KindOf(err) != chat.Conflict || err == nil {
		t.Errorf("while another is being put: %v", err)
	}
	f.answer(t, s3Error(403, "AccessDenied"))
	if err := s.PutNew(t.Context(), "ab/abc/image", []byte("third")); chat.KindOf(err) != chat.Unavailable || err == nil {
		t.Errorf("without the right to: %v", err)
	}
}

// Aliyun OSS takes no condition, as others did for long: the mark is left without one.
func TestPutNewWithoutConditions(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	put := false
	f.answer(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("If-None-Match") != "" {
			s3Error(501, "NotImplemented")(w, r)
			return
		}
		put = true
	})
	if err := s.PutNew(t.Context(), "ab/abc/image", []byte("first")); err != nil || !put {
		t.Errorf("it is put: %v; %v", put, err)
	}
}

// Pages have to name the origin that pictures come from before there is any.
func TestOrigin(t *testing.T) {
	for _, tc := range []struct {
		endpoint, bucket string
		style            s3blobs.Style
		want             string
	}{
		{"https://s3.eu-west-1.amazonaws.com", "shop", s3blobs.AnyStyle, "https://shop.s3.dualstack.eu-west-1.amazonaws.com"},
		{"https://s3.eu-west-1.amazonaws.com", "a.shop", s3blobs.AnyStyle, "https://s3.dualstack.eu-west-1.amazonaws.com"},
		{"https://minio.internal:9000", "shop", s3blobs.AnyStyle, "https://minio.internal:9000"},
		{"https://cos.example.com", "shop", s3blobs.HostStyle, "https://shop.cos.example.com"},
		{"https://oss-cn-hangzhou.aliyuncs.com", "shop", s3blobs.AnyStyle, "https://shop.oss-cn-hangzhou.aliyuncs.com"},
	} {
		u, err := url.Parse(tc.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		s, err := s3blobs.New(&s3blobs.Config{Endpoint: u, Region: "eu-west-1", Bucket: tc.bucket, Style: tc.style}, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := s.Origin(t.Context()); got != tc.want || err != nil {
			t.Errorf("%s of %s: %q, %v; want %q", tc.bucket, tc.endpoint, got, err, tc.want)
		}
	}
}

// Two shops in one bucket do not see each other's pictures.
func TestPrefix(t *testing.T) {
	f := newFake(t)
	one, other, root := open(t, f, "one", io.Discard), open(t, f, "one-more/", io.Discard), open(t, f, "", io.Discard)
	for i, s := range []*s3blobs.S3{one, other, root} {
		if err := s.Put(t.Context(), "ab/abc/image", []byte{byte(i)}); err != nil {
			t.Fatal(err)
		}
	}
	for i, s := range []*s3blobs.S3{one, other, root} {
		if got := read(t, s, "ab/abc/image"); !bytes.Equal(got, []byte{byte(i)}) {
			t.Errorf("blob %d is %v", i, got)
		}
		n := 0
		for _, err := range s.List(t.Context(), "ab") {
			if n++; err != nil {
				t.Error(err)
			}
		}
		if n != 1 {
			t.Errorf("blobs %d: %d are listed, want the own one", i, n)
		}
	}
}

func read(t *testing.T, b chat.Blobs, key string) []byte {
	t.Helper()
	r, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// A browser that has the picture, or asks for its size, costs one small request; a
// thumbnail is one, too.
func TestRequests(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	large := bytes.Repeat([]byte("0123456789"), 100_000)
	for key, data := range map[string][]byte{"ab/abc/thumb": large[:60_000], "ab/abc/image": large} {
		if err := s.Put(t.Context(), key, data); err != nil {
			t.Fatal(err)
		}
	}
	cost := func(what string, most int64, do func() error) {
		t.Helper()
		before := f.requests.Load()
		if err := do(); err != nil {
			t.Errorf("%s: %v", what, err)
		}
		if n := f.requests.Load() - before; n != most {
			t.Errorf("%s takes %d requests, want %d", what, n, most)
		}
	}
	cost("put", 1, func() error { return s.Put(t.Context(), "ab/abd/image", large) })
	cost("thumbnail", 1, func() error { _ = read(t, s, "ab/abc/thumb"); return nil })
	cost("picture", 2, func() error {
		if got := read(t, s, "ab/abc/image"); !bytes.Equal(got, large) {
			return errors.New("other bytes came back")
		}
		return nil
	})
	cost("the end of a picture", 2, func() error {
		r, err := s.Open(t.Context(), "ab/abc/image")
		if err != nil {
			return err
		}
		defer r.Close() //nolint:errcheck // it was only read
		if _, err := r.Seek(-5, io.SeekEnd); err != nil {
			return err
		}
		got, err := io.ReadAll(r)
		if err == nil && string(got) != "56789" {
			return fmt.Errorf("read %q", got)
		}
		return err
	})
	cost("its size", 1, func() error {
		r, err := s.Open(t.Context(), "ab/abc/image")
		if err != nil {
			return err
		}
		defer r.Close() //nolint:errcheck // it was only read
		size, err := r.Seek(0, io.SeekEnd)
		if size != int64(len(large)) {
			return fmt.Errorf("size is %d", size)
		}
		return err
	})
}

func s3Error(status int, code string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = fmt.Fprintf(w, "<Error><Code>%s</Code><Message>so it is</Message></Error>", code)
	}
}

// A buyer is told whether to come back soon; the operator is told once, and never the
// secret.
func TestFailures(t *testing.T) {
	for _, tc := range []struct {
		name   string
		answer http.HandlerFunc
		kind   chat.Kind
		code   string
	}{
		{"wrong keys", s3Error(403, "InvalidAccessKeyId"), chat.Unavailable, "store_io"},
		{"no right", s3Error(403, "AccessDenied"), chat.Unavailable, "store_io"},
		{"no bucket", s3Error(404, "NoSuchBucket"), chat.Unavailable, "store_io"},
		{"full", s3Error(507, "XMinioStorageFull"), chat.Unavailable, "store_full"},
		{"quota", s3Error(400, "QuotaExceeded"), chat.Unavailable, "store_full"},
		{"broken", s3Error(501, "NotImplemented"), chat.Unavailable, "store_unreachable"},
		{"gone", s3Error(404, "NoSuchKey"), chat.NotFound, "not_found"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			f, log := newFake(t), new(bytes.Buffer)
			s := open(t, f, "", log)
			f.answer(t, tc.answer)
			for what, err := range everyCall(t, s) {
				// An answer to HEAD has no body that could name what is wrong.
				if what != "Open" && tc.kind == chat.NotFound || what == "Link" && (tc.name == "quota" || tc.name == "no bucket") {
					continue
				}
				e := chat.AsError(err)
				if err == nil || e.Kind != tc.kind || e.Code != tc.code || strings.Contains(err.Error(), secretKey) {
					t.Errorf("%s: %v (%v, %s), want %v, %s and no secret", what, err, e.Kind, e.Code, tc.kind, tc.code)
				}
			}
			f.refuse.Store(nil)
			if err := s.Put(t.Context(), "ab/abc/image", []byte("x")); err != nil {
				t.Error(err)
			}
			checkLog(t, log.String(), tc.kind == chat.Unavailable)
		})
	}
}

// everyCall returns what each call comes to.
func everyCall(t *testing.T, s *s3blobs.S3) map[string]error {
	t.Helper()
	errs := make(map[string]error)
	_, errs["Open"] = s.Open(t.Context(), "ab/abc/image")
	_, errs["Link"] = s.Link(t.Context(), "ab/abc/image", time.Minute)
	errs["Put"] = s.Put(t.Context(), "ab/abc/image", []byte("x"))
	errs["Delete"] = s.Delete(t.Context(), "ab/abc/image")
	errs["List"] = nil
	for _, err := range s.List(t.Context(), "ab") {
		errs["List"] = err
	}
	return errs
}

// checkLog wants to be told once that the service fails and once that it does no more.
func checkLog(t *testing.T, log string, failed bool) {
	t.Helper()
	want := 0
	if failed {
		want = 1
	}
	if strings.Count(log, "does not work") != want || strings.Count(log, "works again") != want || strings.Contains(log, secretKey) {
		t.Errorf("the log says so not %d times, or tells the secret:\n%s", want, log)
	}
}

// A server that is not there is no reason to wait for ever, nor one to stop trying.
func TestUnreachable(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	f.Close()
	if err := s.Put(t.Context(), "ab/abc/image", []byte("x")); chat.AsError(err).Code != "store_unreachable" {
		t.Errorf("put: %v", err)
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Open(ended, "ab/abc/image"); !errors.Is(err, context.Canceled) {
		t.Errorf("open: %v, want what its context says", err)
	}
}

// An upload that is cut off leaves nothing, not even half of it.
func TestCutOffPut(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	ctx, cancel := context.WithCancel(t.Context())
	f.answer(t, func(http.ResponseWriter, *http.Request) {
		cancel()
		panic(http.ErrAbortHandler)
	})
	if err := s.Put(ctx, "ab/abc/image", bytes.Repeat([]byte("picture"), 1<<20)); err == nil {
		t.Error("it was put")
	}
	f.refuse.Store(nil)
	if _, err := s.Open(t.Context(), "ab/abc/image"); chat.KindOf(err) != chat.NotFound {
		t.Errorf("open: %v, want NotFound", err)
	}
}

// The rest of a picture that broke off is no picture: nobody takes it for whole.
func TestBrokenOff(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "", io.Discard)
	if err := s.Put(t.Context(), "ab/abc/image", make([]byte, 200_000)); err != nil {
		t.Fatal(err)
	}
	r, err := s.Open(t.Context(), "ab/abc/image")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	f.answer(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "134464")
		w.Header().Set("Last-Modified", time.Now().UTC().Format(http.TimeFormat))
		_, _ = w.Write(make([]byte, 1000))
		panic(http.ErrAbortHandler)
	})
	if n, err := io.Copy(io.Discard, r); err == nil {
		t.Errorf("%d bytes passed for all of it", n)
	}
}

// The address that a browser is sent on to says what the picture is, whatever a
// service would make of it, and no other object gets one.
func TestLink(t *testing.T) {
	f := newFake(t)
	s := open(t, f, "shop", io.Discard)
	for key, data := range map[string]string{
		"ab/abc/image": "\xff\xd8\xff\xe0 a JPEG", "ab/abc/thumb": "<script>alert(1)</script>",
	} {
		if err := s.Put(t.Context(), key, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	link, err := s.Link(t.Context(), "ab/abc/image", 5*time.Minute)
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(link)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	for name, want := range map[string]string{
		"response-content-type": "image/jpeg", "response-content-disposition": "inline",
		"response-cache-control": "private, max-age=300, immutable", "X-Amz-Expires": "300", "X-Amz-SignedHeaders": "host",
	} {
		if got := q.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if u.Path != "/shop/shop/ab/abc/image" || !strings.HasPrefix(link, f.URL) || strings.Contains(link, secretKey) {
		t.Errorf("address: %s", link)
	}
	if _, err := s.Link(t.Context(), "ab/abc/thumb", time.Minute); err == nil || chat.KindOf(err) != chat.Internal {
		t.Errorf("what is no picture: %v, want the server's own fault", err)
	}
	if _, err := s.Link(t.Context(), "zz/zzz/image", time.Minute); chat.KindOf(err) != chat.NotFound {
		t.Errorf("what is not there: %v, want NotFound", err)
	}
}
