package compat

import (
	"net/http"
	"net/url"
	"strings"
)

// The actions, as they are once their letter case is gone.
const (
	actionBind     = "binduserclientid"
	actionToShop   = "sendmessagetomerchant"
	actionToBuyer  = "sendmessagetouser"
	actionUpload   = "uploadimgage" // sic
	actionChat     = "chat"
	controllerPath = "/push/push/"
	entryPath      = "/index.php"
)

// Matches reports whether a request is for the old chat's controller, in any of the
// forms that ThinkPHP takes: /push/push/Action, /push/push/Action.html,
// /push/push/Action/name/value.html, each of them behind /index.php too or in its
// parameter s, and all of it in any letter case.
func Matches(r *http.Request) bool {
	_, _, ok := parseRoute(r.URL)
	return ok
}

// parseRoute returns the action and the parameters that are part of the path.
func parseRoute(u *url.URL) (action string, params url.Values, ok bool) {
	path := u.Path
	if len(path) >= len(entryPath) && strings.EqualFold(path[:len(entryPath)], entryPath) {
		path = path[len(entryPath):]
		if path == "" || path == "/" {
			path = u.Query().Get("s")
		}
	}
	if !strings.HasPrefix(path, "/") {
		path = "/" + path
	}
	if len(path) < len(controllerPath) || !strings.EqualFold(path[:len(controllerPath)], controllerPath) {
		return "", nil, false
	}
	rest := path[len(controllerPath):]
	if end := len(rest) - len(".html"); end >= 0 && strings.EqualFold(rest[end:], ".html") {
		rest = rest[:end]
	}
	parts := strings.Split(strings.Trim(rest, "/"), "/")
	params = make(url.Values)
	for i := 1; i+1 < len(parts); i += 2 {
		params.Set(parts[i], parts[i+1])
	}
	// bind_user_client_id is what ThinkPHP makes of BindUserClientId in addresses.
	return strings.ToLower(strings.ReplaceAll(parts[0], "_", "")), params, true
}
