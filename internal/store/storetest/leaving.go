package storetest

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"haggle/internal/chat"
)

func leavingCases() []testCase {
	return []testCase{
		{"a message whose sender left is stored, and its outcome told", testAppendLeft},
		{"what others are told of has an outcome for those who left", testLeft},
	}
}

// leaving is the context of somebody who leaves as soon as they wait.
type leaving struct{ context.Context } //nolint:containedctx // it is one

// Done implements context.Context.
func (leaving) Done() <-chan struct{} {
	gone := make(chan struct{})
	close(gone)
	return gone
}

// left returns what came of something for somebody who left; an engine that was done by
// then has told them already.
func left[T any](t *testing.T, what string, done T, err error) (T, error) {
	t.Helper()
	if err == nil {
		return done, nil
	}
	late, ok := errors.AsType[*chat.UnsettledError[T]](err)
	if !ok {
		t.Errorf("%s: whoever left is told %v, and nothing of what comes of it", what, err)
		return done, err
	}
	wantError(t, err, chat.Unavailable, "outcome_unknown")
	return late.Settled()
}

func testAppendLeft(t *testing.T, s chat.Store) {
	ctx := leaving{t.Context()}
	seqs := make(map[chat.Nonce]chat.Seq)
	for i := range 20 {
		a := from(buyer, merchant, fmt.Sprint("n-", i))
		r, err := s.Append(ctx, a)
		if r, err = left(t, "append", r, err); err != nil || !r.Fresh {
			t.Fatalf("message %d: fresh %v, %v", i, r.Fresh, err)
		}
		seqs[a.Nonce] = r.Message.Seq
	}
	for nonce, seq := range seqs {
		if again := mustAppend(t, s, from(buyer, merchant, string(nonce))); again.Fresh || again.Message.Seq != seq {
			t.Errorf("%s again: fresh %v, seq %d, want %d", nonce, again.Fresh, again.Message.Seq, seq)
		}
	}
	a := from(buyer, merchant, "n-1")
	a.Hash = []byte("of something else")
	r, err := s.Append(ctx, a)
	_, err = left(t, "append", r, err)
	wantError(t, err, chat.Conflict, "nonce_reused")
}

func testLeft(t *testing.T, s chat.Store) {
	conv, ctx := talk(t, s, 2), leaving{t.Context()}
	moved, err := s.Advance(ctx, []chat.Mark{{Conversation: conv.ID, Side: chat.MerchantSide, Read: 1}})
	if moved, err = left(t, "advance", moved, err); err != nil || len(moved) != 1 {
		t.Errorf("read: %+v, %v", moved, err)
	}
	flagged, err := s.SetFlag(ctx, conv.ID, chat.MerchantSide, chat.PinnedFlag, true)
	if flagged, err = left(t, "set flag", flagged, err); err != nil || !flagged.Sides[chat.MerchantSide].Pinned {
		t.Errorf("pinned: %+v, %v", flagged, err)
	}
	recalled, err := s.Recall(ctx, chat.RecallRequest{Conversation: conv.ID, Seq: 1, By: buyer, At: at, NotBefore: at})
	if recalled, err = left(t, "recall", recalled, err); err != nil || !recalled.Fresh {
		t.Errorf("recalled: %+v, %v", recalled, err)
	}
	blocked, err := s.SetBlocked(ctx, conv.ID, chat.MerchantSide, true)
	if blocked, err = left(t, "set blocked", blocked, err); err != nil || !blocked.Sides[chat.MerchantSide].Blocked {
		t.Errorf("blocked: %+v, %v", blocked, err)
	}
	set, err := s.PutShopSettings(ctx, merchant, chat.ShopSettings{Hours: chat.Hours{TimeZone: "UTC"}})
	if set, err = left(t, "put shop settings", set, err); err != nil || set.Version != 1 {
		t.Errorf("settings: %+v, %v", set, err)
	}
	_, err = left(t, "revoke", struct{}{}, s.Revoke(ctx, buyer, at))
	if err != nil {
		t.Errorf("revoked: %v", err)
	}
}
