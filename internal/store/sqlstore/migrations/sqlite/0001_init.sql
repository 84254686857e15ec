-- +goose Up

-- Secrets by name, and the epoch.
CREATE TABLE settings (
  name  TEXT NOT NULL PRIMARY KEY,
  value BLOB NOT NULL
) WITHOUT ROWID;

-- A row begins with whatever comes first: a message, a name, a revocation.
CREATE TABLE participants (
  uid        TEXT    NOT NULL PRIMARY KEY,
  pos        INTEGER NOT NULL DEFAULT 0,
  known      INTEGER NOT NULL DEFAULT 0, -- the shop told of it
  name       TEXT    NOT NULL DEFAULT '',
  name_fold  TEXT    NOT NULL DEFAULT '', -- name without letter case, to search in
  avatar     TEXT    NOT NULL DEFAULT '',
  revoked_at INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

CREATE TABLE products (
  id       TEXT    NOT NULL PRIMARY KEY,
  merchant TEXT    NOT NULL,
  title    TEXT    NOT NULL,
  amount   INTEGER NOT NULL,
  currency TEXT    NOT NULL,
  image    TEXT    NOT NULL,
  url      TEXT    NOT NULL,
  kind     TEXT    NOT NULL,
  stock    INTEGER,
  deleted  INTEGER NOT NULL
) WITHOUT ROWID;

-- num is the conversation's name inside the database: a message row and its
-- index entry are 50 bytes smaller with it than with the public id. New
-- conversations are next to each other, and so are, mostly, the busy ones: a
-- batch writes few pages.
CREATE TABLE conversations (
  num        INTEGER PRIMARY KEY,
  id         TEXT    NOT NULL,
  buyer      TEXT    NOT NULL,
  merchant   TEXT    NOT NULL,
  product    TEXT    NOT NULL,
  last_seq   INTEGER NOT NULL,
  rev        INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  last_at    INTEGER NOT NULL,

  -- Of each side: messages sent; watermarks; the other side's messages up to
  -- the read watermark (seen); the other side's total less seen (unread).
  buyer_total      INTEGER NOT NULL,
  buyer_delivered  INTEGER NOT NULL,
  buyer_read       INTEGER NOT NULL,
  buyer_seen       INTEGER NOT NULL,
  buyer_unread     INTEGER NOT NULL,
  buyer_has_unread INTEGER NOT NULL,
  buyer_pos        INTEGER NOT NULL,
  buyer_blocked    INTEGER NOT NULL,

  merchant_total      INTEGER NOT NULL,
  merchant_delivered  INTEGER NOT NULL,
  merchant_read       INTEGER NOT NULL,
  merchant_seen       INTEGER NOT NULL,
  merchant_unread     INTEGER NOT NULL,
  merchant_has_unread INTEGER NOT NULL,
  merchant_pos        INTEGER NOT NULL,
  merchant_blocked    INTEGER NOT NULL
);
CREATE UNIQUE INDEX conversations_id ON conversations (id);
CREATE UNIQUE INDEX conversations_between ON conversations (buyer, merchant);
CREATE UNIQUE INDEX conversations_buyer_pos ON conversations (buyer, buyer_pos);
CREATE UNIQUE INDEX conversations_merchant_pos ON conversations (merchant, merchant_pos);
-- One index serves both orders of the inbox: newest first is the merge of its
-- two ranges.
CREATE INDEX conversations_buyer_inbox ON conversations (buyer, buyer_has_unread, last_at, id);
CREATE INDEX conversations_merchant_inbox ON conversations (merchant, merchant_has_unread, last_at, id);

-- side is the sender's: 0 the buyer, 1 the merchant.
CREATE TABLE messages (
  conversation     INTEGER NOT NULL REFERENCES conversations (num),
  seq              INTEGER NOT NULL,
  rev              INTEGER NOT NULL,
  side             INTEGER NOT NULL,
  ordinal          INTEGER NOT NULL,
  agent            TEXT    NOT NULL,
  agent_name       TEXT    NOT NULL,
  nonce            TEXT    NOT NULL,
  hash             BLOB    NOT NULL,
  blocks           TEXT    NOT NULL,
  sent_at          INTEGER NOT NULL,
  recipient_online INTEGER,
  recalled_at      INTEGER NOT NULL,
  PRIMARY KEY (conversation, seq)
) WITHOUT ROWID;
-- A nonce is good for one message for ever, also after its recall. It comes
-- first: clients make nonces that begin with the time, so what is written
-- together lies together, whatever its conversation.
CREATE UNIQUE INDEX messages_nonce ON messages (nonce, conversation, side);

CREATE TABLE recalls (
  conversation INTEGER NOT NULL,
  rev          INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  PRIMARY KEY (conversation, rev),
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
) WITHOUT ROWID;
CREATE UNIQUE INDEX recalls_seq ON recalls (conversation, seq);

CREATE TABLE files (
  id           TEXT    NOT NULL PRIMARY KEY,
  uploader     TEXT    NOT NULL,
  agent        TEXT    NOT NULL,
  key          TEXT    NOT NULL,
  hash         BLOB    NOT NULL,
  type         TEXT    NOT NULL,
  bytes        INTEGER NOT NULL,
  width        INTEGER NOT NULL,
  height       INTEGER NOT NULL,
  preview      TEXT    NOT NULL,
  conversation TEXT    NOT NULL, -- '' until a message carries it
  created_at   INTEGER NOT NULL
) WITHOUT ROWID;
CREATE UNIQUE INDEX files_key ON files (uploader, key);
CREATE INDEX files_conversation ON files (conversation, created_at, id);

CREATE TABLE login_codes (
  hash       BLOB    NOT NULL PRIMARY KEY,
  uid        TEXT    NOT NULL,
  agent      TEXT    NOT NULL,
  agent_name TEXT    NOT NULL,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX login_codes_expires_at ON login_codes (expires_at);

-- The key makes a repeated report the same report.
CREATE TABLE reports (
  conversation TEXT    NOT NULL,
  reporter     TEXT    NOT NULL,
  agent        TEXT    NOT NULL,
  seq          INTEGER NOT NULL,
  reported_at  INTEGER NOT NULL,
  reason       TEXT    NOT NULL,
  PRIMARY KEY (conversation, reporter, agent, seq, reported_at)
) WITHOUT ROWID;
