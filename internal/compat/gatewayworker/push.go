package gatewayworker

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"haggle/internal/chat"
	"haggle/internal/compat/gatewayworker/phpvalue"
)

// push carries out a command that sends something, or ends a socket, and reports whether
// m is one.
func (g *Gate) push(m *packet) bool {
	switch m.command {
	case cmdSendToOne:
		g.send(m, func() (iter.Seq[*Conn], error) { return slices.Values(g.one(m.connection)), nil })
	case cmdSendToAll:
		g.send(m, func() (iter.Seq[*Conn], error) { return g.chosen(m.ext) })
	case cmdSendToUID:
		g.sendToUID(m)
	case cmdSendToGroup:
		g.send(m, func() (iter.Seq[*Conn], error) { return g.members(m.ext) })
	case cmdKick:
		g.kick(m)
	case cmdDestroy:
		for _, c := range g.one(m.connection) {
			c.Close()
			c.client.Destroy()
		}
	default:
		return false
	}
	return true
}

func (g *Gate) one(number uint32) []*Conn {
	if c := g.table.find(number); c != nil {
		return []*Conn{c}
	}
	return nil
}

// send pushes a packet's body to the sockets that to returns.
func (g *Gate) send(m *packet, to func() (iter.Seq[*Conn], error)) {
	p, ok, err := pushOf(m)
	if err == nil && ok {
		var conns iter.Seq[*Conn]
		if conns, err = to(); err == nil {
			g.deliver(conns, p)
		}
	}
	if err != nil {
		g.malformed(m, err)
	}
}

// deliver hands p to sockets. What is to be known of it is worked out once for all of them:
// it may be large, and each has its lock to take.
func (g *Gate) deliver(conns iter.Seq[*Conn], p Push) {
	p.Pings, p.Sure = pingsIn(p)
	for c := range conns {
		if c.client.Push(p) {
			g.stats.pushes.WithLabelValues(queued).Inc()
			continue
		}
		g.stats.pushes.WithLabelValues(dropped).Inc()
		g.complain.about("a page does not read what PHP pushes: what is more is dropped", "client_id", c.ID())
	}
}

// malformed notes a packet that cannot be carried out.
func (g *Gate) malformed(m *packet, err error) {
	g.stats.refused.WithLabelValues("malformed").Inc()
	g.complain.about("a packet of PHP's is passed over", "command", m.command, "err", err)
}

// beside is how much of its packet a push may keep in memory with it: about as much as it
// takes itself, beside its data.
const beside = 64

// pushOf returns what a packet pushes; ok is false for PHP's null, which is nothing.
func pushOf(m *packet) (p Push, ok bool, err error) {
	p = Push{Data: m.body, Raw: m.flag&flagRaw != 0}
	if m.flag&flagScalar != 0 {
		if len(m.ext) > beside { // it waits for pages that do not read, and only its data counts
			p.Data = bytes.Clone(m.body)
		}
		return p, true, checkText(p)
	}
	v, err := phpvalue.Read(m.body)
	if err != nil || v == nil {
		return p, false, err
	}
	if s, isText := v.(string); isText {
		p.Data = []byte(s)
	} else if p.Data, err = phpvalue.JSON(v); err != nil {
		return p, false, err
	}
	return p, true, checkText(p)
}

var errText = errors.New("a text frame is UTF-8: a browser would close its socket")

func checkText(p Push) error {
	if p.Raw || utf8.Valid(p.Data) {
		return nil
	}
	return errText
}

// chosen returns whom sendToAll means: everybody, those listed, or all but those listed.
func (g *Gate) chosen(ext []byte) (iter.Seq[*Conn], error) {
	if len(ext) == 0 {
		return slices.Values(g.table.all()), nil
	}
	var who struct {
		Connections *numbers `json:"connections"`
		Exclude     numbers  `json:"exclude"`
	}
	if err := json.Unmarshal(ext, &who); err != nil {
		return nil, err
	}
	if who.Connections == nil {
		return slices.Values(without(g.table.all(), who.Exclude)), nil
	}
	var conns []*Conn
	for _, n := range *who.Connections {
		conns = append(conns, g.one(n)...)
	}
	return slices.Values(conns), nil
}

// members returns who is in the groups: twice who is in two of them, as GatewayWorker
// does.
func (g *Gate) members(ext []byte) (iter.Seq[*Conn], error) {
	var who struct {
		Group   names   `json:"group"`
		Exclude numbers `json:"exclude"`
	}
	if err := json.Unmarshal(ext, &who); err != nil {
		return nil, err
	}
	return ofEach(who.Group, func(group string) []*Conn { return without(g.table.ofGroup(group), who.Exclude) }), nil
}

// ofEach goes through the sockets of each name, one name at a time: a packet has room for
// millions of names.
func ofEach(list names, of func(name string) []*Conn) iter.Seq[*Conn] {
	return func(yield func(*Conn) bool) {
		for _, name := range list {
			for _, c := range of(name) {
				if !yield(c) {
					return
				}
			}
		}
	}
}

func without(conns []*Conn, numbers []uint32) []*Conn {
	if len(numbers) == 0 {
		return conns
	}
	return slices.DeleteFunc(conns, func(c *Conn) bool {
		_, found := slices.BinarySearch(numbers, c.number)
		return found
	})
}

// sendToUID reaches the sockets that are bound to the uids, and their sessions of our own
// protocol.
func (g *Gate) sendToUID(m *packet) {
	var uids names
	if err := json.Unmarshal(m.ext, &uids); err != nil {
		g.malformed(m, err)
		return
	}
	g.send(m, func() (iter.Seq[*Conn], error) { return ofEach(uids, g.table.ofUID), nil })
	if g.opts.Native == nil {
		return
	}
	p, ok, err := pushOf(m)
	if err != nil || !ok || p.Raw { // a frame of another connection's means nothing in ours
		return
	}
	payload, err := g.payloadOf(p.Data)
	if err != nil {
		g.malformed(m, err)
		return
	}
	for _, uid := range uids {
		if id, err := chat.ParseUID(uid); err == nil {
			g.opts.Native(id, payload)
		}
	}
}

var errPayload = errors.New("this is too long for sessions of Haggle's own protocol")

// payloadOf returns what PHP pushed as JSON: as it is if it is JSON, else as a string.
func (g *Gate) payloadOf(data []byte) (payload []byte, err error) {
	if len(data) > g.opts.NativeBytes {
		return nil, errPayload
	}
	if jsontext.Value(data).IsValid() {
		payload = bytes.TrimSpace(data)
	} else {
		payload, err = jsontext.AppendQuote(nil, data)
	}
	if err == nil && len(payload) > g.opts.NativeBytes {
		err = fmt.Errorf("%w: %d bytes, and the most are %d", errPayload, len(payload), g.opts.NativeBytes)
	}
	return payload, err
}

// kick ends a socket, after a last word if there is one. The page may take a while to read
// that; for PHP it is gone.
func (g *Gate) kick(m *packet) {
	p, ok, err := pushOf(m)
	if err != nil {
		g.malformed(m, err)
	}
	for _, c := range g.one(m.connection) {
		if ok && err == nil {
			g.deliver(slices.Values([]*Conn{c}), p)
		}
		c.Close()
		c.client.Kick()
	}
}
