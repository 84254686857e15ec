//go:build linux || darwin || dragonfly || freebsd || netbsd || openbsd

package gatewayworker

import (
	"errors"
	"io"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// canLook says that it can be seen what has come over a connection before it is read.
const canLook = true

// receive is Read, in such a way that at any moment what has come is either still to be
// seen or counted: mu is not given up between the two.
func (f *inflow) receive(b []byte) (n int, err error) {
	waited := f.raw.Read(func(fd uintptr) (done bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for {
			if n, err = syscall.Read(int(fd), b); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if errors.Is(err, syscall.EAGAIN) {
			f.waiting()
			return false
		}
		f.received(n)
		return true
	})
	switch {
	case waited != nil:
		return 0, waited
	case err != nil:
		return 0, os.NewSyscallError("read", err)
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// unread returns how much has come that is not read; the caller holds mu.
func (f *inflow) unread() (n int) {
	err := f.raw.Control(func(fd uintptr) { n = unreadOf(int(fd)) })
	if err != nil { // it is closed
		return 0
	}
	return n
}

// anyUnread tells of which flows the kernel may have something that is not read. A
// descriptor that is closed by now, or another connection's, is no harm: over the one
// that it was nothing comes any more, and the other is asked for its own.
func anyUnread(flows []*inflow) []bool {
	unread := make([]bool, len(flows))
	polls := make([]unix.PollFd, len(flows))
	for i, f := range flows {
		polls[i] = unix.PollFd{Fd: int32(f.fd), Events: unix.POLLIN} //nolint:gosec // descriptors are small
	}
	_, err := unix.Poll(polls, 0)
	for i := range polls {
		unread[i] = err != nil || polls[i].Revents != 0 // it could not be asked of all at once
	}
	return unread
}
