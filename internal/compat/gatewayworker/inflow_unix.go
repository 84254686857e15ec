//go:build unix

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

// read is Read, in such a way that at any moment what has come is either still to be seen
// or known not to be carried out: mu is not given up between the two.
func (f *inflow) read(b []byte) (n int, err error) {
	waited := f.raw.Read(func(fd uintptr) (done bool) {
		f.mu.Lock()
		defer f.mu.Unlock()
		for {
			if n, err = syscall.Read(int(fd), b); !errors.Is(err, syscall.EINTR) {
				break
			}
		}
		if errors.Is(err, syscall.EAGAIN) {
			f.idle = true
			f.settled()
			return false
		}
		f.idle, f.empty = false, false
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

// pending reports whether something has come that is not read, be it the end; the caller
// holds mu.
func (f *inflow) pending() (yes bool) {
	err := f.raw.Control(func(fd uintptr) {
		poll := []unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}} //nolint:gosec // descriptors are small
		n, err := unix.Poll(poll, 0)
		yes = err == nil && n > 0
	})
	return err == nil && yes
}
