package acquisition

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/maphash"
	"io/fs"
	"slices"
	"strings"
	"sync"
	"time"
)

// index is the list of an archive's entries, in stored order. An archive of a
// phone has half a million; so each is written as what differs from the one
// before it, in about 50 bytes, and read again when it is asked for.
type index struct {
	data  []byte
	last  entry
	count int
	notes []string // that repeat
	seen  map[uint64]struct{}

	once sync.Once
	near map[string]entry // those at the top, also folders without an entry; nil when there are too many
}

// Limits of what is held of an archive's top, where acquisitions are looked for.
const (
	nearDepth = 4 // components of a path
	nearMost  = 50_000
)

// top gathers what stands near the archive's top.
func (x *index) top() map[string]entry {
	x.once.Do(func() {
		near := map[string]entry{}
		for c := x.read(); c.next() && len(near) < nearMost; {
			end, depth := 0, 0
			for ; depth < nearDepth && end < len(c.path); depth++ {
				next := bytes.IndexByte(c.path[end+1:], '/')
				if next < 0 {
					near[string(c.path)] = c.entry()
					break
				}
				end += 1 + next
				if _, ok := near[string(c.path[:end])]; !ok {
					near[string(c.path[:end])] = entry{path: string(c.path[:end]), dir: true}
				}
			}
		}
		if len(near) < nearMost {
			x.near = near
		}
	})
	return x.near
}

// isNear tells whether a path would stand in what top gathers.
func isNear(path string, below int) bool { return strings.Count(path, "/")+1+below <= nearDepth }

var indexSeed = maphash.MakeSeed()

// Flags of a record.
const (
	recordDir = 1 << iota
	recordLink
	recordNote
	recordTime
	recordOwner
)

// add adds an entry whose path is clean. A path that comes again is marked.
//
// Errors: ErrLimit for too many.
func (x *index) add(e entry) error {
	if x.count >= maxEntries {
		return fmt.Errorf("%w: more than %d entries", ErrLimit, maxEntries)
	}
	x.count++
	if x.seen == nil {
		x.seen = map[uint64]struct{}{}
	}
	key := maphash.String(indexSeed, e.path)
	if _, twice := x.seen[key]; twice && !e.dir {
		e.note = strings.TrimPrefix(e.note+"; its name stands in the archive more than once", "; ")
	}
	x.seen[key] = struct{}{}

	flags := uint64(0)
	for _, f := range []struct {
		set bool
		bit uint64
	}{{e.dir, recordDir}, {e.link != "", recordLink}, {e.note != "", recordNote}, {!e.modified.IsZero(), recordTime}, {e.uid != 0 || e.gid != 0, recordOwner}} {
		if f.set {
			flags |= f.bit
		}
	}
	same := commonPrefix(x.last.path, e.path)
	b := binary.AppendUvarint(x.data, uint64(same))
	b = appendText(b, e.path[same:])
	b = binary.AppendUvarint(b, flags)
	b = binary.AppendVarint(b, e.at-x.last.at)
	b = binary.AppendVarint(b, e.size)
	b = binary.AppendVarint(b, e.packed)
	b = binary.AppendUvarint(b, uint64(e.method))
	b = binary.AppendUvarint(b, uint64(e.mode))
	if flags&recordOwner != 0 {
		b = binary.AppendVarint(b, int64(e.uid))
		b = binary.AppendVarint(b, int64(e.gid))
	}
	if flags&recordTime != 0 {
		b = binary.AppendVarint(b, e.modified.Unix())
		b = binary.AppendUvarint(b, uint64(e.modified.Nanosecond()))
	}
	if flags&recordLink != 0 {
		b = appendText(b, e.link)
	}
	if flags&recordNote != 0 {
		b = binary.AppendUvarint(b, x.note(e.note))
	}
	x.data, x.last = b, e
	return nil
}

// done frees what only adding needs.
func (x *index) done() {
	x.seen = nil
	x.data = bytes.Clone(x.data) // without room to grow
}

func (x *index) note(text string) uint64 {
	for i, n := range x.notes {
		if n == text {
			return uint64(i)
		}
	}
	if len(x.notes) >= 64 {
		return 0
	}
	x.notes = append(x.notes, text)
	return uint64(len(x.notes) - 1)
}

func commonPrefix(a, b string) int {
	n := min(len(a), len(b))
	for i := range n {
		if a[i] != b[i] {
			return i
		}
	}
	return n
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// cursor reads an index from its beginning.
type cursor struct {
	*index
	rest []byte
	path []byte // of the entry read last
	at   int64
	link []byte
	e    entry // without path and link
}

func (x *index) read() *cursor { return &cursor{index: x, rest: x.data} }

func (c *cursor) uint() uint64 {
	v, n := binary.Uvarint(c.rest)
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) int() int64 {
	v, n := binary.Varint(c.rest)
	c.rest = c.rest[n:]
	return v
}

func (c *cursor) text() []byte {
	n := c.uint()
	b := c.rest[:n]
	c.rest = c.rest[n:]
	return b
}

// next reads an entry; false at the end.
func (c *cursor) next() bool {
	if len(c.rest) == 0 {
		return false
	}
	same := c.uint()
	c.path = append(c.path[:same], c.text()...)
	flags := c.uint()
	c.at += c.int()
	c.e = entry{at: c.at, dir: flags&recordDir != 0}
	c.e.size, c.e.packed = c.int(), c.int()
	c.e.method, c.e.mode = uint16(c.uint()), uint32(c.uint())
	if flags&recordOwner != 0 {
		c.e.uid, c.e.gid = int(c.int()), int(c.int())
	}
	if flags&recordTime != 0 {
		seconds := c.int()
		c.e.modified = time.Unix(seconds, int64(c.uint())).UTC()
	}
	c.link = nil
	if flags&recordLink != 0 {
		c.link = c.text()
	}
	if flags&recordNote != 0 {
		c.e.note = c.notes[c.uint()]
	}
	return true
}

func (c *cursor) entry() entry {
	e := c.e
	e.path, e.link = string(c.path), string(c.link)
	return e
}

// each gives what stands under a folder; a folder that has no entry of its own
// is given by its name alone when the walk is not deep.
func (x *index) each(dir string, deep bool, yield func(entry) bool) error {
	under := ""
	if dir != "" && dir != "." {
		under = dir + "/"
	}
	if !deep && isNear(dir, 1) && x.top() != nil {
		x.eachNear(under, yield)
		return nil
	}
	folders := map[string]bool{}
	for c := x.read(); c.next(); {
		if len(c.path) <= len(under) || string(c.path[:len(under)]) != under {
			continue
		}
		e := entry{}
		child, _, below := strings.Cut(string(c.path[len(under):]), "/")
		switch {
		case deep || !below && !c.e.dir:
			e = c.entry()
		case folders[child]:
			continue
		default:
			folders[child] = true
			e = entry{path: under + child, dir: true}
		}
		if !yield(e) {
			return nil
		}
	}
	return nil
}

// eachNear gives what stands directly in a folder near the top, by name.
func (x *index) eachNear(under string, yield func(entry) bool) {
	var names []string
	for name := range x.near {
		if len(name) > len(under) && strings.HasPrefix(name, under) && strings.IndexByte(name[len(under):], '/') < 0 {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	for _, name := range names {
		if !yield(x.near[name]) {
			return
		}
	}
}

// entry finds a path. Of one that comes more than once, the last is found, as
// unpacking would leave it.
func (x *index) entry(name string) (entry, error) {
	if isNear(name, 0) && x.top() != nil {
		if e, ok := x.near[name]; ok {
			return e, nil
		}
		return entry{}, fmt.Errorf("%s: %w", shown(name), fs.ErrNotExist)
	}
	found, ok := entry{}, false
	for c := x.read(); c.next(); {
		switch {
		case string(c.path) == name:
			found, ok = c.entry(), true
		case !ok && len(c.path) > len(name) && c.path[len(name)] == '/' && string(c.path[:len(name)]) == name:
			found, ok = entry{path: name, dir: true}, true
		}
	}
	if !ok {
		return entry{}, fmt.Errorf("%s: %w", shown(name), fs.ErrNotExist)
	}
	return found, nil
}
