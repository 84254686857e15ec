package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"

	"haggle/internal/app"
	"haggle/internal/config"
	"haggle/internal/demo"
	"haggle/internal/wechat/standin"
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

	WeChatStandin bool `name:"wechat-standin" env:"-" help:"Have the demo stand in for WeChat's servers, and for its JS-SDK, in place of an official account: in a browser that says it is WeChat's, pictures are chosen through it."`
}

// Run serves the demo until ctx ends.
func (c *demoCommand) Run(ctx context.Context) error {
	var weChat http.Handler
	if c.WeChatStandin {
		if _, port, err := net.SplitHostPort(c.Listen); err != nil || port == "0" {
			return &usageError{fmt.Errorf("--wechat-standin needs a port to be found at: --listen is %q", c.Listen)}
		}
		secret := rand.Text()
		c.WeChatAppID, c.WeChatSecret = "wx-standin", config.Secrets{secret}
		c.WeChatAPI, c.WeChatJS = "http://"+c.Listen, "http://"+c.Listen+standin.ScriptPath
		weChat = standin.New(c.WeChatAppID, secret)
	}
	// The marketplace is told like any other, at an address of this machine.
	if _, port, err := net.SplitHostPort(c.Listen); err == nil && port != "0" && !c.HasWebhook() && c.TLSCert == "" {
		c.WebhookURL = "http://" + c.Listen + demo.WebhookPath
		c.WebhookAllow = append(c.WebhookAllow, "127.0.0.0/8", "::1", "localhost")
	}
	if err := c.CheckDemo(); err != nil {
		return &usageError{err}
	}
	opts := options(&c.Config)
	opts.Shop = func(site app.Site) (app.Shop, error) { return demo.New(demo.Site(site), weChat) }
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
