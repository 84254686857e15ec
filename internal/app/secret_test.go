package app

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestLeaveFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "api-key")
	for _, text := range []string{"one", "one", "two"} {
		if err := leaveFile(path, text); err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(path)
		if err != nil || string(got) != text+"\n" {
			t.Errorf("file holds %q (%v), want %q", got, err, text)
		}
		info, err := os.Stat(path)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("mode %v (%v), want 0600", info.Mode().Perm(), err)
		}
	}
	// Somebody made it readable: the next start takes that back.
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := leaveFile(path, "two"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v (%v), want 0600 again", info.Mode().Perm(), err)
	}
	for range 2 {
		if err := leaveFile(path, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("a secret that no longer holds is still there (%v)", err)
		}
	}
}

func TestClaimDir(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		demo  bool
		want  string // part of the error; "" none
	}{
		{"new shop", nil, false, ""},
		{"new demo", nil, true, ""},
		{"shop again", []string{DatabaseFile}, false, ""},
		{"demo again", []string{DatabaseFile, demoMark}, true, ""},
		{"demo on a shop's data", []string{DatabaseFile}, true, "holds a shop's data"},
		{"shop on the demo's data", []string{DatabaseFile, demoMark}, false, "made by the demo"},
	} {
		t.Run(c.name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "data")
			makeFiles(t, dir, c.files)
			switch err := claimDir(dir, c.demo); {
			case c.want == "" && err != nil:
				t.Errorf("error %v, want none", err)
			case c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)):
				t.Errorf("error %v, want one with %q", err, c.want)
			}
		})
	}
}

// A data directory that was there before with mode 0755 stayed so.
func TestOpenDirectory(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string
		want  os.FileMode
	}{
		{"made by hand", nil, 0o700},
		{"ours", []string{DatabaseFile, DatabaseFile + "-wal", APIKeyFile}, 0o700},
		{"the demo's", []string{demoMark}, 0o700},
		{"somebody's home", []string{"letters"}, 0o755},
		{"somebody's home, used before", []string{DatabaseFile, "letters"}, 0o755},
	} {
		dir := filepath.Join(t.TempDir(), "data")
		makeFiles(t, dir, c.files)
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.Chmod(dir, 0o755)); err != nil {
			t.Fatal(err)
		}
		if err := claimDir(dir, slices.Contains(c.files, demoMark)); err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		info, err := os.Stat(dir)
		if err != nil || info.Mode().Perm() != c.want {
			t.Errorf("%s: mode %v, %v, want %v", c.name, info.Mode().Perm(), err, c.want)
		}
		if openTo(dir) != (c.want != 0o700) {
			t.Errorf("%s: the operator is told %v of a directory with mode %v", c.name, openTo(dir), c.want)
		}
	}
}

func makeFiles(t *testing.T, dir string, names []string) {
	t.Helper()
	for _, name := range names {
		if err := errors.Join(os.MkdirAll(dir, 0o700), os.WriteFile(filepath.Join(dir, name), nil, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
}
