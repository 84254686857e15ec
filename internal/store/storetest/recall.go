package storetest

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
)

func recallCases() []testCase {
	return []testCase{
		{"a recall leaves a tombstone and tells both", testRecall},
		{"only by its sender, and in time", testRecallRefused},
		{"recalled once by many at a time", testRecallRace},
		{"recalls are read in pages by rev", testRecallPages},
		{"a recalled picture is nobody's any more", testRecallPicture},
	}
}

func recallOf(id chat.ConversationID, seq chat.Seq, by chat.UID) chat.RecallRequest {
	return chat.RecallRequest{Conversation: id, Seq: seq, By: by, At: at.Add(time.Minute), NotBefore: at}
}

func recall(t *testing.T, s chat.Store, id chat.ConversationID, seq chat.Seq, by chat.UID) chat.Recalled {
	t.Helper()
	r, err := s.Recall(t.Context(), recallOf(id, seq, by))
	if err != nil {
		t.Fatalf("recall %d: %v", seq, err)
	}
	return r
}

func testRecall(t *testing.T, s chat.Store) {
	c := talk(t, s, 3)
	before := mustMessages(t, s, c.ID)
	c.Rev, c.Sides[0].Pos, c.Sides[1].Pos = 4, 4, 4
	want := chat.Recall{Conversation: c.ID, Seq: 2, Rev: 4, By: merchant, At: at.Add(time.Minute)}
	look(t, "recalled", chat.Recalled{Recall: want, Conversation: c, Fresh: true}, recall(t, s, c.ID, 2, merchant))

	before[1].Blocks, before[1].RecalledAt = nil, want.At
	look(t, "messages", before, mustMessages(t, s, c.ID))
	look(t, "stored", c, mustConversation(t, s, c.ID))

	again := recallOf(c.ID, 2, merchant)
	again.At, again.NotBefore = at.Add(time.Hour), at.Add(time.Hour)
	r, err := s.Recall(t.Context(), again)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "again", chat.Recalled{Recall: want, Conversation: c}, r)
}

func testRecallRefused(t *testing.T, s chat.Store) {
	c := talk(t, s, 2)
	late := recallOf(c.ID, 1, buyer)
	late.NotBefore = at.Add(time.Millisecond)
	for _, tc := range []struct {
		name string
		r    chat.RecallRequest
		kind chat.Kind
		code string
	}{
		{"too late", late, chat.Denied, "recall_too_late"},
		{"the other side's", recallOf(c.ID, 1, merchant), chat.Denied, "not_your_message"},
		{"a stranger", recallOf(c.ID, 1, "U_2"), chat.NotFound, ""},
		{"no such message", recallOf(c.ID, 3, buyer), chat.NotFound, ""},
		{"no such conversation", recallOf("nowhere", 1, buyer), chat.NotFound, ""},
	} {
		_, err := s.Recall(t.Context(), tc.r)
		if err == nil {
			t.Errorf("%s: recalled", tc.name)
		}
		wantError(t, err, tc.kind, tc.code)
	}
	look(t, "conversation", c, mustConversation(t, s, c.ID))
}

func testRecallRace(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	var wg sync.WaitGroup
	var fresh atomic.Int32
	for range 20 {
		wg.Go(func() {
			r, err := s.Recall(t.Context(), recallOf(c.ID, 1, buyer))
			if err != nil || r.Recall.Rev != 2 {
				t.Errorf("recalled %+v, %v", r, err)
			}
			if r.Fresh {
				fresh.Add(1)
			}
		})
	}
	wg.Wait()
	if n := fresh.Load(); n != 1 {
		t.Errorf("recalled %d times", n)
	}
}

func testRecallPages(t *testing.T, s chat.Store) {
	c := talk(t, s, 8)
	var want []chat.Recall
	for _, seq := range []chat.Seq{7, 1, 5} {
		want = append(want, recall(t, s, c.ID, seq, buyer).Recall)
	}
	var got []chat.Recall
	for after := chat.Rev(0); ; {
		page, err := s.RecallsAfter(t.Context(), c.ID, after, 2)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, page...)
		if len(page) < 2 {
			break
		}
		after = page[1].Rev
	}
	look(t, "recalls", want, got)
}

func testRecallPicture(t *testing.T, s chat.Store) {
	ctx := t.Context()
	one, two := mustAddFile(t, s, fileOf(buyer, "k1")), mustAddFile(t, s, fileOf(buyer, "k2"))
	kept := mustAddFile(t, s, fileOf(buyer, "k3"))
	a := withFiles(from(buyer, merchant, "n1"), one.ID, two.ID, one.ID)
	c := mustAppend(t, s, a).Conversation
	mustAppend(t, s, withFiles(from(buyer, merchant, "n2"), kept.ID))
	for range 2 {
		recall(t, s, c.ID, 1, buyer)
	}

	files, err := s.Files(ctx, []chat.FileID{one.ID, two.ID, kept.ID})
	if err != nil || len(files) != 1 || files[kept.ID].Conversation != c.ID {
		t.Errorf("files %+v, %v, want only what was not recalled", files, err)
	}
	_, err = s.Append(ctx, withFiles(from(buyer, merchant, "n3"), one.ID))
	wantError(t, err, chat.Denied, "file_not_yours")
	_, err = s.FileByKey(ctx, buyer, "k1")
	wantError(t, err, chat.NotFound, "")
	if r := mustAppend(t, s, a); r.Fresh || !r.Message.Recalled() {
		t.Errorf("the message again: fresh %v, recalled %v", r.Fresh, r.Message.Recalled())
	}

	want := map[chat.FileID]bool{one.ID: true, two.ID: true}
	for n := 2; n > 0; n-- {
		if page, err := s.RecalledFiles(ctx, 10); err != nil || len(page) != n {
			t.Fatalf("recalled files %v, %v, want %d", page, err, n)
		}
		page, err := s.RecalledFiles(ctx, 1)
		if err != nil || len(page) != 1 || !want[page[0]] {
			t.Fatalf("one recalled file: %v, %v", page, err)
		}
		delete(want, page[0])
		for range 2 {
			if err := s.ForgetRecalledFile(ctx, page[0]); err != nil {
				t.Fatal(err)
			}
		}
	}
	if page, err := s.RecalledFiles(ctx, 10); err != nil || len(page) != 0 {
		t.Errorf("recalled files %v, %v, want none left", page, err)
	}
}
