package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/ringfence/ringfence/artifact"
	"github.com/ringfence/ringfence/check"
)

// maxTold is how many findings of one weight the terminal shows.
const maxTold = 40

// screen writes lines that fit.
type screen struct {
	w     io.Writer
	width int
	color bool
	err   error
}

// Terminal writes the verdict first, then the findings by severity and what
// was looked at.
//
// Errors: those of writing.
func Terminal(w io.Writer, r *check.Result, o Options) error {
	s := &screen{w: w, width: 80, color: o.Color}
	if o.Width > 0 {
		s.width = min(max(o.Width, 40), 100)
	}
	says := english.Verdict[r.Verdict]
	s.line(s.bold(strings.ToUpper(says.Says), colors[r.Verdict]))
	s.fold("", says.Means)
	var serious []check.Finding
	for _, f := range r.Findings {
		if f.Severity > artifact.Low {
			serious = append(serious, f)
		}
	}
	groups := grouped(serious)
	for i := range groups[:min(len(groups), maxTold)] {
		s.finding(&groups[i])
	}
	if more := len(groups) - maxTold; more > 0 {
		s.line(fmt.Sprintf("\nand %d more; all of them: --json, or --out DIR", more))
	}
	if slight := len(r.Findings) - len(serious); slight > 0 {
		s.line(fmt.Sprintf("\n%d findings of little weight (info, low): --json, or --out DIR", slight))
	}
	s.covered(r)
	for _, name := range steps(r.Verdict) {
		s.line("")
		s.fold("", english.W[name])
	}
	return s.err
}

var colors = map[check.Verdict]string{check.Traces: "31", check.Attempted: "33", check.Suspicious: "33", check.Inconclusive: "33", check.Nothing: "32"}

func (s *screen) finding(f *alike) {
	s.line("")
	s.fold("", s.bold(strings.ToUpper(f.Severity.String()), severityColor(f.Severity))+": "+titled(f.Finding))
	when := "time not known"
	if f.Time != nil {
		when = utc(f.Time)
	}
	if f.Local {
		when = strings.TrimSuffix(when, " UTC") + " by the phone's clock"
	}
	s.fold("  when   ", when)
	s.fold("  where  ", f.Artifact+": "+place(f.Where, f.Recovered))
	switch {
	case f.Indicator != nil:
		s.fold("  sign   ", strings.TrimSuffix(fmt.Sprintf("%s %s, %s, %s", f.Indicator.Type, signed(f.Indicator), f.Indicator.Source, f.Indicator.Malware), ", "))
	default:
		s.fold("  rule   ", f.Heuristic)
	}
	s.fold("  means  ", shown(f.Explanation))
	s.fold("  do     ", shown(f.Next))
	if n := len(f.Others) + f.Repeats; n > 0 {
		var rows []string
		for _, o := range f.Others {
			rows = append(rows, fmt.Sprint(o.Where.Row))
		}
		s.fold("  also   ", fmt.Sprintf("%d more records say the same: rows %s ...", n, strings.Join(rows[:min(len(rows), 10)], ", ")))
	}
}

// place says where a record was read.
func place(w artifact.Where, recovered string) string {
	s := shown(w.File)
	if w.Device != "" {
		s = shown(w.Device) + " (" + s + ")"
	}
	if w.Table != "" {
		s += ", " + shown(w.Table)
	}
	if w.Row != 0 {
		s += fmt.Sprintf(", row %d", w.Row)
	}
	if w.Offset != 0 {
		s += fmt.Sprintf(", byte %d", w.Offset)
	}
	if recovered != "" {
		s += ", deleted, still in: " + recovered
	}
	return s
}

// covered says in what was looked.
func (s *screen) covered(r *check.Result) {
	s.line("")
	s.line(s.bold("WHAT WAS LOOKED AT", ""))
	for i, a := range r.Acquisitions {
		n := map[check.State]int{}
		var trouble []check.Coverage
		for _, c := range r.Coverage {
			if c.Acquisition != i {
				continue
			}
			n[c.State]++
			if c.State == check.Damaged || c.State == check.Unreadable {
				trouble = append(trouble, c)
			}
		}
		s.fold("  ", fmt.Sprintf("%s: %s %s %s", text(a.Path), english.Kind[a.Kind], text(a.Device.Model), text(a.Device.System)))
		s.fold("    ", fmt.Sprintf("%d parts read, %d empty, %d partly damaged, %d could not be read, %d not in this copy",
			n[check.Read], n[check.Empty], n[check.Damaged], n[check.Unreadable], n[check.Absent]))
		if missing := missing(r, i); missing > 0 {
			s.fold("    ", fmt.Sprintf("%d files are listed and not in this copy: it is incomplete", missing))
		}
		for _, c := range trouble {
			s.fold("    ", c.Artifact+" "+english.State[c.State]+": "+shown(c.Note))
		}
	}
	indicators := 0
	for _, c := range r.Indicators {
		indicators += c.Count
	}
	s.fold("  ", fmt.Sprintf("%d records, compared with %d indicators of %d lists, in %.1f s", r.Records, indicators, len(r.Indicators), r.Seconds))
	if r.Unresolved.Count > 0 {
		s.fold("  ", fmt.Sprintf("%d short links were not followed; where they lead is not known", r.Unresolved.Count))
	}
}

func missing(r *check.Result, acquisition int) (n int) {
	for _, c := range r.Coverage {
		if c.Acquisition == acquisition {
			n += c.Missing
		}
	}
	return n
}

func severityColor(s artifact.Severity) string {
	if s >= artifact.High {
		return "31"
	}
	return "33"
}

func (s *screen) bold(text, color string) string {
	if !s.color {
		return text
	}
	if color != "" {
		color = ";" + color
	}
	return "\x1b[1" + color + "m" + text + "\x1b[0m"
}

func (s *screen) line(text string) {
	if s.err == nil {
		_, s.err = fmt.Fprintln(s.w, text)
	}
}

// fold writes a text behind a label, in lines that fit.
func (s *screen) fold(label, text string) {
	room := s.width - len(label)
	line, used := label, 0
	for i, word := range strings.Fields(text) {
		n := len([]rune(word))
		if i > 0 && used+1+n > room {
			s.line(line)
			line, used = strings.Repeat(" ", len(label)), 0
		} else if used > 0 {
			line += " "
			used++
		}
		line += word
		used += n
	}
	s.line(line)
}
