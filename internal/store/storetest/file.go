package storetest

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
)

func fileCases() []testCase {
	return []testCase{
		{"an upload is stored once by its key", testAddFile},
		{"a file goes into one conversation, by its uploader", testAttach},
		{"one file in two messages at a time", testAttachRace},
		{"what nobody sent is swept, and nothing else", testSweep},
	}
}

func fileOf(uploader chat.UID, key string) chat.File {
	return chat.File{
		ID: chat.NewFileID(), Uploader: uploader, Agent: "", Key: chat.Nonce(key), Hash: []byte("hash of " + key),
		Type: "image/png", Bytes: 1234, Width: 40, Height: 30, Preview: "cHJl", CreatedAt: at,
	}
}

func mustAddFile(t *testing.T, s chat.Store, f chat.File) chat.File {
	t.Helper()
	stored, fresh, err := s.AddFile(t.Context(), f)
	if err != nil || !fresh {
		t.Fatalf("add file %s: fresh %v, %v", f.Key, fresh, err)
	}
	return stored
}

func withFiles(a chat.Append, files ...chat.FileID) chat.Append {
	for _, id := range files {
		a.Blocks = append(a.Blocks, chat.Block{Type: chat.ImageBlock, Image: &chat.Image{File: id, Width: 40, Height: 30}})
	}
	return a
}

func testAddFile(t *testing.T, s chat.Store) {
	ctx := t.Context()
	f := fileOf(merchant, "k")
	f.Agent = "a-1"
	look(t, "stored", f, mustAddFile(t, s, f))

	again := fileOf(merchant, "k")
	stored, fresh, err := s.AddFile(ctx, again)
	if err != nil || fresh {
		t.Errorf("again: fresh %v, %v", fresh, err)
	}
	look(t, "again", f, stored)

	again.Hash = []byte("other bytes")
	_, _, err = s.AddFile(ctx, again)
	wantError(t, err, chat.Conflict, "nonce_reused")

	mustAddFile(t, s, fileOf(buyer, "k")) // another's key is another key
	byKey, err := s.FileByKey(ctx, merchant, "k")
	if err != nil {
		t.Fatal(err)
	}
	look(t, "by key", f, byKey)
	_, err = s.FileByKey(ctx, merchant, "K")
	wantError(t, err, chat.NotFound, "")
	files, err := s.Files(ctx, []chat.FileID{f.ID, "nothing"})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "files", map[chat.FileID]chat.File{f.ID: f}, files)
}

func testAttach(t *testing.T, s chat.Store) {
	mine, theirs := mustAddFile(t, s, fileOf(buyer, "k")), mustAddFile(t, s, fileOf(merchant, "k"))
	c := talk(t, s, 1)
	for name, a := range map[string]chat.Append{
		"another's": withFiles(from(buyer, merchant, "x1"), mine.ID, theirs.ID),
		"unknown":   withFiles(from(buyer, merchant, "x2"), "nothing"),
		"to begin":  withFiles(from(buyer, "V_2", "x3"), theirs.ID),
	} {
		if _, err := s.Append(t.Context(), a); err == nil {
			t.Errorf("%s file was sent", name)
		} else {
			wantError(t, err, chat.Denied, "file_not_yours")
		}
	}
	look(t, "conversation", c, mustConversation(t, s, c.ID))
	_, err := s.ConversationBetween(t.Context(), buyer, "V_2")
	wantError(t, err, chat.NotFound, "")

	a := withFiles(from(buyer, merchant, "n1"), mine.ID, mine.ID) // twice in one message
	r := mustAppend(t, s, a)
	files, err := s.Files(t.Context(), []chat.FileID{mine.ID, theirs.ID})
	if err != nil || files[mine.ID].Conversation != c.ID || files[theirs.ID].Conversation != "" {
		t.Errorf("files %+v, %v", files, err)
	}
	if again := mustAppend(t, s, a); again.Fresh || again.Message.Seq != r.Message.Seq {
		t.Errorf("the same message again: fresh %v, seq %d", again.Fresh, again.Message.Seq)
	}
	for _, other := range []chat.UID{merchant, "V_2"} {
		_, err = s.Append(t.Context(), withFiles(from(buyer, other, "n2"), mine.ID))
		wantError(t, err, chat.Denied, "file_not_yours")
	}
}

func testAttachRace(t *testing.T, s chat.Store) {
	f := mustAddFile(t, s, fileOf(buyer, "k"))
	var wg sync.WaitGroup
	var sent atomic.Int32
	for i := range 20 {
		wg.Go(func() {
			a := withFiles(from(buyer, chat.UID(fmt.Sprint("V_", i)), "n"), f.ID)
			if _, err := s.Append(t.Context(), a); err == nil {
				sent.Add(1)
			} else {
				wantError(t, err, chat.Denied, "file_not_yours")
			}
		})
	}
	wg.Wait()
	if n := sent.Load(); n != 1 {
		t.Errorf("sent %d times", n)
	}
}

func testSweep(t *testing.T, s chat.Store) {
	ctx := t.Context()
	var old []chat.File
	for i := range 4 {
		f := fileOf(buyer, fmt.Sprint("k", i))
		f.CreatedAt = at.Add(time.Duration(i) * time.Second)
		old = append(old, mustAddFile(t, s, f))
	}
	mustAppend(t, s, withFiles(from(buyer, merchant, "n"), old[1].ID))
	got, err := s.UnattachedFiles(ctx, old[3].CreatedAt, 10)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "unattached", []chat.File{old[0], old[2]}, got)
	if got, err = s.UnattachedFiles(ctx, old[3].CreatedAt, 1); err != nil || len(got) != 1 {
		t.Errorf("limit 1: %d files, %v", len(got), err)
	}
	for i, want := range []bool{true, false, true} {
		if gone, err := s.DeleteUnattachedFile(ctx, old[i].ID); err != nil || gone != want {
			t.Errorf("file %d: gone %v, %v, want %v", i, gone, err, want)
		}
	}
	if gone, err := s.DeleteUnattachedFile(ctx, old[0].ID); err != nil || gone {
		t.Errorf("again: gone %v, %v", gone, err)
	}
	_, err = s.Append(ctx, withFiles(from(buyer, merchant, "n2"), old[0].ID))
	wantError(t, err, chat.Denied, "file_not_yours")
}
