package indicator

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// compiledMagic opens the file "compiled"; the number rises with its form and
// with what Match makes of a value. After it come the SHA-256 of the rest, the
// length of a JSON header in 8 bytes, the header, and the packed entries.
const compiledMagic = "ringfence indicators 1\n"

// compiledHeader is all of a set but the entries.
type compiledHeader struct {
	Files       string         `json:"files"` // the fingerprint
	Collections []Collection   `json:"collections"`
	Words       []string       `json:"words"`
	Bits4       []int          `json:"bits4"`
	Bits6       []int          `json:"bits6"`
	Compounds   []compoundText `json:"compounds"`
	Count       int            `json:"count"`
	Keys        int            `json:"keys"`
}

// compoundText is a compound pattern: which of the compound parts of its text.
type compoundText struct {
	Indicator Indicator `json:"indicator"`
	Part      int       `json:"part"`
}

var errStale = errors.New("compiled set is of other files, or damaged")

// fingerprint says which files a compiled set is of.
func fingerprint(files []fs.FileInfo) string {
	h := sha256.New()
	for _, f := range files {
		fmt.Fprintf(h, "%q %d %d\n", f.Name(), f.Size(), f.ModTime().UnixNano())
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}

func appendCompiled(b []byte, s *Set, collections []Collection, mark string) []byte {
	e := s.entries
	h := compiledHeader{Files: mark, Collections: collections, Words: e.words, Bits4: s.bits4, Bits6: s.bits6, Count: s.count, Keys: e.used}
	for _, c := range s.compounds {
		h.Compounds = append(h.Compounds, compoundText{c.indicator, c.part})
	}
	header, err := json.Marshal(h)
	if err != nil {
		return nil // an empty file is made anew
	}
	body := binary.BigEndian.AppendUint64(nil, uint64(len(header)))
	body = append(append(body, header...), e.blob...)
	sum := sha256.Sum256(body)
	return append(append(append(b, compiledMagic...), sum[:]...), body...)
}

// readCompiled reads a compiled set of the files of a fingerprint.
func readCompiled(path, mark string) (set *Set, collections []Collection, err error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	return parseCompiled(data, mark)
}

func parseCompiled(data []byte, mark string) (set *Set, collections []Collection, err error) {
	// The sum is right for what we wrote; for what somebody else made with a
	// right sum, a set that does not hold together is damaged too.
	defer func() {
		if recover() != nil {
			set, collections, err = nil, nil, errStale
		}
	}()
	body, ok := bytes.CutPrefix(data, []byte(compiledMagic))
	if !ok || len(body) < sha256.Size+8 {
		return nil, nil, errStale
	}
	if sha256.Sum256(body[sha256.Size:]) != [sha256.Size]byte(body[:sha256.Size]) {
		return nil, nil, errStale
	}
	body = body[sha256.Size:]
	n := binary.BigEndian.Uint64(body)
	body = body[8:]
	var h compiledHeader
	if n > uint64(len(body)) || json.Unmarshal(body[:n], &h) != nil || h.Files != mark {
		return nil, nil, errStale
	}
	set = &Set{bits4: h.Bits4, bits6: h.Bits6, count: h.Count, entries: newEntries()}
	set.entries.words, set.entries.blob = h.Words, body[n:]
	for _, t := range h.Compounds {
		c, err := t.compound()
		if err != nil {
			return nil, nil, errStale
		}
		set.compounds = append(set.compounds, c)
		set.triggers |= c.types
	}
	return set, h.Collections, set.index(h.Keys)
}

func (t compoundText) compound() (*compound, error) {
	root, err := parsePattern(t.Indicator.Pattern)
	if err != nil {
		return nil, err
	}
	_, nodes, _ := split(root, t.Indicator.Pattern)
	if t.Part < 0 || t.Part >= len(nodes) {
		return nil, errStale
	}
	c, err := newCompound(nodes[t.Part], t.Indicator)
	if err == nil {
		c.part = t.Part
	}
	return c, err
}

// index makes the table of the entries anew: hashes are other ones in every
// process, so that nobody can make a list of which all keys collide.
func (s *Set) index(keys int) error {
	e := s.entries
	slots := 64
	for slots*2 < keys*3 && slots < 1<<32 {
		slots *= 2
	}
	e.slots = make([]uint64, slots)
	for off := 0; off < len(e.blob); {
		en := e.at(off)
		slot, old := e.slot(en.kind, en.key)
		if old >= 0 != (en.flags&hasPrev != 0) || old != en.prev {
			return errStale
		}
		e.put(slot, old < 0, en.kind, en.key, off)
		s.kinds[en.kind] = true
		off = len(e.blob) - len(e.skip(en))
	}
	return nil
}

// skip gives what stands after an entry, and checks that it can be unpacked.
func (e *entries) skip(en entry) []byte {
	b := en.rest
	text := func() {
		n, w := binary.Uvarint(b)
		b = b[w+int(n):]
	}
	if en.flags&hasValue != 0 {
		text()
	}
	for range 4 {
		n, w := binary.Uvarint(b)
		_ = e.words[n]
		b = b[w:]
	}
	switch {
	case en.flags&hasUUID != 0:
		b = b[16:]
	case en.flags&hasID != 0:
		text()
	}
	for _, flag := range []byte{hasFrom, hasUntil} {
		if en.flags&flag != 0 {
			_, n := binary.Varint(b)
			_, k := binary.Varint(b[n:])
			b = b[n+k:]
		}
	}
	return b
}
