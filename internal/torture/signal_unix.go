//go:build unix

package torture

import (
	"os"
	"syscall"
)

// freezeProcess stops a process, or lets it go on.
func freezeProcess(p *os.Process, on bool) error {
	if on {
		return p.Signal(syscall.SIGSTOP)
	}
	return p.Signal(syscall.SIGCONT)
}

// terminateProcess asks a process to end.
func terminateProcess(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
