-- +goose Up

-- Sign-ins that their people ended, until they would have ended by themselves.
CREATE TABLE ended_logins (
  id         TEXT    NOT NULL PRIMARY KEY,
  expires_at INTEGER NOT NULL
) WITHOUT ROWID;
CREATE INDEX ended_logins_expires_at ON ended_logins (expires_at);
