-- +goose Up

-- Reports get a number in the order in which they come, to be read by.
CREATE TABLE numbered_reports (
  num          INTEGER PRIMARY KEY,
  conversation TEXT    NOT NULL,
  reporter     TEXT    NOT NULL,
  agent        TEXT    NOT NULL,
  seq          INTEGER NOT NULL,
  reported_at  INTEGER NOT NULL,
  reason       TEXT    NOT NULL
);
INSERT INTO numbered_reports (conversation, reporter, agent, seq, reported_at, reason)
SELECT conversation, reporter, agent, seq, reported_at, reason
FROM reports
ORDER BY reported_at, conversation, reporter, agent, seq;
DROP TABLE reports;
ALTER TABLE numbered_reports RENAME TO reports;
-- A repeated report is the same report.
CREATE UNIQUE INDEX reports_key ON reports (conversation, reporter, agent, seq, reported_at);

-- Files of recalled messages, whose bytes are still to be deleted.
CREATE TABLE recalled_files (
  id TEXT NOT NULL PRIMARY KEY
) WITHOUT ROWID;
