package compat

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
	n, sure := pingsIn(p)
	s.pings += n
	s.unsure = s.unsure || !sure
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

// pingsIn counts the frames in a push that a page may answer with a pong. It is not sure
// where frames do not begin and end with the push: then nobody knows what the page makes
// of it, and of what comes after.
func pingsIn(p gatewayworker.Push) (n int, sure bool) {
	if !p.Raw {
		return isPing(p.Data), true
	}
	rest := p.Data
	for len(rest) > 0 {
		op, body, after, ok := cutFrame(rest)
		if !ok {
			return n, false
		}
		if rest = after; op == gws.OpcodeText {
			n += isPing(body)
		}
	}
	return n, true
}

// whole is the first byte of a frame that is all of its message, and not compressed.
const whole = 0x80

// cutFrame takes the first frame from raw bytes, if there is one, all of a message and as
// a server has to write it.
func cutFrame(b []byte) (op gws.Opcode, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0xf0 != whole || b[1]&0x80 != 0 {
		return 0, nil, nil, false
	}
	op = gws.Opcode(b[0] & 0x0f)
	if op == gws.OpcodeContinuation {
		return 0, nil, nil, false
	}
	size, head := uint64(b[1]), 2
	switch {
	case size == 126 && len(b) >= 4:
		size, head = uint64(binary.BigEndian.Uint16(b[2:])), 4
	case size == 127 && len(b) >= 10:
		size, head = binary.BigEndian.Uint64(b[2:]), 10
	case size >= 126:
		return 0, nil, nil, false
	}
	if size > uint64(len(b)-head) { //nolint:gosec // there are as many: see above
		return 0, nil, nil, false
	}
	end := head + int(size) //nolint:gosec // it is less than there are
	return op, b[head:end], b[end:], true
}

// deepest is how far arrays and objects may be inside of each other to be read here.
const deepest = 10_000

// isPing returns 1 for a text that pages may answer as a ping, as their JSON.parse reads
// it: of one key given twice it takes the last. What is too deep to be read here may be
// one.
func isPing(data []byte) int {
	if !mayBePing(data) {
		return 0
	}
	dec := jsontext.NewDecoder(bytes.NewReader(data), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true))
	kind, err := lastType(dec)
	if err == nil {
		_, err = dec.ReadToken()
	}
	switch {
	case errors.Is(err, io.EOF) && kind == typePing: // all of it is one object
		return 1
	case err != nil && bytes.Count(data, []byte("{"))+bytes.Count(data, []byte("[")) > deepest:
		return 1
	}
	return 0
}

// mayBePing tells, fast, most of what is no ping: it has neither the word nor letters of
// it in disguise.
func mayBePing(data []byte) bool {
	if !bytes.HasPrefix(bytes.TrimLeft(data, " \t\r\n"), []byte("{")) {
		return false
	}
	return bytes.Contains(data, []byte(typePing)) || bytes.Contains(data, []byte(`\u006`)) || bytes.Contains(data, []byte(`\u007`))
}

// lastType reads an object and returns what it says last that its type is, if that is a
// string.
func lastType(dec *jsontext.Decoder) (kind string, err error) {
	if _, err := dec.ReadToken(); err != nil {
		return "", err
	}
	for dec.PeekKind() == '"' {
		name, err := dec.ReadToken()
		if err != nil {
			return "", err
		}
		if name.String() != "type" {
			if err := dec.SkipValue(); err != nil {
				return "", err
			}
			continue
		}
		if kind = ""; dec.PeekKind() == '"' {
			value, err := dec.ReadToken()
			if err != nil {
				return "", err
			}
			kind = value.String()
			continue
		}
		if err := dec.SkipValue(); err != nil {
			return "", err
		}
	}
	_, err = dec.ReadToken()
	return kind, err
}
