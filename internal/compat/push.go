package compat

import (
	"crypto/rand"
	"encoding/hex"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/lxzan/gws"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker"
)

const (
	// maxPushed bounds what the shop's PHP has pushed and a page has yet to take, in bytes,
	// as GatewayWorker does. A page that has less waiting takes one more, of any size.
	maxPushed = 1_024_000

	// pushOverhead is what a push counts beside its bytes.
	pushOverhead = 64
)

// nameSocket returns what a socket is called: 20 characters, as the old pages want it.
// Where the shop's PHP gets to the sockets, the name says where it finds this one, and
// can be guessed; nothing of the chat hangs on it. Elsewhere it says nothing.
func (s *Server) nameSocket(sock *socket, r *http.Request) chat.ClientID {
	if s.opts.PHP == nil {
		var b [10]byte
		_, _ = rand.Read(b[:]) // it never fails
		return chat.ClientID(hex.EncodeToString(b[:]))
	}
	peer, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		peer = netip.AddrPort{}
	}
	addr, err := netip.ParseAddr(sock.address)
	if err != nil {
		addr = netip.IPv4Unspecified()
	}
	sock.php = s.opts.PHP.Connect(sock, netip.AddrPortFrom(addr, peer.Port()), withoutToken(r))
	return sock.php.ID()
}

// ownCookies begins the names of all of Haggle's own cookies.
const ownCookies = "haggle_"

// withoutToken returns a request as it came, but for what lets one speak as its person:
// that is not for the shop's workers, nor for their logs. Cookies do not tell ports apart,
// so that those of the new pages come here, too.
func withoutToken(r *http.Request) *http.Request {
	clean := r.Clone(r.Context())
	clean.Header.Del("Authorization")
	clean.Header.Del("Cookie")
	cookies := strings.Split(strings.Join(r.Header["Cookie"], ";"), ";")
	cookies = slices.DeleteFunc(cookies, func(c string) bool {
		c = strings.TrimSpace(c)
		return c == "" || strings.HasPrefix(c, ownCookies)
	})
	if len(cookies) > 0 { // the shop's, in its own words
		clean.Header.Set("Cookie", strings.TrimSpace(strings.Join(cookies, ";")))
	}
	return clean
}

var _ gatewayworker.Client = (*socket)(nil)

// Push implements gatewayworker.Client.
func (s *socket) Push(p gatewayworker.Push) bool {
	s.mu.Lock()
	full := s.pushed >= maxPushed
	if !full && !s.gone && !s.kicked {
		s.pushes = append(s.pushes, p)
		s.pushed += len(p.Data) + pushOverhead
	}
	s.mu.Unlock()
	if full {
		return false
	}
	s.wake()
	return true
}

// Kick implements gatewayworker.Client.
func (s *socket) Kick() {
	s.mu.Lock()
	first := !s.kicked && s.closing == nil && !s.gone
	s.kicked = true
	s.mu.Unlock()
	if first {
		s.srv.stats.closed.WithLabelValues("closed_by_shop").Inc()
		s.wake()
	}
}

// Destroy implements gatewayworker.Client.
func (s *socket) Destroy() {
	s.srv.stats.closed.WithLabelValues("destroyed_by_shop").Inc()
	s.abort()
}

// nextPush returns how the next push is written; the caller holds mu.
func (s *socket) nextPush() func() error {
	p := s.pushes[0]
	if s.pushes = s.pushes[1:]; len(s.pushes) == 0 {
		s.pushes = nil
	}
	s.pushed -= len(p.Data) + pushOverhead
	// The page answers these as it answers ours: a pong too many would say of messages
	// that they have arrived. Where nobody knows how many it answers, no later one says so.
	s.pings += p.Pings
	s.unsure = s.unsure || !p.Sure
	return func() error {
		if !p.Raw {
			return s.writeFrame(gws.OpcodeText, p.Data)
		}
		if err := s.conn.NetConn().SetWriteDeadline(s.srv.now().Add(writeWithin)); err != nil {
			return err
		}
		_, err := s.conn.NetConn().Write(p.Data)
		return err
	}
}
