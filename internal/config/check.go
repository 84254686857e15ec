package config

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // --compat-timezone names a zone that the machine may not know

	"haggle/internal/auth"
	"haggle/internal/chat"
)

// Off is the address of a listener that there is not.
const Off = "off"

// Check says what is wrong with the settings, all of it, in sentences that name
// the setting and what is allowed.
func (c *Config) Check() error {
	return errors.Join(c.CheckStore(), c.checkNodes(c.Store), c.checkListening(), c.checkTrust(), c.checkCompat(), c.checkGateway(), c.checkWeChat(), c.CheckWebhook(), c.checkBranding(), c.CheckBlobs(), c.checkRedirect(), c.checkLimits())
}

// CheckDemo is Check for the demo, which never leaves this machine: whoever
// reaches it may be anybody.
func (c *Config) CheckDemo() error {
	switch {
	case c.Compat && !Loopback(c.CompatListen):
		return fmt.Errorf("the demo listens on this machine only: --compat-listen is %q, use one like 127.0.0.1:8282", c.CompatListen)
	case c.GatewayInClear():
		return errors.New("the demo listens on this machine only: --compat-gateway and --compat-gateway-inner take addresses like 127.0.0.1:1238")
	case !Loopback(c.Listen):
		return fmt.Errorf("the demo lets everybody be anybody, so it listens on this machine only: --listen is %q, use one like 127.0.0.1:8080; \"haggle serve\" is for the network", c.Listen)
	case c.TLSCert != "" || c.TLSKey != "" || c.BehindProxy:
		return errors.New("the demo stays on this machine: it takes neither --tls-cert and --tls-key nor --behind-proxy; use \"haggle serve\"")
	case c.HasBus():
		return errors.New("the demo is one server: it takes no --bus")
	case c.Store != "":
		return errors.New("the demo keeps what it sells in a database of its own: it takes no --store")
	case c.HasBucket():
		return errors.New("the demo keeps its pictures in a directory of its own: it takes no --blobs")
	case len(c.TokenPublicKeys) > 0 || c.JWKSURL != "":
		return errors.New("the demo is a marketplace of its own and signs with a secret: it takes neither --token-public-keys nor --jwks-url")
	}
	return c.Check()
}

// CheckStore says what is wrong with the address of the database, without repeating
// it: there is a password in it.
func (c *Common) CheckStore() error {
	scheme, _, ok := strings.Cut(c.Store, "://")
	if c.Store == "" || ok && (scheme == "postgres" || scheme == "postgresql" || scheme == "mysql") {
		return nil
	}
	return errors.New("--store is the address of a PostgreSQL, MySQL or MariaDB database, like " +
		"postgres://haggle:PASSWORD@db.internal/haggle or mysql://haggle:PASSWORD@db.internal/haggle")
}

func (c *Config) checkListening() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if err := checkAddr(c.Listen); err != nil {
		add("--listen: %w", err)
	}
	if c.AdminListen != Off {
		if err := checkAddr(c.AdminListen); err != nil {
			add("--admin-listen: %w, or \"off\"", err)
		}
	}
	switch {
	case (c.TLSCert == "") != (c.TLSKey == ""):
		add("--tls-cert and --tls-key go together: give both or neither")
	case c.TLSCert != "" && c.BehindProxy:
		add("--behind-proxy says that a proxy terminates TLS, --tls-cert that the server does: give one of them")
	case len(errs) == 0 && !Loopback(c.Listen) && c.TLSCert == "" && !c.BehindProxy:
		add("--listen %s would take tokens and messages over the network in the clear: "+
			"give --tls-cert and --tls-key, or --behind-proxy if a reverse proxy terminates TLS, or listen on 127.0.0.1", c.Listen)
	}
	if c.BaseURL != "" {
		if _, err := parseBase(c.BaseURL); err != nil {
			add("--base-url: %w", err)
		}
	} else if len(errs) == 0 && (c.BehindProxy || wildcard(c.Listen)) {
		add("--base-url is needed, the address under which browsers reach the server, like https://chat.example.com: --listen %s does not say it", c.Listen)
	}
	return errors.Join(errs...)
}

func (c *Config) checkCompat() error {
	if !c.Compat {
		return nil
	}
	var errs []error
	if err := checkAddr(c.CompatListen); err != nil {
		errs = append(errs, fmt.Errorf("--compat-listen: %w", err))
	} else if !Loopback(c.CompatListen) && c.TLSCert == "" && !c.BehindProxy {
		errs = append(errs, fmt.Errorf("--compat-listen %s would take cookies and messages over the network in the clear: "+
			"give --tls-cert and --tls-key, or --behind-proxy if a reverse proxy terminates TLS, or listen on 127.0.0.1", c.CompatListen))
	}
	if _, err := c.Location(); err != nil {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

func (w *WeChat) checkWeChat() error {
	var errs []error
	if (w.WeChatAppID == "") != (len(w.WeChatSecret) == 0) {
		errs = append(errs, errors.New("--wechat-app-id and --wechat-secret go together: give both or neither"))
	}
	if len(w.WeChatSecret) > 1 {
		errs = append(errs, errors.New("--wechat-secret: an official account has one secret; a blank in it begins another one"))
	}
	for name, address := range map[string]string{"wechat-api": w.WeChatAPI, "wechat-js": w.WeChatJS} {
		u, err := url.Parse(address)
		if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) {
			errs = append(errs, fmt.Errorf("--%s: %q is not an https:// address", name, address))
		}
	}
	return errors.Join(errs...)
}

// Location returns the time zone of the PHP chat's pages.
func (c *PHPChat) Location() (*time.Location, error) {
	zone, err := time.LoadLocation(c.CompatTimezone)
	if err != nil || c.CompatTimezone == "" {
		return nil, fmt.Errorf("--compat-timezone: %q is no time zone, write one like Asia/Shanghai", c.CompatTimezone)
	}
	return zone, nil
}

func (c *Config) checkTrust() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for _, o := range c.Origins {
		if _, err := parseOrigin(o); err != nil {
			add("--origins: %w", err)
		}
	}
	for _, o := range c.FrameAncestors {
		if _, err := parseAncestor(o); err != nil {
			add("--frame-ancestors: %w", err)
		}
	}
	if _, err := c.Keys(); err != nil {
		errs = append(errs, err)
	}
	if _, err := auth.NewAPIKeys(c.APIKey...); err != nil {
		add("--api-key: %w", err)
	}
	if c.JWKSURL != "" {
		u, err := url.Parse(c.JWKSURL)
		if err != nil || u.Host == "" || u.Scheme != "https" && (u.Scheme != "http" || !loopbackHost(u.Hostname())) {
			add("--jwks-url: %q is not an https:// address", c.JWKSURL)
		}
	}
	return errors.Join(errs...)
}

func (c *Config) checkLimits() error {
	var errs []error
	atLeast := func(name string, got, least, most int64) {
		if got < least || got > most {
			errs = append(errs, fmt.Errorf("--%s is %d, allowed is %d to %d", name, got, least, most))
		}
	}
	def := chat.DefaultLimits()
	// A message in JSON takes up to 12 bytes a character, beside what is around it.
	atLeast("limit-text", int64(c.LimitText), 1, int64(def.FrameBytes-8192)/12)
	atLeast("limit-blocks", int64(c.LimitBlocks), 1, 100)
	atLeast("limit-images", int64(c.LimitImages), 0, int64(c.LimitBlocks))
	atLeast("limit-upload", int64(c.LimitUpload), 1<<10, 1<<30)
	atLeast("limit-pixels", c.LimitPixels, 1, c.LimitDecoding)
	atLeast("limit-decoding", c.LimitDecoding, 1, 10_000_000_000)
	atLeast("limit-sockets", int64(c.LimitSockets), 1, 1_000_000)
	for _, action := range slices.Sorted(maps.Keys(c.Rates)) {
		if _, known := def.Rates[action]; !known {
			errs = append(errs, fmt.Errorf("--rates: no action is called %q, there are %s", action, strings.Join(actions(&def), ", ")))
		}
	}
	// There may be a hundred thousand sessions, and each keeps one number for it.
	if len(c.Rates[chat.ActionRequest]) > 1 {
		errs = append(errs, fmt.Errorf("--rates: %s takes one rate, which each session keeps to by itself", chat.ActionRequest))
	}
	switch {
	case c.RecallWithin < 0:
		errs = append(errs, fmt.Errorf("--recall-within is %v, allowed is 0 or more", c.RecallWithin))
	case c.KeepUnattached <= 0:
		errs = append(errs, fmt.Errorf("--keep-unattached is %v, allowed is more than 0", c.KeepUnattached))
	case !(c.RateFactor >= 0) || c.RateFactor > 1e9: // NaN too
		errs = append(errs, fmt.Errorf("--rate-factor is %v, allowed is 0 to 1e9", c.RateFactor))
	}
	return errors.Join(errs...)
}

// Base returns the address under which browsers reach the server, given the
// address that it listens on.
func (c *Config) Base(addr net.Addr) (*url.URL, error) {
	if c.BaseURL != "" {
		return parseBase(c.BaseURL)
	}
	scheme := "http"
	if c.TLSCert != "" {
		scheme = "https"
	}
	host, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, fmt.Errorf("listening address: %w", err)
	}
	if tcp, ok := addr.(*net.TCPAddr); ok {
		port = strconv.Itoa(tcp.Port)
	}
	return &url.URL{Scheme: scheme, Host: net.JoinHostPort(host, port)}, nil
}

// AllowedOrigins returns the origins of the shop and of base.
func (c *Config) AllowedOrigins(base *url.URL) []string {
	origins := []string{originOf(base)}
	for _, o := range c.Origins {
		if parsed, err := parseOrigin(o); err == nil && !slices.Contains(origins, parsed) {
			origins = append(origins, parsed)
		}
	}
	return origins
}

// Ancestors returns the sources of the directive frame-ancestors.
func (c *Config) Ancestors() []string {
	var sources []string
	for _, o := range c.FrameAncestors {
		if parsed, err := parseAncestor(o); err == nil {
			sources = append(sources, parsed)
		}
	}
	return sources
}

// Proxies returns the networks whose X-Forwarded-For is believed.
func (c *Config) Proxies() []netip.Prefix {
	if len(c.TrustedProxy) == 0 && c.BehindProxy {
		return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	}
	networks := make([]netip.Prefix, 0, len(c.TrustedProxy))
	for _, n := range c.TrustedProxy {
		networks = append(networks, n.Prefix)
	}
	return networks
}

func checkAddr(addr string) error {
	_, port, err := net.SplitHostPort(addr)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return fmt.Errorf("%q is no address, write HOST:PORT like 127.0.0.1:8080", addr)
	}
	return nil
}

// Loopback reports whether what listens on addr is certain to be reached from
// this machine only.
func Loopback(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	return err == nil && loopbackHost(host)
}

func loopbackHost(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.Unmap().IsLoopback()
}

func wildcard(addr string) bool {
	host, _, err := net.SplitHostPort(addr)
	ip, ipErr := netip.ParseAddr(host)
	return err == nil && (host == "" || ipErr == nil && ip.IsUnspecified())
}
