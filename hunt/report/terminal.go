package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ringfence/ringfence/hunt"
)

const (
	maxTold  = 20 // campaigns on a terminal
	maxNamed = 6  // of a list in one
)

// screen writes lines that fit.
type screen struct {
	w     io.Writer
	width int
	err   error
}

// Print writes the campaigns in short for a terminal of so many columns (0: 80),
// the strongest first, without colour.
//
// Errors: those of writing.
func Print(w io.Writer, r hunt.Result, width int) error {
	s := &screen{w: w, width: 80}
	if width > 0 {
		s.width = min(max(width, 40), 120)
	}
	sorted := strongest(r)
	for _, c := range sorted[:min(len(sorted), maxTold)] {
		s.campaign(c)
	}
	if more := len(sorted) - maxTold; more > 0 {
		s.fold("", count(more)+" more campaigns: --json, or --report FILE")
		s.line("")
	}
	s.rest(r)
	return s.err
}

func (s *screen) campaign(c hunt.Campaign) {
	s.fold("", fmt.Sprintf("%s  %s: %s, %s, %s to %s UTC", shown(c.ID), strings.ToUpper(string(c.Strength)), several(len(c.Accounts), "account"), several(len(c.Targets), "target"),
		utc(c.From)[:16], utc(c.To)[:16]))
	for _, why := range c.Why {
		s.fold("  why      ", shown(why))
	}
	for _, f := range sharedOf(c, english) {
		says := strings.TrimSpace(f.Name + " " + shown(f.Value))
		if f.Words != "" {
			says += ": " + shown(f.Words)
		} else {
			says += ": " + f.Here + " in the campaign, " + f.Everywhere + " among everybody"
		}
		if f.Without != english.W["unknownwithout"] {
			says += "; without it " + f.Without
		}
		s.fold("  shares   ", says)
	}
	for _, a := range c.Against {
		s.fold("  against  ", shown(a))
	}
	s.fold("  accounts ", named(c.Accounts))
	targets := make([]string, 0, maxNamed+1)
	for _, t := range c.Targets[:min(len(c.Targets), maxNamed)] {
		targets = append(targets, shown(t.ID))
	}
	if more := len(c.Targets) - maxNamed; more > 0 {
		targets = append(targets, "and "+count(more)+" more")
	}
	s.fold("  targets  ", strings.Join(targets, ", "))
	var places []string
	for _, t := range tallies(c.Countries) {
		places = append(places, english.country(t.Name)+" "+count(t.N))
	}
	if len(places) > 0 {
		s.fold("  in       ", named(places))
	}
	s.line("")
}

// rest says how much was read, what was not, and what to do now.
func (s *screen) rest(r hunt.Result) {
	s.fold("", fmt.Sprintf("%s read, %s that are no records; %s.", several(int(r.Records), "record"), several(int(r.Rejected), "line"), several(len(r.Campaigns), "campaign")))
	for _, t := range tallies(r.Reasons) {
		s.fold("  rejected ", count(t.N)+": "+shown(t.Name))
	}
	for _, t := range tallies(r.Explained) {
		s.fold("  innocent ", several(int(t.N), "group")+": "+shown(t.Name))
	}
	if len(r.Absent) > 0 {
		s.fold("  absent   ", named(r.Absent)+": features that need these columns are missing")
	}
	for _, u := range r.Unread[:min(len(r.Unread), maxNamed)] {
		s.fold("  unread   ", shown(u))
	}
	if more := len(r.Unread) - maxNamed; more > 0 {
		s.fold("  unread   ", count(more)+" more: --json")
	}
	switch {
	case slices.ContainsFunc(r.Campaigns, func(c hunt.Campaign) bool { return c.Strength != hunt.Weak }):
		s.fold("", "Look at the attempts before you act: --report FILE draws them, --json gives all of them. Exit code 3.")
	case len(r.Unread) > 0:
		s.fold("", "Nothing more than weak was found, and some records could not be read. Exit code 4.")
	default:
		s.fold("", "Nothing more than weak was found. That is no proof that there is nothing (docs/hunt.md). Exit code 0.")
	}
}

// named lists the first of some texts.
func named(all []string) string {
	var b strings.Builder
	for i, one := range all {
		if i == maxNamed {
			fmt.Fprintf(&b, ", and %s more", count(len(all)-maxNamed))
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(shown(one))
	}
	return b.String()
}

func several(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return count(n) + " " + what + "s"
}

// fold writes a text in lines that fit, the first after label, the others as far in.
func (s *screen) fold(label, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(label))
	line := label
	used := utf8.RuneCountInString(label)
	begun := false
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return r == ' ' }) {
		n := utf8.RuneCountInString(word)
		if begun && used+1+n > s.width {
			s.line(line)
			line, used, begun = indent, len(indent), false
		}
		if begun {
			line, used = line+" ", used+1
		}
		line, used, begun = line+word, used+n, true
	}
	s.line(line)
}

func (s *screen) line(text string) {
	if s.err == nil {
		_, s.err = fmt.Fprintln(s.w, text)
	}
}
