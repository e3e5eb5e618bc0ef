package ios

import (
	"bytes"
	"errors"
	"strings"
	"time"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:  "ios.spindump",
		Title: "Processes that were running (spindump)",
		Kinds: inSysdiagnose,
		Paths: []string{"/spindump-nosymbols.txt", "/spindump.txt", "/tailspin-info.txt", "/*/spindump-nosymbols.txt", "/*/spindump.txt"},
		Refs:  []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://keith.github.io/xcode-man-pages/spindump.8.html"},
		Fields: append([][2]string{
			{"uuid", "of the program's build"}, {"signed_as", "identifier that it was signed with"}, {"responsible", "program on whose behalf it ran"}, {"age", "how long it had been running, as written"},
		}, processFields...),
		Parse: spindump,
	})
}

var errNoTasks = errors.New("no process in it")

// spindump reads a report's head, with its time, and for each process the lines
// "Key: value" before its threads.
func spindump(s *artifact.Source, to *artifact.Sink) error {
	at := taken(s)
	var process map[string]string
	var begun artifact.Line
	n := 0
	give := func() {
		if process != nil {
			n++
			spindumpProcess(process, begun, at, to)
		}
		process = nil
	}
	for l, err := range s.Lines() {
		if err != nil {
			give()
			return err
		}
		if bytes.HasPrefix(l.Text, []byte("  ")) || bytes.IndexByte(l.Text, ':') < 0 {
			continue // stacks
		}
		key, value, _ := strings.Cut(string(l.Text), ":")
		value = strings.TrimSpace(value)
		switch {
		case key == "Process":
			give()
			process, begun = map[string]string{key: value}, l
		case process == nil && key == "Date/Time":
			if t := reportTime(value); !t.IsZero() {
				at = t
			}
		case process != nil && len(process) < 50 && process[key] == "":
			process[key] = value
		}
	}
	give()
	if n == 0 && lastOf(s.Path) != "tailspin-info.txt" { // which has them in some versions of iOS only
		return errNoTasks
	}
	return nil
}

func spindumpProcess(p map[string]string, l artifact.Line, at time.Time, to *artifact.Sink) {
	r := to.Record(artifact.Ran, at)
	r.Where.Row, r.Where.Offset = l.N, l.Offset
	name := p["Process"]
	m := namePID.FindStringSubmatch(name)
	if m != nil {
		name = m[1]
	}
	r.Set("process", name)
	r.Set("path", p["Path"])
	if m != nil {
		r.Set("pid", whole(m[2]))
	}
	if m := namePID.FindStringSubmatch(p["Parent"]); m != nil {
		r.Set("parent", m[1])
		r.Set("ppid", whole(m[2]))
	}
	if m := namePID.FindStringSubmatch(p["Responsible"]); m != nil {
		r.Set("responsible", m[1])
	}
	if uid := p["UID"]; uid != "" {
		r.Set("uid", whole(uid))
	}
	r.Set("uuid", p["UUID"])
	r.Set("signed_as", p["Codesigning ID"])
	r.Set("age", p["Time Since Fork"])
	observeProgram(r, name)
	if path := p["Path"]; strings.HasPrefix(path, "/") {
		observeProgram(r, path)
	}
	to.Emit()
}
