package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"time"

	"haggle/internal/chat"
)

const fileColumns = `
id, uploader, agent, "key", hash, type, bytes, width, height, preview, conversation, created_at`

const selectFiles = `
SELECT` + fileColumns + `
FROM files
WHERE id IN (SELECT value FROM json_each(?))`

const selectFileByKey = `
SELECT` + fileColumns + `
FROM files
WHERE uploader = ? AND "key" = ?`

const selectUnattachedFiles = `
SELECT` + fileColumns + `
FROM files
WHERE conversation = '' AND created_at < ?
ORDER BY created_at, id
LIMIT ?`

const selectFilesAfter = `
SELECT` + fileColumns + `
FROM files
WHERE id > ?
ORDER BY id
LIMIT ?`

const insertFile = `
INSERT INTO files (id, uploader, agent, "key", hash, type, bytes, width, height, preview, conversation, created_at)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '', ?)`

const attachFile = `
UPDATE files
SET conversation = ?
WHERE id = ?`

const deleteUnattachedFile = `
DELETE FROM files
WHERE id = ? AND conversation = ''`

const deleteFile = `
DELETE FROM files
WHERE id = ?`

const insertRecalledFile = `
INSERT INTO recalled_files (id)
VALUES (?)
ON CONFLICT (id) DO NOTHING`

const selectRecalledFiles = `
SELECT id
FROM recalled_files
ORDER BY id
LIMIT ?`

const deleteRecalledFile = `
DELETE FROM recalled_files
WHERE id = ?`

func decodeFile(r row) chat.File {
	return chat.File{
		ID: chat.FileID(r.text(0)), Uploader: chat.UID(r.text(1)), Agent: chat.AgentID(r.text(2)),
		Key: chat.Nonce(r.text(3)), Hash: r.bytes(4), Type: r.text(5), Bytes: r.int(6),
		Width: int(r.int(7)), Height: int(r.int(8)), Preview: r.text(9),
		Conversation: chat.ConversationID(r.text(10)), CreatedAt: r.time(11),
	}
}

// AddFile implements chat.Store.
func (s *Store) AddFile(ctx context.Context, f chat.File) (stored chat.File, fresh bool, err error) {
	f.Conversation = ""
	f.CreatedAt = whole(f.CreatedAt)
	var there *chat.File
	err = s.write(ctx, "file "+string(f.Uploader)+" "+string(f.Key), func(t tx) error {
		there = nil
		err := t.query(func(r row) error {
			found := decodeFile(r)
			there = &found
			return nil
		}, selectFileByKey, string(f.Uploader), string(f.Key))
		switch {
		case err != nil:
			return err
		case there != nil && !bytes.Equal(there.Hash, f.Hash):
			return chat.Codef(chat.Conflict, "nonce_reused", "this key already stands for another upload")
		case there != nil:
			return nil
		}
		_, err = t.exec(insertFile, string(f.ID), string(f.Uploader), string(f.Agent), string(f.Key), f.Hash,
			f.Type, f.Bytes, int64(f.Width), int64(f.Height), f.Preview, millis(f.CreatedAt))
		return err
	})
	if err != nil {
		return chat.File{}, false, fmt.Errorf("add file: %w", err)
	}
	if there != nil {
		return *there, false, nil
	}
	return f, true, nil
}

// FileByKey implements chat.Store.
func (s *Store) FileByKey(ctx context.Context, uploader chat.UID, key chat.Nonce) (chat.File, error) {
	fs, err := s.files(ctx, selectFileByKey, string(uploader), string(key))
	if err != nil {
		return chat.File{}, err
	}
	if len(fs) == 0 {
		return chat.File{}, chat.Errorf(chat.NotFound, "no such file")
	}
	return fs[0], nil
}

// Files implements chat.Store.
func (s *Store) Files(ctx context.Context, ids []chat.FileID) (map[chat.FileID]chat.File, error) {
	fs, err := s.files(ctx, selectFiles, jsonList(ids))
	if err != nil {
		return nil, err
	}
	found := make(map[chat.FileID]chat.File, len(fs))
	for _, f := range fs {
		found[f.ID] = f
	}
	return found, nil
}

// UnattachedFiles implements chat.Store.
func (s *Store) UnattachedFiles(ctx context.Context, t time.Time, limit int) ([]chat.File, error) {
	return s.files(ctx, selectUnattachedFiles, millis(t), int64(max(limit, 0)))
}

// CountFiles returns how many files there are.
func (s *Store) CountFiles(ctx context.Context) (int64, error) { return s.count(ctx, "files") }

// FilesAfter returns up to limit files whose IDs come after one, in order.
func (s *Store) FilesAfter(ctx context.Context, after chat.FileID, limit int) ([]chat.File, error) {
	return s.files(ctx, selectFilesAfter, string(after), int64(max(limit, 0)))
}

func (s *Store) files(ctx context.Context, query string, args ...any) ([]chat.File, error) {
	var fs []chat.File
	err := s.query(ctx, func(r row) error {
		fs = append(fs, decodeFile(r))
		return nil
	}, query, args...)
	if err != nil {
		return nil, fmt.Errorf("files: %w", err)
	}
	return fs, nil
}

// DeleteUnattachedFile implements chat.Store.
func (s *Store) DeleteUnattachedFile(ctx context.Context, id chat.FileID) (bool, error) {
	var n int64
	err := s.write(ctx, "file "+string(id), func(t tx) error {
		var err error
		n, err = t.exec(deleteUnattachedFile, string(id))
		return err
	})
	if err != nil {
		return false, fmt.Errorf("delete file: %w", err)
	}
	return n > 0, nil
}

// RecalledFiles implements chat.Store.
func (s *Store) RecalledFiles(ctx context.Context, limit int) ([]chat.FileID, error) {
	var ids []chat.FileID
	err := s.query(ctx, func(r row) error {
		ids = append(ids, chat.FileID(r.text(0)))
		return nil
	}, selectRecalledFiles, int64(max(limit, 0)))
	if err != nil {
		return nil, fmt.Errorf("recalled files: %w", err)
	}
	return ids, nil
}

// ForgetRecalledFile implements chat.Store.
func (s *Store) ForgetRecalledFile(ctx context.Context, id chat.FileID) error {
	err := s.write(ctx, "", func(t tx) error {
		_, err := t.exec(deleteRecalledFile, string(id))
		return err
	})
	if err != nil {
		return fmt.Errorf("forget recalled file: %w", err)
	}
	return nil
}
