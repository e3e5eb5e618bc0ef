//go:build !windows

package casefile

import (
	"errors"
	"os"
)

// syncFolder has a folder's names on disk when it returns.
func syncFolder(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
