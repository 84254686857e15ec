package testkit

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
)

// Private fails for each file and folder, dir included, that others than its owner may
// read or write.
func Private(dir string) error {
	var open []error
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := e.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 {
			open = append(open, fmt.Errorf("%s has mode %v, want nothing for group and others", path, info.Mode()))
		}
		return err
	})
	return errors.Join(append(open, err)...)
}
