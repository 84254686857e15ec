package chat

import (
	"context"
	"fmt"
	"strings"
	"unicode/utf8"
)

// PhraseID names a quick phrase within its owner's. Whoever keeps the phrase chooses
// it: 1 to 64 of A-Za-z0-9._-.
type PhraseID string

// ParsePhraseID checks the form of a PhraseID.
func ParsePhraseID(s string) (PhraseID, error) {
	if !isName(s) {
		return "", Codef(Invalid, "invalid_phrase_id", "a phrase's id is 1 to 64 of A-Z a-z 0-9 . _ -")
	}
	return PhraseID(s), nil
}

// PhraseOwner is who has a set of phrases: an agent for itself, or with no agent all
// of the merchant's staff.
type PhraseOwner struct {
	Merchant UID
	Agent    AgentID
}

// Phrase is something that sellers say often. Its text may hold {buyer} and {product},
// which the console fills in; to the server they are text.
type Phrase struct {
	ID    PhraseID
	Owner PhraseOwner
	Title string // to find it by; may be empty
	Text  string
	Place int64 // phrases of an owner are sorted by it, then by ID
}

// Phrases returns the actor's own phrases and its shop's, each sorted by place.
func (s *Service) Phrases(ctx context.Context, actor Actor) (own, shop []Phrase, err error) {
	if err := staff(actor); err != nil {
		return nil, nil, err
	}
	for _, o := range []struct {
		owner PhraseOwner
		to    *[]Phrase
	}{{PhraseOwner{actor.UID, ""}, &shop}, {PhraseOwner{actor.UID, actor.Agent}, &own}} {
		if o.to == &own && actor.Agent == "" {
			break // a shop without agents has one set
		}
		if *o.to, err = s.store.Phrases(ctx, o.owner); err != nil {
			return nil, nil, fmt.Errorf("phrases of %s/%s: %w", o.owner.Merchant, o.owner.Agent, err)
		}
	}
	return own, shop, nil
}

// PutPhrase keeps p in place of what its ID named before, for the actor itself or for
// all of its shop's staff. The owner is filled in here.
func (s *Service) PutPhrase(ctx context.Context, actor Actor, shop bool, p Phrase) error {
	owner, err := s.phraseOwner(actor, shop)
	if err != nil {
		return err
	}
	p.Owner, p.Title = owner, CleanName(p.Title, s.limits.NameRunes)
	switch {
	case strings.TrimSpace(p.Text) == "":
		return Codef(Invalid, "empty_phrase", "a phrase says something")
	case utf8.RuneCountInString(p.Text) > s.limits.TextRunes:
		return Codef(TooLarge, "text_too_long", "a phrase has at most %d characters", s.limits.TextRunes)
	}
	if err := checkText(p.Text); err != nil {
		return err
	}
	return s.store.PutPhrase(ctx, p, s.limits.Phrases)
}

// DeletePhrase forgets a phrase; one that is not there is no error.
func (s *Service) DeletePhrase(ctx context.Context, actor Actor, shop bool, id PhraseID) error {
	owner, err := s.phraseOwner(actor, shop)
	if err != nil {
		return err
	}
	return s.store.DeletePhrase(ctx, owner, id)
}

func (s *Service) phraseOwner(actor Actor, shop bool) (PhraseOwner, error) {
	if err := staff(actor); err != nil {
		return PhraseOwner{}, err
	}
	if shop || actor.Agent == "" {
		return PhraseOwner{actor.UID, ""}, nil
	}
	return PhraseOwner{actor.UID, actor.Agent}, nil
}

// staff refuses whoever is not on a merchant's side.
func staff(actor Actor) error {
	if actor.Side() != MerchantSide {
		return Codef(Denied, "not_merchant", "only a merchant's staff may do this")
	}
	return nil
}
