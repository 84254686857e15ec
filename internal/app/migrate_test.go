package app

import (
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
	"haggle/internal/testkit"
)

// shopIn makes a data directory with one picture, and returns where its files are.
func shopIn(t *testing.T, dir string) (files []string) {
	t.Helper()
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(dir, DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	f := chat.File{ID: pictured, Uploader: "U_1", Key: "k", Type: "image/gif", Bytes: int64(len(pixel)), CreatedAt: time.Now()}
	if _, _, err := store.AddFile(t.Context(), f); err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	for _, key := range media.BlobKeys(pictured) {
		path := filepath.Join(dir, filesDir, key)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(pixel), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, path)
	}
	return files
}

// No server starts while pictures are missing, and none of another shop gets at the
// bucket.
func TestMigrateWithPictures(t *testing.T) {
	bucket, from, to, other := fakeBucket(t), t.TempDir(), t.TempDir(), t.TempDir()
	files := shopIn(t, from)
	move := func(from, to string) error {
		return Migrate(t.Context(), &MigrateOptions{
			From: "sqlite://" + from, To: "sqlite://" + to, BlobsFrom: from, BlobsTo: bucket.Blobs, Keys: bucket.S3Keys,
		}, func(Migrated) {})
	}
	whole := func() error {
		store, err := openStore(t.Context(), &config.Common{Data: to})
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close() //nolint:errcheck // it was only read
		return checkWhole(t.Context(), store)
	}
	if err := os.WriteFile(files[1], []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := move(from, to); err == nil || !strings.Contains(err.Error(), media.BlobKeys(pictured)[1]) {
		t.Errorf("a damaged picture: %v", err)
	}
	if whole() == nil {
		t.Error("a server starts without the pictures")
	}
	if err := os.WriteFile(files[1], []byte(pixel), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := move(from, to); err != nil {
		t.Fatal(err)
	}
	if err := whole(); err != nil {
		t.Errorf("it is done, and yet: %v", err)
	}
	blobs, err := openBlobs(t.Context(), bucket, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := claimBlobs(t.Context(), openStoreIn(t, to), blobs.bucket); err != nil {
		t.Errorf("the new server and its bucket: %v", err)
	}
	shopIn(t, other)
	if err := move(other, t.TempDir()); err == nil || !strings.Contains(err.Error(), "belong to another database") {
		t.Errorf("another shop, the same bucket: %v", err)
	}
}

// refused is that the options are refused, with words that help.
func refused(t *testing.T, o *MigrateOptions, words ...string) {
	t.Helper()
	err := Migrate(t.Context(), o, func(Migrated) {})
	for _, want := range words {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("migrate to %q, %q: %v; want it to say %q", o.To, o.BlobsTo, err, want)
		}
	}
}

// Two addresses that differ in what neither says of the database were taken for two
// databases, of which the old one could be deleted.
func TestMigrateToItself(t *testing.T) {
	url := testkit.Engines()[0].Database(t).URL
	store, err := sqlstore.OpenPostgres(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	moving := url + "&application_name=moving"
	refused(t, &MigrateOptions{From: url, To: moving}, "both addresses are of one database")
	refused(t, &MigrateOptions{From: moving, To: url}, "both addresses are of one database")
}

// Pictures that broke off were forgotten when the command was run again without them,
// or went to two places; servers started all the same.
func TestMigrateForgetsNoPictures(t *testing.T) {
	bucket, from, to := fakeBucket(t), t.TempDir(), t.TempDir()
	files := shopIn(t, from)
	if err := os.WriteFile(files[0], []byte("no picture"), 0o600); err != nil {
		t.Fatal(err)
	}
	whole := MigrateOptions{From: "sqlite://" + from, To: "sqlite://" + to, BlobsFrom: from, BlobsTo: bucket.Blobs, Keys: bucket.S3Keys}
	refused(t, &whole, media.BlobKeys(pictured)[0])
	without, elsewhere, folder := whole, whole, whole
	without.BlobsFrom, without.BlobsTo = "", ""
	elsewhere.BlobsTo = strings.Replace(bucket.Blobs, "/chat?", "/other?", 1)
	folder.BlobsTo = t.TempDir()
	for _, o := range []*MigrateOptions{&without, &elsewhere, &folder} {
		refused(t, o, "--blobs-from", "--blobs-to 's3://shop/chat?")
	}
	if err := os.WriteFile(files[0], []byte(pixel), 0o600); err != nil {
		t.Fatal(err)
	}
	whole.BlobsTo = strings.Replace(bucket.Blobs, "/chat?", "/chat/?region=us-east-1&", 1) // the same place
	var last Migrated
	if err := Migrate(t.Context(), &whole, func(m Migrated) { last = m }); err != nil || last.Already || last.Pictures.Blobs != 2 {
		t.Errorf("as it was begun: %v, %+v", err, last)
	}
	if err := Migrate(t.Context(), &without, func(m Migrated) { last = m }); err != nil || !last.Already {
		t.Errorf("once it is done: %v, %+v; want it to say so", err, last)
	}
}

// A migration that is refused, for whatever reason, leaves the bucket to others and the
// old database as it was.
func TestMigrateRefusedClaimsNothing(t *testing.T) {
	bucket, from, used := fakeBucket(t), t.TempDir(), t.TempDir()
	shopIn(t, from)
	shopIn(t, used)
	busy := t.TempDir()
	openStoreIn(t, busy)
	for to, want := range map[string]string{used: "not empty", busy: "stop the server first"} {
		refused(t, &MigrateOptions{
			From: "sqlite://" + from, To: "sqlite://" + to, BlobsFrom: from, BlobsTo: bucket.Blobs, Keys: bucket.S3Keys,
		}, want)
	}
	half := t.TempDir() // the source is one that was not filled to the end
	broken := &MigrateOptions{From: "sqlite://" + from, To: "sqlite://" + half, BlobsFrom: from, BlobsTo: t.TempDir()}
	for _, key := range media.BlobKeys(pictured) {
		if err := os.Remove(filepath.Join(from, filesDir, key)); err != nil {
			t.Fatal(err)
		}
	}
	refused(t, broken, "has none of the 1 pictures")
	refused(t, &MigrateOptions{From: "sqlite://" + half, BlobsFrom: from, BlobsTo: bucket.Blobs, Keys: bucket.S3Keys}, "did not come to its end")

	marked := t.TempDir() // moved before, without pictures, and then given another bucket
	if err := Migrate(t.Context(), &MigrateOptions{From: "sqlite://" + from, To: "sqlite://" + marked}, func(Migrated) {}); err != nil {
		t.Fatal(err)
	}
	store, err := sqlstore.OpenSQLite(t.Context(), filepath.Join(marked, DatabaseFile))
	if err != nil {
		t.Fatal(err)
	}
	_, err = store.Secret(t.Context(), secretOwner, []byte("its own"))
	if err := errors.Join(err, store.Close()); err != nil {
		t.Fatal(err)
	}
	refused(t, &MigrateOptions{
		From: "sqlite://" + from, To: "sqlite://" + marked, BlobsFrom: from, BlobsTo: bucket.Blobs, Keys: bucket.S3Keys,
	}, secretOwner)

	blobs, err := openBlobs(t.Context(), bucket, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if r, err := blobs.Open(t.Context(), ownerKey); err == nil || chat.KindOf(err) != chat.NotFound {
		t.Errorf("the bucket's mark: %v, %v; want none", r, err)
	}
	for _, dir := range []string{from, half} {
		fresh := []byte("nobody's")
		if got, err := openStoreIn(t, dir).Secret(t.Context(), secretOwner, fresh); err != nil || string(got) != string(fresh) {
			t.Errorf("the old database has the bucket's mark %q, %v; want none", got, err)
		}
	}
}
