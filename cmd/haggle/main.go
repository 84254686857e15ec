// Command haggle is a self-hosted chat between the buyers and the sellers of a
// marketplace.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"

	"haggle/internal/config"
)

// commands is what can be asked of the program.
type commands struct {
	Serve   serveCommand   `cmd:"" set:"data=./haggle-data" help:"Serve the chat."`
	Demo    demoCommand    `cmd:"" set:"data=./haggle-demo-data" set:"compat_listen=127.0.0.1:8282" help:"Serve the chat and a small marketplace to try it with, on this machine only."` //nolint:staticcheck // kong takes more than one
	Token   tokenCommand   `cmd:"" set:"data=./haggle-data" help:"Print a token as the marketplace would sign it, for trying things out."`
	Import  importCommand  `cmd:"" help:"Bring in the history of another chat."`
	Export  exportCommand  `cmd:"" help:"Write the history for others to read."`
	Backup  backupCommand  `cmd:"" set:"data=./haggle-data" help:"Copy the data directory while the server runs, or verify such a copy."`
	Restore restoreCommand `cmd:"" set:"data=./haggle-data" help:"Make a data directory of a backup."`
	Migrate migrateCommand `cmd:"" help:"Move to another database, of another engine too."`
	Doctor  doctorCommand  `cmd:"" set:"data=./haggle-data" help:"Look whether everything is as it should be, and say what to change."`
	Epoch   epochCommand   `cmd:"" set:"data=./haggle-data" help:"Have all clients load anew, after the database was restored from a backup."`
	Webhook webhookCommand `cmd:"" set:"data=./haggle-data" help:"What the shop is told when messages stay unread: its secret, and a test."`
	Bench   benchCommand   `cmd:"" help:"Put a load on a running server and say how it does. Start that with --rate-factor 0, or it refuses most of it."`
	Torture tortureCommand `cmd:"" set:"data=./haggle-data" help:"Give a server, or a cluster, a hard time and look whether anything is lost, doubled or out of order."`
	Version versionCommand `cmd:"" help:"Print the version."`
}

// The exit statuses.
const (
	statusFailed = 1
	statusUsage  = 2
)

func main() { os.Exit(run(os.Args[1:])) }

func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// The first signal asks the program to stop, a second one no longer asks.
	defer context.AfterFunc(ctx, stop)()

	parser, err := kong.New(&commands{}, append(config.Options(),
		kong.Name("haggle"),
		kong.Description("Chat between the buyers and the sellers of a marketplace, on your own machine."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, WrapUpperBound: 100}),
		kong.BindTo(ctx, (*context.Context)(nil)),
	)...)
	if err != nil {
		return fail(err, statusFailed)
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	cmd, err := parser.Parse(args)
	if file, ok := errors.AsType[*config.FileError](err); ok {
		err = file
	}
	if err != nil {
		return fail(err, statusUsage)
	}
	for _, name := range config.UnknownVariables(parser.Model.Node, os.Environ()) {
		fmt.Fprintf(os.Stderr, "haggle: note: the environment says %s, which is no setting; \"haggle serve --help\" lists them\n", name)
	}
	if err := cmd.Run(); err != nil {
		if _, ok := errors.AsType[*usageError](err); ok {
			return fail(err, statusUsage)
		}
		if _, ok := errors.AsType[*refusedError](err); ok {
			return fail(err, statusRefused)
		}
		return fail(err, statusFailed)
	}
	return 0
}

// usageError is one that other settings would have avoided.
type usageError struct{ error }

func (e *usageError) Unwrap() error { return e.error }

func fail(err error, status int) int {
	fmt.Fprintln(os.Stderr, "haggle:", err)
	return status
}
