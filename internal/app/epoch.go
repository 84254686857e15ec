package app

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"haggle/internal/chat"
	"haggle/internal/store/sqlstore"
)

// NewEpoch begins a new epoch in the data directory, which no server may be
// using. It makes no new database: there would be nothing to void.
func NewEpoch(ctx context.Context, dir string) (_ chat.Epoch, err error) {
	path := filepath.Join(dir, DatabaseFile)
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("there is no database in %s: say where it is with --data", dir)
	}
	store, err := sqlstore.OpenSQLite(ctx, path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.NewEpoch(ctx)
}
