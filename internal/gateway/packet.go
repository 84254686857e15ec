package gateway

import (
	"encoding/binary"

	"haggle/internal/wire"
)

// The opcodes of WebSocket (RFC 6455, section 5.2), and the bit in the same byte
// that says that a message ends with this frame.
const (
	opContinuation = 0
	opText         = 1
	opBinary       = 2
	opClose        = 8
	opPing         = 9
	opPong         = 10

	finalBit = 0x80
)

// packet is what goes to a client at once: a frame of the protocol's, or one of
// WebSocket's own. The payload may be shared by many sessions and is never
// written to.
type packet struct {
	op      byte
	payload []byte
}

// text encodes a frame.
func text(f *wire.ServerFrame) (packet, error) {
	data, err := wire.Encode(f)
	return packet{opText, data}, err
}

// appendTo appends p as it goes over a WebSocket. A server does not mask.
func (p packet) appendTo(buf []byte) []byte {
	buf = append(buf, finalBit|p.op)
	switch n := len(p.payload); {
	case n < 126:
		buf = append(buf, byte(n))
	case n < 1<<16:
		buf = append(buf, 126)
		buf = binary.BigEndian.AppendUint16(buf, uint16(n))
	default:
		buf = append(buf, 127)
		buf = binary.BigEndian.AppendUint64(buf, uint64(n))
	}
	return append(buf, p.payload...)
}

// closing is the close frame that follows a bye; its reason repeats the bye's
// code for a client that only sees this one.
func closing(status uint16, reason string) packet {
	payload := binary.BigEndian.AppendUint16(nil, status)
	return packet{opClose, append(payload, reason...)}
}
