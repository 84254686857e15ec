-- +goose Up

-- The title without letter case, to search in and to sort by. That of products that
-- are there already is set by a migration in Go: SQL folds no letters but ASCII.
ALTER TABLE products ADD COLUMN title_fold TEXT NOT NULL DEFAULT '';
CREATE INDEX products_title ON products (merchant, deleted, title_fold, id);

-- Of each side: the last message that is not automatic is the other side's.
ALTER TABLE conversations ADD COLUMN buyer_waiting INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN merchant_waiting INTEGER NOT NULL DEFAULT 0;
UPDATE conversations
SET merchant_waiting = (
  SELECT 1 - m.side FROM messages m WHERE m.conversation = conversations.num AND m.seq = conversations.last_seq);
UPDATE conversations
SET buyer_waiting = 1 - merchant_waiting;
-- A conversation is in one of the two: a message takes it out of one and into the other.
CREATE INDEX conversations_buyer_waiting ON conversations (buyer, last_at, id) WHERE buyer_waiting = 1;
CREATE INDEX conversations_merchant_waiting ON conversations (merchant, last_at, id) WHERE merchant_waiting = 1;

-- What a conversation was ever about; the times are those at which it came to that.
CREATE TABLE conversation_products (
  conversation INTEGER NOT NULL REFERENCES conversations (num),
  product      TEXT    NOT NULL,
  first_at     INTEGER NOT NULL,
  last_at      INTEGER NOT NULL,
  PRIMARY KEY (conversation, product)
) WITHOUT ROWID;
INSERT INTO conversation_products (conversation, product, first_at, last_at)
SELECT num, product, last_at, last_at
FROM conversations
WHERE product <> '';
