package deploy_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lxzan/gws"
	"golang.org/x/sync/errgroup"

	"haggle/internal/testkit"
	"haggle/internal/wire"
)

// A person behind the proxy has this address, so that it is not the proxy's own.
const person = "127.0.0.2"

// TestProxies runs Haggle behind the real programs, configured as the files beside
// this one say.
func TestProxies(t *testing.T) {
	t.Parallel()
	server := startHaggle(t, program(t))
	for name, start := range proxies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := startProxy(t, start, server)
			t.Run("a socket is let through", p.socket)
			t.Run("a socket of a page elsewhere is not", p.foreignSocket)
			t.Run("a stream says at once what there is", p.stream)
			t.Run("nobody says where they come from", p.address)
			t.Run("a picture of the largest size gets there", p.upload)
			t.Run("who says nothing stays", p.quiet)
		})
	}
}

// starter starts a proxy in front of servers and returns where it is.
type starter func(t *testing.T, servers ...*haggle) string

func proxies() map[string]starter {
	return map[string]starter{"nginx": startNginx, "caddy": startCaddy}
}

// proxy is one in front of the server, as somebody reaches it.
type proxy struct {
	server *haggle // the first, if there are several
	addr   string
	client *http.Client
}

func startProxy(t *testing.T, start starter, servers ...*haggle) *proxy {
	t.Helper()
	p := &proxy{server: servers[0], addr: start(t, servers...)}
	p.client = &http.Client{Transport: &http.Transport{DialContext: p.dial, TLSClientConfig: p.tls()}}
	t.Cleanup(p.client.CloseIdleConnections)
	eventually(t, func() error { return p.ready(t) })
	return p
}

func (p *proxy) dial(ctx context.Context, _, _ string) (net.Conn, error) {
	d := &net.Dialer{Timeout: 5 * time.Second, LocalAddr: &net.TCPAddr{IP: net.ParseIP(person)}}
	return d.DialContext(ctx, "tcp", p.addr)
}

// tls believes the certificate that both proxies were given.
func (p *proxy) tls() *tls.Config {
	return &tls.Config{ServerName: host, RootCAs: p.server.tls.roots, MinVersion: tls.VersionTLS12}
}

func (p *proxy) ready(t *testing.T) error {
	t.Helper()
	status, body := p.ask(t, http.MethodGet, "/readyz", http.NoBody, nil)
	if status != http.StatusOK {
		return errors.New(body)
	}
	return nil
}

// ask returns the answer, or 0 and why there is none.
func (p *proxy) ask(t *testing.T, method, path string, body io.Reader, header http.Header) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, "https://"+host+path, body)
	if err != nil {
		t.Fatal(err)
	}
	maps.Copy(req.Header, header)
	resp, err := p.client.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = resp.Body.Close() }()
	answer, err := io.ReadAll(resp.Body)
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(answer)
}

// heard gives the frames of a socket to a test.
type heard struct {
	gws.BuiltinEventHandler

	frames chan string
}

func (h *heard) OnMessage(_ *gws.Conn, msg *gws.Message) {
	h.frames <- msg.Data.String()
	_ = msg.Close()
}

func (p *proxy) open(ctx context.Context, origin string) (*gws.Conn, *heard, error) {
	h := &heard{frames: make(chan string, 8)}
	conn, _, err := gws.NewClient(h, &gws.ClientOption{ //nolint:bodyclose // an upgrade has no body
		Addr: "wss://" + host + "/v1/ws", TlsConfig: p.tls(), HandshakeTimeout: 5 * time.Second,
		RequestHeader: http.Header{"Sec-WebSocket-Protocol": {wire.Subprotocol}, "Origin": {origin}},
		NewDialer: func() (gws.Dialer, error) {
			return dialer(func(network, addr string) (net.Conn, error) { return p.dial(ctx, network, addr) }), nil
		},
	})
	return conn, h, err
}

type dialer func(network, addr string) (net.Conn, error)

func (d dialer) Dial(network, addr string) (net.Conn, error) { return d(network, addr) }

func (p *proxy) socket(t *testing.T) {
	conn, h, err := p.open(t.Context(), "https://"+host)
	if err != nil {
		t.Fatal(err)
	}
	go conn.ReadLoop()
	defer func() { _ = conn.NetConn().Close() }()
	if err := conn.WriteString(p.server.hello(t)); err != nil {
		t.Fatal(err)
	}
	select {
	case frame := <-h.frames:
		if !strings.Contains(frame, `"welcome"`) {
			t.Errorf("the answer to a hello is %s", frame)
		}
	case <-time.After(10 * time.Second):
		t.Error("no answer to a hello")
	}
}

func (p *proxy) foreignSocket(t *testing.T) {
	conn, _, err := p.open(t.Context(), "https://elsewhere.example")
	if err == nil {
		_ = conn.NetConn().Close()
		t.Error("it was let in")
	}
}

func (p *proxy) stream(t *testing.T) {
	c := testkit.NewSSE(t.Context(), p.client, "https://"+host, http.Header{"Origin": {"https://" + host}})
	defer func() { _ = c.Close() }()
	if err := c.Send(p.server.hello(t)); err != nil {
		t.Fatal(err)
	}
	frame, err := c.Read()
	if err != nil || !bytes.Contains(frame, []byte(`"welcome"`)) {
		t.Errorf("the answer to a hello is %s, %v", frame, err)
	}
}

func (p *proxy) address(t *testing.T) {
	const path = "/v1/no-such-place"
	p.ask(t, http.MethodGet, path, http.NoBody, http.Header{"X-Forwarded-For": {"203.0.113.9"}})
	var line string
	eventually(t, func() error {
		if line = p.server.log.last(path); line == "" {
			return errors.New("the request is not in the log")
		}
		return nil
	})
	if !strings.Contains(line, `"client":"`+person+`"`) {
		t.Errorf("who asked is not %s: %s", person, line)
	}
}

func (p *proxy) upload(t *testing.T) {
	const largest = 20 << 20
	header := http.Header{"Authorization": {"Bearer " + p.server.token(t)}, "Content-Type": {"image/png"}}
	status, answer := p.ask(t, http.MethodPut, "/v1/files/n-0001", bytes.NewReader(make([]byte, largest)), header)
	if status < 400 || status >= 500 || status == http.StatusNotFound || status == http.StatusRequestEntityTooLarge || !strings.Contains(answer, `"code"`) {
		t.Errorf("20 MiB that are no picture are answered %d %.200s, want what Haggle says of them", status, answer)
	}
}

// zeros are as many as somebody reads.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// beats is how many heartbeats somebody stays for who has nothing else to say.
const beats = 2

// quiet: what is between waits for longer than the pause between two heartbeats.
func (p *proxy) quiet(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
	defer cancel()
	hello := p.server.hello(t)
	var g errgroup.Group
	g.Go(func() error { return p.quietSocket(ctx, hello) })
	g.Go(func() error { return p.quietStream(ctx, hello) })
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
}

// answer is what is said to a heartbeat, and to nothing else.
const answer = `{"heartbeat":{}}`

func (p *proxy) quietSocket(ctx context.Context, hello string) error {
	conn, h, err := p.open(ctx, "https://"+host)
	if err != nil {
		return err
	}
	go conn.ReadLoop()
	defer func() { _ = conn.NetConn().Close() }()
	err = conn.WriteString(hello)
	for heard := 0; err == nil && heard < beats; {
		select {
		case frame := <-h.frames:
			if strings.Contains(frame, `"heartbeat":{`) {
				heard++
				err = conn.WriteString(answer)
			}
		case <-ctx.Done():
			return fmt.Errorf("a socket hears %d heartbeats: %w", heard, ctx.Err())
		}
	}
	return err
}

func (p *proxy) quietStream(ctx context.Context, hello string) error {
	c := testkit.NewSSE(ctx, p.client, "https://"+host, http.Header{"Origin": {"https://" + host}})
	defer func() { _ = c.Close() }()
	err := c.Send(hello)
	for heard := 0; err == nil && heard < beats; {
		var frame []byte
		if frame, err = c.Read(); err != nil {
			return fmt.Errorf("a stream hears %d heartbeats: %w", heard, err)
		}
		if bytes.Contains(frame, []byte(`"heartbeat":{`)) {
			heard++
			err = c.Send(answer)
		}
	}
	return err
}

func startNginx(t *testing.T, servers ...*haggle) string {
	t.Helper()
	program := need(t, "nginx")
	dir, addr := t.TempDir(), freeAddr(t)
	conf := configured(t, "nginx.conf", map[string]string{
		"listen 443 ssl http2;":                "listen " + addr + " ssl http2;",
		"server 127.0.0.1:8080;":               "server " + addresses(servers, ";\nserver ") + ";",
		"/etc/nginx/tls/chat.example.com.crt;": servers[0].tls.cert + ";",
		"/etc/nginx/tls/chat.example.com.key;": servers[0].tls.key + ";",
	})
	user := ""
	if os.Getuid() == 0 {
		user = "user root;\n"
	}
	var temp strings.Builder
	for _, kind := range []string{"client_body", "proxy", "fastcgi", "uwsgi", "scgi"} {
		temp.WriteString(kind + "_temp_path " + filepath.Join(dir, kind) + ";\n")
	}
	whole := user + "daemon off;\npid " + filepath.Join(dir, "pid") + ";\nevents {}\nhttp {\naccess_log off;\n" + temp.String() + conf + "}\n"
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, []byte(whole), 0o600); err != nil {
		t.Fatal(err)
	}
	run(t, exec.CommandContext(t.Context(), program, "-p", dir, "-e", "stderr", "-c", file), &lines{})
	return addr
}

func startCaddy(t *testing.T, servers ...*haggle) string {
	t.Helper()
	program := need(t, "caddy")
	dir, addr := t.TempDir(), freeAddr(t)
	ip, port, err := net.SplitHostPort(addr)
	if err != nil {
		t.Fatal(err)
	}
	conf := configured(t, "Caddyfile", map[string]string{
		"chat.example.com {\n": "https://" + host + ":" + port + " {\n\tbind " + ip + "\n\ttls " + servers[0].tls.cert + " " + servers[0].tls.key + "\n",
		"127.0.0.1:8080":       addresses(servers, " "),
	})
	file := filepath.Join(dir, "Caddyfile")
	if err := os.WriteFile(file, []byte("{\n\tadmin off\n\tskip_install_trust\n\tauto_https disable_redirects\n}\n"+conf), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "run", "--config", file, "--adapter", "caddyfile")
	cmd.Env = append(os.Environ(), "HOME="+dir, "XDG_DATA_HOME="+dir, "XDG_CONFIG_HOME="+dir)
	run(t, cmd, &lines{})
	return addr
}

// addresses are those of all servers, as a proxy is told them.
func addresses(servers []*haggle, between string) string {
	all := make([]string, len(servers))
	for i, s := range servers {
		all[i] = s.addr
	}
	return strings.Join(all, between)
}

// configured returns a file of this folder with other addresses in it, each of
// which must have been there.
func configured(t *testing.T, name string, instead map[string]string) string {
	t.Helper()
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	text := string(data)
	for old, addr := range instead {
		if !strings.Contains(text, old) {
			t.Fatalf("%s says %q nowhere", name, old)
		}
		text = strings.ReplaceAll(text, old, addr)
	}
	return text
}

// lines keeps what a program says.
type lines struct {
	mu   sync.Mutex
	text []byte // guarded by mu
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

// last returns the last whole line that has a text in it.
func (l *lines) last(part string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := strings.Split(string(l.text), "\n")
	for i := len(all) - 2; i >= 0; i-- {
		if strings.Contains(all[i], part) {
			return all[i]
		}
	}
	return ""
}
