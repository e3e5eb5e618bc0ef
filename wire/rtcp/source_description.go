package rtcp

import (
	"encoding/binary"
	"slices"
	"unicode/utf8"
)

// SourceDescription says who sources are, RFC 3550 §6.5.
type SourceDescription struct {
	Chunks []Chunk // at most 31
}

// Chunk describes one source, RFC 3550 §6.5.
type Chunk struct {
	SSRC  uint32
	Items []Item
}

// Item is one thing that is said of a source, RFC 3550 §6.5. Its text is UTF-8,
// and a view of the packet; that of PRIV is not looked into.
type Item struct {
	Kind ItemKind
	Text []byte // at most 255 bytes
}

// ItemKind is what an item tells, RFC 3550 §12.2.
type ItemKind byte

// The kinds of items that are known here.
const (
	CNAME               ItemKind = 1  // RFC 3550 §6.5.1
	NAME                ItemKind = 2  // RFC 3550 §6.5.2
	EMAIL               ItemKind = 3  // RFC 3550 §6.5.3
	PHONE               ItemKind = 4  // RFC 3550 §6.5.4
	LOC                 ItemKind = 5  // RFC 3550 §6.5.5
	TOOL                ItemKind = 6  // RFC 3550 §6.5.6
	NOTE                ItemKind = 7  // RFC 3550 §6.5.7
	PRIV                ItemKind = 8  // RFC 3550 §6.5.8
	RtpStreamID         ItemKind = 12 // RFC 8852 §3.1
	RepairedRtpStreamID ItemKind = 13 // RFC 8852 §3.2
	MID                 ItemKind = 15 // RFC 9143 §15.1
)

const (
	itemKinds  = 0x1fe | 1<<RtpStreamID | 1<<RepairedRtpStreamID | 1<<MID
	endOfItems = 0 // RFC 3550 §6.5

	chunkHeader = 4 // the source
	itemHeader  = 2 // kind and length
)

// MaxItems is how many items a chunk may have. The specification sets no limit,
// and knows fewer kinds.
const MaxItems = 16

func init() { register(SDES, kind{checkDescription, readDescription}) }

func checkDescription(p []byte) error {
	at := 4
	for range int(p[0] & 0x1f) {
		if at+chunkHeader >= len(p) {
			return refuse("R6", 0, 1, "RFC 3550 §6.5", "more chunks than the packet holds")
		}
		var err error
		if at, err = checkItems(p, at+chunkHeader); err != nil {
			return err
		}
	}
	if at != len(p) {
		return refuse("R6", at, len(p)-at, "RFC 3550 §6.5", "something stands behind the chunks that are announced")
	}
	return nil
}

// checkItems walks over the items of a chunk, which end with a zero and are
// filled with zeros up to a whole word, and returns where the chunk ends.
func checkItems(p []byte, at int) (int, error) {
	named := false
	for count := 0; ; count++ {
		if at >= len(p) {
			return 0, refuse("R6", len(p), 0, "RFC 3550 §6.5", "items without an end")
		}
		if p[at] == endOfItems {
			break
		}
		if count == MaxItems {
			return 0, policy("R5", at, 0, "RFC 3550 §6.5", "more than 16 items for one source")
		}
		end, err := checkItem(p, at)
		if err != nil {
			return 0, err
		}
		if p[at] == byte(CNAME) {
			if named {
				return 0, policy("R5", at, end-at, "RFC 3550 §6.5.1", "a source with two names")
			}
			named = true
		}
		at = end
	}
	end := (at + 4) &^ 3
	if i := nonzero(p[at:end]); i >= 0 {
		return 0, refuse("R3", at+i, 1, "RFC 3550 §6.5", "something stands behind the end of the items")
	}
	return end, nil
}

// checkItem reads the item at at, and returns where it ends.
func checkItem(p []byte, at int) (int, error) {
	if at+itemHeader > len(p) {
		return 0, refuse("R6", at, 1, "RFC 3550 §6.5", "an item without a length")
	}
	kind, end := p[at], at+itemHeader+int(p[at+1])
	switch text := at + itemHeader; {
	case kind > byte(MID) || itemKinds>>kind&1 == 0:
		return 0, policy("R3", at, 1, "RFC 3550 §6.5", "a kind of item that is not known here")
	case end > len(p):
		return 0, refuse("R6", at+1, 1, "RFC 3550 §6.5", "an item is longer than the packet")
	case kind == byte(PRIV):
		if text == end || text+1+int(p[text]) > end {
			return 0, refuse("R6", at+1, 1, "RFC 3550 §6.5.8", "a private item shorter than its prefix")
		}
	case !utf8.Valid(p[text:end]):
		return 0, refuse("R3", text, end-text, "RFC 3550 §6.5", "an item that is not UTF-8")
	}
	return end, nil
}

// hasName tells whether a description that has been checked names a source, RFC
// 3550 §6.5.1. The name mostly is the first item there is.
func hasName(p []byte) bool {
	for at := 4; at < len(p); at = (at + 4) &^ 3 {
		for at += chunkHeader; p[at] != endOfItems; at += itemHeader + int(p[at+1]) {
			if p[at] == byte(CNAME) {
				return true
			}
		}
	}
	return false
}

func readDescription(p []byte) Packet {
	var d SourceDescription
	d.Chunks = slices.Grow(d.Chunks, int(p[0]&0x1f))
	for at := 4; at < len(p); at = (at + 4) &^ 3 {
		c := Chunk{SSRC: binary.BigEndian.Uint32(p[at:])}
		for at += chunkHeader; p[at] != endOfItems; {
			end := at + itemHeader + int(p[at+1])
			c.Items = append(c.Items, Item{ItemKind(p[at]), p[at+itemHeader : end]})
			at = end
		}
		d.Chunks = append(d.Chunks, c)
	}
	return d
}

// Type returns SDES.
func (SourceDescription) Type() Type { return SDES }

// AppendTo writes the description, RFC 3550 §6.5.
func (d SourceDescription) AppendTo(b []byte) []byte {
	start, chunks := len(b), clip(d.Chunks)
	b = begin(b, len(chunks), SDES)
	for _, c := range chunks {
		b = binary.BigEndian.AppendUint32(b, c.SSRC)
		for _, i := range c.Items {
			text := i.Text[:min(len(i.Text), 255)]
			b = append(append(b, byte(i.Kind), byte(len(text))), text...)
		}
		b = append(b, endOfItems)
		for (len(b)-start)%4 != 0 {
			b = append(b, 0)
		}
	}
	return finish(b, start)
}
