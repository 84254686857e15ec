package gatewayworker

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"sync"
	"time"
)

const (
	// maxLine bounds what the Register is told at once.
	maxLine = 64 << 10

	// lineWithin is how long the first line may take.
	lineWithin = 10 * time.Second

	// roleWithin is how long somebody may stay who has said something and not yet who it
	// is.
	roleWithin = time.Minute

	// shownBytes is how much of what is no request its sender is shown.
	shownBytes = 256
)

// register knows where PHP finds the nodes, and tells whoever asks.
type register struct {
	gate *Gate

	mu    sync.Mutex
	nodes []string             // of the other nodes; guarded by mu
	gates map[*outbox]string   // of gateways that have come by themselves; guarded by mu
	told  map[*outbox]struct{} // who is told of changes; guarded by mu
}

func newRegister(g *Gate) *register {
	return &register{gate: g, gates: make(map[*outbox]string), told: make(map[*outbox]struct{})}
}

// setNodes takes the inner addresses of the other nodes.
func (r *register) setNodes(addresses []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.nodes = slices.Clone(addresses)
	r.broadcast()
}

// addresses is the line that says where the nodes are; the caller holds mu.
func (r *register) addresses() []byte {
	list := append([]string{r.gate.Address()}, r.nodes...)
	for _, address := range r.gates {
		list = append(list, address)
	}
	slices.Sort(list)
	line, err := json.Marshal(struct {
		Event     string   `json:"event"`
		Addresses []string `json:"addresses"`
	}{"broadcast_addresses", slices.Compact(list)})
	if err != nil { // strings always can be
		return nil
	}
	return append(line, '\n')
}

// broadcast tells all who want to know; the caller holds mu. Who does not read is let go,
// and comes again.
func (r *register) broadcast() {
	line := r.addresses()
	for out := range r.told {
		if out.offer(line) == full {
			out.close()
		}
	}
}

// errGoodbye ends a connection to the Register without a word, here or there.
var errGoodbye = errors.New("goodbye")

// talk answers the lines of a connection until it ends.
func (r *register) talk(ctx context.Context, v *visit) {
	conn, out := v.conn, newOutbox(v.conn, v.running)
	in := bufio.NewReaderSize(conn, inBuffer)
	began := time.Now()
	defer r.forget(out)
	var err error
	for within := lineWithin; err == nil; within = roleWithin {
		until := began.Add(within)
		if within != lineWithin && r.knows(out) {
			until = time.Time{}
		}
		if err = conn.SetReadDeadline(until); err != nil {
			break
		}
		var line []byte
		if line, err = readLine(in); err == nil {
			err = r.take(ctx, v, out, line)
		}
	}
	switch {
	case errors.Is(err, errSize):
		r.gate.refuse("size", err, ipOf(conn))
	case errors.Is(err, errSecret):
		r.gate.refuse("secret", err, ipOf(conn))
	case errors.Is(err, os.ErrDeadlineExceeded):
		r.gate.refuse("silent", err, ipOf(conn))
	}
	out.end()
}

// readLine returns the next line without its end.
func readLine(in *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := in.ReadSlice('\n')
		if len(line)+len(part) > maxLine {
			return nil, fmt.Errorf("%w: a line has more than %d bytes", errSize, maxLine)
		}
		line = append(line, part...)
		switch {
		case err == nil:
			return bytes.TrimSuffix(line[:len(line)-1], []byte("\r")), nil
		case !errors.Is(err, bufio.ErrBufferFull):
			return nil, err
		}
	}
}

// request is a line that the Register is told.
type request struct {
	Event     any    `json:"event"`
	Address   string `json:"address"`
	SecretKey word   `json:"secret_key"`
}

// take carries out a line; an error ends its connection.
func (r *register) take(ctx context.Context, v *visit, out *outbox, line []byte) error {
	var q request
	if err := json.Unmarshal(line, &q); err != nil || q.Event == nil || q.Event == "" {
		return r.reject(v.conn, out, line)
	}
	switch {
	case q.Event == "ping":
		return nil
	case q.Event != "gateway_connect" && q.Event != "worker_connect":
		return errGoodbye
	case !r.gate.secret.is(q.SecretKey):
		return errSecret
	case q.Event == "worker_connect":
		v.known()
		r.mu.Lock()
		defer r.mu.Unlock()
		r.told[out] = struct{}{}
		if out.offer(r.addresses()) == full {
			return errGoodbye
		}
		return nil
	case q.Address == "":
		return errGoodbye
	case len(q.Address) > maxName:
		return fmt.Errorf("%w: an address has %d bytes, and the most are %d", errSize, len(q.Address), maxName)
	}
	v.known()
	r.gate.opts.Log.InfoContext(ctx, "a gateway is at the Register of PHP's", "address", q.Address)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.gates[out] = q.Address
	r.broadcast()
	return nil
}

// reject tells what is no request what it is, as PHP's Register does.
func (r *register) reject(conn net.Conn, out *outbox, line []byte) error {
	ip := ipOf(conn)
	out.send(fmt.Appendf(nil, "Bad request for Register service. Request info(IP:%s, Request Buffer:%s). See docs/migrate-from-php.md of Haggle\n",
		ip, bytes.ToValidUTF8(line[:min(len(line), shownBytes)], []byte("?"))))
	r.gate.refuse("line", errors.New("no JSON, or no event in it"), ip)
	return io.EOF
}

func (r *register) knows(out *outbox) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	_, gate := r.gates[out]
	_, told := r.told[out]
	return gate || told
}

// forget takes away what a connection has said, now that it ends.
func (r *register) forget(out *outbox) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.told, out)
	if _, ok := r.gates[out]; ok {
		delete(r.gates, out)
		r.broadcast()
	}
}
