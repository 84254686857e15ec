package hplog

import (
	"fmt"
	"io/fs"
	"syscall"
	"testing"
)

// What ends a run is that a good picture cannot be read now; what is wrong with a
// picture itself is noted of it.
func TestIsOurs(t *testing.T) {
	for err, want := range map[error]bool{
		&fs.PathError{Op: "open", Path: "a.jpg", Err: syscall.EACCES}: true,
		fmt.Errorf("read: %w", syscall.EIO):                           true,
		syscall.EMFILE:                                                true,
		fs.ErrNotExist:                                                false,
		errTooLarge:                                                   false,
		syscall.ENAMETOOLONG:                                          false,
	} {
		if got := isOurs(err); got != want {
			t.Errorf("%v: %v, want %v", err, got, want)
		}
	}
}
