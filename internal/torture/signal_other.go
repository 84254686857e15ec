//go:build !unix

package torture

import "os"

// freezeProcess does nothing: here, processes cannot be stopped.
func freezeProcess(*os.Process, bool) error { return nil }

// terminateProcess ends a process: there is no asking here.
func terminateProcess(p *os.Process) error { return p.Kill() }
