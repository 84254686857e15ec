package media_test

import (
	"bytes"
	"encoding/json"
	"image"
	"image/jpeg"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/media"
)

const ttl = 24 * time.Hour

func signer(t *testing.T, secret byte) *media.Signer {
	t.Helper()
	s, err := media.NewSigner(bytes.Repeat([]byte{secret}, 32), ttl)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// fail answers as the API does.
func fail(w http.ResponseWriter, _ *http.Request, status int, err *chat.Error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]string{"code": err.Code, "message": err.Msg}})
}

const file = chat.FileID("abcdefghijklmnopqrstuvwxyz")

// serve asks a handler that has file, and one file that is no picture.
func serve(t *testing.T, method, url string, header ...string) *httptest.ResponseRecorder {
	t.Helper()
	blobs := newMemory()
	var pic bytes.Buffer
	if err := jpeg.Encode(&pic, image.NewGray(image.Rect(0, 0, 8, 8)), nil); err != nil {
		t.Fatal(err)
	}
	blobs.put("ab/"+string(file)+"/image", pic.Bytes())
	blobs.put("ab/"+string(file)+"/thumb", []byte("<svg xmlns='http://www.w3.org/2000/svg'/>"))
	r := httptest.NewRequest(method, url, nil)
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	media.NewHandler(signer(t, 1), blobs, nil, false, fail).ServeHTTP(w, r)
	return w
}

func TestServe(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		url, expires := signer(t, 1).URL(file, media.Full)
		res := serve(t, http.MethodGet, url)
		if res.Code != http.StatusOK || res.Body.Len() == 0 {
			t.Fatalf("status %d of %d bytes, want the picture", res.Code, res.Body.Len())
		}
		for name, want := range map[string]string{
			"Content-Type":                 "image/jpeg",
			"X-Content-Type-Options":       "nosniff",
			"Content-Security-Policy":      "default-src 'none'; sandbox",
			"Cross-Origin-Resource-Policy": "same-origin",
			"Content-Disposition":          "inline",
			"Cache-Control":                "private, max-age=86400, immutable",
		} {
			if got := res.Header().Get(name); got != want {
				t.Errorf("%s: %q, want %q", name, got, want)
			}
		}
		if left := time.Until(expires); left != ttl {
			t.Errorf("the URL is good for %v at the full hour, want %v", left, ttl)
		}
		if res := serve(t, http.MethodHead, url); res.Code != http.StatusOK {
			t.Errorf("HEAD: status %d, want 200", res.Code)
		}
		if res := serve(t, http.MethodGet, url, "Range", "bytes=2-5"); res.Code != http.StatusPartialContent || res.Body.Len() != 4 {
			t.Errorf("part: status %d of %d bytes, want 206 of 4", res.Code, res.Body.Len())
		}
		if res := serve(t, http.MethodGet, url, "If-None-Match", res.Header().Get("ETag")); res.Code != http.StatusNotModified {
			t.Errorf("known already: status %d, want 304", res.Code)
		}
	})
}

// Whoever has no URL, an old one or one of their own making gets nothing.
func TestServeRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signer(t, 1)
		good, _ := s.URL(file, media.Full)
		foreign, _ := signer(t, 2).URL(file, media.Full)
		missing, _ := s.URL("zyxwvutsrqponmlkjihgfedcba", media.Full)
		traversal, _ := s.URL("../../secret", media.Full)
		notPicture, _ := s.URL(file, media.Thumb)
		old, _ := s.URL(file, media.Full)
		for _, tc := range []struct {
			name, method, url string
			wait              time.Duration
			status            int
			code              string
		}{
			{"no signature", "GET", strings.SplitN(good, "?", 2)[0], 0, 404, "not_found"},
			{"another secret", "GET", foreign, 0, 404, "not_found"},
			{"another file", "GET", strings.Replace(good, "abc", "xbc", 1), 0, 404, "not_found"},
			{"another variant", "GET", strings.Replace(good, "/image", "/thumb", 1), 0, 404, "not_found"},
			{"a later end", "GET", strings.Replace(good, "?e=9", "?e=99", 1), 0, 404, "not_found"},
			{"a signature cut short", "GET", good[:len(good)-1], 0, 404, "not_found"},
			{"a file that is gone", "GET", missing, 0, 404, "not_found"},
			{"a path that leads out", "GET", traversal, 0, 404, "not_found"},
			{"a blob that is no picture", "GET", notPicture, 0, 500, "internal"},
			{"a method that writes", "POST", good, 0, 405, "method_not_allowed"},
			{"the last second", "HEAD", old, ttl - time.Second, 200, ""},
			{"too late", "GET", old, time.Second, 410, "file_url_expired"},
		} {
			<-time.After(tc.wait)
			res := serve(t, tc.method, tc.url)
			var body struct{ Error struct{ Code string } }
			if tc.status != http.StatusOK {
				if err := json.NewDecoder(res.Body).Decode(&body); err != nil {
					t.Errorf("%s: %v", tc.name, err)
				}
				if got := res.Header().Get("Cache-Control"); got != "no-store" {
					t.Errorf("%s: may be cached: %q", tc.name, got)
				}
			}
			if res.Code != tc.status || body.Error.Code != tc.code {
				t.Errorf("%s: %d %s, want %d %s", tc.name, res.Code, body.Error.Code, tc.status, tc.code)
			}
			if got := res.Header().Get("X-Content-Type-Options"); got != "nosniff" {
				t.Errorf("%s: X-Content-Type-Options: %q", tc.name, got)
			}
		}
	})
}

// Within an hour a file has one URL, so that it is fetched once, and no URL ends
// sooner than promised.
func TestURLIsStable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := signer(t, 1)
		<-time.After(time.Minute)
		first, _ := s.URL(file, media.Full)
		for minute := 1; minute < 180; minute++ {
			url, expires := s.URL(file, media.Full)
			if same := url == first; same != (minute < 60) && minute < 60 {
				t.Errorf("minute %d: the URL is another", minute)
			}
			if left := time.Until(expires); left < ttl || left >= ttl+time.Hour {
				t.Errorf("minute %d: good for %v, want at least %v and no more than an hour beyond", minute, left, ttl)
			}
			<-time.After(time.Minute)
		}
	})
}

func TestShortSecretIsRefused(t *testing.T) {
	if _, err := media.NewSigner(make([]byte, 31), ttl); err == nil {
		t.Error("31 bytes were taken for a secret")
	}
}
