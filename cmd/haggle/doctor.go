package main

import (
	"context"
	"fmt"
	"os"

	"haggle/internal/app"
	"haggle/internal/config"
	"haggle/internal/doctor"
)

type doctorCommand struct {
	config.Config

	JSON bool `name:"json" env:"-" help:"For programs."`
}

// Help says how to use it.
func (doctorCommand) Help() string {
	return "Give it the settings that serve has. It looks at what is there, and changes nothing but a probe that " +
		"it puts among the pictures and takes away again. With the server running it also asks it, by the way that " +
		"browsers take. The exit status is 1 if anything is wrong."
}

// Run looks at everything and says what it has found.
func (c *doctorCommand) Run(ctx context.Context) error {
	checks := app.Checks(&c.Config)
	var counts [3]int
	if c.JSON {
		var all []doctor.Finding
		counts = doctor.Run(ctx, checks, func(f doctor.Finding) { all = append(all, f) })
		if err := doctor.WriteJSON(os.Stdout, all); err != nil {
			return err
		}
	} else {
		counts = doctor.Run(ctx, checks, doctor.Text(os.Stdout))
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if n := counts[doctor.Wrong]; n > 0 {
		return fmt.Errorf("%d wrong, %d to know of", n, counts[doctor.Warning])
	}
	return nil
}
