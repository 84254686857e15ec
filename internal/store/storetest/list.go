package storetest

import (
	"fmt"
	"testing"
	"time"

	"haggle/internal/chat"
)

func listCases() []testCase {
	return []testCase{
		{"history pages forth and back meet", testHistory},
		{"pictures are found among much else", testImages},
		{"the inbox, newest and unread first, in pages", testInbox},
		{"a row with the same time is neither lost nor doubled", testInboxTies},
		{"the inbox of either side is its own", testInboxSides},
		{"names are found whatever their case", testSearch},
		{"the unread and the waiting, in pages", testFilters},
		{"what was ever asked about", testProductsAsked},
		{"what changed since a position, in pages", testChangedSince},
		{"unread counts conversations and messages", testUnread},
		{"positions of those with and without changes", testPositions},
		{"no limit, no rows", testNoLimit},
		{"acquainted are those with a conversation", testAcquainted},
	}
}

func testAcquainted(t *testing.T, s chat.Store) {
	talk(t, s, 1)
	for _, tc := range []struct {
		uid    chat.UID
		others []chat.UID
		want   []chat.UID
	}{
		{merchant, []chat.UID{"U_nobody", buyer}, []chat.UID{buyer}},
		{buyer, []chat.UID{merchant, "E_nobody"}, []chat.UID{merchant}},
		{merchant, []chat.UID{merchant}, nil},
		{merchant, nil, nil},
		{"V_nobody", []chat.UID{buyer}, nil},
	} {
		got, err := s.Acquainted(t.Context(), tc.uid, tc.others)
		if err != nil {
			t.Fatal(err)
		}
		look(t, fmt.Sprint(tc.uid, " of ", tc.others), tc.want, got)
	}
}

func testImages(t *testing.T, s chat.Store) {
	a := from(buyer, merchant, "first")
	c := mustAppend(t, s, a).Conversation
	image := func(key string) chat.FileID { return mustAddFile(t, s, fileOf(buyer, key)).ID }
	for i := range 4 {
		nonce := fmt.Sprint("image-", i)
		mustAppend(t, s, withFiles(from(buyer, merchant, nonce), image(fmt.Sprint("a", i)), image(fmt.Sprint("b", i))))
		mustAppend(t, s, from(buyer, merchant, nonce+"-text"))
	}
	mustAppend(t, s, withFiles(from("U_2", merchant, "other"), mustAddFile(t, s, fileOf("U_2", "o")).ID))
	recall(t, s, c.ID, 4, buyer)
	all := mustMessages(t, s, c.ID)
	for _, tc := range []struct {
		name   string
		before chat.Seq
		limit  int
		want   []chat.Message
	}{
		{"from the end", 0, 2, []chat.Message{all[5], all[7]}},
		{"before a seq", 6, 2, []chat.Message{all[1]}},
		{"all there are", 0, 50, []chat.Message{all[1], all[5], all[7]}},
		{"before the first", 2, 50, nil},
	} {
		got, err := s.MessagesWithImages(t.Context(), c.ID, tc.before, tc.limit)
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		look(t, tc.name, tc.want, got)
	}
	_, err := s.MessagesWithImages(t.Context(), "none", 0, 1)
	wantError(t, err, chat.NotFound, "")
}

func testHistory(t *testing.T, s chat.Store) {
	c := talk(t, s, 10)
	all := mustMessages(t, s, c.ID)
	for _, tc := range []struct {
		name     string
		got      func() ([]chat.Message, error)
		from, to int
	}{
		{"after 3", func() ([]chat.Message, error) { return s.MessagesAfter(t.Context(), c.ID, 3, 4) }, 3, 7},
		{"after the last", func() ([]chat.Message, error) { return s.MessagesAfter(t.Context(), c.ID, 10, 4) }, 10, 10},
		{"before 5", func() ([]chat.Message, error) { return s.MessagesBefore(t.Context(), c.ID, 5, 3) }, 1, 4},
		{"before 3, all there are", func() ([]chat.Message, error) { return s.MessagesBefore(t.Context(), c.ID, 3, 50) }, 0, 2},
		{"from the end", func() ([]chat.Message, error) { return s.MessagesBefore(t.Context(), c.ID, 0, 4) }, 6, 10},
		{"before the first", func() ([]chat.Message, error) { return s.MessagesBefore(t.Context(), c.ID, 1, 4) }, 0, 0},
	} {
		got, err := tc.got()
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
		look(t, tc.name, all[tc.from:tc.to], got)
	}
	_, _, err := s.MessageByNonce(t.Context(), c.ID, buyer, "nothing")
	wantError(t, err, chat.NotFound, "")
	_, _, err = s.MessageByNonce(t.Context(), c.ID, "U_2", "talk-0")
	wantError(t, err, chat.NotFound, "")

	// A first message is found again by whoever began with it.
	first, _, err := s.MessageByNonce(t.Context(), "", buyer, all[0].Nonce)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "in any conversation", all[0], first)
	_, _, err = s.MessageByNonce(t.Context(), "", "U_2", all[0].Nonce)
	wantError(t, err, chat.NotFound, "")
}

// pages reads a whole list page by page, following the cursors.
func pages(t *testing.T, s chat.Store, q chat.ConversationQuery) []chat.Conversation {
	t.Helper()
	side := q.UID.Side()
	var all []chat.Conversation
	for len(all) < 1000 {
		page, err := s.Conversations(t.Context(), q)
		if err != nil {
			t.Fatalf("conversations: %v", err)
		}
		all = append(all, page...)
		if len(page) < q.Limit {
			return all
		}
		last := page[len(page)-1]
		q.After = &chat.ConversationCursor{Unread: last.Sides[side].HasUnread(), LastAt: last.LastAt, ID: last.ID}
	}
	t.Fatalf("the list of %s has no end", q.UID)
	return nil
}

func buyersOf(cs []chat.Conversation) []chat.UID {
	var uids []chat.UID
	for _, c := range cs {
		uids = append(uids, c.UIDs[chat.BuyerSide])
	}
	return uids
}

func testInbox(t *testing.T, s chat.Store) {
	for i := range 7 { // U_0 the oldest; the merchant has read 1, 4 and 5
		a := from(chat.UID(fmt.Sprint("U_", i)), merchant, "n")
		a.SentAt = at.Add(time.Duration(i) * time.Second)
		c := mustAppend(t, s, a).Conversation
		if i == 1 || i == 4 || i == 5 {
			advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 1})
		}
	}
	for order, want := range map[chat.Order][]chat.UID{
		chat.NewestFirst: {"U_6", "U_5", "U_4", "U_3", "U_2", "U_1", "U_0"},
		chat.UnreadFirst: {"U_6", "U_3", "U_2", "U_0", "U_5", "U_4", "U_1"},
	} {
		for _, limit := range []int{1, 2, 3, 7, 100} {
			got := pages(t, s, chat.ConversationQuery{UID: merchant, Order: order, Limit: limit})
			look(t, fmt.Sprint(order, " by ", limit), want, buyersOf(got))
			for _, c := range got {
				if c.Last == nil || c.Last.Seq != 1 || c.Last.Blocks[0].Text != "text of n" {
					t.Errorf("last message of %s is %+v", c.UIDs[0], c.Last)
				}
			}
		}
	}
}

func testInboxTies(t *testing.T, s chat.Store) {
	for i := range 9 {
		mustAppend(t, s, from(chat.UID(fmt.Sprint("U_", i)), merchant, "n"))
	}
	for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
		seen := map[chat.UID]bool{}
		got := buyersOf(pages(t, s, chat.ConversationQuery{UID: merchant, Order: order, Limit: 2}))
		for _, uid := range got {
			seen[uid] = true
		}
		if len(got) != 9 || len(seen) != 9 {
			t.Errorf("%s: %v", order, got)
		}
	}
}

func testInboxSides(t *testing.T, s chat.Store) {
	mustAppend(t, s, from("U_1", "V_1", "n"))
	mustAppend(t, s, from("U_1", "E_1", "n"))
	mustAppend(t, s, from("U_2", "V_1", "n"))
	for uid, want := range map[chat.UID]int{"U_1": 2, "U_2": 1, "V_1": 2, "E_1": 1, "U_3": 0, "nobody": 0} {
		if got := len(pages(t, s, chat.ConversationQuery{UID: uid, Order: chat.NewestFirst, Limit: 10})); got != want {
			t.Errorf("%s has %d conversations, want %d", uid, got, want)
		}
	}
}

func testSearch(t *testing.T, s chat.Store) {
	for uid, name := range map[chat.UID]string{
		"U_1": "Ärger Müller", "U_2": "MÜLLER 100%", "U_3": "小明同学", "U_4": "Иван_Петров", "U_5": "", merchant: "müller shop",
	} {
		if err := s.PutParticipant(t.Context(), uid, name, ""); err != nil {
			t.Fatal(err)
		}
	}
	for i, uid := range []chat.UID{"U_1", "U_2", "U_3", "U_4", "U_5", "U_6"} { // U_6 has no row
		a := from(uid, merchant, "n")
		a.SentAt = at.Add(time.Duration(i) * time.Second)
		mustAppend(t, s, a)
	}
	for search, want := range map[string][]chat.UID{
		"müller": {"U_2", "U_1"}, "MÜL": {"U_2", "U_1"}, "ärger": {"U_1"}, "明同": {"U_3"}, "ПЕТР": {"U_4"},
		"%": {"U_2"}, "_": {"U_4"}, "!": nil, "shop": nil, "0%": {"U_2"},
	} {
		for _, order := range []chat.Order{chat.NewestFirst, chat.UnreadFirst} {
			got := pages(t, s, chat.ConversationQuery{UID: merchant, Order: order, Search: search, Limit: 1})
			look(t, fmt.Sprintf("%q %s", search, order), want, buyersOf(got))
		}
	}
	if got := pages(t, s, chat.ConversationQuery{UID: "U_5", Search: "SHOP", Order: chat.NewestFirst, Limit: 5}); len(got) != 1 {
		t.Errorf("the buyer finds %d merchants, want 1", len(got))
	}
}

func testChangedSince(t *testing.T, s chat.Store) {
	for i := range 5 {
		mustAppend(t, s, from(chat.UID(fmt.Sprint("U_", i)), merchant, "n"))
	}
	second := mustAppend(t, s, from("U_1", merchant, "again")) // to the end of the list
	want := []chat.UID{"U_0", "U_2", "U_3", "U_4", "U_1"}
	for limit := 1; limit <= 6; limit++ {
		look(t, fmt.Sprint("by ", limit), want, buyersOf(changes(t, s, limit)))
	}
	page, err := s.ChangedSince(t.Context(), merchant, second.Conversation.Sides[1].Pos, 10)
	if err != nil || len(page) != 0 {
		t.Errorf("after the last change: %v, %v", page, err)
	}
}

// changes pages through all that changed for the merchant.
func changes(t *testing.T, s chat.Store, limit int) []chat.Conversation {
	t.Helper()
	var all []chat.Conversation
	for after := chat.Pos(0); ; {
		page, err := s.ChangedSince(t.Context(), merchant, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range page {
			if c.Last == nil || c.Last.Seq != c.LastSeq {
				t.Errorf("last message of %s is %+v", c.UIDs[0], c.Last)
			}
			if c.Sides[1].Pos <= after {
				t.Errorf("position %d after %d", c.Sides[1].Pos, after)
			}
			after = c.Sides[1].Pos
		}
		all = append(all, page...)
		if len(page) < limit {
			return all
		}
	}
}

func testUnread(t *testing.T, s chat.Store) {
	want := func(uid chat.UID, conversations, messages int64) {
		t.Helper()
		c, m, err := s.Unread(t.Context(), uid)
		if err != nil || c != conversations || m != messages {
			t.Errorf("%s has %d messages in %d conversations unread (%v), want %d in %d", uid, m, c, err, messages, conversations)
		}
	}
	want(merchant, 0, 0)
	c := talk(t, s, 5)
	mustAppend(t, s, from("U_2", merchant, "n"))
	want(merchant, 2, 4)
	want(buyer, 1, 2)
	advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 5})
	want(merchant, 1, 1)
	want("nobody", 0, 0)
}

func testPositions(t *testing.T, s chat.Store) {
	epoch, pos, err := s.Positions(t.Context(), nil)
	if err != nil || epoch == "" || len(pos) != 0 {
		t.Errorf("positions of nobody: %q, %v, %v", epoch, pos, err)
	}
	talk(t, s, 3)
	if err := s.PutParticipant(t.Context(), "U_3", "Known", ""); err != nil {
		t.Fatal(err)
	}
	again, pos, err := s.Positions(t.Context(), []chat.UID{buyer, merchant, "U_2", "U_3"})
	if err != nil || again != epoch {
		t.Errorf("epoch %q, %v, want %q", again, err, epoch)
	}
	look(t, "positions", map[chat.UID]chat.Pos{buyer: 3, merchant: 3, "U_2": 0, "U_3": 0}, pos)
}

func testNoLimit(t *testing.T, s chat.Store) {
	c := talk(t, s, 3)
	for _, limit := range []int{0, -1} {
		after, err1 := s.MessagesAfter(t.Context(), c.ID, 0, limit)
		before, err2 := s.MessagesBefore(t.Context(), c.ID, 0, limit)
		changed, err3 := s.ChangedSince(t.Context(), buyer, 0, limit)
		inbox, err4 := s.Conversations(t.Context(), chat.ConversationQuery{UID: buyer, Order: chat.NewestFirst, Limit: limit})
		for _, err := range []error{err1, err2, err3, err4} {
			if err != nil {
				t.Error(err)
			}
		}
		if n := len(after) + len(before) + len(changed) + len(inbox); n != 0 {
			t.Errorf("limit %d: %d rows", limit, n)
		}
	}
}

func testFilters(t *testing.T, s chat.Store) {
	for i := range 6 { // of U_1 and U_4 the merchant has read, and U_4 and U_5 it has answered
		uid := chat.UID(fmt.Sprint("U_", i))
		a := from(uid, merchant, "n")
		a.SentAt = at.Add(time.Duration(i) * time.Second)
		c := mustAppend(t, s, a).Conversation
		if i == 1 || i == 4 {
			advance(t, s, chat.Mark{Conversation: c.ID, Side: chat.MerchantSide, Read: 1})
		}
		if i >= 4 {
			answer := from(merchant, uid, "answer")
			answer.SentAt = a.SentAt
			mustAppend(t, s, answer)
		}
	}
	for filter, want := range map[chat.Filter][]chat.UID{
		"":                        {"U_5", "U_4", "U_3", "U_2", "U_1", "U_0"},
		chat.AllConversations:     {"U_5", "U_4", "U_3", "U_2", "U_1", "U_0"},
		chat.UnreadConversations:  {"U_5", "U_3", "U_2", "U_0"},
		chat.WaitingConversations: {"U_3", "U_2", "U_1", "U_0"},
		chat.PinnedConversations:  nil, // see testPinned
	} {
		for _, limit := range []int{1, 2, 3, 100} {
			got := pages(t, s, chat.ConversationQuery{UID: merchant, Filter: filter, Limit: limit})
			look(t, fmt.Sprintf("%q by %d", filter, limit), want, buyersOf(got))
		}
	}
	for uid, want := range map[chat.UID]int{"U_4": 1, "U_3": 0} { // who was answered has the next word
		got := pages(t, s, chat.ConversationQuery{UID: uid, Filter: chat.WaitingConversations, Limit: 10})
		if len(got) != want {
			t.Errorf("%d wait for %s, want %d", len(got), uid, want)
		}
	}
}

func testProductsAsked(t *testing.T, s chat.Store) {
	ask := func(uid chat.UID, nonce string, product chat.ProductID, after time.Duration) chat.ConversationID {
		t.Helper()
		a := from(uid, merchant, nonce)
		a.Product, a.SentAt = product, at.Add(after)
		return mustAppend(t, s, a).Conversation.ID
	}
	id := ask(buyer, "1", "mug", 0)
	ask(buyer, "2", "mug", time.Minute) // still about it
	ask(buyer, "3", "pen", 2*time.Minute)
	ask(buyer, "4", "", 3*time.Minute)
	ask(buyer, "5", "mug", 4*time.Minute) // again
	ask("U_2", "1", "pen", 5*time.Minute)
	got, err := s.ProductsAsked(t.Context(), id, 10)
	if err != nil {
		t.Fatal(err)
	}
	look(t, "asked about", []chat.AskedAbout{
		{Product: "mug", FirstAt: at, LastAt: at.Add(4 * time.Minute)},
		{Product: "pen", FirstAt: at.Add(2 * time.Minute), LastAt: at.Add(2 * time.Minute)},
	}, got)
	if got, err = s.ProductsAsked(t.Context(), id, 1); err != nil || len(got) != 1 || got[0].Product != "mug" {
		t.Errorf("the last one: %v, %v", got, err)
	}
	for product, want := range map[chat.ProductID][]chat.UID{"pen": {"U_2", buyer}, "mug": {buyer}, "cup": nil} {
		for _, filter := range []chat.Filter{chat.AllConversations, chat.UnreadConversations, chat.WaitingConversations} {
			list := pages(t, s, chat.ConversationQuery{UID: merchant, Filter: filter, Product: product, Limit: 1})
			look(t, fmt.Sprint(filter, " of ", product), want, buyersOf(list))
		}
	}
}
