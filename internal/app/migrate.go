package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"haggle/internal/config"
	"haggle/internal/store/sqlstore"
)

// Migrated says how far a migration has come.
type Migrated = sqlstore.Transferred

// Migrate copies the database at one address into the empty one at another, and
// compares them. An address is sqlite://DIR, of a data directory, or what --store
// takes. The pictures are not touched.
func Migrate(ctx context.Context, from, to string, tell func(Migrated)) (err error) {
	if from == to {
		return errors.New("--from and --to are the same")
	}
	source, err := place(from)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	target, err := place(to)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	if err := checkThere(source); err != nil {
		return err
	}
	if target.Store == "" {
		if err := claimDir(target.Data, false); err != nil {
			return err
		}
	}
	was, err := openStopped(ctx, source)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	defer func() { err = errors.Join(err, was.Close()) }()
	is, err := openStopped(ctx, target)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer func() { err = errors.Join(err, is.Close()) }()
	return sqlstore.Transfer(ctx, was, is, tell)
}

// place returns the settings of a database's address.
func place(address string) (*config.Common, error) {
	if dir, ok := strings.CutPrefix(address, "sqlite://"); ok {
		if dir == "" || strings.ContainsAny(dir, "?#") {
			return nil, errors.New("write sqlite:// and the data directory behind it, like sqlite://./haggle-data")
		}
		if info, err := os.Stat(dir); err == nil && !info.IsDir() {
			return nil, fmt.Errorf("%s is no data directory", dir)
		}
		return &config.Common{Data: dir}, nil
	}
	at := &config.Common{Store: address}
	if address == "" {
		return nil, errors.New("write sqlite://DIR, or an address as --store takes it")
	}
	if err := at.CheckStore(); err != nil { // without the password
		return nil, errors.New("this is neither sqlite://DIR nor an address that --store takes")
	}
	return at, nil
}

// checkWhole refuses to serve from a database that is still being filled.
func checkWhole(ctx context.Context, store *sqlstore.Store) error {
	from, err := store.Filling(ctx)
	if err == nil && from != "" {
		err = errors.New("a migration into this database did not come to its end: run \"haggle migrate\" again, or serve from the old one")
	}
	return err
}
