package sign

import (
	"fmt"
	"slices"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/common/operators"
	"cel.dev/cel-go/common/types"

	"github.com/ringfence/ringfence/hunt/record"
)

// truth is what a condition is for a record. As in CEL, what is unsure, because
// it cannot be evaluated, matters only where it decides.
type truth uint8

const (
	no truth = iota
	yes
	unsure
)

// matcher finds the records of batches that fit a condition; one goroutine's.
type matcher struct {
	*Condition
	row     row
	asked   [][]bool  // by branch: the records that it is evaluated for
	answers [][]truth // by branch
	memory  [][]truth // by branch: one more than the answer for each small value, 0 where it is not known yet
	trouble string    // the first reason why something is unsure
}

func newMatcher(c *Condition, words record.Dictionary) *matcher {
	return &matcher{
		Condition: c, row: row{words: words},
		asked: make([][]bool, c.branches+1), answers: make([][]truth, c.branches), memory: make([][]truth, c.branches),
	}
}

// match returns the answer for each record of a batch; it is good until the next.
func (m *matcher) match(b *record.Batch) []truth {
	m.row.Batch = b
	all := m.mask(m.branches, b.N)
	for i := range all {
		all[i] = true
	}
	return m.branch(m.root, all)
}

func (m *matcher) mask(branch, n int) []bool {
	m.asked[branch] = slices.Grow(m.asked[branch][:0], n)[:n]
	return m.asked[branch]
}

func (m *matcher) branch(b *branch, asked []bool) []truth {
	out := slices.Grow(m.answers[b.number][:0], len(asked))[:len(asked)]
	m.answers[b.number] = out
	switch b.op {
	case "":
		m.atom(b, asked, out)
	case operators.LogicalNot:
		for i, t := range m.branch(b.kids[0], asked) {
			out[i] = [...]truth{no: yes, yes: no, unsure: unsure}[t]
		}
	case operators.Conditional:
		m.choose(b, asked, out)
	default:
		m.join(b, asked, out)
	}
	return out
}

// join is and, and or: the rest is evaluated where what came before did not
// decide.
func (m *matcher) join(b *branch, asked []bool, out []truth) {
	decided := no
	if b.op == operators.LogicalOr {
		decided = yes
	}
	copy(out, m.branch(b.kids[0], asked))
	for _, kid := range b.kids[1:] {
		still := m.mask(b.number, len(asked))
		for i := range still {
			still[i] = asked[i] && out[i] != decided
		}
		for i, t := range m.branch(kid, still) {
			if still[i] && (t == decided || t == unsure || out[i] != unsure) {
				out[i] = t
			}
		}
	}
}

func (m *matcher) choose(b *branch, asked []bool, out []truth) {
	copy(out, m.branch(b.kids[0], asked))
	for side, kid := range b.kids[1:] {
		these := m.mask(b.number, len(asked))
		wanted := [...]truth{yes, no}[side]
		for i, t := range m.answers[b.kids[0].number] {
			these[i] = asked[i] && t == wanted
		}
		for i, t := range m.branch(kid, these) {
			if these[i] {
				out[i] = t
			}
		}
	}
}

func (m *matcher) atom(b *branch, asked []bool, out []truth) {
	switch {
	case b.small != nil:
		m.remembered(b, asked, out)
	case b.fits != nil:
		m.compared(b, asked, out)
	default:
		m.each(b, asked, out)
	}
}

func (m *matcher) remembered(b *branch, asked []bool, out []truth) {
	known := m.memory[b.number]
	for i := range out {
		if !asked[i] {
			continue
		}
		m.row.i = i
		code := int(b.small(&m.row))
		if code >= len(known) {
			known = append(known, make([]truth, code+1-len(known))...)
		}
		if known[code] == 0 {
			known[code] = m.ask(b) + 1
		}
		out[i] = known[code] - 1
	}
	m.memory[b.number] = known
}

func (m *matcher) compared(b *branch, asked []bool, out []truth) {
	short, long := b.numbers(m.row.Batch)
	for i := range out {
		if !asked[i] {
			continue
		}
		out[i] = no
		n := int64(-1)
		switch {
		case long != nil:
			n = long[i]
		case short != nil:
			n = int64(short[i])
		}
		if n >= b.least && b.fits(n) {
			out[i] = yes
		}
	}
}

// each asks CEL for each record, but for those that the hash leaves out.
func (m *matcher) each(b *branch, asked []bool, out []truth) {
	var ids []record.ID
	if b.are != nil {
		ids = b.of(m.row.Batch)
	}
	for i := range out {
		if !asked[i] {
			continue
		}
		if ids != nil && !b.are[ids[i]] {
			out[i] = no
			continue
		}
		m.row.i = i
		out[i] = m.ask(b)
	}
}

// ask evaluates an atom for the record that the row is at.
func (m *matcher) ask(b *branch) truth {
	for name, needed := range b.names {
		c := columns[name]
		if c.texts && c.small(&m.row) == record.Other {
			return m.unsure(name + " is a text for which there was no place: there are more different ones than a hunt keeps")
		}
		if needed && c.value(&m.row) == nil {
			return no
		}
	}
	v, _, err := b.ask.Eval(&m.row)
	if err != nil {
		return m.unsure(err.Error())
	}
	switch v {
	case types.True:
		return yes
	case types.False:
		return no
	}
	return m.unsure(fmt.Sprintf("a part of the rule is no condition but of type %s", v.Type().TypeName()))
}

func (m *matcher) unsure(why string) truth {
	if m.trouble == "" {
		m.trouble = why
	}
	return unsure
}

// Parent implements the interpreter's Activation.
func (r *row) Parent() cel.Activation { return nil }
