package document

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ringfence/ringfence/casefile"
)

// section is one of the document, in the order of its blocks.
type section struct {
	N      int
	ID     string
	Title  string
	Blocks []block
}

// block is one of its fields.
type block struct {
	Heading string
	Para    *para
	Said    []run // a line without a number
	Table   *table
	Figure  *figure
	Code    string
	Terms   [][2]string
}

// para is a numbered paragraph.
type para struct {
	N        int
	Runs     []run
	Record   string // G-0001; "" when Ringfence wrote it
	Entry    run
	Alleged  bool
	Exhibits []support
}

// support is an exhibit on which a paragraph rests.
type support struct {
	Exhibit run
	Entry   run
	Missing string // why it is not in this edition
}

// run is a piece of a text: a code is read from left to right also in Arabic.
type run struct {
	Text string
	Code bool
	Href string
}

// Short tells whether a code stands in one line.
func (r run) Short() bool { return len(r.Text) <= len(clock) }

type cell []run

// Long tells whether a cell needs some width to be read.
func (c cell) Long() bool {
	n := 0
	for _, r := range c {
		n += len(r.Text)
	}
	return n > 48
}

type table struct {
	ID      string
	Caption string
	Head    []column
	Rows    [][]cell
	More    int    // rows that are only in File
	File    string // the same as CSV
}

type column struct {
	Name string
	Num  bool
}

// withheld is said where an edition does not show what the ledger has.
const withheld = "withheld"

// maxRows is how many rows of a table stand in the document; all are in its CSV.
const maxRows = 2000

// columns makes heads of a table; "#" begins those of numbers.
func columns(names ...string) (all []column) {
	for _, n := range names {
		name, num := strings.CutPrefix(n, "#")
		all = append(all, column{name, num})
	}
	return all
}

// writer numbers the paragraphs of the document.
type writer struct {
	*book
	sections []*section
	now      *section
	n        int
	claims   []*para
	figures  []figure
}

func (w *writer) begin(id, title string) {
	w.now = &section{N: len(w.sections), ID: id, Title: title}
	w.sections = append(w.sections, w.now)
}

func (w *writer) add(b block)                  { w.now.Blocks = append(w.now.Blocks, b) }
func (w *writer) heading(s string)             { w.add(block{Heading: s}) }
func (w *writer) said(format string, a ...any) { w.add(block{Said: w.runs(fmt.Sprintf(format, a...))}) }
func (w *writer) code(lines ...string)         { w.add(block{Code: strings.Join(lines, "\n")}) }
func (w *writer) nothing(about string, a ...any) {
	w.said("Nothing is recorded about "+about+".", a...)
}

// say adds a numbered paragraph of our own, from facts.
func (w *writer) say(format string, a ...any) {
	w.n++
	w.add(block{Para: &para{N: w.n, Runs: w.runs(fmt.Sprintf(format, a...))}})
}

// written adds what persons wrote to a part of the case, and tells whether there is
// anything.
func (w *writer) written(part string) bool {
	before := w.n
	for _, p := range w.paragraphs {
		if p.Fact.Section != part {
			continue
		}
		w.n++
		one := &para{N: w.n, Runs: w.runs(p.Fact.Text), Record: p.ID, Entry: w.entry(p.Entry), Alleged: p.Fact.Allegation}
		for _, id := range p.Exhibits {
			one.Exhibits = append(one.Exhibits, w.support(id))
		}
		if one.Alleged {
			w.claims = append(w.claims, one)
		}
		w.add(block{Para: one})
	}
	return w.n > before
}

// support is an exhibit with its entry; that it is withheld, or not in the case, is
// said.
func (b *book) support(id string) support {
	s := support{Exhibit: run{Text: id, Code: true}}
	n, known := b.taken[id]
	if known {
		s.Entry = b.entry(n)
	}
	if b.listed[id] {
		s.Exhibit.Href = "#" + id
	}
	switch _, here := b.exhibits[id]; {
	case here:
	case known:
		s.Missing = withheld
	default:
		s.Missing = "not in the case"
	}
	return s
}

// table adds a table. When it has no rows, that is said: that nothing is recorded
// about something, or a sentence.
func (w *writer) table(t table, empty string) {
	switch {
	case len(t.Rows) > 0:
	case strings.HasSuffix(empty, "."):
		w.said("%s", empty)
		return
	default:
		w.nothing("%s", empty)
		return
	}
	if n := len(t.Rows); n > maxRows {
		t.Rows, t.More = t.Rows[:maxRows], n-maxRows
	}
	w.add(block{Table: &t})
}

var codeForm = regexp.MustCompile(`[A-Z]-(?:[0-9]{4}-)?[0-9]{4,9}\b|\b[0-9a-f]{16,}\b|\b[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?:/[0-9]{1,2})?\b|\b[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[ T][0-9]{2}:[0-9]{2}(?::[0-9]{2})?(?: UTC|Z)?)?`)

// runs splits a text where it has ids, hashes, addresses and times.
func (b *book) runs(s string) (all []run) {
	s, at := b.clean(s), 0
	for _, m := range codeForm.FindAllStringIndex(s, -1) {
		if m[0] > at {
			all = append(all, run{Text: s[at:m[0]]})
		}
		one := run{Text: s[m[0]:m[1]], Code: true}
		if b.listed[one.Text] {
			one.Href = "#" + one.Text
		}
		all, at = append(all, one), m[1]
	}
	if at < len(s) {
		all = append(all, run{Text: s[at:]})
	}
	return all
}

// entry is the number of an entry of the ledger.
func (b *book) entry(n int64) run {
	r := run{Text: strconv.FormatInt(n, 10), Code: true}
	if anchor := entryAnchor(n); b.listed[anchor] {
		r.Href = "#" + anchor
	}
	return r
}

func entryAnchor(n int64) string { return "entry-" + strconv.FormatInt(n, 10) }

func (b *book) text(s string) cell { return b.runs(s) }

// texts are several texts in one cell.
func (b *book) texts(all []string) cell { return b.runs(strings.Join(all, ", ")) }

func code(s string) cell {
	if s == "" {
		return nil
	}
	return cell{{Text: inert(s), Code: true}}
}

func number[N int | int64](n N) cell { return cell{{Text: grouped(int64(n))}} }

// grouped is a number as people read it: 1,400.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

const clock = "2006-01-02 15:04:05 UTC"

// at is a time that may be broken between the day and the clock, and nowhere else.
func at(t time.Time) cell {
	day, hour, ok := strings.Cut(stamp(t), " ")
	if !ok {
		return nil
	}
	return cell{{Text: day, Code: true}, {Text: " "}, {Text: hour, Code: true}}
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(clock)
}

// rests is on which exhibits a record rests.
func (b *book) rests(r casefile.Record) (c cell) {
	for i, id := range r.Exhibits {
		if i > 0 {
			c = append(c, run{Text: ", "})
		}
		s := b.support(id)
		c = append(c, s.Exhibit)
		if s.Missing != "" {
			c = append(c, run{Text: " (" + s.Missing + ")"})
		}
	}
	return c
}

func (b *book) of(r casefile.Record) cell { return cell{b.entry(r.Entry)} }

// inert shows what would change how the text around it is read: controls, and those
// characters that turn the direction of writing (Unicode UAX #9 §2). What joins
// letters, which Persian needs, stays.
func inert(s string) string {
	bad := func(r rune) bool {
		return r == unicode.ReplacementChar || unicode.Is(unicode.Bidi_Control, r) || r != '\n' && r != '\t' && unicode.IsControl(r) || r == '\u2028' || r == '\u2029' || r == '\ufeff'
	}
	if !strings.ContainsFunc(s, bad) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if bad(r) {
			fmt.Fprintf(&b, "⟨U+%04X⟩", r)
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// Num tells whether a column is one of numbers.
func (t *table) Num(i int) bool { return i < len(t.Head) && t.Head[i].Num }

// Anchor is what links to a row of the lists of exhibits and of entries lead to.
func (t *table) Anchor(row []cell) string {
	if len(row) == 0 || len(row[0]) == 0 {
		return ""
	}
	switch first := row[0][0].Text; t.ID {
	case "exhibit-list":
		return first
	case "ledger":
		return "entry-" + first
	default:
		return ""
	}
}

// drop takes a column away.
func (t *table) drop(name string) {
	i := slices.IndexFunc(t.Head, func(c column) bool { return c.Name == name })
	if i < 0 {
		return
	}
	t.Head = slices.Delete(t.Head, i, i+1)
	for r := range t.Rows {
		t.Rows[r] = slices.Delete(t.Rows[r], i, i+1)
	}
}
