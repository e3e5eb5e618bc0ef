package jingle

import (
	"net/netip"
	"strconv"
	"strings"
)

// writer appends elements in their one spelling: no white space between them,
// double quotes, the default namespace declared where it changes.
type writer struct {
	b    []byte
	open []name
	tag  bool // the last start tag has no end yet
}

func (w *writer) start(space, local string) {
	outer := ""
	if len(w.open) > 0 {
		outer = w.open[len(w.open)-1].space
	}
	w.leave()
	w.open, w.tag = append(w.open, name{space, local}), true
	w.b = append(append(w.b, '<'), local...)
	if space != outer {
		w.always("xmlns", space)
	}
}

// leave ends the start tag that is still open.
func (w *writer) leave() {
	if w.tag {
		w.b, w.tag = append(w.b, '>'), false
	}
}

func (w *writer) end() {
	n := w.open[len(w.open)-1]
	w.open = w.open[:len(w.open)-1]
	if w.tag {
		w.b, w.tag = append(w.b, "/>"...), false
		return
	}
	w.b = append(append(append(w.b, "</"...), n.local...), '>')
}

// bare writes an element that has nothing.
func (w *writer) bare(space, local string) {
	w.start(space, local)
	w.end()
}

// attribute writes a value, unless it is empty.
func (w *writer) attribute(local, value string) {
	if value != "" {
		w.always(local, value)
	}
}

func (w *writer) always(local, value string) {
	w.b = append(append(append(w.b, ' '), local...), `="`...)
	w.escape(value)
	w.b = append(w.b, '"')
}

// number writes a number, unless it is zero.
func (w *writer) number(local string, v uint64) {
	if v != 0 {
		w.digits(local, v)
	}
}

func (w *writer) digits(local string, v uint64) { w.always(local, strconv.FormatUint(v, 10)) }

// address writes an address, unless there is none.
func (w *writer) address(local string, a netip.Addr) {
	if a.IsValid() {
		w.always(local, a.String())
	}
}

func (w *writer) text(s string) {
	w.leave()
	w.escape(s)
}

func (w *writer) integer(v uint64) {
	w.leave()
	w.b = strconv.AppendUint(w.b, v, 10)
}

var escapes = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;")

func (w *writer) escape(s string) {
	if strings.ContainsAny(s, `&<>"`) {
		s = escapes.Replace(s)
	}
	w.b = append(w.b, s...)
}
