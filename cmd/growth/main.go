// Command growth makes the tables of docs/scaling.md: what a message and a connection
// cost at several nodes on one machine, and how the store answers as it fills. It starts
// the servers that it needs, on loopback ports, and removes them and what they kept.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

// commands is what can be asked of the program.
type commands struct {
	Nodes nodesCommand `cmd:"" help:"Cost of a message and of a connection, by the number of nodes on one PostgreSQL and one NATS."`
	Store storeCommand `cmd:"" help:"Times of what the store is asked for, by the number of messages in it."`
	NATS  natsCommand  `cmd:"" name:"nats" hidden:"" help:"Be the NATS of the nodes, until standard input ends."`
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	cmd := kong.Parse(&commands{}, kong.Name("growth"),
		kong.Description("Tables of how Haggle grows. They are printed as Markdown; what goes on meanwhile, to standard error."),
		kong.BindTo(ctx, (*context.Context)(nil)))
	cmd.FatalIfErrorf(cmd.Run())
}

// say tells of progress.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, format+"\n", args...)
}

// row prints a row of a table.
func row(w io.Writer, cells ...string) error {
	for _, cell := range cells {
		if _, err := io.WriteString(w, "| "+cell+" "); err != nil {
			return err
		}
	}
	_, err := io.WriteString(w, "|\n")
	return err
}

// header prints the first rows of a table.
func header(w io.Writer, titles ...string) error {
	line := make([]string, len(titles))
	for i := range line {
		line[i] = "---"
	}
	if err := row(w, titles...); err != nil {
		return err
	}
	return row(w, line...)
}
