package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"time"

	"golang.org/x/sync/errgroup"

	"haggle/internal/config"
)

// shutdownGrace is how long a stop may take.
const shutdownGrace = 9 * time.Second

// Options are what Run needs beside the settings.
type Options struct {
	Version string
	Log     *slog.Logger
	Out     io.Writer // what the person at the terminal is told

	// Shop makes the marketplace that lives in the same process: the demo. Nil
	// under serve, where nothing is served at the root.
	Shop func(Site) (Shop, error)
}

// Site is what a marketplace has to know of the server it works with: the same
// things that an operator would type into its settings.
type Site struct {
	BaseURL     string // as browsers reach it
	APIURL      string // as the marketplace's own servers do
	TokenSecret []byte
	KeyID       string
	APIKey      string
	Webhook     []string // secrets that what it is told is signed with; nil: it is told nothing
}

// Shop is a marketplace. Its pages are served at the root.
type Shop interface {
	http.Handler

	// Open is called once the server answers: the marketplace tells it what is
	// for sale.
	Open(ctx context.Context) error
}

// Run serves until ctx ends, and for as long after it as the settings say, then stops
// what it started in the reverse order: listeners, sessions, requests, the service with its last flush, the store.
func Run(ctx context.Context, cfg *config.Config, opts Options) (err error) {
	if err := claimDir(cfg.Data, opts.Shop != nil); err != nil {
		return err
	}
	a, err := open(ctx, cfg, &opts)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	return a.run(ctx)
}

// run serves until ctx ends or something breaks.
func (a *app) run(ctx context.Context) error {
	// What works in the background outlives ctx: it stops after those it works for.
	background, stopBackground := context.WithCancel(context.WithoutCancel(ctx))
	defer stopBackground()
	work, background := errgroup.WithContext(background)
	work.Go(func() error { return a.service.Run(background) })
	work.Go(func() error { return a.service.Index(background) })
	work.Go(func() error { return a.media.Run(background) })
	work.Go(func() error { return a.gateway.Run(background) })
	if a.compat != nil {
		work.Go(func() error { return a.compat.Run(background) })
	}
	if a.gate != nil {
		work.Go(func() error { return a.gate.Run(background) })
	}
	if a.webhook != nil {
		work.Go(func() error { return a.webhook.Run(background) })
	}
	work.Go(func() error { return a.health.watch(background) })

	front, frontCtx := errgroup.WithContext(ctx)
	for _, s := range a.servers {
		front.Go(func() error { return s.serve() })
	}
	front.Go(func() error { return a.begin(frontCtx) })
	front.Go(func() error {
		select {
		case <-frontCtx.Done():
		case <-background.Done(): // something in the background broke
		}
		if ctx.Err() != nil { // told to, while all of it works
			a.health.drain(background, a.cfg.DrainWait)
		}
		return a.stop(context.WithoutCancel(ctx))
	})
	err := front.Wait()
	stopBackground()
	return errors.Join(err, work.Wait())
}

// begin opens the shop and says that the server is there.
func (a *app) begin(ctx context.Context) error {
	if a.shop != nil {
		if err := a.shop.Open(ctx); err != nil {
			if ctx.Err() != nil {
				return nil //nolint:nilerr // the server was told to stop before it had begun
			}
			return fmt.Errorf("open the shop: %w", err)
		}
	}
	a.health.state.CompareAndSwap(starting, serving)
	a.announce()
	return nil
}

// stop ends what people are connected to: no new ones first, then the sessions,
// which are told when to come back, then the requests under way.
func (a *app) stop(ctx context.Context) error {
	a.health.state.Store(draining)
	a.log.InfoContext(ctx, "stopping")
	ctx, cancel := context.WithTimeout(ctx, shutdownGrace)
	defer cancel()
	g, ctx := errgroup.WithContext(ctx)
	for _, s := range a.servers {
		g.Go(func() error { return s.shutdown(ctx) })
	}
	g.Go(func() error { return a.gateway.Shutdown(ctx) })
	if a.compat != nil {
		g.Go(func() error { return a.compat.Shutdown(ctx) })
	}
	return g.Wait()
}
