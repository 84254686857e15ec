package testkit

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"time"

	"haggle/internal/wire"
)

// WS is a WebSocket client that does what it is told, also what no client
// should. One goroutine may write and another read.
type WS struct {
	Conn net.Conn

	r *bufio.Reader
}

// ErrClosed is returned by Read once the server has sent a close frame.
var ErrClosed = errors.New("closed by the server")

// DialWS opens a WebSocket at an http URL. The header's values replace those that
// a client of this protocol sends; an empty one takes its field away. When the
// server answers with anything but 101, WS is nil.
func DialWS(addr string, header http.Header) (*WS, Answer, error) {
	var a Answer
	u, err := url.Parse(addr)
	if err != nil {
		return nil, a, err
	}
	conn, err := net.DialTimeout("tcp", u.Host, 5*time.Second) //nolint:noctx // it has its own time limit
	if err != nil {
		return nil, a, err
	}
	req := &http.Request{Method: http.MethodGet, URL: u, Host: u.Host, Header: http.Header{
		"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Version": {"13"},
		"Sec-Websocket-Key": {"dGhlIHNhbXBsZSBub25jZQ=="}, "Sec-Websocket-Protocol": {wire.Subprotocol},
	}}
	for name, values := range header {
		req.Header[name] = values
		if len(values) == 1 && values[0] == "" {
			delete(req.Header, name)
		}
	}
	if err := req.Write(conn); err != nil {
		return nil, a, errors.Join(err, conn.Close())
	}
	r := bufio.NewReaderSize(conn, 512)
	resp, err := http.ReadResponse(r, req)
	if err != nil {
		return nil, a, errors.Join(err, conn.Close())
	}
	a.Status, a.Header = resp.StatusCode, resp.Header
	if a.Status == http.StatusSwitchingProtocols {
		return &WS{Conn: conn, r: r}, a, nil
	}
	a.Body, err = io.ReadAll(resp.Body)
	return nil, a, errors.Join(err, resp.Body.Close(), conn.Close())
}

// Answer is how a server answers the request for a WebSocket.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte // unless Status is 101
}

// The opcodes of RFC 6455.
const (
	OpContinuation = 0
	OpText         = 1
	OpBinary       = 2
	OpClose        = 8
	OpPing         = 9
	OpPong         = 10
)

// Send writes one text frame.
func (w *WS) Send(text string) error { return w.Write(OpText, true, []byte(text)) }

// Write writes one frame. The mask is zero, which leaves the payload as it is.
func (w *WS) Write(op byte, fin bool, payload []byte) error {
	head := []byte{op, 0x80}
	if fin {
		head[0] |= 0x80
	}
	switch n := len(payload); {
	case n < 126:
		head[1] |= byte(n)
	case n < 1<<16:
		head[1] |= 126
		head = binary.BigEndian.AppendUint16(head, uint16(n))
	default:
		head[1] |= 127
		head = binary.BigEndian.AppendUint64(head, uint64(n))
	}
	head = append(head, 0, 0, 0, 0)
	_, err := w.Conn.Write(append(head, payload...))
	return err
}

// Read returns the next frame. After a close frame, whose payload it returns, the
// error is ErrClosed.
func (w *WS) Read() (op byte, payload []byte, err error) {
	op, payload, err = ReadFrame(w.r)
	if err == nil && op == OpClose {
		err = ErrClosed
	}
	return op, payload, err
}

// ReadFrame reads one frame of a server's.
func ReadFrame(r io.Reader) (op byte, payload []byte, err error) {
	var head [10]byte
	if _, err := io.ReadFull(r, head[:2]); err != nil {
		return 0, nil, err
	}
	n := uint64(head[1] & 0x7f)
	switch n {
	case 126:
		_, err = io.ReadFull(r, head[2:4])
		n = uint64(binary.BigEndian.Uint16(head[2:4]))
	case 127:
		_, err = io.ReadFull(r, head[2:10])
		n = binary.BigEndian.Uint64(head[2:10])
	}
	if err != nil {
		return 0, nil, err
	}
	if head[0]&0x80 == 0 || head[1]&0x80 != 0 || n > 1<<24 {
		return 0, nil, fmt.Errorf("not a frame of a server: % x", head)
	}
	payload = make([]byte, n)
	_, err = io.ReadFull(r, payload)
	return head[0] & 0x0f, payload, err
}
