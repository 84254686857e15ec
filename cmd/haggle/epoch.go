package main

import (
	"context"
	"fmt"

	"haggle/internal/app"
	"haggle/internal/config"
)

type epochCommand struct {
	config.Common
}

// Help tells when the command is needed.
func (epochCommand) Help() string {
	return "Clients keep what they have seen and ask only for what came after it. A database from a backup " +
		"is behind what they have seen, and would number new messages like lost ones. With the server " +
		"stopped, put the backup in place, run this once, and start the server: every client then drops " +
		"what it keeps and loads anew. Messages that wait to be sent are kept, and sent."
}

// Run prints the new epoch.
func (c *epochCommand) Run(ctx context.Context) error {
	epoch, err := app.NewEpoch(ctx, &c.Common)
	if err != nil {
		return err
	}
	fmt.Println(epoch)
	return nil
}
