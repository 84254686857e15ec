package storetest

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"haggle/internal/chat"
	"haggle/internal/compat/legacy"
)

// LegacyStore is a chat.Store that the PHP chat's door can be built on.
type LegacyStore interface {
	chat.Store
	legacy.Store
}

// RunLegacy checks the stores that open returns, each empty and its own.
func RunLegacy(t *testing.T, open func(t *testing.T) LegacyStore) {
	for name, run := range map[string]func(*testing.T, LegacyStore){
		"a message has one number, for ever":                       testLegacyNumbers,
		"numbers that are asked for at once are one each":          testLegacyNumbersTogether,
		"what comes in is there, in order":                         testImport,
		"a number comes in once":                                   testImportOnce,
		"what was read is read, and what was answered too":         testImportMarks,
		"nothing is put before what was said here":                 testImportLate,
		"a late message hides nothing that is unread":              testImportLateMarks,
		"pictures come in with their message, or not at all":       testImportFiles,
		"what comes in is a change like any other":                 testImportChanges,
		"numbers of the store's own are not the old table's":       testImportNumbers,
		"everything goes out, once, in the order of numbers":       testExport,
		"what goes out of a conversation is in its order":          testExportInOrder,
		"an export of more than one step numbers all of it, once":  testExportSteps,
		"however it is cut, what comes in is the same in the end":  testImportChunks,
		"messages said meanwhile and messages coming in get along": testImportTogether,
	} {
		t.Run(name, func(t *testing.T) { run(t, open(t)) })
	}
}

// old is a message of the old chat's, of the buyer or of the merchant.
func old(num int, sender chat.Side) legacy.Message {
	return legacy.Message{
		Num: legacy.Num(num), Buyer: buyer, Merchant: merchant, Sender: sender,
		Blocks: text(fmt.Sprintf("old %d", num)), SentAt: at.Add(time.Duration(num) * time.Minute),
	}
}

func mustImport(ctx context.Context, t tb, s legacy.Store, want legacy.Outcome, ms ...legacy.Message) {
	t.Helper()
	got, err := s.Import(ctx, ms)
	if err != nil {
		t.Fatalf("import: %v", err)
	}
	if len(got) != len(ms) {
		t.Fatalf("%d outcomes of %d messages", len(got), len(ms))
	}
	for i, o := range got {
		if o != want {
			t.Errorf("outcome of message %d is %d, want %d", ms[i].Num, o, want)
		}
	}
}

func between(t *testing.T, s chat.Store) (chat.Conversation, []chat.Message) {
	t.Helper()
	c, err := s.ConversationBetween(t.Context(), buyer, merchant)
	if err != nil {
		t.Fatalf("conversation: %v", err)
	}
	return c, mustMessages(t, s, c.ID)
}

func testLegacyNumbers(t *testing.T, s LegacyStore) {
	c := talk(t, s, 5)
	other := mustAppend(t, s, from("U_2", merchant, "x")).Conversation
	ask := func(id chat.ConversationID, seqs ...chat.Seq) map[chat.Seq]legacy.Num {
		t.Helper()
		nums, err := s.Numbers(t.Context(), id, seqs)
		if err != nil {
			t.Fatalf("numbers: %v", err)
		}
		return nums
	}
	const n = legacy.FirstOwn
	look(t, "numbers", map[chat.Seq]legacy.Num{2: n + 1, 4: n + 3}, ask(c.ID, 2, 4, 99)) // of 5, but those after what is there
	look(t, "another conversation's", map[chat.Seq]legacy.Num{1: n + 5}, ask(other.ID, 1))
	look(t, "asked for again, with others", map[chat.Seq]legacy.Num{1: n, 2: n + 1, 4: n + 3}, ask(c.ID, 1, 2, 4))
	look(t, "of no conversation", map[chat.Seq]legacy.Num{}, ask("nobody", 1))
}

func testLegacyNumbersTogether(t *testing.T, s LegacyStore) {
	c := talk(t, s, 40)
	var mu sync.Mutex
	seen := make(map[chat.Seq]legacy.Num)
	taken := make(map[legacy.Num]chat.Seq)
	var wg sync.WaitGroup
	for i := range 20 {
		wg.Go(func() {
			seqs := []chat.Seq{chat.Seq(i + 1), chat.Seq(i + 11), chat.Seq(i + 21)}
			nums, err := s.Numbers(t.Context(), c.ID, seqs)
			if err != nil || len(nums) != 3 {
				t.Errorf("numbers: %v, %v", nums, err)
			}
			mu.Lock()
			defer mu.Unlock()
			for seq, num := range nums {
				if before, ok := seen[seq]; ok && before != num {
					t.Errorf("message %d has the numbers %d and %d", seq, before, num)
				}
				if other, ok := taken[num]; ok && other != seq {
					t.Errorf("messages %d and %d have the number %d", seq, other, num)
				}
				seen[seq], taken[num] = num, seq
			}
		})
	}
	wg.Wait()
}

func testImport(t *testing.T, s LegacyStore) {
	online := true
	ms := []legacy.Message{old(7, chat.BuyerSide), old(8, chat.MerchantSide), old(3, chat.BuyerSide)}
	ms[1].Blocks = append(text(everyText()), chat.Block{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: chat.NoticeBadBytes, Detail: "x"}})
	ms[1].RecipientOnline = &online
	ms[2].Product, ms[2].SentAt = "1001", at // the old clock went back
	elsewhere := old(9, chat.MerchantSide)
	elsewhere.Buyer, elsewhere.Merchant = "U_2", "E_2"
	mustImport(t.Context(), t, s, legacy.Stored, append(ms, elsewhere)...)
	c, got := between(t, s)
	if len(got) != 3 || c.LastSeq != 3 || c.Product != "1001" || !c.LastAt.Equal(at.Add(8*time.Minute)) || !c.CreatedAt.Equal(at.Add(7*time.Minute)) {
		t.Errorf("the conversation is %+v with %d messages", c, len(got))
	}
	for i, m := range got {
		want := chat.Message{
			Conversation: c.ID, Seq: chat.Seq(i + 1), Rev: chat.Rev(i + 1), Sender: c.UIDs[ms[i].Sender], Nonce: m.Nonce,
			Blocks: ms[i].Blocks, SentAt: ms[i].SentAt, Ordinal: []int64{1, 1, 2}[i], RecipientOnline: ms[i].RecipientOnline,
		}
		look(t, fmt.Sprintf("message %d", i+1), want, m)
		nums, err := s.Numbers(t.Context(), c.ID, []chat.Seq{m.Seq})
		if err != nil || nums[m.Seq] != ms[i].Num {
			t.Errorf("its number is %v, %v, want %d", nums, err, ms[i].Num)
		}
	}
	if _, err := s.ConversationBetween(t.Context(), "U_2", "E_2"); err != nil {
		t.Errorf("the other conversation: %v", err)
	}
	for _, bad := range []legacy.Num{0, -1, legacy.FirstOwn} {
		m := old(1, chat.BuyerSide)
		m.Num = bad
		_, err := s.Import(t.Context(), []legacy.Message{m})
		wantError(t, err, chat.Invalid, "invalid_num")
	}
	m := old(1, chat.BuyerSide)
	m.Merchant = "U_9"
	_, err := s.Import(t.Context(), []legacy.Message{m})
	wantError(t, err, chat.Invalid, "invalid_uid")
}

func testImportOnce(t *testing.T, s LegacyStore) {
	mustImport(t.Context(), t, s, legacy.Stored, old(1, chat.BuyerSide), old(2, chat.BuyerSide))
	taken := old(2, chat.MerchantSide) // of another table
	taken.Buyer = "U_2"
	again := old(2, chat.BuyerSide) // whatever it says now
	again.Blocks = []chat.Block{{Type: chat.TextBlock, Text: "changed"}}
	got, err := s.Import(t.Context(), []legacy.Message{taken, again, old(3, chat.BuyerSide), old(3, chat.BuyerSide), old(1, chat.BuyerSide)})
	if err != nil {
		t.Fatal(err)
	}
	look(t, "outcomes", []legacy.Outcome{legacy.Taken, legacy.Known, legacy.Stored, legacy.Known, legacy.Known}, got)
	if _, ms := between(t, s); len(ms) != 3 {
		t.Errorf("%d messages, want 3", len(ms))
	}
	if _, err := s.ConversationBetween(t.Context(), "U_2", merchant); chat.KindOf(err) != chat.NotFound {
		t.Errorf("a message that was not stored began a conversation: %v", err)
	}
}

// sides checks delivered, read and unread of both sides.
func sides(t *testing.T, s chat.Store, buyerSide, merchantSide [3]int64) {
	t.Helper()
	c, _ := between(t, s)
	for side, want := range [][3]int64{buyerSide, merchantSide} {
		st := c.Sides[side]
		if got := [3]int64{int64(st.Delivered), int64(st.Read), st.Unread}; got != want {
			t.Errorf("side %d: delivered, read and unread are %v, want %v", side, got, want)
		}
	}
}

func testImportMarks(t *testing.T, s LegacyStore) {
	read, delivered := old(2, chat.BuyerSide), old(3, chat.BuyerSide)
	read.Read, delivered.Delivered = true, true
	mustImport(t.Context(), t, s, legacy.Stored, old(1, chat.BuyerSide))
	sides(t, s, [3]int64{1, 1, 0}, [3]int64{0, 0, 1})
	mustImport(t.Context(), t, s, legacy.Stored, read)
	sides(t, s, [3]int64{2, 2, 0}, [3]int64{2, 2, 0})
	mustImport(t.Context(), t, s, legacy.Stored, delivered, old(4, chat.BuyerSide))
	sides(t, s, [3]int64{4, 4, 0}, [3]int64{3, 2, 2})
	mustImport(t.Context(), t, s, legacy.Stored, old(5, chat.MerchantSide), old(6, chat.MerchantSide))
	sides(t, s, [3]int64{4, 4, 2}, [3]int64{6, 6, 0})
	// The store goes on counting from there.
	c, _ := between(t, s)
	if _, err := s.Advance(t.Context(), []chat.Mark{{Conversation: c.ID, Side: chat.BuyerSide, Read: 5}}); err != nil {
		t.Fatal(err)
	}
	sides(t, s, [3]int64{5, 5, 1}, [3]int64{6, 6, 0})
}

func testImportLate(t *testing.T, s LegacyStore) {
	mustImport(t.Context(), t, s, legacy.Stored, old(1, chat.BuyerSide))
	a := from(buyer, merchant, "here")
	a.SentAt = at.Add(time.Hour)
	mustAppend(t, s, a)
	mustImport(t.Context(), t, s, legacy.Refused, old(2, chat.MerchantSide))
	sure := old(2, chat.MerchantSide)
	sure.Late = true
	mustImport(t.Context(), t, s, legacy.StoredLate, sure)
	mustImport(t.Context(), t, s, legacy.Known, old(2, chat.MerchantSide))
	younger := old(70, chat.BuyerSide) // after all that was said here
	mustImport(t.Context(), t, s, legacy.Stored, younger)
	c, ms := between(t, s)
	if len(ms) != 4 {
		t.Fatalf("%d messages, want 4", len(ms))
	}
	want := append([]chat.Block{{Type: chat.NoticeBlock, Notice: &chat.Notice{Code: chat.NoticeLate}}}, sure.Blocks...)
	look(t, "the late one's blocks", want, ms[2].Blocks)
	look(t, "the others'", younger.Blocks, ms[3].Blocks)
	if !ms[2].SentAt.Equal(sure.SentAt) || !c.LastAt.Equal(younger.SentAt) {
		t.Errorf("the late one is of %v, the conversation's last of %v", ms[2].SentAt, c.LastAt)
	}
}

func testImportLateMarks(t *testing.T, s LegacyStore) {
	a := from(buyer, merchant, "unread")
	a.SentAt = at.Add(time.Hour)
	mustAppend(t, s, a)
	late := func(num int, side chat.Side) legacy.Message {
		m := old(num, side)
		m.Late, m.Read = true, true
		return m
	}
	mustImport(t.Context(), t, s, legacy.StoredLate, late(1, chat.BuyerSide), late(2, chat.MerchantSide))
	c, _ := between(t, s)
	if st := c.Sides[chat.MerchantSide]; st.Read != 0 || st.Delivered != 0 || st.Unread != 2 {
		t.Errorf("the merchant's side is %+v: what was said here is not read", st)
	}
	// Where nothing is unread, what was read stays so.
	if _, err := s.Advance(t.Context(), []chat.Mark{{Conversation: c.ID, Side: chat.MerchantSide, Read: 3}, {Conversation: c.ID, Side: chat.BuyerSide, Read: 3}}); err != nil {
		t.Fatal(err)
	}
	mustImport(t.Context(), t, s, legacy.StoredLate, late(3, chat.BuyerSide), late(4, chat.MerchantSide))
	sides(t, s, [3]int64{5, 5, 0}, [3]int64{5, 5, 0})
}

func testImportFiles(t *testing.T, s LegacyStore) {
	for id, uploader := range map[chat.FileID]chat.UID{"mine": buyer, "theirs": merchant} {
		f := chat.File{ID: id, Uploader: uploader, Key: chat.Nonce(id), Hash: []byte("h"), Type: "image/png", Width: 1, Height: 1, CreatedAt: at}
		if _, _, err := s.AddFile(t.Context(), f); err != nil {
			t.Fatal(err)
		}
	}
	with := func(num int, file chat.FileID) legacy.Message {
		m := old(num, chat.BuyerSide)
		m.Blocks = []chat.Block{{Type: chat.ImageBlock, Image: &chat.Image{File: file, Width: 1, Height: 1}}}
		return m
	}
	for _, file := range []chat.FileID{"theirs", "nobody's"} {
		_, err := s.Import(t.Context(), []legacy.Message{old(1, chat.BuyerSide), with(2, file)})
		wantError(t, err, chat.Denied, "file_not_yours")
	}
	if _, err := s.ConversationBetween(t.Context(), buyer, merchant); chat.KindOf(err) != chat.NotFound {
		t.Errorf("a refused import left a conversation: %v", err)
	}
	mustImport(t.Context(), t, s, legacy.Stored, with(2, "mine"))
	c, _ := between(t, s)
	files, err := s.Files(t.Context(), []chat.FileID{"mine"})
	if err != nil || files["mine"].Conversation != c.ID {
		t.Errorf("the file is %+v, %v", files["mine"], err)
	}
	mustImport(t.Context(), t, s, legacy.Known, with(2, "mine"))
	_, err = s.Import(t.Context(), []legacy.Message{with(3, "mine")})
	wantError(t, err, chat.Denied, "file_not_yours")
}

func testImportChanges(t *testing.T, s LegacyStore) {
	mustImport(t.Context(), t, s, legacy.Stored, old(1, chat.BuyerSide), old(2, chat.MerchantSide))
	for _, uid := range []chat.UID{buyer, merchant} {
		_, pos, err := s.Positions(t.Context(), []chat.UID{uid})
		if err != nil || pos[uid] != 2 {
			t.Errorf("%s is at %v, %v, want 2", uid, pos, err)
		}
		changed, err := s.ChangedSince(t.Context(), uid, 1, 10)
		if err != nil || len(changed) != 1 || changed[0].Last == nil || changed[0].Last.Seq != 2 {
			t.Errorf("changed for %s: %+v, %v", uid, changed, err)
		}
	}
}

func testImportNumbers(t *testing.T, s LegacyStore) {
	c := talk(t, s, 1)
	if nums, err := s.Numbers(t.Context(), c.ID, []chat.Seq{1}); err != nil || nums[1] != legacy.FirstOwn {
		t.Errorf("number %v, %v", nums, err)
	}
	high := old(1, chat.BuyerSide)
	high.Num, high.SentAt = legacy.FirstOwn-1, at.Add(time.Hour)
	mustImport(t.Context(), t, s, legacy.Stored, high)
	mustAppend(t, s, from(buyer, merchant, "next"))
	if nums, err := s.Numbers(t.Context(), c.ID, []chat.Seq{2, 3}); err != nil || nums[2] != high.Num || nums[3] != legacy.FirstOwn+1 {
		t.Errorf("numbers %v, %v", nums, err)
	}
}

func exportAll(t *testing.T, s legacy.Store, step int) []legacy.Numbered {
	t.Helper()
	var all []legacy.Numbered
	after := legacy.Num(0)
	for {
		page, err := s.Export(t.Context(), after, step)
		if err != nil {
			t.Fatalf("export: %v", err)
		}
		all = append(all, page...)
		if len(page) < step {
			return all
		}
		after = page[len(page)-1].Num
	}
}

func testExport(t *testing.T, s LegacyStore) {
	read := old(20, chat.BuyerSide)
	read.Read = true
	mustImport(t.Context(), t, s, legacy.Stored, read, old(10, chat.MerchantSide))
	mustAppend(t, s, from("U_2", merchant, "here"))
	all := exportAll(t, s, 2)
	if len(all) != 3 {
		t.Fatalf("%d messages go out, want 3", len(all))
	}
	for i, want := range []legacy.Numbered{
		{Num: 10, Buyer: buyer, Merchant: merchant},
		{Num: 20, Buyer: buyer, Merchant: merchant, Read: true},
		{Num: legacy.FirstOwn, Buyer: "U_2", Merchant: merchant},
	} {
		got := all[i]
		if got.Message.Seq == 0 || got.Message.Sender == "" || len(got.Message.Blocks) != 1 {
			t.Errorf("message %d is %+v", i, got.Message)
		}
		got.Message = chat.Message{}
		look(t, fmt.Sprintf("row %d", i), want, got)
	}
	look(t, "the same again", all, exportAll(t, s, 100))
}

func testExportInOrder(t *testing.T, s LegacyStore) {
	mustImport(t.Context(), t, s, legacy.Stored, old(1, chat.BuyerSide))
	for i := range 4 {
		mustAppend(t, s, from(buyer, merchant, fmt.Sprint("said ", i)))
		mustAppend(t, s, from("U_2", merchant, fmt.Sprint("aside ", i)))
	}
	c, _ := between(t, s)
	for _, seqs := range [][]chat.Seq{{4}, {2, 3}, {5}} { // an old page got these, in that order
		if _, err := s.Numbers(t.Context(), c.ID, seqs); err != nil {
			t.Fatal(err)
		}
	}
	last := make(map[chat.ConversationID]chat.Seq)
	all := exportAll(t, s, 2)
	for i := range all {
		m := &all[i].Message
		if m.Seq != last[m.Conversation]+1 {
			t.Errorf("row %d is message %d of its conversation, after %d", all[i].Num, m.Seq, last[m.Conversation])
		}
		last[m.Conversation] = m.Seq
	}
	if len(all) != 9 {
		t.Errorf("%d messages go out, want 9", len(all))
	}
}

func testExportSteps(t *testing.T, s LegacyStore) {
	const n = 5500
	ms := make([]legacy.Message, n)
	for i := range ms {
		ms[i] = old(i+1, chat.BuyerSide)
		ms[i].Buyer = chat.UID(fmt.Sprintf("U_%d", i%7+10))
	}
	mustImport(t.Context(), t, s, legacy.Stored, ms...)
	for i := range 300 {
		mustAppend(t, s, from(chat.UID(fmt.Sprintf("U_%d", i%5+10)), merchant, fmt.Sprint("n", i)))
	}
	all := exportAll(t, s, 1000)
	if len(all) != n+300 {
		t.Fatalf("%d messages go out, want %d", len(all), n+300)
	}
	for i := range all {
		want := legacy.Num(i + 1)
		if i >= n {
			want = legacy.FirstOwn + legacy.Num(i-n)
		}
		if all[i].Num != want {
			t.Fatalf("row %d has number %d, want %d", i, all[i].Num, want)
		}
	}
}

func testImportChunks(t *testing.T, s LegacyStore) {
	ctx := t.Context()
	rounds := 0
	rapid.Check(t, func(t *rapid.T) {
		// The store is the same in all rounds: each has people and numbers of its own.
		rounds++
		n := rapid.IntRange(1, 30).Draw(t, "messages")
		ms := make([]legacy.Message, n)
		for i := range ms {
			ms[i] = old(rounds*1000+i, chat.Side(rapid.IntRange(0, 1).Draw(t, "side")))
			ms[i].Buyer = chat.UID(fmt.Sprintf("U_%d-%d", rounds, rapid.IntRange(0, 2).Draw(t, "buyer")))
			ms[i].Read = rapid.Bool().Draw(t, "read")
			ms[i].Delivered = ms[i].Read || rapid.Bool().Draw(t, "delivered")
		}
		twin := func(m legacy.Message) legacy.Message {
			m.Num += 500
			m.Merchant = "E_2"
			return m
		}
		mustImport(ctx, t, s, legacy.Stored, ms...)
		for rest := ms; len(rest) > 0; {
			cut := rapid.IntRange(1, len(rest)).Draw(t, "cut")
			chunk := make([]legacy.Message, cut)
			for i := range chunk {
				chunk[i] = twin(rest[i])
			}
			mustImport(ctx, t, s, legacy.Stored, chunk...)
			rest = rest[cut:]
		}
		for i := range 3 {
			uid := chat.UID(fmt.Sprintf("U_%d-%d", rounds, i))
			whole, err := s.ConversationBetween(ctx, uid, merchant)
			cut, err2 := s.ConversationBetween(ctx, uid, "E_2")
			if (err == nil) != (err2 == nil) {
				t.Fatalf("%v, %v", err, err2)
			}
			for side := range whole.Sides {
				whole.Sides[side].Pos, cut.Sides[side].Pos = 0, 0
			}
			whole.ID, whole.UIDs, cut.ID, cut.UIDs = "", [2]chat.UID{}, "", [2]chat.UID{}
			look(t, "the conversation in one and in pieces", whole, cut)
		}
	})
}

func testImportTogether(t *testing.T, s LegacyStore) {
	var wg sync.WaitGroup
	comeIn := func(i int) {
		var ms []legacy.Message
		for j := range 25 {
			m := old(i*25+j+1, chat.BuyerSide)
			m.Late = true
			ms = append(ms, m)
		}
		if _, err := s.Import(t.Context(), ms); err != nil {
			t.Errorf("import: %v", err)
		}
	}
	say := func(i int) {
		for j := range 10 {
			if _, err := s.Append(t.Context(), from(buyer, merchant, fmt.Sprintf("here-%d-%d", i, j))); err != nil {
				t.Errorf("append: %v", err)
			}
		}
	}
	for i := range 8 {
		wg.Go(func() { comeIn(i) })
		wg.Go(func() { say(i) })
	}
	wg.Wait()
	c, ms := between(t, s)
	if len(ms) != 8*25+8*10 || int64(c.LastSeq) != int64(len(ms)) {
		t.Errorf("%d messages, last seq %d", len(ms), c.LastSeq)
	}
	for i, m := range ms {
		if m.Seq != chat.Seq(i+1) || m.Ordinal != int64(i+1) {
			t.Fatalf("message %d has seq %d and ordinal %d", i, m.Seq, m.Ordinal)
		}
	}
	if all := exportAll(t, s, 100); len(all) != len(ms) {
		t.Errorf("%d go out, want %d", len(all), len(ms))
	}
}
