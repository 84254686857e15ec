package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"haggle/internal/app"
	"haggle/internal/config"
	"haggle/internal/webhook"
	"haggle/internal/wire"
)

type webhookCommand struct {
	Secret webhookSecretCommand `cmd:"" help:"Print the secret that the shop verifies what it is told with."`
	Test   webhookTestCommand   `cmd:"" help:"Send the shop one signed ping, and say what it answers."`
}

// webhookSettings are what both need of serve's.
type webhookSettings struct {
	config.Common
	config.Webhook
}

// secrets returns those that the server signs with. It holds its data directory for
// itself, so one that was made is read from the file that it leaves there.
func (s *webhookSettings) secrets() ([]string, error) {
	if len(s.WebhookSecret) > 0 {
		return s.WebhookSecret, nil
	}
	text, err := os.ReadFile(filepath.Join(s.Data, app.WebhookSecretFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("there is no secret in %s: start the server on it once, with --webhook-url, or give --webhook-secret", s.Data)
	}
	return []string{strings.TrimSpace(string(text))}, err
}

type webhookSecretCommand struct{ webhookSettings }

// Run prints the secret and nothing else, so that a script can use it.
func (c *webhookSecretCommand) Run() error {
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	fmt.Println(secrets[0])
	return nil
}

type webhookTestCommand struct{ webhookSettings }

// Run sends a ping.
func (c *webhookTestCommand) Run(ctx context.Context) error {
	if !c.HasWebhook() {
		return &usageError{errors.New("--webhook-url is needed: where the shop is told")}
	}
	if err := c.CheckWebhook(); err != nil {
		return &usageError{err}
	}
	secrets, err := c.secrets()
	if err != nil {
		return err
	}
	start := time.Now()
	id := strings.ToLower(rand.Text())
	body, err := wire.Encode(wire.Ping(id, start))
	if err != nil {
		return err
	}
	sender := webhook.NewSender(app.WebhookTarget(&c.Webhook, secrets, versionText()))
	if err := sender.Send(ctx, id, body, start); err != nil {
		return fmt.Errorf("ping %s: %w", id, err)
	}
	fmt.Printf("The shop took ping %s in %v.\n", id, time.Since(start).Round(time.Millisecond))
	return nil
}
