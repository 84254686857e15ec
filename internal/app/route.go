package app

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/gateway"
	"haggle/internal/media"
	"haggle/internal/rest"
	"haggle/internal/store/sqlstore"
	"haggle/internal/wechat"
	"haggle/web"
)

// openAPI makes what programs speak to: the HTTP API, the socket, the files.
func (a *app) openAPI(store *sqlstore.Store, bus, second chat.Bus) error {
	apiKeys, err := auth.NewAPIKeys(a.secrets.apiKeys...)
	if err != nil {
		return err
	}
	limits := a.service.Limits()
	signer, err := media.NewSigner(a.secrets.files, limits.FileURLTTL)
	if err != nil {
		return err
	}
	weChat := a.newWeChat(store)
	logins := auth.NewCodes(a.verifier, store, limits.LoginCodeTTL)
	var codes rest.CompatCodes
	if a.cfg.Compat {
		if codes, err = a.openCompat(store, second, signer, logins, weChat); err != nil {
			return err
		}
	}
	rest.ConfigureHuma()
	deps := rest.Deps{
		Service: a.service, Verifier: a.verifier, Codes: logins, CompatCodes: codes,
		APIKeys: apiKeys, Uploader: a.media, FileURL: fileURL(signer), Log: a.log,
		Origins: a.cfg.AllowedOrigins(a.base), OwnOrigins: a.ownOrigins(),
		SecureCookies: a.base.Scheme == "https", TrustedProxies: a.cfg.Proxies(), Version: a.opts.Version,
	}
	if weChat != nil { // an interface that holds nil is not nil
		deps.WeChat, deps.WeChatJS = weChat, a.cfg.WeChatJS
	}
	if a.webhook != nil {
		deps.Webhook = a.webhook
	}
	if a.rest, err = rest.New(deps); err != nil {
		return err
	}
	a.files = media.NewHandler(signer, a.blobs, a.blobs.links, a.cfg.Compat, a.rest.Fail)
	proxies := a.cfg.Proxies()
	var relay gateway.Relay
	if a.nats != nil { // an interface that holds nil is not nil
		relay = a.nats
	}
	a.gateway = gateway.New(a.service, bus, a.verifier, gateway.Options{
		Relay:       relay,
		AllowOrigin: a.allowOrigin(),
		Address:     func(r *http.Request) string { return rest.ClientKey(r, proxies) },
		Metrics:     a.registry,
		Nodes:       a.cfg.HasBus(),
	}, a.log)
	return nil
}

// newWeChat returns the client of the official account, nil without one.
func (a *app) newWeChat(store *sqlstore.Store) *wechat.Client {
	if !a.cfg.HasWeChat() {
		return nil
	}
	return wechat.NewClient(wechat.Config{
		AppID: a.cfg.WeChatAppID, Secret: a.cfg.WeChatSecret[0], API: strings.TrimSuffix(a.cfg.WeChatAPI, "/"),
		MediaBytes: a.service.Limits().UploadBytes,
	}, store)
}

// ownOrigins are the server's own: of its base URL first, and in the demo of the
// other names of this machine.
func (a *app) ownOrigins() []string {
	own := []string{a.base.Scheme + "://" + a.base.Host}
	if a.opts.Shop != nil {
		own = append(own, demoOrigins(a.base)...)
	}
	return own
}

// allowOrigin says which pages may open a socket.
func (a *app) allowOrigin() func(origin string) bool {
	origins := append(a.ownOrigins(), a.cfg.AllowedOrigins(a.base)...)
	return func(origin string) bool { return slices.Contains(origins, origin) }
}

func fileURL(signer *media.Signer) rest.FileURLFunc {
	return func(file chat.FileID) (image, thumb string, expires time.Time) {
		image, expires = signer.URL(file, media.Full)
		thumb, other := signer.URL(file, media.Thumb)
		if other.Before(expires) {
			expires = other
		}
		return image, thumb, expires
	}
}

// openPages makes what people look at, and gives the server its handler.
func (a *app) openPages() error {
	dist, err := web.Dist()
	if err != nil {
		return err
	}
	p, err := newPages(dist, a.cfg, a.base)
	if err != nil {
		return err
	}
	p.pictures = a.blobs.origin
	if err := a.openPlain(p); err != nil {
		return err
	}
	if a.opts.Shop != nil {
		p.ancestors = append(p.ancestors, demoAncestors(a.ownOrigins())...)
		a.shop, err = a.opts.Shop(Site{
			BaseURL: a.base.String(), APIURL: "http://" + a.servers[0].listener.Addr().String(),
			TokenSecret: a.secrets.shop, KeyID: a.secrets.shopKID, APIKey: a.secrets.apiKeys[0], Webhook: a.secrets.hook,
		})
		if err != nil {
			return err
		}
	}
	handler := newRequestStats(a.registry).count(a.withCompat(a.routes(p)))
	if a.shop != nil {
		handler = onlyHosts(demoHosts(a.base.Host), handler)
	}
	a.front.Handler = rest.Observe(a.log, a.cfg.Proxies(), handler)
	return nil
}

// routes is all that is served to everybody.
func (a *app) routes(p *pages) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", a.health.live)
	mux.HandleFunc("GET /readyz", a.health.ready)
	api := a.rest.Handler()
	mux.Handle("/v1/", api)
	mux.Handle("/docs", api)
	mux.Handle("/docs/", api)
	a.gateway.Register(mux)
	mux.Handle(media.URLPath, a.files)
	p.register(mux)
	a.plain.Register(mux)
	if a.shop != nil {
		mux.Handle("/", a.shop)
	} else {
		mux.Handle("/", p.missing())
	}
	return mux
}

// demoOrigins are the other names of this machine, under which people open the
// demo as well.
func demoOrigins(base *url.URL) []string {
	var origins []string
	for _, host := range []string{"localhost", "127.0.0.1", "[::1]"} {
		if other := base.Scheme + "://" + host + ":" + base.Port(); other != base.String() {
			origins = append(origins, other)
		}
	}
	return origins
}

// demoAncestors are the origins whose pages may frame the chat: the demo's product
// pages have the widget on them. A policy has no word for an IPv6 address.
func demoAncestors(origins []string) []string {
	return slices.DeleteFunc(origins, func(origin string) bool { return strings.Contains(origin, "[") })
}
