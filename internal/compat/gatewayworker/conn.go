package gatewayworker

import (
	"encoding/binary"
	"encoding/hex"
	"net/http"
	"net/netip"
	"sync"

	"haggle/internal/chat"
)

// Client is the socket of a page, as far as PHP has to do with it. Its methods do not
// wait, and may be called at any time, its end included.
type Client interface {
	// Push hands something to the page. False says that so much waits for it already
	// that this does not.
	Push(p Push) bool

	// Kick ends the socket after what was pushed.
	Kick()

	// Destroy ends it at once.
	Destroy()
}

// Push is what PHP has for a page. Its bytes are shared and never change.
type Push struct {
	Data []byte
	Raw  bool // they go as they are; without it in a text frame

	// Pings is how many frames of it a page may answer with a pong. Nobody knows, of it
	// and of what comes after, unless it is Sure.
	Pings int
	Sure  bool
}

// Conn is a page's socket as PHP sees it, until the page goes or PHP ends it.
type Conn struct {
	gate   *Gate
	client Client
	number uint32 // the connection id
	ip     uint32
	port   uint16

	uid     string              // guarded by the table's mu
	groups  map[string]struct{} // guarded by the table's mu
	session []byte              // PHP's; replaced and never changed; guarded by the table's mu

	changing sync.Mutex // held while session is changed, from before it is read

	worker *peer // whom events go to, nil for nobody yet; guarded by the workers' mu

	// telling is held while a worker is told something, so that the end comes last.
	telling sync.Mutex
	over    bool // nothing is told any more; guarded by telling
}

// Connect makes a page's socket known to PHP, and tells a worker of it. peer is the
// browser's address, as far as it is known; r is the request that opened the socket.
func (g *Gate) Connect(client Client, peer netip.AddrPort, r *http.Request) *Conn {
	c := &Conn{gate: g, client: client, port: peer.Port()}
	if ip := peer.Addr().Unmap(); ip.Is4() {
		b := ip.As4()
		c.ip = binary.BigEndian.Uint32(b[:])
	}
	c.telling.Lock() // PHP may end it as soon as it is in the table
	defer c.telling.Unlock()
	g.table.add(c)
	if g.event(c, cmdOnConnect, flagScalar, nil) {
		g.event(c, cmdOnWebSocketConnect, 0, requestOf(r, peer, g.opts.PagesPort))
	}
	return c
}

// ID is what the page and PHP call the socket: 20 hexadecimal digits with the address
// that PHP finds it at.
func (c *Conn) ID() chat.ClientID {
	var b [10]byte
	binary.BigEndian.PutUint32(b[:], c.gate.ip)
	binary.BigEndian.PutUint16(b[4:], c.gate.port)
	binary.BigEndian.PutUint32(b[6:], c.number)
	return chat.ClientID(hex.EncodeToString(b[:]))
}

// Bind names the socket for PHP's pushes, as PHP's own bindUid does. Whose the socket is
// for anything else is not PHP's to know or to say.
func (c *Conn) Bind(uid chat.UID) { c.gate.table.bind(c.number, string(uid)) }

// Message hands a message of the page's to its worker, and reports whether there is one.
func (c *Conn) Message(data []byte) bool {
	c.telling.Lock()
	defer c.telling.Unlock()
	return !c.over && c.gate.event(c, cmdOnMessage, flagScalar, data)
}

// Close forgets the socket, and tells its worker. Only the first call does so: PHP's, with
// which it is gone for all that PHP asks next, or that of the page's end.
func (c *Conn) Close() {
	if !c.gate.table.remove(c) {
		return
	}
	c.telling.Lock()
	defer c.telling.Unlock()
	c.over = true
	c.gate.event(c, cmdOnClose, flagScalar, nil)
	c.gate.workers.release(c)
}
