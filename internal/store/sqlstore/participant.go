package sqlstore

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"
	"unicode"

	"haggle/internal/chat"
)

const putParticipant = `
INSERT INTO participants (uid, known, name, name_fold, avatar)
VALUES (?, 1, ?, ?, ?)
ON CONFLICT (uid) DO UPDATE
SET known = 1, name = excluded.name, name_fold = excluded.name_fold, avatar = excluded.avatar`

const forgetParticipant = `
UPDATE participants
SET known = 0, name = '', name_fold = '', avatar = ''
WHERE uid = ? AND known = 1`

// Who was revoked is known, name or no name: whoever checks a token has to hear
// of it.
const selectParticipants = `
SELECT uid, name, avatar, revoked_at
FROM participants
WHERE uid IN (SELECT value FROM json_each(?)) AND (known = 1 OR revoked_at > 0)`

const revokeParticipant = `
INSERT INTO participants (uid, revoked_at)
VALUES (?, ?)
ON CONFLICT (uid) DO UPDATE
SET revoked_at = excluded.revoked_at
WHERE participants.revoked_at < excluded.revoked_at`

// PutParticipant implements chat.Store.
func (s *Store) PutParticipant(ctx context.Context, uid chat.UID, name, avatar string) error {
	err := s.write(ctx, participantRow(uid), func(t tx) error {
		_, err := t.exec(putParticipant, string(uid), name, foldName(name), avatar)
		return err
	})
	if err != nil {
		return fmt.Errorf("put participant: %w", err)
	}
	return nil
}

// Participants implements chat.Store.
func (s *Store) Participants(ctx context.Context, uids []chat.UID) (map[chat.UID]chat.Participant, error) {
	ps := make(map[chat.UID]chat.Participant, len(uids))
	err := s.query(ctx, func(r row) error {
		p := chat.Participant{UID: chat.UID(r.text(0)), Name: r.text(1), Avatar: r.text(2), RevokedAt: r.time(3)}
		ps[p.UID] = p
		return nil
	}, selectParticipants, jsonList(uids))
	if err != nil {
		return nil, fmt.Errorf("participants: %w", err)
	}
	return ps, nil
}

// DeleteParticipant implements chat.Store.
func (s *Store) DeleteParticipant(ctx context.Context, uid chat.UID) error {
	err := s.write(ctx, participantRow(uid), func(t tx) error {
		n, err := t.exec(forgetParticipant, string(uid))
		if err == nil && n == 0 {
			return chat.Errorf(chat.NotFound, "no such participant")
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("delete participant: %w", err)
	}
	return nil
}

// Revoke implements chat.Store.
func (s *Store) Revoke(ctx context.Context, uid chat.UID, t time.Time) error {
	err := s.write(ctx, participantRow(uid), func(x tx) error {
		_, err := x.exec(revokeParticipant, string(uid), millis(t))
		return err
	})
	if err != nil {
		return fmt.Errorf("revoke: %w", err)
	}
	return nil
}

func participantRow(uid chat.UID) string { return "participant " + string(uid) }

// foldName takes letter case out of a name: of all the forms of a letter it
// keeps the one with the lowest code point.
func foldName(name string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, name)
}

// jsonList is how a list gets into a query.
func jsonList[T ~string](list []T) string {
	b, err := json.Marshal(list)
	if err != nil || list == nil {
		return "[]" // strings always have a JSON form
	}
	return string(b)
}
