package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"haggle/internal/app"
	"haggle/internal/backup"
	"haggle/internal/config"
)

type backupCommand struct {
	config.Common
	config.Blobs

	Out    string `env:"-" type:"path" help:"Where to: a directory that is not there yet, or a file that ends in .tar." placeholder:"DIR|FILE.tar"`
	Verify string `env:"-" type:"path" help:"Make none, but read all of this one and say whether it is as it was." placeholder:"DIR|FILE.tar"`
	Link   bool   `env:"-" help:"Link pictures into the directory instead of copying them: at once and without room, but on the same disk, where it is no protection from losing that disk."`
}

// Help says what it is good for.
func (backupCommand) Help() string {
	return "The server may run meanwhile. The backup is of one moment, is checked as it is made, and has its " +
		"name only when it is complete. It holds the secrets that are in the database: keep it like those. " +
		"See docs/backup.md."
}

// Run makes a backup, or verifies one.
func (c *backupCommand) Run(ctx context.Context) error {
	if (c.Out == "") == (c.Verify == "") {
		return &usageError{errors.New("say where the backup goes with --out, or which one to look at with --verify")}
	}
	if c.Verify != "" {
		m, err := backup.Verify(ctx, c.Verify)
		if err != nil {
			return err
		}
		printBackup("is as it was", c.Verify, &m)
		return nil
	}
	if err := c.CheckBlobs(); err != nil {
		return &usageError{err}
	}
	m, err := app.Backup(ctx, &c.Common, &c.Blobs, versionText(), c.Out, c.Link)
	if err != nil {
		return err
	}
	printBackup("is complete", c.Out, &m)
	return nil
}

// printBackup says what is in a backup.
func printBackup(what, path string, m *backup.Manifest) {
	db := &m.Database
	fmt.Printf("%s %s: %d conversations, %d messages, %d pictures; %s of %s, by haggle %s\n", path, what,
		db.Conversations, db.Messages, db.Files, config.Bytes(m.Bytes), m.MadeAt.Local().Format(time.DateTime), m.Version)
	if m.Pictures != backup.PicturesInside {
		fmt.Printf("The pictures are not in it: they are in %s.\n", m.Pictures)
	}
	if m.Gone > 0 {
		fmt.Printf("%d pictures were taken back or given up while it was made, and are not in it.\n", m.Gone)
	}
	if m.Missing > 0 {
		fmt.Fprintf(os.Stderr, "haggle: note: %d pictures are not in it, as they are in the database but not on the disk, like %s\n", m.Missing, m.MissingFiles[0])
	}
}

type restoreCommand struct {
	config.Common

	From string `required:"" env:"-" type:"path" help:"The backup." placeholder:"DIR|FILE.tar"`
}

// Help says what comes of it.
func (restoreCommand) Help() string {
	return "The backup is verified first, and --data must be empty or not there. Clients that know more than " +
		"the backup drop it and load anew; messages that wait to be sent are kept, and sent. See docs/backup.md."
}

// Run puts a backup in place.
func (c *restoreCommand) Run(ctx context.Context) error {
	done, err := app.Restore(ctx, &c.Common, c.From)
	if err != nil {
		return err
	}
	printBackup("is restored", c.From, &done.Manifest)
	fmt.Printf("%s is ready to be served from, with the epoch %s.\n", c.Data, done.Epoch)
	return nil
}
