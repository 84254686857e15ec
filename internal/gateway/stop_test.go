package gateway

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"haggle/internal/chat"
	"haggle/internal/testkit"
)

// stopWithin is how long a stop may take: less than an init system waits before
// it kills.
const stopWithin = 9 * time.Second

// tight is a listener whose connections hold little of what nobody reads.
type tight struct{ net.Listener }

func (l tight) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	if tcp, ok := conn.(*net.TCPConn); ok && err == nil {
		err = tcp.SetWriteBuffer(64 << 10)
	}
	return conn, err
}

// line is a client over a connection of the test's own.
type line struct {
	net.Conn

	r *bufio.Reader
}

// call opens a socket and says hello. Of what it does not read it holds little.
func call(t *testing.T, server *httptest.Server, token string) *line {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if tcp, ok := conn.(*net.TCPConn); !ok || tcp.SetReadBuffer(64<<10) != nil {
		t.Fatal("the connection takes no limit")
	}
	if transport, ok := server.Client().Transport.(*http.Transport); ok && server.TLS != nil {
		conn = tls.Client(conn, &tls.Config{
			RootCAs: transport.TLSClientConfig.RootCAs, ServerName: "example.com", MinVersion: tls.VersionTLS12,
		})
	}
	l := &line{conn, bufio.NewReader(conn)}
	_ = l.SetDeadline(time.Now().Add(60 * time.Second))
	request := "GET /v1/ws HTTP/1.1\r\nHost: example.com\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: haggle.v1\r\n\r\n"
	if _, err := io.WriteString(l, request); err != nil {
		t.Fatal(err)
	}
	resp, err := http.ReadResponse(l.r, nil)
	if err != nil || resp.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("answer %+v, %v", resp, err)
	}
	_ = resp.Body.Close()
	if _, err := l.Write(clientFrame(0x81, [4]byte{1, 2, 3, 4}, `{"id":1,"hello":{"token":"`+token+`"}}`)); err != nil {
		t.Fatal(err)
	}
	if err := l.await(`"welcome"`, 1); err != nil {
		t.Fatal(err)
	}
	return l
}

// await reads until count frames have had what in them.
func (l *line) await(what string, count int) error {
	for count > 0 {
		_, data, err := testkit.ReadFrame(l.r)
		if err != nil {
			return fmt.Errorf("%w, want %s", err, what)
		}
		if strings.Contains(string(data), what) {
			count--
		}
	}
	return nil
}

// An update of the server does not hang on a phone that has gone under a bridge:
// those who read are told when to come back, the others are cut off.
func TestShutdown_nobodyReads(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		start func(*httptest.Server)
	}{
		{"plain", (*httptest.Server).Start},
		{"TLS", (*httptest.Server).StartTLS},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			stopWithDeaf(t, tc.start)
		})
	}
}

func stopWithDeaf(t *testing.T, start func(*httptest.Server)) {
	t.Helper()
	n := newNode(t, nodeOptions{limits: func(l *chat.Limits) { l.Sockets = 50 }})
	server := httptest.NewUnstartedServer(n.handler())
	server.Listener = tight{server.Listener}
	start(server)
	t.Cleanup(server.Close)

	const deaf, pushes = 20, 40
	for range deaf {
		call(t, server, "U_1")
	}
	quick := []*line{call(t, server, "U_1")}
	for i := len(quick) + deaf; i < 50; i++ {
		quick = append(quick, call(t, server, fmt.Sprint("U_1", i)))
	}
	// More than the kernel holds, less than a session's queue: the writers wait.
	payload := []byte(`"` + strings.Repeat("x", 15<<10) + `"`)
	for range pushes {
		if err := n.svc.Backend().Push(t.Context(), "U_1", payload); err != nil {
			t.Fatal(err)
		}
	}
	if err := quick[0].await("xxxx", pushes); err != nil {
		t.Fatal(err)
	}

	var told sync.WaitGroup
	for _, l := range quick {
		told.Go(func() {
			if err := l.await(byeShutdown, 1); err != nil {
				t.Errorf("one who reads: %v", err)
			}
			_ = l.Close()
		})
	}
	ctx, cancel := context.WithTimeout(t.Context(), stopWithin)
	defer cancel()
	began := time.Now()
	if err := n.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown = %v", err)
	}
	t.Logf("stopped in %v", time.Since(began).Round(time.Millisecond))
	told.Wait()
}

// Who does not read is waited for as long as the goodbye may take, also when it
// is one batch of many that is under way.
func TestShutdown_grace(t *testing.T) {
	inTime(t, func(t *testing.T, via transport) {
		n := newNode(t, nodeOptions{via: via})
		var open []*fake
		for i := range 50 {
			open = append(open, n.enterFake(t, fmt.Sprint("U_", i)))
		}
		for i, f := range open[:20] {
			f.mu.Lock()
			f.stuck = true
			f.mu.Unlock()
			if err := n.svc.Backend().Push(t.Context(), chat.UID(fmt.Sprint("U_", i)), []byte(`1`)); err != nil {
				t.Fatal(err)
			}
		}
		synctest.Wait()
		began := time.Now()
		if err := n.Shutdown(t.Context()); err != nil {
			t.Fatal(err)
		}
		if took := time.Since(began); took != 3*time.Second {
			t.Errorf("it took %v, want 3 s", took)
		}
		for _, f := range open[20:] {
			wantBye(t, f, byeShutdown, false)
		}
	})
}
