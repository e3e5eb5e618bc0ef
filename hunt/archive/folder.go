package archive

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

// folder is a place on a local disk.
type folder string

// write has the file on disk, whole, when it returns.
func (f folder) write(_ context.Context, name string, content []byte) error {
	path := f.path(name)
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	if err := writeFile(path, content); err != nil {
		return err
	}
	// The names of the folders above are new, too, with the first file of an hour.
	for dir := filepath.Dir(filepath.Dir(path)); len(dir) >= len(filepath.Dir(string(f))); dir = filepath.Dir(dir) {
		if err := syncFolder(dir); err != nil || dir == filepath.Dir(dir) {
			return err
		}
	}
	return nil
}

// leftover begins the names of files that are being written.
const leftover = ".new-"

func (f folder) open(_ context.Context, name string) (io.ReadCloser, error) {
	return os.Open(f.path(name))
}

func (f folder) list(_ context.Context, visit func(name string, bytes int64) error) error {
	err := filepath.WalkDir(string(f), func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil // deleted meanwhile
		}
		if err != nil {
			return err
		}
		name, err := filepath.Rel(string(f), path)
		if err != nil {
			return err
		}
		return visit(filepath.ToSlash(name), info.Size())
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil // nothing was written yet
	}
	return err
}

// remove deletes a file, and the folders that are empty then.
func (f folder) remove(_ context.Context, name string) error {
	path := f.path(name)
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dir := filepath.Dir(path)
	for range strings.Count(name, "/") {
		if os.Remove(dir) != nil { // is not empty
			break
		}
		dir = filepath.Dir(dir)
	}
	return syncFolder(dir)
}

// sweep deletes what a crash left half written before a time.
func (f folder) sweep(before time.Time) error {
	return filepath.WalkDir(string(f), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil || !d.Type().IsRegular() || !strings.HasPrefix(d.Name(), leftover) {
			return err
		}
		if info, err := d.Info(); err != nil || info.ModTime().After(before) {
			return nil
		}
		if err := os.Remove(path); err != nil {
			return fmt.Errorf("what a crash left: %w", err)
		}
		return nil
	})
}

func (f folder) path(name string) string { return filepath.Join(string(f), filepath.FromSlash(name)) }

// syncFolder has the names in a folder on disk.
func syncFolder(dir string) error {
	if runtime.GOOS == "windows" { // which has no such thing: NTFS keeps names in its journal
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
