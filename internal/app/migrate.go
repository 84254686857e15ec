package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/config"
	"haggle/internal/media"
	"haggle/internal/store/sqlstore"
)

// MigrateOptions say what moves from where to where. A database's address is
// sqlite://DIR, of a data directory, or what --store takes; one of pictures is a data
// directory or what --blobs takes.
type MigrateOptions struct {
	From string // the database
	To   string // an empty one, or "": only the pictures move

	BlobsFrom string // "" with BlobsTo: the pictures are not touched
	BlobsTo   string
	Keys      config.S3Keys
}

// Migrated says how far a migration has come.
type Migrated struct {
	sqlstore.Transferred // its Step is PicturesStep, too

	Pictures media.Copied
}

// PicturesStep is the step in which pictures are copied.
const PicturesStep = "pictures"

// Check says what is wrong with these options.
func (o *MigrateOptions) Check() error {
	switch {
	case (o.BlobsFrom == "") != (o.BlobsTo == ""):
		return errors.New("--blobs-from and --blobs-to go together: give both or neither")
	case o.To == "" && o.BlobsTo == "":
		return errors.New("--to is missing; or give --blobs-from and --blobs-to alone, to move the pictures of this database")
	case o.From == o.To:
		return errors.New("--from and --to are the same; without --to only the pictures move")
	case o.BlobsTo != "" && o.BlobsFrom == o.BlobsTo:
		return errors.New("--blobs-from and --blobs-to are the same")
	}
	return nil
}

// Migrate copies a database into an empty one, and the pictures that it knows of to
// another place, and compares them. Until all of it is done no server starts on the
// new database. Nothing is written anywhere before both databases are fit for it, but
// that each is brought to this program's version as it is opened.
func Migrate(ctx context.Context, o *MigrateOptions, tell func(Migrated)) (err error) {
	source, target, err := o.places()
	if err != nil {
		return err
	}
	var closers []io.Closer
	defer func() {
		for _, c := range closers {
			err = errors.Join(err, c.Close())
		}
	}()
	was, err := openAlone(ctx, source)
	if err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	closers = append(closers, was)
	if err := checkWhole(ctx, was); err != nil {
		return fmt.Errorf("--from: %w", err)
	}
	var is *sqlstore.Store
	if o.To != "" {
		if is, err = openAlone(ctx, target); err != nil {
			return fmt.Errorf("--to: %w", err)
		}
		closers = append(closers, is)
	}
	var done Migrated
	var errand *sqlstore.Errand
	if o.BlobsTo != "" {
		from, to, err := o.openPictures(ctx, was)
		if err != nil {
			return err
		}
		closers = append(closers, from, to)
		if errand, err = o.pictures(was, from, to, func(c media.Copied) {
			done.Step, done.Pictures = PicturesStep, c
			tell(done)
		}); err != nil {
			return err
		}
	}
	if is == nil {
		return errand.Do(ctx)
	}
	return sayErrand(sqlstore.Transfer(ctx, was, is, func(t sqlstore.Transferred) {
		done.Transferred = t
		tell(done)
	}, errand))
}

// pictures returns the step in which they are copied. A bucket is claimed by it first,
// as the servers of the database will want it.
func (o *MigrateOptions) pictures(store *sqlstore.Store, from, to *blobStore, tell func(media.Copied)) (*sqlstore.Errand, error) {
	at, err := o.picturesTo()
	if err != nil {
		return nil, fmt.Errorf("--blobs-to: %w", err)
	}
	secret := ""
	if isBucket(o.BlobsTo) {
		secret = secretOwner
	}
	return &sqlstore.Errand{To: at, Secret: secret, Do: func(ctx context.Context) error {
		if secret != "" {
			if err := claimBlobs(ctx, store, to.bucket); err != nil {
				return fmt.Errorf("--blobs-to: %w", err)
			}
		}
		return media.Copy(ctx, store, from, to, tell)
	}}, nil
}

// picturesTo returns --blobs-to as it can be given again, from wherever; the same for the
// same place.
func (o *MigrateOptions) picturesTo() (string, error) {
	if !isBucket(o.BlobsTo) {
		return filepath.Abs(o.BlobsTo)
	}
	at, err := (&config.Blobs{Blobs: o.BlobsTo}).Bucket()
	if err != nil {
		return "", err
	}
	query := url.Values{"endpoint": {at.Endpoint.String()}, "region": {at.Region}}
	if at.Style != "" {
		query.Set("style", at.Style)
	}
	place := url.URL{Scheme: "s3", Host: at.Name, Path: "/" + at.Prefix, RawQuery: query.Encode()}
	return place.String(), nil
}

func isBucket(address string) bool { return strings.Contains(address, "://") }

// sayErrand says what to give again to whoever goes on without it.
func sayErrand(err error) error {
	e, ok := errors.AsType[*sqlstore.ErrandError](err)
	if !ok {
		return err
	}
	return fmt.Errorf("this migration was begun with pictures, which go to %s: give --blobs-from, and --blobs-to '%s', again; "+
		"or empty the new database, to begin anew", e.Begun, e.Begun)
}

const (
	// aloneWithin is how long the sessions of a server that has ended may outlive it.
	aloneWithin = 3 * time.Second
	alonePeriod = 100 * time.Millisecond
)

// openAlone opens the store unless servers have it.
func openAlone(ctx context.Context, at *config.Common) (*sqlstore.Store, error) {
	tick, late := time.NewTicker(alonePeriod), time.NewTimer(aloneWithin)
	defer tick.Stop()
	defer late.Stop()
	for {
		n, err := sessions(ctx, at)
		if err != nil {
			return nil, err
		}
		if n == 0 {
			return openStopped(ctx, at)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-late.C:
			return nil, fmt.Errorf("stop every server first: there are %d other sessions with this database, or both addresses are of it", n)
		}
	}
}

// sessions returns how many others a database server has with the database.
func sessions(ctx context.Context, at *config.Common) (int64, error) {
	switch scheme, _, _ := strings.Cut(at.Store, "://"); scheme {
	case "postgres", "postgresql":
		return sqlstore.PostgresSessions(ctx, at.Store)
	case "mysql":
		return sqlstore.MySQLSessions(ctx, at.Store)
	}
	return 0, nil // a data directory has a lock
}

// places returns the settings of both databases, of which the first has to be there.
func (o *MigrateOptions) places() (from, to *config.Common, err error) {
	if err := o.Check(); err != nil {
		return nil, nil, err
	}
	if from, err = place(o.From); err != nil {
		return nil, nil, fmt.Errorf("--from: %w", err)
	}
	if o.To != "" {
		if to, err = place(o.To); err != nil {
			return nil, nil, fmt.Errorf("--to: %w", err)
		}
	}
	if err := checkThere(from); err != nil {
		return nil, nil, err
	}
	if to != nil && to.Store == "" {
		err = claimDir(to.Data, false)
	}
	return from, to, err
}

// openPictures opens both places of pictures. A new one that belongs to another database
// is refused.
func (o *MigrateOptions) openPictures(ctx context.Context, store *sqlstore.Store) (from, to *blobStore, err error) {
	open := func(address string, check func(data string) error) (*blobStore, error) {
		cfg, data := config.Blobs{S3Keys: o.Keys}, address
		if isBucket(address) {
			cfg.Blobs, data = address, ""
		} else if err := check(data); err != nil {
			return nil, err
		}
		if err := cfg.CheckBlobs(); err != nil {
			return nil, err
		}
		return openBlobs(ctx, &cfg, data, slog.New(slog.DiscardHandler)) // errors say it all
	}
	from, err = open(o.BlobsFrom, func(data string) error {
		if _, err := os.Stat(filepath.Join(data, filesDir)); err != nil {
			return fmt.Errorf("name the data directory whose %q they are in: %w", filesDir, err)
		}
		return nil
	})
	if err != nil {
		return nil, nil, fmt.Errorf("--blobs-from: %w", err)
	}
	to, err = open(o.BlobsTo, func(data string) error { return claimDir(data, false) })
	if err == nil && isBucket(o.BlobsTo) {
		err = checkBlobs(ctx, store, to)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("--blobs-to: %w", err), from.Close())
	}
	return from, to, nil
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
