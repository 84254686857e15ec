package torture

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-json-experiment/json"

	"haggle/internal/bench"
	"haggle/internal/wire"
)

const (
	dialTimeout   = 2 * time.Second
	answerTimeout = 3 * time.Second // after which a frame's outcome is unknown

	// inboxFrames bounds what a device has not looked at yet. One that has more drops
	// the connection and comes back, as a slow consumer.
	inboxFrames = 2048

	// repeatEvery is which of the events a device is told again, in times of trouble.
	repeatEvery = 10
)

// errLost says that a connection is of no use any more.
var errLost = errors.New("the connection is lost")

// link is one connection of a device.
type link struct {
	sock  *bench.Socket
	inbox chan *wire.ServerFrame
	end   endpoint
	again *wire.ServerFrame // the last event that was repeated; it comes back once more
}

// outgoing is a message on its way: it stays until the server has answered for it.
type outgoing struct {
	id    string
	send  wire.Send
	tries int
	since time.Time
}

// device is a client that keeps to the protocol, and remembers all that it was told.
// One goroutine at a time drives it.
type device struct {
	world *world
	name  string
	uid   string
	side  int
	mint  func() (string, error)
	rng   *rand.Rand

	token   string
	link    *link
	lastID  int64
	sent    int
	pos     tracker
	threads map[string]*thread
	order   []string // of threads, so that chance is the seed's

	out      *outgoing
	recall   *place // to be taken back, and not answered yet
	recallBy time.Time
	stands   *place // its latest message, not taken back

	product string // what a buyer asks about first

	period   time.Duration     // of heartbeats, as the server says
	heard    time.Time         // when anything came last
	watches  []string          // uids
	presence map[string]string // of them, as told on this connection
	longest  time.Duration     // that an ack took, of late

	troubled bool // events are repeated
	events   int  // that came meanwhile
	repeated int  // times that one of them came again
}

// forget makes a new device of it, which knows nothing. What waits to be sent is kept.
func (d *device) forget() {
	d.hangUp()
	d.pos, d.threads, d.order = tracker{}, make(map[string]*thread), nil
}

// hangUp ends the connection.
func (d *device) hangUp() {
	if d.link == nil {
		return
	}
	_ = d.link.sock.Close() // it ends whatever is said
	d.link = nil
}

// connect says hello to any node, takes in what changed meanwhile and fetches the rest.
func (d *device) connect(ctx context.Context) error {
	d.hangUp()
	if d.token == "" {
		token, err := d.mint()
		if err != nil {
			return fmt.Errorf("mint token: %w", err)
		}
		d.token = token
	}
	l := &link{inbox: make(chan *wire.ServerFrame, inboxFrames), end: d.world.any(d.rng)}
	sock, err := bench.OpenSocket(bench.SocketOptions{
		URL: l.end.url, Through: l.end.through, Timeout: dialTimeout,
		OnFrame: l.take, OnClose: func(*bench.Socket, error) {},
	})
	if err != nil {
		return err
	}
	l.sock, d.link = sock, l
	for _, t := range d.threads {
		t.said = 0
	}
	hello := &wire.Hello{Token: d.token, Position: d.pos.at, Client: "haggle-torture"}
	answer, err := d.ask(ctx, &wire.ClientFrame{Hello: hello})
	switch {
	case err != nil:
		return err
	case answer.Welcome == nil:
		d.hangUp()
		return fmt.Errorf("hello: %w", errLost)
	}
	d.period, d.presence = time.Duration(answer.Welcome.HeartbeatMS)*time.Millisecond, make(map[string]string)
	if len(d.watches) > 0 {
		if err := d.tell(&wire.ClientFrame{Watch: &wire.Watch{UIDs: d.watches}}); err != nil {
			return err
		}
	}
	return d.welcomed(ctx, answer.Welcome)
}

// take is told of every frame, by the connection's reader.
func (l *link) take(_ *bench.Socket, data []byte) {
	f := new(wire.ServerFrame)
	if err := json.Unmarshal(data, f); err != nil {
		f = &wire.ServerFrame{Bye: &wire.Bye{Code: "not_json", Message: err.Error()}}
	}
	select {
	case l.inbox <- f:
	default: // the device finds a full inbox, and hangs up
	}
}

// ask sends a frame and returns what answers it. Everything else that comes meanwhile
// is taken in. No answer in time is the end of the connection.
func (d *device) ask(ctx context.Context, f *wire.ClientFrame) (*wire.ServerFrame, error) {
	d.lastID++
	f.ID = d.lastID
	if err := d.tell(f); err != nil {
		return nil, err
	}
	timer := time.NewTimer(answerTimeout)
	defer timer.Stop()
	for {
		got, err := d.next(ctx, timer.C)
		switch {
		case err != nil:
			return nil, err
		case got == nil:
			d.hangUp()
			return nil, fmt.Errorf("no answer in time: %w", errLost)
		case got.ID == f.ID:
			return got, nil
		}
	}
}

// tell sends a frame that wants no answer.
func (d *device) tell(f *wire.ClientFrame) error {
	if d.link == nil {
		return errLost
	}
	if err := d.link.sock.Send(f); err != nil {
		d.hangUp()
		return errLost
	}
	return nil
}

// next takes the next frame in and returns it; nil after timeout.
func (d *device) next(ctx context.Context, timeout <-chan time.Time) (*wire.ServerFrame, error) {
	l := d.link
	if l == nil {
		return nil, errLost
	}
	if len(l.inbox) == inboxFrames {
		d.hangUp()
		return nil, errLost
	}
	select {
	case f := <-l.inbox:
		return d.took(f)
	default:
	}
	select {
	case f := <-l.inbox:
		return d.took(f)
	case <-l.sock.Ended():
		select { // what was said before the end counts
		case f := <-l.inbox:
			return d.took(f)
		default:
			d.hangUp()
			return nil, errLost
		}
	case <-timeout:
		return nil, nil //nolint:nilnil // no frame came, and that is no error
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

func (d *device) took(f *wire.ServerFrame) (*wire.ServerFrame, error) {
	d.heard = time.Now()
	d.apply(f)
	if d.troubled && f.ID == 0 { // an answer is to one question
		d.repeat(f)
	}
	if f.Bye != nil {
		if f.Bye.Code == "token_expired" {
			d.token = "" // the next hello has a fresh one
		}
		d.hangUp()
		return nil, errLost
	}
	return f, nil
}

// repeat has some events come again: at once, and once more when others came in between.
// That is what a bus does that repeats and reorders.
func (d *device) repeat(f *wire.ServerFrame) {
	d.events++
	l := d.link
	if l == nil || d.events%repeatEvery != 0 {
		return
	}
	for _, again := range []*wire.ServerFrame{f, l.again} {
		if again != nil {
			d.repeated++
			d.apply(again)
		}
	}
	l.again = f
}

// listen takes in what comes for a while, says what has arrived, and fetches what is
// missing.
func (d *device) listen(ctx context.Context, while time.Duration) error {
	timer := time.NewTimer(while)
	defer timer.Stop()
	for {
		f, err := d.next(ctx, timer.C)
		if err != nil {
			return err
		}
		if f != nil {
			continue
		}
		if err := d.sayDelivered(); err != nil {
			return err
		}
		return d.catchUp(ctx)
	}
}
