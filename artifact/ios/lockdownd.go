package ios

import (
	"bytes"
	"regexp"

	"github.com/ringfence/ringfence/artifact"
)

func init() {
	artifact.Register(artifact.Artifact{
		Name:   "ios.lockdownd",
		Title:  "Log of connections to computers, and of pairing",
		Kinds:  inLogs,
		Paths:  []string{"**/logs/MobileLockdown/lockdownd.log*", "/private/var/*/Library/Logs/lockdownd.log*", "/private/var/logs/lockdownd.log*"},
		Refs:   []string{"https://github.com/EC-DIGIT-CSIRC/sysdiagnose", "https://plaso.readthedocs.io/en/latest/sources/user/Parsers-and-plugins.html"},
		Fields: append([][2]string{{"function", "part of the service that wrote it"}}, entryFields...),
		Parse:  lockdownLog,
	})
}

// lockdownHead is how lockdownd begins an entry: "01/02/26 03:04:05.123456
// pid=86 mglog: ...". The time is the phone's own.
var lockdownHead = regexp.MustCompile(`^(\d\d/\d\d/\d\d \d\d:\d\d:\d\d\.\d{1,6}) pid=(\d+) ([^:]*): ?`)

func lockdownLog(s *artifact.Source, to *artifact.Sink) error {
	var e *logEntry
	var function string
	lines := 0
	give := func() {
		if e == nil {
			return
		}
		r := to.Record(artifact.Configured, e.at)
		r.Local = e.local
		r.Where.Row, r.Where.Offset = e.line.N, e.line.Offset
		message := string(bytes.TrimSpace(e.message))
		r.Set("function", function)
		if e.pid != 0 {
			r.Set("pid", e.pid)
		}
		r.Set("message", message)
		observeWords(r, message)
		to.Emit()
	}
	for l, err := range s.Lines() {
		if err != nil {
			give()
			return err
		}
		m := lockdownHead.FindSubmatchIndex(l.Text)
		if m == nil {
			if lines++; e != nil && len(e.message)+len(l.Text) < maxEntry {
				e.message = append(append(e.message, '\n'), l.Text...)
			} else if e == nil && len(l.Text) > 0 {
				e = &logEntry{line: l, message: bytes.Clone(l.Text)} // its beginning is in an older file
			}
			continue
		}
		give()
		e = &logEntry{line: l, pid: whole(string(l.Text[m[4]:m[5]])), message: bytes.Clone(l.Text[m[1]:])}
		e.at, e.local = clock(s, "01/02/06 15:04:05.999999", string(l.Text[m[2]:m[3]]))
		function = string(l.Text[m[6]:m[7]])
	}
	give()
	return e.known(lines)
}
