package app

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"haggle/internal/config"
	"haggle/internal/doctor"
	"haggle/internal/rest"
)

const (
	// certSoon is how long before its end a certificate is worth a word.
	certSoon = 14 * 24 * time.Hour

	// askTimeout is how long the server may take to answer.
	askTimeout = 10 * time.Second

	// nobodys is an address that nobody has (RFC 5737), for whom the doctor claims to
	// speak. A proxy has to know better.
	nobodys = "192.0.2.77"
)

// origins says whose pages may come in.
func (e *examiner) origins(_ context.Context, tell *doctor.Teller) {
	if e.base == nil {
		return // settings says so
	}
	allowed := e.cfg.AllowedOrigins(e.base)
	for _, origin := range allowed[1:] {
		u, err := url.Parse(origin)
		if err != nil {
			continue
		}
		switch {
		case config.Loopback(net.JoinHostPort(u.Hostname(), "0")) && e.base.Scheme == "https":
			tell.Warning("take it out of --origins, unless you develop with it", "pages of %s may sign people in", origin)
		case u.Scheme == "http" && e.base.Scheme == "https":
			tell.Warning("serve the shop over https://, and name that", "pages of %s came in the clear, and may sign people in", origin)
		}
	}
	tell.OK("sockets and logins from pages of %s", strings.Join(allowed, ", "))
	if frames := e.cfg.Ancestors(); len(frames) > 0 {
		tell.OK("the buyer's page may be framed by %s", strings.Join(frames, ", "))
	}
}

// certificate looks at the one that the server shows itself.
func (e *examiner) certificate(_ context.Context, tell *doctor.Teller) {
	if e.cfg.TLSCert == "" || e.cfg.TLSKey == "" {
		if e.base != nil && e.base.Scheme == "http" && !config.Loopback(e.base.Host) && !config.Loopback(net.JoinHostPort(e.base.Hostname(), "0")) {
			tell.Wrong("give --base-url with https://, and --tls-cert or a proxy that terminates TLS", "browsers reach the server over http://: tokens and messages go in the clear")
		}
		return
	}
	pair, err := tls.LoadX509KeyPair(e.cfg.TLSCert, e.cfg.TLSKey)
	if err != nil {
		tell.Wrong("see --tls-cert and --tls-key: PEM files that belong together", "%v", err)
		return
	}
	if pair.Leaf == nil {
		return
	}
	host := ""
	if e.base != nil {
		host = e.base.Hostname()
	}
	tellCertificate(tell, e.cfg.TLSCert, pair.Leaf, host)
}

func tellCertificate(tell *doctor.Teller, where string, cert *x509.Certificate, host string) {
	left := time.Until(cert.NotAfter)
	switch {
	case left <= 0:
		tell.Wrong("renew it", "the certificate of %s ended at %s", where, cert.NotAfter.Format(time.DateTime))
	case time.Now().Before(cert.NotBefore):
		tell.Wrong("see whether this machine's clock is right", "the certificate of %s begins at %s", where, cert.NotBefore.Format(time.DateTime))
	case host != "" && cert.VerifyHostname(host) != nil:
		tell.Wrong("get one for the name in --base-url", "the certificate of %s is not for %s", where, host)
	case left < certSoon:
		tell.Warning("renew it, or see why that is not done by itself", "the certificate of %s ends in %d days", where, int(left/(24*time.Hour)))
	default:
		tell.OK("the certificate of %s is good for %d days", where, int(left/(24*time.Hour)))
	}
}

// said is what the server answered.
type said struct {
	status int
	header http.Header
	cert   *x509.Certificate // that it showed; nil without TLS
	text   string
}

// ask sends a request to the server, by the way that browsers take.
func (e *examiner) ask(ctx context.Context, path string, header http.Header) (said, error) {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, e.base.String()+path, http.NoBody)
	if err != nil {
		return said{}, err
	}
	req.Header = header
	client := http.Client{
		Transport:     &http.Transport{DisableKeepAlives: true, Proxy: http.ProxyFromEnvironment},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(req)
	if err != nil {
		return said{}, err
	}
	text, err := io.ReadAll(io.LimitReader(resp.Body, 4<<10))
	a := said{status: resp.StatusCode, header: resp.Header, text: strings.TrimSpace(string(text))}
	if resp.TLS != nil && len(resp.TLS.PeerCertificates) > 0 {
		a.cert = resp.TLS.PeerCertificates[0]
	}
	return a, errors.Join(err, resp.Body.Close())
}

// address asks the server under the address that browsers know.
func (e *examiner) address(ctx context.Context, tell *doctor.Teller) {
	if e.base == nil || e.base.Port() == "0" {
		return
	}
	asked := time.Now()
	a, err := e.ask(ctx, "/readyz", http.Header{})
	took := time.Since(asked)
	var unknown *tls.CertificateVerificationError
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		tell.Warning("start the server, and look again", "nobody answers at %s", e.base)
		return
	case errors.As(err, &unknown):
		tell.Wrong("get a certificate that browsers take, with its chain", "%v", err)
		return
	case err != nil:
		tell.Wrong("see --base-url, its name in DNS and what stands between", "%v", err)
		return
	case a.status >= http.StatusMultipleChoices && a.status < http.StatusBadRequest:
		tell.Wrong("set --base-url to the address that it ends at", "%s sends on to %s", e.base, a.header.Get("Location"))
		return
	case a.status == http.StatusServiceUnavailable:
		tell.Wrong("see the server's log", "the server is not ready: %s", a.text)
		return
	case a.status != http.StatusOK || a.text != "ok":
		tell.Wrong("see whether --base-url is this server's, and where the proxy sends /readyz", "%s/readyz answers %d, which is not what Haggle says", e.base, a.status)
		return
	}
	tell.OK("the server answers at %s, over %s", e.base, e.base.Scheme)
	if a.cert != nil && e.cfg.TLSCert == "" {
		tellCertificate(tell, e.base.Host, a.cert, "")
	}
	if date, err := http.ParseTime(a.header.Get("Date")); err == nil {
		tellClock(tell, e.base.Host, date, asked, took)
	}
	e.scheme(ctx, tell)
}

// scheme looks whether the server knows how browsers reach it: only then does it say
// that they are to come over TLS.
func (e *examiner) scheme(ctx context.Context, tell *doctor.Teller) {
	a, err := e.ask(ctx, "/chat", http.Header{})
	if err != nil {
		return // it was there a moment ago
	}
	if secure := a.header.Get("Strict-Transport-Security") != ""; secure != (e.base.Scheme == "https") {
		tell.Wrong("start the server with this --base-url, and look whether the proxy changes headers",
			"the server that answers at %s was told of another scheme", e.base)
	}
}

// proxy looks what stands between has made of the address that people come from: rates
// are counted by that.
func (e *examiner) proxy(ctx context.Context, tell *doctor.Teller) {
	key := e.apiKey()
	if e.base == nil || e.base.Port() == "0" || key == "" {
		return
	}
	a, err := e.ask(ctx, "/v1/server/caller", http.Header{"Authorization": {"Bearer " + key}, "X-Forwarded-For": {nobodys}})
	if err != nil {
		return // address says so
	}
	var caller rest.CallerAnswer
	switch {
	case a.status == http.StatusUnauthorized:
		tell.Warning("look with the API key that the server has, and see whether the proxy takes Authorization away", "the server at %s does not take the API key that is known here", e.base)
	case a.status != http.StatusOK || json.Unmarshal([]byte(a.text), &caller) != nil:
		tell.Warning("see where the proxy sends /v1/server/caller, and whether the server is of this version", "%s/v1/server/caller answers %d", e.base, a.status)
	default:
		tellCaller(tell, e.cfg.BehindProxy, &caller)
	}
}

// apiKey returns one that the server takes, "" where none is known.
func (e *examiner) apiKey() string {
	if len(e.cfg.APIKey) > 0 {
		return e.cfg.APIKey[0]
	}
	key, err := os.ReadFile(filepath.Join(e.cfg.Data, APIKeyFile))
	if err != nil {
		return "" // no server has made one; that it cannot be read is said by secrets
	}
	return strings.TrimSpace(string(key))
}

func tellCaller(tell *doctor.Teller, behind bool, caller *rest.CallerAnswer) {
	hops := strings.Split(strings.Join(caller.Forwarded, ","), ",")
	last := strings.TrimSpace(hops[len(hops)-1])
	const set = "have the proxy set X-Forwarded-For to the address that it is asked from, as in deploy/nginx.conf"
	switch {
	case !behind && last != nobodys:
		tell.Warning("start the server with --behind-proxy, and name the proxy with --trusted-proxies",
			"a proxy at %s stands before the server, which was not told: all people behind it share one allowance", caller.Peer)
	case !behind:
		tell.OK("nothing before the server speaks for others")
	case last == nobodys:
		tell.Wrong(set, "X-Forwarded-For arrives as whoever asks has written it: anybody can come from anywhere")
	case last == "":
		tell.Wrong(set, "the proxy at %s does not say whom it speaks for: all people behind it share one allowance", caller.Peer)
	case !caller.Believed:
		tell.Wrong("name it with --trusted-proxies", "the proxy at %s is not believed about whom it speaks for: all people behind it share one allowance", caller.Peer)
	default:
		tell.OK("the proxy at %s says whom it speaks for, and is believed", caller.Peer)
	}
}

// sockets looks whether a WebSocket gets through, without opening one: the server
// answers what is missing.
func (e *examiner) sockets(ctx context.Context, tell *doctor.Teller) {
	if e.base == nil || e.base.Port() == "0" {
		return
	}
	key := base64.StdEncoding.EncodeToString([]byte(rand.Text()[:16]))
	upgrade := func(origin string) http.Header {
		return http.Header{
			"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"}, "Sec-Websocket-Key": {key}, "Origin": {origin},
		}
	}
	a, err := e.ask(ctx, "/v1/ws", upgrade(e.base.Scheme+"://"+e.base.Host))
	switch {
	case err != nil:
		return // address says so
	case strings.Contains(a.text, "origin_not_allowed"):
		tell.Wrong("start the server with this --base-url, and have the proxy leave Origin as it is", "the server refuses pages of %s, its own", e.base)
		return
	case strings.Contains(a.text, "upgrade_required"):
		tell.Wrong("have the proxy pass Upgrade and Connection on, as in the README: without, pages go on by a slower way", "WebSockets do not get through at %s", e.base)
		return
	case !strings.Contains(a.text, "subprotocol_required"):
		tell.Wrong("see where the proxy sends /v1/ws", "%s/v1/ws answers %d, which is not what Haggle says", e.base, a.status)
		return
	}
	tell.OK("WebSockets get through")
	a, err = e.ask(ctx, "/v1/ws", upgrade("https://elsewhere.invalid"))
	if err == nil && !strings.Contains(a.text, "origin_not_allowed") {
		tell.Wrong("have the proxy leave Origin as it is", "pages of any origin may open a socket: one got %d", a.status)
	}
}
