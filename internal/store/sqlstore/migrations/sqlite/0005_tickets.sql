-- +goose Up

-- What another service has lent us for a while, for all nodes: WeChat's tokens. One
-- node at a time fetches another, by a lease.
CREATE TABLE tickets (
  name         TEXT    NOT NULL PRIMARY KEY,
  value        TEXT    NOT NULL, -- '' while there is none
  expires_at   INTEGER NOT NULL,
  leased_until INTEGER NOT NULL
) WITHOUT ROWID;
