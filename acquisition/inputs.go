package acquisition

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"strings"
	"sync"
)

// Input is a stored file that was read: what the person gave, not what was
// decrypted or unpacked from it.
type Input struct {
	Path   string `json:"path"` // relative to the folder that was given; of a single file its name
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // empty when it could not be read to its end
}

// Inputs lists every stored file that was read so far, with its SHA-256: the
// bytes as they are stored, so the ciphertext of an encrypted backup, and the
// whole archive of what stands in one. It waits for sums that are not ready,
// and is called before Close.
func (a *Acquisition) Inputs() []Input {
	if a.read == nil {
		return nil
	}
	return a.read.sums.list(a.read.has)
}

// inputs are the stored files that one acquisition reads.
type inputs struct {
	sums  *sums
	whole bool   // the file that was given holds it all
	one   bool   // the file named by under holds it all
	under string // folder, or the one file
}

func newInputs(s storage) *inputs {
	if f, ok := s.(*folder); ok {
		return &inputs{sums: f.sums}
	}
	one := s.(wholeFile)
	return &inputs{whole: true, sums: newSums(func(string) (Content, error) { return one.open(entry{path: one.name}) })}
}

// file narrows to one file, which is an archive.
func (in *inputs) file(path string) *inputs {
	narrow := *in.only(path)
	narrow.one = true
	return &narrow
}

// only narrows to one folder.
func (in *inputs) only(path string) *inputs {
	if in.whole || in.one {
		return in
	}
	narrow := *in
	narrow.under = strings.TrimPrefix(narrow.under+"/"+path, "/")
	return &narrow
}

func (in *inputs) has(path string) bool {
	return in.whole || in.under == "" || path == in.under || strings.HasPrefix(path, in.under+"/")
}

// sums are the hashes of stored files. They are made while the files are parsed
// and their bytes are still in memory: one goroutine at a time, and whoever
// asks for the sums helps.
type sums struct {
	open func(path string) (Content, error)

	mu      sync.Mutex
	files   map[string]*Input
	order   []*Input
	next    int  // of order, not begun
	working int  // goroutines
	stopped bool // no more
	idle    *sync.Cond
}

func newSums(open func(string) (Content, error)) *sums {
	s := &sums{open: open, files: map[string]*Input{}}
	s.idle = sync.NewCond(&s.mu)
	return s
}

// add has a file hashed; once.
func (s *sums) add(path string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped || s.files[path] != nil {
		return
	}
	in := &Input{Path: path}
	s.files[path] = in
	s.order = append(s.order, in)
	if s.working == 0 {
		s.working++
		go s.work()
	}
}

// known adds a file whose sum was made elsewhere, as it was read.
func (s *sums) known(in Input) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.files[in.Path] == nil {
		s.files[in.Path] = &in
	}
}

// work hashes what waits. It is counted in working already.
func (s *sums) work() {
	buf := make([]byte, 256<<10)
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.next < len(s.order) && !s.stopped {
		in := s.order[s.next]
		s.next++
		s.mu.Unlock()
		size, sum := s.hash(in.Path, buf)
		s.mu.Lock()
		in.Size, in.SHA256 = size, sum
	}
	s.working--
	s.idle.Broadcast()
}

func (s *sums) hash(path string, buf []byte) (size int64, sum string) {
	c, err := s.open(path)
	if err != nil {
		return 0, ""
	}
	defer c.Close()
	h := sha256.New()
	for {
		n, err := c.ReadAt(buf, size)
		h.Write(buf[:n])
		size += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			return size, hex.EncodeToString(h.Sum(nil))
		case err != nil || s.isStopped():
			return size, ""
		}
	}
}

func (s *sums) isStopped() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stopped
}

// list returns the files that were read, when all of them are hashed.
func (s *sums) list(has func(path string) bool) (all []Input) {
	s.mu.Lock()
	s.working++
	s.mu.Unlock()
	s.work()
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.working > 0 {
		s.idle.Wait()
	}
	for _, in := range s.files {
		if has(in.Path) {
			all = append(all, *in)
		}
	}
	return all
}

// stop ends the hashing, and returns when nothing is read any more.
func (s *sums) stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for s.working > 0 {
		s.idle.Wait()
	}
}
