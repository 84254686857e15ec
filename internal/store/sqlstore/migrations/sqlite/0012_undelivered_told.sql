-- +goose Up

-- Messages up to here were told before: what is retried begins after them.
ALTER TABLE undelivered ADD COLUMN told INTEGER NOT NULL DEFAULT 0;
UPDATE undelivered SET told = seq - 1;
