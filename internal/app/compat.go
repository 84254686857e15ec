package app

import (
	"net/http"

	"haggle/internal/auth"
	"haggle/internal/chat"
	"haggle/internal/compat"
	"haggle/internal/media"
	"haggle/internal/rest"
	"haggle/internal/store/sqlstore"
	"haggle/internal/wechat"
)

// openCompat makes the door for the pages of the PHP chat: their socket on a
// listener of its own, and their requests, which routes passes on.
func (a *app) openCompat(store *sqlstore.Store, bus chat.Bus, signer *media.Signer, logins *auth.Codes, weChat *wechat.Client) (*compat.Codes, error) {
	codes, err := compat.NewCodes(a.secrets.compat)
	if err != nil {
		return nil, err
	}
	zone, err := a.cfg.Location()
	if err != nil {
		return nil, err
	}
	proxies := a.cfg.Proxies()
	if err := a.openGate(); err != nil {
		return nil, err
	}
	a.compat, err = compat.NewServer(compat.Deps{
		Service: a.service, Bus: bus, Verifier: a.verifier, Numbers: store, Codes: codes, Log: a.log,
		Picture: func(file chat.FileID) string {
			path, _ := signer.URL(file, media.Full)
			return path
		},
	}, compat.Options{
		AllowOrigin: a.allowOrigin(), BaseURL: a.base.String(), Location: zone, Metrics: a.registry, Nodes: a.cfg.HasBus(), Relay: a.compatRelay(),
		PHP:     a.gate,
		Address: func(r *http.Request) string { return rest.ClientKey(r, proxies) },
	})
	if err != nil {
		return nil, err
	}
	var pictures compat.Media
	if weChat != nil { // an interface that holds nil is not nil
		pictures = weChat
	}
	a.php = compat.NewEndpoints(a.compat, a.media, pictures, logins)
	a.compatFront.Handler = rest.Observe(a.log, proxies, a.compat.Handler())
	return codes, nil
}

// compatRelay leads to the sockets of other nodes; nil without any.
func (a *app) compatRelay() compat.Relay {
	if a.nats == nil { // an interface that holds nil is not nil
		return nil
	}
	return a.nats
}

// withCompat takes what the old pages ask for before the mux does, which minds
// letter case.
func (a *app) withCompat(next http.Handler) http.Handler {
	if a.php == nil {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if compat.Matches(r) {
			a.php.ServeHTTP(w, r)
			return
		}
		next.ServeHTTP(w, r)
	})
}
