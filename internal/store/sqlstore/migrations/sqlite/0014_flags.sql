-- +goose Up

-- What each side has set on a conversation for itself. A marked one counts as unread
-- (has_unread) until that side reads on, or writes.
ALTER TABLE conversations ADD COLUMN buyer_pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN buyer_muted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN buyer_marked INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN merchant_pinned INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN merchant_muted INTEGER NOT NULL DEFAULT 0;
ALTER TABLE conversations ADD COLUMN merchant_marked INTEGER NOT NULL DEFAULT 0;
CREATE INDEX conversations_buyer_pinned ON conversations (buyer, last_at, id) WHERE buyer_pinned = 1;
CREATE INDEX conversations_merchant_pinned ON conversations (merchant, last_at, id) WHERE merchant_pinned = 1;
