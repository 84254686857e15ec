package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"haggle/internal/app"
	"haggle/internal/chat"
	"haggle/internal/compat/hplog"
	"haggle/internal/config"
)

// statusRefused is the exit status of an import that could not keep every row.
const statusRefused = 3

type importCommand struct {
	HPChatLog importHPChatLog `cmd:"" name:"hp-chat-log" set:"data=./haggle-data" help:"Bring in hp_chat_log, the table of the PHP chat. Stop the server first. Run again, it adds what is new; the exit status is 3 when rows were refused. See docs/history.md."`
}

type importHPChatLog struct {
	config.Common
	config.Blobs
	config.Logging

	From     string `required:"" env:"HAGGLE_IMPORT_FROM" help:"Where the table is: mysql://user:password@host:3306/database, or the file of a mysqldump, .gz too. A password is better in the variable than on the command line." placeholder:"ADDRESS|FILE"`
	Table    string `env:"-" default:"hp_chat_log" help:"Name of the table." placeholder:"NAME"`
	Uploads  string `env:"-" type:"path" help:"Folder of the old chat's pictures: what ./upload is in its web root, or the web root. Without it a notice stands for each picture." placeholder:"DIR"`
	DryRun   bool   `env:"-" help:"Read everything, pictures too, and say what would become of it, but store nothing."`
	Append   bool   `env:"-" help:"Keep rows that are older than what was said in Haggle, too: at the end, with a notice. Without it they are refused."`
	MarkRead bool   `env:"-" help:"Take all of it for read, as most PHP chats have never noted that anything was."`
	Report   string `env:"-" type:"path" help:"File for a line of JSON about every row that is not as it should be." placeholder:"FILE"`
}

// Run imports the table and prints the report.
func (c *importHPChatLog) Run(ctx context.Context) (err error) {
	if err := c.CheckBlobs(); err != nil {
		return &usageError{err}
	}
	opts := app.ImportOptions{
		Blobs: &c.Blobs,
		From:  c.From, Table: c.Table, Uploads: c.Uploads, Limits: chat.DefaultLimits(), DryRun: c.DryRun, Late: c.Append, MarkRead: c.MarkRead,
		Progress: os.Stderr, Log: newLogger(&c.Logging),
	}
	if c.Report != "" {
		f, err := os.OpenFile(c.Report, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return &usageError{fmt.Errorf("--report: %w", err)}
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		opts.Issues = f
	}
	report, err := app.ImportHPChatLog(ctx, &c.Common, opts)
	if report.Read > 0 || err == nil {
		fmt.Print(report.String())
	}
	if err == nil && report.Refused > 0 {
		return &refusedError{report.Refused}
	}
	return err
}

// refusedError says that rows were not kept.
type refusedError struct{ rows int64 }

// Error returns how many.
func (e *refusedError) Error() string { return fmt.Sprintf("%d rows were refused", e.rows) }

type exportCommand struct {
	HPChatLog exportHPChatLog `cmd:"" name:"hp-chat-log" set:"data=./haggle-data" help:"Write all messages as rows of hp_chat_log, for reports that still read them. Stop the server first. See docs/history.md."`
}

type exportHPChatLog struct {
	config.Common

	Format  string `env:"-" enum:"sql,csv" default:"sql" help:"How: ${enum}." placeholder:"FORMAT"`
	OnlyNew bool   `env:"-" help:"Only what was said in Haggle, without ids: to add to the old table when going back to it."`
	Out     string `env:"-" type:"path" help:"Where to; without it, to the standard output." placeholder:"FILE"`
}

// Run exports the table.
func (c *exportHPChatLog) Run(ctx context.Context) (err error) {
	var out io.Writer = os.Stdout
	if c.Out != "" {
		f, err := os.OpenFile(c.Out, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o600)
		if err != nil {
			return &usageError{fmt.Errorf("--out: %w", err)}
		}
		defer func() { err = errors.Join(err, f.Close()) }()
		out = f
	}
	done, err := app.ExportHPChatLog(ctx, &c.Common, out, hplog.Format(c.Format), c.OnlyNew)
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d rows", done.Rows)
	if done.Recalled > 0 {
		fmt.Fprintf(os.Stderr, "; left out: %d messages that were taken back", done.Recalled)
	}
	if done.Foreign > 0 {
		fmt.Fprintf(os.Stderr, "; left out: %d of buyers whose uid is no number", done.Foreign)
	}
	fmt.Fprintln(os.Stderr)
	return nil
}
