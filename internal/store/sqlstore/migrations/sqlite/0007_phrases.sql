-- +goose Up

-- Quick phrases of a merchant's staff: an agent's own, or with agent '' the whole
-- shop's. Whoever keeps one names it, so that a repeat is the same phrase.
CREATE TABLE phrases (
  merchant TEXT    NOT NULL,
  agent    TEXT    NOT NULL,
  id       TEXT    NOT NULL,
  title    TEXT    NOT NULL,
  body     TEXT    NOT NULL,
  place    INTEGER NOT NULL,
  PRIMARY KEY (merchant, agent, id)
) WITHOUT ROWID;
