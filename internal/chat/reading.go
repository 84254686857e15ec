package chat

import (
	"context"
	"fmt"
	"time"
)

// Self is what the server knows of an actor.
type Self struct {
	Participant         Participant
	Position            Position
	UnreadConversations int64
	Unread              int64
}

// Me returns what the server knows of the actor.
func (s *Service) Me(ctx context.Context, actor Actor) (Self, error) {
	known, err := s.store.Participants(ctx, []UID{actor.UID})
	if err != nil {
		return Self{}, fmt.Errorf("me: %w", err)
	}
	self := Self{Participant: Participant{UID: actor.UID}}
	if p, ok := known[actor.UID]; ok {
		self.Participant = p
	}
	if self.Position, err = s.Position(ctx, actor.UID); err != nil {
		return Self{}, err
	}
	self.UnreadConversations, self.Unread, err = s.store.Unread(ctx, actor.UID)
	return self, err
}

// Position returns where uid's changes stand now.
func (s *Service) Position(ctx context.Context, uid UID) (Position, error) {
	epoch, pos, err := s.store.Positions(ctx, []UID{uid})
	if err != nil {
		return Position{}, fmt.Errorf("position of %s: %w", uid, err)
	}
	return Position{Epoch: epoch, Pos: pos[uid]}, nil
}

// Positions returns where the changes of each of uids stand now. It is for
// heartbeats, which ask for many at a time.
func (s *Service) Positions(ctx context.Context, uids []UID) (Epoch, map[UID]Pos, error) {
	return s.store.Positions(ctx, uids)
}

// Begun is what a page needs to talk about a product.
type Begun struct {
	Product      Product
	Merchant     Participant
	Presence     Presence
	Conversation *ConversationView // nil until the first message
	Closed       *Closed           // nil while the shop answers, or does not say when

	RepliesWithin time.Duration // see Service.RepliesWithin; 0 while the shop is closed
}

// Begin returns what a buyer needs to talk about a product with its seller. It
// creates nothing: the first message does.
func (s *Service) Begin(ctx context.Context, actor Actor, id ProductID) (Begun, error) {
	if actor.Side() != BuyerSide {
		return Begun{}, Codef(Denied, "buyers_begin", "a conversation is begun by the buyer")
	}
	p, err := s.store.Product(ctx, id)
	if err != nil {
		return Begun{}, fmt.Errorf("product %s: %w", id, err)
	}
	conv, err := s.store.ConversationBetween(ctx, actor.UID, p.Merchant)
	if err != nil && KindOf(err) != NotFound {
		return Begun{}, fmt.Errorf("begin: %w", err)
	}
	found := err == nil
	if !found && p.Deleted {
		return Begun{}, Codef(NotFound, "product_gone", "this product is no longer for sale")
	}
	b := Begun{Product: p, Merchant: Participant{UID: p.Merchant}}
	if found {
		views, err := s.views(ctx, []Conversation{conv})
		if err != nil {
			return Begun{}, err
		}
		b.Conversation = &views[0]
	}
	people, err := s.store.Participants(ctx, []UID{p.Merchant})
	if err != nil {
		return Begun{}, fmt.Errorf("begin: %w", err)
	}
	if m, ok := people[p.Merchant]; ok {
		b.Merchant = m
	}
	if b.Closed, err = s.ClosedNow(ctx, p.Merchant); err != nil {
		return Begun{}, err
	}
	if b.Closed == nil {
		b.RepliesWithin = s.RepliesWithin(ctx, p.Merchant)
	}
	b.Presence = s.bus.Presence(ctx, []UID{p.Merchant})[p.Merchant]
	return b, nil
}

// Product returns a product by its ID. What is for sale is no secret.
func (s *Service) Product(ctx context.Context, id ProductID) (Product, error) {
	p, err := s.store.Product(ctx, id)
	if err != nil {
		return Product{}, fmt.Errorf("product %s: %w", id, err)
	}
	return p, nil
}

// Products returns a page of what the actor's shop has for sale. q.Merchant is the
// actor's whatever it says.
func (s *Service) Products(ctx context.Context, actor Actor, q ProductQuery) ([]Product, error) {
	if err := staff(actor); err != nil {
		return nil, err
	}
	q.Merchant, q.Limit = actor.UID, s.pageSize(q.Limit)
	ps, err := s.store.ProductsOf(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("products of %s: %w", actor.UID, err)
	}
	return ps, nil
}

// Conversation returns one conversation of the actor's, Last filled in.
func (s *Service) Conversation(ctx context.Context, actor Actor, id ConversationID) (ConversationView, error) {
	conv, err := s.store.Conversation(ctx, id)
	if err != nil {
		return ConversationView{}, fmt.Errorf("conversation %s: %w", id, err)
	}
	if conv.SideOf(actor.UID) == NoSide {
		return ConversationView{}, errNoConversation()
	}
	last, err := s.store.MessagesAfter(ctx, id, conv.LastSeq-1, 1)
	if err != nil {
		return ConversationView{}, fmt.Errorf("last message: %w", err)
	}
	if len(last) == 1 {
		conv.Last = &last[0]
	}
	views, err := s.views(ctx, []Conversation{conv})
	if err != nil {
		return ConversationView{}, err
	}
	return views[0], nil
}

// ConversationWith returns the actor's conversation with somebody of the other
// side, Last not filled in. Without a message there is none: NotFound.
func (s *Service) ConversationWith(ctx context.Context, actor Actor, other UID) (ConversationView, error) {
	uids := [2]UID{BuyerSide: actor.UID, MerchantSide: other}
	if actor.Side() == MerchantSide {
		uids = [2]UID{BuyerSide: other, MerchantSide: actor.UID}
	}
	conv, err := s.store.ConversationBetween(ctx, uids[BuyerSide], uids[MerchantSide])
	if err != nil {
		return ConversationView{}, fmt.Errorf("conversation of %s and %s: %w", actor.UID, other, err)
	}
	views, err := s.views(ctx, []Conversation{conv})
	if err != nil {
		return ConversationView{}, err
	}
	return views[0], nil
}

// Conversations returns a page of the actor's conversations. q.UID is the
// actor's whatever it says.
func (s *Service) Conversations(ctx context.Context, actor Actor, q ConversationQuery) ([]ConversationView, error) {
	q.UID = actor.UID
	q.Limit = s.pageSize(q.Limit)
	convs, err := s.store.Conversations(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("conversations: %w", err)
	}
	return s.views(ctx, convs)
}

// ProductsAsked returns what a conversation of the actor's was about, latest first, as
// far as the products are known.
func (s *Service) ProductsAsked(ctx context.Context, actor Actor, id ConversationID, limit int) ([]AskedAboutView, error) {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return nil, err
	}
	list, err := s.store.ProductsAsked(ctx, id, s.pageSize(limit))
	if err != nil {
		return nil, fmt.Errorf("products asked about in %s: %w", id, err)
	}
	ids := make([]ProductID, len(list))
	for i, a := range list {
		ids[i] = a.Product
	}
	known, err := s.store.Products(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	views := make([]AskedAboutView, 0, len(list))
	for _, a := range list {
		if p, ok := known[a.Product]; ok {
			views = append(views, AskedAboutView{AskedAbout: a, Product: p})
		}
	}
	return views, nil
}

// Changes is a page of what changed for a participant.
type Changes struct {
	Conversations []ConversationView
	Position      Position // the page is complete up to here
	More          bool
	Reset         bool // the position asked from means nothing: drop everything and reload
}

// ChangedSince returns what changed for the actor since a position, in pages: all
// of it, or Reset.
func (s *Service) ChangedSince(ctx context.Context, actor Actor, since Position, limit int) (Changes, error) {
	now, err := s.Position(ctx, actor.UID)
	if err != nil {
		return Changes{}, err
	}
	if since.Epoch != now.Epoch || since.Pos > now.Pos || since.Pos < 0 {
		return Changes{Position: now, Reset: true}, nil
	}
	limit = s.pageSize(limit)
	convs, err := s.store.ChangedSince(ctx, actor.UID, since.Pos, limit)
	if err != nil {
		return Changes{}, fmt.Errorf("changed since %d: %w", since.Pos, err)
	}
	page := Changes{Position: now, More: len(convs) == limit}
	if len(convs) > 0 {
		last := &convs[len(convs)-1]
		page.Position.Pos = last.Sides[actor.Side()].Pos
		if !page.More {
			page.Position.Pos = max(page.Position.Pos, now.Pos)
		}
	}
	page.Conversations, err = s.views(ctx, convs)
	return page, err
}

// MessagesAfter returns a page of a conversation after a Seq, in order.
func (s *Service) MessagesAfter(ctx context.Context, actor Actor, id ConversationID, after Seq, limit int) ([]Message, error) {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return nil, err
	}
	return s.store.MessagesAfter(ctx, id, after, s.pageSize(limit))
}

// MessagesBefore returns the last page of a conversation before a Seq, in order;
// before 0 means from the end.
func (s *Service) MessagesBefore(ctx context.Context, actor Actor, id ConversationID, before Seq, limit int) ([]Message, error) {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return nil, err
	}
	return s.store.MessagesBefore(ctx, id, before, s.pageSize(limit))
}

// MessagesWithImages returns the last page of a conversation's messages before a Seq
// that carry images, in order; before 0 means from the end.
func (s *Service) MessagesWithImages(ctx context.Context, actor Actor, id ConversationID, before Seq, limit int) ([]Message, error) {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return nil, err
	}
	return s.store.MessagesWithImages(ctx, id, before, s.pageSize(limit))
}

// RecallsAfter returns a page of a conversation's recalls after a Rev, in order.
func (s *Service) RecallsAfter(ctx context.Context, actor Actor, id ConversationID, after Rev, limit int) ([]Recall, error) {
	if _, _, err := s.membersFor(ctx, actor, id); err != nil {
		return nil, err
	}
	return s.store.RecallsAfter(ctx, id, after, s.pageSize(limit))
}

// Files returns those of ids that the actor may see: its own uploads and what
// messages in its conversations carry.
func (s *Service) Files(ctx context.Context, actor Actor, ids []FileID) ([]File, error) {
	if len(ids) > s.limits.FileURLs {
		return nil, Codef(TooLarge, "too_many_files", "at most %d files at a time", s.limits.FileURLs)
	}
	found, err := s.store.Files(ctx, uniq(ids))
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	var files []File
	for _, f := range found {
		if f.Conversation == "" {
			if f.Uploader == actor.UID {
				files = append(files, f)
			}
			continue
		}
		if _, _, err := s.membersFor(ctx, actor, f.Conversation); err == nil {
			files = append(files, f)
		} else if KindOf(err) != NotFound {
			return nil, err
		}
	}
	return files, nil
}

func (s *Service) pageSize(asked int) int {
	if asked <= 0 || asked > s.limits.PageSize {
		return s.limits.PageSize
	}
	return asked
}

// views adds the participants and products to conversations, in two queries.
func (s *Service) views(ctx context.Context, convs []Conversation) ([]ConversationView, error) {
	var uids []UID
	var ids []ProductID
	for i := range convs {
		uids = append(uids, convs[i].UIDs[:]...)
		if convs[i].Product != "" {
			ids = append(ids, convs[i].Product)
		}
	}
	people, err := s.store.Participants(ctx, uniq(uids))
	if err != nil {
		return nil, fmt.Errorf("participants: %w", err)
	}
	products, err := s.store.Products(ctx, uniq(ids))
	if err != nil {
		return nil, fmt.Errorf("products: %w", err)
	}
	views := make([]ConversationView, len(convs))
	for i := range convs {
		v := ConversationView{Conversation: convs[i]}
		for side, uid := range v.UIDs {
			v.Participants[side] = people[uid]
			v.Participants[side].UID = uid // also when nothing else is known
		}
		if p, ok := products[v.Conversation.Product]; ok {
			v.Product = &p
		}
		views[i] = v
	}
	return views, nil
}
