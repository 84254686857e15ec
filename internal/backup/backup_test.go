package backup_test

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/backup"
	"haggle/internal/chat"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

// shop is a data directory that a server works with.
type shop struct {
	dir   string
	store *sqlstore.Store
	disk  *media.Disk
}

func newShop(t *testing.T) *shop {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "data")
	return openShop(t, dir)
}

func openShop(t *testing.T, dir string) *shop {
	t.Helper()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, "haggle.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	disk, err := media.OpenDisk(filepath.Join(dir, "files"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = disk.Close() })
	return &shop{dir, store, disk}
}

// say sends one message more.
func (s *shop) say(t *testing.T, text string) chat.Message {
	t.Helper()
	a, err := s.store.Append(t.Context(), chat.Append{
		Start: &chat.Start{ID: chat.NewConversationID(), Buyer: "U_1", Other: "V_1"}, Sender: "U_1",
		Nonce: chat.Nonce(text), Hash: []byte(text), Blocks: []chat.Block{{Type: chat.TextBlock, Text: text}}, SentAt: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return a.Message
}

// picture uploads one.
func (s *shop) picture(t *testing.T, key string) chat.FileID {
	t.Helper()
	f := chat.File{
		ID: chat.NewFileID(), Uploader: "U_1", Key: chat.Nonce(key), Hash: []byte(key), Type: "image/jpeg", Bytes: 1, Width: 1, Height: 1, CreatedAt: time.Now(),
	}
	for i, blob := range media.BlobKeys(f.ID) {
		if err := s.disk.Put(t.Context(), blob, fmt.Appendf(nil, "%s %d", key, i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.store.AddFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	return f.ID
}

func (s *shop) options(out string) *backup.Options {
	return &backup.Options{Version: "v1", Database: filepath.Join(s.dir, "haggle.db"), Files: filepath.Join(s.dir, "files"), Out: out}
}

func (s *shop) backUp(t *testing.T, out string) backup.Manifest {
	t.Helper()
	m, err := backup.Make(t.Context(), s.options(out))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A shop whose disk is lost comes back as it was at the backup, and its clients, who
// have seen more than that, are told to load anew.
func TestRestore(t *testing.T) {
	for _, name := range []string{"backup", "backup.tar", "linked"} {
		t.Run(name, func(t *testing.T) {
			s := newShop(t)
			first := s.say(t, "first")
			ids := []chat.FileID{s.picture(t, "a"), s.picture(t, "b")}
			epoch, _, err := s.store.Positions(t.Context(), []chat.UID{"U_1"})
			if err != nil {
				t.Fatal(err)
			}
			out := filepath.Join(t.TempDir(), name)
			o := s.options(out)
			o.Link = name == "linked"
			made, err := backup.Make(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			s.say(t, "after the backup")
			s.picture(t, "after the backup")

			verified, err := backup.Verify(t.Context(), out)
			if d := cmp.Diff(made, verified); d != "" || err != nil {
				t.Fatalf("verified: %v (-made +verified):\n%s", err, d)
			}
			dir := filepath.Join(t.TempDir(), "elsewhere")
			done, err := backup.Restore(t.Context(), out, dir)
			if err != nil {
				t.Fatal(err)
			}
			again := openShop(t, dir)
			now, _, err := again.store.Positions(t.Context(), []chat.UID{"U_1"})
			if now == epoch || now != done.Epoch || err != nil {
				t.Errorf("epoch %s was %s, said to be %s, %v; want a new one", now, epoch, done.Epoch, err)
			}
			again.checkBackup(t, first.Conversation, ids)
			checkPrivate(t, dir)
		})
	}
}

// checkBackup wants what was there at the backup, and nothing else.
func (s *shop) checkBackup(t *testing.T, id chat.ConversationID, files []chat.FileID) {
	t.Helper()
	got, err := s.store.MessagesAfter(t.Context(), id, 0, 10)
	if err != nil || len(got) != 1 || got[0].Blocks[0].Text != "first" {
		t.Errorf("messages: %+v, %v; want the first alone", got, err)
	}
	for i, file := range files {
		for j, key := range media.BlobKeys(file) {
			if text := s.blob(t, key); text != fmt.Sprintf("%c %d", 'a'+i, j) {
				t.Errorf("%s: %q", key, text)
			}
		}
	}
	if entries, err := os.ReadDir(s.dir); len(entries) > 6 || err != nil {
		t.Errorf("the directory holds %v, %v", entries, err)
	}
}

func (s *shop) blob(t *testing.T, key string) string {
	t.Helper()
	r, err := s.disk.Open(t.Context(), key)
	if err != nil {
		t.Error(err)
		return ""
	}
	defer r.Close() //nolint:errcheck // it was only read
	data, err := io.ReadAll(r)
	if err != nil {
		t.Error(err)
	}
	return string(data)
}

func checkPrivate(t *testing.T, dir string) {
	t.Helper()
	if err := testkit.Private(dir); err != nil {
		t.Error(err)
	}
}

// A backup that is made while messages come in is of one moment: no conversation
// counts messages that are not there.
func TestMakeWhileMessagesComeIn(t *testing.T) {
	s := newShop(t)
	s.say(t, "0")
	ended, stop := context.WithCancel(t.Context())
	sent := make(chan int, 1)
	go func() {
		n := 1
		for ; ended.Err() == nil; n++ {
			s.say(t, fmt.Sprint(n))
		}
		sent <- n
	}()
	for i := range 5 {
		out := filepath.Join(t.TempDir(), fmt.Sprint(i))
		m := s.backUp(t, out)
		if _, err := backup.Restore(t.Context(), out, out+"-restored"); err != nil {
			t.Fatal(err)
		}
		again := openShop(t, out+"-restored")
		c, err := again.store.ConversationBetween(t.Context(), "U_1", "V_1")
		if err != nil || int64(c.LastSeq) != m.Database.Messages {
			t.Errorf("the conversation is at %d, there are %d messages, %v", c.LastSeq, m.Database.Messages, err)
		}
		last, err := again.store.MessagesBefore(t.Context(), c.ID, 0, 1)
		if err != nil || len(last) != 1 || last[0].Seq != c.LastSeq {
			t.Errorf("the last message is %+v, %v; want that at %d", last, err, c.LastSeq)
		}
	}
	stop()
	if n := <-sent; n < 10 {
		t.Errorf("only %d messages came in meanwhile", n)
	}
}

// A picture that is taken back, or given up, between the copy of the database and its
// own is no fault; one that is lost is said to be.
func TestMakeWithoutAPicture(t *testing.T) {
	s := newShop(t)
	there, lost := s.picture(t, "there"), s.picture(t, "lost")
	for _, key := range media.BlobKeys(lost) {
		if err := s.disk.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	out := filepath.Join(t.TempDir(), "backup")
	m := s.backUp(t, out)
	if m.Missing != 1 || len(m.MissingFiles) != 1 || m.MissingFiles[0] != string(lost) || m.Gone != 0 || m.Entries != 3 {
		t.Errorf("%+v, want %s missing and %s there", m, lost, there)
	}
	if _, err := backup.Verify(t.Context(), out); err != nil {
		t.Errorf("verify: %v", err)
	}
}

// A backup on a disk that takes nothing more, or where the operator may only read, was
// not verified.
func TestVerifyReadOnly(t *testing.T) {
	s := newShop(t)
	out := filepath.Join(t.TempDir(), "backup.tar")
	want := s.backUp(t, out)
	f, err := os.Open(out)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close() //nolint:errcheck // it was only read
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	readOnly := fmt.Sprintf("/dev/fd/%d", f.Fd()) // nobody makes anything there, not even root
	if got, err := backup.Verify(t.Context(), readOnly); err != nil || got.Sums != want.Sums {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if entries, err := os.ReadDir(temp); len(entries) > 0 || err != nil {
		t.Errorf("%v is left, %v", entries, err)
	}
	t.Setenv("TMPDIR", filepath.Join(temp, "gone"))
	if _, err := backup.Verify(t.Context(), readOnly); err == nil || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("without any room: %v", err)
	}
}

// A folder for the database could be made on a full disk, but not what goes into it, and
// the backup there was not verified.
func TestVerifyOnAFullDisk(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", dir).CombinedOutput(); err != nil {
		t.Skipf("there is no small disk: %v: %s", err, out)
	}
	t.Cleanup(func() {
		if out, err := exec.CommandContext(context.WithoutCancel(t.Context()), "umount", dir).CombinedOutput(); err != nil {
			t.Errorf("umount: %v: %s", err, out)
		}
	})
	s := newShop(t)
	out := filepath.Join(dir, "backup.tar")
	want := s.backUp(t, out)
	if err := os.WriteFile(filepath.Join(dir, "ballast"), make([]byte, 8<<20), 0o600); err == nil {
		t.Fatal("the disk is not full")
	}
	temp := t.TempDir()
	t.Setenv("TMPDIR", temp)
	if got, err := backup.Verify(t.Context(), out); err != nil || got.Sums != want.Sums {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	for _, left := range []string{temp, dir} {
		if entries, err := filepath.Glob(filepath.Join(left, ".verify-*")); len(entries) > 0 || err != nil {
			t.Errorf("%v is left, %v", entries, err)
		}
	}
	t.Setenv("TMPDIR", dir)
	if _, err := backup.Verify(t.Context(), out); !errors.Is(err, syscall.ENOSPC) || !strings.Contains(err.Error(), "TMPDIR") {
		t.Errorf("without any room: %v", err)
	}
}

// What was cut off, by a signal or by a full disk, leaves nothing that looks like a
// backup.
func TestInterrupted(t *testing.T) {
	s := newShop(t)
	s.picture(t, "a")
	for _, name := range []string{"backup", "backup.tar"} {
		dir := t.TempDir()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := backup.Make(ctx, s.options(filepath.Join(dir, name))); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v", name, err)
		}
		if entries, err := os.ReadDir(dir); len(entries) > 0 || err != nil {
			t.Errorf("%s: %v is left, %v", name, entries, err)
		}
	}
}

// A tar that ends early, wherever, is refused, and nothing of it is put in place.
func TestTruncated(t *testing.T) {
	s := newShop(t)
	s.picture(t, "a")
	out := filepath.Join(t.TempDir(), "backup.tar")
	s.backUp(t, out)
	whole, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	cut := filepath.Join(t.TempDir(), "cut.tar")
	for _, n := range []int{0, 100, len(whole) / 2, len(whole) - 1024 - 1024, len(whole) - 1024 - 512 - 10} {
		if err := os.WriteFile(cut, whole[:n], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Verify(t.Context(), cut); err == nil {
			t.Errorf("%d bytes of %d pass for a backup", n, len(whole))
		}
		dir := filepath.Join(t.TempDir(), "data")
		if _, err := backup.Restore(t.Context(), cut, dir); err == nil {
			t.Errorf("%d bytes of %d were restored", n, len(whole))
		}
		checkEmpty(t, dir)
	}
}

// checkEmpty wants nothing in a data directory but its lock.
func checkEmpty(t *testing.T, dir string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) > 1 || len(entries) == 1 && entries[0].Name() != sqlstore.LockName {
		t.Errorf("%s holds %v, %v; want nothing", dir, entries, err)
	}
}

// Whatever of a backup has changed, it is found before anything is put in place.
func TestChanged(t *testing.T) {
	flip := func(t *testing.T, path string) {
		t.Helper()
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		data[len(data)/2] ^= 1
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	edit := func(name, old, with string) func(t *testing.T, dir, key string) {
		return func(t *testing.T, dir, _ string) {
			t.Helper()
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(with), 1), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, tc := range []struct {
		name   string
		change func(t *testing.T, dir, key string)
		want   string
	}{
		{"the database", func(t *testing.T, dir, _ string) { flip(t, filepath.Join(dir, "haggle.db")) }, "haggle.db is not what was backed up"},
		{"a picture", func(t *testing.T, dir, key string) { flip(t, filepath.Join(dir, "files", key)) }, "/image is not what was backed up"},
		{"a picture is gone", func(_ *testing.T, dir, key string) { _ = os.Remove(filepath.Join(dir, "files", key)) }, "is missing from the backup"},
		{"a line is gone", edit("SHA256SUMS", "  files", "  fyles"), "no part of one"},
		{"it leads elsewhere", edit("SHA256SUMS", "  files/", "  files/../"), "no part of one"},
		{"the counts", edit("manifest.json", `"messages": 1`, `"messages": 2`), "the manifest says"},
		{"the number of entries", edit("manifest.json", `"entries": 3`, `"entries": 2`), "3 entries"},
		{"the list's hash", edit("manifest.json", `"sums_sha256": "`, `"sums_sha256": "00`), "SHA256SUMS is not what"},
		{"a newer format", edit("manifest.json", `"format": 1`, `"format": 2`), "made by haggle v1"},
		{"a newer database", edit("manifest.json", `"schema": `, `"schema": 9`), "manifest says"},
		{"no manifest", func(_ *testing.T, dir, _ string) { _ = os.Remove(filepath.Join(dir, "manifest.json")) }, "this is no backup"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := newShop(t)
			s.say(t, "first")
			key := media.BlobKeys(s.picture(t, "a"))[0]
			out := filepath.Join(t.TempDir(), "backup")
			s.backUp(t, out)
			tc.change(t, out, key)
			if _, err := backup.Verify(t.Context(), out); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("verify: %v, want %q", err, tc.want)
			}
			dir := filepath.Join(t.TempDir(), "data")
			if _, err := backup.Restore(t.Context(), out, dir); err == nil || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("restore: %v, want %q", err, tc.want)
			}
			checkEmpty(t, dir)
		})
	}
}

// A tar may be made by anybody: nothing in it is written outside.
func TestForeignTar(t *testing.T) {
	for _, h := range []tar.Header{
		{Name: "../evil", Typeflag: tar.TypeReg},
		{Name: "/etc/evil", Typeflag: tar.TypeReg},
		{Name: "files/../../evil", Typeflag: tar.TypeReg},
		{Name: "files/ab/x", Typeflag: tar.TypeSymlink, Linkname: "/etc"},
		{Name: "api-key", Typeflag: tar.TypeReg},
	} {
		out := filepath.Join(t.TempDir(), "evil.tar")
		var b bytes.Buffer
		w := tar.NewWriter(&b)
		if err := errors.Join(w.WriteHeader(&h), w.Close(), os.WriteFile(out, b.Bytes(), 0o600)); err != nil {
			t.Fatal(err)
		}
		dir := filepath.Join(t.TempDir(), "data")
		if _, err := backup.Restore(t.Context(), out, dir); err == nil {
			t.Errorf("%s: it was restored", h.Name)
		}
		checkEmpty(t, dir)
	}
}

// Nobody's data is overwritten: not a running server's, nor what lies in the way.
func TestRestoreRefuses(t *testing.T) {
	s := newShop(t)
	out := filepath.Join(t.TempDir(), "backup")
	s.backUp(t, out)
	if _, err := backup.Make(t.Context(), s.options(out)); err == nil || !strings.Contains(err.Error(), "there already") {
		t.Errorf("a backup took another one's place: %v", err)
	}
	_, err := backup.Restore(t.Context(), out, s.dir)
	if _, ok := errors.AsType[*sqlstore.InUseError](err); !ok {
		t.Errorf("into a running server's directory: %v", err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "notes.txt"), []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), out, dir); err == nil || !strings.Contains(err.Error(), "notes.txt") {
		t.Errorf("into a directory that is not empty: %v", err)
	}
}

// A restore that was killed can be begun again.
func TestRestoreAgain(t *testing.T) {
	s := newShop(t)
	s.picture(t, "a")
	out, dir := filepath.Join(t.TempDir(), "backup"), t.TempDir()
	s.backUp(t, out)
	// Killed between the pictures and the database.
	for _, name := range []string{backup.Staging, "files/ab"} {
		if err := os.MkdirAll(filepath.Join(dir, name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, backup.Staging, "haggle.db"), []byte("half"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), out, dir); err != nil {
		t.Fatal(err)
	}
	openShop(t, dir).say(t, "on it goes")
	if _, err := os.Stat(filepath.Join(dir, "files", "ab")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("what the first one left is still there: %v", err)
	}
}
