package acquisition

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"
)

const (
	asideInMemory = 4 << 20  // bytes of one content that stay in memory
	asideMemory   = 48 << 20 // bytes of all contents that stay in memory
	asideTail     = 512      // bytes that tail returns
)

// aside is content that cannot be read where it stands, because a compressed
// stream is read only once. Small content stays in memory, larger goes to a
// private file that nobody else can open by name, and that is gone with drop.
type aside struct {
	budget *asideSpace // shared by one acquisition
	mem    []byte
	file   *os.File   // its own
	parts  []filePart // in the shared file
	size   int64
}

// asideSpace is what the contents of one acquisition share: the bytes in
// memory, and when these are used up, one private file for the many small ones
// that a phone has more of than a process may have files open.
type asideSpace struct {
	atomic.Int64 // bytes in memory

	mu    sync.Mutex
	file  *os.File
	end   int64
	users int // asides that have parts in it
}

// filePart is a part of the shared file.
type filePart struct{ at, size int64 }

// privateFile makes a file without a name where the system lets a file that is
// open be removed: it is gone even when the program is killed.
func privateFile() (*os.File, error) {
	f, err := os.CreateTemp("", "ringfence-*")
	if err != nil {
		return nil, fmt.Errorf("keeping a part of a compressed file aside: %w", err)
	}
	os.Remove(f.Name())
	return f, nil
}

// closePrivate closes a private file and removes it where it still has a name.
func closePrivate(f *os.File) error {
	err := f.Close()
	if rm := os.Remove(f.Name()); rm != nil && !errors.Is(rm, os.ErrNotExist) {
		err = errors.Join(err, rm)
	}
	return err
}

// put writes to the end of the shared file.
func (s *asideSpace) put(a *aside, b []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.file == nil {
		f, err := privateFile()
		if err != nil {
			return 0, err
		}
		s.file, s.end = f, 0
	}
	if a.parts == nil {
		s.users++
		a.parts = []filePart{{s.end, 0}}
	}
	n, err := s.file.WriteAt(b, s.end)
	last := &a.parts[len(a.parts)-1]
	if last.at+last.size != s.end {
		a.parts = append(a.parts, filePart{s.end, 0})
		last = &a.parts[len(a.parts)-1]
	}
	last.size += int64(n)
	s.end += int64(n)
	return n, err
}

// leave lets go of the shared file, which is gone with its last user.
func (s *asideSpace) leave() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.users--; s.users > 0 {
		return nil
	}
	f := s.file
	s.file = nil
	return closePrivate(f)
}

// Write adds to the content.
//
// Errors: those of the private file: a full disk, say.
func (a *aside) Write(b []byte) (n int, err error) {
	defer func() { a.size += int64(n) }()
	switch {
	case a.file != nil:
		return a.file.Write(b)
	case a.parts != nil:
		return a.budget.put(a, b)
	case len(a.mem)+len(b) > asideInMemory:
		if a.file, err = privateFile(); err == nil {
			_, err = a.file.Write(a.mem)
		}
	case a.budget.Add(int64(len(b))) > asideMemory:
		a.budget.Add(-int64(len(b)))
		_, err = a.budget.put(a, a.mem)
	default:
		a.mem = append(a.mem, b...)
		return len(b), nil
	}
	if err != nil {
		return 0, err
	}
	a.budget.Add(-int64(len(a.mem)))
	a.mem = nil
	if a.file != nil {
		return a.file.Write(b)
	}
	return a.budget.put(a, b)
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
func (a *aside) ReadAt(b []byte, at int64) (n int, err error) {
	switch {
	case at < 0 || at >= a.size:
		return 0, io.EOF
	case a.file != nil:
		return a.file.ReadAt(b, at)
	case a.parts != nil:
		return a.readParts(b, at)
	}
	if n = copy(b, a.mem[at:]); n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (a *aside) readParts(b []byte, at int64) (n int, err error) {
	for _, p := range a.parts {
		if at >= p.size {
			at -= p.size
			continue
		}
		want := min(int64(len(b)-n), p.size-at)
		m, err := a.budget.file.ReadAt(b[n:n+int(want)], p.at+at)
		if n += m; int64(m) < want || n == len(b) {
			return n, err
		}
		at = 0
	}
	return n, io.EOF
}

// Size is the number of bytes.
func (a *aside) Size() int64 { return a.size }

// Close does nothing: an aside may be opened again, until its acquisition is
// closed.
func (a *aside) Close() error { return nil }

// drop lets go of it.
func (a *aside) drop() (err error) {
	a.budget.Add(-int64(len(a.mem)))
	a.mem, a.size = nil, 0
	if a.file != nil {
		err = closePrivate(a.file)
		a.file = nil
	}
	if a.parts != nil {
		err = errors.Join(err, a.budget.leave())
		a.parts = nil
	}
	return err
}
