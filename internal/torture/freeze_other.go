//go:build !unix

package torture

import "os"

// freezeProcess does nothing: here, processes cannot be stopped.
func freezeProcess(*os.Process, bool) error { return nil }
