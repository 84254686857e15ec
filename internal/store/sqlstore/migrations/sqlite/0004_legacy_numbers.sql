-- +goose Up

-- The numbers by which the PHP chat's pages and table know messages. Those from
-- 2,000,000,001 on were given here; the others are the old table's ids.
CREATE TABLE legacy_numbers (
  num          INTEGER PRIMARY KEY,
  conversation INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
);
CREATE UNIQUE INDEX legacy_numbers_message ON legacy_numbers (conversation, seq);
