package main

import (
	"context"
	"log/slog"
	"os"

	"haggle/internal/app"
	"haggle/internal/config"
	"haggle/internal/demo"
)

type serveCommand struct {
	config.Config
}

// Run serves until ctx ends.
func (c *serveCommand) Run(ctx context.Context) error {
	if err := c.Check(); err != nil {
		return &usageError{err}
	}
	return app.Run(ctx, &c.Config, options(&c.Config))
}

type demoCommand struct {
	config.Config
}

// Run serves the demo until ctx ends.
func (c *demoCommand) Run(ctx context.Context) error {
	if err := c.CheckDemo(); err != nil {
		return &usageError{err}
	}
	opts := options(&c.Config)
	opts.Shop = func(site app.Site) (app.Shop, error) { return demo.New(demo.Site(site)) }
	return app.Run(ctx, &c.Config, opts)
}

func options(cfg *config.Config) app.Options {
	return app.Options{Version: versionText(), Log: newLogger(&cfg.Logging), Out: os.Stdout}
}

func newLogger(cfg *config.Logging) *slog.Logger {
	var level slog.Level
	if err := level.UnmarshalText([]byte(cfg.LogLevel)); err != nil {
		level = slog.LevelInfo
	}
	opts := &slog.HandlerOptions{Level: level}
	if cfg.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(os.Stderr, opts))
	}
	return slog.New(slog.NewTextHandler(os.Stderr, opts))
}
