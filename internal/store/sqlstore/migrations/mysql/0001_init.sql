-- +goose NO TRANSACTION
-- +goose Up

-- The same tables as SQLite's migrations add up to; what they are for is said there.
-- What is compared or sorted is VARBINARY: byte for byte, spaces at the end included, and
-- the same on MySQL and MariaDB, whose collations of that kind have different names.
-- Truth is 0 or 1. The server commits after each statement: where it stopped in between,
-- all of them are run again.

CREATE TABLE IF NOT EXISTS settings (
  name  VARBINARY(255) NOT NULL PRIMARY KEY,
  value MEDIUMBLOB NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Rows that transactions lock to go one after the other.
CREATE TABLE IF NOT EXISTS turns (
  name VARBINARY(255) NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

INSERT INTO turns (name) VALUES ('indexing') ON DUPLICATE KEY UPDATE name = name;

CREATE TABLE IF NOT EXISTS participants (
  uid        VARBINARY(255) NOT NULL PRIMARY KEY,
  pos        BIGINT NOT NULL DEFAULT 0,
  known      BIGINT NOT NULL DEFAULT 0,
  name       MEDIUMTEXT NOT NULL DEFAULT (''),
  name_fold  MEDIUMTEXT NOT NULL DEFAULT (''),
  avatar     TEXT NOT NULL DEFAULT (''),
  revoked_at BIGINT NOT NULL DEFAULT 0
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS products (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  merchant   VARBINARY(255) NOT NULL,
  title      TEXT NOT NULL,
  title_fold VARBINARY(2000) NOT NULL DEFAULT '',
  amount     BIGINT NOT NULL,
  currency   VARBINARY(255) NOT NULL,
  image      TEXT NOT NULL,
  url        TEXT NOT NULL,
  kind       VARBINARY(255) NOT NULL,
  stock      BIGINT,
  deleted    BIGINT NOT NULL,
  KEY products_title (merchant, deleted, title_fold, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- There are no partial indexes. What one would hold has its time in a column of its own
-- (…_waiting_at, …_pinned_at, unindexed_at), which is last_at there and NULL elsewhere: an
-- index of that is read only where it is not NULL, and stays as it is when others change.
CREATE TABLE IF NOT EXISTS conversations (
  num          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id           VARBINARY(255) NOT NULL,
  buyer        VARBINARY(255) NOT NULL,
  merchant     VARBINARY(255) NOT NULL,
  product      VARBINARY(255) NOT NULL,
  last_seq     BIGINT NOT NULL,
  rev          BIGINT NOT NULL,
  created_at   BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  indexed_seq  BIGINT NOT NULL DEFAULT 0,
  unindexed_at BIGINT,

  buyer_total      BIGINT NOT NULL,
  buyer_delivered  BIGINT NOT NULL,
  buyer_read       BIGINT NOT NULL,
  buyer_seen       BIGINT NOT NULL,
  buyer_unread     BIGINT NOT NULL,
  buyer_has_unread BIGINT NOT NULL,
  buyer_pos        BIGINT NOT NULL,
  buyer_blocked    BIGINT NOT NULL,
  buyer_waiting    BIGINT NOT NULL DEFAULT 0,
  buyer_pinned     BIGINT NOT NULL DEFAULT 0,
  buyer_muted      BIGINT NOT NULL DEFAULT 0,
  buyer_marked     BIGINT NOT NULL DEFAULT 0,
  buyer_waiting_at BIGINT,
  buyer_pinned_at  BIGINT,

  merchant_total      BIGINT NOT NULL,
  merchant_delivered  BIGINT NOT NULL,
  merchant_read       BIGINT NOT NULL,
  merchant_seen       BIGINT NOT NULL,
  merchant_unread     BIGINT NOT NULL,
  merchant_has_unread BIGINT NOT NULL,
  merchant_pos        BIGINT NOT NULL,
  merchant_blocked    BIGINT NOT NULL,
  merchant_waiting    BIGINT NOT NULL DEFAULT 0,
  merchant_pinned     BIGINT NOT NULL DEFAULT 0,
  merchant_muted      BIGINT NOT NULL DEFAULT 0,
  merchant_marked     BIGINT NOT NULL DEFAULT 0,
  merchant_waiting_at BIGINT,
  merchant_pinned_at  BIGINT,

  UNIQUE KEY conversations_id (id),
  UNIQUE KEY conversations_between (buyer, merchant),
  UNIQUE KEY conversations_buyer_pos (buyer, buyer_pos),
  UNIQUE KEY conversations_merchant_pos (merchant, merchant_pos),
  KEY conversations_buyer_inbox (buyer, buyer_has_unread, last_at, id),
  KEY conversations_merchant_inbox (merchant, merchant_has_unread, last_at, id),
  KEY conversations_buyer_waiting (buyer, buyer_waiting_at, id),
  KEY conversations_merchant_waiting (merchant, merchant_waiting_at, id),
  KEY conversations_buyer_pinned (buyer, buyer_pinned_at, id),
  KEY conversations_merchant_pinned (merchant, merchant_pinned_at, id),
  KEY conversations_unindexed (unindexed_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS messages (
  conversation     BIGINT NOT NULL,
  seq              BIGINT NOT NULL,
  rev              BIGINT NOT NULL,
  side             BIGINT NOT NULL,
  ordinal          BIGINT NOT NULL,
  agent            VARBINARY(255) NOT NULL,
  agent_name       TEXT NOT NULL,
  nonce            VARBINARY(255) NOT NULL,
  hash             VARBINARY(255) NOT NULL,
  blocks           MEDIUMTEXT NOT NULL, -- JSON as it was written
  sent_at          BIGINT NOT NULL,
  recipient_online BIGINT,
  recalled_at      BIGINT NOT NULL,
  auto             VARBINARY(255) NOT NULL DEFAULT '',
  PRIMARY KEY (conversation, seq),
  UNIQUE KEY messages_nonce (nonce, conversation, side),
  FOREIGN KEY (conversation) REFERENCES conversations (num)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS messages_with_images (
  conversation BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  PRIMARY KEY (conversation, seq),
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS recalls (
  conversation BIGINT NOT NULL,
  rev          BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  PRIMARY KEY (conversation, rev),
  UNIQUE KEY recalls_seq (conversation, seq),
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS conversation_products (
  conversation BIGINT NOT NULL,
  product      VARBINARY(255) NOT NULL,
  first_at     BIGINT NOT NULL,
  last_at      BIGINT NOT NULL,
  PRIMARY KEY (conversation, product),
  FOREIGN KEY (conversation) REFERENCES conversations (num)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS files (
  id           VARBINARY(255) NOT NULL PRIMARY KEY,
  uploader     VARBINARY(255) NOT NULL,
  agent        VARBINARY(255) NOT NULL,
  `key`        VARBINARY(255) NOT NULL,
  hash         VARBINARY(255) NOT NULL,
  type         VARBINARY(255) NOT NULL,
  bytes        BIGINT NOT NULL,
  width        BIGINT NOT NULL,
  height       BIGINT NOT NULL,
  preview      MEDIUMTEXT NOT NULL,
  conversation VARBINARY(255) NOT NULL,
  created_at   BIGINT NOT NULL,
  UNIQUE KEY files_key (uploader, `key`),
  KEY files_conversation (conversation, created_at, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS recalled_files (
  id VARBINARY(255) NOT NULL PRIMARY KEY
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS login_codes (
  hash       VARBINARY(255) NOT NULL PRIMARY KEY,
  uid        VARBINARY(255) NOT NULL,
  agent      VARBINARY(255) NOT NULL,
  agent_name TEXT NOT NULL,
  expires_at BIGINT NOT NULL,
  KEY login_codes_expires_at (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS ended_logins (
  id         VARBINARY(255) NOT NULL PRIMARY KEY,
  expires_at BIGINT NOT NULL,
  KEY ended_logins_expires_at (expires_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS reports (
  num          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  conversation VARBINARY(255) NOT NULL,
  reporter     VARBINARY(255) NOT NULL,
  agent        VARBINARY(255) NOT NULL,
  seq          BIGINT NOT NULL,
  reported_at  BIGINT NOT NULL,
  reason       MEDIUMTEXT NOT NULL,
  UNIQUE KEY reports_key (conversation, reporter, agent, seq, reported_at)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS legacy_numbers (
  num          BIGINT NOT NULL PRIMARY KEY,
  conversation BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  UNIQUE KEY legacy_numbers_message (conversation, seq),
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS tickets (
  name         VARBINARY(255) NOT NULL PRIMARY KEY,
  value        BLOB NOT NULL,
  expires_at   BIGINT NOT NULL,
  leased_until BIGINT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS phrases (
  merchant VARBINARY(255) NOT NULL,
  agent    VARBINARY(255) NOT NULL,
  id       VARBINARY(255) NOT NULL,
  title    MEDIUMTEXT NOT NULL,
  body     MEDIUMTEXT NOT NULL,
  place    BIGINT NOT NULL,
  PRIMARY KEY (merchant, agent, id)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS shop_settings (
  merchant VARBINARY(255) NOT NULL PRIMARY KEY,
  version  BIGINT NOT NULL,
  value    MEDIUMTEXT NOT NULL
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS outbox (
  conversation BIGINT NOT NULL,
  side         BIGINT NOT NULL,
  due_at       BIGINT NOT NULL,
  lease        VARBINARY(255) NOT NULL,
  told         BIGINT NOT NULL,
  id           VARBINARY(255) NOT NULL,
  seq          BIGINT NOT NULL,
  made_at      BIGINT NOT NULL,
  tried_at     BIGINT NOT NULL,
  attempts     BIGINT NOT NULL,
  PRIMARY KEY (conversation, side),
  KEY outbox_due_at (due_at),
  FOREIGN KEY (conversation) REFERENCES conversations (num)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS undelivered (
  num          BIGINT NOT NULL AUTO_INCREMENT PRIMARY KEY,
  id           VARBINARY(255) NOT NULL,
  conversation BIGINT NOT NULL,
  side         BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  made_at      BIGINT NOT NULL,
  tried_at     BIGINT NOT NULL,
  failed_at    BIGINT NOT NULL,
  attempts     BIGINT NOT NULL,
  failure      MEDIUMTEXT NOT NULL,
  told         BIGINT NOT NULL DEFAULT 0,
  UNIQUE KEY undelivered_id (id),
  KEY undelivered_failed_at (failed_at),
  FOREIGN KEY (conversation) REFERENCES conversations (num)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

CREATE TABLE IF NOT EXISTS search_rows (
  id           BIGINT NOT NULL PRIMARY KEY,
  conversation BIGINT NOT NULL,
  seq          BIGINT NOT NULL,
  UNIQUE KEY search_rows_message (conversation, seq)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;

-- Each word is there once for the buyer and once for the merchant, at its place in the
-- message (nth): a search reads one owner's, also one for the beginning of a word.
CREATE TABLE IF NOT EXISTS search_words (
  owner BIGINT NOT NULL,
  word  VARBINARY(260) NOT NULL,
  place BIGINT NOT NULL,
  nth   INT NOT NULL,
  PRIMARY KEY (owner, word, place, nth)
) ENGINE = InnoDB ROW_FORMAT = DYNAMIC CHARACTER SET utf8mb4 COLLATE utf8mb4_bin;
