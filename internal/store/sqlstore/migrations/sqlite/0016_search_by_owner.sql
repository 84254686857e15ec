-- +goose Up

-- A word is there for either side, behind the name of who may find it. The messages
-- that are stored become searchable anew beside the sends: the conversations with the
-- latest messages first, each from its beginning.
DROP TABLE search;
CREATE VIRTUAL TABLE search USING fts5(conversation, words, content='', contentless_delete=1, tokenize='ascii');
DELETE FROM search_rows;
UPDATE conversations
SET indexed_seq = 0
WHERE indexed_seq > 0;
