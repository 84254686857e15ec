package chat_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// recorder is a bus that remembers what was published.
type recorder struct {
	testkit.DeadBus

	presence chat.Presence

	mu     sync.Mutex
	events []announced // guarded by mu
}

type announced struct {
	Topics []chat.Topic
	chat.Event
}

func (r *recorder) Publish(_ context.Context, topics []chat.Topic, ev chat.Event) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events = append(r.events, announced{topics, ev})
	return r.Err
}

func (r *recorder) Cached(chat.UID) chat.Presence { return r.presence }

func (r *recorder) Presence(_ context.Context, uids []chat.UID) map[chat.UID]chat.Presence {
	found := make(map[chat.UID]chat.Presence)
	for _, uid := range uids {
		found[uid] = r.presence
	}
	return found
}

func (r *recorder) take() []announced {
	r.mu.Lock()
	defer r.mu.Unlock()
	events := r.events
	r.events = nil
	return events
}

// allowance is a limiter that allows so much of each action, for ever.
type allowance map[chat.Action]int

func (a allowance) Allow(action chat.Action, _ string) (time.Duration, bool) {
	left, limited := a[action]
	if limited && left == 0 {
		return 3 * time.Second, false
	}
	a[action] = left - 1
	return 0, true
}

var (
	buyer    = chat.Actor{UID: "U_42"}
	stranger = chat.Actor{UID: "U_43"}
	seller   = chat.Actor{UID: "V_7", Agent: "alice", AgentName: "Alice"}
	rival    = chat.Actor{UID: "E_9", Agent: "bob"}
)

// world is a service over a store in memory: V_7 sells 1001 and 1002, and 1003
// no longer; E_9 sells 2001.
type world struct {
	*chat.Service

	store *testkit.MemStore
	flaky *testkit.FlakyStore
	bus   *recorder
	limit allowance

	warned bytes.Buffer // see slow

	askers int // so many have asked, see asks
}

func newWorld(t *testing.T) *world {
	t.Helper()
	w := &world{store: testkit.NewMemStore(), bus: &recorder{}, limit: make(allowance)}
	w.flaky = &testkit.FlakyStore{Store: w.store}
	limits := chat.DefaultLimits()
	limits.TextRunes, limits.Blocks, limits.Images, limits.PageSize = 20, 4, 2, 3
	w.Service = chat.NewService(w.flaky, w.bus, w.limit, limits, slog.New(slog.DiscardHandler))
	for id, merchant := range map[chat.ProductID]chat.UID{"1001": "V_7", "1002": "V_7", "1003": "V_7", "2001": "E_9"} {
		err := w.Backend().PutProduct(t.Context(), chat.Product{
			ID: id, Merchant: merchant, Title: "Thing " + string(id), Kind: chat.Virtual, Price: chat.Money{Amount: 5, Currency: "CNY"},
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Backend().DeleteProduct(t.Context(), "1003"); err != nil {
		t.Fatal(err)
	}
	return w
}

func text(s string) []chat.DraftBlock { return []chat.DraftBlock{{Type: chat.TextBlock, Text: s}} }

// begin has the buyer ask about 1001.
func (w *world) begin(t *testing.T) chat.ConversationID {
	t.Helper()
	done, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "first", Blocks: text("hi")}, "")
	if err != nil {
		t.Fatal(err)
	}
	w.bus.take()
	return done.Conversation.ID
}

func (w *world) upload(t *testing.T, id chat.FileID, by chat.UID) {
	t.Helper()
	if _, _, err := w.store.AddFile(t.Context(), chat.File{ID: id, Uploader: by, Key: chat.Nonce(id), Width: 3, Height: 4}); err != nil {
		t.Fatal(err)
	}
}

func wantCode(t *testing.T, err error, code string) {
	t.Helper()
	if e := chat.AsError(err); err == nil || e.Code != code {
		t.Errorf("error = %v, want code %s", err, code)
	}
}

func TestSend_begins(t *testing.T) {
	w := newWorld(t)
	w.bus.presence = chat.Offline
	done, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "n1", Blocks: text("hi")}, "s1")
	if err != nil {
		t.Fatal(err)
	}
	m := done.Message
	if !done.Begun || m.Seq != 1 || m.Sender != buyer.UID || done.Conversation.UIDs != [2]chat.UID{"U_42", "V_7"} || done.Conversation.Product != "1001" {
		t.Errorf("done = %+v", done)
	}
	if m.RecipientOnline == nil || *m.RecipientOnline {
		t.Errorf("RecipientOnline = %v, want false: the bus knew", m.RecipientOnline)
	}
	events := w.bus.take()
	if len(events) != 2 || events[0].Conversation == nil || events[1].Message == nil {
		t.Fatalf("announced %+v, want the conversation and then the message", events)
	}
	topics := []chat.Topic{{Kind: chat.EventsOf, UID: "U_42"}, {Kind: chat.EventsOf, UID: "V_7"}}
	if diff := cmp.Diff(topics, events[1].Topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
	if events[1].Origin != "s1" || events[1].Pos[chat.BuyerSide] == 0 || events[1].Pos[chat.MerchantSide] == 0 {
		t.Errorf("announced %+v, want an origin and both positions", events[1].Event)
	}
	again, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1002", Nonce: "n2", Blocks: text("and this?")}, "")
	if err != nil || again.Begun || again.Conversation.ID != done.Conversation.ID || again.Conversation.Product != "1002" || again.Message.Seq != 2 {
		t.Errorf("about another product of the same seller: %+v, %v; want the same conversation", again, err)
	}
}

func TestSend_rules(t *testing.T) {
	image := func(id chat.FileID) chat.DraftBlock { return chat.DraftBlock{Type: chat.ImageBlock, File: id} }
	card := func(id chat.ProductID) []chat.DraftBlock {
		return []chat.DraftBlock{{Type: chat.ProductBlock, Product: id}}
	}
	for _, tc := range []struct {
		name  string
		actor chat.Actor
		draft chat.Draft // Conversation "c" stands for the one there is
		code  string     // "" when it is sent
	}{
		{"the buyer", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("hi")}, ""},
		{"an agent of the seller", seller, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("hi")}, ""},
		{"the seller, with a card", seller, chat.Draft{Conversation: "c", Nonce: "n", Blocks: card("1002")}, ""},
		{"the right merchant is named", buyer, chat.Draft{Product: "1001", Merchant: "V_7", Nonce: "n", Blocks: text("hi")}, ""},
		{"a picture of one's own", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{image("mine")}}, ""},
		{"text is kept as it is", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text(" \u202e<b>\u200d ")}, ""},

		{"a stranger", stranger, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("hi")}, "not_found"},
		{"another seller", rival, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("hi")}, "not_found"},
		{"no such conversation", buyer, chat.Draft{Conversation: "x", Nonce: "n", Blocks: text("hi")}, "not_found"},
		{"a seller begins", seller, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "buyers_begin"},
		{"a seller begins with a seller", rival, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "buyers_begin"},
		{"the wrong merchant is named", buyer, chat.Draft{Product: "1001", Merchant: "E_9", Nonce: "n", Blocks: text("hi")}, "wrong_merchant"},
		{"the wrong merchant is named inside", buyer, chat.Draft{Conversation: "c", Merchant: "E_9", Nonce: "n", Blocks: text("hi")}, "wrong_merchant"},
		{"about a product of another", buyer, chat.Draft{Conversation: "c", Product: "2001", Nonce: "n", Blocks: text("hi")}, "wrong_merchant"},
		{"the card of another's product", seller, chat.Draft{Conversation: "c", Nonce: "n", Blocks: card("2001")}, "wrong_merchant"},
		{"a product that is gone", buyer, chat.Draft{Product: "1003", Nonce: "n", Blocks: text("hi")}, "product_gone"},
		{"the card of one that is gone", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: card("1003")}, "product_gone"},
		{"no such product", buyer, chat.Draft{Product: "9999", Nonce: "n", Blocks: text("hi")}, "not_found"},
		{"the picture of another", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{image("theirs")}}, "file_not_yours"},
		{"no such picture", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{image("none")}}, "file_not_yours"},

		{"nothing", buyer, chat.Draft{Conversation: "c", Nonce: "n"}, "empty_message"},
		{"blanks", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text(" \n\u3000")}, "empty_message"},
		{"no place", buyer, chat.Draft{Nonce: "n", Blocks: text("hi")}, "no_conversation"},
		{"no nonce", buyer, chat.Draft{Conversation: "c", Blocks: text("hi")}, "invalid_nonce"},
		{"a nonce too long", buyer, chat.Draft{Conversation: "c", Nonce: chat.Nonce(strings.Repeat("n", 65)), Blocks: text("hi")}, "invalid_nonce"},
		{"a product id with a slash", buyer, chat.Draft{Product: "../1001", Nonce: "n", Blocks: text("hi")}, "invalid_product"},
		{"as long as may be", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text(strings.Repeat("的", 20))}, ""},
		{"too long", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text(strings.Repeat("的", 21))}, "text_too_long"},
		{"too long in all", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: append(text("eleven long"), text("eleven long")...)}, "text_too_long"},
		{"too many blocks", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{text("a")[0], text("b")[0], text("c")[0], text("d")[0], text("e")[0]}}, "too_many_blocks"},
		{"too many pictures", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{image("1"), image("2"), image("3")}}, "too_many_images"},
		{"an unknown block", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{{Type: "order", Text: "1"}}}, "unknown_block"},
		{"a block of two kinds", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{{Type: chat.TextBlock, Text: "a", File: "mine"}}}, "invalid_block"},
		{"an empty block", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: []chat.DraftBlock{{Type: chat.ImageBlock}}}, "invalid_block"},
		{"NUL", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("a\x00b")}, "invalid_text"},
		{"invalid UTF-8", buyer, chat.Draft{Conversation: "c", Nonce: "n", Blocks: text("a\xffb")}, "invalid_text"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			id := w.begin(t)
			w.upload(t, "mine", buyer.UID)
			w.upload(t, "theirs", seller.UID)
			if tc.draft.Conversation == "c" {
				tc.draft.Conversation = id
			}
			done, err := w.Send(t.Context(), tc.actor, tc.draft, "")
			if tc.code != "" {
				wantCode(t, err, tc.code)
				if events := w.bus.take(); events != nil {
					t.Errorf("announced %+v for what was refused", events)
				}
				return
			}
			if err != nil || !done.Fresh || done.Message.Seq != 2 || done.Message.Sender != tc.actor.UID || done.Message.Agent != tc.actor.Agent {
				t.Fatalf("done = %+v, %v", done, err)
			}
			if b := tc.draft.Blocks[0]; b.Type == chat.TextBlock && done.Message.Blocks[0].Text != b.Text {
				t.Errorf("text %q became %q", b.Text, done.Message.Blocks[0].Text)
			}
		})
	}
}

// However often a message is sent, it is there once; the answer is always the
// first one, and nobody is told twice.
func TestSend_repeat(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	d := chat.Draft{Conversation: id, Product: "1002", Nonce: "n1", Blocks: text("hi")}
	first, err := w.Send(t.Context(), buyer, d, "")
	if err != nil {
		t.Fatal(err)
	}
	w.bus.take()
	repeat := func(name string) {
		t.Helper()
		again, err := w.Send(t.Context(), buyer, d, "")
		if err != nil || again.Fresh || again.Message.Seq != first.Message.Seq {
			t.Errorf("%s: %+v, %v; want the first result", name, again, err)
		}
		if events := w.bus.take(); events != nil {
			t.Errorf("%s: announced %+v", name, events)
		}
	}
	repeat("at once")
	changed := d
	changed.Blocks = text("something else")
	_, err = w.Send(t.Context(), buyer, changed, "")
	wantCode(t, err, "nonce_reused")
	if err := w.Backend().DeleteProduct(t.Context(), "1002"); err != nil {
		t.Fatal(err)
	}
	repeat("after its product has gone") // it would not be valid any more
	if _, err := w.Recall(t.Context(), buyer, id, first.Message.Seq, ""); err != nil {
		t.Fatal(err)
	}
	w.bus.take()
	repeat("after its recall")
	if _, err := w.Send(t.Context(), seller, chat.Draft{Conversation: id, Nonce: "n1", Blocks: text("hi")}, ""); err != nil {
		t.Errorf("the same nonce from the other side: %v", err)
	}
}

// A nonce that stands for a message does not vouch for another one, whatever
// else is wrong with that.
func TestSend_anotherRequestUnderTheNonceIsNoRepeat(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	if _, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "n1", Blocks: text("hi")}, ""); err != nil {
		t.Fatal(err)
	}
	for name, d := range map[string]chat.Draft{
		"unknown product":   {Conversation: id, Nonce: "n1", Blocks: []chat.DraftBlock{{Type: chat.ProductBlock, Product: "nope"}}},
		"another's product": {Conversation: id, Product: "2001", Nonce: "n1", Blocks: text("other")},
		"first message":     {Product: "1001", Nonce: "n1", Blocks: text("other")},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := w.Send(t.Context(), buyer, d, "")
			wantCode(t, err, "nonce_reused")
		})
	}
}

// The ack of a first message is lost, and by the time of the resend the product
// is gone, or sold by somebody else.
func TestSend_firstMessageIsRepeatedWhateverBecameOfItsProduct(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	for name, change := range map[string]func() error{
		"unchanged": func() error { return nil },
		"deleted":   func() error { return w.Backend().DeleteProduct(t.Context(), "1001") },
		"sold by another": func() error {
			return w.Backend().PutProduct(t.Context(), chat.Product{
				ID: "1001", Merchant: "E_9", Title: "Thing", Kind: chat.Physical, Price: chat.Money{Currency: "CNY"},
			})
		},
	} {
		t.Run(name, func(t *testing.T) {
			if err := change(); err != nil {
				t.Fatal(err)
			}
			again, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "first", Blocks: text("hi")}, "")
			if err != nil || again.Fresh || again.Begun || again.Message.Conversation != id || again.Message.Seq != 1 {
				t.Errorf("resend = %+v, %v; want the first message of %s", again, err, id)
			}
		})
	}
}

// The message was stored, but nobody learnt of it: the resend finds it.
func TestSend_answerLost(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	d := chat.Draft{Conversation: id, Nonce: "n1", Blocks: text("hi")}
	w.flaky.AfterAppend = func() error { return errors.New("connection lost") }
	_, err := w.Send(t.Context(), buyer, d, "")
	wantCode(t, err, "internal")
	w.flaky.AfterAppend = nil
	again, err := w.Send(t.Context(), buyer, d, "")
	if err != nil || again.Fresh || again.Message.Seq != 2 {
		t.Errorf("resend = %+v, %v; want the message that was stored", again, err)
	}
}

// A bus that is down delays; it never fails what is stored.
func TestSend_deadBus(t *testing.T) {
	w := newWorld(t)
	w.bus.Err = errors.New("no route to host")
	done, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
	if err != nil {
		t.Fatalf("Send = %v", err)
	}
	page, err := w.MessagesAfter(t.Context(), seller, done.Conversation.ID, 0, 10)
	if err != nil || len(page) != 1 {
		t.Errorf("the seller reads %v, %v", page, err)
	}
	if done.Message.RecipientOnline != nil {
		t.Errorf("RecipientOnline = %v, want nobody knows", *done.Message.RecipientOnline)
	}
}

// A sender who hangs up after the commit has sent: the others are told.
func TestSend_senderLeaves(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		ctx, cancel := context.WithCancel(t.Context())
		w.flaky.AfterAppend = func() error { cancel(); return nil }
		if _, err := w.Send(ctx, buyer, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, ""); err != nil {
			wantCode(t, err, "outcome_unknown") // nobody was there to hear of the ack
		}
		synctest.Wait()
		if events := w.bus.take(); len(events) != 2 {
			t.Errorf("announced %d events, want 2", len(events))
		}
	})
}

func TestSend_limits(t *testing.T) {
	w := newWorld(t)
	w.limit[chat.ActionBegin] = 1
	id := w.begin(t)
	_, err := w.Send(t.Context(), buyer, chat.Draft{Product: "2001", Nonce: "n", Blocks: text("hi")}, "")
	wantCode(t, err, "rate_limited")
	if e := chat.AsError(err); e.RetryAfter != 3*time.Second {
		t.Errorf("retry after %v, want what the limiter said", e.RetryAfter)
	}
	if _, err := w.Send(t.Context(), buyer, chat.Draft{Product: "1002", Nonce: "n", Blocks: text("hi")}, ""); err != nil {
		t.Errorf("with a known seller: %v; only new conversations are limited", err)
	}
	w.limit[chat.ActionSend] = 0
	_, err = w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "m", Blocks: text("hi")}, "")
	wantCode(t, err, "rate_limited")
}

func TestBlock(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	say := func(who chat.Actor, nonce chat.Nonce) error {
		_, err := w.Send(t.Context(), who, chat.Draft{Conversation: id, Nonce: nonce, Blocks: text("hi")}, "")
		return err
	}
	_, err := w.SetBlocked(t.Context(), stranger, id, true)
	wantCode(t, err, "not_found")
	view, err := w.SetBlocked(t.Context(), buyer, id, true)
	if err != nil || !view.Sides[chat.BuyerSide].Blocked {
		t.Fatalf("SetBlocked = %+v, %v", view.Sides, err)
	}
	wantCode(t, say(seller, "s1"), "blocked")
	wantCode(t, say(buyer, "b1"), "blocked_by_you")
	if _, err := w.SetBlocked(t.Context(), buyer, id, false); err != nil {
		t.Fatal(err)
	}
	if err := say(seller, "s1"); err != nil {
		t.Errorf("after the block: %v", err)
	}
}

func TestSetFlag(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	_, err := w.SetFlag(t.Context(), stranger, id, chat.PinnedFlag, true)
	wantCode(t, err, "not_found")
	w.bus.take()
	view, err := w.SetFlag(t.Context(), seller, id, chat.MutedFlag, true)
	if err != nil || !view.Sides[chat.MerchantSide].Muted || view.Last == nil {
		t.Fatalf("SetFlag = %+v, %v", view, err)
	}
	events := w.bus.take()
	if len(events) != 1 || events[0].Conversation == nil || !events[0].Conversation.Sides[chat.MerchantSide].Muted ||
		events[0].Pos != [2]chat.Pos{0, view.Sides[chat.MerchantSide].Pos} {
		t.Fatalf("announced %+v, want the conversation at the seller's position", events)
	}
	if diff := cmp.Diff([]chat.Topic{{Kind: chat.EventsOf, UID: "V_7"}}, events[0].Topics); diff != "" {
		t.Errorf("topics (-want +got):\n%s", diff)
	}
}

// A list keeps so many conversations at hand and no more; one that is pinned already
// takes no room.
func TestSetFlag_pinned(t *testing.T) {
	w := newWorld(t)
	most := chat.DefaultLimits().Pinned
	var ids []chat.ConversationID
	for i := range most + 1 {
		who := chat.Actor{UID: chat.UID(fmt.Sprint("U_", 100+i))}
		done, err := w.Send(t.Context(), who, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, "")
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, done.Message.Conversation)
	}
	for _, id := range ids[:most] {
		if _, err := w.SetFlag(t.Context(), seller, id, chat.PinnedFlag, true); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := w.SetFlag(t.Context(), seller, ids[0], chat.PinnedFlag, true); err != nil {
		t.Errorf("pinned again: %v", err)
	}
	_, err := w.SetFlag(t.Context(), seller, ids[most], chat.PinnedFlag, true)
	wantCode(t, err, "too_many_pinned")
	if _, err := w.SetFlag(t.Context(), seller, ids[0], chat.PinnedFlag, false); err != nil {
		t.Fatal(err)
	}
	if _, err := w.SetFlag(t.Context(), seller, ids[most], chat.PinnedFlag, true); err != nil {
		t.Errorf("after one was taken away: %v", err)
	}
}

func TestRecall(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		_, err := w.Recall(t.Context(), seller, id, 1, "")
		wantCode(t, err, "not_your_message")
		_, err = w.Recall(t.Context(), stranger, id, 1, "")
		wantCode(t, err, "not_found")
		<-time.After(2 * time.Minute)
		done, err := w.Recall(t.Context(), buyer, id, 1, "s1")
		if err != nil {
			t.Fatalf("after exactly 2 minutes: %v", err)
		}
		if events := w.bus.take(); len(events) != 1 || events[0].Recall == nil || events[0].Origin != "s1" {
			t.Errorf("announced %+v", events)
		}
		again, err := w.Recall(t.Context(), buyer, id, 1, "")
		if err != nil || again.Fresh || again.Recall != done.Recall || w.bus.take() != nil {
			t.Errorf("again: %+v, %v; want the first recall and silence", again, err)
		}
		if _, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "n2", Blocks: text("hi")}, ""); err != nil {
			t.Fatal(err)
		}
		<-time.After(2*time.Minute + time.Millisecond)
		_, err = w.Recall(t.Context(), buyer, id, 2, "")
		wantCode(t, err, "recall_too_late")
		page, err := w.MessagesAfter(t.Context(), seller, id, 0, 10)
		if err != nil || len(page) != 2 || !page[0].Recalled() || page[0].Blocks != nil {
			t.Errorf("page = %+v, %v; want a tombstone first", page, err)
		}
	})
}

func TestReport(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	wantCode(t, w.Report(t.Context(), stranger, id, 1, "spam"), "not_found")
	wantCode(t, w.Report(t.Context(), seller, id, 1, "  "), "no_reason")
	wantCode(t, w.Report(t.Context(), seller, id, 1, strings.Repeat("x", 1001)), "text_too_long")
	wantCode(t, w.Report(t.Context(), seller, id, 1, "a\x00"), "invalid_text")
	if err := w.Report(t.Context(), seller, id, 1, "spam"); err != nil {
		t.Fatal(err)
	}
	// The shop reads it with what it is about, and goes on from there.
	if err := w.Report(t.Context(), buyer, id, 0, "rude"); err != nil {
		t.Fatal(err)
	}
	got, err := w.Backend().Reports(t.Context(), 0, 1)
	if err != nil || len(got) != 1 || got[0].By != "V_7" || got[0].Agent != "alice" || got[0].Reason != "spam" ||
		got[0].UIDs != [2]chat.UID{buyer.UID, seller.UID} || got[0].Message == nil || got[0].Message.Seq != 1 {
		t.Fatalf("first page = %+v, %v; want the seller's, with its message", got, err)
	}
	got, err = w.Backend().Reports(t.Context(), got[0].Num, 10)
	if err != nil || len(got) != 1 || got[0].Reason != "rude" || got[0].Message != nil {
		t.Errorf("rest = %+v, %v; want the buyer's, about no message", got, err)
	}
}

// A report about a message that nobody wrote was kept, for the shop to wonder at.
func TestReportAboutNoMessage(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	wantCode(t, w.Report(t.Context(), seller, id, 987, "spam"), "not_found")
	wantCode(t, w.Report(t.Context(), seller, id, -1, "spam"), "not_found")
	if got, err := w.Backend().Reports(t.Context(), 0, 10); err != nil || len(got) != 0 {
		t.Errorf("reports = %+v, %v; want none", got, err)
	}
}

// To a stranger a conversation does not exist, whatever is asked of it.
func TestStranger(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	w.upload(t, "f", buyer.UID)
	if _, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "p", Blocks: []chat.DraftBlock{{Type: chat.ImageBlock, File: "f"}}}, ""); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	for _, who := range []chat.Actor{stranger, rival} {
		for name, ask := range map[string]func() error{
			"conversation": func() error { _, err := w.Conversation(ctx, who, id); return err },
			"after":        func() error { _, err := w.MessagesAfter(ctx, who, id, 0, 1); return err },
			"before":       func() error { _, err := w.MessagesBefore(ctx, who, id, 0, 1); return err },
			"images":       func() error { _, err := w.MessagesWithImages(ctx, who, id, 0, 1); return err },
			"recalls":      func() error { _, err := w.RecallsAfter(ctx, who, id, 0, 1); return err },
			"read":         func() error { return w.Read(ctx, who, id, 1) },
			"delivered":    func() error { return w.Delivered(ctx, who, id, 1) },
			"typing":       func() error { return w.Typing(ctx, who, id, "") },
			"viewing":      func() error { return w.Viewing(ctx, who, id, "") },
		} {
			if err := ask(); chat.KindOf(err) != chat.NotFound {
				t.Errorf("%s, %s: %v, want not found", who.UID, name, err)
			}
		}
		if files, err := w.Files(ctx, who, []chat.FileID{"f"}); err != nil || len(files) != 0 {
			t.Errorf("%s sees files %v, %v", who.UID, files, err)
		}
	}
	for _, who := range []chat.Actor{buyer, seller} {
		if files, err := w.Files(ctx, who, []chat.FileID{"f", "none"}); err != nil || len(files) != 1 {
			t.Errorf("%s sees files %v, %v; want the one", who.UID, files, err)
		}
	}
}

func TestChangedSince(t *testing.T) {
	w := newWorld(t)
	for i := range 7 { // pages are of 3
		who := chat.Actor{UID: chat.UID(fmt.Sprint("U_", i))}
		if _, err := w.Send(t.Context(), who, chat.Draft{Product: "1001", Nonce: "n", Blocks: text("hi")}, ""); err != nil {
			t.Fatal(err)
		}
	}
	now, err := w.Position(t.Context(), seller.UID)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[chat.UID]bool)
	at := chat.Position{Epoch: now.Epoch}
	pages := 0
	for more := true; more; pages++ {
		page, err := w.ChangedSince(t.Context(), seller, at, 0)
		if err != nil || page.Reset {
			t.Fatalf("page %d: %+v, %v", pages, page, err)
		}
		for _, c := range page.Conversations {
			if uid := c.UIDs[chat.BuyerSide]; seen[uid] || c.Last == nil {
				t.Errorf("conversation of %s: seen before %t, last message %v", uid, seen[uid], c.Last)
			}
			seen[c.UIDs[chat.BuyerSide]] = true
		}
		at, more = page.Position, page.More
	}
	if len(seen) != 7 || pages != 3 || at != now {
		t.Errorf("%d conversations in %d pages, up to %+v; want 7 in 3, up to %+v", len(seen), pages, at, now)
	}
}

func TestChangedSince_reset(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	now, err := w.Position(t.Context(), seller.UID)
	if err != nil {
		t.Fatal(err)
	}
	for name, since := range map[string]chat.Position{
		"another epoch": {Epoch: "other", Pos: 1}, "no epoch": {}, "ahead": {Epoch: now.Epoch, Pos: now.Pos + 1}, "below 0": {Epoch: now.Epoch, Pos: -1},
	} {
		if page, err := w.ChangedSince(t.Context(), seller, since, 0); err != nil || !page.Reset || page.Conversations != nil || page.Position != now {
			t.Errorf("%s: %+v, %v; want a reset", name, page, err)
		}
	}
}

// The sender's side is told that its message arrived, once the store has it.
func TestDelivered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t)
		id := w.begin(t)
		done := make(chan error, 1)
		ctx, stop := context.WithCancel(t.Context())
		go func() { done <- w.Run(ctx) }()
		if err := w.Delivered(t.Context(), seller, id, 1); err != nil {
			t.Fatal(err)
		}
		synctest.Wait()
		events := w.bus.take()
		if len(events) != 1 || events[0].Delivered == nil || events[0].Delivered.Side != chat.MerchantSide || events[0].Pos[chat.MerchantSide] != 0 {
			t.Fatalf("announced %+v, want delivered, which moves the buyer's position only", events)
		}
		if diff := cmp.Diff([]chat.Topic{{Kind: chat.EventsOf, UID: "U_42"}}, events[0].Topics); diff != "" {
			t.Errorf("topics (-want +got):\n%s", diff)
		}
		if _, err := w.Send(t.Context(), buyer, chat.Draft{Conversation: id, Nonce: "n2", Blocks: text("hi")}, ""); err != nil {
			t.Fatal(err)
		}
		if err := w.Delivered(t.Context(), seller, id, 2); err != nil {
			t.Fatal(err)
		}
		stop() // what is pending is kept all the same
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		conv, err := w.Conversation(t.Context(), seller, id)
		if err != nil || conv.Sides[chat.MerchantSide].Delivered != 2 {
			t.Errorf("delivered %+v, %v; want 2", conv.Sides, err)
		}
	})
}

// Watermarks move forward only, and both sides are told.
func TestRead(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	if err := w.Read(t.Context(), seller, id, 1); err != nil {
		t.Fatal(err)
	}
	events := w.bus.take()
	if len(events) != 1 || events[0].Read == nil || events[0].Read.Unread != 0 || len(events[0].Topics) != 2 {
		t.Fatalf("announced %+v, want read to both sides", events)
	}
	if err := w.Read(t.Context(), seller, id, 1); err != nil {
		t.Errorf("read again: %v", err)
	}
	for name, seq := range map[string]chat.Seq{"nothing": 0, "before the first": -5, "beyond the last message": 2} {
		wantCode(t, w.Read(t.Context(), seller, id, seq), "invalid_seq")
		if events := w.bus.take(); events != nil {
			t.Errorf("read %s: announced %+v", name, events)
		}
	}
}

func TestTyping(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	if err := w.Typing(t.Context(), seller, id, ""); err != nil {
		t.Fatal(err)
	}
	events := w.bus.take()
	want := []chat.Topic{{Kind: chat.EventsOf, UID: "U_42"}}
	if len(events) != 2 || events[0].Typing == nil || events[0].Typing.AgentName != "Alice" || !cmp.Equal(want, events[0].Topics) {
		t.Errorf("announced %+v, want typing to the buyer first", events)
	}
	if _, err := w.SetBlocked(t.Context(), buyer, id, true); err != nil {
		t.Fatal(err)
	}
	w.bus.take()
	if err := w.Typing(t.Context(), seller, id, ""); err != nil {
		t.Fatal(err)
	}
	if events := w.bus.take(); events != nil {
		t.Errorf("a buyer who blocked the seller was told %+v", events)
	}
	w.limit[chat.ActionTyping] = 0
	wantCode(t, w.Typing(t.Context(), seller, "unknown", ""), "rate_limited")
}

// Two colleagues would answer the same buyer if neither knew of the other; the buyer is
// told nothing of who looks at what.
func TestColleagues(t *testing.T) {
	w := newWorld(t)
	id := w.begin(t)
	w.bus.take()
	told := func(typing bool) announced {
		return announced{[]chat.Topic{{Kind: chat.EventsOf, UID: seller.UID}}, chat.Event{Origin: "s1", Colleague: &chat.ColleagueEvent{
			Conversation: id, Agent: seller.Agent, AgentName: seller.AgentName, Typing: typing,
		}}}
	}
	buyersPart := announced{[]chat.Topic{{Kind: chat.EventsOf, UID: buyer.UID}}, chat.Event{Typing: &chat.TypingEvent{
		Conversation: id, UID: seller.UID, Agent: seller.Agent, AgentName: seller.AgentName,
	}}}
	for _, tc := range []struct {
		name string
		do   func(context.Context, chat.Actor, chat.ConversationID, chat.ClientID) error
		want []announced
	}{
		{"viewing", w.Viewing, []announced{told(false)}},
		{"typing", w.Typing, []announced{buyersPart, told(true)}},
	} {
		if err := tc.do(t.Context(), seller, id, "s1"); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, w.bus.take()); diff != "" {
			t.Errorf("%s: announced (-want +got):\n%s", tc.name, diff)
		}
	}
	for _, alone := range []chat.Actor{buyer, {UID: seller.UID}} {
		if err := w.Viewing(t.Context(), alone, id, ""); err != nil {
			t.Fatal(err)
		}
		if events := w.bus.take(); events != nil {
			t.Errorf("%+v has no colleagues, announced %+v", alone, events)
		}
	}
	w.limit[chat.ActionTyping] = 0
	wantCode(t, w.Viewing(t.Context(), seller, "unknown", ""), "rate_limited")
}

// Whether somebody is online is the business of those who talk to them.
func TestWatchable(t *testing.T) {
	w := newWorld(t)
	w.begin(t)
	for name, tc := range map[string]struct {
		actor chat.Actor
		want  []chat.UID
	}{
		"a buyer watches sellers":                   {stranger, []chat.UID{"V_7", "E_9"}},
		"a seller watches the buyers it talks to":   {seller, []chat.UID{"U_42"}},
		"a seller that nobody wrote to sees nobody": {rival, nil},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := w.Watchable(t.Context(), tc.actor, []chat.UID{"U_42", "U_43", "V_7", "E_9"})
			if err != nil || !cmp.Equal(tc.want, got) {
				t.Errorf("%v, %v; want %v", got, err, tc.want)
			}
		})
	}
}

func TestBegin(t *testing.T) {
	w := newWorld(t)
	w.bus.presence = chat.Online
	b, err := w.Begin(t.Context(), buyer, "1001")
	if err != nil || b.Merchant.UID != "V_7" || b.Presence != chat.Online || b.Conversation != nil {
		t.Errorf("Begin = %+v, %v", b, err)
	}
	if list, err := w.Conversations(t.Context(), buyer, chat.ConversationQuery{}); err != nil || len(list) != 0 {
		t.Errorf("opening a page created %v, %v", list, err)
	}
	_, err = w.Begin(t.Context(), seller, "1001")
	wantCode(t, err, "buyers_begin")
	_, err = w.Begin(t.Context(), buyer, "1003")
	wantCode(t, err, "product_gone")
	id := w.begin(t)
	for _, product := range []chat.ProductID{"1001", "1003"} { // what was begun goes on, for sale or not
		if b, err := w.Begin(t.Context(), buyer, product); err != nil || b.Conversation == nil || b.Conversation.ID != id {
			t.Errorf("Begin(%s) = %+v, %v; want conversation %s", product, b, err, id)
		}
	}
}
