package sqlstore_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

func TestOpenTwiceSaysWho(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	open(t, filepath.Join(dir, "chat.db"))
	_, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, "chat.db"))
	inUse, ok := errors.AsType[*sqlstore.InUseError](err)
	if !ok || inUse.PID != os.Getpid() || inUse.Dir != dir {
		t.Errorf("error %v, want that %s is in use by %d", err, dir, os.Getpid())
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	s := open(t, filepath.Join(dir, "chat.db"))
	if _, err := s.Append(t.Context(), begin(1, "n")); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		want := fs.FileMode(0o600)
		if d.IsDir() {
			want = 0o700
		}
		if got := info.Mode().Perm(); got != want {
			t.Errorf("%s has mode %v, want %v", d.Name(), got, want)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

func TestReopened(t *testing.T) {
	path := filepath.Join(t.TempDir(), "chat.db")
	s, err := sqlstore.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Append(t.Context(), begin(1, "n"))
	if err != nil {
		t.Fatal(err)
	}
	epoch, _, err := s.Positions(t.Context(), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append(t.Context(), begin(1, "m")); chat.KindOf(err) != chat.Unavailable {
		t.Errorf("append to a closed store: %v, want Unavailable", err)
	}

	s = open(t, path)
	again, _, err := s.Positions(t.Context(), nil)
	if err != nil || again != epoch {
		t.Errorf("epoch %q, %v, want %q as before", again, err, epoch)
	}
	if c, err := s.Conversation(t.Context(), r.Conversation.ID); err != nil || c.LastSeq != 1 {
		t.Errorf("conversation %+v, %v", c, err)
	}
}

func TestPathWithOddNames(t *testing.T) {
	for _, name := range []string{"a b", "a?b=c", "a%20b", "ä#1"} {
		path := filepath.Join(t.TempDir(), name, "chat.db")
		open(t, path)
		if _, err := os.Stat(path); err != nil {
			t.Errorf("the database is elsewhere: %v", err)
		}
	}
}
