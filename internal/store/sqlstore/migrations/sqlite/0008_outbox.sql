-- +goose Up

-- What the shop is to be told of: that one side of a conversation has not read what
-- the other wrote. The message's own transaction puts it there. One row tells of any
-- number of messages.
CREATE TABLE outbox (
  conversation INTEGER NOT NULL REFERENCES conversations (num),
  side         INTEGER NOT NULL, -- that has not read
  due_at       INTEGER NOT NULL, -- while somebody has it: when the lease ends
  lease        TEXT    NOT NULL, -- who has it; '' nobody
  told         INTEGER NOT NULL, -- messages up to here are no matter of this row
  id           TEXT    NOT NULL, -- what the shop knows it by; '' until somebody has it
  seq          INTEGER NOT NULL, -- the newest message that id stands for
  made_at      INTEGER NOT NULL, -- since when it does
  tried_at     INTEGER NOT NULL, -- the first attempt; 0 none
  attempts     INTEGER NOT NULL, -- that failed
  PRIMARY KEY (conversation, side)
) WITHOUT ROWID;
CREATE INDEX outbox_due_at ON outbox (due_at);

-- What the shop could not be told.
CREATE TABLE undelivered (
  num          INTEGER PRIMARY KEY AUTOINCREMENT, -- none comes twice
  id           TEXT    NOT NULL,
  conversation INTEGER NOT NULL REFERENCES conversations (num),
  side         INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  made_at      INTEGER NOT NULL,
  tried_at     INTEGER NOT NULL,
  failed_at    INTEGER NOT NULL,
  attempts     INTEGER NOT NULL,
  failure      TEXT    NOT NULL
);
CREATE UNIQUE INDEX undelivered_id ON undelivered (id);
CREATE INDEX undelivered_failed_at ON undelivered (failed_at);
