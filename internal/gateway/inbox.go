package gateway

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
)

// violation is what a client did against RFC 6455, or against our limits, as the
// status that the connection ends with.
type violation uint16

// Error implements error.
func (v violation) Error() string { return fmt.Sprintf("websocket: status %d", uint16(v)) }

// frame is one WebSocket frame of a client's. Its payload is part of the bytes it
// was cut from.
type frame struct {
	final   bool
	op      byte
	payload []byte
}

func (f *frame) isControl() bool { return f.op >= 8 }

// cutFrame reads the frame that data begins with, and takes the mask off it in
// place. Its size is 0 while data holds only a part of it.
func cutFrame(data []byte, limit int) (f frame, size int, err error) {
	if len(data) < 2 {
		return frame{}, 0, nil
	}
	const masked, reserved = 0x80, 0x70
	f = frame{final: data[0]&finalBit != 0, op: data[0] & 0x0f}
	n, head := uint64(data[1]&^masked), 2
	switch {
	case data[0]&reserved != 0, // no extension was agreed upon
		data[1]&masked == 0, // only a server may leave the mask out
		f.op&7 > 2,          // not one that RFC 6455 knows
		f.isControl() && (!f.final || n > 125):
		return frame{}, 0, violation(statusProtocol)
	case n == 126:
		head = 4
	case n == 127:
		head = 10
	}
	if len(data) < head {
		return frame{}, 0, nil
	}
	switch head {
	case 4:
		n = uint64(binary.BigEndian.Uint16(data[2:]))
	case 10:
		n = binary.BigEndian.Uint64(data[2:])
	}
	if n > uint64(limit) { //nolint:gosec // a limit is above 0
		return frame{}, 0, violation(statusTooLarge)
	}
	head += 4
	size = head + int(n) //nolint:gosec // at most the limit
	if len(data) < size {
		return frame{}, 0, nil
	}
	f.payload = data[head:size]
	unmask(f.payload, [4]byte(data[head-4:]))
	return f, size, nil
}

// unmask works eight bytes at a time, as every byte that comes in goes through it.
func unmask(data []byte, key [4]byte) {
	wide := uint64(binary.LittleEndian.Uint32(key[:]))
	wide |= wide << 32
	for len(data) >= 8 {
		binary.LittleEndian.PutUint64(data, binary.LittleEndian.Uint64(data)^wide)
		data = data[8:]
	}
	for i := range data {
		data[i] ^= key[i&3]
	}
}

// inbox makes messages out of the bytes of one client. It keeps what is not
// complete yet and nothing else, so that it is empty while the client is idle.
type inbox struct {
	tail    []byte // the beginning of a frame
	message []byte // the first pieces of a message
	op      byte   // of that message; 0: none is under way
}

// take calls each with what data completes, in order: messages, which may be as
// long as limit, and control frames. What each gets is gone when it returns; its
// error ends the taking. All other errors are violations.
func (in *inbox) take(data []byte, limit int, each func(op byte, payload []byte) error) error {
	if len(in.tail) > 0 {
		in.tail = append(in.tail, data...)
		data = in.tail
	}
	for {
		f, size, err := cutFrame(data, limit)
		if err != nil {
			return err
		}
		if size == 0 {
			in.keep(data)
			return nil
		}
		data = data[size:]
		whole, err := in.join(&f, limit)
		if err != nil {
			return err
		}
		if !whole {
			continue
		}
		if err := each(f.op, f.payload); err != nil {
			return err
		}
	}
}

// keep keeps the beginning of a frame, as long as what has come of it and not as
// what it announces.
func (in *inbox) keep(data []byte) {
	switch {
	case len(data) == 0:
		in.tail = nil
	case len(data) != len(in.tail): // else it is the tail
		in.tail = slices.Clone(data)
	}
}

// join puts a message that comes in pieces together, and reports whether f is
// whole now.
func (in *inbox) join(f *frame, limit int) (whole bool, err error) {
	switch {
	case f.isControl():
		return true, nil // these come between the pieces of others
	case (f.op == opContinuation) != (in.op != 0):
		return false, violation(statusProtocol)
	case f.final && in.op == 0:
		return true, nil
	case len(in.message)+len(f.payload) > limit:
		return false, violation(statusTooLarge)
	}
	if in.op == 0 {
		in.op = f.op
	}
	in.message = append(in.message, f.payload...)
	if !f.final {
		return false, nil
	}
	f.op, f.payload = in.op, in.message
	in.op, in.message = 0, nil
	return true, nil
}

// checkClose checks the payload of a close frame.
func checkClose(payload []byte) error {
	if len(payload) == 0 {
		return nil
	}
	if len(payload) == 1 {
		return violation(statusProtocol)
	}
	switch status := binary.BigEndian.Uint16(payload); {
	case status < 1000, status == 1004, status == 1005, status == 1006, 1014 <= status && status < 3000, status >= 5000:
		return violation(statusProtocol)
	}
	return nil
}

// pongTo is the answer to a ping, whose payload is not ours to keep.
func pongTo(payload []byte) packet { return packet{opPong, bytes.Clone(payload)} }
