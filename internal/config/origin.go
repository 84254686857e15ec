package config

import (
	"fmt"
	"net"
	"net/url"
	"strings"
)

// parseOrigin returns s as browsers write it in the header Origin.
func parseOrigin(s string) (string, error) {
	u, err := url.Parse(s)
	if err != nil || !isHTTP(u) || u.Host == "" || strings.Trim(u.Path, "/") != "" || hasMore(u) || !plainHost(u.Host) {
		return "", fmt.Errorf("%q is no origin, write scheme and host like https://shop.example.com", s)
	}
	return originOf(u), nil
}

// parseAncestor is parseOrigin for what may also name all hosts below one.
func parseAncestor(s string) (string, error) {
	scheme, host, ok := strings.Cut(s, "://*.")
	if !ok {
		return parseOrigin(s)
	}
	o, err := parseOrigin(scheme + "://" + host)
	if err != nil {
		return "", fmt.Errorf("%q is no origin, write one like https://shop.example.com or https://*.example.com", s)
	}
	return strings.Replace(o, "://", "://*.", 1), nil
}

// parseBase returns the base URL. Pages and cookies live at the root of a host,
// so it has no path.
func parseBase(s string) (*url.URL, error) {
	o, err := parseOrigin(s)
	if err != nil {
		return nil, fmt.Errorf("%q is no base URL, write scheme and host like https://chat.example.com, without a path", s)
	}
	return url.Parse(o)
}

func originOf(u *url.URL) string {
	host := strings.ToLower(u.Host)
	if h, port, err := net.SplitHostPort(host); err == nil && (u.Scheme == "https" && port == "443" || u.Scheme == "http" && port == "80") {
		if host = h; strings.Contains(h, ":") {
			host = "[" + h + "]"
		}
	}
	return u.Scheme + "://" + host
}

func isHTTP(u *url.URL) bool { return u.Scheme == "http" || u.Scheme == "https" }

func hasMore(u *url.URL) bool {
	return u.User != nil || u.RawQuery != "" || u.Fragment != "" || u.Opaque != ""
}

// plainHost keeps out what would mean something else where origins are listed.
func plainHost(host string) bool {
	return strings.Trim(strings.ToLower(host), "abcdefghijklmnopqrstuvwxyz0123456789.-_:[]") == ""
}
