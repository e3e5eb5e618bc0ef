package ios

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.ps",
		Title:  "Processes that were running (ps)",
		Kinds:  inSysdiagnose,
		Paths:  []string{"/ps.txt", "/*/ps.txt"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://keith.github.io/xcode-man-pages/ps.1.html"},
		Fields: processFields,
		Parse:  func(s *artifact.Source, to *artifact.Sink) error { return processTable(s, to, false) },
	})
}

var errNoHeader = errors.New("no header that names its columns")

// processTable reads the output of ps: a header, then a line for each process.
// With threads, lines of further threads of a process have no account, and
// only their number is kept.
func processTable(s *artifact.Source, to *artifact.Sink, threads bool) error {
	var columns []string
	var last *psLine
	for l, err := range s.Lines() {
		if err != nil {
			last.emit(s, to)
			return err
		}
		text := string(l.Text)
		fields := strings.Fields(text)
		switch {
		case len(fields) == 0:
		case columns == nil:
			if columns = psColumns(fields); columns == nil {
				continue // a warning of ps before its table
			}
		case threads && last != nil && (text[0] == ' ' || text[0] == '\t'):
			last.threads++
		default:
			last.emit(s, to)
			if last = parsePs(columns, text, l); last == nil {
				to.Damage("line "+strconv.FormatInt(l.N, 10), errOddLine)
			}
		}
	}
	if columns == nil {
		return errNoHeader
	}
	last.emit(s, to)
	return nil
}

func psColumns(fields []string) []string {
	pid, command := false, false
	for _, f := range fields {
		pid = pid || f == "PID"
		command = command || f == "COMMAND" || f == "CMD" || f == "ARGS"
	}
	if !pid || !command {
		return nil
	}
	return fields
}

// psLine is one process.
type psLine struct {
	line    artifact.Line
	values  map[string]string
	command string
	threads int
}

// parsePs splits a line into its columns; what the last one holds may have
// spaces. nil when there are too few.
func parsePs(columns []string, text string, l artifact.Line) *psLine {
	p := &psLine{line: l, values: map[string]string{}, threads: 1}
	p.line.Text = nil
	for _, c := range columns[:len(columns)-1] {
		text = strings.TrimLeft(text, " \t")
		cut := strings.IndexAny(text, " \t")
		if cut < 0 {
			return nil
		}
		p.values[c] = text[:cut]
		text = text[cut:]
	}
	p.command = strings.TrimSpace(text)
	if p.command == "" || whole(p.values["PID"]) == 0 && p.values["PID"] != "0" {
		return nil
	}
	return p
}

func (p *psLine) emit(s *artifact.Source, to *artifact.Sink) {
	if p == nil {
		return
	}
	program, arguments := splitCommand(p.command)
	r := to.Record(artifact.Ran, taken(s))
	r.Where.Row, r.Where.Offset = p.line.N, p.line.Offset
	r.Set("process", lastOf(program))
	if strings.HasPrefix(program, "/") {
		r.Set("path", program)
	}
	r.Set("pid", whole(p.values["PID"]))
	if v, ok := p.values["PPID"]; ok {
		r.Set("ppid", whole(v))
	}
	r.Set("user", p.values["USER"])
	if v, ok := p.values["UID"]; ok {
		r.Set("uid", whole(v))
	}
	r.Set("started", p.values["STARTED"])
	r.Set("arguments", arguments)
	if p.threads > 1 {
		r.Set("threads", p.threads)
	}
	observeProgram(r, program)
	to.Emit()
}

// splitCommand splits a program from its arguments. Programs of apps may have
// spaces in their path: one goes on behind a space when its bundle does, and
// no option or other path has begun.
func splitCommand(command string) (program, arguments string) {
	command = strings.TrimSuffix(strings.TrimPrefix(command, "("), ")")
	head := command
	for _, begins := range []string{" /", " -"} {
		if i := strings.Index(head, begins); i >= 0 {
			head = head[:i]
		}
	}
	from := 0
	for _, bundle := range []string{".app/", ".appex/", ".xpc/", ".framework/"} {
		if i := strings.LastIndex(head, bundle); i >= 0 && strings.HasPrefix(head, "/") {
			from = max(from, i+len(bundle))
		}
	}
	cut := strings.IndexByte(command[from:], ' ')
	if cut < 0 {
		return command, ""
	}
	return command[:from+cut], strings.TrimSpace(command[from+cut:])
}
