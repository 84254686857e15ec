-- +goose Up

-- The title without letter case, to search in and to sort by. That of products that
-- are there already is set by a migration in Go: SQL folds no letters but ASCII.
ALTER TABLE products ADD COLUMN title_fold TEXT NOT NULL DEFAULT '';
CREATE INDEX products_title ON products (merchant, deleted, title_fold, id);
