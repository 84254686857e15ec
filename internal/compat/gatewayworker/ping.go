package gatewayworker

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"

	"github.com/go-json-experiment/json/jsontext"
)

// typePing is the type of what a page answers with a pong, whoever it comes from.
const typePing = "ping"

// pingsIn counts the frames in a push that a page may answer with a pong. It is not sure
// where frames do not begin and end with the push: then nobody knows what the page makes
// of it, and of what comes after.
func pingsIn(p Push) (n int, sure bool) {
	if !p.Raw {
		return isPing(p.Data), true
	}
	rest := p.Data
	for len(rest) > 0 {
		op, body, after, ok := cutFrame(rest)
		if !ok {
			return n, false
		}
		if rest = after; op == opText {
			n += isPing(body)
		}
	}
	return n, true
}

const (
	// firstAndLast begins the first byte of a frame that is all of its message, and not
	// compressed.
	firstAndLast = 0x80

	opContinuation = 0
	opText         = 1
)

// cutFrame takes the first frame from raw bytes, if there is one, all of a message and as
// a server has to write it.
func cutFrame(b []byte) (op byte, body, rest []byte, ok bool) {
	if len(b) < 2 || b[0]&0xf0 != firstAndLast || b[1]&0x80 != 0 {
		return 0, nil, nil, false
	}
	op = b[0] & 0x0f
	if op == opContinuation {
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
