package main

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"haggle/internal/app"
	"haggle/internal/config"
)

type migrateCommand struct {
	From string `required:"" env:"HAGGLE_MIGRATE_FROM" help:"The database that is served from now: sqlite://DIR, or an address as --store takes it. A password is better in the variable than on the command line." placeholder:"ADDRESS"`
	To   string `env:"HAGGLE_MIGRATE_TO" help:"An empty one, or one that a migration was begun into. Without it only the pictures move." placeholder:"ADDRESS"`

	BlobsFrom string `group:"Pictures" env:"HAGGLE_MIGRATE_BLOBS_FROM" help:"Where the pictures are served from now: a data directory, or an address as --blobs takes it." placeholder:"DIR|s3://BUCKET/PREFIX"`
	BlobsTo   string `group:"Pictures" env:"HAGGLE_MIGRATE_BLOBS_TO" help:"Where they go: another one, in which those that are there already are not copied again." placeholder:"DIR|s3://BUCKET/PREFIX"`
	config.S3Keys
}

// Help says what to do before and after.
func (migrateCommand) Help() string {
	return "Stop every server first: nobody may write to either. Everything is copied, then compared, conversation by " +
		"conversation; broken off, it goes on where it was when it is run again with the same addresses, and until it is done no server starts on " +
		"the new database. Then start the servers with the new address: clients go on as if nothing had happened. The old " +
		"database is brought to this program's version first, as by a start, so begin with the version that has served it; " +
		"else it stays as it is, but for the mark of a bucket. Pictures are copied with --blobs-from and --blobs-to, and without these not touched. See " +
		"docs/migrate.md."
}

// tellEvery is how often the terminal is told how far it has come.
const tellEvery = 2 * time.Second

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context) error {
	opts := app.MigrateOptions{From: c.From, To: c.To, BlobsFrom: c.BlobsFrom, BlobsTo: c.BlobsTo, Keys: c.S3Keys}
	if err := opts.Check(); err != nil {
		return &usageError{err}
	}
	var last app.Migrated
	told, start := time.Now(), time.Now()
	err := app.Migrate(ctx, &opts, func(m app.Migrated) {
		if last.Step != "" && m.Step != last.Step || time.Since(told) > tellEvery {
			told = time.Now()
			tellMigrated(&m)
		}
		last = m
	})
	if err != nil {
		return err
	}
	tellMigrated(&last)
	c.sum(&last, time.Since(start).Round(time.Millisecond))
	return nil
}

// sum says in the end what has been done.
func (c *migrateCommand) sum(m *app.Migrated, took time.Duration) {
	if c.To != "" {
		what := "are copied and compared"
		if m.Already {
			what = "were there already, from a migration that had come to its end, and are compared once more"
		}
		fmt.Printf("%d conversations, %d rows %s, in %v. Serve from the new database now, and no more from the old one.\n",
			m.Conversations, m.Rows, what, took)
	}
	p := &m.Pictures
	switch {
	case c.BlobsTo == "" && m.Already:
		fmt.Println("Pictures were not looked at: they are where that migration has put them, if it was with pictures.")
		return
	case c.BlobsTo == "":
		fmt.Println("The pictures were not touched: they are where they were.")
		return
	}
	fmt.Printf("%d pictures are at the new place and compared: %d files of %d bytes, %d of them copied now, in %v. Serve them from there.\n",
		p.Files-p.Missing, p.Blobs, p.Bytes, p.Fresh, took)
	if p.Missing > 0 {
		fmt.Printf("%d pictures were not at the old place, so that nobody could see them there either: %s", p.Missing, strings.Join(p.Keys, ", "))
		fmt.Println()
	}
}

// tellMigrated tells the terminal how far it has come.
func tellMigrated(m *app.Migrated) {
	if m.Step == app.PicturesStep {
		fmt.Fprintf(os.Stderr, "%s %d of %d, %d bytes\n", m.Step, m.Pictures.Files, m.Pictures.All, m.Pictures.Bytes)
		return
	}
	fmt.Fprintf(os.Stderr, "%-6s %d of %d conversations, %d rows\n", m.Step, m.Conversations, m.All, m.Rows)
}
