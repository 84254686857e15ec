package app

import (
	"fmt"
	"path/filepath"
	"strings"

	"haggle/internal/config"
)

// announce tells the person at the terminal what there is now, and what is not
// as safe as it could be.
func (a *app) announce() {
	var b strings.Builder
	line := func(name, format string, args ...any) {
		fmt.Fprintf(&b, "  %-9s %s\n", name, fmt.Sprintf(format, args...))
	}
	if a.shop != nil {
		fmt.Fprintf(&b, "\nThe demo marketplace is open: %s\n\n", a.base)
	} else {
		fmt.Fprintf(&b, "\nHaggle %s serves %s\n\n", a.opts.Version, a.base)
		line("buyers", "%s/chat?product=ID", a.base)
	}
	line("sellers", "%s/console", a.base)
	if a.compat != nil {
		line("PHP chat", "%s/push/push/…, its socket on %s", a.base, a.cfg.CompatListen)
	}
	if a.gate != nil {
		line("PHP", "Gateway::$registerAddress = '%s', packets to %s", a.phpRegister.Addr(), a.gate.Address())
	}
	line("API", "%s/docs", a.base)
	if len(a.cfg.APIKey) == 0 {
		line("API key", "in %s", filepath.Join(a.cfg.Data, APIKeyFile))
	}
	if !a.cfg.HasKeys() {
		line("secret", "in %s (the shop signs its tokens with it)", filepath.Join(a.cfg.Data, TokenSecretFile))
	}
	if a.webhook != nil && len(a.cfg.WebhookSecret) == 0 {
		line("webhook", "its secret is in %s (the shop verifies what it is told with it)", filepath.Join(a.cfg.Data, WebhookSecretFile))
	}
	line("data", "%s", a.cfg.Data)
	if a.cfg.HasBus() {
		line("bus", "%s, subjects %s.…", strings.Join(a.cfg.BusHosts(), ", "), a.cfg.BusPrefix)
	}
	if a.cfg.HasBucket() {
		line("pictures", "%s", a.cfg.Blobs.Blobs)
	}
	if a.admin != nil {
		line("metrics", "http://%s/metrics", a.admin)
	}
	b.WriteByte('\n')
	for _, w := range a.warnings() {
		fmt.Fprintf(&b, "  Note: %s\n", w)
	}
	_, _ = fmt.Fprintln(a.opts.Out, b.String()) // a closed terminal is no reason not to serve
}

// warnings are what an operator may want to do something about.
func (a *app) warnings() []string {
	var w []string
	if a.shop != nil {
		w = append(w, "everybody who reaches this machine's address can be anybody: this is a demo.")
	} else if a.base.Scheme == "http" {
		w = append(w, "no TLS. Fine on this machine; before others come in, see --tls-cert and --behind-proxy.")
	}
	if a.cfg.RateFactor != 1 {
		w = append(w, fmt.Sprintf("rate limits are multiplied by %g (--rate-factor; 0 means that there are none).", a.cfg.RateFactor))
	}
	if a.admin != nil && !config.Loopback(a.admin.String()) {
		w = append(w, "metrics and profiles can be read by everybody who reaches "+a.admin.String()+" (--admin-listen).")
	}
	if openTo(a.cfg.Data) {
		w = append(w, "others on this machine can look into "+a.cfg.Data+", if not into its files: chmod 700 closes it.")
	}
	if a.cfg.BehindProxy && len(a.cfg.TrustedProxy) == 0 {
		w = append(w, "only a proxy on this machine is believed about whom it speaks for (--trusted-proxies).")
	}
	if a.cfg.GatewayInClear() {
		w = append(w, "the shop's PHP sends its secretKey and what it pushes in the clear (--compat-gateway): let nobody else into that network.")
	}
	return append(w, a.nodeWarnings()...)
}
