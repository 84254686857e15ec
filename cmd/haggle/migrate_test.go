package main

import (
	"bytes"
	"net/http"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// A shop that began with a file and a folder goes on with a database server and a
// bucket after one command, and its pictures are where they were: at the same addresses.
func TestMigrate_pictures(t *testing.T) {
	t.Parallel()
	data, keys := filepath.Join(t.TempDir(), "data"), []string{"--s3-access-key", "AK", "--s3-secret-key", "hush"}
	small, large := &cluster{t: t}, &cluster{t: t, store: testkit.Engines()[0].Database(t).URL}
	origin, blobs := startS3(t)

	before := small.start("--data", data)
	before.backend(http.MethodPut, "/v1/server/products/1001", mug)
	buyer := before.enter("U_1", nil)
	var file wire.File
	buyer.ask(before, http.MethodPut, "/v1/files/photo-1", "image/png", photo(t), &file)
	buyer.sendPicture(file.ID)
	whole, thumb := buyer.addresses(before, file.ID)
	pictures := make(map[string][]byte)
	for _, ref := range []string{whole, thumb} {
		_, pictures[ref], _ = before.fetchPicture(ref)
	}
	before.stop(syscall.SIGTERM)

	const moved = "1 pictures are at the new place and compared: 2 files"
	toServers := append([]string{"--from", "sqlite://" + data, "--to", large.store, "--blobs-from", data, "--blobs-to", blobs}, keys...)
	if out := migrate(t, toServers...); !strings.Contains(out, moved) || !strings.Contains(out, "2 of them copied now") || !strings.Contains(out, "1 conversations") {
		t.Errorf("migrate: %s", out)
	}
	if out := migrate(t, toServers...); !strings.Contains(out, "were there already") || !strings.Contains(out, moved) || !strings.Contains(out, ", 0 of them copied now") {
		t.Errorf("once more, when it is done: %s", out)
	}
	after := large.start(slices.Concat(keys, []string{"--blobs", blobs, "--blobs-redirect"})...)
	wantPictures(t, after, origin+"/", pictures)
	after.stop(syscall.SIGTERM)

	// The pictures alone: there already, and back to a folder.
	if out := migrate(t, slices.Concat([]string{"--from", large.store, "--blobs-from", data, "--blobs-to", blobs}, keys)...); !strings.Contains(out, moved) || !strings.Contains(out, ", 0 of them copied now") {
		t.Errorf("again: %s", out)
	}
	back := t.TempDir()
	if out := migrate(t, slices.Concat([]string{"--from", large.store, "--blobs-from", blobs, "--blobs-to", back}, keys)...); !strings.Contains(out, moved) {
		t.Errorf("back: %s", out)
	}
	wantPictures(t, large.start("--data", back), "", pictures)
}

// migrate migrates, and returns what it says.
func migrate(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "haggle", append([]string{"migrate"}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("haggle migrate: %v\n%s", err, out)
	}
	return string(out)
}

// wantPictures checks what is at addresses, and where browsers are sent on to.
func wantPictures(t *testing.T, at *server, origin string, pictures map[string][]byte) {
	t.Helper()
	for ref, want := range pictures {
		status, data, via := at.fetchPicture(ref)
		if status != http.StatusOK || len(want) == 0 || !bytes.Equal(data, want) || !strings.HasPrefix(via, origin) || (via == "") != (origin == "") {
			t.Errorf("%s: %d, %d bytes, want %d; sent on to %q, want %q", ref, status, len(data), len(want), via, origin)
		}
	}
}
