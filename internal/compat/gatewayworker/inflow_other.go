//go:build !(linux || darwin || dragonfly || freebsd || netbsd || openbsd)

package gatewayworker

// canLook says that it cannot be seen what has come over a connection before it is read.
const canLook = false

func (f *inflow) receive(b []byte) (int, error) { return f.conn.Read(b) }

func (f *inflow) unread() int { return 0 }

func anyUnread(flows []*inflow) []bool { return make([]bool, len(flows)) }
