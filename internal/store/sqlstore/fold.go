package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/pressly/goose/v3"
)

// foldVersion is the migration that sets products.title_fold.
const foldVersion = 10

// goMigrations are what a migration cannot say in SQL.
func goMigrations(d Dialect) []*goose.Migration {
	switch d.name {
	case sqliteName: // an engine that came later never had the old data
		return []*goose.Migration{goose.NewGoMigration(foldVersion, &goose.GoFunc{RunTx: foldTitles}, nil)}
	case mysqlName:
		return []*goose.Migration{goose.NewGoMigration(derivedVersion, &goose.GoFunc{RunDB: deriveMoved}, nil)}
	}
	return nil
}

// foldPage bounds what is held in memory of the products.
const foldPage = 1000

const selectUnfolded = `
SELECT id, title
FROM products
WHERE id > ?
ORDER BY id
LIMIT ?`

const updateFolded = `
UPDATE products
SET title_fold = ?
WHERE id = ?`

// foldTitles sets the folded title of products from before there was one.
func foldTitles(ctx context.Context, t *sql.Tx) error {
	after := ""
	for {
		titles, err := unfolded(ctx, t, after)
		if err != nil {
			return fmt.Errorf("read titles: %w", err)
		}
		for _, p := range titles {
			if _, err := t.ExecContext(ctx, updateFolded, foldName(p[1]), p[0]); err != nil {
				return fmt.Errorf("fold title of %s: %w", p[0], err)
			}
			after = p[0]
		}
		if len(titles) < foldPage {
			return nil
		}
	}
}

// unfolded returns a page of {id, title}.
func unfolded(ctx context.Context, t *sql.Tx, after string) (page [][2]string, err error) {
	rows, err := t.QueryContext(ctx, selectUnfolded, after, foldPage)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		var p [2]string
		if err := rows.Scan(&p[0], &p[1]); err != nil {
			return nil, err
		}
		page = append(page, p)
	}
	return page, rows.Err()
}
