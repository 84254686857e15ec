package chat

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"
)

// However marks come in and whenever they are taken, the highest of each side is
// taken last, once, and none is made up.
func TestMarkQueue_merges(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := newMarkQueue()
		want, got := make(map[markKey]Seq), make(map[markKey]Seq)
		take := func() {
			seen := make(map[markKey]bool)
			for _, m := range q.takeAll() {
				key := markKey{m.Conversation, m.Side}
				if seen[key] || m.Read != 0 {
					t.Errorf("%+v: twice in one batch, or it moves read", m)
				}
				seen[key], got[key] = true, max(got[key], m.Delivered)
			}
		}
		for range rapid.IntRange(0, 50).Draw(t, "marks") {
			key := markKey{
				ConversationID(rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "conversation")),
				rapid.SampledFrom([]Side{BuyerSide, MerchantSide}).Draw(t, "side"),
			}
			seq := Seq(rapid.IntRange(1, 9).Draw(t, "seq"))
			if !q.put(key, seq) {
				t.Error("refused")
			}
			want[key] = max(want[key], seq)
			if rapid.Bool().Draw(t, "take") {
				take()
			}
		}
		take()
		if fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("taken %v, put %v", got, want)
		}
	})
}

// A flood of marks is refused, not kept; what is known already can still move.
func TestMarkQueue_isBounded(t *testing.T) {
	q := newMarkQueue()
	for i := range maxPendingMarks {
		if !q.put(markKey{ConversationID(fmt.Sprint(i)), BuyerSide}, 1) {
			t.Fatalf("refused at %d", i)
		}
	}
	if q.put(markKey{"one more", BuyerSide}, 1) {
		t.Error("took one more than it may")
	}
	if !q.put(markKey{"0", BuyerSide}, 2) {
		t.Error("refused to move what it has")
	}
}

// Two generations: what is asked for stays, and memory is bounded.
func TestMemberCache(t *testing.T) {
	c := newMemberCache()
	uids := [2]UID{"U_1", "V_7"}
	c.put("kept", uids)
	for i := range 3 * memberCacheSize {
		c.put(ConversationID(fmt.Sprint(i)), uids)
		if i%1000 == 0 {
			if got, ok := c.get("kept"); !ok || got != uids {
				t.Fatalf("after %d others: %v %t", i, got, ok)
			}
		}
	}
	if n := len(c.known.young) + len(c.known.old); n > 2*memberCacheSize {
		t.Errorf("%d kept, want at most %d", n, 2*memberCacheSize)
	}
	if _, ok := c.get("0"); ok {
		t.Error("the oldest is still there")
	}
}

// Where everything has room, what is put once more drops nothing.
func TestGenerations_putAgain(t *testing.T) {
	g := generations[UID, int]{size: 2}
	for n, uid := range []UID{"V_1", "V_2", "V_3", "V_4", "V_4", "V_3"} {
		g.put(uid, n)
	}
	for n, uid := range []UID{"V_1", "V_2"} {
		if got, ok := g.old[uid]; !ok || got != n {
			t.Errorf("%s: %d %t", uid, got, ok)
		}
	}
	if got, ok := g.get("V_3"); !ok || got != 5 {
		t.Errorf("V_3: %d %t, want what was put last", got, ok)
	}
}
