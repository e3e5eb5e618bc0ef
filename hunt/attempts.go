package hunt

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"unsafe"

	"github.com/ringfence/ringfence/hunt/record"
)

// attempt is a call to somebody who had not accepted the caller: 40 bytes.
type attempt struct {
	caller, callee record.ID
	time           int64 // ns
	print, network record.Code
	ring           uint16 // in 10 ms, at most 655 s
	age            int16  // of the caller in days, or NoAge
	outcome        record.Outcome
	contact        record.Contact
	talked         bool // for some seconds
	_              bool
}

const (
	attemptSize = int(unsafe.Sizeof(attempt{}))
	parts       = 64 // by caller, so that all of a caller is in one
	talkMS      = 5_000
)

// attempts keeps attempts by part, in memory and, beyond a budget, in files
// that are gone when the process is.
type attempts struct {
	dir    string
	budget int // bytes in memory, of all

	mu     sync.Mutex
	held   int
	memory [parts][][]attempt
	files  [parts]*os.File
	count  int64
}

// blockLen is how many attempts a goroutine gathers before it hands them over.
const blockLen = 1024

// gatherer gathers the attempts of one goroutine.
type gatherer struct {
	all   *attempts
	block [parts][]attempt
}

func (g *gatherer) add(a attempt) error {
	p := int(a.caller >> 58)
	if g.block[p] == nil {
		g.block[p] = make([]attempt, 0, blockLen)
	}
	g.block[p] = append(g.block[p], a)
	if len(g.block[p]) < blockLen {
		return nil
	}
	full := g.block[p]
	g.block[p] = nil
	return g.all.take(p, full)
}

func (g *gatherer) flush() error {
	for p, b := range g.block {
		if len(b) > 0 {
			if err := g.all.take(p, b); err != nil {
				return err
			}
		}
		g.block[p] = nil
	}
	return nil
}

func (a *attempts) take(p int, block []attempt) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.count += int64(len(block))
	a.memory[p] = append(a.memory[p], block)
	if a.held += cap(block) * attemptSize; a.held <= a.budget {
		return nil
	}
	for p := range a.memory {
		if err := a.spill(p); err != nil {
			return fmt.Errorf("writing attempts aside in %s: %w; give it room, or a smaller part of the records", a.dir, err)
		}
	}
	a.held = 0
	return nil
}

// spill writes a part to its file, which has no name any more where the system
// allows that.
func (a *attempts) spill(p int) error {
	if a.files[p] == nil {
		f, err := os.CreateTemp(a.dir, "ringfence-hunt-*")
		if err != nil {
			return err
		}
		_ = os.Remove(f.Name()) // Windows keeps it until close
		a.files[p] = f
	}
	for _, block := range a.memory[p] {
		if _, err := a.files[p].Write(asBytes(block)); err != nil {
			return err
		}
	}
	a.memory[p] = nil
	return nil
}

// part returns all attempts of a part, sorted by caller, callee and time, and
// forgets them. An attempt that is there twice is left out and counted.
func (a *attempts) part(p int, s *sorter) (all []attempt, doubles int, err error) {
	n := 0
	for _, b := range a.memory[p] {
		n += len(b)
	}
	kept := int64(0)
	if f := a.files[p]; f != nil {
		if kept, err = f.Seek(0, io.SeekEnd); err != nil {
			return nil, 0, err
		}
		if _, err = f.Seek(0, io.SeekStart); err != nil {
			return nil, 0, err
		}
	}
	all = make([]attempt, int(kept)/attemptSize, int(kept)/attemptSize+n)
	if kept > 0 {
		if _, err := io.ReadFull(a.files[p], asBytes(all)); err != nil {
			return nil, 0, fmt.Errorf("reading attempts back: %w", err)
		}
	}
	for _, b := range a.memory[p] {
		all = append(all, b...)
	}
	a.memory[p] = nil
	s.sort(all)
	before := len(all)
	all = slices.CompactFunc(all, func(x, y attempt) bool { return x.caller == y.caller && x.callee == y.callee && x.time == y.time })
	return all, before - len(all), nil
}

// sorter sorts attempts; its memory is used again.
type sorter struct {
	start [1 << sortBits]int32
	other []attempt
}

const sortBits = 12

// sort puts attempts into their order: first by the highest bits of the caller
// in which those of a part differ, then what is in one such heap.
func (s *sorter) sort(all []attempt) {
	heap := func(a *attempt) uint64 { return uint64(a.caller) << 6 >> (64 - sortBits) }
	clear(s.start[:])
	for i := range all {
		s.start[heap(&all[i])]++
	}
	sum := int32(0)
	for h, n := range s.start {
		s.start[h] = sum
		sum += n
	}
	s.other = slices.Grow(s.other[:0], len(all))[:len(all)]
	for i := range all {
		h := heap(&all[i])
		s.other[s.start[h]] = all[i]
		s.start[h]++
	}
	copy(all, s.other)
	from := int32(0)
	for _, to := range s.start { // each start has moved to its end
		slices.SortFunc(all[from:to], compareAttempts)
		from = to
	}
}

func compareAttempts(x, y attempt) int {
	if x.caller != y.caller {
		return cmp.Compare(x.caller, y.caller)
	}
	if x.callee != y.callee {
		return cmp.Compare(x.callee, y.callee)
	}
	return cmp.Compare(x.time, y.time)
}

// close gives the files back.
func (a *attempts) close() error {
	var all error
	for p, f := range a.files {
		if f != nil {
			all = errors.Join(all, f.Close())
			if err := os.Remove(f.Name()); err != nil && !errors.Is(err, os.ErrNotExist) {
				all = errors.Join(all, err)
			}
			a.files[p] = nil
		}
	}
	return all
}

// asBytes is the memory of attempts: they go to a file of this process only.
func asBytes(a []attempt) []byte {
	if len(a) == 0 {
		return nil
	}
	return unsafe.Slice((*byte)(unsafe.Pointer(&a[0])), len(a)*attemptSize)
}
