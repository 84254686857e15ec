-- +goose Up

-- Messages up to here can be searched for.
ALTER TABLE conversations ADD COLUMN indexed_seq INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_unindexed ON conversations (last_at) WHERE indexed_seq < last_seq;

-- id goes with the time: the latest is found first, whenever it was indexed.
CREATE TABLE search_rows (
  id           INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL,
  seq          INTEGER NOT NULL
);
CREATE UNIQUE INDEX search_rows_message ON search_rows (conversation, seq);

-- The words come cut by package terms; owner names who may find them.
CREATE VIRTUAL TABLE search USING fts5(owner, words, content='', contentless_delete=1, tokenize='ascii');
