package media_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"haggle/internal/media"
	"haggle/internal/media/blobtest"
	"haggle/internal/testkit"
)

func openDisk(t *testing.T, dir string) *media.Disk {
	t.Helper()
	d, err := media.OpenDisk(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func TestDisk(t *testing.T) {
	blobtest.Run(t, func(t *testing.T) media.Blobs { return openDisk(t, filepath.Join(t.TempDir(), "files")) })
}

// Buyers' pictures are nobody else's on the machine.
func TestDiskIsPrivate(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "files")
	d := openDisk(t, dir)
	if err := d.Put(t.Context(), "ab/abc/image", []byte("picture")); err != nil {
		t.Fatal(err)
	}
	if err := testkit.Private(dir); err != nil {
		t.Error(err)
	}
}

// A link that somebody planted leads nowhere.
func TestDiskStaysInside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	d := openDisk(t, dir)
	if err := os.Symlink(outside, filepath.Join(dir, "ab")); err != nil {
		t.Skip(err)
	}
	if err := d.Put(t.Context(), "ab/image", []byte("picture")); err == nil {
		t.Error("Put wrote through a link to the outside")
	}
	if entries, err := os.ReadDir(outside); len(entries) > 0 || err != nil {
		t.Errorf("outside now holds %v, %v; want nothing", entries, err)
	}
}

// What a crash left half written goes at the next start; what another process is
// writing stays.
func TestDiskClearsUnfinished(t *testing.T) {
	dir := t.TempDir()
	openDisk(t, dir)
	old, young := filepath.Join(dir, ".tmp", "OLD"), filepath.Join(dir, ".tmp", "YOUNG")
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("half a pic"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	yesterday := time.Now().Add(-24 * time.Hour)
	if err := os.Chtimes(old, yesterday, yesterday); err != nil {
		t.Fatal(err)
	}
	openDisk(t, dir)
	if _, err := os.Stat(old); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the old file: %v, want it gone", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("the young file: %v, want it kept", err)
	}
}
