package app

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/auth"
	"haggle/internal/bus/natsbus"
	"haggle/internal/chat"
	"haggle/internal/compat"
	"haggle/internal/compat/gatewayworker"
	"haggle/internal/config"
	"haggle/internal/gateway"
	"haggle/internal/media"
	"haggle/internal/plain"
	"haggle/internal/ratelimit"
	"haggle/internal/rest"
	"haggle/internal/store/sqlstore"
	"haggle/internal/webhook"
)

// app is the parts, put together.
type app struct {
	cfg     *config.Config
	opts    *Options
	log     *slog.Logger
	base    *url.URL
	secrets secrets

	service     *chat.Service
	verifier    *auth.Verifier
	blobs       *blobStore
	media       *media.Service
	gateway     *gateway.Gateway
	compat      *compat.Server      // nil without --compat
	php         *compat.Endpoints   // beside it
	gate        *gatewayworker.Gate // beside it; nil without --compat-gateway
	phpRegister net.Listener        // of the gate
	phpInner    net.Listener        // of the gate
	nats        *natsbus.Bus        // nil without --bus
	webhook     *webhook.Worker     // nil without --webhook-url
	rest        *rest.API
	plain       *plain.Pages
	files       *media.Handler
	shop        Shop
	health      *health
	registry    *prometheus.Registry
	servers     []*server
	front       *http.Server // the one for everybody
	compatFront *http.Server // the one for the PHP chat's sockets; nil without
	compatAddr  net.Addr     // its address
	admin       net.Addr     // of the one for the operator; nil without one

	closers []io.Closer // in the order of opening
}

// open puts the parts together, up to listeners that nobody serves yet. When it
// returns an error it has closed what it had opened.
func open(ctx context.Context, cfg *config.Config, opts *Options) (_ *app, err error) {
	a := &app{cfg: cfg, opts: opts, log: opts.Log, registry: newRegistry(opts.Version)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	// The lock of the data directory comes before the listeners: of two who are
	// started by mistake, the second is told about the first.
	store, err := openStore(ctx, &cfg.Common, tellMigrations(a.log))
	if err != nil {
		return nil, err
	}
	a.closers = append(a.closers, store)
	if err := checkWhole(ctx, store); err != nil {
		return nil, err
	}
	a.health = &health{store: store, log: a.log}
	a.registry.MustRegister(store.Metrics()...)
	if err := a.openListeners(ctx); err != nil {
		return nil, err
	}
	if a.secrets, err = openSecrets(ctx, cfg, store); err != nil {
		return nil, err
	}
	if err := a.openDomain(ctx, store); err != nil {
		return nil, err
	}
	return a, a.openPages()
}

// openStore opens the database that the settings name.
func openStore(ctx context.Context, at *config.Common, tell ...func(sqlstore.Migration)) (*sqlstore.Store, error) {
	if err := at.CheckStore(); err != nil {
		return nil, err
	}
	switch scheme, _, _ := strings.Cut(at.Store, "://"); scheme {
	case "postgres", "postgresql":
		return sqlstore.OpenPostgres(ctx, at.Store, tell...)
	case "mysql":
		return sqlstore.OpenMySQL(ctx, at.Store, tell...)
	}
	return sqlstore.OpenSQLite(ctx, filepath.Join(at.Data, DatabaseFile), tell...)
}

// tellMigrations logs what keeps a start after an update: nobody should take it for dead.
func tellMigrations(log *slog.Logger) func(sqlstore.Migration) {
	return func(m sqlstore.Migration) {
		switch {
		case m.Copy != "" && m.Done:
			log.Info("database copied: with it, the program of before can go on from here", "copy", m.Copy, "version", m.Version, "took", m.Took)
			return
		case m.Copy != "":
			log.Info("copying the database before it is migrated", "copy", m.Copy, "version", m.Version)
			return
		case m.Done:
			log.Info("database migrated", "version", m.Version, "of", m.Newest, "took", m.Took)
			return
		}
		log.Info("migrating the database, which may take its time: do not stop it", "version", m.Version, "of", m.Newest)
	}
}

// checkThere says where there is no database yet. One elsewhere says so itself.
func checkThere(at *config.Common) error {
	if at.Store != "" {
		return nil
	}
	if _, err := os.Stat(filepath.Join(at.Data, DatabaseFile)); errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("there is no database in %s: say where it is with --data, or with --store", at.Data)
	}
	return nil
}

// close gives back what open took, last things first.
func (a *app) close() error {
	var errs []error
	for _, c := range slices.Backward(a.closers) {
		errs = append(errs, c.Close())
	}
	return errors.Join(errs...)
}

func (a *app) openListeners(ctx context.Context) error {
	front, err := a.newServer(ctx, "--listen", a.cfg.Listen)
	if err != nil {
		return err
	}
	if a.base, err = a.cfg.Base(front.listener.Addr()); err != nil {
		return err
	}
	if a.cfg.TLSCert != "" {
		cert, err := openCertificate(a.cfg.TLSCert, a.cfg.TLSKey, a.log)
		if err != nil {
			return err
		}
		front.tls, front.http.TLSConfig = true, cert.config()
	}
	front.http.ReadTimeout, front.http.WriteTimeout = requestTimeout, requestTimeout
	a.front = front.http
	if a.cfg.Compat {
		old, err := a.newServer(ctx, "--compat-listen", a.cfg.CompatListen)
		if err != nil {
			return err
		}
		old.tls, old.http.TLSConfig = front.tls, front.http.TLSConfig
		old.http.ReadTimeout, old.http.WriteTimeout = requestTimeout, requestTimeout
		a.compatFront, a.compatAddr = old.http, old.listener.Addr()
		if err := a.listenForPHP(ctx); err != nil {
			return err
		}
	}
	if a.cfg.AdminListen == config.Off {
		return nil
	}
	// Profiles take as long as they are asked to, so this one has no such bounds.
	admin, err := a.newServer(ctx, "--admin-listen", a.cfg.AdminListen)
	if err != nil {
		return err
	}
	admin.http.Handler = adminHandler(a.health, a.registry, a.cfg.AdminListen)
	a.admin = admin.listener.Addr()
	return nil
}

// openDomain makes what knows of buyers and sellers.
func (a *app) openDomain(ctx context.Context, store *sqlstore.Store) error {
	limits := a.cfg.Chat()
	limits.RemindAfter = a.cfg.RemindAfter()
	limiter, err := ratelimit.New(limits.Rates, 1) // the factor is in them already
	if err != nil {
		return err
	}
	bus, seat, err := a.openBus(ctx)
	if err != nil {
		return err
	}
	keeper, teller, err := planted(store, bus)
	if err != nil {
		return err
	}
	a.service = chat.NewService(keeper, teller, limiter, limits, a.log)
	keys, err := a.shopKeys()
	if err != nil {
		return err
	}
	a.verifier, err = auth.NewVerifier(ctx, auth.Config{
		Keys: keys, JWKSURL: a.cfg.JWKSURL, Own: a.secrets.own, Guests: a.cfg.Guests,
	}, a.service, a.log)
	if err != nil {
		return err
	}
	a.log.InfoContext(ctx, "keys of the marketplace", "kids", a.verifier.KeyIDs(), "jwks_url", a.cfg.JWKSURL)
	a.health.tokens = a.verifier
	if a.blobs, err = openBlobs(ctx, &a.cfg.Blobs, a.cfg.Data, a.log); err != nil {
		return err
	}
	a.closers = append(a.closers, a.blobs)
	if a.cfg.HasBucket() {
		if err := claimBlobs(ctx, store, a.blobs.bucket); err != nil {
			return err
		}
	}
	a.registry.MustRegister(a.blobs.metrics...)
	a.media = media.NewService(store, a.blobs, a.service, media.NewLine(limits), limits, a.log)
	a.registry.MustRegister(a.media.Metrics()...)
	a.openWebhook(store)
	return a.openAPI(store, bus, seat)
}

// openWebhook makes what tells the shop, where it wants to be told.
func (a *app) openWebhook(store chat.ReminderStore) {
	if !a.cfg.HasWebhook() {
		return
	}
	sender := webhook.NewSender(WebhookTarget(&a.cfg.Webhook, a.secrets.hook, a.opts.Version))
	a.webhook = webhook.NewWorker(store, a.service.Backend(), sender, a.cfg.RemindAfter(), a.log)
	a.registry.MustRegister(a.webhook.Metrics()...)
}

// WebhookTarget returns where the shop is told, as it is configured.
func WebhookTarget(cfg *config.Webhook, secrets []string, version string) webhook.Target {
	networks, hosts := cfg.Allowed()
	return webhook.Target{
		URL: cfg.WebhookURL, Secrets: secrets, Version: version,
		Allow: webhook.Allow{Networks: networks, Hosts: hosts},
	}
}

// shopKeys returns the keys that the marketplace signs with.
func (a *app) shopKeys() ([]auth.Key, error) {
	if a.cfg.HasKeys() {
		return a.cfg.Keys()
	}
	key, err := auth.SecretKey(a.secrets.shopKID, a.secrets.shop)
	return []auth.Key{key}, err
}
