package gateway

import (
	"crypto/sha1" //nolint:gosec // RFC 6455 will have it so
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// acceptGUID is what a server appends to a client's key (RFC 6455, section 1.3).
const acceptGUID = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

// upgrade turns a request into a session, or refuses it with an error that says
// why.
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
		g.refuseRestart(w, r)
		return
	}
	if err := g.svc.AllowKey(chat.ActionConnect, g.opts.Address(r)); err != nil {
		e := chat.AsError(err)
		w.Header().Set("Retry-After", strconv.Itoa(int(e.RetryAfter.Seconds())+1))
		g.refuse(w, r, http.StatusTooManyRequests, e.Code, e.Msg)
		return
	}
	conn, err := g.accept(w, r)
	if err != nil {
		g.log.WarnContext(r.Context(), "upgrade", "err", err)
		return
	}
	sock := &netSocket{Conn: conn}
	s, ok := g.begin(sock)
	if !ok {
		_ = conn.Close() // it was never used
		return
	}
	sock.session = s
	sock.drainer = sock.drain
	go sock.read() // not here: this goroutine has the request and its buffers on its back
}

// accept answers a request that is in order and takes its connection over. The
// controller finds the server's own through the writers that middleware has
// wrapped around it.
func (g *Gateway) accept(w http.ResponseWriter, r *http.Request) (net.Conn, error) {
	conn, rw, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return nil, fmt.Errorf("take the connection over: %w", err)
	}
	if rw.Reader.Buffered() > 0 {
		return nil, errors.Join(errors.New("the client did not wait for the answer"), conn.Close())
	}
	sum := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + acceptGUID)) //nolint:gosec // RFC 6455 will have it so
	answer := "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
		"Sec-WebSocket-Accept: " + base64.StdEncoding.EncodeToString(sum[:]) + "\r\n" +
		"Sec-WebSocket-Protocol: " + wire.Subprotocol + "\r\n\r\n"
	err = conn.SetWriteDeadline(g.now().Add(writeWithin))
	if err == nil {
		_, err = io.WriteString(conn, answer)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("answer: %w", err), conn.Close())
	}
	return conn, nil
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
