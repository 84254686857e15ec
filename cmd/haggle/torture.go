package main

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/torture"
)

type tortureCommand struct {
	config.Common `set:"data=./haggle-data"`

	URL         []string       `env:"-" name:"url" help:"Base URL of a running node; again for others of the same cluster. They have to be started with --rate-factor 0, and are left full of what was said. Without any, nodes are started in a temporary folder." placeholder:"URL"`
	TokenSecret config.Secrets `help:"With --url: secret to sign tokens with, like serve's. Without one, that of the data directory." placeholder:"[KID:]SECRET"`
	APIKey      config.Secrets `name:"api-key" help:"With --url: key of the shop's backend, like serve's. Without one, that of the data directory." placeholder:"KEY"`

	Nodes  int           `env:"-" help:"How many nodes to start. Several need --store and --bus." default:"1" placeholder:"N"`
	Bus    []string      `env:"-" help:"What the started nodes get as --bus." placeholder:"nats://HOST:4222"`
	Pairs  int           `env:"-" help:"How many buyers talk; every three have a merchant in common, and everybody has two devices." default:"20" placeholder:"N"`
	For    time.Duration `env:"-" help:"How long there is trouble. Healing and looking come on top." default:"30s" placeholder:"TIME"`
	Seed   *uint64       `env:"-" help:"What happens is chosen by it. Without one it is by chance, and is printed." placeholder:"N"`
	Kill   bool          `env:"-" help:"Kill the started nodes with SIGKILL, and stop them for a while, again and again."`
	Fault  []string      `env:"-" help:"Instead of what chance does: one thing while everybody talks, and how soon all is well after it. kill, kill-all, restart (one after the other), freeze; again for more." enum:"kill,kill-all,restart,freeze" placeholder:"NAME"`
	During []string      `env:"-" sep:"none" help:"Likewise: a command line that does something to the nodes or to what they stand on, and ends once that is over." placeholder:"COMMAND"`
	JSON   bool          `env:"-" name:"json" help:"Print the report as JSON, with more of the faults in words."`
	Keep   bool          `env:"-" help:"Keep the temporary folder, and say where it is. It is kept in any case when something was wrong."`
}

// errPromise ends a run in which a promise was broken.
var errPromise = errors.New("a promise was broken, see above")

// Run tortures a cluster.
func (c *tortureCommand) Run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return &usageError{err}
	}
	opts, err := c.options()
	if err != nil {
		return err
	}
	if len(c.URL) == 0 {
		if opts.Node.Dir, err = os.MkdirTemp("", "haggle-torture-"); err != nil {
			return err
		}
	}
	r, err := torture.Run(ctx, opts)
	if err == nil {
		err = c.print(r)
	}
	if err == nil && !r.OK() {
		err = errPromise
	}
	return c.tidy(opts.Node.Dir, err)
}

func (c *tortureCommand) check() error {
	started := len(c.URL) == 0
	switch {
	case c.Pairs < 1 || c.Nodes < 1 || c.For <= 0:
		return errors.New("--pairs and --nodes are 1 or more, --for is more than 0s")
	case !started && (c.Kill || len(c.Fault) > 0 || c.Nodes > 1 || c.Store != "" || len(c.Bus) > 0):
		return errors.New("--kill, --fault, --nodes, --store and --bus are about nodes that are started here, and --url is about others")
	case c.Kill && len(c.Fault)+len(c.During) > 0:
		return errors.New("--kill is for when chance decides: say --fault kill")
	case started && c.Nodes > 1 && (c.Store == "" || len(c.Bus) == 0):
		return errors.New("several nodes need a database that they share (--store) and a way to tell each other (--bus)")
	case started && (len(c.TokenSecret) > 0 || len(c.APIKey) > 0):
		return errors.New("--token-secret and --api-key are those of the nodes at --url: nodes that are started here get their own")
	}
	return nil
}

// options says what the run is about.
func (c *tortureCommand) options() (*torture.Options, error) {
	now := time.Now()
	opts := &torture.Options{
		URLs: c.URL, Nodes: c.Nodes, Pairs: c.Pairs, For: c.For, Kill: c.Kill,
		Run: strconv.FormatInt(now.UnixMilli(), 36), Out: os.Stderr, Seed: seed(c.Seed), Faults: c.faults(),
	}
	signer := benchTarget{Common: c.Common, TokenSecret: c.TokenSecret, APIKey: c.APIKey}
	if len(c.URL) == 0 {
		secret := rand.Text() + rand.Text()
		signer.TokenSecret, signer.APIKey = config.Secrets{secret}, config.Secrets{rand.Text() + rand.Text()}
		program, err := os.Executable()
		if err != nil {
			return nil, fmt.Errorf("what to start: %w", err)
		}
		opts.Node = torture.NodeOptions{
			Binary: program, Env: torture.Environment(os.Environ()), TokenSecret: secret, APIKey: signer.APIKey[0],
		}
		if c.Store != "" {
			opts.Node.Env = append(opts.Node.Env, "HAGGLE_STORE="+c.Store) // it may hold a password
		}
		for _, bus := range c.Bus {
			opts.Node.Args = append(opts.Node.Args, "--bus", bus)
		}
	}
	target, err := signer.target()
	if err != nil {
		return nil, err
	}
	opts.APIKey = target.APIKey
	kid, key, err := (&tokenCommand{Common: c.Common, TokenSecret: signer.TokenSecret}).secret()
	if err != nil {
		return nil, err
	}
	opts.Mint = func(uid, agent string) (string, error) {
		issued := time.Now()
		return auth.SignShopToken(key, auth.ShopClaims{
			KeyID: kid, UID: chat.UID(uid), Agent: chat.AgentID(agent),
			IssuedAt: issued, ExpiresAt: issued.Add(auth.MaxTokenLife),
		})
	}
	return opts, nil
}

// faults are those that were asked for, in order.
func (c *tortureCommand) faults() []torture.Fault {
	known := map[string]func() torture.Fault{
		"kill": torture.KillOne, "kill-all": torture.KillAll, "restart": torture.Restart, "freeze": torture.Freeze,
	}
	var faults []torture.Fault
	for _, name := range c.Fault {
		faults = append(faults, known[name]())
	}
	for _, line := range c.During {
		faults = append(faults, torture.Command(line, os.Stderr))
	}
	return faults
}

// seed returns the one that was given, else one by chance.
func seed(given *uint64) uint64 {
	if given != nil {
		return *given
	}
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return uint64(binary.LittleEndian.Uint32(b[:]))
}

func (c *tortureCommand) print(r *torture.Report) error {
	if !c.JSON {
		return r.Print(os.Stdout)
	}
	data, err := json.Marshal(r, jsontext.WithIndent("  "))
	if err != nil {
		return err
	}
	_, err = os.Stdout.Write(append(slices.Clip(data), '\n'))
	return err
}

// tidy removes the folder of a run that came to err, unless there is a reason to look
// into it.
func (c *tortureCommand) tidy(dir string, err error) error {
	if dir == "" {
		return err
	}
	if err != nil || c.Keep {
		_, _ = io.WriteString(os.Stderr, "the nodes' data and logs are in "+dir+"\n") // a note
		return err
	}
	return os.RemoveAll(dir)
}
