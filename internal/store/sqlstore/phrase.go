package sqlstore

import (
	"context"
	"fmt"

	"haggle/internal/chat"
)

const selectPhrases = `
SELECT id, title, body, place
FROM phrases
WHERE merchant = ? AND agent = ?
ORDER BY place, id`

const countOtherPhrases = `
SELECT COUNT(*)
FROM phrases
WHERE merchant = ? AND agent = ? AND id <> ?`

const putPhrase = `
INSERT INTO phrases (merchant, agent, id, title, body, place)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (merchant, agent, id) DO UPDATE
SET title = excluded.title, body = excluded.body, place = excluded.place`

const deletePhrase = `
DELETE FROM phrases
WHERE merchant = ? AND agent = ? AND id = ?`

// Phrases implements chat.Store.
func (s *Store) Phrases(ctx context.Context, owner chat.PhraseOwner) ([]chat.Phrase, error) {
	var ps []chat.Phrase
	err := s.query(ctx, func(r row) error {
		ps = append(ps, chat.Phrase{
			ID: chat.PhraseID(r.text(0)), Owner: owner, Title: r.text(1), Text: r.text(2), Place: r.int(3),
		})
		return nil
	}, selectPhrases, string(owner.Merchant), string(owner.Agent))
	if err != nil {
		return nil, fmt.Errorf("phrases: %w", err)
	}
	return ps, nil
}

// PutPhrase implements chat.Store.
func (s *Store) PutPhrase(ctx context.Context, p chat.Phrase, most int) error {
	merchant, agent := string(p.Owner.Merchant), string(p.Owner.Agent)
	phrases := countingPhrases + merchant + " " + agent
	err := s.write(ctx, phrases, func(t tx) error {
		if err := s.dialect.serialize(t, phrases); err != nil {
			return err
		}
		var others int64
		err := t.query(func(r row) error { others = r.int(0); return nil }, countOtherPhrases, merchant, agent, string(p.ID))
		if err != nil {
			return err
		}
		if others >= int64(most) {
			return chat.Codef(chat.TooLarge, "too_many_phrases", "there are %d phrases, which is all there may be", others)
		}
		_, err = t.exec(putPhrase, merchant, agent, string(p.ID), p.Title, p.Text, p.Place)
		return err
	})
	if err != nil {
		return fmt.Errorf("put phrase: %w", err)
	}
	return nil
}

// DeletePhrase implements chat.Store.
func (s *Store) DeletePhrase(ctx context.Context, owner chat.PhraseOwner, id chat.PhraseID) error {
	err := s.write(ctx, "", func(t tx) error {
		_, err := t.exec(deletePhrase, string(owner.Merchant), string(owner.Agent), string(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("delete phrase: %w", err)
	}
	return nil
}
