package chat

import (
	"bytes"
	"context"
	"fmt"
	"time"
)

// Send stores the message and then announces it. When it returns, the message is
// synced to disk. Sending the same draft again returns the first result and
// announces nothing. origin is the session that asked, "" for none.
func (s *Service) Send(ctx context.Context, actor Actor, d Draft, origin ClientID) (Appended, error) {
	done, err := s.send(ctx, actor, d, origin)
	if err == nil {
		s.answerByItself(ctx, &done)
	}
	return done, err
}

func (s *Service) send(ctx context.Context, actor Actor, d Draft, origin ClientID) (Appended, error) {
	if err := d.Validate(&s.limits); err != nil {
		return Appended{}, err
	}
	hash, err := d.hash()
	if err != nil {
		return Appended{}, err
	}
	if d.Conversation == "" { // the product may mean something else by now, the nonce does not
		if done, known, err := s.repeat(ctx, actor, &d, hash); known || err != nil {
			return done, err
		}
	}
	a, uids, err := s.prepare(ctx, actor, &d)
	if err != nil {
		return s.repeatOr(ctx, actor, &d, hash, err)
	}
	a.Hash = hash
	return carry(ctx, s, &change[Appended, Appended]{
		ask:     func(ctx context.Context) (Appended, error) { return s.append(ctx, a) },
		tell:    func(ctx context.Context, done Appended) (Appended, error) { return s.appended(ctx, done, origin), nil },
		touched: func() []UID { return uids[:] },
		left:    func(ctx context.Context, done Appended) { s.answerByItself(ctx, &done) },
	})
}

func (s *Service) append(ctx context.Context, a Append) (Appended, error) {
	done, err := s.store.Append(ctx, a)
	if err != nil {
		return Appended{}, fmt.Errorf("append: %w", err)
	}
	return done, nil
}

// appended announces a message that is stored. What of it has to be read first, when ctx
// ends meanwhile, is announced after it has returned.
func (s *Service) appended(ctx context.Context, done Appended, origin ClientID) Appended {
	s.members.put(done.Conversation.ID, done.Conversation.UIDs)
	switch {
	case !done.Fresh:
	case done.Begun || done.About:
		_, err := inTime(ctx, s, func(ctx context.Context) (struct{}, error) {
			s.announceMessage(ctx, &done, origin)
			return struct{}{}, nil
		})
		if err != nil && ctx.Err() == nil {
			s.log.WarnContext(ctx, "announce", "conversation", done.Conversation.ID, "err", err)
		}
	default:
		s.announceMessage(ctx, &done, origin)
	}
	return done
}

// prepare turns a draft into what the store is asked to append: it resolves the
// conversation, the seller, the files and the products on the server. It returns the two
// sides, too.
func (s *Service) prepare(ctx context.Context, actor Actor, d *Draft) (a Append, uids [2]UID, err error) {
	if err := s.Allow(ActionSend, actor); err != nil {
		return a, uids, err
	}
	a = Append{
		Conversation: d.Conversation, Product: d.Product,
		Sender: actor.UID, Agent: actor.Agent, AgentName: actor.AgentName,
		Nonce: d.Nonce, SentAt: s.now().UTC().Truncate(time.Millisecond),
	}
	if uids, err = s.recipients(ctx, actor, d, &a); err != nil {
		return Append{}, uids, err
	}
	if a.Blocks, err = s.resolveBlocks(ctx, actor, uids[MerchantSide], d.Blocks); err != nil {
		return Append{}, uids, err
	}
	other := uids[actor.Side().Other()]
	a.RemindAt = s.limits.remindAt(other, a.SentAt)
	switch s.bus.Cached(other) {
	case Online:
		a.RecipientOnline = new(true)
	case Offline:
		a.RecipientOnline = new(false)
	case PresenceUnknown:
	}
	return a, uids, nil
}

// recipients resolves the conversation that d means and returns its two sides.
func (s *Service) recipients(ctx context.Context, actor Actor, d *Draft, a *Append) ([2]UID, error) {
	if d.Conversation == "" {
		return s.startFor(ctx, actor, d, a)
	}
	uids, _, err := s.membersFor(ctx, actor, d.Conversation)
	if err != nil {
		return uids, err
	}
	if d.Product != "" {
		_, err = s.productOf(ctx, d.Product, uids[MerchantSide])
	}
	if err == nil && d.Merchant != "" && d.Merchant != uids[MerchantSide] {
		err = errWrongMerchant()
	}
	return uids, err
}

// startFor resolves the seller of the product that a first message is about.
func (s *Service) startFor(ctx context.Context, actor Actor, d *Draft, a *Append) ([2]UID, error) {
	var none [2]UID
	if actor.Side() != BuyerSide {
		return none, Codef(Denied, "buyers_begin", "a conversation is begun by the buyer")
	}
	p, err := s.forSale(ctx, d.Product)
	if err != nil {
		return none, err
	}
	if d.Merchant != "" && d.Merchant != p.Merchant {
		return none, errWrongMerchant()
	}
	uids := [2]UID{BuyerSide: actor.UID, MerchantSide: p.Merchant}
	known, err := s.store.ConversationBetween(ctx, actor.UID, p.Merchant)
	switch {
	case err == nil:
		a.Conversation = known.ID
		return uids, nil
	case KindOf(err) != NotFound:
		return none, fmt.Errorf("conversation of %s and %s: %w", actor.UID, p.Merchant, err)
	}
	if err := s.Allow(ActionBegin, actor); err != nil {
		return none, err
	}
	a.Start = &Start{ID: NewConversationID(), Buyer: actor.UID, Other: p.Merchant}
	return uids, nil
}

func errWrongMerchant() error {
	return Codef(Denied, "wrong_merchant", "this product is sold by another merchant")
}

// forSale returns the product unless it is gone.
func (s *Service) forSale(ctx context.Context, id ProductID) (Product, error) {
	p, err := s.store.Product(ctx, id)
	if err != nil {
		return Product{}, fmt.Errorf("product %s: %w", id, err)
	}
	if p.Deleted {
		return Product{}, Codef(NotFound, "product_gone", "this product is no longer for sale")
	}
	return p, nil
}

// productOf returns the product if merchant sells it.
func (s *Service) productOf(ctx context.Context, id ProductID, merchant UID) (Product, error) {
	p, err := s.forSale(ctx, id)
	if err == nil && p.Merchant != merchant {
		err = errWrongMerchant()
	}
	return p, err
}

func (s *Service) resolveBlocks(ctx context.Context, actor Actor, merchant UID, drafts []DraftBlock) ([]Block, error) {
	files, err := s.filesIn(ctx, actor, drafts)
	if err != nil {
		return nil, err
	}
	blocks := make([]Block, len(drafts))
	for i, d := range drafts {
		blocks[i] = Block{Type: d.Type, Text: d.Text}
		switch d.Type {
		case TextBlock, NoticeBlock: // a draft has no notice
		case ImageBlock:
			f := files[d.File]
			blocks[i].Image = &Image{File: f.ID, Width: f.Width, Height: f.Height, Preview: f.Preview}
		case ProductBlock:
			p, err := s.productOf(ctx, d.Product, merchant)
			if err != nil {
				return nil, err
			}
			blocks[i].Product = p.Card()
		}
	}
	return blocks, nil
}

// filesIn returns the files that drafts name, all of them the actor's own.
func (s *Service) filesIn(ctx context.Context, actor Actor, drafts []DraftBlock) (map[FileID]File, error) {
	var ids []FileID
	for _, d := range drafts {
		if d.Type == ImageBlock {
			ids = append(ids, d.File)
		}
	}
	if ids == nil {
		return nil, nil
	}
	files, err := s.store.Files(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("files of a message: %w", err)
	}
	for _, id := range ids {
		if f, ok := files[id]; !ok || f.Uploader != actor.UID {
			return nil, Codef(Denied, "file_not_yours", "a picture has to be uploaded again")
		}
	}
	return files, nil
}

// repeat returns the message that the actor stored under the draft's nonce
// before, if there is one. Another request under that nonce is a Conflict.
func (s *Service) repeat(ctx context.Context, actor Actor, d *Draft, hash []byte) (done Appended, known bool, err error) {
	m, stored, err := s.store.MessageByNonce(ctx, d.Conversation, actor.UID, d.Nonce)
	switch {
	case err != nil && KindOf(err) == NotFound:
		return Appended{}, false, nil
	case err != nil:
		return Appended{}, false, fmt.Errorf("look for a repeat: %w", err)
	case !bytes.Equal(stored, hash):
		return Appended{}, false, Codef(Conflict, "nonce_reused", "this nonce already stands for another message")
	}
	conv, err := s.store.Conversation(ctx, m.Conversation)
	if err != nil {
		return Appended{}, false, fmt.Errorf("conversation of a repeat: %w", err)
	}
	return Appended{Message: m, Conversation: conv}, true, nil
}

// repeatOr returns the message that was stored under the draft's nonce before,
// else cause: what cannot be sent any more may have been sent already.
func (s *Service) repeatOr(ctx context.Context, actor Actor, d *Draft, hash []byte, cause error) (Appended, error) {
	if KindOf(cause) == RateLimited || KindOf(cause) == Internal || d.Conversation == "" {
		return Appended{}, cause
	}
	if _, _, err := s.membersFor(ctx, actor, d.Conversation); err != nil {
		return Appended{}, cause
	}
	done, known, err := s.repeat(ctx, actor, d, hash)
	if err == nil && !known {
		err = cause
	}
	return done, err
}

// announceMessage tells both sides. A conversation that is new to them, or about
// another product now, is told of first.
func (s *Service) announceMessage(ctx context.Context, done *Appended, origin ClientID) {
	conv := &done.Conversation
	if done.Begun || done.About {
		told := *conv
		told.Last = &done.Message
		s.announceConversation(ctx, told, BuyerSide, MerchantSide)
	}
	s.announce(ctx, conv.UIDs, Event{Origin: origin, Pos: conv.Positions(), Message: &done.Message})
}

// announceConversation tells sides all there is to know of a conversation, or to look for
// themselves where that cannot be read.
func (s *Service) announceConversation(ctx context.Context, conv Conversation, sides ...Side) {
	var ev Event
	views, err := s.views(context.WithoutCancel(ctx), []Conversation{conv})
	if err != nil {
		s.log.WarnContext(ctx, "announce conversation", "conversation", conv.ID, "err", err)
	} else {
		ev.Conversation = &views[0]
		for _, side := range sides {
			ev.Pos[side] = conv.Sides[side].Pos
		}
	}
	s.publish(ctx, eventsOf(conv.UIDs, sides), ev)
}

// eventsOf are the topics of sides of a conversation.
func eventsOf(uids [2]UID, sides []Side) []Topic {
	topics := make([]Topic, 0, len(sides))
	for _, side := range sides {
		topics = append(topics, Topic{EventsOf, uids[side]})
	}
	return topics
}
