package gatewayworker

import (
	"iter"
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"haggle/internal/compat/gatewayworker/phpvalue"
)

// requestOf returns the request that opened a socket as PHP's onWebSocketConnect gets it:
// what PHP calls $_GET, $_SERVER and $_COOKIE.
func requestOf(r *http.Request, peer netip.AddrPort, port uint16) []byte {
	host, _, err := net.SplitHostPort(r.Host)
	if err != nil {
		host = r.Host
	}
	server := new(phpvalue.Array)
	set := func(name string, value phpvalue.Value) { server.Set(phpvalue.KeyOf(name), value) }
	set("QUERY_STRING", r.URL.RawQuery)
	set("REQUEST_METHOD", r.Method)
	set("REQUEST_URI", r.RequestURI)
	set("SERVER_PROTOCOL", r.Proto)
	set("SERVER_NAME", host)
	set("CONTENT_TYPE", nil)
	if kind := r.Header.Get("Content-Type"); kind != "" {
		set("CONTENT_TYPE", kind)
	}
	set("REMOTE_ADDR", peer.Addr().String())
	set("REMOTE_PORT", int64(peer.Port()))
	set("SERVER_PORT", int64(port))
	set("HTTP_HOST", r.Host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		set("HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.Join(r.Header[name], ", "))
	}
	all := new(phpvalue.Array)
	all.Set(phpvalue.KeyOf("get"), parametersOf(strings.SplitSeq(r.URL.RawQuery, "&")))
	all.Set(phpvalue.KeyOf("server"), server)
	all.Set(phpvalue.KeyOf("cookie"), parametersOf(strings.SplitSeq(strings.Join(r.Header["Cookie"], ";"), ";")))
	return phpvalue.Append(nil, all)
}

// parametersOf is PHP's parse_str for name=value, with arrays of one dimension: the last of
// one name counts, name[]=… is a list.
func parametersOf(parts iter.Seq[string]) *phpvalue.Array {
	all := new(phpvalue.Array)
	for part := range parts {
		name, value, _ := strings.Cut(strings.TrimLeft(part, " "), "=")
		if name = decoded(name); name == "" {
			continue
		}
		value = decoded(value)
		base, index, inside := strings.Cut(name, "[")
		key := phpvalue.KeyOf(strings.NewReplacer(".", "_", " ", "_").Replace(base))
		if !inside || !strings.HasSuffix(index, "]") {
			all.Set(key, value)
			continue
		}
		list, ok := all.Get(key)
		a, isArray := list.(*phpvalue.Array)
		if !ok || !isArray {
			a = new(phpvalue.Array)
			all.Set(key, a)
		}
		if index = strings.TrimSuffix(index, "]"); index == "" {
			a.Set(phpvalue.Key{Int: int64(a.Len())}, value)
		} else {
			a.Set(phpvalue.KeyOf(index), value)
		}
	}
	return all
}

// decoded is s without its percents, or as it is where they mean nothing.
func decoded(s string) string {
	if text, err := url.QueryUnescape(s); err == nil {
		return text
	}
	return s
}
