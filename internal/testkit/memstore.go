// Package testkit holds what tests of several packages put in place of the real
// thing: a store in memory, sockets, and wrappers that lose and fail.
package testkit

import (
	"bytes"
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"haggle/internal/chat"
	"haggle/internal/store/terms"
)

// MemStore is a chat.Store in memory, for tests of what stands on a store. It
// keeps the rules of the port under one lock and is in no hurry.
type MemStore struct {
	Epoch chat.Epoch

	mu       sync.Mutex
	convs    map[chat.ConversationID]*memConversation
	between  map[[2]chat.UID]chat.ConversationID
	pos      map[chat.UID]chat.Pos
	people   map[chat.UID]chat.Participant
	products map[chat.ProductID]chat.Product
	files    map[chat.FileID]chat.File
	secrets  map[string][]byte
	codes    map[string]chat.LoginCode
	ended    map[chat.LoginID]bool
	reports  []chat.Report
	recalled []chat.FileID
	phrases  []chat.Phrase
	settings map[chat.UID]chat.ShopSettings
}

type memConversation struct {
	chat.Conversation

	messages []chat.Message
	hashes   [][]byte
	nonces   map[memNonce]int // where in messages
	recalls  []chat.Recall
	asked    []chat.AskedAbout
}

type memNonce struct {
	sender chat.UID
	nonce  chat.Nonce
}

var _ chat.Store = (*MemStore)(nil)

// NewMemStore returns an empty store.
func NewMemStore() *MemStore {
	return &MemStore{
		Epoch: "e1",
		convs: make(map[chat.ConversationID]*memConversation), between: make(map[[2]chat.UID]chat.ConversationID),
		pos: make(map[chat.UID]chat.Pos), people: make(map[chat.UID]chat.Participant),
		products: make(map[chat.ProductID]chat.Product), files: make(map[chat.FileID]chat.File),
		secrets: make(map[string][]byte), codes: make(map[string]chat.LoginCode),
		ended: make(map[chat.LoginID]bool),
	}
}

func noSuch(what string) error { return chat.Errorf(chat.NotFound, "no such %s", what) }

// Ping implements chat.Store.
func (m *MemStore) Ping(context.Context) error { return nil }

// raise gives both sides in which a new Pos, and the conversation a new Rev.
func (m *MemStore) raise(c *memConversation, sides ...chat.Side) {
	c.Rev++
	for _, side := range sides {
		uid := c.UIDs[side]
		m.pos[uid]++
		c.Sides[side].Pos = m.pos[uid]
	}
}

// Append implements chat.Store.
func (m *MemStore) Append(_ context.Context, a chat.Append) (chat.Appended, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, begun := m.target(&a)
	if c == nil {
		return chat.Appended{}, noSuch("conversation")
	}
	side := c.SideOf(a.Sender)
	if i, ok := c.nonces[memNonce{a.Sender, a.Nonce}]; ok {
		if !bytes.Equal(c.hashes[i], a.Hash) {
			return chat.Appended{}, chat.Codef(chat.Conflict, "nonce_reused", "this nonce stands for another message")
		}
		return chat.Appended{Message: c.messages[i], Conversation: c.Conversation}, nil
	}
	if c.Sides[side].Blocked {
		return chat.Appended{}, chat.Codef(chat.Denied, "blocked_by_you", "you blocked them")
	}
	if c.Sides[side.Other()].Blocked {
		return chat.Appended{}, chat.Codef(chat.Denied, "blocked", "they do not want to hear from you")
	}
	if err := m.attach(&a, c.ID); err != nil {
		return chat.Appended{}, err
	}
	if begun {
		m.convs[c.ID], m.between[c.UIDs] = c, c.ID
	}
	m.raise(c, chat.BuyerSide, chat.MerchantSide)
	c.LastSeq++
	c.LastAt = a.SentAt
	about := a.Product != "" && a.Product != c.Product
	c.Product = cmp.Or(a.Product, c.Product)
	c.Sides[side].Total++
	msg := chat.Message{
		Conversation: c.ID, Seq: c.LastSeq, Rev: c.Rev, Sender: a.Sender, Agent: a.Agent, AgentName: a.AgentName,
		Nonce: a.Nonce, Blocks: a.Blocks, SentAt: a.SentAt, Ordinal: c.Sides[side].Total, RecipientOnline: a.RecipientOnline, Auto: a.Auto,
	}
	c.nonces[memNonce{a.Sender, a.Nonce}] = len(c.messages)
	c.messages = append(c.messages, msg)
	c.hashes = append(c.hashes, a.Hash)
	c.Sides[side.Other()].Unread++
	if a.Auto == chat.ByHand {
		c.Spoken(side)
	}
	if about {
		i := slices.IndexFunc(c.asked, func(x chat.AskedAbout) bool { return x.Product == a.Product })
		if i < 0 {
			c.asked = append(c.asked, chat.AskedAbout{Product: a.Product, FirstAt: a.SentAt, LastAt: a.SentAt})
		} else {
			c.asked[i].LastAt = a.SentAt
		}
	}
	return chat.Appended{Message: msg, Conversation: c.Conversation, Fresh: true, Begun: begun, About: about}, nil
}

func (m *MemStore) target(a *chat.Append) (c *memConversation, begun bool) {
	if a.Start == nil {
		return m.convs[a.Conversation], false
	}
	uids := [2]chat.UID{a.Start.Buyer, a.Start.Other}
	if id, ok := m.between[uids]; ok {
		return m.convs[id], false
	}
	return &memConversation{
		Conversation: chat.Conversation{ID: a.Start.ID, UIDs: uids, CreatedAt: a.SentAt},
		nonces:       make(map[memNonce]int),
	}, true
}

func (m *MemStore) attach(a *chat.Append, id chat.ConversationID) error {
	for _, b := range a.Blocks {
		if b.Type != chat.ImageBlock {
			continue
		}
		f, ok := m.files[b.Image.File]
		if !ok || f.Uploader != a.Sender || f.Conversation != "" {
			return chat.Codef(chat.Denied, "file_not_yours", "a picture has to be uploaded again")
		}
		f.Conversation = id
		m.files[f.ID] = f
	}
	return nil
}

// count sets Unread anew.
func (m *MemStore) count(c *memConversation) {
	for side := range c.Sides {
		c.Sides[side].Unread = 0
		for i := range c.messages {
			if msg := &c.messages[i]; msg.Sender != c.UIDs[side] && msg.Seq > c.Sides[side].Read {
				c.Sides[side].Unread++
			}
		}
	}
}

// Advance implements chat.Store.
func (m *MemStore) Advance(_ context.Context, marks []chat.Mark) ([]chat.Advanced, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var moved []chat.Advanced
	for _, mark := range marks {
		c := m.convs[mark.Conversation]
		if c == nil || max(mark.Delivered, mark.Read) > c.LastSeq {
			continue
		}
		s := &c.Sides[mark.Side]
		a := chat.Advanced{Side: mark.Side, Delivered: max(mark.Delivered, mark.Read) > s.Delivered, Read: mark.Read > s.Read}
		if !a.Delivered && !a.Read {
			continue
		}
		s.Delivered, s.Read = max(s.Delivered, mark.Delivered, mark.Read), max(s.Read, mark.Read)
		sides := []chat.Side{mark.Side.Other()}
		if a.Read {
			s.Marked = false
			sides = append(sides, mark.Side)
			m.count(c)
		}
		m.raise(c, sides...)
		a.Conversation = c.Conversation
		moved = append(moved, a)
	}
	return moved, nil
}

// Recall implements chat.Store.
func (m *MemStore) Recall(_ context.Context, r chat.RecallRequest) (chat.Recalled, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.convs[r.Conversation]
	if c == nil || r.Seq < 1 || r.Seq > c.LastSeq {
		return chat.Recalled{}, noSuch("message")
	}
	msg := &c.messages[r.Seq-1]
	switch {
	case msg.Sender != r.By:
		return chat.Recalled{}, chat.Codef(chat.Denied, "not_your_message", "this is not your message")
	case msg.Recalled():
		i := slices.IndexFunc(c.recalls, func(old chat.Recall) bool { return old.Seq == r.Seq })
		return chat.Recalled{Recall: c.recalls[i], Conversation: c.Conversation}, nil
	case msg.SentAt.Before(r.NotBefore):
		return chat.Recalled{}, chat.Codef(chat.Denied, "recall_too_late", "it is too late")
	}
	m.raise(c, chat.BuyerSide, chat.MerchantSide)
	for _, b := range msg.Blocks {
		if b.Image != nil {
			delete(m.files, b.Image.File)
			m.recalled = append(m.recalled, b.Image.File)
		}
	}
	msg.Blocks, msg.RecalledAt, msg.Rev = nil, r.At, c.Rev
	done := chat.Recall{Conversation: c.ID, Seq: r.Seq, Rev: c.Rev, By: r.By, At: r.At}
	c.recalls = append(c.recalls, done)
	return chat.Recalled{Recall: done, Conversation: c.Conversation, Fresh: true}, nil
}

// SetBlocked implements chat.Store.
func (m *MemStore) SetBlocked(_ context.Context, id chat.ConversationID, side chat.Side, blocked bool) (chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.convs[id]
	if c == nil {
		return chat.Conversation{}, noSuch("conversation")
	}
	if c.Sides[side].Blocked != blocked {
		c.Sides[side].Blocked = blocked
		m.raise(c, chat.BuyerSide, chat.MerchantSide)
	}
	return c.Conversation, nil
}

// SetFlag implements chat.Store.
func (m *MemStore) SetFlag(_ context.Context, id chat.ConversationID, side chat.Side, flag chat.Flag, on bool) (chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.convs[id]
	if c == nil {
		return chat.Conversation{}, noSuch("conversation")
	}
	if f := c.Sides[side].Flag(flag); *f != on {
		*f = on
		m.raise(c, side)
	}
	return c.Conversation, nil
}

// IndexMessages implements chat.Store: all that is here can be found.
func (m *MemStore) IndexMessages(context.Context, int) (int, error) { return 0, nil }

// SearchMessages implements chat.Store.
func (m *MemStore) SearchMessages(_ context.Context, q chat.MessageQuery) ([]chat.FoundMessage, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	words := terms.Parse(q.Text)
	var found []chat.FoundMessage
	for _, c := range m.convs {
		if c.SideOf(q.UID) == chat.NoSide || q.Conversation != "" && q.Conversation != c.ID {
			continue
		}
		for i := range c.messages {
			place := chat.SearchPlace(c.messages[i].SentAt.UnixNano())
			var said []string
			for _, b := range c.messages[i].Blocks {
				said = append(said, b.Text)
			}
			if words.Match(terms.Cut(strings.Join(said, "\n"))) && (q.Before == 0 || place < q.Before) {
				found = append(found, chat.FoundMessage{Message: c.messages[i], Conversation: c.Conversation, Place: place})
			}
		}
	}
	slices.SortFunc(found, func(a, b chat.FoundMessage) int { return cmp.Compare(b.Place, a.Place) })
	return found[:min(len(found), q.Limit)], nil
}

// Conversation implements chat.Store.
func (m *MemStore) Conversation(_ context.Context, id chat.ConversationID) (chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if c := m.convs[id]; c != nil {
		return c.Conversation, nil
	}
	return chat.Conversation{}, noSuch("conversation")
}

// ConversationBetween implements chat.Store.
func (m *MemStore) ConversationBetween(_ context.Context, buyer, merchant chat.UID) (chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if id, ok := m.between[[2]chat.UID{buyer, merchant}]; ok {
		return m.convs[id].Conversation, nil
	}
	return chat.Conversation{}, noSuch("conversation")
}

// list returns uid's conversations with Last filled in; the caller holds mu.
func (m *MemStore) list(uid chat.UID) []chat.Conversation {
	var list []chat.Conversation
	for _, c := range m.convs {
		if c.SideOf(uid) != chat.NoSide {
			conv := c.Conversation
			conv.Last = new(c.messages[len(c.messages)-1])
			list = append(list, conv)
		}
	}
	return list
}

// ProductsAsked implements chat.Store.
func (m *MemStore) ProductsAsked(_ context.Context, id chat.ConversationID, limit int) ([]chat.AskedAbout, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c := m.convs[id]
	if c == nil {
		return nil, nil
	}
	list := slices.Clone(c.asked)
	slices.SortFunc(list, func(a, b chat.AskedAbout) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), cmp.Compare(a.Product, b.Product))
	})
	return list[:min(len(list), limit)], nil
}

// Conversations implements chat.Store, newest first; it knows no search, no cursor,
// and of the filters only the pinned ones.
func (m *MemStore) Conversations(_ context.Context, q chat.ConversationQuery) ([]chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := m.list(q.UID)
	if q.Filter == chat.PinnedConversations {
		list = slices.DeleteFunc(list, func(c chat.Conversation) bool { return !c.Sides[q.UID.Side()].Pinned })
	}
	slices.SortFunc(list, func(a, b chat.Conversation) int {
		return cmp.Or(b.LastAt.Compare(a.LastAt), strings.Compare(string(a.ID), string(b.ID)))
	})
	return list[:min(len(list), q.Limit)], nil
}

// ChangedSince implements chat.Store.
func (m *MemStore) ChangedSince(_ context.Context, uid chat.UID, after chat.Pos, limit int) ([]chat.Conversation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	side := uid.Side()
	list := slices.DeleteFunc(m.list(uid), func(c chat.Conversation) bool { return c.Sides[side].Pos <= after })
	slices.SortFunc(list, func(a, b chat.Conversation) int { return cmp.Compare(a.Sides[side].Pos, b.Sides[side].Pos) })
	return list[:min(len(list), limit)], nil
}

// messages returns a conversation's messages; the caller holds mu.
func (m *MemStore) messages(id chat.ConversationID) []chat.Message {
	if c := m.convs[id]; c != nil {
		return c.messages
	}
	return nil
}

// MessagesAfter implements chat.Store.
func (m *MemStore) MessagesAfter(_ context.Context, id chat.ConversationID, after chat.Seq, limit int) ([]chat.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.messages(id)
	from := min(max(int(after), 0), len(all))
	return slices.Clone(all[from:min(from+limit, len(all))]), nil
}

// MessagesBefore implements chat.Store.
func (m *MemStore) MessagesBefore(_ context.Context, id chat.ConversationID, before chat.Seq, limit int) ([]chat.Message, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.messages(id)
	if before > 0 {
		all = all[:min(int(before)-1, len(all))]
	}
	return slices.Clone(all[max(0, len(all)-limit):]), nil
}

// MessagesWithImages implements chat.Store.
func (m *MemStore) MessagesWithImages(ctx context.Context, id chat.ConversationID, before chat.Seq, limit int) ([]chat.Message, error) {
	all, err := m.MessagesBefore(ctx, id, before, math.MaxInt)
	with := slices.DeleteFunc(all, func(msg chat.Message) bool {
		return !slices.ContainsFunc(msg.Blocks, func(bl chat.Block) bool { return bl.Image != nil })
	})
	return with[max(0, len(with)-limit):], err
}

// MessageByNonce implements chat.Store.
func (m *MemStore) MessageByNonce(_ context.Context, id chat.ConversationID, sender chat.UID, nonce chat.Nonce) (chat.Message, []byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, c := range m.convs {
		if id != "" && id != name {
			continue
		}
		if i, ok := c.nonces[memNonce{sender, nonce}]; ok {
			return c.messages[i], c.hashes[i], nil
		}
	}
	return chat.Message{}, nil, noSuch("message")
}

// Acquainted implements chat.Store.
func (m *MemStore) Acquainted(_ context.Context, uid chat.UID, others []chat.UID) ([]chat.UID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var known []chat.UID
	for uids := range m.between {
		if side := uid.Side(); uids[side] == uid && slices.Contains(others, uids[side.Other()]) {
			known = append(known, uids[side.Other()])
		}
	}
	slices.Sort(known)
	return known, nil
}

// RecallsAfter implements chat.Store.
func (m *MemStore) RecallsAfter(_ context.Context, id chat.ConversationID, after chat.Rev, limit int) ([]chat.Recall, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []chat.Recall
	if c := m.convs[id]; c != nil {
		for _, r := range c.recalls {
			if r.Rev > after && len(list) < limit {
				list = append(list, r)
			}
		}
	}
	return list, nil
}

// Unread implements chat.Store.
func (m *MemStore) Unread(_ context.Context, uid chat.UID) (conversations, messages int64, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.list(uid) {
		if n := c.Sides[uid.Side()].Unread; n > 0 {
			conversations++
			messages += n
		}
	}
	return conversations, messages, nil
}

// Positions implements chat.Store.
func (m *MemStore) Positions(_ context.Context, uids []chat.UID) (chat.Epoch, map[chat.UID]chat.Pos, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[chat.UID]chat.Pos, len(uids))
	for _, uid := range uids {
		found[uid] = m.pos[uid]
	}
	return m.Epoch, found, nil
}

// AddReport implements chat.Store.
func (m *MemStore) AddReport(_ context.Context, r chat.Report) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch c := m.convs[r.Conversation]; {
	case c == nil:
		return noSuch("conversation")
	case r.Seq < 0 || r.Seq > c.LastSeq:
		return noSuch("message")
	}
	r.Num = chat.ReportNum(len(m.reports)) + 1
	m.reports = append(m.reports, r)
	return nil
}

// Reports implements chat.Store.
func (m *MemStore) Reports(_ context.Context, after chat.ReportNum, limit int) ([]chat.Report, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	from := min(max(int(after), 0), len(m.reports))
	return slices.Clone(m.reports[from:min(from+limit, len(m.reports))]), nil
}

// NewEpoch implements chat.Store.
func (m *MemStore) NewEpoch(context.Context) (chat.Epoch, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Epoch += "'"
	return m.Epoch, nil
}

// PutParticipant implements chat.Store.
func (m *MemStore) PutParticipant(_ context.Context, uid chat.UID, name, avatar string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.people[uid]
	p.UID, p.Name, p.Avatar = uid, name, avatar
	m.people[uid] = p
	return nil
}

// Participants implements chat.Store.
func (m *MemStore) Participants(_ context.Context, uids []chat.UID) (map[chat.UID]chat.Participant, error) {
	return pick(m, m.people, uids), nil
}

// pick returns those of keys that all has.
func pick[K comparable, V any](m *MemStore, all map[K]V, keys []K) map[K]V {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := make(map[K]V)
	for _, key := range keys {
		if v, ok := all[key]; ok {
			found[key] = v
		}
	}
	return found
}

// DeleteParticipant implements chat.Store.
func (m *MemStore) DeleteParticipant(_ context.Context, uid chat.UID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.people[uid] = chat.Participant{UID: uid, RevokedAt: m.people[uid].RevokedAt}
	return nil
}

// PutProduct implements chat.Store.
func (m *MemStore) PutProduct(_ context.Context, p chat.Product) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.products[p.ID] = p
	return nil
}

// Product implements chat.Store.
func (m *MemStore) Product(_ context.Context, id chat.ProductID) (chat.Product, error) {
	if p, ok := pick(m, m.products, []chat.ProductID{id})[id]; ok {
		return p, nil
	}
	return chat.Product{}, noSuch("product")
}

// ProductsOf implements chat.Store, by ID.
func (m *MemStore) ProductsOf(_ context.Context, q chat.ProductQuery) ([]chat.Product, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []chat.Product
	for _, p := range m.products {
		found := strings.Contains(strings.ToLower(p.Title), strings.ToLower(q.Search))
		if p.Merchant == q.Merchant && !p.Deleted && p.ID > q.After && found {
			list = append(list, p)
		}
	}
	slices.SortFunc(list, func(a, b chat.Product) int { return cmp.Compare(a.ID, b.ID) })
	return list[:min(len(list), q.Limit)], nil
}

// Products implements chat.Store.
func (m *MemStore) Products(_ context.Context, ids []chat.ProductID) (map[chat.ProductID]chat.Product, error) {
	return pick(m, m.products, ids), nil
}

// DeleteProduct implements chat.Store.
func (m *MemStore) DeleteProduct(_ context.Context, id chat.ProductID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p, ok := m.products[id]
	if !ok {
		return noSuch("product")
	}
	p.Deleted = true
	m.products[id] = p
	return nil
}

// AddFile implements chat.Store.
func (m *MemStore) AddFile(_ context.Context, f chat.File) (stored chat.File, fresh bool, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, old := range m.files {
		if old.Uploader == f.Uploader && old.Key == f.Key {
			if !bytes.Equal(old.Hash, f.Hash) {
				return chat.File{}, false, chat.Codef(chat.Conflict, "nonce_reused", "this key stands for another file")
			}
			return old, false, nil
		}
	}
	m.files[f.ID] = f
	return f, true, nil
}

// FileByKey implements chat.Store.
func (m *MemStore) FileByKey(_ context.Context, uploader chat.UID, key chat.Nonce) (chat.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, f := range m.files {
		if f.Uploader == uploader && f.Key == key {
			return f, nil
		}
	}
	return chat.File{}, noSuch("file")
}

// Files implements chat.Store.
func (m *MemStore) Files(_ context.Context, ids []chat.FileID) (map[chat.FileID]chat.File, error) {
	return pick(m, m.files, ids), nil
}

// UnattachedFiles implements chat.Store.
func (m *MemStore) UnattachedFiles(_ context.Context, t time.Time, limit int) ([]chat.File, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	list := slices.SortedFunc(maps.Values(m.files), func(a, b chat.File) int { return a.CreatedAt.Compare(b.CreatedAt) })
	list = slices.DeleteFunc(list, func(f chat.File) bool { return f.Conversation != "" || !f.CreatedAt.Before(t) })
	return list[:min(len(list), limit)], nil
}

// DeleteUnattachedFile implements chat.Store.
func (m *MemStore) DeleteUnattachedFile(_ context.Context, id chat.FileID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if f, ok := m.files[id]; !ok || f.Conversation != "" {
		return false, nil
	}
	delete(m.files, id)
	return true, nil
}

// RecalledFiles implements chat.Store.
func (m *MemStore) RecalledFiles(_ context.Context, limit int) ([]chat.FileID, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.recalled[:min(len(m.recalled), limit)]), nil
}

// ForgetRecalledFile implements chat.Store.
func (m *MemStore) ForgetRecalledFile(_ context.Context, id chat.FileID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.recalled = slices.DeleteFunc(m.recalled, func(f chat.FileID) bool { return f == id })
	return nil
}

// Secret implements chat.Store.
func (m *MemStore) Secret(_ context.Context, name string, fresh []byte) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.secrets[name]; !ok {
		m.secrets[name] = bytes.Clone(fresh)
	}
	return bytes.Clone(m.secrets[name]), nil
}

// PutLoginCode implements chat.Store.
func (m *MemStore) PutLoginCode(_ context.Context, c chat.LoginCode) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.codes[string(c.Hash)] = c
	return nil
}

// TakeLoginCode implements chat.Store.
func (m *MemStore) TakeLoginCode(_ context.Context, hash []byte, now time.Time) (chat.LoginCode, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	c, ok := m.codes[string(hash)]
	delete(m.codes, string(hash))
	if !ok || !now.Before(c.ExpiresAt) {
		return chat.LoginCode{}, noSuch("code")
	}
	return c, nil
}

// Revoke implements chat.Store.
func (m *MemStore) Revoke(_ context.Context, uid chat.UID, t time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	p := m.people[uid]
	p.UID, p.RevokedAt = uid, t
	m.people[uid] = p
	return nil
}

// EndLogin implements chat.Store. It forgets nothing.
func (m *MemStore) EndLogin(_ context.Context, l chat.EndedLogin, _ time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.ended[l.ID] = true
	return nil
}

// LoginEnded implements chat.Store.
func (m *MemStore) LoginEnded(_ context.Context, id chat.LoginID) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ended[id], nil
}

// Phrases implements chat.Store.
func (m *MemStore) Phrases(_ context.Context, owner chat.PhraseOwner) ([]chat.Phrase, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var ps []chat.Phrase
	for _, p := range m.phrases {
		if p.Owner == owner {
			ps = append(ps, p)
		}
	}
	slices.SortFunc(ps, func(a, b chat.Phrase) int { return cmp.Or(cmp.Compare(a.Place, b.Place), cmp.Compare(a.ID, b.ID)) })
	return ps, nil
}

// PutPhrase implements chat.Store.
func (m *MemStore) PutPhrase(_ context.Context, p chat.Phrase, most int) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	others := 0
	for i, known := range m.phrases {
		switch {
		case known.Owner != p.Owner:
		case known.ID == p.ID:
			m.phrases[i] = p
			return nil
		default:
			others++
		}
	}
	if others >= most {
		return chat.Codef(chat.TooLarge, "too_many_phrases", "there are %d phrases, which is all there may be", others)
	}
	m.phrases = append(m.phrases, p)
	return nil
}

// DeletePhrase implements chat.Store.
func (m *MemStore) DeletePhrase(_ context.Context, owner chat.PhraseOwner, id chat.PhraseID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.phrases = slices.DeleteFunc(m.phrases, func(p chat.Phrase) bool { return p.Owner == owner && p.ID == id })
	return nil
}

// ShopSettings implements chat.Store.
func (m *MemStore) ShopSettings(_ context.Context, merchant chat.UID) (chat.ShopSettings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.settings[merchant], nil
}

// PutShopSettings implements chat.Store.
func (m *MemStore) PutShopSettings(_ context.Context, merchant chat.UID, set chat.ShopSettings) (chat.ShopSettings, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.settings[merchant].Version != set.Version {
		return chat.ShopSettings{}, chat.Codef(chat.Conflict, "settings_changed", "somebody has changed the settings meanwhile")
	}
	if m.settings == nil {
		m.settings = make(map[chat.UID]chat.ShopSettings)
	}
	set.Version++
	m.settings[merchant] = set
	return set, nil
}
