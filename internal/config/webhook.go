package config

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"time"

	"haggle/internal/chat"
)

const (
	minWebhookSecret = 24
	maxUnreadAfter   = 7 * 24 * time.Hour
)

// HasWebhook reports whether the shop is told anything.
func (w *Webhook) HasWebhook() bool { return w.WebhookURL != "" }

// RemindAfter returns, by side, how long a message waits for it to read before the
// shop is told; 0: for ever.
func (w *Webhook) RemindAfter() (after [2]time.Duration) {
	if !w.HasWebhook() {
		return after
	}
	for name, side := range map[string]chat.Side{"buyer": chat.BuyerSide, "merchant": chat.MerchantSide} {
		if slices.Contains(w.WebhookUnreadBy, name) {
			after[side] = w.WebhookUnreadAfter
		}
	}
	return after
}

// Allowed returns what the webhook may reach beyond the open internet.
func (w *Webhook) Allowed() (networks []netip.Prefix, hosts []string) {
	for _, one := range w.WebhookAllow {
		var n Network
		if n.UnmarshalText([]byte(one)) == nil {
			networks = append(networks, n.Prefix)
		} else {
			hosts = append(hosts, one)
		}
	}
	return networks, hosts
}

// CheckWebhook says what is wrong with these settings.
func (w *Webhook) CheckWebhook() error {
	var errs []error
	add := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	if w.HasWebhook() {
		errs = append(errs, w.checkWebhookURL())
	}
	for _, secret := range w.WebhookSecret {
		if len(secret) < minWebhookSecret {
			add("--webhook-secret has %d characters, it needs at least %d; a blank in a secret begins another one", len(secret), minWebhookSecret)
		}
	}
	if len(w.WebhookSecret) > 2 {
		add("--webhook-secret: there are %d, allowed are two, while it changes; a blank in a secret begins another one", len(w.WebhookSecret))
	}
	if w.WebhookUnreadAfter < time.Second || w.WebhookUnreadAfter > maxUnreadAfter {
		add("--webhook-unread-after is %v, allowed is 1s to %v", w.WebhookUnreadAfter, maxUnreadAfter)
	}
	for _, side := range w.WebhookUnreadBy {
		if side != "buyer" && side != "merchant" {
			add("--webhook-unread-by: %q is neither buyer nor merchant", side)
		}
	}
	for _, one := range w.WebhookAllow {
		if strings.ContainsAny(one, "/: ") && (&Network{}).UnmarshalText([]byte(one)) != nil {
			add("--webhook-allow: %q is neither a network like 10.0.0.0/8, nor an address, nor a host name", one)
		}
	}
	return errors.Join(errs...)
}

func (w *Webhook) checkWebhookURL() error {
	u, err := url.Parse(w.WebhookURL)
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "https" && u.Scheme != "http" || u.Fragment != "" || u.User != nil:
		return errors.New("--webhook-url is no address like https://shop.example.com/haggle (without a user or a #)")
	case u.Scheme == "http" && !w.allows(u.Hostname()):
		return fmt.Errorf("--webhook-url would take messages over the network in the clear: use https://, or name %s in --webhook-allow", u.Hostname())
	}
	return nil
}

// allows reports whether the host of an address is allowed by that name.
func (w *Webhook) allows(host string) bool {
	networks, hosts := w.Allowed()
	if slices.ContainsFunc(hosts, func(h string) bool { return strings.EqualFold(h, host) }) {
		return true
	}
	addr, err := netip.ParseAddr(host)
	return err == nil && slices.ContainsFunc(networks, func(p netip.Prefix) bool { return p.Contains(addr.Unmap()) })
}
