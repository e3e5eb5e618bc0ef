package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// lockFile locks a byte far behind what the file holds, so that others can read
// who has it.
func lockFile(f *os.File) error {
	at := &windows.Overlapped{Offset: 1 << 20}
	return windows.LockFileEx(windows.Handle(f.Fd()), windows.LOCKFILE_EXCLUSIVE_LOCK|windows.LOCKFILE_FAIL_IMMEDIATELY, 0, 1, 0, at)
}
