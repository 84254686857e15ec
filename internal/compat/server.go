package compat

import (
	"context"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/lxzan/gws"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker"
	"haggle/internal/compat/legacy"
)

// Verifier tells who a token of the marketplace is about.
type Verifier interface {
	VerifyShop(ctx context.Context, token string) (chat.Identity, error)
}

// Numbers is the part of legacy.Store that the pages need.
type Numbers interface {
	Numbers(ctx context.Context, id chat.ConversationID, seqs []chat.Seq) (map[chat.Seq]legacy.Num, error)
}

// Options are what an installation may set. The zero value of each stands for the
// default in brackets.
type Options struct {
	// AllowOrigin decides which pages may open a socket or post. [none may]
	AllowOrigin func(origin string) bool

	// Address tells under which address a client is counted. [RemoteAddr]
	Address func(r *http.Request) string

	BaseURL  string         // the server's own, before the paths of pictures and pages
	Location *time.Location // of the times of day that are shown [UTC]
	Ping     time.Duration  // how often a page is asked whether it is there [25 s]

	// Nodes says that the bus leads to others, and may lose what it carries: a page's
	// first ping comes soon after it was bound, and with each it is looked whether its
	// token still counts. [one]
	Nodes bool

	// Relay leads to the node that holds a page's socket: its requests may reach any.
	// [what reaches another node finds no socket]
	Relay Relay

	// PHP leads the shop's GatewayClient to the sockets, which have its client_ids then.
	// [it does not get there]
	PHP *gatewayworker.Gate

	Metrics prometheus.Registerer // where to register the metrics [nowhere]
}

func (o Options) withDefaults() Options {
	if o.AllowOrigin == nil {
		o.AllowOrigin = func(string) bool { return false }
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string { return r.RemoteAddr }
	}
	if o.Location == nil {
		o.Location = time.UTC
	}
	if o.Ping == 0 {
		o.Ping = 25 * time.Second
	}
	return o
}

const (
	// maxAnonymous bounds the sockets of one address that nobody is known to hold.
	maxAnonymous = 500

	// socketsFactor is how many times as many sockets a person may have here as
	// elsewhere: a whole back office may share one sign-in of the old chat, and a page
	// that is closed comes back at once, in another's place.
	socketsFactor = 5

	// quietRounds is after how many unanswered pings a page counts as gone.
	quietRounds = 2

	// offlineAfter is how long somebody who left still counts as here: who goes from
	// one page to the next does so all the time.
	offlineAfter = 5 * time.Second

	// The frames of one page: it has no more to say than pongs.
	framesBurst     = 100
	framesPerSecond = 20

	readBuffer = 512
)

// Server holds the sockets of the old pages.
type Server struct {
	svc      *chat.Service
	bus      chat.Bus
	verifier Verifier
	numbers  Numbers
	codes    *Codes
	draw     *drawer
	opts     Options
	log      *slog.Logger
	wall     func() time.Time // the clock, which may be set
	began    time.Time
	upgrader *gws.Upgrader
	stats    *stats
	ping     []byte // the frame
	shown    *shown

	// ctx is Run's. It is a field because a socket's work belongs to no request.
	ctx   context.Context //nolint:containedctx // see above
	ready chan struct{}   // closed once ctx is set

	asking chan struct{} // full of sockets that ask the store

	running sync.WaitGroup // readers and writers

	mu        sync.RWMutex
	draining  bool                           // guarded by mu
	sockets   map[chat.ClientID]*socket      // guarded by mu
	owned     map[owner]map[*socket]struct{} // of whom a cookie names; guarded by mu
	bound     map[chat.UID]map[*socket]struct{}
	anonymous map[string]int         // by address; guarded by mu
	left      map[chat.UID]time.Time // guarded by mu
}

// owner is whose sockets count together.
type owner struct {
	uid   chat.UID
	agent chat.AgentID
}

func ownerOf(a chat.Actor) owner { return owner{a.UID, a.Agent} }

var _ chat.Receiver = (*Server)(nil)

// Deps is what the door is made of.
type Deps struct {
	Service  *chat.Service
	Bus      chat.Bus // the server attaches itself
	Verifier Verifier
	Numbers  Numbers
	Codes    *Codes
	Picture  func(file chat.FileID) string // the path under which a picture can be fetched
	Log      *slog.Logger
}

// NewServer returns a Server and attaches it to the bus. Run must be running for it
// to take sockets.
func NewServer(d Deps, opts Options) (*Server, error) {
	s := &Server{
		svc: d.Service, bus: d.Bus, verifier: d.Verifier, numbers: d.Numbers, codes: d.Codes,
		opts: opts.withDefaults(), log: d.Log, wall: time.Now, began: time.Now(), stats: newStats(opts.Metrics), shown: newShown(),
		ready: make(chan struct{}), asking: make(chan struct{}, askingAtOnce),
		sockets: make(map[chat.ClientID]*socket), owned: make(map[owner]map[*socket]struct{}),
		bound: make(map[chat.UID]map[*socket]struct{}), anonymous: make(map[string]int), left: make(map[chat.UID]time.Time),
	}
	var err error
	if s.draw, err = newDrawer(func(f chat.FileID) string { return opts.BaseURL + d.Picture(f) }); err != nil {
		return nil, err
	}
	if s.ping, err = encode(struct {
		Type string `json:"type"`
	}{typePing}); err != nil {
		return nil, err
	}
	s.upgrader = gws.NewUpgrader(pages{s}, &gws.ServerOption{
		ReadBufferSize: readBuffer, ReadMaxPayloadSize: d.Service.Limits().FrameBytes, CheckUtf8Enabled: true,
		Logger: quiet{}, HandshakeTimeout: writeWithin,
	})
	d.Bus.Attach(s)
	return s, nil
}

// now is the time by which everything is measured here: that of the beginning, and what
// has passed since. Setting the clock does not change it, so it says nothing of the day.
func (s *Server) now() time.Time { return s.began.Add(time.Since(s.began)) }

// quiet is for a library that logs what clients do wrong.
type quiet struct{}

// Error says nothing.
func (quiet) Error(...any) {}

// Handler returns the handler of the upgrade, which takes any path.
func (s *Server) Handler() http.Handler { return http.HandlerFunc(s.upgrade) }

// upgrade turns a request into a socket, or refuses it. A token that is not good
// makes it anonymous and no more: a page that is refused comes back at once, and
// again.
func (s *Server) upgrade(w http.ResponseWriter, r *http.Request) {
	select {
	case <-s.ready:
	case <-r.Context().Done():
		return
	}
	address := s.opts.Address(r)
	switch origin := r.Header.Get("Origin"); {
	case origin != "" && !s.opts.AllowOrigin(origin):
		s.refuse(w, http.StatusForbidden, "pages of this origin may not open a socket here, see --origins")
		return
	case !strings.EqualFold(r.Header.Get("Upgrade"), "websocket"):
		w.Header().Set("Upgrade", "websocket")
		s.refuse(w, http.StatusUpgradeRequired, "this address speaks WebSocket")
		return
	}
	if err := s.svc.AllowKey(chat.ActionConnect, address); err != nil {
		s.refuse(w, http.StatusTooManyRequests, "too many connections, try again in a moment")
		return
	}
	id, err := s.identify(r)
	if err != nil && chat.KindOf(err) != chat.Unauthenticated {
		s.log.ErrorContext(r.Context(), "verify the cookie of an old page", "err", err)
		s.refuse(w, http.StatusServiceUnavailable, "try again in a moment")
		return
	}
	if !s.enter(address, &id) {
		s.refuse(w, http.StatusServiceUnavailable, "no room for another connection")
		return
	}
	conn, err := s.upgrader.Upgrade(w, r)
	if err != nil {
		s.leave(address, &id)
		s.log.DebugContext(r.Context(), "upgrade of an old page", "err", err)
		return
	}
	s.begin(conn, r, address, &id)
}

func (s *Server) refuse(w http.ResponseWriter, status int, why string) {
	h := w.Header()
	h.Set("Content-Type", "text/plain; charset=utf-8")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(why + "\n")) // who asked has gone
}

// enter makes room for a socket.
func (s *Server) enter(address string, id *chat.Identity) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining || id.Actor.UID == "" && s.anonymous[address] >= maxAnonymous {
		return false
	}
	if id.Actor.UID == "" {
		s.anonymous[address]++
	}
	s.running.Add(1) // its reader
	return true
}

// leave gives back what enter took.
func (s *Server) leave(address string, id *chat.Identity) {
	s.mu.Lock()
	if id.Actor.UID == "" {
		if s.anonymous[address]--; s.anonymous[address] == 0 {
			delete(s.anonymous, address)
		}
	}
	s.mu.Unlock()
	s.running.Done()
}

// begin registers a socket and reads it from now on. Of too many of one person the
// one that was heard of least lately goes.
func (s *Server) begin(conn *gws.Conn, r *http.Request, address string, id *chat.Identity) {
	sock := &socket{
		srv: s, conn: conn, address: address, owner: *id,
		allowance: rate.NewLimiter(framesPerSecond, framesBurst),
		threads:   make(map[chat.ConversationID]*thread), told: make(map[chat.ConversationID]chat.Seq),
	}
	sock.ctx, sock.end = context.WithCancel(s.ctx)
	sock.writer = sock.write
	sock.id = s.nameSocket(sock, r)
	sock.release = s.holdSocket(sock.id)
	sock.taken = s.now().UnixMilli()
	sock.seen.Store(sock.taken)
	if !id.ExpiresAt.IsZero() {
		sock.expires.Store(id.ExpiresAt.UnixMilli())
	}
	conn.Session().Store(sessionKey, sock)
	var stalest *socket
	s.mu.Lock()
	draining := s.draining
	s.sockets[sock.id] = sock
	if id.Actor.UID != "" {
		mine := s.owned[ownerOf(id.Actor)]
		if mine == nil {
			mine = make(map[*socket]struct{})
			s.owned[ownerOf(id.Actor)] = mine
		}
		if len(mine) >= socketsFactor*s.svc.Limits().Sockets {
			for other := range mine {
				if stalest == nil || other.seen.Load() < stalest.seen.Load() {
					stalest = other
				}
			}
			delete(mine, stalest)
		}
		mine[sock] = struct{}{}
	}
	s.mu.Unlock()
	s.stats.sockets.Inc()
	if stalest != nil {
		stalest.close(closePolicy, "too_many_sockets")
	}
	if draining { // it came in while Shutdown had its list
		sock.close(closeGoingAway, "shutdown")
	}
	sock.nextPing(s.opts.Ping)
	go conn.ReadLoop() // not here: this goroutine has the request on its back
}

// sessionKey is under which a connection knows its socket.
const sessionKey = "socket"

// pages takes what the library reads.
type pages struct{ srv *Server }

var _ gws.Event = pages{}

func (p pages) socket(conn *gws.Conn) *socket {
	v, _ := conn.Session().Load(sessionKey)
	sock, _ := v.(*socket) // it was stored before there was a reader
	return sock
}

// OnOpen waits for the page to speak first.
func (p pages) OnOpen(*gws.Conn) {}

// OnClose ends the socket.
func (p pages) OnClose(conn *gws.Conn, _ error) { p.srv.end(p.socket(conn)) }

// OnPing answers WebSocket's own ping.
func (p pages) OnPing(conn *gws.Conn, payload []byte) {
	sock := p.socket(conn)
	if sock.mayAsk() {
		sock.enqueue(outgoing{op: gws.OpcodePong, data: append([]byte(nil), payload...)})
	}
}

// OnPong is of no interest: the page's own answer is what counts.
func (p pages) OnPong(*gws.Conn, []byte) {}

// OnMessage takes a frame of the page's. What is no frame, or of no type, is passed
// over, as the old chat did.
func (p pages) OnMessage(conn *gws.Conn, message *gws.Message) {
	defer func() { _ = message.Close() }() // it gives the buffer back
	sock := p.socket(conn)
	typ := typeOf(message.Bytes())
	if (typ != typePong || !sock.awaited()) && !sock.mayAsk() {
		return
	}
	worker := sock.php != nil && sock.php.Message(message.Bytes())
	switch typ {
	case typeHandshake:
		sock.send(handshake{Type: typeHandshake, ClientID: string(sock.id), Time: p.srv.clock(p.srv.wall())})
	case typePong:
		sock.pong(p.srv.ctx)
	case typeSend:
		if worker { // it is the shop's own to answer
			return
		}
		sock.send(errorFrame{
			Type: typeError, Code: "send_refused",
			Message: "nothing is said through the socket: post to /push/push/SendMessageToMerchant or sendMessageToUser",
		})
	}
}

// awaited reports whether there is a ping that the page has yet to answer.
func (s *socket) awaited() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.pongs < s.pings
}

// mayAsk takes one frame from the page's allowance. A page that has none left is
// closed.
func (s *socket) mayAsk() bool {
	if s.allowance.AllowN(s.srv.now(), 1) {
		return true
	}
	s.close(closePolicy, "flood")
	return false
}

// end forgets a socket whose connection has ended.
func (s *Server) end(sock *socket) {
	sock.mu.Lock()
	sock.gone = true
	bound := sock.bound
	sock.queue, sock.news, sock.list = nil, nil, false
	sock.mu.Unlock()
	sock.end()
	sock.endTurn()
	uid := sock.owner.Actor.UID
	s.mu.Lock()
	delete(s.sockets, sock.id)
	if mine := s.owned[ownerOf(sock.owner.Actor)]; mine != nil {
		delete(mine, sock)
		if len(mine) == 0 {
			delete(s.owned, ownerOf(sock.owner.Actor))
		}
	}
	if bound {
		delete(s.bound[uid], sock)
		if len(s.bound[uid]) == 0 { // Run lets go of it
			delete(s.bound, uid)
			s.left[uid] = s.now()
		}
	}
	s.mu.Unlock()
	if sock.php != nil {
		sock.php.Close()
	}
	sock.release()
	s.stats.sockets.Dec()
	s.leave(sock.address, &sock.owner)
}

// Shutdown takes no more sockets, closes those there are and waits until they are,
// or ctx ends. Run has to run until Shutdown has returned.
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	s.draining = true
	all := s.all()
	s.mu.Unlock()
	for _, sock := range all {
		sock.close(closeGoingAway, "shutdown")
	}
	done := make(chan struct{})
	go func() {
		s.running.Wait()
		close(done)
	}()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		s.mu.Lock()
		all = s.all()
		s.mu.Unlock()
		for _, sock := range all {
			sock.abort()
		}
		<-done
		return context.Cause(ctx)
	}
}

// all returns every socket; the caller holds mu.
func (s *Server) all() []*socket {
	all := make([]*socket, 0, len(s.sockets))
	for _, sock := range s.sockets {
		all = append(all, sock)
	}
	return all
}
