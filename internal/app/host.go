package app

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// onlyHosts refuses requests that came here under a name that is not ours. A
// foreign page can give its own name the address of this machine, after which a
// browser takes what is served here for the page's own (DNS rebinding); the name
// in the request is what gives it away. A request without any comes from no
// browser.
func onlyHosts(ours func(host string) bool, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if host := hostName(r.Host); host != "" && !ours(host) {
			writeStatus(w, http.StatusMisdirectedRequest,
				"this server does not go by that name: use its address, or localhost on the same machine")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// hostName returns the host of a Host header or an address: no port, no
// brackets, lower case.
func hostName(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

// adminHosts are the names of the operator's listener: addresses, which nobody
// can point elsewhere, this machine's own name, and the one it was told to
// listen on.
func adminHosts(listen string) func(host string) bool {
	own := hostName(listen)
	return func(host string) bool {
		_, err := netip.ParseAddr(host)
		return err == nil || host == "localhost" || host == own
	}
}

// demoHosts are the names of the demo: those of a machine for itself, and that of
// its base URL.
func demoHosts(base string) func(host string) bool {
	own := hostName(base)
	return func(host string) bool {
		ip, err := netip.ParseAddr(host)
		return err == nil && ip.Unmap().IsLoopback() || host == "localhost" || host == own
	}
}
