package gatewayworker

import (
	"maps"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
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
	set := func(name, value string) { server.Set(phpvalue.KeyOf(name), value) }
	set("QUERY_STRING", r.URL.RawQuery)
	set("REQUEST_METHOD", r.Method)
	set("REQUEST_URI", r.RequestURI)
	set("SERVER_PROTOCOL", r.Proto)
	set("SERVER_NAME", host)
	set("CONTENT_TYPE", r.Header.Get("Content-Type"))
	set("REMOTE_ADDR", peer.Addr().String())
	set("REMOTE_PORT", strconv.Itoa(int(peer.Port())))
	set("SERVER_PORT", strconv.Itoa(int(port)))
	set("HTTP_HOST", r.Host)
	for _, name := range slices.Sorted(maps.Keys(r.Header)) {
		set("HTTP_"+strings.ToUpper(strings.ReplaceAll(name, "-", "_")), strings.Join(r.Header[name], ", "))
	}
	cookie := new(phpvalue.Array)
	for _, c := range r.Cookies() {
		value, err := url.QueryUnescape(c.Value)
		if err != nil {
			value = c.Value
		}
		cookie.Set(phpvalue.KeyOf(c.Name), value)
	}
	all := new(phpvalue.Array)
	all.Set(phpvalue.KeyOf("get"), queryOf(r.URL.RawQuery))
	all.Set(phpvalue.KeyOf("server"), server)
	all.Set(phpvalue.KeyOf("cookie"), cookie)
	return phpvalue.Append(nil, all)
}

// queryOf is PHP's parse_str, with arrays of one dimension: the last of one name counts,
// name[]=… is a list.
func queryOf(query string) *phpvalue.Array {
	get := new(phpvalue.Array)
	for part := range strings.SplitSeq(query, "&") {
		name, value, _ := strings.Cut(part, "=")
		name, err := url.QueryUnescape(name)
		if err != nil || name == "" {
			continue
		}
		if value, err = url.QueryUnescape(value); err != nil {
			continue
		}
		base, index, inside := strings.Cut(name, "[")
		key := phpvalue.KeyOf(strings.NewReplacer(".", "_", " ", "_").Replace(base))
		if !inside || !strings.HasSuffix(index, "]") {
			get.Set(key, value)
			continue
		}
		list, ok := get.Get(key)
		a, isArray := list.(*phpvalue.Array)
		if !ok || !isArray {
			a = new(phpvalue.Array)
			get.Set(key, a)
		}
		if index = strings.TrimSuffix(index, "]"); index == "" {
			a.Set(phpvalue.Key{Int: int64(a.Len())}, value)
		} else {
			a.Set(phpvalue.KeyOf(index), value)
		}
	}
	return get
}
