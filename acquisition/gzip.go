package acquisition

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// Limits of what is unpacked.
const (
	maxUnpacked   = 32 << 30 // bytes of one content that is kept aside
	maxKept       = 64 << 30 // bytes of all of them
	freeRatio     = 4 << 30  // bytes that may be inflated to whatever ratio
	maxWholeRatio = 100      // inflated to stored, of more than that
)

func isGzip(head []byte) bool {
	return len(head) >= 3 && head[0] == 0x1f && head[1] == 0x8b && head[2] == 8 // RFC 1952 §2.3.1
}

// gzipTar is a storage in a compressed tar file. It is read once, from its
// beginning to its end; what will be wanted is kept aside meanwhile.
type gzipTar struct {
	index
	g       *candidate
	name    string
	content Content

	mu     sync.Mutex
	asides map[int64]*aside // by offset in the tar file
	kept   int64
	buf    []byte // that content is copied through
}

// openGzip reads a .tar.gz; a file compressed alone is a storage of that file.
func (g *candidate) openGzip(name string, c Content) (storage, error) {
	z := &gzipTar{g: g, name: name, content: c, asides: map[int64]*aside{}}
	defer func() { z.done(); z.buf = nil }()
	want := g.Want
	if want == nil {
		want = func(string) bool { return true }
	}
	err := z.pass(true, func(stored string) bool {
		for _, r := range recognisers {
			if r.keeps != nil && r.keeps(stored, want) {
				return true
			}
		}
		return false
	})
	if err != nil {
		return nil, errors.Join(err, z.dropAll())
	}
	return z, nil
}

// keeper is a storage that has to be told what will be opened.
type keeper interface {
	keep(wanted func(stored string) bool) error
}

// keep reads the stream once more, for what turned out to be wanted.
func (z *gzipTar) keep(wanted func(stored string) bool) error { return z.pass(false, wanted) }

func (s inFolder) keep(wanted func(stored string) bool) error {
	k, ok := s.storage.(keeper)
	if !ok {
		return nil
	}
	return k.keep(func(stored string) bool {
		name, ok := strings.CutPrefix(stored, s.dir+"/")
		return ok && wanted(name)
	})
}

// pass reads the stream. The first one makes the index, and the sum of the file
// when it is what was given.
func (z *gzipTar) pass(first bool, wanted func(stored string) bool) error {
	raw := &progressReader{r: io.NewSectionReader(z.content, 0, z.content.Size()), total: z.content.Size(), what: z.name, tell: z.g.Progress}
	if first && z.g.depth == 0 && z.g.read.whole {
		raw.sum = sha256.New()
	}
	ahead := readAhead(raw)
	defer ahead.Close()
	in, err := gzip.NewReader(ahead)
	if err != nil {
		return fmt.Errorf("%s: damaged gzip file: %w", z.name, err)
	}
	// How far the stream is inflated is counted behind a buffer, since the tar
	// reader takes blocks of 512 bytes.
	r := &inflated{Reader: bufio.NewReaderSize(in, 256<<10), raw: raw}
	head, err := r.Peek(tarBlock)
	if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s: damaged gzip file: %w", z.name, err)
	}
	if isTar(head) {
		err = listTar(z.g.ctx, r, z.g.problems, func(e entry, content io.Reader) error { return z.visit(e, content, first, wanted) })
	} else {
		name := strings.TrimSuffix(z.name, ".gz")
		err = z.visit(entry{path: name, size: -1, mode: 0o100000}, r, first, func(string) bool { return true })
	}
	if err == nil {
		_, err = io.Copy(io.Discard, struct{ io.Reader }{r}) // the padding, so that the sum is of all
	}
	if errors.Is(err, ErrLimit) || z.g.ctx.Err() != nil {
		return err
	}
	if err != nil {
		z.g.problems.add(z.name, fmt.Errorf("damaged or cut short; what stood before was read: %w", err))
	}
	if raw.sum != nil {
		if _, err := io.Copy(io.Discard, ahead); err == nil {
			z.g.read.sums.known(Input{Path: z.name, Size: raw.n, SHA256: hex.EncodeToString(raw.sum.Sum(nil))})
		}
	}
	return nil
}

// visit lists an entry and keeps its content, when it is wanted.
func (z *gzipTar) visit(e entry, content io.Reader, first bool, wanted func(string) bool) error {
	var damage error
	if z.asides[e.at] == nil && !e.dir && e.link == "" && e.method == tarPlain && wanted(e.path) {
		a := &aside{budget: z.g.budget}
		if e.size > 0 && e.size <= asideInMemory && z.g.budget.Load()+e.size <= asideMemory {
			a.mem = make([]byte, 0, e.size)
		}
		if z.buf == nil {
			z.buf = make([]byte, 64<<10)
		}
		n, err := io.CopyBuffer(a, io.LimitReader(content, maxUnpacked), z.buf)
		z.kept += n
		if z.kept > maxKept || n == maxUnpacked {
			return errors.Join(fmt.Errorf("%s: %w: more than %d bytes to keep aside", z.name, ErrLimit, z.kept), a.drop())
		}
		if err != nil {
			damage = err
			e.note, e.size = "cut short: the archive is damaged within it", n
		}
		if e.size < 0 {
			e.size = n
		}
		z.mu.Lock()
		z.asides[e.at] = a
		z.mu.Unlock()
	}
	if first {
		if err := z.add(e); err != nil {
			return err
		}
	}
	return damage
}

func (z *gzipTar) open(e entry) (Content, error) {
	if e.method == tarHardLink {
		target, err := z.entry(e.hardTarget())
		if err != nil {
			return nil, err
		}
		e = target
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	a := z.asides[e.at]
	if a == nil || e.dir || e.link != "" {
		return nil, fmt.Errorf("%s: not kept from the compressed stream: %w", shown(e.path), fs.ErrNotExist)
	}
	return a, nil
}

func (z *gzipTar) dropAll() (err error) {
	for _, a := range z.asides {
		err = errors.Join(err, a.drop())
	}
	z.asides = nil
	return err
}

func (z *gzipTar) close() error { return errors.Join(z.dropAll(), z.content.Close()) }

// inflated counts what comes out of the stream, and refuses a bomb.
type inflated struct {
	*bufio.Reader
	n   int64
	raw *progressReader
}

func (r *inflated) at() int64 { return r.n }

// Read reads and counts.
func (r *inflated) Read(b []byte) (int, error) {
	n, err := r.Reader.Read(b)
	r.n += int64(n)
	if r.n > freeRatio && r.n/maxWholeRatio > r.raw.total {
		return n, fmt.Errorf("%w: it unpacks to more than %d times its size", ErrLimit, maxWholeRatio)
	}
	return n, err
}

// progressReader reads the file that was given, tells how far, and sums it up.
type progressReader struct {
	r     io.Reader
	n     int64
	total int64
	what  string
	tell  func(what string, done, total int64)
	sum   hash.Hash
}

// Read reads a part.
func (p *progressReader) Read(b []byte) (int, error) {
	n, err := p.r.Read(b)
	p.n += int64(n)
	if p.sum != nil {
		p.sum.Write(b[:n])
	}
	if p.tell != nil {
		p.tell(p.what, p.n, p.total)
	}
	return n, err
}

// aheadReader reads in a goroutine of its own, so that the disk and the sum do
// not wait for the inflating, nor that for them.
type aheadReader struct {
	full, empty chan []byte
	stop        chan struct{}
	now         bytes.Reader
	buf         []byte
	err         error // written before full is closed
	once        sync.Once
}

func readAhead(r io.Reader) *aheadReader {
	a := &aheadReader{full: make(chan []byte, 4), empty: make(chan []byte, 6), stop: make(chan struct{})}
	for range cap(a.empty) {
		a.empty <- make([]byte, 256<<10)
	}
	go func() {
		defer close(a.full)
		for {
			select {
			case <-a.stop:
				return
			case buf := <-a.empty:
				n, err := io.ReadFull(r, buf[:cap(buf)])
				a.full <- buf[:n]
				if err != nil {
					a.err = err
					return
				}
			}
		}
	}()
	return a
}

// Read reads what was read ahead.
func (a *aheadReader) Read(b []byte) (int, error) {
	for a.now.Len() == 0 {
		if a.buf != nil {
			a.empty <- a.buf
		}
		buf, ok := <-a.full
		if a.buf = buf; !ok {
			if a.err == nil || errors.Is(a.err, io.ErrUnexpectedEOF) {
				return 0, io.EOF
			}
			return 0, a.err
		}
		a.now.Reset(buf)
	}
	return a.now.Read(b)
}

// Close ends the goroutine, and returns when it has.
func (a *aheadReader) Close() error {
	a.once.Do(func() {
		close(a.stop)
		for range a.full {
		}
	})
	return nil
}
