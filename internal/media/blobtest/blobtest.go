// Package blobtest is the test every media.Blobs passes. An implementation's own
// test is one call of Run; a rule that is not in here is not a rule.
package blobtest

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/media"
)

// Run checks the blobs that open returns. Each call of open returns an empty store
// of its own and arranges for its removal with t.Cleanup.
func Run(t *testing.T, open func(t *testing.T) media.Blobs) {
	for _, tc := range []struct {
		name string
		run  func(t *testing.T, b media.Blobs)
	}{
		{"Put/Open gives the bytes back", testRoundTrip},
		{"Put/replaces what was there", testReplace},
		{"Put/readers see the old bytes or the new ones", testConcurrentPut},
		{"Put/keeps nothing of the caller's slice", testOwnCopy},
		{"Open/seeks", testSeek},
		{"Open/missing is NotFound", testMissing},
		{"Delete/removes this one only", testDelete},
		{"Delete/missing is no error", testDeleteMissing},
		{"Delete/beside a Put takes nothing along", testDeleteBesidePut},
		{"List/returns what is below", testList},
		{"List/can be left early", testListEarly},
		{"key/a bad one is refused", testBadKeys},
	} {
		t.Run(tc.name, func(t *testing.T) { tc.run(t, open(t)) })
	}
}

func testRoundTrip(t *testing.T, b media.Blobs) {
	big := bytes.Repeat([]byte{0, 1, 2, 0xff, '\n', '\r'}, 200_000)
	for key, data := range map[string][]byte{
		"ab/abcdef/image": []byte("a picture"), "ab/abcdef/thumb": {}, "ab/abcxyz/image": big, "zz/A-b_c.d/image": {0},
	} {
		put(t, b, key, data)
		if got := get(t, b, key); !bytes.Equal(got, data) {
			t.Errorf("%s: %d bytes came back, want the %d that were put", key, len(got), len(data))
		}
	}
}

func testReplace(t *testing.T, b media.Blobs) {
	put(t, b, "ab/abc/image", []byte("a long first text"))
	put(t, b, "ab/abc/image", []byte("second"))
	if got := get(t, b, "ab/abc/image"); string(got) != "second" {
		t.Errorf("blob = %q, want the second", got)
	}
}

func testConcurrentPut(t *testing.T, b media.Blobs) {
	const key = "ab/abc/image"
	blob := func(i int) []byte { return bytes.Repeat([]byte{byte(i)}, 10_000+i) }
	put(t, b, key, blob(0))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			if err := b.Put(t.Context(), key, blob(i)); err != nil {
				t.Errorf("put: %v", err)
			}
		})
		wg.Go(func() {
			r, err := b.Open(t.Context(), key)
			if err != nil {
				t.Errorf("open: %v", err)
				return
			}
			defer r.Close() //nolint:errcheck // it was only read
			got, err := io.ReadAll(r)
			if err != nil || len(got) == 0 || !bytes.Equal(got, blob(int(got[0]))) {
				t.Errorf("read %d bytes, err %v; want one of the blobs, whole", len(got), err)
			}
		})
	}
	wg.Wait()
}

func testOwnCopy(t *testing.T, b media.Blobs) {
	data := []byte("picture")
	put(t, b, "ab/abc/image", data)
	copy(data, "XXXXXXX")
	if got := get(t, b, "ab/abc/image"); string(got) != "picture" {
		t.Errorf("blob = %q: it changed with the caller's slice", got)
	}
}

func testSeek(t *testing.T, b media.Blobs) {
	put(t, b, "ab/abc/image", []byte("0123456789"))
	r, err := b.Open(t.Context(), "ab/abc/image")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	if size, err := r.Seek(0, io.SeekEnd); size != 10 || err != nil {
		t.Errorf("size = %d, %v; want 10", size, err)
	}
	if _, err := r.Seek(4, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	three := make([]byte, 3)
	if _, err := io.ReadFull(r, three); err != nil || string(three) != "456" {
		t.Errorf("read %q, %v; want 456", three, err)
	}
}

func testMissing(t *testing.T, b media.Blobs) {
	put(t, b, "ab/abc/image", []byte("picture"))
	for _, key := range []string{"ab/abc/thumb", "ab/abd/image", "zz/zzz/image"} {
		if _, err := b.Open(t.Context(), key); chat.KindOf(err) != chat.NotFound || err == nil {
			t.Errorf("%s: err = %v, want NotFound", key, err)
		}
	}
}

func testDelete(t *testing.T, b media.Blobs) {
	put(t, b, "ab/abc/image", []byte("picture"))
	put(t, b, "ab/abc/thumb", []byte("small"))
	if err := b.Delete(t.Context(), "ab/abc/image"); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Open(t.Context(), "ab/abc/image"); chat.KindOf(err) != chat.NotFound {
		t.Errorf("after Delete: err = %v, want NotFound", err)
	}
	if got := get(t, b, "ab/abc/thumb"); string(got) != "small" {
		t.Errorf("the other variant = %q, want it untouched", got)
	}
}

func testDeleteMissing(t *testing.T, b media.Blobs) {
	for _, key := range []string{"ab/abc/image", "zz/zzz/image"} {
		if err := b.Delete(t.Context(), key); err != nil {
			t.Errorf("%s: %v, want no error", key, err)
		}
	}
}

// A retried upload and the clean-up of the one before meet.
func testDeleteBesidePut(t *testing.T, b media.Blobs) {
	var wg sync.WaitGroup
	for i := range 50 {
		put(t, b, "ab/abc/thumb", []byte("small"))
		wg.Go(func() {
			if err := b.Put(t.Context(), "ab/abc/image", []byte{byte(i)}); err != nil {
				t.Errorf("put: %v", err)
			}
		})
		wg.Go(func() {
			if err := b.Delete(t.Context(), "ab/abc/thumb"); err != nil {
				t.Errorf("delete: %v", err)
			}
		})
		wg.Wait()
		if got := get(t, b, "ab/abc/image"); !bytes.Equal(got, []byte{byte(i)}) {
			t.Fatalf("blob = %v, want %d", got, i)
		}
	}
}

func testList(t *testing.T, b media.Blobs) {
	before := time.Now().Add(-time.Minute) // a server of blobs has a clock of its own
	want := []string{"ab/abc/image", "ab/abc/thumb", "ab/abd/image"}
	for _, key := range append([]string{"abc/abc/image", "b/abc/image"}, want...) {
		put(t, b, key, []byte("picture"))
	}
	var got []string
	for blob, err := range b.List(t.Context(), "ab") {
		if err != nil {
			t.Fatal(err)
		}
		if blob.ModifiedAt.Before(before) || blob.ModifiedAt.After(before.Add(10*time.Minute)) {
			t.Errorf("%s: modified at %v, want now", blob.Key, blob.ModifiedAt)
		}
		got = append(got, blob.Key)
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
	for blob, err := range b.List(t.Context(), "zz") {
		t.Errorf("an empty directory lists %v, %v", blob, err)
	}
}

func testListEarly(t *testing.T, b media.Blobs) {
	for i := range 5 {
		put(t, b, fmt.Sprintf("ab/abc%d/image", i), nil)
	}
	n := 0
	for _, err := range b.List(t.Context(), "ab") {
		if n++; err != nil || n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("listed %d, want to have stopped at 2", n)
	}
}

func testBadKeys(t *testing.T, b media.Blobs) {
	for _, key := range []string{
		"", "/", "/etc/passwd", "../secret", "ab/../../secret", "ab/..", ".", "ab/./image", "ab//image", "ab/image/",
		".tmp/x", "ab/.hidden", `ab\image`, "ab/im age", "ab/im\x00age", "ab/图", "ab/%2e%2e/x", "C:/x", strings.Repeat("a", 201),
	} {
		if err := b.Put(t.Context(), key, []byte("x")); chat.KindOf(err) != chat.Invalid {
			t.Errorf("Put %q: err = %v, want Invalid", key, err)
		}
		if _, err := b.Open(t.Context(), key); chat.KindOf(err) != chat.Invalid {
			t.Errorf("Open %q: err = %v, want Invalid", key, err)
		}
		if err := b.Delete(t.Context(), key); chat.KindOf(err) != chat.Invalid {
			t.Errorf("Delete %q: err = %v, want Invalid", key, err)
		}
		for _, err := range b.List(t.Context(), key) {
			if chat.KindOf(err) != chat.Invalid {
				t.Errorf("List %q: err = %v, want Invalid", key, err)
			}
		}
	}
}

func put(t *testing.T, b media.Blobs, key string, data []byte) {
	t.Helper()
	if err := b.Put(t.Context(), key, data); err != nil {
		t.Fatalf("put %s: %v", key, err)
	}
}

func get(t *testing.T, b media.Blobs, key string) []byte {
	t.Helper()
	r, err := b.Open(t.Context(), key)
	if err != nil {
		t.Fatalf("open %s: %v", key, err)
	}
	defer r.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(r)
	if err != nil {
		t.Fatalf("read %s: %v", key, err)
	}
	return data
}
