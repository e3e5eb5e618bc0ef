//go:build !windows

package post

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// freeSpace is what this user may still write on the disk of a folder, in
// bytes.
func freeSpace(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("free space of %s: %w", folder, err)
	}
	return uint64(s.Bavail) * uint64(s.Bsize), nil
}
