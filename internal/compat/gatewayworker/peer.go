package gatewayworker

import (
	"bufio"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

const (
	// strangerWithin is how long who has to prove itself may take for all of that.
	strangerWithin = 10 * time.Second

	// packetWithin is how long a packet of anybody else's may take that has begun.
	packetWithin = 30 * time.Second

	inBuffer = 4 << 10
)

// errSecret says that somebody does not know the secret.
var errSecret = errors.New("the secret is another one, or missing")

// peer is a connection to the inner protocol: PHP's for one call, or a worker's.
type peer struct {
	*visit

	gate *Gate
	in   *bufio.Reader // of its flow
	out  *outbox
	ip   string
	came time.Time

	proven bool   // its reader's
	begun  bool   // it has sent a packet; its reader's
	name   string // that it calls itself by as a worker; its reader's

	key     string // of a worker; guarded by the workers' mu
	sockets int    // that it is told of; guarded by the workers' mu
}

// talk carries out what comes over a connection, in order, until it ends. What came
// before its end is carried out. The first command is at its turn.
func (g *Gate) talk(ctx context.Context, v *visit) {
	ip := ipOf(v.conn)
	p := &peer{
		visit: v, gate: g, in: bufio.NewReaderSize(v.flow, inBuffer), out: newOutbox(v.conn, v.running),
		ip: ip, came: time.Now(), proven: !g.secret.set,
	}
	err := p.listen(ctx)
	switch {
	case errors.Is(err, errSize):
		g.refuse("size", err, ip)
	case errors.Is(err, errPacket):
		g.refuse("packet", err, ip)
	case errors.Is(err, errSecret):
		g.refuse("secret", err, ip)
	case errors.Is(err, os.ErrDeadlineExceeded):
		g.refuse("slow", err, ip)
	}
	if errors.Is(err, io.EOF) {
		p.out.end() // it may still read
		return
	}
	p.out.close()
}

// listen carries out what comes until nothing does. By then nobody waits for it, or tells
// it anything: what it has yet to read is no reason to.
func (p *peer) listen(ctx context.Context) (err error) {
	g := p.gate
	if p.proven {
		g.peers.add(p)
	}
	defer func() {
		p.turn.end()
		p.flow.end()
		g.peers.remove(p)
		g.workers.remove(p)
	}()
	for err == nil {
		err = p.step(ctx)
	}
	return err
}

// ipOf returns the address of the other end, without its port.
func ipOf(conn net.Conn) string {
	addr := conn.RemoteAddr().String()
	if ip, _, err := net.SplitHostPort(addr); err == nil {
		return ip
	}
	return addr
}

// refuse notes why a connection is closed.
func (g *Gate) refuse(reason string, err error, ip string) {
	g.stats.refused.WithLabelValues(reason).Inc()
	g.complain.aboutKind("closed: "+reason, "a connection of PHP's is closed", "address", ip, "reason", reason, "err", err)
}

// step takes one packet and carries it out.
func (p *peer) step(ctx context.Context) error {
	size, err := p.await()
	if err != nil {
		return err
	}
	limit := maxPacket
	if !p.proven {
		limit = maxStranger
	}
	if size > chunk && size <= int64(limit) {
		if err := p.makeRoom(ctx, size); err != nil {
			return err
		}
		defer p.gate.large.Release(size)
	}
	m, err := readPacket(p.in, limit)
	if err != nil {
		return err
	}
	if err := p.check(&m); err != nil {
		return err
	}
	p.turn.await(ctx)
	first := !p.begun
	if p.begun = true; first {
		p.follow(ctx)
	}
	if first && m.command == cmdGatewayClientConnect { // a command comes along with it
		defer p.turn.more()
	} else {
		defer p.turn.end()
	}
	p.carryOut(ctx, &m)
	p.carried()
	return nil
}

// carried has nobody wait any more for what it has said so far.
func (p *peer) carried() { p.flow.carried(p.in.Buffered()) }

// follow waits until what has come by now over the earlier connections of its address is
// carried out: a BusinessWorker says bindUid over the one that it keeps, and asks over
// another. Where it has waited in vain, that is noted, once for however many of them; but
// not where all ends.
func (p *peer) follow(ctx context.Context) {
	list := marks(p.gate.peers.before(p))
	if len(list) == 0 {
		return
	}
	within, cancel := context.WithTimeout(ctx, followWithin)
	defer cancel()
	vain := false
	for _, m := range list {
		vain = !m.await(within) || vain
	}
	if vain && ctx.Err() == nil {
		p.gate.passBy(keptFlow, p.ip)
	}
}

// passBy notes that somebody at an address waits no longer for what came before it.
func (g *Gate) passBy(what, ip string) {
	g.stats.passedBy.WithLabelValues(what).Inc()
	g.complain.aboutKind("passed by: "+what, "what PHP says waits no longer for what came before it: their order may be lost", "address", ip, "waited_for", what)
}

// makeRoom waits until there is room for a large packet. Others do not wait for that, which
// is noted.
func (p *peer) makeRoom(ctx context.Context, size int64) error {
	if p.gate.large.TryAcquire(size) {
		return nil
	}
	if p.turn.end() {
		p.gate.passBy(firstPacket, p.ip)
	}
	ctx, cancel := context.WithTimeout(ctx, packetWithin)
	defer cancel()
	if err := p.gate.large.Acquire(ctx, size); err != nil {
		return os.ErrDeadlineExceeded
	}
	return nil
}

// await waits for a packet to begin and returns what it says that its length is.
func (p *peer) await() (int64, error) {
	if p.in.Buffered() == 0 {
		if err := p.hasUntil(time.Time{}); err != nil { // who may be here may stay
			return 0, err
		}
		if _, err := p.in.Peek(1); err != nil {
			return 0, err
		}
	}
	if size, ok := p.length(); ok && int64(p.in.Buffered()) >= size {
		return size, nil
	}
	if err := p.hasUntil(time.Now().Add(packetWithin)); err != nil {
		return 0, err
	}
	if _, err := p.in.Peek(4); err != nil {
		return 0, whole(err)
	}
	size, _ := p.length()
	return size, nil
}

// hasUntil gives the connection time for what it is to say, and a stranger the time that
// strangers have.
func (p *peer) hasUntil(t time.Time) error {
	if !p.proven {
		t = p.came.Add(strangerWithin)
	}
	return p.conn.SetReadDeadline(t)
}

// length is what the packet that has begun says of itself, once that has come.
func (p *peer) length() (int64, bool) {
	if p.in.Buffered() < 4 {
		return 0, false
	}
	head, err := p.in.Peek(4)
	if err != nil {
		return 0, false
	}
	return int64(binary.BigEndian.Uint32(head)), true
}

// carryOut does what a packet says, and has the answer written if there is one.
func (p *peer) carryOut(ctx context.Context, m *packet) {
	g := p.gate
	switch m.command {
	case cmdWorkerConnect:
		g.counted(m)
		g.hire(ctx, p, p.name)
		return
	case cmdGatewayClientConnect, cmdPing:
		g.counted(m)
		return
	}
	if g.push(m) || g.change(m) {
		g.counted(m)
		return
	}
	p.turn.end() // who asks waits for the answer before it says more
	p.carried()
	if answer, ok := g.answer(m); ok {
		g.counted(m)
		p.out.send(answer)
		return
	}
	g.stats.commands.WithLabelValues("0").Inc()
	g.complain.about("an unknown command is passed over", "command", m.command, "address", p.ip)
}

func (g *Gate) counted(m *packet) {
	g.stats.commands.WithLabelValues(strconv.Itoa(int(m.command))).Inc()
}

// check takes the word of a worker or of PHP, before its turn: with it, it is no stranger.
// Nobody else gets further.
func (p *peer) check(m *packet) error {
	if m.command != cmdWorkerConnect && m.command != cmdGatewayClientConnect {
		if !p.proven {
			return errSecret
		}
		return nil
	}
	var who struct {
		WorkerKey string `json:"worker_key"`
		SecretKey word   `json:"secret_key"`
	}
	if err := json.Unmarshal(m.body, &who); err != nil && p.gate.secret.set || !p.gate.secret.is(who.SecretKey) {
		return errSecret
	}
	p.name = cut(who.WorkerKey)
	if !p.proven {
		p.proven = true
		p.known()
		p.gate.peers.add(p)
	}
	return nil
}

// cut bounds a name that is only shown and compared.
func cut(s string) string { return strings.Clone(s[:min(len(s), maxName)]) }
