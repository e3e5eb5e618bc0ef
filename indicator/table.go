package indicator

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"hash/maphash"
	"strings"
	"time"
)

// Kinds of keys. One value may be found under several of them.
const (
	keyHost     = 'd' // a host; its sub-domains too
	keyAddress  = 'i' // an address, 16 bytes
	keyNetwork  = 'n' // a CIDR: 16 bytes and the number of bits
	keyURL      = 'u' // a canonical link
	keyUnder    = 'p' // a canonical link, and what is below it
	keyURLHost  = 'm' // the host of such links: without it nobody need look for them
	keyEmail    = 'e'
	keyProcess  = 'x' // a base name
	keyCut      = 'c' // the first 16 bytes of a longer base name
	keyPath     = 'f' // an absolute path, and what is below it
	keyTail     = 't' // the base name of a relative path
	keyName     = 'b' // the base name of a file
	keyApp      = 'a'
	keyProfile  = 'o'
	keyProperty = 'y'
	keyHash     = 0x80 // plus the type: the bytes of a hash
)

// entries keeps indicators packed, and finds them by key. An entry is what is
// written by appendEntry: about as long as the value, the id and 10 bytes. The
// table has a slot of 8 bytes for each key, and is at most two thirds full.
type entries struct {
	seed  maphash.Seed
	slots []uint64 // 24 bits of the hash above 40 bits of offset+1; 0 is empty
	used  int
	blob  []byte
	words []string // malware, source and the two halves of a pattern, each once
	index map[string]uint32
	count int
}

const (
	offsetBits = 40
	offsetMask = 1<<offsetBits - 1
	maxChain   = 64 // indicators of one value that are kept
)

// Flags of an entry.
const (
	hasPrev = 1 << iota // another entry has the same key
	hasValue
	hasUUID
	hasID
	hasFrom
	hasUntil
	onlyWWW  // the host was published with www.: other sub-domains do not match
	isHidden // a part of a compound pattern, or a mark, and no indicator
)

var errTooMany = errors.New("too many indicators for one set")

func newEntries() *entries {
	return &entries{seed: maphash.MakeSeed(), slots: make([]uint64, 64), index: map[string]uint32{}}
}

func (e *entries) hash(kind byte, key []byte) uint64 {
	h := maphash.Bytes(e.seed, key) + uint64(kind)*0x9e3779b97f4a7c15
	return h ^ h>>29
}

// entry is one entry as it stands in the blob.
type entry struct {
	kind, flags byte
	typ         Type
	key         []byte
	prev        int // offset of the entry of the same key before it
	rest        []byte
}

// at reads the entry at an offset of the blob. Blobs come from add, or from a
// file whose sum was right.
func (e *entries) at(off int) (en entry) {
	b := e.blob[off:]
	en.kind, en.flags, en.typ = b[0], b[1], Type(b[2])
	n, w := binary.Uvarint(b[3:])
	en.key, b = b[3+w:3+w+int(n)], b[3+w+int(n):]
	en.prev = -1
	if en.flags&hasPrev != 0 {
		d, w := binary.Uvarint(b)
		en.prev, b = off-int(d), b[w:]
	}
	en.rest = b
	return en
}

// slot finds the slot of a key: one that holds it, or the empty one where it
// would stand.
func (e *entries) slot(kind byte, key []byte) (slot uint64, off int) {
	h := e.hash(kind, key)
	mask := uint64(len(e.slots) - 1)
	for i := h & mask; ; i = (i + 1) & mask {
		s := e.slots[i]
		if s == 0 {
			return i, -1
		}
		if s>>offsetBits != h>>offsetBits {
			continue
		}
		off := int(s&offsetMask) - 1
		if en := e.at(off); en.kind == kind && bytes.Equal(en.key, key) {
			return i, off
		}
	}
}

// find gives the offset of the last entry of a key, and -1 when there is none.
func (e *entries) find(kind byte, key []byte) int {
	_, off := e.slot(kind, key)
	return off
}

// add appends an entry; it tells whether there was one of the same type, value
// and collection before.
func (e *entries) add(kind byte, key []byte, flags byte, ind Indicator) (again bool, err error) {
	slot, prev := e.slot(kind, key)
	chain := 0
	for off := prev; off >= 0; chain++ {
		en := e.at(off)
		if old := e.indicator(en); old.Malware == ind.Malware && old.Source == ind.Source && en.flags&isHidden == flags&isHidden &&
			(flags&isHidden == 0 || old.Value == ind.Value && old.ID == ind.ID) {
			return true, nil
		}
		off = en.prev
	}
	if chain >= maxChain && flags&isHidden == 0 {
		return false, errTooOften
	}
	off := len(e.blob)
	if off >= offsetMask-1<<20 {
		return false, errTooMany
	}
	e.blob = e.appendEntry(e.blob, kind, key, flags, prev, ind)
	e.put(slot, prev < 0, kind, key, off)
	if flags&isHidden == 0 {
		e.count++
	}
	return false, nil
}

var errTooOften = errors.New("the same value was published under more than 64 names")

func (e *entries) put(slot uint64, isNew bool, kind byte, key []byte, off int) {
	e.slots[slot] = e.hash(kind, key)>>offsetBits<<offsetBits | uint64(off+1)
	if !isNew {
		return
	}
	if e.used++; e.used*3 > len(e.slots)*2 {
		e.grow(len(e.slots) * 2)
	}
}

// grow moves what is there to a larger table.
func (e *entries) grow(n int) {
	old := e.slots
	e.slots = make([]uint64, n)
	mask := uint64(n - 1)
	for _, s := range old {
		if s == 0 {
			continue
		}
		en := e.at(int(s&offsetMask) - 1)
		i := e.hash(en.kind, en.key) & mask
		for e.slots[i] != 0 {
			i = (i + 1) & mask
		}
		e.slots[i] = s
	}
}

func (e *entries) appendEntry(b []byte, kind byte, key []byte, flags byte, prev int, ind Indicator) []byte {
	off := len(b)
	set := func(yes bool, flag byte) {
		if yes {
			flags |= flag
		}
	}
	uuid, isUUID := packID(ind.ID)
	set(prev >= 0, hasPrev)
	set(ind.Value != plainValue(kind, key), hasValue)
	set(isUUID, hasUUID)
	set(!isUUID && ind.ID != "", hasID)
	set(!ind.ValidFrom.IsZero(), hasFrom)
	set(!ind.ValidUntil.IsZero(), hasUntil)
	b = append(b, kind, flags, byte(ind.Type))
	b = append(binary.AppendUvarint(b, uint64(len(key))), key...)
	if prev >= 0 {
		b = binary.AppendUvarint(b, uint64(off-prev))
	}
	if flags&hasValue != 0 {
		b = appendText(b, ind.Value)
	}
	before, after, found := ind.Pattern, "", false
	if ind.Value != "" {
		before, after, found = strings.Cut(ind.Pattern, ind.Value)
	}
	if !found {
		after = "\x00"
	}
	for _, w := range []string{ind.Malware, ind.Source, before, after} {
		b = binary.AppendUvarint(b, uint64(e.word(w)))
	}
	switch {
	case isUUID:
		b = append(b, uuid[:]...)
	case ind.ID != "":
		b = appendText(b, ind.ID)
	}
	for _, t := range []time.Time{ind.ValidFrom, ind.ValidUntil} {
		if !t.IsZero() {
			b = binary.AppendVarint(binary.AppendVarint(b, t.Unix()), int64(t.Nanosecond()))
		}
	}
	return b
}

func appendText(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

// word gives the number of a text that many entries share.
func (e *entries) word(s string) uint32 {
	n, ok := e.index[s]
	if !ok {
		n = uint32(len(e.words))
		e.index[s] = n
		e.words = append(e.words, s)
	}
	return n
}

// indicator unpacks what was published.
func (e *entries) indicator(en entry) Indicator {
	ind, _ := e.unpack(en)
	return ind
}

func (e *entries) unpack(en entry) (ind Indicator, rest []byte) {
	b := en.rest
	text := func() string {
		n, w := binary.Uvarint(b)
		s := string(b[w : w+int(n)])
		b = b[w+int(n):]
		return s
	}
	ind.Type, ind.Value = en.typ, ""
	if en.flags&hasValue != 0 {
		ind.Value = text()
	} else {
		ind.Value = plainValue(en.kind, en.key)
	}
	var w [4]string
	for i := range w {
		n, k := binary.Uvarint(b)
		w[i], b = e.words[n], b[k:]
	}
	ind.Malware, ind.Source = w[0], w[1]
	if ind.Pattern = w[2]; w[3] != "\x00" {
		ind.Pattern += ind.Value + w[3]
	}
	switch {
	case en.flags&hasUUID != 0:
		ind.ID, b = unpackID(b[:16]), b[16:]
	case en.flags&hasID != 0:
		ind.ID = text()
	}
	when := func() time.Time {
		sec, n := binary.Varint(b)
		nano, k := binary.Varint(b[n:])
		b = b[n+k:]
		return time.Unix(sec, nano).UTC()
	}
	if en.flags&hasFrom != 0 {
		ind.ValidFrom = when()
	}
	if en.flags&hasUntil != 0 {
		ind.ValidUntil = when()
	}
	return ind, b
}

// plainValue is the published value that a key stands for when nothing else is
// said.
func plainValue(kind byte, key []byte) string {
	if kind >= keyHash {
		return hex.EncodeToString(key)
	}
	return string(key)
}

const idPrefix = "indicator--"

// packID packs "indicator--" and a UUID to the 16 bytes of the UUID.
func packID(id string) (uuid [16]byte, ok bool) {
	s, ok := strings.CutPrefix(id, idPrefix)
	if !ok || len(s) != 36 {
		return uuid, false
	}
	plain := s[:8] + s[9:13] + s[14:18] + s[19:23] + s[24:]
	if _, err := hex.Decode(uuid[:], []byte(plain)); err != nil {
		return uuid, false
	}
	return uuid, unpackID(uuid[:]) == id
}

func unpackID(b []byte) string {
	h := hex.EncodeToString(b)
	return idPrefix + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
