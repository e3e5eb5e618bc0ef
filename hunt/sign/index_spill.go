package sign

import (
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"unsafe"

	"github.com/ringfence/ringfence/hunt/record"
)

// parts are the parts of all ids, in their order, that an index is made of one
// by one.
const parts = 64

func partOf(id record.ID) int { return int(id >> 58) }

// spill keeps values by part, in memory and, beyond a budget, in files that are
// gone when the process is.
type spill[T any] struct {
	dir    string
	budget int // bytes in memory

	mu     sync.Mutex
	held   int
	memory [parts][][]T
	files  [parts]*os.File
}

// put takes a block of a part, which the caller forgets.
func (s *spill[T]) put(p int, block []T) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.memory[p] = append(s.memory[p], block)
	if s.held += len(bytesOf(block)); s.held <= s.budget {
		return nil
	}
	s.held = 0
	for p := range s.memory {
		if err := s.write(p); err != nil {
			return fmt.Errorf("index: writing aside in %s: %w; give it room, or a smaller part of the records", s.dir, err)
		}
	}
	return nil
}

// write writes a part to its file, which has no name any more where the system
// allows that.
func (s *spill[T]) write(p int) error {
	if len(s.memory[p]) == 0 {
		return nil
	}
	if s.files[p] == nil {
		f, err := os.CreateTemp(s.dir, ".ringfence-index-*")
		if err != nil {
			return err
		}
		_ = os.Remove(f.Name()) // Windows keeps it until close
		s.files[p] = f
	}
	for _, block := range s.memory[p] {
		if _, err := s.files[p].Write(bytesOf(block)); err != nil {
			return err
		}
	}
	s.memory[p] = nil
	return nil
}

// take returns all of a part, and forgets it.
func (s *spill[T]) take(p int) ([]T, error) {
	n, kept := 0, int64(0)
	for _, b := range s.memory[p] {
		n += len(b)
	}
	f := s.files[p]
	if f != nil {
		var err error
		if kept, err = f.Seek(0, io.SeekEnd); err != nil {
			return nil, err
		}
	}
	var one T
	read := int(kept) / int(unsafe.Sizeof(one))
	all := make([]T, read, read+n)
	if read > 0 {
		if _, err := f.ReadAt(bytesOf(all), 0); err != nil {
			return nil, fmt.Errorf("index: reading back: %w", err)
		}
	}
	for _, b := range s.memory[p] {
		all = append(all, b...)
	}
	s.memory[p], s.files[p] = nil, nil
	return all, removed(f)
}

func removed(f *os.File) error {
	if f == nil {
		return nil
	}
	err := f.Close()
	if e := os.Remove(f.Name()); e != nil && !errors.Is(e, os.ErrNotExist) {
		err = errors.Join(err, e)
	}
	return err
}

// close gives back what was not taken.
func (s *spill[T]) close() (err error) {
	for p, f := range s.files {
		err = errors.Join(err, removed(f))
		s.files[p] = nil
	}
	return err
}

// gatherer gathers the values of one goroutine.
type gatherer[T any] struct {
	to    *spill[T]
	size  int // of a block
	block [parts][]T
}

func (g *gatherer[T]) add(id record.ID, values ...T) error {
	p := partOf(id)
	if g.block[p] == nil {
		g.block[p] = make([]T, 0, g.size)
	}
	g.block[p] = append(g.block[p], values...)
	if len(g.block[p]) < g.size {
		return nil
	}
	full := g.block[p]
	g.block[p] = nil
	return g.to.put(p, full)
}

func (g *gatherer[T]) flush() error {
	for p, b := range g.block {
		if len(b) == 0 {
			continue
		}
		if err := g.to.put(p, b); err != nil {
			return err
		}
		g.block[p] = nil
	}
	return nil
}

// bytesOf is the memory of values without pointers: they go to a file of this
// process only.
func bytesOf[T any](all []T) []byte {
	if len(all) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&all[0])), len(all)*int(unsafe.Sizeof(all[0])))
}
