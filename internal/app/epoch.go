package app

import (
	"context"
	"errors"

	"haggle/internal/chat"
	"haggle/internal/config"
)

// NewEpoch begins a new epoch in the database, which no server may be using. It makes
// no new database in a data directory: there would be nothing to void.
func NewEpoch(ctx context.Context, at *config.Common) (_ chat.Epoch, err error) {
	if err := checkThere(at); err != nil {
		return "", err
	}
	store, err := openStore(ctx, at)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return store.NewEpoch(ctx)
}
