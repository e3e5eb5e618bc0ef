//go:build weakened

package testrange

import (
	"slices"
	"strings"
	"testing"
)

// weaken takes barriers out of the server and of the devices of the range's
// people.
func (h *house) weaken(s *Stage, ids ...string) {
	h.Guard().Weaken(ids...)
	s.device.Weaken(ids...)
}

// The barrier matrix: with all its barriers out a case gets through, with any
// one of them in it is refused.
func TestBarriers(t *testing.T) {
	h := build(t, nil, nil)
	s := h.stage(t)
	for _, c := range Cases() {
		if s.low() { // the accounts of one run are limited
			s = h.stage(t)
		}
		row := func(what, want string, out ...string) {
			h.weaken(s, out...)
			r := s.RunCase(t.Context(), c)
			h.weaken(s)
			if r.Outcome != want {
				t.Errorf("%s, %s: %s (%s), want %s", c.ID, what, r.Outcome, r.Seen, want)
			}
		}
		row("all barriers out", Through, c.Barriers...)
		for i, b := range c.Barriers {
			if len(c.Barriers) > 1 {
				row("only "+b+" in", Refused, slices.Delete(slices.Clone(c.Barriers), i, i+1)...)
			}
		}
		row("all barriers in", Refused)
		t.Logf("%-34s %s", c.ID, strings.Join(c.Barriers, " "))
	}
}

// low tells whether the accounts of a stage may not be enough for one more case.
func (s *Stage) low() bool { return len(s.invites) < 30 }
