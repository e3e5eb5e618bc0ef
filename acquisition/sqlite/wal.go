package sqlite

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
)

const (
	walHeader   = 32
	frameHeader = 24
	walCache    = 4 << 20 // bytes of pages kept
)

// wal is a write-ahead log (file format §4): which frame holds the committed
// version of a page, and which frames hold older ones.
type wal struct {
	file   File
	size   int           // of a page
	live   map[int]int64 // page -> offset of its content
	pages  int           // size of the database after the last commit; 0: no commit
	old    []frame       // overwritten or never committed, or of an earlier log
	cache  map[int][]byte
	damage string
}

// frame is one version of a page.
type frame struct {
	page int
	at   int64  // offset of its content
	kind string // what it is, for people
}

// openWAL reads a log's frames. A log that belongs to nothing gives nil.
func openWAL(f File, page int) *wal {
	if f.ReaderAt == nil || f.Size < walHeader {
		return nil
	}
	head := make([]byte, walHeader)
	if _, err := f.ReadAt(head, 0); err != nil && !errors.Is(err, io.EOF) {
		return nil
	}
	w := &wal{file: f, size: page, live: map[int]int64{}, cache: map[int][]byte{}}
	magic := binary.BigEndian.Uint32(head)
	if magic&^1 != 0x377f0682 {
		w.damage = "the write-ahead log has no header and was left out"
		return w
	}
	if n := int(binary.BigEndian.Uint32(head[8:])); n != page {
		w.damage = fmt.Sprintf("the write-ahead log has pages of %d bytes, the database of %d, and was left out", n, page)
		return w
	}
	w.frames(head, magic&1 == 1)
	slices.SortFunc(w.old, func(a, b frame) int { return cmp.Compare(a.at, b.at) })
	return w
}

// frames sorts the frames: those of this log up to its last commit are live,
// the last of each page; all others are older versions.
func (w *wal) frames(head []byte, big bool) {
	var order binary.ByteOrder = binary.LittleEndian
	if big {
		order = binary.BigEndian
	}
	s0, s1 := checksum(order, head[:24], 0, 0)
	valid := s0 == binary.BigEndian.Uint32(head[24:]) && s1 == binary.BigEndian.Uint32(head[28:])
	if !valid {
		w.damage = "the write-ahead log's header has a wrong checksum"
	}
	salt := [8]byte(head[16:24])
	b := make([]byte, frameHeader+w.size)
	pending := map[int]int64{}
	for at := int64(walHeader); at+int64(len(b)) <= w.file.Size; at += int64(len(b)) {
		if n, err := w.file.ReadAt(b, at); err != nil && n < len(b) {
			w.damage = "the write-ahead log cannot be read at byte " + fmt.Sprint(at)
			break
		}
		page, content := int(binary.BigEndian.Uint32(b)), at+frameHeader
		if valid = valid && page != 0 && [8]byte(b[8:16]) == salt; valid {
			s0, s1 = checksum(order, b[:8], s0, s1)
			s0, s1 = checksum(order, b[frameHeader:], s0, s1)
			valid = s0 == binary.BigEndian.Uint32(b[16:]) && s1 == binary.BigEndian.Uint32(b[20:])
		}
		if page == 0 {
			continue // nothing was ever written here
		}
		if !valid {
			w.old = append(w.old, frame{page, content, "older WAL frame"})
			continue
		}
		if was, ok := pending[page]; ok {
			w.old = append(w.old, frame{page, was, "older WAL frame"})
		}
		pending[page] = content
		if n := int(binary.BigEndian.Uint32(b[4:])); n != 0 {
			w.commit(pending, n)
			pending = map[int]int64{}
		}
	}
	for page, at := range pending {
		w.old = append(w.old, frame{page, at, "WAL frame that was not committed"})
	}
}

func (w *wal) commit(pending map[int]int64, pages int) {
	for page, at := range pending {
		if was, ok := w.live[page]; ok {
			w.old = append(w.old, frame{page, was, "older WAL frame"})
		}
		w.live[page] = at
	}
	w.pages = pages
}

// checksum goes on over more bytes (§4.2).
func checksum(order binary.ByteOrder, b []byte, s0, s1 uint32) (uint32, uint32) {
	for ; len(b) >= 8; b = b[8:] {
		s0 += order.Uint32(b) + s1
		s1 += order.Uint32(b[4:]) + s0
	}
	return s0, s1
}

// page returns the committed version of a page; nil when the file's holds.
func (w *wal) page(n int) ([]byte, error) {
	at, ok := w.live[n]
	if !ok {
		return nil, nil
	}
	if b := w.cache[n]; b != nil {
		return b, nil
	}
	b, err := w.content(at)
	if err != nil {
		return nil, err
	}
	if len(w.cache) >= max(1, walCache/w.size) {
		clear(w.cache)
	}
	w.cache[n] = b
	return b, nil
}

// content returns the page that a frame holds.
func (w *wal) content(at int64) ([]byte, error) {
	b := make([]byte, w.size)
	if n, err := w.file.ReadAt(b, at); n < len(b) {
		return nil, fmt.Errorf("the write-ahead log cannot be read at byte %d%s", at, because(err))
	}
	return b, nil
}

// reach is how many pages the database has with the log: what the last commit
// says, but not more than both files hold.
func (w *wal) reach(count int) int {
	return max(count, min(w.pages, count+len(w.live)))
}
