package gatewayworker

import (
	"bytes"
	"errors"
	"slices"

	"haggle/internal/compat/gatewayworker/phpvalue"
)

// Why PHP's words about a socket are not kept.
var (
	errSessionSize = errors.New("a session is larger than one may be, or all of them together are")
	errNotArray    = errors.New("a session is an array")
	errName        = errors.New("the name is empty, or too long")
	errGroups      = errors.New("a socket is in as many groups as it may be")
)

// change carries out a command that changes what PHP knows of sockets, and reports
// whether m is one. What is not taken changes nothing.
func (g *Gate) change(m *packet) bool {
	var err error
	switch m.command {
	case cmdBindUID:
		if err = checkName(m.ext); err == nil {
			g.table.bind(m.connection, string(m.ext))
		}
	case cmdUnbindUID:
		g.table.bind(m.connection, "")
	case cmdJoinGroup:
		if err = checkName(m.ext); err == nil && !g.table.join(m.connection, string(m.ext)) {
			err = errGroups
		}
	case cmdLeaveGroup:
		g.table.leave(m.connection, string(m.ext))
	case cmdUngroup:
		g.table.ungroup(string(m.ext))
	case cmdSetSession:
		err = g.table.setSession(m.connection, func([]byte) ([]byte, error) { return sessionOf(m.ext) })
	case cmdUpdateSession:
		err = g.table.setSession(m.connection, func(old []byte) ([]byte, error) { return mergeSessions(old, m.ext) })
	default:
		return false
	}
	if err != nil {
		g.malformed(m, err)
	}
	return true
}

// checkName refuses what PHP calls empty, and what is too long to keep.
func checkName(name []byte) error {
	if s := string(name); s == "" || s == "0" || len(s) > maxName {
		return errName
	}
	return nil
}

// sessionOf returns a session as PHP has sent it, if it is one.
func sessionOf(data []byte) ([]byte, error) {
	if len(data) == 0 {
		return nil, nil
	}
	if _, err := readSession(data); err != nil {
		return nil, err
	}
	return bytes.Clone(data), nil // without the packet that it came in
}

func readSession(data []byte) (*phpvalue.Array, error) {
	if len(data) > maxSession {
		return nil, errSessionSize
	}
	v, err := phpvalue.Read(data)
	if err != nil {
		return nil, err
	}
	a, ok := v.(*phpvalue.Array)
	if !ok {
		return nil, errNotArray
	}
	return a, nil
}

// mergeSessions returns old with by in it, as PHP's array_replace_recursive has it.
func mergeSessions(old, by []byte) ([]byte, error) {
	if len(old) == 0 || len(by) == 0 {
		return sessionOf(slices.Concat(old, by))
	}
	changed, err := readSession(by)
	if err != nil {
		return nil, err
	}
	session, err := readSession(old)
	if err != nil {
		return nil, err
	}
	session.Replace(changed)
	return phpvalue.Append(nil, session), nil
}
