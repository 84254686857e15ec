-- +goose Up

-- What the server said by itself in a merchant's name: 'greeting' or 'away'.
ALTER TABLE messages ADD COLUMN auto TEXT NOT NULL DEFAULT '';

-- What a shop's staff have set for all of it, one JSON value. The version is raised
-- by each change.
CREATE TABLE shop_settings (
  merchant TEXT    NOT NULL PRIMARY KEY,
  version  INTEGER NOT NULL,
  value    TEXT    NOT NULL
) WITHOUT ROWID;
