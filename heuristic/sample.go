package heuristic

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

// Limits of what a heuristic keeps, whatever the records hold.
const (
	maxKept   = 8       // records shown with one finding
	maxGroups = 4096    // groups told apart; records of further ones are counted as others
	maxEvents = 1 << 20 // times or numbers remembered by one heuristic
	maxListed = 12      // values written out in a title
	maxSingle = 50      // findings of one heuristic that stand alone; further ones are counted
)

// Rule is a watcher made of functions; either may be nil.
type Rule struct {
	OnRecord func(r *artifact.Record, report Report)
	OnEnd    func(report Report)
}

// Watch calls OnRecord.
func (u Rule) Watch(r *artifact.Record, report Report) {
	if u.OnRecord != nil {
		u.OnRecord(r, report)
	}
}

// End calls OnEnd.
func (u Rule) End(report Report) {
	if u.OnEnd != nil {
		u.OnEnd(report)
	}
}

// sample counts records of a kind and keeps the first ones.
type sample struct {
	n    int
	kept []*artifact.Record
}

func (s *sample) add(r *artifact.Record) {
	s.n++
	if len(s.kept) < maxKept {
		s.kept = append(s.kept, r.Clone())
	}
}

// finding is a finding with the sample's records.
func (s *sample) finding(severity artifact.Severity, title, explanation string) Finding {
	f := Finding{Severity: severity, Title: title, Explanation: explanation}
	if len(s.kept) > 0 {
		f.Record, f.Around = s.kept[0], s.kept[1:]
	}
	return f
}

// groups gathers records by a name.
type groups struct {
	by     map[string]*sample
	others int // records of groups beyond maxGroups
}

func (g *groups) add(name string, r *artifact.Record) *sample {
	s := g.by[name]
	if s == nil {
		if len(g.by) >= maxGroups {
			g.others++
			return &sample{}
		}
		if g.by == nil {
			g.by = map[string]*sample{}
		}
		s = &sample{}
		g.by[name] = s
	}
	s.add(r)
	return s
}

// names lists the groups in order.
func (g *groups) names() []string {
	names := make([]string, 0, len(g.by))
	for name := range g.by {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// each reports every group, up to a bound, and says in the last one how many
// more there were.
func (g *groups) each(report Report, finding func(name string, s *sample) Finding) {
	names := g.names()
	for i, name := range names[:min(len(names), maxSingle)] {
		f := finding(name, g.by[name])
		if left := len(names) - maxSingle; i == maxSingle-1 && (left > 0 || g.others > 0) {
			f.Explanation += fmt.Sprintf(" There are %d more of this kind that are not listed one by one.", left+g.others)
		}
		report(f)
	}
}

// list writes values out, up to a bound.
func list(values []string) string {
	if n := len(values); n > maxListed {
		return strings.Join(values[:maxListed], ", ") + fmt.Sprintf(" and %d more", n-maxListed)
	}
	return strings.Join(values, ", ")
}

// counted writes a number with its noun.
func counted(n int, noun string) string {
	switch {
	case n == 1 && noun == "time":
		return "once"
	case n == 1:
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// day writes the day of a time.
func day(t time.Time) string { return t.UTC().Format("2006-01-02") }

// base is the last component of a path.
func base(path string) string { return path[strings.LastIndexByte(path, '/')+1:] }

// is tells whether a field is true.
func is(r *artifact.Record, field string) bool {
	yes, _ := r.Get(field).(bool)
	return yes
}

// moment returns a field as a time; zero when it is none.
func moment(r *artifact.Record, field string) time.Time {
	t, _ := r.Get(field).(time.Time)
	return t
}

// text returns a field that is a string; unlike Record.Text it formats nothing.
func text(r *artifact.Record, field string) string {
	s, _ := r.Get(field).(string)
	return s
}
