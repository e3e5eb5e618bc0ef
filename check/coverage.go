package check

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

// maxNotes is how many things that could not be read are written out for an
// artifact; the rest is counted.
const maxNotes = 20

// whole is the name under which coverage tells of the acquisition itself.
const whole = "acquisition"

// hurt returns what is told of something that had to be left out.
func (e *examination) hurt(name, file string) func(where string, why error) {
	return func(where string, why error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		c := e.covered[name]
		if c == nil {
			c = &Coverage{Acquisition: e.index, Artifact: name, Title: "The acquisition as a whole", State: Damaged}
			e.covered[name] = c
		}
		if c.State != Unreadable {
			c.State = Damaged
		}
		e.notes[name] = append(e.notes[name], note(file, where, why))
	}
}

// cover adds what became of one file to its artifact's coverage.
func (e *examination) cover(name string, files int, sink *artifact.Sink, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	c := e.covered[name]
	c.Files += files
	c.Records += sink.Records()
	c.Recovered += sink.Recovered()
	state := Read
	switch {
	case errors.Is(err, errMissing):
		state = Absent
		c.Missing++
		c.Files--
	case errors.Is(err, artifact.ErrUndecoded):
		state = Unreadable
		c.Undecoded = true
	case err != nil && sink.Records() == 0:
		state = Unreadable
	case err != nil:
		state = Damaged
	case sink.Records() == 0:
		state = Empty
	}
	if err != nil {
		e.notes[name] = append(e.notes[name], note(sink.File(), "", err))
	}
	c.State = worse(c.State, state)
}

// worse joins the states of two files of one artifact. One file that cannot be
// read beside others that can is damage of the whole.
func worse(a, b State) State {
	order := []State{Absent, Empty, Read, Unreadable, Damaged}
	if (a == Unreadable && b == Read) || (a == Read && b == Unreadable) {
		return Damaged
	}
	return order[max(slices.Index(order, a), slices.Index(order, b))]
}

func note(file, where string, why error) string {
	parts := slices.DeleteFunc([]string{file, where}, func(s string) bool { return s == "" })
	return strings.Join(append(parts, why.Error()), ": ")
}

// coverage is what was looked at, the acquisition itself first when something
// is wrong with it, then the artifacts by name.
func (e *examination) coverage() []Coverage {
	for _, p := range e.acquisition.Problems() {
		e.hurt(whole, p.Path)("", p.Why)
	}
	var all []Coverage
	for name, c := range e.covered {
		c.Note = written(e.notes[name])
		all = append(all, *c)
	}
	slices.SortFunc(all, func(a, b Coverage) int {
		if (a.Artifact == whole) != (b.Artifact == whole) {
			if a.Artifact == whole {
				return -1
			}
			return 1
		}
		return strings.Compare(a.Artifact, b.Artifact)
	})
	return all
}

func written(notes []string) string {
	slices.Sort(notes)
	notes = slices.Compact(notes)
	if more := len(notes) - maxNotes; more > 0 {
		notes = append(notes[:maxNotes:maxNotes], fmt.Sprintf("and %d more", more))
	}
	return strings.Join(notes, "; ")
}
