package backup

import (
	"io/fs"
	"path/filepath"
	"testing"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// nothing is a sink to which nothing can be brought: no file is there.
type nothing struct{}

func (nothing) scratch(name string) string             { return name }
func (nothing) add(_, _ string) ([]byte, int64, error) { return nil, 0, fs.ErrNotExist }
func (nothing) put(string, []byte) error               { return nil }
func (nothing) keep() error                            { return nil }
func (nothing) drop() error                            { return nil }

// A picture that was taken back since the database was copied is not lost: the live
// database knows nothing of it either.
func TestGone(t *testing.T) {
	path := filepath.Join(t.TempDir(), "haggle.db")
	s, err := sqlstore.OpenSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // the test is over
	if _, _, err := s.AddFile(t.Context(), chat.File{ID: "lostlostlost", Uploader: "U_1", Key: "k", Hash: []byte("h")}); err != nil {
		t.Fatal(err)
	}
	live, err := sqlstore.OpenReader(path, false)
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close() //nolint:errcheck // it was only read
	k := maker{Options: &Options{}, to: nothing{}}
	for _, id := range []chat.FileID{"lostlostlost", "takenback111", "takenback222"} {
		if err := k.picture(t.Context(), id, live); err != nil {
			t.Fatal(err)
		}
	}
	if k.m.Missing != 1 || k.m.Gone != 2 || len(k.m.MissingFiles) != 1 || k.m.MissingFiles[0] != "lostlostlost" {
		t.Errorf("%+v, want one missing and two gone", k.m)
	}
}
