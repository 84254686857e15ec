package app

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"haggle/internal/auth"
	"haggle/internal/backup"
	"haggle/internal/chat"
	"haggle/internal/config"
	"haggle/internal/store/sqlstore"
)

// The names of files in the data directory.
const (
	DatabaseFile = "haggle.db"
	filesDir     = "files"

	// APIKeyFile and TokenSecretFile hold what the shop's backend needs, for the
	// operator to read out while the server runs. What counts is in the store.
	APIKeyFile      = "api-key"
	TokenSecretFile = "token-secret"

	// WebhookSecretFile holds what the shop's backend verifies webhooks with.
	WebhookSecretFile = "webhook-secret"

	// demoMark is in a data directory that the demo made.
	demoMark = "demo"
)

// secretShop is the secret that the marketplace signs with where none is
// configured. It is text, so that it can be copied into a shop's settings.
const secretShop = "shop_tokens"

// secrets are what lets people, pages and the shop's backend in.
type secrets struct {
	own     []byte // of the server's own tokens
	files   []byte // of file URLs
	compat  []byte // of the PHP chat's codes
	shop    []byte // that the marketplace signs with; nil where it has a key pair
	shopKID string
	apiKeys []string
	hook    []string // that webhooks are signed with; nil without one
	forms   []byte   // of the forms of pages without a script
}

// openSecrets reads the secrets, makes those that are missing, and leaves the
// two that the operator needs as files in the data directory.
func openSecrets(ctx context.Context, cfg *config.Config, store chat.Store) (s secrets, err error) {
	if s.own, err = auth.Secret(ctx, store, auth.SecretTokens, nil); err != nil {
		return s, err
	}
	if s.files, err = auth.Secret(ctx, store, auth.SecretFiles, nil); err != nil {
		return s, err
	}
	if s.compat, err = auth.Secret(ctx, store, auth.SecretCompat, nil); err != nil {
		return s, err
	}
	if s.apiKeys = cfg.APIKey; len(s.apiKeys) == 0 {
		key, err := auth.Secret(ctx, store, auth.SecretAPIKey, nil)
		if err != nil {
			return s, err
		}
		s.apiKeys = []string{string(key)}
	}
	if s.forms, err = auth.Secret(ctx, store, auth.SecretForms, nil); err != nil {
		return s, err
	}
	if s.hook = cfg.WebhookSecret; cfg.HasWebhook() && len(s.hook) == 0 {
		made, err := auth.Secret(ctx, store, auth.SecretHook, nil)
		if err != nil {
			return s, err
		}
		s.hook = []string{string(made)}
	}
	switch {
	case len(cfg.TokenSecret) > 0:
		kid, secret := config.SplitKey(cfg.TokenSecret[0])
		s.shopKID, s.shop = kid, []byte(secret)
	case !cfg.HasKeys():
		fresh := []byte("hs_" + strings.ToLower(rand.Text()+rand.Text()))
		if s.shop, err = store.Secret(ctx, secretShop, fresh); err != nil {
			return s, fmt.Errorf("secret of the marketplace: %w", err)
		}
	}
	return s, s.leave(cfg)
}

// leave writes what was made here into files, and removes files that an earlier
// start left and that no longer hold.
func (s *secrets) leave(cfg *config.Config) error {
	var key, shop, hook string
	if cfg.HasWebhook() && len(cfg.WebhookSecret) == 0 {
		hook = s.hook[0]
	}
	if len(cfg.APIKey) == 0 {
		key = s.apiKeys[0]
	}
	if !cfg.HasKeys() {
		shop = string(s.shop)
	}
	return errors.Join(
		leaveFile(filepath.Join(cfg.Data, APIKeyFile), key),
		leaveFile(filepath.Join(cfg.Data, TokenSecretFile), shop),
		leaveFile(filepath.Join(cfg.Data, WebhookSecretFile), hook),
	)
}

func leaveFile(path, text string) error {
	if text == "" {
		if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		return nil
	}
	if old, err := os.ReadFile(path); err == nil && string(old) == text+"\n" { //nolint:gosec // in the operator's own directory
		return os.Chmod(path, 0o600)
	}
	// Renamed into place: who reads it meanwhile sees the old or the new one.
	temp := path + ".new"
	if err := os.WriteFile(temp, []byte(text+"\n"), 0o600); err != nil {
		return fmt.Errorf("write secret: %w", err)
	}
	return os.Rename(temp, path)
}

// closeDir takes a data directory that others may look into away from them: it
// was there before, made by hand perhaps. One that holds other things than our
// data, or that belongs to somebody else, stays as it is, and the operator is told.
func closeDir(dir string) error {
	if !openTo(dir) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("look into data directory: %w", err)
	}
	foreign := slices.ContainsFunc(entries, func(e fs.DirEntry) bool {
		return !slices.Contains(ownFiles(), e.Name()) && !strings.HasPrefix(e.Name(), DatabaseFile)
	})
	if foreign {
		return nil
	}
	err = os.Chmod(dir, 0o700) //nolint:gosec // a directory is to be entered
	if err != nil && !errors.Is(err, fs.ErrPermission) && !errors.Is(err, errors.ErrUnsupported) {
		return fmt.Errorf("close data directory to others: %w", err)
	}
	return nil
}

// ownFiles are what a data directory holds beside the database's files.
func ownFiles() []string {
	return []string{filesDir, APIKeyFile, TokenSecretFile, WebhookSecretFile, demoMark, sqlstore.LockName, backup.Staging, "lost+found"}
}

// openTo reports whether others on this machine may look into dir.
func openTo(dir string) bool {
	info, err := os.Stat(dir) //nolint:gosec // the operator's own path
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}

// claimDir makes the data directory and sees to it that demo data and a shop's
// never meet: the demo would sell its mugs to real people.
func claimDir(dir string, demo bool) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("make data directory: %w", err)
	}
	if err := closeDir(dir); err != nil {
		return err
	}
	has := func(name string) bool {
		_, err := os.Stat(filepath.Join(dir, name)) //nolint:gosec // the operator's own path
		return err == nil
	}
	marked, used := has(demoMark), has(DatabaseFile)
	switch {
	case has(backup.Staging) && !used:
		return fmt.Errorf("a restore into %s did not come to its end: run it again, with the same backup or another", dir)
	case demo && used && !marked:
		return fmt.Errorf("data directory %s holds a shop's data, which the demo leaves alone: give it another with --data", dir)
	case !demo && marked:
		return fmt.Errorf("data directory %s was made by the demo: give another with --data", dir)
	case demo && !marked:
		note := "This directory was made by \"haggle demo\". Delete it to begin anew.\n"
		if err := os.WriteFile(filepath.Join(dir, demoMark), []byte(note), 0o600); err != nil {
			return fmt.Errorf("mark data directory: %w", err)
		}
	}
	return nil
}
