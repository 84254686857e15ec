package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// A network may deliver a frame in any pieces, and several at once.
func TestRead_byteByByte(t *testing.T) {
	n := newNode(t, nodeOptions{}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	var data []byte
	for id := 2; id < 6; id++ {
		data = append(data, clientFrame(0x81, [4]byte{1, 2, 3, byte(id)}, fmt.Sprintf(`{"id":%d,"heartbeat":{}}`, id))...)
	}
	half := len(data) / 2
	for i := range half {
		if _, err := c.ws().Conn.Write(data[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := c.ws().Conn.Write(data[half:]); err != nil {
		t.Fatal(err)
	}
	for id := int64(2); id < 6; id++ {
		if f := c.hear(); f.ID != id || f.Heartbeat == nil {
			t.Errorf("answer %+v, want a heartbeat with id %d", f, id)
		}
	}
}

// With TLS nobody but the TLS connection knows what there is to read.
func TestRead_tls(t *testing.T) {
	n := newNode(t, nodeOptions{})
	server := httptest.NewTLSServer(n.handler())
	t.Cleanup(server.Close)
	transport, ok := server.Client().Transport.(*http.Transport)
	if !ok {
		t.Fatal("the test server's client has no transport of its own")
	}
	roots := transport.TLSClientConfig.RootCAs
	dialer := tls.Dialer{Config: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}}
	conn, err := dialer.DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	request := "GET /v1/ws HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: haggle.v1\r\n\r\n"
	if _, err := io.WriteString(conn, request); err != nil {
		t.Fatal(err)
	}
	r := bufio.NewReader(conn)
	resp, err := http.ReadResponse(r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols || resp.Header.Get("Sec-WebSocket-Accept") != "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" {
		t.Fatalf("answer %+v, %v", resp, err)
	}
	_ = resp.Body.Close()
	for _, step := range []struct{ say, hear string }{
		{`{"id":1,"hello":{"token":"U_1"}}`, `"welcome"`},
		{`{"id":2,"send":{"product":"1001","nonce":"n","blocks":[{"type":"text","text":"` + strings.Repeat("x", 3000) + `"}]}}`, `"ack"`},
	} {
		if _, err := conn.Write(clientFrame(0x81, [4]byte{1, 2, 3, 4}, step.say)); err != nil {
			t.Fatal(err)
		}
		for heard := ""; !strings.Contains(heard, step.hear); {
			_, data, err := testkit.ReadFrame(r)
			if err != nil {
				t.Fatalf("%v, want %s", err, step.hear)
			}
			heard = string(data)
		}
	}
	if _, err := conn.Write(clientFrame(0x88, [4]byte{}, "\x03\xe8")); err != nil {
		t.Fatal(err)
	}
	for err == nil {
		_, _, err = testkit.ReadFrame(r)
	}
	if !errors.Is(err, io.EOF) {
		t.Errorf("after close: %v, want EOF", err)
	}
}

// A client that is gone when its answer comes ends its session from within the
// frame that is being carried out, and takes nobody with it.
func TestRead_goneBeforeTheAnswer(t *testing.T) {
	storing, left := make(chan struct{}), make(chan struct{})
	n := newNode(t, nodeOptions{store: func(s chat.Store) chat.Store {
		return &testkit.FlakyStore{Store: s, BeforeAppend: func(context.Context) error {
			close(storing)
			<-left
			return nil
		}}
	}}).listen(t)
	c, _ := n.enter(t, "U_1", nil)
	c.say(wire.ClientFrame{ID: 2, Send: draft("n", "hi")})
	for id := int64(3); id < 20; id++ {
		c.say(wire.ClientFrame{ID: id, Heartbeat: &wire.Heartbeat{}})
	}
	<-storing
	if conn, ok := c.ws().Conn.(*net.TCPConn); !ok || conn.SetLinger(0) != nil {
		t.Fatal("cannot reset the connection")
	}
	if err := c.ws().Conn.Close(); err != nil { // with a reset: the answer cannot be written
		t.Fatal(err)
	}
	close(left)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := n.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v: the session has not ended", err)
	}
}

// The workers are as many as have work to do, and leave with the gateway.
func TestWorkers(t *testing.T) {
	ws := workers{next: make(chan work)}
	const count = 2 * maxSpare
	started, release := make(chan struct{}), make(chan struct{})
	for range count {
		ws.do(func(buf []byte) {
			if len(buf) != readBytes {
				t.Errorf("a buffer of %d bytes", len(buf))
			}
			started <- struct{}{}
			<-release
		})
	}
	for range count {
		<-started // nobody waits for anybody
	}
	close(release)
	ws.stop()
	ws.stop()
	if spare := ws.spare.Load(); spare != 0 {
		t.Errorf("%d workers still wait", spare)
	}
}
