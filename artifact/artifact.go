// Package artifact says what can be read in an acquisition: the registry of
// artifacts, the sources they read and the records they give. The artifacts
// themselves stand in artifact/ios and artifact/android, one file each.
package artifact

import (
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/ringfence/ringfence/acquisition"
)

// Artifact is one source of records inside an acquisition, and its parser.
type Artifact struct {
	Name  string             // dotted, "ios.sms"; stored in case files and never reused
	Title string             // what it is, in one line: "Messages (SMS, iMessage)"
	Kinds []acquisition.Kind // the acquisitions that can hold it
	// Paths are device paths (acquisition.File.Path) of the files it reads, with
	// path.Match patterns in each component; a leading "**/" means any folders.
	Paths []string
	// Refs are published descriptions of the format or of its use; at least one.
	Refs []string
	// Since and Until are the system versions that have it, "iOS 14"; empty: all.
	Since, Until string
	// Fields names the fields of its records, with what each is: {"text", "the message"}.
	Fields [][2]string
	// Parse reads one file and gives its records. Records given before an error
	// count. It never panics on purpose, and is isolated all the same.
	//
	// Errors: what made it stop. What it had to leave out but could go on after
	// is told to Sink.Damage.
	Parse func(*Source, *Sink) error
	// Listing says that it reads the list of files itself and not their
	// content: File is called for each file instead of Parse.
	File func(acquisition.File, *Sink)
}

var (
	registered []Artifact
	nameForm   = regexp.MustCompile(`^(ios|android)\.[a-z0-9_]+$`)
)

// Register adds an artifact; it panics on a name that is wrong or repeated, on
// missing references and on a pattern that is malformed.
func Register(a Artifact) {
	switch {
	case !nameForm.MatchString(a.Name):
		panic(fmt.Sprintf("artifact %q: names are ios.name or android.name", a.Name))
	case a.Title == "" || len(a.Refs) == 0 || len(a.Kinds) == 0 || len(a.Fields) == 0:
		panic("artifact " + a.Name + ": title, kinds, fields and references are needed")
	case (a.Parse == nil) == (a.File == nil) || (a.Parse != nil && len(a.Paths) == 0):
		panic("artifact " + a.Name + ": either paths and Parse, or File")
	}
	for _, p := range a.Paths {
		if !wellFormed(p) {
			panic("artifact " + a.Name + ": pattern " + p + " is malformed")
		}
	}
	i, found := slices.BinarySearchFunc(registered, a.Name, func(o Artifact, name string) int { return strings.Compare(o.Name, name) })
	if found {
		panic("artifact " + a.Name + ": registered twice")
	}
	registered = slices.Insert(registered, i, a)
}

// wellFormed tells whether each component is a pattern by itself.
func wellFormed(pattern string) bool {
	for part := range strings.SplitSeq(pattern, "/") {
		if _, err := path.Match(part, ""); err != nil {
			return false
		}
	}
	return true
}

// All lists every artifact by name.
func All() []Artifact { return slices.Clone(registered) }

// Of lists the artifacts that an acquisition of this kind can hold, by name.
func Of(kind acquisition.Kind) []Artifact {
	var as []Artifact
	for _, a := range registered {
		if slices.Contains(a.Kinds, kind) {
			as = append(as, a)
		}
	}
	return as
}
