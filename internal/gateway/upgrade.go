package gateway

import (
	"net/http"
	"strings"

	"haggle/internal/wire"
)

// upgrade turns a request into a session. What gws would refuse with a bare 400
// is refused here first, with an error that says why.
func (g *Gateway) upgrade(w http.ResponseWriter, r *http.Request) {
	select {
	case <-g.ready:
	case <-r.Context().Done():
		return
	}
	switch origin := r.Header.Get("Origin"); {
	case origin != "" && !g.opts.AllowOrigin(origin):
		g.refuse(w, r, http.StatusForbidden, "origin_not_allowed", "pages of this origin may not open a socket here")
		return
	case r.Method != http.MethodGet || !hasToken(r.Header, "Connection", "upgrade") || !hasToken(r.Header, "Upgrade", "websocket"),
		r.Header.Get("Sec-WebSocket-Version") != "13", r.Header.Get("Sec-WebSocket-Key") == "":
		w.Header().Set("Connection", "Upgrade")
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-WebSocket-Version", "13")
		g.refuse(w, r, http.StatusUpgradeRequired, "upgrade_required", "this address speaks WebSocket, version 13")
		return
	case !hasToken(r.Header, "Sec-WebSocket-Protocol", wire.Subprotocol):
		g.refuse(w, r, http.StatusBadRequest, "subprotocol_required", "offer the subprotocol "+wire.Subprotocol)
		return
	case g.closing():
		w.Header().Set("Retry-After", "5")
		g.refuse(w, r, http.StatusServiceUnavailable, byeShutdown, "the server restarts")
		return
	}
	sock := new(gwsSocket)
	conn, err := g.upgrader.Upgrade(&hijacker{ResponseWriter: w, conn: sock}, r)
	if err != nil {
		g.log.WarnContext(r.Context(), "upgrade", "err", err)
		return
	}
	s, ok := g.begin(sock)
	if !ok {
		sock.abort()
		return
	}
	sock.session = s
	// A goroutine of its own: this one has the request and its buffers on its back.
	go func() {
		defer s.gone()
		conn.ReadLoop()
	}()
}

func (g *Gateway) closing() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.draining
}

func (g *Gateway) refuse(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	id := w.Header().Get(requestIDHeader)
	if id == "" {
		id = newRequestID()
		w.Header().Set(requestIDHeader, id)
	}
	body, err := wire.Encode(map[string]wire.Error{"error": {Code: code, Message: message, RequestID: id}})
	if err != nil {
		g.log.ErrorContext(r.Context(), "encode refusal", "err", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(body) // a client that has left needs no answer
}

// hasToken reports whether a header holds token in one of its comma-separated
// lists.
func hasToken(h http.Header, name, token string) bool {
	for _, line := range h.Values(name) {
		for part := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.TrimSpace(part), token) {
				return true
			}
		}
	}
	return false
}
