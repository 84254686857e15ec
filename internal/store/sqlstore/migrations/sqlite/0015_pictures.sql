-- +goose Up

-- Which messages carry pictures: of a long conversation few do.
CREATE TABLE messages_with_images (
  conversation INTEGER NOT NULL,
  seq          INTEGER NOT NULL,
  PRIMARY KEY (conversation, seq),
  FOREIGN KEY (conversation, seq) REFERENCES messages (conversation, seq)
) WITHOUT ROWID;
-- A quote that somebody wrote is stored as \", so only a block can look like this.
INSERT INTO messages_with_images (conversation, seq)
SELECT conversation, seq
FROM messages
WHERE instr(blocks, '"type":"image"') > 0;
