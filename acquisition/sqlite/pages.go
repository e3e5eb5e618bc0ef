package sqlite

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Sizes and limits.
const (
	headerSize = 100
	minPage    = 512
	maxPage    = 65536
	readAhead  = 32 << 10 // bytes read at once where pages follow each other
	cacheRuns  = 192      // runs of pages kept, at most readAhead bytes or one page each
	maxDepth   = 64       // levels of a b-tree; the format allows 20 or so
)

// pager reads pages: those of the log that were committed first, else those of
// the file, in runs of several.
type pager struct {
	file   File
	wal    *wal
	size   int // of a page
	usable int // bytes of a page that hold content
	count  int // pages, as far as the file goes
	runs   map[int]*run
	order  []int // runs, the oldest first
}

// run is a stretch of pages as it was read.
type run struct {
	b []byte
}

// page returns a page, from 1. It is valid until many others were read: what is
// kept must be copied.
func (p *pager) page(n int) ([]byte, error) {
	if n < 1 || n > p.count {
		return nil, fmt.Errorf("page %d lies outside of the file's %d pages", n, p.count)
	}
	if p.wal != nil {
		if b, err := p.wal.page(n); b != nil || err != nil {
			return b, err
		}
	}
	per := max(1, readAhead/p.size)
	i := (n - 1) / per
	r := p.runs[i]
	if r == nil {
		var err error
		if r, err = p.read(i, per); err != nil {
			return nil, err
		}
	}
	at := ((n - 1) % per) * p.size
	if at+p.size > len(r.b) {
		return nil, fmt.Errorf("page %d is cut short: the file ends before it does", n)
	}
	return r.b[at : at+p.size], nil
}

func (p *pager) read(i, per int) (*run, error) {
	at := int64(i) * int64(per) * int64(p.size)
	n := min(int64(per*p.size), p.file.Size-at)
	if n <= 0 {
		return &run{}, nil
	}
	var b []byte
	if len(p.order) >= cacheRuns {
		old := p.order[0]
		b = p.runs[old].b[:0]
		p.order = append(p.order[:0], p.order[1:]...)
		delete(p.runs, old)
	}
	if cap(b) < int(n) {
		b = make([]byte, n, per*p.size)
	}
	b = b[:n]
	got, err := p.file.ReadAt(b, at)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading at byte %d: %w", at, err)
	}
	r := &run{b[:got]}
	p.runs[i] = r
	p.order = append(p.order, i)
	return r, nil
}

// header is what the first 100 bytes say (file format §1.3).
type header struct {
	pageSize int
	reserved int
	encoding int // 1 UTF-8, 2 UTF-16le, 3 UTF-16be
	freelist int // first trunk page
	vacuum   bool
}

func readHeader(b []byte) (h header, err error) {
	if len(b) < headerSize || string(b[:16]) != "SQLite format 3\x00" {
		return h, ErrNotDatabase
	}
	h.pageSize = int(binary.BigEndian.Uint16(b[16:]))
	if h.pageSize == 1 {
		h.pageSize = maxPage
	}
	h.reserved = int(b[20])
	if h.pageSize < minPage || h.pageSize&(h.pageSize-1) != 0 || h.pageSize-h.reserved < 480 {
		return h, fmt.Errorf("%w: a page of %d bytes", ErrDamaged, h.pageSize)
	}
	h.encoding = int(binary.BigEndian.Uint32(b[56:]))
	if h.encoding < 1 || h.encoding > 3 {
		h.encoding = 1
	}
	h.freelist = int(binary.BigEndian.Uint32(b[32:]))
	h.vacuum = binary.BigEndian.Uint32(b[52:]) != 0
	return h, nil
}

// varint reads a number of 1 to 9 bytes (§1.6); n is 0 when it is cut short.
func varint(b []byte) (v uint64, n int) {
	for i := 0; i < 8; i++ {
		if i >= len(b) {
			return 0, 0
		}
		v = v<<7 | uint64(b[i]&0x7f)
		if b[i] < 0x80 {
			return v, i + 1
		}
	}
	if len(b) < 9 {
		return 0, 0
	}
	return v<<8 | uint64(b[8]), 9
}
