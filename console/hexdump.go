package console

import (
	"fmt"
	"strings"
)

const (
	dumpWidth = 16   // bytes a line
	dumpBytes = 2048 // bytes a page: 128 lines
)

// dump is a piece of what arrived, as lines of hexadecimal digits.
type dump struct {
	Lines      []dumpLine
	From, To   int // bytes shown: From <= i < To
	Kept, Size int // bytes kept, bytes that arrived
	Offset     int // offending bytes
	Length     int
	Previous   int // where the page before begins, or -1
	Next       int // where the page behind begins, or -1
	MarkPage   int // the page of the first offending byte, or -1 when it was not kept
}

// dumpLine is one line. The offending bytes are in marked pieces; the bracket
// or bar in front of and behind them is part of the text, so that the mark is
// seen without colour.
type dumpLine struct {
	Offset string
	Marked bool // has an offending byte, or the place where one is missing
	Hex    []piece
	ASCII  []piece
}

type piece struct {
	Text   string
	Marked bool
}

// newDump lays out the page that begins at from, or the one of the first
// offending byte when from is negative.
func newDump(b []byte, size, offset, length, from int) dump {
	d := dump{Kept: len(b), Size: size, Offset: offset, Length: length, Previous: -1, Next: -1, MarkPage: -1}
	if offset >= 0 && offset <= len(b) && !(offset == len(b) && size > len(b)) {
		at := offset
		if at == len(b) && at > 0 {
			at-- // something is missing behind the last byte
		}
		d.MarkPage = at / dumpBytes * dumpBytes
	}
	if from < 0 {
		from = max(0, d.MarkPage)
	}
	d.From = min(from, max(0, len(b)-1)) / dumpBytes * dumpBytes
	d.To = min(d.From+dumpBytes, len(b))
	if d.From > 0 {
		d.Previous = d.From - dumpBytes
	}
	if d.To < len(b) {
		d.Next = d.To
	}
	for at := d.From; at < d.To; at += dumpWidth {
		d.Lines = append(d.Lines, d.line(b[at:min(at+dumpWidth, d.To)], at, len(b)))
	}
	return d
}

// End is the first byte behind the offending ones.
func (d dump) End() int { return d.Offset + d.Length }

// Cut tells whether more arrived than was kept.
func (d dump) Cut() bool { return d.Size > d.Kept }

// Pages tells whether there is more than one page.
func (d dump) Pages() bool { return d.Kept > dumpBytes }

// marked tells whether the byte at an offset is an offending one.
func (d dump) marked(at int) bool {
	return d.Length > 0 && at >= d.Offset && at-d.Offset < d.Length
}

// line lays out up to 16 bytes. Between two bytes stands a space, or the
// bracket that opens or closes the mark, or the bar where a byte is missing.
func (d dump) line(b []byte, at, kept int) dumpLine {
	l := dumpLine{Offset: fmt.Sprintf("%08x", at)}
	for i := range dumpWidth + 1 {
		inside := i > 0 && i < len(b) && d.marked(at+i-1) && d.marked(at+i)
		l.Hex = add(l.Hex, d.between(at, i, len(b), kept), inside)
		if i == dumpWidth {
			break
		}
		if i >= len(b) {
			l.Hex = add(l.Hex, "  ", false)
			continue
		}
		marked := d.marked(at + i)
		l.Hex = add(l.Hex, fmt.Sprintf("%02x", b[i]), marked)
		l.ASCII = add(l.ASCII, printable(b[i]), marked)
		l.Marked = l.Marked || marked
	}
	for _, p := range l.Hex {
		l.Marked = l.Marked || strings.Contains(p.Text, "|")
	}
	return l
}

// between returns what stands in front of the byte with index i of a line of n
// bytes that begins at an offset.
func (d dump) between(at, i, n, kept int) string {
	here := at + i
	missing := d.Length == 0 && here == d.Offset && i <= n && (i < dumpWidth || here == kept)
	before := i > 0 && i <= n && d.marked(here-1)
	after := i < n && d.marked(here)
	switch {
	case missing:
		return "|"
	case after && (!before || i == 0):
		return "["
	case before && !after:
		return "]"
	}
	return " "
}

// add appends text, to the last piece where that is marked alike.
func add(pieces []piece, text string, marked bool) []piece {
	if n := len(pieces); n > 0 && pieces[n-1].Marked == marked {
		pieces[n-1].Text += text
		return pieces
	}
	return append(pieces, piece{text, marked})
}

func printable(c byte) string {
	if c < 0x20 || c > 0x7e {
		return "."
	}
	return string(rune(c))
}
