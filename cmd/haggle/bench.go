package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/app"
	"haggle/internal/auth"
	"haggle/internal/bench"
	"haggle/internal/chat"
	"haggle/internal/config"
)

type benchCommand struct {
	Idle  benchIdle  `cmd:"" help:"Hold idle sessions and say what each costs."`
	Pairs benchPairs `cmd:"" help:"Have pairs of a buyer and a seller talk in closed loops: send, ack, received, next."`
	Rate  benchRate  `cmd:"" help:"Send at a fixed rate, whether or not the server keeps up."`
}

// benchTarget is what every load needs to know of the server.
type benchTarget struct {
	config.Common `set:"data=./haggle-data"`

	URL         []string       `env:"-" name:"url" help:"Base URL of the server; again for others on the same database. A buyer and the seller they talk to come in at different ones." default:"http://127.0.0.1:8080" placeholder:"URL"`
	Admin       []string       `env:"-" help:"Base URL of its admin listener, to have it collect its garbage before its memory is read; again for others." placeholder:"URL"`
	PID         []int          `env:"-" name:"pid" help:"The servers' processes, whose CPU time and memory are read." placeholder:"PID"`
	TokenSecret config.Secrets `help:"Secret to sign tokens with, like serve's. Without one, that of the data directory." placeholder:"[KID:]SECRET"`
	APIKey      config.Secrets `name:"api-key" help:"Key of the shop's backend, like serve's. Without one, that of the data directory." placeholder:"KEY"`
}

// errBroken ends a load that the server did not come through.
var errBroken = errors.New("the server lost, doubled, reordered or refused something, see above")

// target reads the secrets. Tokens are good for a day, longer than any load.
func (c *benchTarget) target() (*bench.Target, error) {
	signer := tokenCommand{Common: c.Common, TokenSecret: c.TokenSecret}
	kid, secret, err := signer.secret()
	if err != nil {
		return nil, err
	}
	t := &bench.Target{URLs: c.URL, Admins: c.Admin, PIDs: c.PID}
	if len(c.APIKey) > 0 {
		t.APIKey = c.APIKey[0]
	} else {
		key, err := os.ReadFile(filepath.Join(c.Data, app.APIKeyFile))
		if err != nil {
			return nil, fmt.Errorf("the shop's API key: %w; give --api-key", err)
		}
		t.APIKey = strings.TrimSpace(string(key))
	}
	t.Mint = func(name string) (string, error) {
		now := time.Now()
		claims := auth.ShopClaims{KeyID: kid, UID: chat.UID(name), IssuedAt: now, ExpiresAt: now.Add(auth.MaxTokenLife)}
		if claims.UID.Side() == chat.MerchantSide {
			claims.Agent = "bench"
		}
		return auth.SignShopToken(secret, claims)
	}
	return t, nil
}

type benchIdle struct {
	benchTarget

	Sessions int           `env:"-" help:"How many." default:"5000" placeholder:"N"`
	Hold     time.Duration `env:"-" help:"For how long." default:"10s" placeholder:"TIME"`
}

// Run holds idle sessions.
func (c *benchIdle) Run(ctx context.Context) error {
	t, err := c.target()
	if err != nil {
		return err
	}
	r, err := bench.Idle(ctx, t, c.Sessions, c.Hold)
	if err != nil {
		return err
	}
	return report(r)
}

type benchPairs struct {
	benchTarget

	Pairs    int           `env:"-" help:"How many." default:"200" placeholder:"N"`
	Duration time.Duration `env:"-" help:"For how long." default:"10s" placeholder:"TIME"`
}

// Run has pairs talk in closed loops.
func (c *benchPairs) Run(ctx context.Context) error {
	t, err := c.target()
	if err != nil {
		return err
	}
	r, err := bench.Pairs(ctx, t, c.Pairs, c.Duration)
	if err != nil {
		return err
	}
	return report(r)
}

type benchRate struct {
	benchTarget

	Pairs    int           `env:"-" help:"Over how many pairs the messages are spread." default:"200" placeholder:"N"`
	Rate     int           `env:"-" help:"Messages a second." default:"1000" placeholder:"N"`
	Duration time.Duration `env:"-" help:"For how long." default:"10s" placeholder:"TIME"`
}

// Run sends at a fixed rate.
func (c *benchRate) Run(ctx context.Context) error {
	t, err := c.target()
	if err != nil {
		return err
	}
	if c.Rate <= 0 || c.Pairs <= 0 {
		return &usageError{errors.New("--rate and --pairs are 1 or more")}
	}
	r, err := bench.Rate(ctx, t, c.Pairs, c.Rate, c.Duration)
	if err != nil {
		return err
	}
	return report(r)
}

// report prints what a load came to and fails if the server did not come through.
func report(r interface {
	Print(w io.Writer) error
	OK() bool
},
) error {
	if err := r.Print(os.Stdout); err != nil {
		return err
	}
	if !r.OK() {
		return errBroken
	}
	return nil
}
