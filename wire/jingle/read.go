package jingle

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/wire"
)

// maxDropped is how many different names a stanza may have beyond the model.
const maxDropped = 64

// specifications are the namespaces of the model, each with what defines it.
// The files that read a namespace fill it.
var specifications = map[string]string{}

// clause names what defines an element. A stanza that is cut out of its stream
// has no namespace.
func clause(e *element) string {
	if c, ok := specifications[e.space]; ok {
		return c
	}
	return "RFC 6120 §8"
}

// children are the elements that may stand in another one, and what reads
// them into what that one becomes. The files that read them fill it.
type children[T any] map[name]func(*reader, *element, *T)

// reader turns elements into the model. It keeps the first refusal, and what
// was left out.
type reader struct {
	err     *wire.Refusal
	dropped []string
}

func (r *reader) stop(no *wire.Refusal) {
	if r.err == nil {
		r.err = no
	}
}

// drop records what the model does not have.
func (r *reader) drop(at, length int, what string) {
	switch {
	case slices.Contains(r.dropped, what):
	case len(r.dropped) == maxDropped:
		r.stop(decline("R5", at, length, "RFC 6120 §13.12", "more than 64 names beyond the model"))
	default:
		r.dropped = append(r.dropped, what)
	}
}

func (r *reader) dropElement(e *element) { r.drop(e.at, e.end-e.at, e.name.String()) }

// unknown drops an element of a foreign namespace. In a namespace of the model
// every element means something: there an unknown one is refused, and so is a
// known one out of its place.
func (r *reader) unknown(e *element, parent string) {
	if _, ours := specifications[e.space]; ours || e.space == parent {
		r.stop(decline("R3", e.at, e.end-e.at, clause(e), "an element that has no place here"))
		return
	}
	r.dropElement(e)
}

// once refuses a second element of what there is one of: one of the same name,
// or of another where already says so.
func (r *reader) once(e *element, already bool) {
	if already || e.repeated() {
		r.stop(refuse("R17", e.at, e.end-e.at, clause(e), "a second element of what there is one of"))
	}
}

// full refuses one element more than the limit of its kind.
func (r *reader) full(e *element, have, most int) {
	if have == most {
		r.stop(decline("R5", e.at, e.end-e.at, clause(e), "more elements of this kind than "+strconv.Itoa(most)))
	}
}

// missing refuses an element for what it does not have.
func (r *reader) missing(e *element, clause, what string) {
	r.stop(refuse("R3", e.at, 0, clause, what))
}

// walk reads the children of an element that has no text of its own.
func walk[T any](r *reader, e *element, into *T, known children[T]) {
	r.textless(e)
	for _, c := range e.children {
		if r.err != nil {
			return
		}
		if read, ok := known[c.name]; ok {
			read(r, c, into)
			continue
		}
		r.unknown(c, e.space)
	}
}

func (r *reader) textless(e *element) {
	if len(e.text) > 0 {
		r.stop(decline("R3", e.textAt, e.textEnd-e.textAt, clause(e), "text in an element that has none"))
	}
}

// bare reads an element whose presence is all that it says.
func (r *reader) bare(e *element) {
	r.fields(e).end()
	walk[struct{}](r, e, nil, nil)
}

// content reads an element that has text and nothing else. Text around another
// element has two readings, all of it and what stands in front.
func (r *reader) content(e *element, a alphabet) (string, span) {
	for _, c := range e.children {
		r.stop(decline("R3", c.at, c.end-c.at, clause(e), "an element in text"))
	}
	s := strings.TrimRight(string(e.text), " \t\n")
	at := span{e.textAt, e.textEnd - len(e.text) + len(s)}
	a.check(r, s, at, clause(e))
	return s, at
}

// span is where a value stands in the input.
type span struct{ at, end int }

// fields are the attributes of one element, of which those that nobody asks
// for are dropped.
type fields struct {
	r      *reader
	e      *element
	clause string
	used   uint32 // one bit each, of maxAttributes
}

func (r *reader) fields(e *element) *fields {
	return &fields{r: r, e: e, clause: clause(e)}
}

// end drops the attributes that are beyond the model.
func (f *fields) end() {
	for i, a := range f.e.attributes {
		if f.used&(1<<i) != 0 {
			continue
		}
		written := a.local
		if a.space != "" {
			written = a.name.String()
		}
		f.r.drop(a.at, a.end-a.at, f.e.name.String()+"/@"+written)
	}
}

func (f *fields) find(local string) (attribute, bool) {
	for i, a := range f.e.attributes {
		if a.name == (name{"", local}) {
			f.used |= 1 << i
			return a, true
		}
	}
	return attribute{}, false
}

// must refuses an element without one of the attributes.
func (f *fields) must(locals ...string) {
	for _, local := range locals {
		if _, ok := f.find(local); !ok {
			f.r.missing(f.e, f.clause, "no attribute "+local)
		}
	}
}

// text returns the value of an attribute, "" where it is absent.
func (f *fields) text(local string, of alphabet) string {
	a, ok := f.find(local)
	if ok {
		of.check(f.r, a.value, span{a.at, a.end}, f.clause)
	}
	return a.value
}

// enum returns one of the values that the specification has.
func enum[T ~string](f *fields, local string, values []T) T {
	return choose(f, local, values, refuse)
}

// among returns one of the values that we have; the specification has more.
func among[T ~string](f *fields, local string, values []T) T {
	return choose(f, local, values, decline)
}

func choose[T ~string](f *fields, local string, values []T, no func(string, int, int, string, string) *wire.Refusal) T {
	a, ok := f.find(local)
	if ok && !slices.Contains(values, T(a.value)) {
		f.r.stop(no("R7", a.at, a.end-a.at, f.clause, "a value of "+local+" that there is not"))
	}
	return T(a.value)
}

// limits are those of a number: what is above the ceiling the specification
// does not have, what is beside least and most we do not take.
type limits struct{ least, most, ceiling uint64 }

// number returns a number, and whether it is there. It has one spelling, so
// leading zeros are refused.
func (f *fields) number(local string, l limits) (uint64, bool) {
	a, ok := f.find(local)
	if !ok {
		return 0, false
	}
	return l.parse(f.r, a.value, span{a.at, a.end}, f.clause), true
}

func (l limits) parse(r *reader, s string, at span, clause string) uint64 {
	const mostDigits = 20 // of 64 bits
	n := at.end - at.at
	if s == "" || strings.Trim(s, "0123456789") != "" {
		r.stop(refuse("R7", at.at, n, clause, "not a number"))
		return 0
	}
	if len(s) > mostDigits || len(s) > 1 && s[0] == '0' {
		r.stop(decline("R17", at.at, n, clause, "a number with more digits than it needs"))
		return 0
	}
	v, err := strconv.ParseUint(s, 10, 64)
	switch {
	case err != nil || v > l.ceiling:
		r.stop(refuse("R7", at.at, n, clause, "a number above what the specification has"))
	case v < l.least || v > l.most:
		r.stop(decline("R7", at.at, n, clause, "a number out of range"))
	}
	return v
}

// flag returns a truth value in one of the four spellings of XML Schema
// Part 2 §3.2.2.
func (f *fields) flag(local string, absent bool) bool {
	switch enum(f, local, []string{"true", "false", "1", "0"}) {
	case "true", "1":
		return true
	case "":
		return absent
	}
	return false
}

// address returns an address. Deviates from RFC 8839 §5.1, which takes names,
// too: whoever resolves a name that a caller chose tells the caller.
func (f *fields) address(local string) netip.Addr {
	a, ok := f.find(local)
	if !ok {
		return netip.Addr{}
	}
	ip, err := netip.ParseAddr(a.value)
	if err != nil || ip.Zone() != "" {
		f.r.stop(decline("R21", a.at, a.end-a.at, f.clause, "not a literal address"))
		return netip.Addr{}
	}
	return ip
}
