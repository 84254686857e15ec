-- +goose Up

-- Conversations that came from another database had none of the times that lists and the
-- search go by, until something happened in them: nobody found them as waiting or pinned,
-- nor what was said in them. A row that is right is left alone, and not kept from others.

UPDATE conversations
SET unindexed_at = IF(indexed_seq < last_seq, last_at, NULL),
  buyer_waiting_at = IF(buyer_waiting, last_at, NULL), buyer_pinned_at = IF(buyer_pinned, last_at, NULL),
  merchant_waiting_at = IF(merchant_waiting, last_at, NULL), merchant_pinned_at = IF(merchant_pinned, last_at, NULL)
WHERE NOT (unindexed_at <=> IF(indexed_seq < last_seq, last_at, NULL))
  OR NOT (buyer_waiting_at <=> IF(buyer_waiting, last_at, NULL)) OR NOT (buyer_pinned_at <=> IF(buyer_pinned, last_at, NULL))
  OR NOT (merchant_waiting_at <=> IF(merchant_waiting, last_at, NULL)) OR NOT (merchant_pinned_at <=> IF(merchant_pinned, last_at, NULL));
