package gateway

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"haggle/internal/chat"
	"haggle/internal/wire"
)

// Options are what an installation may set. The zero value of each stands for
// the default in brackets.
type Options struct {
	// AllowOrigin decides which pages may open a socket. It is not asked about a
	// client without an Origin, which is no browser: its token is in the hello,
	// and no cookie counts. [none may]
	AllowOrigin func(origin string) bool

	// Address tells under which address a client is counted. [the peer's]
	Address func(r *http.Request) string

	Heartbeat    time.Duration // how often one is sent to each session [25 s]
	HelloWithin  time.Duration // how long a client may keep silent at first [10 s]
	OfflineAfter time.Duration // how long somebody who left still counts as here [5 s]

	// Nodes says that the bus leads to others, and may lose what it carries. Sessions
	// then look into the store soon after they began, and at each heartbeat for a
	// revocation, too; whom they watch is asked for again from time to time. [one]
	Nodes bool

	// Relay hands what a client without a WebSocket says to the node that its stream
	// comes from: its requests may reach any. [what reaches another node finds no session]
	Relay Relay

	Metrics prometheus.Registerer // where to register the metrics [nowhere]
}

func (o Options) withDefaults() Options {
	if o.AllowOrigin == nil {
		o.AllowOrigin = func(string) bool { return false }
	}
	if o.Address == nil {
		o.Address = func(r *http.Request) string {
			host, _, err := net.SplitHostPort(r.RemoteAddr)
			if err != nil {
				return r.RemoteAddr
			}
			return host
		}
	}
	if o.Heartbeat == 0 {
		o.Heartbeat = 25 * time.Second
	}
	if o.HelloWithin == 0 {
		o.HelloWithin = 10 * time.Second
	}
	if o.OfflineAfter == 0 {
		o.OfflineAfter = 5 * time.Second
	}
	return o
}

// Gateway holds the sockets of this node.
type Gateway struct {
	svc      *chat.Service
	bus      chat.Bus
	verifier Verifier
	opts     Options
	limits   *chat.Limits
	log      *slog.Logger
	wall     func() time.Time // the clock, which may be set
	began    time.Time
	silence  time.Duration // after which a client counts as gone
	frames   rate

	hub      *hub
	interest *interest
	wheel    wheel
	stats    *stats
	buffers  buffers
	workers  workers
	streams  streams
	relayed  chan struct{} // full of batches that are for, or come from, other nodes

	// ctx is Run's. It is a field because a frame belongs to no request: its work
	// ends with the gateway's.
	ctx   context.Context //nolint:containedctx // see above
	ready chan struct{}   // closed once ctx is set

	epoch  atomic.Pointer[chat.Epoch] // as last seen; set before there is any session
	resync atomic.Bool                // every session is to get a heartbeat soon
	around around                     // Run's

	mu       sync.Mutex
	draining bool                  // no more sessions; guarded by mu
	open     map[*session]struct{} // guarded by mu
	running  sync.WaitGroup        // readers and writers
}

var _ chat.Receiver = (*Gateway)(nil)

// New returns a Gateway and attaches it to bus. Run must be running for it to
// take sockets.
func New(svc *chat.Service, bus chat.Bus, verifier Verifier, opts Options, log *slog.Logger) *Gateway {
	opts = opts.withDefaults()
	g := &Gateway{
		svc: svc, bus: bus, verifier: verifier, opts: opts, limits: svc.Limits(), log: log,
		wall: time.Now, began: time.Now(), silence: opts.Heartbeat * 3 / 2,
		frames: newRate(svc.Limits().Rates[chat.ActionRequest]),
		hub:    newHub(opts.OfflineAfter), interest: newInterest(bus), stats: newStats(opts.Metrics),
		relayed: make(chan struct{}, maxRelayed),
		workers: workers{next: make(chan work)}, streams: streams{byID: make(map[chat.ClientID]*streamSocket)},
		ready: make(chan struct{}), open: make(map[*session]struct{}),
	}
	bus.Attach(g)
	return g
}

// now is the time by which everything is measured here: that of the beginning, and what
// has passed since. Setting the clock does not change it, so it says nothing of the day.
func (g *Gateway) now() time.Time { return g.began.Add(time.Since(g.began)) }

// begin makes a session over sock, unless the gateway is closing.
func (g *Gateway) begin(sock socket) (*session, bool) {
	s := &session{gw: g, sock: sock, id: newClientID()}
	s.touch(g.now())
	g.mu.Lock()
	if g.draining {
		g.mu.Unlock()
		return nil, false
	}
	g.open[s] = struct{}{}
	g.running.Add(1)
	g.mu.Unlock()
	g.stats.sessions.Inc()
	g.wheel.put(s, g.opts.HelloWithin)
	return s, true
}

// join registers a session that has said who it is.
func (g *Gateway) join(s *session) error {
	if err := g.interest.add(chat.EventsOf, []chat.UID{s.actor.UID}); err != nil {
		g.interest.drop(chat.EventsOf, []chat.UID{s.actor.UID})
		return err
	}
	if stalest := g.hub.join(s, g.limits.Sockets); stalest != nil {
		stalest.close(wire.Bye{
			Code: byeManySockets, Message: "you are connected too often; this was the connection heard of least lately",
			RetryAfterMS: jitter(time.Minute, 2*time.Minute).Milliseconds(),
		})
	}
	return nil
}

// arrive counts a session that has been welcomed.
func (g *Gateway) arrive(ctx context.Context, s *session) {
	first := g.opts.Heartbeat
	if g.opts.Nodes { // other nodes may have learnt a moment too late that it is here
		first = min(first, firstBeat)
	}
	g.wheel.beatAt(s, g.now(), jitter(0, first))
	if g.hub.arrive(s) {
		g.announcePresence(ctx, s.actor.UID, true)
	}
}

// forget keeps events from a session that has ended. It may be called more than
// once.
func (g *Gateway) forget(s *session) {
	drop, unwatched := g.hub.leave(s, g.now())
	g.interest.drop(chat.PresenceOf, unwatched)
	if drop {
		g.interest.drop(chat.EventsOf, []chat.UID{s.actor.UID})
	}
}

// end is the end of a connection.
func (g *Gateway) end(s *session) {
	g.mu.Lock()
	delete(g.open, s)
	g.mu.Unlock()
	g.stats.sessions.Dec()
}

// Shutdown takes no more sockets, tells every client when to come back, spread so
// that they do not all come at once, and waits until they have been told, for
// those who do not read no longer than byeWithin. When ctx ends first it closes
// what is left and returns ctx's error. Run has to run until Shutdown has
// returned: frames under way need it.
func (g *Gateway) Shutdown(ctx context.Context) error {
	g.mu.Lock()
	g.draining = true
	sessions := make([]*session, 0, len(g.open))
	for s := range g.open {
		sessions = append(sessions, s)
	}
	g.mu.Unlock()
	spread := 3*time.Second + time.Duration(len(sessions))*time.Second/500
	for _, s := range sessions {
		s.close(wire.Bye{
			Code: byeShutdown, Message: "the server restarts",
			RetryAfterMS: jitter(0, spread).Milliseconds(),
		})
	}
	done := make(chan struct{})
	go func() {
		g.running.Wait()
		g.workers.stop() // nobody is left to give them work
		close(done)
	}()
	grace := time.NewTimer(byeWithin)
	defer grace.Stop()
	select {
	case <-done:
		return nil
	case <-grace.C:
		for _, s := range sessions {
			s.giveUp()
		}
	case <-ctx.Done():
	}
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		for _, s := range sessions {
			s.abandon()
		}
		<-done
		return context.Cause(ctx)
	}
}

// requestIDHeader is set by middleware on answers; where there is none, refuse
// makes one.
const requestIDHeader = "X-Request-Id"

// Register adds the ways in to mux: the WebSocket and, where it is blocked, a
// stream of events down and requests up.
func (g *Gateway) Register(mux *http.ServeMux) {
	mux.HandleFunc("/v1/ws", g.upgrade)
	mux.HandleFunc("POST /v1/sse", g.openStream)
	mux.HandleFunc("POST /v1/sse/{session}/{batch}", g.post)
}
