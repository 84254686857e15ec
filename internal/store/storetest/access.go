package storetest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"haggle/internal/chat"
)

func accessCases() []testCase {
	return []testCase{
		{"a secret is the first caller's", testSecret},
		{"a login code is worth one login", testLoginCode},
		{"a login code is taken once by many at a time", testLoginCodeRace},
		{"a report is kept once", testReport},
		{"a report about a message that is not there is refused", testReportOfNothing},
		{"reports are read in pages, in the order they came", testReports},
		{"a new epoch voids positions", testNewEpoch},
		{"a caller who left is told so", testCanceled},
		{"a store that is there answers", testPing},
	}
}

func testSecret(t *testing.T, s chat.Store) {
	var wg sync.WaitGroup
	got := make([]string, 10)
	for i := range got {
		wg.Go(func() {
			v, err := s.Secret(t.Context(), "token", fmt.Appendf(nil, "fresh-%d\x00\xff", i))
			if err != nil {
				t.Error(err)
			}
			got[i] = string(v)
		})
	}
	wg.Wait()
	for _, v := range got {
		if v != got[0] || len(v) != len("fresh-0\x00\xff") {
			t.Errorf("secrets %q and %q", v, got[0])
		}
	}
	other, err := s.Secret(t.Context(), "TOKEN", []byte("x"))
	if err != nil || string(other) != "x" {
		t.Errorf("another name: %q, %v", other, err)
	}
}

func codeOf(hash string) chat.LoginCode {
	return chat.LoginCode{
		Hash: []byte(hash), ExpiresAt: at.Add(time.Minute),
		Actor: chat.Actor{UID: merchant, Agent: "a-1", AgentName: "小王"},
	}
}

func testLoginCode(t *testing.T, s chat.Store) {
	ctx := t.Context()
	for _, hash := range []string{"one", "two"} {
		if err := s.PutLoginCode(ctx, codeOf(hash)); err != nil {
			t.Fatal(err)
		}
	}
	c, err := s.TakeLoginCode(ctx, []byte("one"), at)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "code", codeOf("one"), c)
	_, err = s.TakeLoginCode(ctx, []byte("one"), at)
	wantError(t, err, chat.NotFound, "")
	_, err = s.TakeLoginCode(ctx, []byte("two"), at.Add(time.Minute))
	wantError(t, err, chat.NotFound, "")
	_, err = s.TakeLoginCode(ctx, []byte("three"), at)
	wantError(t, err, chat.NotFound, "")
}

func testLoginCodeRace(t *testing.T, s chat.Store) {
	if err := s.PutLoginCode(t.Context(), codeOf("one")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	var taken atomic.Int32
	for range 20 {
		wg.Go(func() {
			if _, err := s.TakeLoginCode(t.Context(), []byte("one"), at); err == nil {
				taken.Add(1)
			} else {
				wantError(t, err, chat.NotFound, "")
			}
		})
	}
	wg.Wait()
	if n := taken.Load(); n != 1 {
		t.Errorf("taken %d times", n)
	}
}

func testReport(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	r := chat.Report{Conversation: c.ID, By: buyer, Seq: 1, Reason: "spam 🤬", At: at}
	for range 2 {
		if err := s.AddReport(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Reports(t.Context(), 0, 10)
	if err != nil || len(got) != 1 {
		t.Fatalf("reports %+v, %v, want one", got, err)
	}
	r.Num = got[0].Num
	look(t, "report", r, got[0])
}

func testReportOfNothing(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	for _, r := range []chat.Report{
		{Conversation: "nowhere", By: buyer, Reason: "spam", At: at},
		{Conversation: c.ID, By: buyer, Seq: 2, Reason: "spam", At: at},
		{Conversation: c.ID, By: buyer, Seq: -1, Reason: "spam", At: at},
	} {
		wantError(t, s.AddReport(t.Context(), r), chat.NotFound, "")
	}
	if got, err := s.Reports(t.Context(), 0, 10); err != nil || len(got) != 0 {
		t.Errorf("reports %+v, %v, want none", got, err)
	}
}

func testReports(t *testing.T, s chat.Store) {
	c := talk(t, s, 1)
	// The clock of whoever reports says nothing about which comes first.
	want := []string{"third", "first", "second"}
	for i, reason := range want {
		r := chat.Report{Conversation: c.ID, By: merchant, Agent: "a-1", Reason: reason, At: at.Add(-time.Duration(i) * time.Hour)}
		if err := s.AddReport(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	var got []string
	for after := chat.ReportNum(0); ; {
		page, err := s.Reports(t.Context(), after, 2)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page {
			if r.Num <= after {
				t.Errorf("number %d after %d", r.Num, after)
			}
			after = r.Num
			got = append(got, r.Reason)
		}
		if len(page) < 2 {
			break
		}
	}
	look(t, "reasons", want, got)
}

func testNewEpoch(t *testing.T, s chat.Store) {
	c := talk(t, s, 2)
	before, _, err := s.Positions(t.Context(), []chat.UID{buyer})
	if err != nil {
		t.Fatal(err)
	}
	fresh, err := s.NewEpoch(t.Context())
	if err != nil || fresh == "" || fresh == before {
		t.Fatalf("epoch %q after %q, %v", fresh, before, err)
	}
	after, pos, err := s.Positions(t.Context(), []chat.UID{buyer})
	if err != nil || after != fresh || pos[buyer] != c.Sides[0].Pos {
		t.Errorf("epoch %q at %d, %v, want %q at %d", after, pos[buyer], err, fresh, c.Sides[0].Pos)
	}
}

func testCanceled(t *testing.T, s chat.Store) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := s.Append(ctx, from(buyer, merchant, "n"))
	if chat.KindOf(err) != chat.Unavailable || !errors.Is(err, context.Canceled) {
		t.Errorf("append: %v, want Unavailable because of the context", err)
	}
	// Whether it was stored or not, it can be repeated.
	if r := mustAppend(t, s, from(buyer, merchant, "n")); r.Message.Seq != 1 {
		t.Errorf("seq %d, want 1", r.Message.Seq)
	}
}

func testPing(t *testing.T, s chat.Store) {
	if err := s.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}
