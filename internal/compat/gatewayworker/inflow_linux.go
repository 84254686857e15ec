package gatewayworker

import "golang.org/x/sys/unix"

// unreadOf returns how much has come over a connection that is not read.
func unreadOf(fd int) int {
	n, err := unix.IoctlGetUint32(fd, unix.TIOCINQ)
	if err != nil {
		return 0
	}
	return int(n)
}
