package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"haggle/internal/chat"
)

const insertSetting = `
INSERT INTO settings (name, value)
VALUES (?, ?)
ON CONFLICT (name) DO NOTHING`

const selectSetting = `
SELECT value
FROM settings
WHERE name = ?`

const putLoginCode = `
INSERT INTO login_codes (hash, uid, agent, agent_name, expires_at)
VALUES (?, ?, ?, ?, ?)
ON CONFLICT (hash) DO NOTHING`

const selectLoginCode = `
SELECT uid, agent, agent_name, expires_at
FROM login_codes
WHERE hash = ?`

const deleteLoginCode = `
DELETE FROM login_codes
WHERE hash = ?`

const deleteLoginCodes = `
DELETE FROM login_codes
WHERE expires_at <= ?`

// The table numbers reports as they come.
const insertReport = `
INSERT INTO reports (conversation, reporter, agent, seq, reported_at, reason)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (conversation, reporter, agent, seq, reported_at) DO NOTHING`

const selectLastSeq = `
SELECT last_seq
FROM conversations
WHERE id = ?`

const selectReports = `
SELECT num, conversation, reporter, agent, seq, reported_at, reason
FROM reports
WHERE num > ?
ORDER BY num
LIMIT ?`

// Secret implements chat.Store.
func (s *Store) Secret(ctx context.Context, name string, fresh []byte) ([]byte, error) {
	var value []byte
	err := s.write(ctx, "setting "+name, func(t tx) error {
		if _, err := t.exec(insertSetting, name, fresh); err != nil {
			return err
		}
		return t.query(func(r row) error {
			value = bytes.Clone(r.bytes(0))
			return nil
		}, selectSetting, name)
	})
	if err != nil {
		return nil, fmt.Errorf("secret %s: %w", name, err)
	}
	return value, nil
}

// PutLoginCode implements chat.Store.
func (s *Store) PutLoginCode(ctx context.Context, c chat.LoginCode) error {
	err := s.write(ctx, "", func(t tx) error {
		_, err := t.exec(putLoginCode, c.Hash, string(c.Actor.UID), string(c.Actor.Agent), c.Actor.AgentName, millis(c.ExpiresAt))
		return err
	})
	if err != nil {
		return fmt.Errorf("put login code: %w", err)
	}
	return nil
}

// TakeLoginCode implements chat.Store. It sweeps up expired codes as it goes.
func (s *Store) TakeLoginCode(ctx context.Context, hash []byte, now time.Time) (chat.LoginCode, error) {
	var c chat.LoginCode
	found := false
	err := s.write(ctx, "", func(t tx) error {
		found = false
		err := t.query(func(r row) error {
			c = chat.LoginCode{
				Hash:      bytes.Clone(hash),
				Actor:     chat.Actor{UID: chat.UID(r.text(0)), Agent: chat.AgentID(r.text(1)), AgentName: r.text(2)},
				ExpiresAt: r.time(3),
			}
			found = now.Before(c.ExpiresAt)
			return nil
		}, selectLoginCode, hash)
		if err != nil {
			return err
		}
		n, err := t.exec(deleteLoginCode, hash)
		if err != nil {
			return err
		}
		found = found && n == 1 // of several who take it at a time, one gets it
		_, err = t.exec(deleteLoginCodes, millis(now))
		return err
	})
	if err != nil {
		return chat.LoginCode{}, fmt.Errorf("take login code: %w", err)
	}
	if !found {
		return chat.LoginCode{}, chat.Errorf(chat.NotFound, "this code is not valid any more")
	}
	return c, nil
}

// AddReport implements chat.Store.
func (s *Store) AddReport(ctx context.Context, r chat.Report) error {
	err := s.write(ctx, numberingReports, func(t tx) error {
		last := int64(-1)
		err := t.query(func(r row) error { last = r.int(0); return nil }, selectLastSeq, string(r.Conversation))
		switch {
		case err != nil:
			return err
		case last < 0:
			return errNoConversation()
		case r.Seq < 0 || int64(r.Seq) > last:
			return errNoMessage()
		}
		// Nums are read in their order: none may come up behind a higher one.
		if err := s.dialect.serialize(t, numberingReports); err != nil {
			return err
		}
		_, err = t.exec(insertReport, string(r.Conversation), string(r.By), string(r.Agent), int64(r.Seq), millis(r.At), r.Reason)
		return err
	})
	if err != nil {
		return fmt.Errorf("add report: %w", err)
	}
	return nil
}

// Reports implements chat.Store.
func (s *Store) Reports(ctx context.Context, after chat.ReportNum, limit int) ([]chat.Report, error) {
	var rs []chat.Report
	err := s.query(ctx, func(r row) error {
		rs = append(rs, chat.Report{
			Num: chat.ReportNum(r.int(0)), Conversation: chat.ConversationID(r.text(1)), By: chat.UID(r.text(2)),
			Agent: chat.AgentID(r.text(3)), Seq: chat.Seq(r.int(4)), At: r.time(5), Reason: r.text(6),
		})
		return nil
	}, selectReports, int64(after), int64(max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("reports: %w", err)
	}
	return rs, nil
}
