package acquisition

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
)

const (
	asideInMemory = 4 << 20  // bytes of one content that stay in memory
	asideMemory   = 48 << 20 // bytes of all contents that stay in memory
	asideTail     = 512      // bytes that tail returns
)

// aside is content that cannot be read where it stands, because a compressed
// stream is read only once. Small content stays in memory, more goes to a
// private file that nobody else can open by name, and that is gone with close.
type aside struct {
	budget *atomic.Int64 // bytes in memory of all; shared by one acquisition
	mem    []byte
	file   *os.File
	size   int64
}

// Write adds to the content.
//
// Errors: those of the private file: a full disk, say.
func (a *aside) Write(b []byte) (int, error) {
	if a.file == nil && len(a.mem)+len(b) <= asideInMemory && a.budget.Add(int64(len(b))) <= asideMemory {
		a.mem = append(a.mem, b...)
		a.size += int64(len(b))
		return len(b), nil
	}
	if a.file == nil {
		if err := a.spill(); err != nil {
			return 0, err
		}
	}
	n, err := a.file.Write(b)
	a.size += int64(n)
	return n, err
}

// spill moves what stands in memory to a private file.
func (a *aside) spill() error {
	f, err := os.CreateTemp("", "ringfence-*")
	if err != nil {
		return fmt.Errorf("keeping a part of a compressed file aside: %w", err)
	}
	// Where a file that is open can be removed, it has no name from now on, and
	// is gone even when the program is killed.
	os.Remove(f.Name())
	a.file = f
	_, err = f.Write(a.mem)
	a.budget.Add(-int64(len(a.mem)))
	a.mem = nil
	return err
}

// tail returns the last bytes.
func (a *aside) tail() []byte {
	n := min(a.size, asideTail)
	b := make([]byte, n)
	if _, err := a.ReadAt(b, a.size-n); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	return b
}

// ReadAt reads the content.
func (a *aside) ReadAt(b []byte, at int64) (int, error) {
	if a.file != nil {
		return a.file.ReadAt(b, at)
	}
	if at < 0 || at >= int64(len(a.mem)) {
		return 0, io.EOF
	}
	n := copy(b, a.mem[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

// Size is the number of bytes.
func (a *aside) Size() int64 { return a.size }

// Close does nothing: an aside may be opened again, until its acquisition is
// closed.
func (a *aside) Close() error { return nil }

// drop lets go of it.
func (a *aside) drop() error {
	a.budget.Add(-int64(len(a.mem)))
	a.mem = nil
	if a.file == nil {
		return nil
	}
	name := a.file.Name()
	err := a.file.Close()
	if rm := os.Remove(name); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}
