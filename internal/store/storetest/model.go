package storetest

import (
	"context"
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"haggle/internal/chat"
)

// testModel takes random steps on a store and on a model of what package chat
// promises, simple enough to be right, and compares all there is to see: after each
// step that of the conversation it was about and of its two participants, in the end
// everybody's.
func testModel(t *testing.T, s chat.Store) {
	check(t, func(r *rapid.T) {
		m := newModel(t.Context(), s)
		r.Repeat(map[string]func(*rapid.T){
			"send":   m.send,
			"repeat": m.repeat,
			"mark":   m.mark,
			"recall": m.recall,
			"block":  m.block,
			"flag":   m.flag,
			"":       m.check,
		})
		m.touched = nil
		m.check(r)
	})
}

// model is two buyers and two merchants of their own in the store.
type model struct {
	ctx   context.Context //nolint:containedctx // a test's, for its own time
	store chat.Store
	uids  [2][]chat.UID // indexed by side
	now   time.Time
	pos   map[chat.UID]chat.Pos
	convs []*modelConversation // in the order in which they began
	sent  []chat.Append        // each that was stored

	touched *modelConversation // what the last step was about; nil is any
}

type modelConversation struct {
	state    chat.Conversation
	messages []chat.Message
	recalls  []chat.Recall
}

func newModel(ctx context.Context, s chat.Store) *model {
	return &model{
		ctx: ctx, store: s, now: at, pos: make(map[chat.UID]chat.Pos),
		uids: [2][]chat.UID{{newUID("U_"), newUID("U_")}, {newUID("V_"), newUID("E_")}},
	}
}

// newUID returns a uid that the store has not met.
func newUID(prefix string) chat.UID { return chat.UID(prefix + strings.ToLower(rand.Text()[:10])) }

func (m *model) find(b, o chat.UID) *modelConversation {
	for _, c := range m.convs {
		if c.state.UIDs == [2]chat.UID{b, o} {
			return c
		}
	}
	return nil
}

// any draws a conversation and a side of it.
func (m *model) any(r *rapid.T) (*modelConversation, chat.Side) {
	if len(m.convs) == 0 {
		r.Skip("no conversation yet")
	}
	side := rapid.SampledFrom([]chat.Side{chat.BuyerSide, chat.MerchantSide}).Draw(r, "side")
	m.touched = rapid.SampledFrom(m.convs).Draw(r, "conversation")
	return m.touched, side
}

// change raises what a change raises.
func (m *model) change(c *modelConversation, sides ...chat.Side) {
	c.state.Rev++
	for _, side := range sides {
		uid := c.state.UIDs[side]
		m.pos[uid]++
		c.state.Sides[side].Pos = m.pos[uid]
	}
}

// count derives what is unread by counting it.
func (c *modelConversation) count() {
	for side := range c.state.Sides {
		st := &c.state.Sides[side]
		st.Unread = 0
		for _, msg := range c.messages {
			if msg.Seq > st.Read && msg.Sender != c.state.UIDs[side] {
				st.Unread++
			}
		}
	}
}

func (m *model) send(r *rapid.T) {
	side := rapid.SampledFrom([]chat.Side{chat.BuyerSide, chat.MerchantSide}).Draw(r, "side")
	b := rapid.SampledFrom(m.uids[chat.BuyerSide]).Draw(r, "buyer")
	o := rapid.SampledFrom(m.uids[chat.MerchantSide]).Draw(r, "merchant")
	m.now = m.now.Add(time.Duration(rapid.IntRange(0, 2).Draw(r, "ms")) * time.Millisecond)
	a := chat.Append{
		Start:  &chat.Start{ID: chat.NewConversationID(), Buyer: b, Other: o},
		Sender: [2]chat.UID{b, o}[side], Nonce: chat.Nonce(fmt.Sprint("n", len(m.sent))), Hash: []byte{byte(len(m.sent))},
		Blocks: text(rapid.String().Draw(r, "text")), SentAt: m.now,
	}
	c := m.find(b, o)
	if c != nil && rapid.Bool().Draw(r, "by id") {
		a.Conversation, a.Start = c.state.ID, nil
	}
	got, err := m.store.Append(m.ctx, a)
	if c != nil && (c.state.Sides[0].Blocked || c.state.Sides[1].Blocked) {
		if chat.KindOf(err) != chat.Denied {
			r.Fatalf("sent to a blocked conversation: %v", err)
		}
		m.touched = c
		return
	}
	if err != nil {
		r.Fatalf("append: %v", err)
	}
	begun := c == nil
	if begun {
		c = &modelConversation{state: chat.Conversation{ID: a.Start.ID, UIDs: [2]chat.UID{b, o}, CreatedAt: m.now}}
		m.convs = append(m.convs, c)
	}
	m.touched = c
	m.change(c, chat.BuyerSide, chat.MerchantSide)
	c.state.LastSeq++
	c.state.LastAt = m.now
	c.state.Sides[side].Total++
	c.state.Sides[side].Waiting, c.state.Sides[side.Other()].Waiting = false, true
	c.state.Sides[side].Marked = false
	msg := chat.Message{
		Conversation: c.state.ID, Seq: c.state.LastSeq, Rev: c.state.Rev, Sender: a.Sender, Nonce: a.Nonce,
		Blocks: a.Blocks, SentAt: m.now, Ordinal: c.state.Sides[side].Total,
	}
	c.messages = append(c.messages, msg)
	c.count()
	m.sent = append(m.sent, a)
	look(r, "appended", chat.Appended{Message: msg, Conversation: c.state, Fresh: true, Begun: begun}, got)
}

func (m *model) repeat(r *rapid.T) {
	if len(m.sent) == 0 {
		r.Skip("nothing sent yet")
	}
	a := rapid.SampledFrom(m.sent).Draw(r, "message")
	other := rapid.Bool().Draw(r, "with another hash")
	if other {
		a.Hash = append([]byte("other"), a.Hash...)
	}
	m.touched = nil // nothing has changed, anywhere
	got, err := m.store.Append(m.ctx, a)
	if other {
		if chat.KindOf(err) != chat.Conflict {
			r.Fatalf("nonce used twice: %v", err)
		}
		return
	}
	if err != nil || got.Fresh || got.Begun || got.Message.Nonce != a.Nonce {
		r.Fatalf("repeat: %+v, %v", got, err)
	}
}

func (m *model) mark(r *rapid.T) {
	c, side := m.any(r)
	beyond := int64(c.state.LastSeq) + 1
	mark := chat.Mark{
		Conversation: c.state.ID, Side: side,
		Delivered: chat.Seq(rapid.Int64Range(0, beyond).Draw(r, "delivered")),
		Read:      chat.Seq(rapid.Int64Range(0, beyond).Draw(r, "read")),
	}
	got, err := m.store.Advance(m.ctx, []chat.Mark{mark})
	if err != nil {
		r.Fatalf("advance: %v", err)
	}
	st := &c.state.Sides[side]
	delivered := max(mark.Delivered, mark.Read)
	want := chat.Advanced{Side: side, Delivered: delivered > st.Delivered, Read: mark.Read > st.Read}
	if delivered > c.state.LastSeq || !want.Delivered && !want.Read {
		look(r, "left out", []chat.Advanced(nil), got)
		return
	}
	st.Delivered, st.Read = max(st.Delivered, delivered), max(st.Read, mark.Read)
	if want.Read {
		st.Marked = false
		m.change(c, chat.BuyerSide, chat.MerchantSide)
	} else {
		m.change(c, side.Other())
	}
	c.count()
	want.Conversation = c.state
	look(r, "advanced", []chat.Advanced{want}, got)
}

func (m *model) recall(r *rapid.T) {
	c, side := m.any(r)
	msg := &c.messages[rapid.IntRange(0, len(c.messages)-1).Draw(r, "message")]
	req := chat.RecallRequest{
		Conversation: c.state.ID, Seq: msg.Seq, By: c.state.UIDs[side], At: m.now.Add(time.Second),
		NotBefore: m.now.Add(-time.Duration(rapid.IntRange(0, 3).Draw(r, "within")) * time.Millisecond),
	}
	got, err := m.store.Recall(m.ctx, req)
	switch {
	case msg.Sender != req.By, !msg.Recalled() && msg.SentAt.Before(req.NotBefore):
		if chat.KindOf(err) != chat.Denied {
			r.Fatalf("recall: %v, want it denied", err)
		}
		return
	case err != nil:
		r.Fatalf("recall: %v", err)
	case msg.Recalled():
		if got.Fresh {
			r.Fatalf("recalled twice")
		}
		return
	}
	m.change(c, chat.BuyerSide, chat.MerchantSide)
	msg.Blocks, msg.RecalledAt = nil, req.At
	rec := chat.Recall{Conversation: c.state.ID, Seq: msg.Seq, Rev: c.state.Rev, By: req.By, At: req.At}
	c.recalls = append(c.recalls, rec)
	look(r, "recalled", chat.Recalled{Recall: rec, Conversation: c.state, Fresh: true}, got)
}

func (m *model) block(r *rapid.T) {
	c, side := m.any(r)
	blocked := rapid.IntRange(0, 3).Draw(r, "blocked") == 0 // mostly not, so that talk goes on
	if c.state.Sides[side].Blocked != blocked {
		c.state.Sides[side].Blocked = blocked
		m.change(c, chat.BuyerSide, chat.MerchantSide)
	}
	got, err := m.store.SetBlocked(m.ctx, c.state.ID, side, blocked)
	if err != nil {
		r.Fatalf("set blocked: %v", err)
	}
	look(r, "blocked", c.state, got)
}

func (m *model) flag(r *rapid.T) {
	c, side := m.any(r)
	flag := rapid.SampledFrom([]chat.Flag{chat.PinnedFlag, chat.MutedFlag, chat.MarkedFlag}).Draw(r, "flag")
	on := rapid.Bool().Draw(r, "on")
	if f := c.state.Sides[side].Flag(flag); *f != on {
		*f = on
		m.change(c, side)
	}
	got, err := m.store.SetFlag(m.ctx, c.state.ID, side, flag, on)
	if err != nil {
		r.Fatalf("set flag: %v", err)
	}
	look(r, "flagged", c.state, got)
}

// check compares everything that can be read of what was touched.
func (m *model) check(r *rapid.T) {
	convs, uids := m.convs, slices.Concat(m.uids[0], m.uids[1])
	if m.touched != nil {
		convs, uids = []*modelConversation{m.touched}, m.touched.state.UIDs[:]
	}
	for _, c := range convs {
		got, err := m.store.Conversation(m.ctx, c.state.ID)
		if err != nil {
			r.Fatalf("conversation: %v", err)
		}
		look(r, "conversation", c.state, got)
		ms, err := m.store.MessagesAfter(m.ctx, c.state.ID, 0, 1000)
		if err != nil {
			r.Fatalf("messages: %v", err)
		}
		look(r, "messages", c.messages, ms)
		rs, err := m.store.RecallsAfter(m.ctx, c.state.ID, 0, 1000)
		if err != nil {
			r.Fatalf("recalls: %v", err)
		}
		look(r, "recalls", c.recalls, rs)
	}
	_, pos, err := m.store.Positions(m.ctx, uids)
	if err != nil {
		r.Fatalf("positions: %v", err)
	}
	for _, uid := range uids {
		if pos[uid] != m.pos[uid] {
			r.Fatalf("%s is at %d, want %d", uid, pos[uid], m.pos[uid])
		}
		m.checkLists(r, uid)
	}
}

func (m *model) checkLists(r *rapid.T, uid chat.UID) {
	side := uid.Side()
	var mine []chat.Conversation
	var unread int64
	for _, c := range m.convs {
		if c.state.UIDs[side] == uid {
			state := c.state
			state.Last = &c.messages[len(c.messages)-1]
			mine = append(mine, state)
		}
	}
	withUnread := 0
	for _, c := range mine {
		if st := &c.Sides[side]; st.HasUnread() && !st.Muted {
			withUnread++
			unread += st.Unread
		}
	}
	cs, ms, err := m.store.Unread(m.ctx, uid)
	if err != nil || cs != int64(withUnread) || ms != unread {
		r.Fatalf("unread of %s: %d, %d, %v, want %d, %d", uid, cs, ms, err, withUnread, unread)
	}

	byPos := func(a, b chat.Conversation) int { return int(a.Sides[side].Pos - b.Sides[side].Pos) }
	newest := func(a, b chat.Conversation) int {
		if d := b.LastAt.Compare(a.LastAt); d != 0 {
			return d
		}
		return strings.Compare(string(b.ID), string(a.ID))
	}
	unreadFirst := func(a, b chat.Conversation) int {
		ua, ub := a.Sides[side].HasUnread(), b.Sides[side].HasUnread()
		if ua != ub {
			return map[bool]int{true: -1, false: 1}[ua]
		}
		return newest(a, b)
	}
	changed, err := m.store.ChangedSince(m.ctx, uid, 0, 100)
	if err != nil {
		r.Fatalf("changed since: %v", err)
	}
	look(r, "changed since 0", sorted(mine, byPos), changed)
	for order, less := range map[chat.Order]func(a, b chat.Conversation) int{
		chat.NewestFirst: newest, chat.UnreadFirst: unreadFirst,
	} {
		got, err := m.store.Conversations(m.ctx, chat.ConversationQuery{UID: uid, Order: order, Limit: 100})
		if err != nil {
			r.Fatalf("conversations: %v", err)
		}
		look(r, string(order), sorted(mine, less), got)
	}
	for filter, wanted := range map[chat.Filter]func(c *chat.Conversation) bool{
		chat.AllConversations:     func(*chat.Conversation) bool { return true },
		chat.UnreadConversations:  func(c *chat.Conversation) bool { return c.Sides[side].HasUnread() },
		chat.PinnedConversations:  func(c *chat.Conversation) bool { return c.Sides[side].Pinned },
		chat.WaitingConversations: func(c *chat.Conversation) bool { return c.Last.Sender != uid },
	} {
		got, err := m.store.Conversations(m.ctx, chat.ConversationQuery{UID: uid, Filter: filter, Limit: 100})
		if err != nil {
			r.Fatalf("conversations: %v", err)
		}
		want := slices.DeleteFunc(sorted(mine, newest), func(c chat.Conversation) bool { return !wanted(&c) })
		look(r, string(filter), want, got)
	}
}

func sorted(cs []chat.Conversation, less func(a, b chat.Conversation) int) []chat.Conversation {
	return slices.SortedFunc(slices.Values(cs), less)
}
