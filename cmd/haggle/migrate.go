package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"haggle/internal/app"
)

type migrateCommand struct {
	From string `required:"" env:"HAGGLE_MIGRATE_FROM" help:"The database that is served from now: sqlite://DIR, or an address as --store takes it. A password is better in the variable than on the command line." placeholder:"ADDRESS"`
	To   string `required:"" env:"HAGGLE_MIGRATE_TO" help:"An empty one, or one that a migration was begun into." placeholder:"ADDRESS"`
}

// Help says what to do before and after.
func (migrateCommand) Help() string {
	return "Stop every server first: nobody may write to either. Everything is copied, then compared, conversation by " +
		"conversation; broken off, it goes on where it was when it is run again, and until it is done no server starts on " +
		"the new database. Then start the servers with the new address: clients go on as if nothing had happened. The old " +
		"database stays as it is. Pictures are not touched. See docs/migrate.md."
}

// tellEvery is how often the terminal is told how far it has come.
const tellEvery = 2 * time.Second

// Run migrates.
func (c *migrateCommand) Run(ctx context.Context) error {
	var last app.Migrated
	told, start := time.Now(), time.Now()
	line := func(t app.Migrated) {
		fmt.Fprintf(os.Stderr, "%-6s %d of %d conversations, %d rows\n", t.Step, t.Conversations, t.All, t.Rows)
	}
	err := app.Migrate(ctx, c.From, c.To, func(t app.Migrated) {
		if last.Step != "" && t.Step != last.Step || time.Since(told) > tellEvery {
			told = time.Now()
			line(t)
		}
		last = t
	})
	if err != nil {
		return err
	}
	line(last)
	fmt.Printf("%d conversations, %d rows are copied and compared, in %v. Serve from the new database now, and no more from the old one.\n",
		last.Conversations, last.Rows, time.Since(start).Round(time.Millisecond))
	return nil
}
