//go:build darwin || dragonfly || freebsd || netbsd || openbsd

package gatewayworker

import "golang.org/x/sys/unix"

// fionread is FIONREAD, of which x/sys has the name nowhere.
const fionread = 0x4004667f

// unreadOf returns how much has come over a connection that is not read.
func unreadOf(fd int) int {
	n, err := unix.IoctlGetInt(fd, fionread)
	if err != nil {
		return 0
	}
	return n
}
