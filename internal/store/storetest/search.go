package storetest

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

func searchCases() []testCase {
	return []testCase{
		{"发货, two characters of Chinese, are found", testFindChinese},
		{"words are found by their beginning, whatever their case", testFindWords},
		{"nobody finds what others said", testFindOwn},
		{"in pages, the latest first, also of one millisecond", testFindPages},
		{"what is recalled is not found, whenever it was indexed", testFindRecalled},
		{"what is found holds what was searched for, and nothing is missed", testFindAll},
		{"a search for nothing finds nothing", testFindNothing},
	}
}

// say stores a message that says what, n milliseconds after at, and returns it.
func say(t *testing.T, s chat.Store, sender, other chat.UID, n int, what string) chat.Message {
	t.Helper()
	a := from(sender, other, fmt.Sprintf("say-%s-%d", other, n))
	a.Blocks, a.SentAt = text(what), at.Add(time.Duration(n)*time.Millisecond)
	return mustAppend(t, s, a).Message
}

func indexAll(t *testing.T, s chat.Store) {
	t.Helper()
	for {
		n, err := s.IndexMessages(t.Context(), 3)
		if err != nil {
			t.Fatalf("index: %v", err)
		}
		if n == 0 {
			return
		}
	}
}

// found returns what messages found say.
func found(t *testing.T, s chat.Store, q chat.MessageQuery) []string {
	t.Helper()
	if q.Limit == 0 {
		q.Limit = 100
	}
	list, err := s.SearchMessages(t.Context(), q)
	if err != nil {
		t.Fatalf("search %q: %v", q.Text, err)
	}
	var said []string
	for _, f := range list {
		if f.Message.Conversation != f.Conversation.ID || f.Conversation.SideOf(q.UID) == chat.NoSide {
			t.Errorf("message of %s in %s, for %s", f.Message.Conversation, f.Conversation.ID, q.UID)
		}
		said = append(said, f.Message.Blocks[0].Text)
	}
	return said
}

func testFindChinese(t *testing.T, s chat.Store) {
	for i, what := range []string{"你好", "今天发货吗？", "货还没有发", "明天发货"} {
		say(t, s, buyer, merchant, i, what)
	}
	indexAll(t, s)
	for search, want := range map[string][]string{
		"发货":    {"明天发货", "今天发货吗？"},
		"货":     {"明天发货", "货还没有发", "今天发货吗？"},
		"发货 明天": {"明天发货"},
		"今天发货吗": {"今天发货吗？"},
		"发货了":   nil,
	} {
		look(t, search, want, found(t, s, chat.MessageQuery{UID: merchant, Text: search}))
	}
}

func testFindWords(t *testing.T, s chat.Store) {
	for i, what := range []string{"Is the iPhone 15 in stock?", "STRASSE 5, order AB-12", "say \"hi\" AND owner : NOT"} {
		say(t, s, buyer, merchant, i, what)
	}
	indexAll(t, s)
	for search, want := range map[string][]string{
		"iph stock":      {"Is the iPhone 15 in stock?"},
		"phone":          nil,
		"straße":         {"STRASSE 5, order AB-12"},
		"ab-12":          {"STRASSE 5, order AB-12"},
		`"hi" AND NOT`:   {"say \"hi\" AND owner : NOT"},
		"owner : x OR *": nil,
	} {
		look(t, search, want, found(t, s, chat.MessageQuery{UID: buyer, Text: search}))
	}
}

func testFindOwn(t *testing.T, s chat.Store) {
	mine := say(t, s, "U_a", "V_1", 1, "parcel for a")
	say(t, s, "U_A", "V_1", 2, "parcel for A")
	say(t, s, "U_a", "V_2", 3, "parcel elsewhere")
	indexAll(t, s)
	for uid, want := range map[chat.UID][]string{
		"U_a": {"parcel elsewhere", "parcel for a"},
		"U_A": {"parcel for A"},
		"V_1": {"parcel for A", "parcel for a"},
		"V_2": {"parcel elsewhere"},
		"V_3": nil,
	} {
		look(t, string(uid), want, found(t, s, chat.MessageQuery{UID: uid, Text: "parcel"}))
	}
	look(t, "in one conversation", []string{"parcel for a"},
		found(t, s, chat.MessageQuery{UID: "U_a", Conversation: mine.Conversation, Text: "parcel"}))
	look(t, "in another's", []string(nil), found(t, s, chat.MessageQuery{UID: "U_A", Conversation: mine.Conversation, Text: "parcel"}))
}

func testFindPages(t *testing.T, s chat.Store) {
	var want []string
	for i := range 10 {
		what := fmt.Sprintf("parcel %d", i)
		a := from(chat.UID(fmt.Sprintf("U_%d", i%3)), merchant, what)
		a.Blocks, a.SentAt = text(what), at.Add(time.Duration(i/4)*time.Millisecond)
		mustAppend(t, s, a)
		want = append(want, what)
	}
	indexAll(t, s)
	seen, latest := map[string]bool{}, at.Add(time.Hour)
	q := chat.MessageQuery{UID: merchant, Text: "parcel", Limit: 3}
	for {
		page, err := s.SearchMessages(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range page {
			if f.Message.SentAt.After(latest) {
				t.Errorf("%v after %v", f.Message.SentAt, latest)
			}
			seen[f.Message.Blocks[0].Text], latest, q.Before = true, f.Message.SentAt, f.Place
		}
		if len(page) < q.Limit {
			break
		}
	}
	for _, what := range want {
		if !seen[what] {
			t.Errorf("%q is on no page", what)
		}
	}
	look(t, "no limit", []string(nil), found(t, s, chat.MessageQuery{UID: merchant, Text: "parcel", Limit: -1}))
}

func testFindRecalled(t *testing.T, s chat.Store) {
	before := say(t, s, buyer, merchant, 1, "parcel recalled later")
	indexAll(t, s)
	after := say(t, s, buyer, merchant, 2, "parcel recalled at once")
	say(t, s, buyer, merchant, 3, "parcel kept")
	for _, m := range []chat.Message{before, after} {
		r := chat.RecallRequest{Conversation: m.Conversation, Seq: m.Seq, By: buyer, At: at.Add(time.Second)}
		if _, err := s.Recall(t.Context(), r); err != nil {
			t.Fatal(err)
		}
	}
	indexAll(t, s)
	look(t, "found", []string{"parcel kept"}, found(t, s, chat.MessageQuery{UID: buyer, Text: "parcel"}))
}

// The rule of package terms is the oracle.
func testFindAll(t *testing.T, s chat.Store) {
	some := rapid.StringOfN(rapid.RuneFrom([]rune("发货了天ab1 ,é")), 1, 12, -1)
	said, n := []string{}, 0
	rapid.Check(t, func(r *rapid.T) {
		for range 3 {
			what := some.Draw(r, "message")
			n++
			say(t, s, buyer, merchant, n, what)
			said = append(said, what)
		}
		indexAll(t, s)
		search := some.Draw(r, "search")
		var want []string
		for _, what := range slices.Backward(said) {
			if terms.Parse(search).Match(terms.Cut(what)) {
				want = append(want, what)
			}
		}
		look(r, search, want, found(t, s, chat.MessageQuery{UID: merchant, Text: search, Limit: 10_000}))
	})
}

func testFindNothing(t *testing.T, s chat.Store) {
	say(t, s, buyer, merchant, 1, "😀 !? parcel")
	indexAll(t, s)
	for _, search := range []string{"", " ", "!?", "😀", "\"", "*"} {
		look(t, search, []string(nil), found(t, s, chat.MessageQuery{UID: buyer, Text: search}))
	}
}
