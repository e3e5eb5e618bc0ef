package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// lockFolder makes a data folder this process's own until unlock is called. The
// operating system lets go of the lock however the process ends.
func lockFolder(dir string) (unlock func(), err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, folderFailure(dir, err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, folderFailure(dir, err)
	}
	if err := lockFile(f); err != nil {
		holder := make([]byte, 32)
		n, _ := f.ReadAt(holder, 0)
		f.Close()
		return nil, &failure{
			code: "locked", what: "data folder " + dir, why: fmt.Errorf("another ringfence (process %s) serves it", strings.TrimSpace(string(holder[:n]))),
			hint: "stop that one, or choose another folder with --data",
		}
	}
	err = errors.Join(f.Truncate(0), writePID(f))
	if err != nil {
		f.Close()
		return nil, folderFailure(dir, err)
	}
	return func() { f.Close() }, nil
}

func writePID(f *os.File) error {
	_, err := f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	return err
}

func folderFailure(dir string, err error) error {
	f := &failure{code: "data_folder", what: "data folder " + dir, why: err, hint: "choose one with --data"}
	if errors.Is(err, fs.ErrPermission) {
		f.hint = "make it writable for the user who runs the service, or choose another with --data"
	}
	return f
}
