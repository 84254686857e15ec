package deploy_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestNodeEnds: of two nodes one is told to stop. The proxy went on sending nearly
// everybody there, as it had the fewest connections, and each of them got a 502.
func TestNodeEnds(t *testing.T) {
	t.Parallel()
	haggle := program(t)
	for name, start := range proxies() {
		for _, wait := range []string{"0s", "5s"} {
			t.Run(name+", told "+wait+" before", func(t *testing.T) {
				t.Parallel()
				ends, stays := startHaggle(t, haggle, "--rate-factor", "0", "--drain-wait", wait), startHaggle(t, haggle, "--rate-factor", "0")
				p := startProxy(t, start, ends, stays)
				p.nodeEnds(t, ends, wait != "0s")
			})
		}
	}
}

// TestTooMuch: a body that the proxy refuses is not the server's failure, or anybody could
// have a server left out. Of one server alone nginx never leaves any out.
func TestTooMuch(t *testing.T) {
	t.Parallel()
	binary := program(t)
	for name, start := range proxies() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			one, other := startHaggle(t, binary), startHaggle(t, binary)
			p := startProxy(t, start, one, other)
			for range 4 {
				p.tooMuch(t, http.MethodPut, "/v1/files/n-0002")
				p.tooMuch(t, http.MethodPost, "/v1/sse/x/1")
			}
			me := http.Header{"Authorization": {"Bearer " + one.token(t)}}
			for range 20 {
				if status, answer := p.ask(t, http.MethodGet, "/v1/me", http.NoBody, me); status != http.StatusOK {
					t.Errorf("and then somebody is answered %d %.200s", status, answer)
				}
			}
			for i, server := range []*haggle{one, other} {
				eventually(t, func() error {
					if server.log.last(`"path":"/v1/me"`) == "" {
						return fmt.Errorf("server %d is asked no more", i)
					}
					return nil
				})
			}
		})
	}
}

// tooMuch sends more than is taken, with its length and without.
func (p *proxy) tooMuch(t *testing.T, method, path string) {
	t.Helper()
	const more = 26 << 20
	header := http.Header{"Authorization": {"Bearer " + p.server.token(t)}, "Content-Type": {"image/png"}}
	for _, body := range []io.Reader{bytes.NewReader(make([]byte, more)), io.LimitReader(zeros{}, more)} {
		if status, answer := p.ask(t, method, path, body, header); status != 0 && status < 400 {
			t.Errorf("26 MiB to %s are answered %d %.200s", path, status, answer)
		}
	}
}

// nodeEnds has people ask all the time, and write where the node says before that it
// stops.
func (p *proxy) nodeEnds(t *testing.T, ends *haggle, write bool) {
	t.Helper()
	p.hold(t, 8)
	asked := []func() (int, string){func() (int, string) {
		return p.ask(t, http.MethodGet, "/v1/me", http.NoBody, http.Header{"Authorization": {"Bearer " + ends.token(t)}})
	}}
	if write {
		asked = append(asked, func() (int, string) {
			header := http.Header{"Authorization": {"Bearer " + apiKey}, "Content-Type": {"application/json"}}
			return p.ask(t, http.MethodPut, "/v1/server/participants/U_1", strings.NewReader(`{"name":"Ada"}`), header)
		})
	}
	var people sync.WaitGroup
	var answered atomic.Int64
	over := make(chan struct{})
	for _, ask := range append(asked, asked...) {
		people.Go(func() {
			for {
				select {
				case <-over:
					return
				case <-time.After(5 * time.Millisecond):
				}
				if status, answer := ask(); status/100 != 2 {
					t.Errorf("somebody is answered %d %.200s", status, answer)
					return
				}
				answered.Add(1)
			}
		})
	}
	more := func(n int64) {
		from := answered.Load()
		eventually(t, func() error {
			if got := answered.Load() - from; got < n && !t.Failed() {
				return fmt.Errorf("%d were answered, want %d", got, n)
			}
			return nil
		})
	}
	more(100)
	ends.stop()
	more(400)
	close(over)
	people.Wait()
}

// hold keeps so many sockets open, which are spread over the servers.
func (p *proxy) hold(t *testing.T, sockets int) {
	t.Helper()
	for range sockets {
		conn, h, err := p.open(t.Context(), "https://"+host)
		if err != nil {
			t.Fatal(err)
		}
		go conn.ReadLoop()
		t.Cleanup(func() { _ = conn.NetConn().Close() })
		if err := conn.WriteString(p.server.hello(t)); err != nil {
			t.Fatal(err)
		}
		select {
		case <-h.frames:
		case <-time.After(10 * time.Second):
			t.Fatal("no answer to a hello")
		}
	}
}
